//! Equal to dimod on 200 random models: energies, QUBO and Ising forms, penalties, reduction.
//!
//! `data/dimod.json` holds what dimod made of them; `benches/peers/dimod_golden.py` made the file, and
//! checks it with `--check`.

use std::collections::BTreeMap;

use serde::Deserialize;
use spinroute_ising::Couplings;
use spinroute_modelling::{
    Compiled, CouplingForm, Expr, Model, Options, Penalty, Reduction, Substitution, dot,
};

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Golden {
    Quadratic(Quadratic),
    Constrained(Constrained),
    Higher(Higher),
}

#[derive(Deserialize)]
struct Quadratic {
    spin: bool,
    linear: Vec<f64>,
    pairs: Vec<(usize, usize, f64)>,
    offset: f64,
    h: Vec<f64>,
    #[serde(rename = "J")]
    j: Vec<(usize, usize, f64)>,
    ising_offset: f64,
    a: Vec<f64>,
    qubo_offset: f64,
    states: Vec<Vec<i8>>,
    energies: Vec<f64>,
}

#[derive(Deserialize)]
struct Constrained {
    linear: Vec<f64>,
    weight: f64,
    rows: Vec<Row>,
    least: Vec<f64>,
}

#[derive(Deserialize)]
struct Row {
    a: Vec<f64>,
    sense: String,
    right: f64,
}

#[derive(Deserialize)]
struct Higher {
    spin: bool,
    variables: usize,
    terms: Vec<(Vec<usize>, f64)>,
    energies: Vec<f64>,
    minimum: f64,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("data/dimod.json")).expect("the committed file")
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// The bits of number `word`, the first bit the most significant, as Python's `product` counts.
fn state(word: usize, bits: usize) -> Vec<i8> {
    (0..bits).rev().map(|bit| (word >> bit & 1) as i8).collect()
}

const FORMS: [CouplingForm; 3] =
    [CouplingForm::Sparse, CouplingForm::Dense, CouplingForm::Structured];

fn check_quadratic(golden: &Quadratic, form: CouplingForm) {
    let mut model = Model::new();
    let n = golden.linear.len();
    let x = if golden.spin { model.spin_array("x", [n]) } else { model.binary_array("x", [n]) };
    let mut energy = dot(&golden.linear, &x) + golden.offset;
    for &(i, j, c) in &golden.pairs {
        energy += c * x[i] * x[j];
    }
    model.minimise(energy);
    let compiled = model.compile(&Options::default().form(form)).expect("compiles");
    let (qubo, ising) = (compiled.qubo(), compiled.to_ising());
    let near = |ours: &[f64], theirs: &[f64]| ours.iter().zip(theirs).all(|(a, b)| close(*a, *b));
    assert!(near(qubo.linear(), &golden.a) && close(qubo.offset(), golden.qubo_offset));
    assert!(near(ising.field(), &golden.h) && close(ising.offset(), golden.ising_offset));
    let mut couplings = BTreeMap::new();
    for i in 0..n {
        ising.couplings().neighbours(i, &mut |j, c| {
            if i < j && c != 0.0 {
                *couplings.entry((i, j)).or_default() += c;
            }
        });
    }
    let couplings: Vec<(usize, usize, f64)> =
        couplings.into_iter().map(|((i, j), c)| (i, j, c)).collect();
    assert_eq!(couplings, golden.j);
    for (state, &energy) in golden.states.iter().zip(&golden.energies) {
        let bits: Vec<i8> = state.iter().map(|&v| i8::from(v > 0)).collect();
        let spins: Vec<i8> = bits.iter().map(|b| 2 * b - 1).collect();
        assert!(close(qubo.energy(&bits), energy) && close(ising.energy(&spins), energy));
        assert!(close(ising.to_qubo().energy(&bits), energy));
        assert!(close(compiled.decode(state).expect("its length").objective(), energy));
    }
}

/// The least energy over the bits behind the first `n`, for every state of those.
fn least(compiled: &Compiled, n: usize) -> Vec<f64> {
    let behind = compiled.qubo().variables() - n;
    let over = |head: &[i8]| {
        let tails = (0..1 << behind).map(|word| state(word, behind));
        let energies = tails.map(|tail| compiled.qubo().energy(&[head, &tail].concat()));
        energies.fold(f64::INFINITY, f64::min)
    };
    (0..1 << n).map(|word| over(&state(word, n))).collect()
}

fn check_constrained(golden: &Constrained, form: CouplingForm) {
    let mut model = Model::new();
    let n = golden.linear.len();
    let x = model.binary_array("x", [n]);
    model.minimise(dot(&golden.linear, &x));
    for (number, row) in golden.rows.iter().enumerate() {
        let left = dot(&row.a, &x);
        let constraint = match row.sense.as_str() {
            "==" => left.equals(row.right),
            "<=" => left.at_most(row.right),
            _ => left.at_least(row.right),
        };
        model.constrain(format!("c{number}"), constraint);
    }
    let options = Options::default().penalty(Penalty::Fixed(golden.weight)).form(form);
    let compiled = model.compile(&options).expect("compiles");
    for (word, (ours, theirs)) in least(&compiled, n).iter().zip(&golden.least).enumerate() {
        let answer =
            compiled.decode(&[state(word, n), vec![0; compiled.qubo().variables() - n]].concat());
        let answer = answer.expect("its length");
        // Where a constraint needs no slack, the penalty of a violation is not the same square: the
        // least energies agree where it holds, and are above the objective on both sides elsewhere.
        if answer.is_feasible() || compiled.decoding().slack_bits() == slack_of(golden) {
            assert!(close(*ours, *theirs), "{ours} and {theirs}");
        } else {
            assert!(*ours > answer.objective() && *theirs > answer.objective());
        }
    }
}

/// Slack bits if every inequality has one.
fn slack_of(golden: &Constrained) -> usize {
    let bits = |row: &Row| {
        let sign = if row.sense == ">=" { -1.0 } else { 1.0 };
        let low: f64 = row.a.iter().map(|c| (sign * c).min(0.0)).sum();
        let range = (sign * row.right - low) as u32;
        if row.sense == "==" { 0 } else { (u32::BITS - range.leading_zeros()) as usize }
    };
    golden.rows.iter().map(bits).sum()
}

fn check_higher(golden: &Higher, method: Substitution) {
    let mut model = Model::new();
    let n = [golden.variables];
    let x = if golden.spin { model.spin_array("x", n) } else { model.binary_array("x", n) };
    let mut energy = Expr::default();
    for (places, c) in &golden.terms {
        energy += places.iter().fold(Expr::new(*c), |product, &place| product * x[place]);
    }
    model.minimise(energy);
    let reduction = Reduction { method, strength: None };
    let compiled = model.compile(&Options::default().reduction(reduction)).expect("compiles");
    let least = least(&compiled, golden.variables);
    // Not only the minimum: the best auxiliary bits give every state its own energy.
    assert!(least.iter().zip(&golden.energies).all(|(a, b)| close(*a, *b)));
    assert!(close(least.into_iter().fold(f64::INFINITY, f64::min), golden.minimum));
}

#[test]
fn all_are_equal() {
    let all = golden();
    assert_eq!(all.len(), 200);
    for golden in &all {
        match golden {
            Golden::Quadratic(golden) => FORMS.map(|form| check_quadratic(golden, form)),
            Golden::Constrained(golden) => FORMS.map(|form| check_constrained(golden, form)),
            Golden::Higher(golden) => {
                check_higher(golden, Substitution::Rosenberg);
                check_higher(golden, Substitution::NegativeTerm);
                [(); 3]
            }
        };
    }
}
