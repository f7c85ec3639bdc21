//! Scores of trained routers and counts of published models.

use std::path::{Path, PathBuf};

use anyhow::Result;
use ndarray::Array2;
use spinroute_benches::data;
use spinroute_checkpoint::{Rows, Transform};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
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
    let scores = data::routed(folder, 3, Rows::ALL, Transform::Softmax)?;
    Ok((scores, data::router_weights(folder, 3)?))
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
    let loads = rows(path, &format!("{model}.expert_counts.c4"))?;
    let joint = rows(path, &format!("{model}.expert_counts_crosslayer.c4"))?;
    let experts = loads.ncols();
    let loads = loads.slice(ndarray::s![..layers, ..]).to_owned();
    let tables = joint.into_raw_vec_and_offset().0;
    let tables = tables.chunks(experts * experts).take(layers - 1);
    let tables = tables.map(|table| Array2::from_shape_vec((experts, experts), table.to_vec()));
    Ok((loads, tables.collect::<Result<_, _>>()?))
}

/// Counts, all but the last axis as rows.
fn rows(path: &Path, name: &str) -> Result<Array2<f64>> {
    let (shape, counts) = data::counts(path, name)?;
    let width = shape.last().copied().unwrap_or(1);
    let counts: Vec<f64> = counts.into_iter().map(f64::from).collect();
    Ok(Array2::from_shape_vec((counts.len() / width, width), counts)?)
}
