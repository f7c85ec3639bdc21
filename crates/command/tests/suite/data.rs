//! Real files against what their SOURCE notes say of them. The data is not part of the repository:
//! `SPINROUTE_DATA`, or `../shared/data` beside the workspace; without it these tests say so and pass.

use std::path::{Path, PathBuf};

use spinroute::checkpoint::{
    File, Router, Rows, Sparse, Table, Transform, read_router, read_sparse,
};
use spinroute::{Demand, Instance, Load, Run, registry};

fn data(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = std::env::var_os("SPINROUTE_DATA").map_or_else(beside, PathBuf::from).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is missing; set SPINROUTE_DATA", path.display());
    None
}

fn top_k_load(scores: ndarray::Array2<f32>, k: u32) -> Load {
    let (tokens, experts) = scores.dim();
    let capacity = Instance::uniform_capacity(tokens, experts, k as usize, 1.0).unwrap();
    let instance = Instance::new(scores, capacity, Demand::AtMost(k)).unwrap();
    let topk = registry::find("topk").unwrap();
    let solver = topk.build(&topk.defaults()).unwrap();
    let solution = solver.solve(&instance, &mut Run::new(0)).unwrap();
    Load::new(&instance, &solution.assignment)
}

#[test]
fn a_trained_router_has_the_loads_of_its_source_note() {
    let Some(folder) = data("trained-routers/e160k6-noaux") else { return };
    let (weights, hidden) = (
        File::open(folder.join("router.safetensors")).unwrap(),
        File::open(folder.join("hidden.safetensors")).unwrap(),
    );
    // Means over both batches of 4,096 tokens, from SOURCE.md.
    for (layer, cv, dead) in [(0, 2.0178, 41.0), (3, 1.8556, 33.5)] {
        let router = Router { weights: &weights, hidden: &hidden, layer: Some(layer) };
        let loads = ["0..4096", "4096..8192"].map(|rows| {
            let rows: Rows = rows.parse().unwrap();
            top_k_load(read_router(router, Transform::Softmax, rows).unwrap(), 6)
        });
        let mean = |of: fn(&Load) -> f64| loads.iter().map(of).sum::<f64>() / 2.0;
        assert!((mean(|load| load.cv) - cv).abs() < 1e-3, "layer {layer}: {loads:?}");
        assert!((mean(|load| load.dead as f64) - dead).abs() <= 0.5, "layer {layer}: {loads:?}");
    }
}

#[test]
fn the_gpt_oss_trace_has_the_loads_of_its_source_note() {
    let Some(path) = data("gpt-oss-20b-trace/mmlu.safetensors") else { return };
    let file = File::open(path).unwrap();
    let rows: Rows = "4096".parse().unwrap();
    let mut cv = 0.0;
    for layer in 0..24 {
        let sparse = Sparse {
            ids: &file,
            weights: &file,
            ids_tensor: None,
            weights_tensor: None,
            layer: Some(layer),
            experts: Some(32),
        };
        let table = read_sparse(sparse, Transform::None, rows).unwrap();
        let Table::F32(scores) = table else { panic!("f16 weights are kept in f32") };
        assert_eq!(scores.dim(), (4096, 32));
        for row in scores.rows() {
            let allowed: Vec<f32> = row.iter().copied().filter(|x| x.is_finite()).collect();
            // Four candidates, whose softmax sums to 1 ± 0.004.
            assert!(allowed.len() == 4 && (allowed.iter().sum::<f32>() - 1.0).abs() < 0.0041);
        }
        cv += top_k_load(scores, 4).cv / 24.0;
    }
    // SOURCE.md gives the mean over all batches; this is the first.
    assert!((cv - 0.77).abs() < 0.05, "{cv}");
}
