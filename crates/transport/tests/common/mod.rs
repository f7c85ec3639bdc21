//! Score tables of the trained routers, as `benches/peers/quantile_reference.py` computes them.

use std::path::PathBuf;

use ndarray::Array2;
use safetensors::{Dtype, SafeTensors};

/// The softmax scores of layer 3 for the first 4,096 tokens, from the committed sample if it is
/// that router, else from the shared data; `None`, said on stderr, if neither is there.
pub(crate) fn router_scores(name: &str) -> Option<Array2<f32>> {
    let root = std::env::var_os("SPINROUTE_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../command/data");
    let folders = [PathBuf::from(committed), root.join("trained-routers")];
    let [sample, folder] = folders.map(|folder| folder.join(name));
    let folder = if sample.is_dir() { sample } else { folder };
    if !folder.is_dir() {
        eprintln!("SKIPPED {name}: no {}; set SPINROUTE_DATA", folder.display());
        return None;
    }
    let hidden = tensor(&folder.join("hidden.safetensors"), "model.layers.3.mlp.gate.input");
    let weight = tensor(&folder.join("router.safetensors"), "model.layers.3.mlp.gate.weight");
    let mut scores = hidden.slice(ndarray::s![..4096, ..]).dot(&weight.t());
    for mut row in scores.rows_mut() {
        let best = row.fold(f64::NEG_INFINITY, |best, &s| best.max(s));
        row.mapv_inplace(|s| (s - best).exp());
        let total = row.sum();
        row.mapv_inplace(|s| s / total);
    }
    Some(scores.mapv(|s| s as f32))
}

fn tensor(path: &std::path::Path, name: &str) -> Array2<f64> {
    let raw = std::fs::read(path).expect("readable");
    let file = SafeTensors::deserialize(&raw).expect("safetensors");
    let view = file.tensor(name).expect("present");
    let shape = (view.shape()[0], view.shape()[1]);
    let bytes = view.data();
    let value = |i: usize| match view.dtype() {
        Dtype::F32 => {
            f64::from(f32::from_le_bytes(bytes[4 * i..][..4].try_into().expect("4 bytes")))
        }
        Dtype::F16 => half::f16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]).to_f64(),
        other => panic!("{name} is {other:?}"),
    };
    Array2::from_shape_fn(shape, |(row, column)| value(row * shape.1 + column))
}
