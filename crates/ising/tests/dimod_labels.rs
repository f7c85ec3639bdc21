//! dimod's energies and labels on 120 random models with odd labels and numbers: read from its JSON, and
//! after each of our formats.
//!
//! `data/dimod_labels.jsonl` is what `benches/peers/dimod_labels.py write` prints; its `check` lets dimod
//! read what we write.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::path::Path;

use serde_json::Value;
use spinroute_ising::formats::{Content, Format, Problem, read, write};

const GOLDEN: &str = include_str!("data/dimod_labels.jsonl");

fn parse(format: Format, text: &[u8]) -> Problem {
    read(format, Path::new("dimod"), text, &mut |_| {}).unwrap()
}

fn file(format: Format, problem: &Problem) -> Vec<u8> {
    let mut file = Vec::new();
    write(format, problem, &mut file).unwrap();
    file
}

/// The energies of all states of `n` variables, the last of them changing fastest, and the sum of the
/// sizes of the coefficients. Without an offset, for a graph.
fn energies(content: &Content, n: usize) -> (Vec<f64>, f64) {
    let bits = |word: usize| (0..n).rev().map(move |i| (word >> i & 1) as i8);
    let spins = |word: usize| bits(word).map(|bit| 2 * bit - 1).collect::<Vec<i8>>();
    let words = 0..1_usize << n;
    match content {
        Content::Qubo(model) => {
            let energies = words.map(|word| model.energy(&bits(word).collect::<Vec<i8>>()));
            let terms = model.linear().iter().map(|a| a.abs()).sum::<f64>();
            (energies.collect(), terms + model.offset().abs())
        }
        Content::Ising(model) => {
            let energies = words.map(|word| model.energy(&spins(word)));
            let terms = model.field().iter().map(|h| h.abs()).sum::<f64>();
            (energies.collect(), terms + model.offset().abs())
        }
        Content::Graph(graph) => {
            // The last node, where there is one more, stands for +1.
            let sides = |word| [spins(word), vec![1; graph.nodes() - n]].concat();
            let energies = words.map(|word| graph.total() - 2.0 * graph.cut(&sides(word)).unwrap());
            (energies.collect(), graph.edges().iter().map(|edge| edge.weight.abs()).sum())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn energies_and_labels_are_those_of_dimod() {
    let mut models = 0;
    for (number, line) in GOLDEN.lines().enumerate() {
        models += 1;
        let case: Value = serde_json::from_str(line).unwrap();
        let want: Vec<f64> = serde_json::from_value(case["energies"].clone()).unwrap();
        let list =
            |key: &str| -> Vec<f64> { serde_json::from_value(case["json"][key].clone()).unwrap() };
        let own = [list("linear_biases"), list("quadratic_biases")].concat();
        let own: f64 = own.iter().map(|x| x.abs()).sum();
        let problem = parse(Format::Bqm, case["json"].to_string().as_bytes());
        let n = problem.content.variables();
        assert_eq!(want.len(), 1 << n);

        let written: Value = serde_json::from_slice(&file(Format::Bqm, &problem)).unwrap();
        assert_eq!(written["variable_labels"], case["json"]["variable_labels"], "model {number}");
        for &format in Format::ALL {
            let back = parse(format, &file(format, &problem)).content;
            let (got, size) = energies(&back, n);
            let offset = match (&back, &problem.content) {
                (Content::Graph(_), content) => content.to_ising().unwrap().offset(),
                _ => 0.0,
            };
            let near = 1e-12 * (own + size + offset.abs());
            let same = |(got, want): (&f64, &f64)| (got + offset - want).abs() <= near;
            assert!(
                got.iter().zip(&want).all(same),
                "model {number}, {format:?}: {got:?} {want:?}"
            );
        }
    }
    assert_eq!(models, 120);
}
