//! Scores from router weights and hidden states: `X·Wᵀ`.

use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use crate::array::RawArray;
use crate::error::{Argument, Mend};
use crate::tensors::{self, Tensors};
use crate::{Error, File, Rows, Transform, npy};

/// What a published checkpoint calls its routers, after `layers.N.`:
/// OLMoE, Qwen-MoE, DeepSeek-V2/V3 on the Hugging Face hub; Mixtral; DeepSeek's inference code;
/// Granite-MoE. Prefixes differ (`model.`, `model.language_model.`, none) and are not looked at.
const GATES: [&str; 4] =
    ["mlp.gate", "block_sparse_moe.gate", "ffn.gate", "block_sparse_moe.router.layer"];

/// Tokens multiplied at a time: fixed, so that no sum depends on the number of threads.
const BLOCK: usize = 512;

/// Router weights and the hidden states that enter the router.
///
/// ```
/// use spinroute_checkpoint::{File, Router, Rows, Transform, npy, read_router};
///
/// // Two experts and three tokens in a hidden space of one dimension.
/// let weights = File::from_bytes("router.npy", npy::encode_f32(&[2, 1], &[1.0, -1.0]));
/// let hidden = File::from_bytes("hidden.npy", npy::encode_f32(&[3, 1], &[0.5, 0.0, -0.25]));
/// let router = Router { weights: &weights, hidden: &hidden, layer: None };
/// let scores = read_router(router, Transform::None, Rows::ALL)?;
/// assert_eq!(scores, ndarray::array![[0.5, -0.5], [0.0, 0.0], [-0.25, 0.25]]);
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Router<'a> {
    /// `W`, `experts × hidden`: a 2-D `.npy`, or `….layers.N.<gate>.weight` of a `.safetensors`.
    pub weights: &'a File,
    /// `X`, `tokens × hidden`: a 2-D `.npy`, or `….layers.N.<gate>.input` of a `.safetensors`.
    pub hidden: &'a File,
    /// Which layer; may be left out if the files hold only one.
    pub layer: Option<usize>,
}

/// Computes `tokens × experts` scores, `transform(X·Wᵀ)` in `f32`.
///
/// A bias that only steers the selection (`e_score_correction_bias`) is no part of the score and
/// not read.
///
/// # Errors
/// If a file is malformed, has no router of that layer, the widths differ, or a value or a product
/// is not finite.
pub fn read_router(
    router: Router<'_>,
    transform: Transform,
    rows: Rows,
) -> Result<Array2<f32>, Error> {
    let weights = gate(router.weights, router.layer, "weight")?;
    let hidden = gate(router.hidden, router.layer, "input")?;
    let (experts, width) = weights.want_table("experts", "hidden size")?;
    let (tokens, hidden_width) = hidden.want_table("tokens", "hidden size")?;
    if width != hidden_width {
        let want =
            format!("the router is {experts} × {width}; take the hidden states that enter it");
        return Err(hidden.wrong_shape(want));
    }
    let rows = rows.within(tokens, &hidden.place)?;
    let transposed = finite(&weights, 0..experts)?.reversed_axes();
    let mut scores = Array2::zeros((rows.len(), experts));
    let blocks: Vec<(usize, ArrayViewMut2<'_, f32>)> =
        scores.axis_chunks_iter_mut(Axis(0), BLOCK).enumerate().collect();
    let results: Vec<Result<(), Error>> = blocks
        .into_par_iter()
        .map(|(block, mut out)| {
            let first = rows.start + block * BLOCK;
            let states = finite(&hidden, first..first + out.nrows())?;
            out.assign(&states.dot(&transposed));
            match out.indexed_iter().find(|(_, score)| !score.is_finite()) {
                None => Ok(()),
                Some(((t, expert), score)) => Err(Error::Value {
                    place: format!("{}, token {}", hidden.place, first + t),
                    value: format!("its product with expert {expert} of the router is {score}"),
                    mend: "X·Wᵀ must be finite in f32".into(),
                }),
            }
        })
        .collect();
    results.into_iter().collect::<Result<(), Error>>()?;
    transform.apply(&mut scores);
    Ok(scores)
}

/// The layers whose router weights and hidden states two files hold, ascending, and those of which there are only
/// the weights.
///
/// # Errors
/// If a file is malformed or holds nothing with a layer's number (as no `.npy` does), or they have no layer in common.
///
/// ```
/// use spinroute_checkpoint::{File, npy, router_layers};
///
/// let one = File::from_bytes("router.npy", npy::encode_f32(&[2, 1], &[1.0, -1.0]));
/// assert!(router_layers(&one, &one).is_err()); // which layer it is nobody knows
/// ```
pub fn router_layers(weights: &File, hidden: &File) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let (all, states) = (layers(weights, "weight")?, layers(hidden, "input")?);
    let (both, alone): (Vec<usize>, Vec<usize>) =
        all.into_iter().partition(|layer| states.contains(layer));
    if both.is_empty() {
        return Err(Error::Tensor {
            path: hidden.path().to_owned(),
            problem: format!("hidden states of layers {states:?}, weights of {alone:?}"),
            mend: "take files of the same layers".into(),
        });
    }
    Ok((both, alone))
}

