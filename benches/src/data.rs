//! Scores of real routers: the shared recordings, and the sample committed with the project.
//!
//! The recordings are read from `$SPINROUTE_DATA`, else from `../shared/data` beside the
//! workspace; each folder's SOURCE.md says what it is and under which licence.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ndarray::{Array2, Array3, s};
use safetensors::{Dtype, SafeTensors};
use spinroute_checkpoint::{
    File, Router, Rows, Sparse, Table, read_router, read_sparse, read_table,
};

pub use spinroute_checkpoint::Transform;

/// The trained routers and their top-k: five tiny models, trained without balancing (`noaux`),
/// with a balance loss (`aux`), with bias updates (`biasfree`).
pub const ROUTERS: [(&str, u32); 5] = [
    ("e128k2-noaux", 2),
    ("e160k6-noaux", 6),
    ("e160k6-aux", 6),
    ("e64k8-aux", 8),
    ("e256k8-biasfree", 8),
];

/// Tokens a batch, everywhere unless a benchmark says otherwise.
pub const BATCH: usize = 4096;

/// The folder of the shared recordings.
///
/// # Errors
/// If there is none, with what to set.
pub fn root() -> Result<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("SPINROUTE_DATA").map_or(beside, PathBuf::from);
    ensure!(
        root.join("trained-routers").is_dir(),
        "no recordings in {}: set SPINROUTE_DATA to the folder that holds trained-routers/",
        root.display()
    );
    Ok(root)
}

/// Logits `X·Wᵀ` of the committed sample (layer 3 of `e160k6-noaux`, 4,096 tokens).
///
/// # Errors
/// If the files cannot be read.
pub fn sample_logits() -> Result<Array2<f32>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/command/data/e160k6-noaux");
    routed(&folder, 3, Rows::ALL, Transform::None)
}

/// Scores of a trained router: layer 0 or 3, tokens within `0..8192`.
///
/// # Errors
/// If the recording is missing or has no such layer or tokens.
pub fn router_scores(
    name: &str,
    layer: usize,
    tokens: Range<usize>,
    transform: Transform,
) -> Result<Array2<f32>> {
    let folder = root()?.join("trained-routers").join(name);
    routed(&folder, layer, tokens.into(), transform)
}

/// Hidden states (router inputs) and router weights of a trained router.
///
/// # Errors
/// If the recording is missing or has no such layer.
pub fn router(name: &str, layer: usize) -> Result<(Array2<f32>, Array2<f32>)> {
    let folder = root()?.join("trained-routers").join(name);
    let hidden = matrix(
        &folder.join("hidden.safetensors"),
        &format!("model.layers.{layer}.mlp.gate.input"),
    )?;
    Ok((hidden, router_weights(&folder, layer)?))
}

/// Router weights `W` of a folder with a recording, experts × hidden size.
///
/// # Errors
/// If the file cannot be read or has no such layer.
pub fn router_weights(folder: &Path, layer: usize) -> Result<Array2<f32>> {
    let name = format!("model.layers.{layer}.mlp.gate.weight");
    matrix(&folder.join("router.safetensors"), &name)
}

/// Scores of tokens of a folder with a recording.
///
/// # Errors
/// If the files cannot be read or have no such layer or tokens.
pub fn routed(
    folder: &Path,
    layer: usize,
    rows: Rows,
    transform: Transform,
) -> Result<Array2<f32>> {
    let weights = File::open(folder.join("router.safetensors"))?;
    let hidden = File::open(folder.join("hidden.safetensors"))?;
    let router = Router { weights: &weights, hidden: &hidden, layer: Some(layer) };
    Ok(read_router(router, transform, rows)?)
}

/// Turns logits into scores, row by row.
#[must_use]
pub fn transformed(mut logits: Array2<f32>, transform: Transform) -> Array2<f32> {
    transform.apply(&mut logits);
    logits
}

