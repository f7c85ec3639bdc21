//! Scores of trained routers and counts of published models.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ndarray::{Array2, Axis};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A path in the repository, or else below `$SPINROUTE_DATA` (or `../shared/data`); says on stderr what
/// is nowhere.
pub(crate) fn find(path: &str) -> Option<PathBuf> {
    let shared =
        std::env::var("SPINROUTE_DATA").map_or(root().join("../shared/data"), PathBuf::from);
    let found = [root(), shared].into_iter().map(|base| base.join(path)).find(|p| p.exists());
    if found.is_none() {
        eprintln!("left out: {path} is neither in the repository nor below $SPINROUTE_DATA");
    }
    found
}

/// A router's scores for all tokens of layer 3, `softmax(X Wᵀ)`, and its weights `W`.
pub(crate) fn router(folder: &Path) -> Result<(Array2<f32>, Array2<f32>)> {
    let bytes = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| format!("reading {}", path.display()))
    };
    let weights = bytes("router.safetensors")?;
    let weights =
        single(&SafeTensors::deserialize(&weights)?.tensor("model.layers.3.mlp.gate.weight")?)?;
    let hidden = bytes("hidden.safetensors")?;
    let hidden =
        single(&SafeTensors::deserialize(&hidden)?.tensor("model.layers.3.mlp.gate.input")?)?;
    let mut scores = hidden.dot(&weights.t());
    for mut row in scores.axis_iter_mut(Axis(0)) {
        let top = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        row.mapv_inplace(|logit| (logit - top).exp());
        let sum = row.sum();
        row.mapv_inplace(|weight| weight / sum);
    }
    Ok((scores, weights))
}

/// Cosines between the rows of `weights`, made exactly symmetric.
pub(crate) fn similarity(weights: &Array2<f32>) -> Array2<f64> {
    let size = |row: usize| f64::from(weights.row(row).dot(&weights.row(row))).sqrt();
    Array2::from_shape_fn((weights.nrows(), weights.nrows()), |(e, f)| {
        let (a, b) = (e.min(f), e.max(f));
        f64::from(weights.row(a).dot(&weights.row(b))) / (size(a) * size(b))
    })
}

/// Loads of the first layers that were counted, and the joint counts between them.
pub(crate) fn counts(
    path: &Path,
    model: &str,
    layers: usize,
) -> Result<(Array2<f64>, Vec<Array2<f64>>)> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let loads = whole(&file.tensor(&format!("{model}.expert_counts.c4"))?)?;
    let joint = whole(&file.tensor(&format!("{model}.expert_counts_crosslayer.c4"))?)?;
    let experts = loads.ncols();
    let loads = loads.slice(ndarray::s![..layers, ..]).to_owned();
    let tables = joint.into_raw_vec_and_offset().0;
    let tables = tables.chunks(experts * experts).take(layers - 1);
    let tables = tables.map(|table| Array2::from_shape_vec((experts, experts), table.to_vec()));
    Ok((loads, tables.collect::<Result<_, _>>()?))
}

/// A table of `f16` or `f32`.
fn single(view: &TensorView<'_>) -> Result<Array2<f32>> {
    let half = |b: &[u8]| half::f16::from_le_bytes([b[0], b[1]]).to_f32();
    let full = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    let values = match view.dtype() {
        safetensors::Dtype::F16 => view.data().chunks_exact(2).map(half).collect(),
        _ => view.data().chunks_exact(4).map(full).collect(),
    };
    Ok(Array2::from_shape_vec((view.shape()[0], view.shape()[1]), values)?)
}

/// Counts of 32 bits, all but the last axis as rows.
fn whole(view: &TensorView<'_>) -> Result<Array2<f64>> {
    let words = view.data().chunks_exact(4);
    let values: Vec<f64> =
        words.map(|b| f64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect();
    let width = view.shape().last().copied().unwrap_or(1);
    Ok(Array2::from_shape_vec((values.len() / width, width), values)?)
}