/// The layers of which a file holds a router's tensor that ends in `.weight` or `.input`, ascending.
fn layers(file: &File, end: &str) -> Result<Vec<usize>, Error> {
    let refuse = |problem: String, mend: String| {
        Err(Error::Tensor { path: file.path().to_owned(), problem, mend: mend.into() })
    };
    if file.bytes().starts_with(npy::MAGIC) {
        let mend = "take a .safetensors file whose tensors are named by layer";
        return refuse("one table, not those of all layers".into(), mend.into());
    }
    let tensors = Tensors::parse(file)?;
    let names = tensors.names();
    let mut layers: Vec<usize> = names.iter().filter_map(|name| layer_of(name, end)).collect();
    layers.sort_unstable();
    layers.dedup();
    if layers.is_empty() {
        let problem = format!("no router, that is no tensor layers.N.<gate>.{end}");
        return refuse(problem, format!("it holds {}", tensors::list(&names)));
    }
    Ok(layers)
}

/// Rows whose values are all finite: -∞ has no meaning in a product.
fn finite(array: &RawArray<'_>, rows: std::ops::Range<usize>) -> Result<Array2<f32>, Error> {
    let first = rows.start;
    let values = array.rows(rows)?;
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((r, c), _)) => Err(array.bad_value(&[first + r, c], "row", "column")),
        None => Ok(values),
    }
}

/// The tensor of a layer's router that ends in `.weight` or `.input`.
fn gate<'a>(file: &'a File, layer: Option<usize>, end: &str) -> Result<RawArray<'a>, Error> {
    if file.bytes().starts_with(npy::MAGIC) {
        return npy::parse(file.path(), file.bytes());
    }
    let tensors = Tensors::parse(file)?;
    let names = tensors.names();
    let gates: Vec<(usize, &str)> =
        names.iter().filter_map(|name| Some((layer_of(name, end)?, *name))).collect();
    let fitting: Vec<&str> = gates
        .iter()
        .filter(|(found, _)| layer.is_none_or(|layer| layer == *found))
        .map(|(_, name)| *name)
        .collect();
    if let [name] = *fitting {
        return tensors.get(name, Some(Argument::Layer));
    }
    let what = layer.map_or(String::new(), |layer| format!(" of layer {layer}"));
    let (problem, mend) = if fitting.is_empty() {
        let gates: Vec<&str> = gates.iter().map(|(_, name)| *name).collect();
        let problem = format!("no router{what}, that is no tensor layers.N.<gate>.{end}");
        let gates = if gates.is_empty() { names } else { gates };
        (problem, format!("it holds {}", tensors::list(&gates)).into())
    } else {
        let problem = format!("{} routers{what}", fitting.len());
        let among = format!(" among {}", tensors::list(&fitting));
        (problem, Mend::with("choose with ", Argument::Layer, among))
    };
    Err(Error::Tensor { path: tensors.path().to_owned(), problem, mend })
}

/// The layer N of a name `[….]layers.N.<gate>.<end>`.
fn layer_of(name: &str, end: &str) -> Option<usize> {
    let stem = name.strip_suffix(end)?.strip_suffix('.')?;
    GATES.iter().find_map(|gate| {
        let prefix = stem.strip_suffix(gate)?.strip_suffix('.')?;
        let (path, layer) = prefix.rsplit_once('.')?;
        let at_boundary = path == "layers" || path.ends_with(".layers");
        let digits = layer.bytes().all(|b| b.is_ascii_digit());
        (at_boundary && digits).then(|| layer.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::layer_of;

    #[test]
    fn every_layer_of_a_published_index_has_one_router() {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
        let data = std::env::var("SPINROUTE_DATA").unwrap_or_else(|_| beside.into());
        let index = "checkpoint-fixtures/mixtral-8x22b-wizardlm2__model.safetensors.index.json";
        let Ok(text) = std::fs::read(format!("{data}/{index}")) else {
            return eprintln!("skipped: {data}/{index} is missing; set SPINROUTE_DATA");
        };
        let index: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let names = index["weight_map"].as_object().unwrap().keys();
        let mut layers: Vec<usize> = names.filter_map(|name| layer_of(name, "weight")).collect();
        layers.sort_unstable();
        assert_eq!(layers, (0..56).collect::<Vec<_>>());
    }

    #[test]
    fn names_of_published_checkpoints() {
        for (name, layer) in [
            ("model.layers.0.mlp.gate.weight", 0),
            ("model.layers.55.block_sparse_moe.gate.weight", 55),
            ("model.language_model.layers.39.mlp.gate.weight", 39),
            ("layers.3.ffn.gate.weight", 3),
            ("model.layers.23.block_sparse_moe.router.layer.weight", 23),
        ] {
            assert_eq!(layer_of(name, "weight"), Some(layer), "{name}");
        }
        for name in [
            "model.layers.0.mlp.experts.0.gate_proj.weight",
            "model.layers.0.mlp.gate_proj.weight",
            "model.layers.0.mlp.shared_expert_gate.weight",
            "model.layers.0.mlp.gate.e_score_correction_bias",
            "model.layers.0.mlp.gate.input",
            "players.0.mlp.gate.weight",
            "model.layers.x.mlp.gate.weight",
            "model.layers..mlp.gate.weight",
            "layers.99999999999999999999999.ffn.gate.weight",
            "mlp.gate.weight",
        ] {
            assert_eq!(layer_of(name, "weight"), None, "{name}");
        }
    }
}
