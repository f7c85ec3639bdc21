//! How long until a cut of 33,000 on K2000 is found with a probability of 99 %?
//!
//! For runs of a time `t` that succeed with probability `p` it is `t ln(0.01) / ln(1 − p)`, and not less
//! than `t`. `p` is counted; beside the estimate stand those of the ends of its 95 % interval (Wilson
//! 1927).
//!
//! Ours: a run is a call of `minimise` with all its agents, its set-up and the exact energies at its
//! end, on two threads; it succeeds if any agent does. Peers: a run is a read, one after another in one
//! thread. Of their time only the loop that they report themselves counts, not the set-up, and half of
//! it, as if two threads were twice as fast. Each peer has its defaults and settings that were searched
//! for it on this instance; the best of them is compared.

use std::io::BufWriter;

use anyhow::{Context, Result};
use clap::Parser;
use serde::{Deserialize, Serialize};
use spinroute_benches::{
    report::{self, Options},
    worker::Worker,
};
use spinroute_bifurcation::{Bifurcation, Mode};
use spinroute_core::Run;
use spinroute_ising::{Graph, Minimiser, instances};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

const TARGET: f64 = 33_000.0;

/// Ours: variant, agents and steps.
const RUNS: [(Mode, usize, usize); 4] = [
    (Mode::Ballistic, 32, 80),
    (Mode::Ballistic, 32, 100),
    (Mode::Ballistic, 16, 120),
    (Mode::Discrete, 32, 400),
];

/// The peers': first and last inverse temperature, or their own choice, and sweeps.
const READS: [(Option<[f64; 2]>, u32); 4] = [
    (None, 1000),
    (Some([0.003, 0.15]), 600),
    (Some([0.003, 0.15]), 1000),
    (Some([0.003, 0.3]), 1000),
];

#[derive(Deserialize)]
struct Answer {
    energies: Vec<f64>,
    sampling_ms: f64,
}

#[derive(Serialize)]
struct Row {
    solver: String,
    settings: String,
    runs: usize,
    successes: usize,
    run_ms: f64,
    /// The estimate, and the ends of its 95 % interval.
    time_to_target_ms: [f64; 3],
    mean_cut: f64,
}

impl Row {
    fn new(solver: String, settings: String, cuts: &[f64], run_ms: f64) -> Self {
        let successes = cuts.iter().filter(|cut| **cut >= TARGET).count();
        let mean_cut = cuts.iter().sum::<f64>() / cuts.len() as f64;
        let [low, high] = wilson(successes, cuts.len());
        let counted = successes as f64 / cuts.len() as f64;
        let time_to_target_ms = [counted, high, low].map(|p| run_ms * repetitions(p));
        let row = Self {
            solver,
            settings,
            runs: cuts.len(),
            successes,
            run_ms,
            time_to_target_ms,
            mean_cut,
        };
        let [estimate, low, high] = row.time_to_target_ms;
        report::row(&[
            row.solver.clone(),
            row.settings.clone(),
            format!("{successes} of {}", row.runs),
            format!("{mean_cut:.0}"),
            format!("{run_ms:.1}"),
            format!("{estimate:.0}"),
            format!("{low:.0} to {high:.0}"),
        ]);
        row
    }
}

/// Runs until one succeeds with 99 %.
fn repetitions(p: f64) -> f64 {
    if p <= 0.0 {
        f64::INFINITY
    } else if p >= 1.0 {
        1.0
    } else {
        (0.01f64.ln() / (1.0 - p).ln()).max(1.0)
    }
}

/// The 95 % interval of a probability.
fn wilson(successes: usize, runs: usize) -> [f64; 2] {
    let (n, z) = (runs as f64, 1.96);
    let p = successes as f64 / n;
    let middle = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    [middle - half, middle + half].map(|end| (end / (1.0 + z * z / n)).clamp(0.0, 1.0))
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Time to a cut of 33,000 on K2000\n\n{machine}.\n");
    report::head(&[
        "solver",
        "settings",
        "successes",
        "mean cut of runs",
        "ms a run",
        "ms to target",
        "95 % interval",
    ]);
    let known = instances::find("K2000").context("an instance of the list")?;
    let graph = known.graph()?;
    let mut ours = ours(&graph, options.quick)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("K2000.rud");
    graph.write_rudy(BufWriter::new(std::fs::File::create(&path)?))?;
    let reads = if options.quick { 1 } else { 40 };
    let mut theirs = Vec::new();
    for script in ["dwave_anneal.py", "openjij_anneal.py"] {
        let mut peer = Worker::start(script)?;
        for (beta, sweeps) in READS {
            let answer: Answer = peer.ask(&serde_json::json!({
                "graph": path, "reads": reads, "sweeps": sweeps, "seed": 1, "beta": beta,
            }))?;
            let cuts: Vec<f64> =
                answer.energies.iter().map(|energy| graph.cut_of_energy(*energy)).collect();
            let range =
                beta.map_or("its β".into(), |[first, last]| format!("β {first} to {last}"));
            let settings = format!("{sweeps} sweeps, {range}");
            let half = answer.sampling_ms / f64::from(reads) / 2.0;
            theirs.push(Row::new(peer.hello.to_string(), settings, &cuts, half));
        }
    }
    compare(&ours, &theirs);
    ours.extend(theirs);
    options.write(&machine, &ours)
}

/// Simulated bifurcation, run by run until the target or its last step.
fn ours(graph: &Graph, quick: bool) -> Result<Vec<Row>> {
    let (model, pool) = (graph.ising()?, pool(2)?);
    let target = Some(graph.total() - 2.0 * TARGET);
    let mut rows = Vec::new();
    for (mode, agents, steps) in RUNS {
        let sb = Bifurcation { mode: Some(mode), agents, steps, target, ..Bifurcation::default() };
        let (mut cuts, mut times) = (Vec::new(), Timings::default());
        for seed in 1..=if quick { 2 } else { 100 } {
            let run = || time(|| sb.minimise(&model, &mut Run::new(seed)));
            let (samples, ms) = pool.install(run);
            let lowest = samples?.energies.iter().copied().fold(f64::INFINITY, f64::min);
            cuts.push(graph.cut_of_energy(lowest));
            times.add(ms);
        }
        let solver = format!("sb {mode:?}").to_lowercase();
        rows.push(Row::new(
            solver,
            format!("{agents} agents × {steps} steps"),
            &cuts,
            times.median(),
        ));
    }
    Ok(rows)
}

/// The best of ours beside the best of each peer.
fn compare(ours: &[Row], theirs: &[Row]) {
    let best = |rows: &mut dyn Iterator<Item = &Row>| {
        rows.map(|row| row.time_to_target_ms)
            .min_by(|a, b| a[0].total_cmp(&b[0]))
            .unwrap_or([f64::INFINITY; 3])
    };
    let [mine, _, slowest] = best(&mut ours.iter());
    println!();
    for peer in theirs.chunk_by(|a, b| a.solver == b.solver) {
        let [estimate, fastest, _] = best(&mut peer.iter());
        println!(
            "- {}: {:.0} times as long as ours, at least {:.0} with the ends of both intervals.",
            peer[0].solver,
            estimate / mine,
            fastest / slowest
        );
    }
}
