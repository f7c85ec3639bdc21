//! What do two cores and a kept workspace save where many batches are routed?
//!
//! Sixteen batches of 4,096 tokens (trained routers and OLMoE, four of each shape) through `solve_many`, on one thread
//! and on two, alternating; and one solve after another of the same instance with and without a workspace, the
//! first of the process beside the later ones. Answers must be those of single solves.

use anyhow::{Result, ensure};
use clap::Parser;
use serde::Serialize;
use spinroute_benches::{
    flow,
    instances::{self, Case},
    report::{self, Options},
};
use spinroute_core::{Budget, Instance, Run, Solver, Workspace, solve_many};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

#[derive(Serialize)]
struct Figures {
    batches: usize,
    one_thread_ms: f64,
    two_threads_ms: f64,
    speed_up: f64,
    kept: Vec<Kept>,
}

#[derive(Serialize)]
struct Kept {
    name: String,
    first_ms: f64,
    later_with_workspace_ms: f64,
    later_without_ms: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Many batches at once\n\n{machine}\n");
    let cases = batches()?;
    let solver = flow();
    let single = pool(1)?;
    // Before anything else has warmed the process: what a caller's first solve costs.
    report::head(&[
        "instance",
        "first solve ms",
        "later, workspace ms",
        "of first",
        "later, none ms",
    ]);
    let mut kept = Vec::new();
    for case in cases.iter().step_by(4) {
        let row = single.install(|| keeping(case, options.repetitions()))?;
        report::row(&[
            row.name.clone(),
            format!("{:.2}", row.first_ms),
            format!("{:.2}", row.later_with_workspace_ms),
            format!("{:.2}", row.later_with_workspace_ms / row.first_ms),
            format!("{:.2}", row.later_without_ms),
        ]);
        kept.push(row);
    }
    let instances = cases.iter().map(Case::instance).collect::<Result<Vec<Instance>, _>>()?;
    let alone: Vec<_> = instances.iter().map(|i| solver.solve(i, &mut Run::new(0))).collect();
    let pools = [single, pool(2)?];
    let mut timings = [Timings::default(), Timings::default()];
    for _ in 0..options.repetitions() {
        for (pool, timings) in pools.iter().zip(&mut timings) {
            let many = || solve_many(&solver, &instances, 0, &Budget::default());
            let (solved, ms) = pool.install(|| time(many));
            ensure!(solved == alone, "an answer differs from that of a single solve");
            timings.add(ms);
        }
    }
    let [one, two] = timings.map(|timings| timings.median());
    println!(
        "\n{} batches: one thread {one:.0} ms, two {two:.0} ms: {:.2} ×",
        cases.len(),
        one / two
    );
    let figures = Figures {
        batches: cases.len(),
        one_thread_ms: one,
        two_threads_ms: two,
        speed_up: one / two,
        kept,
    };
    options.write(&machine, &figures)
}

/// Four batches of each of four shapes.
fn batches() -> Result<Vec<Case>> {
    let (routers, ties) = (instances::trained_routers()?, instances::olmoe()?);
    let mut cases = Vec::new();
    for name in ["e128k2-noaux", "e160k6-aux", "e64k8-aux"] {
        let own = routers.iter().filter(|c| c.name.starts_with(name) && !c.name.contains("1.25"));
        cases.extend(own.take(4).cloned());
    }
    cases.extend(ties.into_iter().take(4));
    Ok(cases)
}

/// The first solve of a shape, and later ones.
fn keeping(case: &Case, repetitions: usize) -> Result<Kept> {
    let (instance, solver) = (case.instance()?, flow());
    let mut workspace = Workspace::default();
    let mut solve = |keep: bool| {
        let run = Run::new(0);
        let mut run = if keep { run.workspace(&mut workspace) } else { run };
        let (solution, ms) = time(|| solver.solve(&instance, &mut run));
        solution.map(|_| ms)
    };
    let first_ms = solve(true)?;
    let (mut with, mut without) = (Timings::default(), Timings::default());
    for _ in 0..repetitions.max(3) {
        with.add(solve(true)?);
        without.add(solve(false)?);
    }
    let (later_with_workspace_ms, later_without_ms) = (with.median(), without.median());
    Ok(Kept { name: case.name.clone(), first_ms, later_with_workspace_ms, later_without_ms })
}
