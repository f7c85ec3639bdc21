//! What do two cores and a kept workspace save where many batches are routed?
//!
//! Sixteen batches of 4,096 tokens (trained routers and OLMoE, four of each shape) through `solve_many`, on one thread
//! and on two, alternating; and in fresh processes, one a shape and repetition, one solve after another of the same
//! instance with and without a workspace: the first beside the later ones. Answers must be those of single solves.

use std::process::Command;

use anyhow::{Result, ensure};
use clap::Parser;
use serde::{Deserialize, Serialize};
use spinroute_benches::{
    data::{self, BATCH, Transform},
    flow,
    instances::{self, Case},
    report::{self, Options},
};
use spinroute_core::{Budget, Demand, Instance, Run, Solver, Workspace, solve_many};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Only solve the instance of this shape again and again, and print the times: what a fresh process does.
    #[arg(long)]
    fresh: Option<usize>,
}

#[derive(Serialize)]
struct Figures {
    batches: usize,
    one_thread_ms: f64,
    two_threads_ms: f64,
    speed_up: f64,
    kept: Vec<Kept>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    first_ms: f64,
    later_with_workspace_ms: f64,
    later_without_ms: f64,
}

fn main() -> Result<()> {
    let Arguments { options, fresh } = Arguments::parse();
    if let Some(shape) = fresh {
        println!("{}", serde_json::to_string(&pool(1)?.install(|| keeping(shape))?)?);
        return Ok(());
    }
    let machine = Machine::here();
    println!("# Many batches at once\n\n{machine}\n");
    let cases = batches()?;
    let solver = flow();
    let single = pool(1)?;
    report::head(&[
        "instance",
        "first solve ms",
        "later, workspace ms",
        "of first",
        "later, none ms",
    ]);
    let mut kept = Vec::new();
    for shape in 0..FRESH.len() {
        let row = in_fresh_processes(shape, options.repetitions())?;
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

/// The routers whose batches are solved.
const SHAPES: [&str; 4] = ["e128k2-noaux", "e160k6-aux", "e64k8-aux", "e256k8-biasfree"];

/// What is solved again and again: a router, its k, and how many tokens.
const FRESH: [(&str, u32, usize); 6] = [
    ("e64k8-aux", 8, 16),
    ("e64k8-aux", 8, 256),
    ("e64k8-aux", 8, BATCH),
    ("e128k2-noaux", 2, BATCH),
    ("e160k6-aux", 6, BATCH),
    ("e256k8-biasfree", 8, BATCH),
];

/// Four batches of each shape.
fn batches() -> Result<Vec<Case>> {
    let routers = instances::trained_routers()?;
    let plain = |c: &&Case| !c.name.contains("1.25") && !c.name.contains("sigmoid");
    let mut cases = Vec::new();
    for name in SHAPES {
        let own = routers.iter().filter(plain).filter(|c| c.name.starts_with(name));
        cases.extend(own.take(4).cloned());
    }
    Ok(cases)
}

/// Medians over fresh processes.
fn in_fresh_processes(shape: usize, repetitions: usize) -> Result<Kept> {
    let (mut first, mut with, mut without) =
        (Timings::default(), Timings::default(), Timings::default());
    for _ in 0..repetitions {
        let fresh = ["--fresh".to_owned(), shape.to_string()];
        let output = Command::new(std::env::current_exe()?).args(fresh).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let kept: Kept = serde_json::from_slice(&output.stdout)?;
        first.add(kept.first_ms);
        with.add(kept.later_with_workspace_ms);
        without.add(kept.later_without_ms);
    }
    Ok(Kept {
        name: format!("{}, {} tokens", FRESH[shape].0, FRESH[shape].2),
        first_ms: first.median(),
        later_with_workspace_ms: with.median(),
        later_without_ms: without.median(),
    })
}

/// The first solve of a shape, and later ones.
fn keeping(shape: usize) -> Result<Kept> {
    let (name, k, tokens) = FRESH[shape];
    let scores = data::router_scores(name, 0, 0..tokens, Transform::Softmax)?;
    let case = Case::uniform("trained router", name.into(), scores, Demand::Exactly(k), 1.0)?;
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
    for _ in 0..5 {
        with.add(solve(true)?);
        without.add(solve(false)?);
    }
    let (later_with_workspace_ms, later_without_ms) = (with.median(), without.median());
    Ok(Kept { name: name.into(), first_ms, later_with_workspace_ms, later_without_ms })
}
