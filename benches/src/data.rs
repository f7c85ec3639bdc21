//! Scores of real routers: the shared recordings, and the sample committed with the project.
//!
//! The recordings are read from `$SPINROUTE_DATA`, else from `../shared/data` beside the
//! workspace; each folder's SOURCE.md says what it is and under which licence.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ndarray::{Array2, Axis, s};
use safetensors::{Dtype, SafeTensors};

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

/// How logits become scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// Over all experts of a token.
    Softmax,
    /// Each logit for itself.
    Sigmoid,
}

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
    let hidden = hidden_states(&folder, 3)?;
    Ok(hidden.dot(&weights(&folder, 3)?.t()))
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
    let hidden = hidden_states(&folder, layer)?;
    ensure!(tokens.end <= hidden.nrows(), "{name} has {} tokens", hidden.nrows());
    let logits = hidden.slice(s![tokens, ..]).dot(&weights(&folder, layer)?.t());
    Ok(transformed(logits, transform))
}

/// Hidden states (router inputs) and router weights of a trained router.
///
/// # Errors
/// If the recording is missing or has no such layer.
pub fn router(name: &str, layer: usize) -> Result<(Array2<f32>, Array2<f32>)> {
    router_in(&root()?.join("trained-routers").join(name), layer)
}

/// The same of a router in any folder.
///
/// # Errors
/// If the recording is missing or has no such layer.
pub fn router_in(folder: &Path, layer: usize) -> Result<(Array2<f32>, Array2<f32>)> {
    Ok((hidden_states(folder, layer)?, weights(folder, layer)?))
}

/// Turns logits into scores, row by row.
#[must_use]
pub fn transformed(mut logits: Array2<f32>, transform: Transform) -> Array2<f32> {
    match transform {
        Transform::Sigmoid => logits.mapv_inplace(|z| 1.0 / (1.0 + (-z).exp())),
        Transform::Softmax => {
            for mut row in logits.axis_iter_mut(Axis(0)) {
                let largest = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
                row.mapv_inplace(|z| (z - largest).exp());
                let sum = row.sum();
                row.mapv_inplace(|z| z / sum);
            }
        }
    }
    logits
}

/// How often each of 64 experts of OLMoE-1B-7B is chosen for a token id: counts at one of the
/// layers 0, 7, 15 (`layer` = 0, 1, 2) by token id, and how often each token id occurred.
///
/// # Errors
/// If the recording is missing.
pub fn olmoe(layer: usize) -> Result<(Array2<f32>, Vec<f32>)> {
    let path = root()?.join("olmoe-affinity/wikipedia.safetensors");
    let (shape, counts) = tensor(&path, "wikipedia.counts")?;
    let (_, occurrences) = tensor(&path, "wikipedia.occurrences")?;
    let counts = ndarray::Array3::from_shape_vec((shape[0], shape[1], shape[2]), counts)?;
    Ok((counts.slice(s![.., layer, ..]).to_owned(), occurrences))
}

/// The 4 chosen of 32 experts and their weights for consecutive generated tokens of gpt-oss-20b;
/// every other pair is forbidden (`-∞`), because its score is not known.
///
/// # Errors
/// If the recording is missing or shorter.
pub fn gpt_oss(layer: usize, tokens: Range<usize>) -> Result<Array2<f32>> {
    let path = root()?.join("gpt-oss-20b-trace/mmlu.safetensors");
    let (shape, ids) = tensor(&path, "topk_ids")?;
    let (_, weights) = tensor(&path, "topk_weights")?;
    let (layers, chosen) = (shape[1], shape[2]);
    ensure!(tokens.end <= shape[0] && layer < layers, "the trace is {shape:?}");
    let mut scores = Array2::from_elem((tokens.len(), 32), f32::NEG_INFINITY);
    for (mut row, token) in scores.outer_iter_mut().zip(tokens) {
        let at = (token * layers + layer) * chosen;
        for (id, weight) in ids[at..at + chosen].iter().zip(&weights[at..at + chosen]) {
            row[*id as usize] = *weight;
        }
    }
    Ok(scores)
}

fn hidden_states(folder: &Path, layer: usize) -> Result<Array2<f32>> {
    matrix(&folder.join("hidden.safetensors"), &format!("model.layers.{layer}.mlp.gate.input"))
}

fn weights(folder: &Path, layer: usize) -> Result<Array2<f32>> {
    matrix(&folder.join("router.safetensors"), &format!("model.layers.{layer}.mlp.gate.weight"))
}

fn matrix(path: &Path, name: &str) -> Result<Array2<f32>> {
    let (shape, values) = tensor(path, name)?;
    ensure!(shape.len() == 2, "{name} in {} is {shape:?}, not a matrix", path.display());
    Ok(Array2::from_shape_vec((shape[0], shape[1]), values)?)
}

/// Shape and values of a tensor, widened to `f32` (counts here stay far below 2²⁴).
///
/// # Errors
/// If the file cannot be read, or has no such tensor of numbers.
pub fn tensor(path: &Path, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes)?;
    let view = file.tensor(name).with_context(|| format!("{name} in {}", path.display()))?;
    let (data, dtype) = (view.data(), view.dtype());
    let values = match dtype {
        Dtype::U8 => data.iter().map(|&b| f32::from(b)).collect(),
        Dtype::U16 => widen(data, |b| f32::from(u16::from_le_bytes(b))),
        Dtype::U32 => widen(data, |b| u32::from_le_bytes(b) as f32),
        Dtype::F16 => widen(data, |b| half::f16::from_le_bytes(b).to_f32()),
        Dtype::F32 => widen(data, f32::from_le_bytes),
        other => bail!("{name} in {} is {other:?}", path.display()),
    };
    Ok((view.shape().to_vec(), values))
}

fn widen<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
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
