//! `solve --all-layers`.

use std::fs;

use safetensors::tensor::{Dtype, TensorView, serialize};

use super::shared::{Files, run, succeed};

/// A file with tensors of these names, rows and columns, filled with some numbers.
fn tensors(files: &Files, name: &str, tensors: &[(&str, usize, usize)]) -> String {
    let bytes = |rows: usize, columns: usize, salt: usize| {
        let value = move |i: usize| ((i * 37 + salt * 11) % 101) as f32 / 50.0 - 1.0;
        (0..rows * columns).flat_map(|i| value(i).to_le_bytes()).collect::<Vec<u8>>()
    };
    let data: Vec<Vec<u8>> =
        tensors.iter().enumerate().map(|(i, &(_, r, c))| bytes(r, c, i)).collect();
    let views = tensors.iter().zip(&data).map(|(&(name, rows, columns), data)| {
        (name, TensorView::new(Dtype::F32, vec![rows, columns], data).unwrap())
    });
    files.write(name, &serialize(views, None).unwrap())
}

#[test]
fn all_layers_are_solved_as_each_alone() {
    let files = Files::new();
    let weights = [
        ("model.layers.0.mlp.gate.weight", 8, 5),
        ("model.layers.2.mlp.gate.weight", 8, 5),
        ("model.layers.7.mlp.gate.weight", 8, 5),
    ];
    let states =
        [("model.layers.0.mlp.gate.input", 40, 5), ("model.layers.7.mlp.gate.input", 40, 5)];
    let router = tensors(&files, "router.safetensors", &weights);
    let hidden = tensors(&files, "hidden.safetensors", &states);
    let out = files.at("out");
    let problem = ["--router", &router, "--hidden", &hidden, "-k", "2", "--groups", "4"];
    let limits = ["--minimum", "3", "--group-capacity", "25", "--capacity", "20"];
    let base = [&["solve"], &problem[..], &limits].concat();
    let all = [&base[..], &["--all-layers", "--json", "--out", &out]].concat();
    let summary = succeed(&all).json();
    assert_eq!(summary["without_hidden_states"], serde_json::json!([2]));
    let layers = summary["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    for (layer, number) in layers.iter().zip(["0", "7"]) {
        let alone = files.at(&format!("alone{number}"));
        let single = [&base[..], &["--layer", number, "--json", "--out", &alone]].concat();
        let single = succeed(&single).json();
        assert_eq!(layer["layer"].to_string(), number);
        assert_eq!(layer["objective"], single["objective"]);
        for file in ["assignment.npy", "prices.npy", "group_prices.npy"] {
            let ours = fs::read(format!("{out}/layer{number}_{file}")).unwrap();
            assert_eq!(ours, fs::read(format!("{alone}/{file}")).unwrap(), "{number} {file}");
        }
    }
    let (assignment, prices) =
        (format!("{out}/layer7_assignment.npy"), format!("{out}/layer7_prices.npy"));
    let written = ["--layer", "7", "--assignment", &assignment, "--prices", &prices, "--json"];
    let verdict = succeed(&[&["verify"], &problem[..], &limits, &written].concat()).json();
    assert_eq!(verdict["bound"], layers[1]["bound"]);
    let table = succeed(&[&base[..], &["--all-layers"]].concat()).stdout;
    assert!(table.contains("layers 2: no hidden states") && table.contains("| 7 |"), "{table}");
}

#[test]
fn what_is_wrong_with_a_layer_names_it() {
    let files = Files::new();
    let weights = [("layers.0.mlp.gate.weight", 8, 5), ("layers.1.mlp.gate.weight", 6, 5)];
    let states = [("layers.0.mlp.gate.input", 10, 5), ("layers.1.mlp.gate.input", 10, 5)];
    let router = tensors(&files, "router.safetensors", &weights);
    let hidden = tensors(&files, "hidden.safetensors", &states);
    let base = ["solve", "--router", &router, "--hidden", &hidden, "--all-layers"];
    let ran = run(&[&base[..], &["-k", "7"]].concat());
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("layer 1: k = 7 must be between 1 and the 6 experts"), "{ran}");
    let other = tensors(&files, "other.safetensors", &[("layers.5.mlp.gate.input", 10, 5)]);
    let ran = run(&["solve", "--router", &router, "--hidden", &other, "--all-layers", "-k", "1"]);
    assert_eq!(ran.code, 3, "{ran}");
    assert!(ran.stderr.contains("take files of the same layers"), "{ran}");
}