/// How often each of 64 experts of OLMoE-1B-7B is chosen for a token id: counts at one of the
/// layers 0, 7, 15 (`layer` = 0, 1, 2) by token id, and how often each token id occurred.
///
/// # Errors
/// If the recording is missing.
pub fn olmoe(layer: usize) -> Result<(Array2<f32>, Vec<f32>)> {
    let path = root()?.join("olmoe-affinity/wikipedia.safetensors");
    let (shape, counts) = counts(&path, "wikipedia.counts")?;
    let (_, occurrences) = self::counts(&path, "wikipedia.occurrences")?;
    let counts = Array3::from_shape_vec((shape[0], shape[1], shape[2]), counts)?;
    let occurrences = occurrences.iter().map(|&count| count as f32).collect();
    Ok((counts.slice(s![.., layer, ..]).mapv(|count| count as f32), occurrences))
}

/// The 4 chosen of 32 experts and their weights for consecutive generated tokens of gpt-oss-20b;
/// every other pair is forbidden (`-∞`), because its score is not known.
///
/// # Errors
/// If the recording is missing or shorter.
pub fn gpt_oss(layer: usize, tokens: Range<usize>) -> Result<Array2<f32>> {
    let file = File::open(root()?.join("gpt-oss-20b-trace/mmlu.safetensors"))?;
    let candidates = Sparse {
        ids: &file,
        weights: &file,
        ids_tensor: Some("topk_ids"),
        weights_tensor: Some("topk_weights"),
        layer: Some(layer),
        experts: Some(32),
    };
    narrow(read_sparse(candidates, Transform::None, tokens.into())?)
}

fn matrix(path: &Path, name: &str) -> Result<Array2<f32>> {
    narrow(read_table(&File::open(path)?, Some(name), Transform::None, Rows::ALL)?)
}

fn narrow(table: Table) -> Result<Array2<f32>> {
    match table {
        Table::F32(table) => Ok(table),
        Table::F64(_) => bail!("a recording in f64; these are in f16 or f32"),
    }
}

/// Shape and values of a tensor of counts.
///
/// # Errors
/// If the file cannot be read, or holds no such counts.
pub fn counts(path: &Path, name: &str) -> Result<(Vec<usize>, Vec<u32>)> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let view = file.tensor(name).with_context(|| format!("{name} in {}", path.display()))?;
    let (data, dtype) = (view.data(), view.dtype());
    let values = match dtype {
        Dtype::U8 => data.iter().map(|&byte| u32::from(byte)).collect(),
        Dtype::U16 => {
            data.as_chunks::<2>().0.iter().map(|&b| u32::from(u16::from_le_bytes(b))).collect()
        }
        Dtype::U32 => data.as_chunks::<4>().0.iter().map(|&b| u32::from_le_bytes(b)).collect(),
        other => bail!("{name} in {} is {other:?}, not counts", path.display()),
    };
    Ok((view.shape().to_vec(), values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn transforms_by_hand() {
        let logits = array![[0.0, 3f32.ln()], [1000.0, 1000.0]];
        let wrong = transformed(logits, Transform::Softmax) - array![[0.25, 0.75], [0.5, 0.5]];
        assert!(wrong.iter().all(|w| w.abs() < 1e-7), "{wrong}");
        assert_eq!(transformed(array![[0.0]], Transform::Sigmoid), array![[0.5]]);
    }

    #[test]
    fn the_sample_is_the_batch_that_its_source_describes() {
        let scores = transformed(sample_logits().unwrap(), Transform::Softmax);
        let mut selection = spinroute_prices::Selection::default();
        selection.fill(scores.as_slice().unwrap(), &[0.0; 160], 6);
        let mut load = [0; 160];
        selection.experts.iter().for_each(|&e| load[e as usize] += 1);
        assert_eq!(load.iter().max(), Some(&2676));
        assert_eq!(load.iter().filter(|&&load| load == 0).count(), 36);
    }
}
