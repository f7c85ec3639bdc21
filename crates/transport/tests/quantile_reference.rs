//! The dual value after 3, 8, 16 and 30 rounds of quantile balancing equals a NumPy program that
//! sorts (`benches/peers/quantile_reference.py`, which wrote the numbers beside this file).

mod common;

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::Deserialize;
use spinroute_core::{Certificate, Demand, Instance, Run, Solver};
use spinroute_transport::Quantile;

#[derive(Deserialize)]
struct Reference {
    rounds: Vec<u32>,
    small: Small,
    routers: BTreeMap<String, Router>,
}

#[derive(Deserialize)]
struct Small {
    exactly: Vec<f64>,
    at_most: Vec<f64>,
}

#[derive(Deserialize)]
struct Router {
    k: u32,
    dual: Vec<f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("quantile_reference.json")).expect("as the script wrote it")
}

/// Compares the bound that the prices prove after each number of rounds, to 1e-6.
fn check(scores: &Array2<f32>, factor: f64, demand: Demand, rounds: &[u32], dual: &[f64]) {
    let (tokens, experts) = scores.dim();
    let capacity = Instance::uniform_capacity(tokens, experts, demand.k(), factor).expect("valid");
    let instance = Instance::new(scores.clone(), capacity, demand).expect("feasible");
    for (&rounds, &want) in rounds.iter().zip(dual) {
        let solution = Quantile { rounds }.solve(&instance, &mut Run::new(0)).expect("solves");
        let objective = instance.objective(&solution.assignment).expect("feasible");
        let prices = solution.prices.expect("has prices");
        let bound = Certificate::new(&instance, prices).expect("finite").bound();
        assert!((bound - want).abs() <= 1e-6 * want, "{rounds} rounds: {bound}, NumPy {want}");
        assert!(objective <= bound);
    }
}

#[test]
fn small_tables_equal_numpy() {
    let reference = reference();
    let scores = Array2::from_shape_fn((96, 12), |(t, e)| {
        let noise = (t * 7919 + e * 104_729 + t * e * 31) % 1009;
        noise as f32 / 1024.0 + (11 - e) as f32 / 16.0
    });
    check(&scores, 1.0, Demand::Exactly(3), &reference.rounds, &reference.small.exactly);
    let shifted = scores - 0.5;
    check(&shifted, 1.25, Demand::AtMost(3), &reference.rounds, &reference.small.at_most);
}

#[test]
fn trained_routers_equal_numpy() {
    let reference = reference();
    for (name, router) in &reference.routers {
        if let Some(scores) = common::router_scores(name) {
            check(&scores, 1.0, Demand::Exactly(router.k), &reference.rounds, &router.dual);
        }
    }
}
