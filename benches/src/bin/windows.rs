//! Is every answer of `flow` on small real batches proven?
//!
//! Windows of 16, 32, 64, 128 and 256 tokens, a quarter of their length apart, of every trained
//! router (both layers, all 8,192 tokens) and of batches drawn from OLMoE's affinities, at capacity
//! factors 1.0 and 1.25. Each must end by itself with a gap of at most 10⁻⁹, recomputed by core.
//! Exit code 1 if one does not.

use anyhow::{Result, ensure};
use clap::Parser;
use ndarray::{Array2, s};
use rayon::prelude::*;
use serde::Serialize;
use spinroute_benches::{
    data::{self, ROUTERS, Transform},
    flow, instances, objective_and_gap,
    report::{self, Options},
};
use spinroute_core::{Demand, Instance, Run, Solver, Stop};
use spinroute_lab::Machine;

const LENGTHS: [usize; 5] = [16, 32, 64, 128, 256];
const FACTORS: [f64; 2] = [1.0, 1.25];
const PROVEN: f64 = 1e-9;

#[derive(Serialize)]
struct Row {
    name: String,
    windows: usize,
    unproven: usize,
    largest_gap: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Windows of real batches: are they proven?\n");
    println!("{machine}; lengths {LENGTHS:?}, factors {FACTORS:?}.\n");
    report::head(&["scores", "windows", "unproven", "largest gap"]);
    let mut rows = Vec::new();
    for (name, scores, k) in tables()? {
        if !options.wants("windows", &name) {
            continue;
        }
        let row = measured(name, &scores, k, options.quick)?;
        let Row { name, windows, unproven, largest_gap } = &row;
        report::row(&[
            name.clone(),
            windows.to_string(),
            unproven.to_string(),
            format!("{largest_gap:.1e}"),
        ]);
        rows.push(row);
    }
    let count = |of: fn(&Row) -> usize| rows.iter().map(of).sum::<usize>();
    let (windows, unproven) = (count(|row| row.windows), count(|row| row.unproven));
    println!("\n{windows} windows, {unproven} unproven.");
    options.write(&machine, &rows)?;
    ensure!(unproven == 0, "{unproven} of {windows} windows are not proven");
    Ok(())
}

fn tables() -> Result<Vec<(String, Array2<f32>, u32)>> {
    let mut tables = Vec::new();
    for (router, k) in ROUTERS {
        for layer in [0, 3] {
            let scores = data::router_scores(router, layer, 0..8192, Transform::Softmax)?;
            tables.push((format!("{router}, layer {layer}"), scores, k));
        }
    }
    for case in instances::olmoe()? {
        tables.push((format!("OLMoE, {}", case.name), case.scores.into_owned(), 8));
    }
    Ok(tables)
}

fn measured(name: String, scores: &Array2<f32>, k: u32, quick: bool) -> Result<Row> {
    let mut windows = Vec::new();
    for length in LENGTHS {
        let starts = (0..=scores.nrows() - length).step_by(length / 4);
        windows.extend(starts.map(|start| (start, length)));
    }
    let stride = if quick { 50 } else { 1 };
    let gaps = windows.par_iter().step_by(stride).flat_map(|&(start, length)| {
        FACTORS.map(|factor| {
            let window = scores.slice(s![start..start + length, ..]).to_owned();
            gap(window, k, factor)
        })
    });
    let gaps: Vec<f64> = gaps.collect::<Result<_>>()?;
    let unproven = gaps.iter().filter(|gap| **gap > PROVEN).count();
    let largest_gap = gaps.iter().copied().fold(0.0, f64::max);
    Ok(Row { name, windows: gaps.len(), unproven, largest_gap })
}

/// The gap proven on one window; infinite if the run did not end by itself.
fn gap(window: Array2<f32>, k: u32, factor: f64) -> Result<f64> {
    let (tokens, experts) = window.dim();
    let capacity = Instance::uniform_capacity(tokens, experts, k as usize, factor)?;
    let instance = Instance::new(window, capacity, Demand::Exactly(k))?;
    let solution = flow().solve(&instance, &mut Run::new(0))?;
    let (_, gap) = objective_and_gap(&instance, &solution)?;
    Ok(if solution.stop == Stop::Finished { gap } else { f64::INFINITY })
}
