//! The energies of dimod, on 200 random models: read from its files, converted, and after each of ours.
//!
//! `data/dimod_files.jsonl` is what `benches/peers/dimod_files.py write` prints.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::path::Path;

use serde_json::Value;
use spinroute_ising::formats::{Content, Format, Problem, read, write};
use spinroute_ising::{Ising, Qubo};

const GOLDEN: &str = include_str!("data/dimod_files.jsonl");

fn parse(format: Format, text: &str) -> Problem {
    read(format, Path::new("dimod"), text.as_bytes(), &mut |_| {}).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The energy of a state in the values of `content`, offset left out of a graph.
fn energy(content: &Content, spins: bool, state: &[i8]) -> f64 {
    let as_spins =
        |state: &[i8]| -> Vec<i8> { state.iter().map(|&v| if v > 0 { 1 } else { -1 }).collect() };
    let as_binaries =
        |state: &[i8]| -> Vec<i8> { state.iter().map(|&v| i8::from(v > 0)).collect() };
    match content {
        Content::Ising(model) if spins => model.energy(state),
        Content::Ising(model) => model.energy(&as_spins(state)),
        Content::Qubo(model) if spins => model.energy(&as_binaries(state)),
        Content::Qubo(model) => model.energy(state),
        Content::Graph(graph) => {
            // The last node, where there is one more, stands for +1.
            let spins = [&as_spins(state)[..], &[1]].concat();
            graph.total() - 2.0 * graph.cut(&spins[..graph.nodes()]).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// What dimod's `change_vartype` gives: linear terms and offset of the other form.
fn converted(content: &Content) -> (Vec<f64>, f64) {
    match content {
        Content::Qubo(model) => {
            let other: Ising = model.to_ising();
            (other.field().to_vec(), other.offset())
        }
        content => {
            let other: Qubo = content.to_qubo().unwrap();
            (other.linear().to_vec(), other.offset())
        }
    }
}

#[test]
fn energies_are_those_of_dimod() {
    let mut models = 0;
    for (number, line) in GOLDEN.lines().enumerate() {
        models += 1;
        let case: Value = serde_json::from_str(line).unwrap();
        let spins = case["vartype"] == "SPIN";
        let offset = case["offset"].as_f64().unwrap();
        let states: Vec<Vec<i8>> = serde_json::from_value(case["states"].clone()).unwrap();
        let energies = numbers(&case["energies"]);
        let json = parse(Format::Bqm, &case["json"].to_string());
        // dimod writes no offset into COO, and drops what stands alone behind the last term.
        let coo = parse(Format::Coo, case["coo"].as_str().unwrap());
        let lp = case["lp"].as_str().map(|text| parse(Format::Lp, text));
        assert_eq!(converted(&json.content), {
            let other = &case["other"];
            (numbers(&other["linear"]), other["offset"].as_f64().unwrap())
        });
        for (state, &want) in states.iter().zip(&energies) {
            assert_eq!(energy(&json.content, spins, state), want, "model {number}");
            let mentioned = &state[..coo.content.variables()];
            assert_eq!(energy(&coo.content, spins, mentioned) + offset, want, "model {number}");
            if let Some(Problem { content, names }) = &lp {
                // In the order in which dimod's text names them: x0, x4, x1 ….
                let place = |i: usize| match names {
                    Some(names) => names[i][1..].parse::<usize>().unwrap(),
                    None => i,
                };
                let named: Vec<i8> = (0..content.variables()).map(|i| state[place(i)]).collect();
                assert_eq!(energy(content, spins, &named), want, "model {number}");
            }
            for &format in Format::ALL {
                let mut file = Vec::new();
                write(format, &json, &mut file).unwrap();
                let back = parse(format, std::str::from_utf8(&file).unwrap()).content;
                let more = match (&back, &json.content) {
                    (Content::Graph(_), Content::Ising(model)) => model.offset(),
                    (Content::Graph(_), content) => content.to_ising().unwrap().offset(),
                    _ => 0.0,
                };
                assert_eq!(energy(&back, spins, state) + more, want, "model {number}, {format:?}");
            }
        }
    }
    assert_eq!(models, 200);
}
