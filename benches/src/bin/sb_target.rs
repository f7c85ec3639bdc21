//! How long until a cut of 33,000 on K2000 is found with a probability of 99 %?
//!
//! For runs of a time `t` that succeed with probability `p`, `t ln(0.01) / ln(1 − p)`, and not less
//! than `t`. Ours: a run is a call of `minimise` with all its agents and its set-up, on two threads; it
//! succeeds if any agent does. The peers' reads run one after another in one thread; a read is a run, and
//! each peer is given half of its time, as if two threads were twice as fast, and their models are built before. `p` is counted as (successes + 1) / (runs + 2) on our side where
//! every run succeeds, and as successes / runs on the peers'.

use std::io::BufWriter;

use anyhow::{Context, Result};
use clap::Parser;
use serde::{Deserialize, Serialize};
use spinroute_benches::measure::{self, Machine, Samples, time};
use spinroute_benches::report::{self, Options};
use spinroute_benches::worker::Worker;
use spinroute_bifurcation::{Bifurcation, Mode};
use spinroute_core::Run;
use spinroute_qubo::{Minimiser, instances};

const TARGET: f64 = 33_000.0;

#[derive(Deserialize)]
struct Answer {
    energies: Vec<f64>,
    sample_ms: f64,
}

#[derive(Serialize)]
struct Row {
    solver: String,
    settings: String,
    runs: usize,
    successes: usize,
    run_ms: f64,
    time_to_target_ms: f64,
    mean_cut: f64,
}

impl Row {
    fn new(solver: &str, settings: String, cuts: &[f64], run_ms: f64, p: f64) -> Self {
        let successes = cuts.iter().filter(|cut| **cut >= TARGET).count();
        let mean_cut = cuts.iter().sum::<f64>() / cuts.len() as f64;
        let runs = if p >= 1.0 { 1.0 } else { (0.01f64.ln() / (1.0 - p).ln()).max(1.0) };
        let time_to_target_ms = if successes == 0 { f64::INFINITY } else { run_ms * runs };
        let row = Self {
            solver: solver.to_owned(),
            settings,
            runs: cuts.len(),
            successes,
            run_ms,
            time_to_target_ms,
            mean_cut,
        };
        report::row(&[
            row.solver.clone(),
            row.settings.clone(),
            format!("{successes} of {}", row.runs),
            format!("{mean_cut:.0}"),
            format!("{run_ms:.1}"),
            format!("{time_to_target_ms:.0}"),
        ]);
        row
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    let mut rows = Vec::new();
    println!("# Time to a cut of 33,000 on K2000\n\n{machine}.\n");
    report::head(&[
        "solver",
        "settings",
        "successes",
        "mean cut of runs",
        "ms a run",
        "ms to target",
    ]);
    let known = instances::find("K2000").context("an instance of the list")?;
    let graph = known.graph()?;
    let model = graph.ising()?;
    let pool = measure::pool(2)?;
    let target = Some(graph.total() - 2.0 * TARGET);
    let runs = if options.quick { 2 } else { 60 };
    for (mode, agents, steps) in
        [(Mode::Ballistic, 32, 60), (Mode::Ballistic, 32, 100), (Mode::Discrete, 32, 400)]
    {
        let sb = Bifurcation { mode: Some(mode), agents, steps, target, ..Bifurcation::default() };
        let (mut cuts, mut times) = (Vec::new(), Samples::default());
        for seed in 1..=runs as u64 {
            let run = || time(|| sb.minimise(&model, &mut Run::new(seed)));
            let (samples, ms) = pool.install(run);
            let samples = samples?;
            let lowest = samples.energies.iter().copied().fold(f64::INFINITY, f64::min);
            cuts.push(graph.cut_of_energy(lowest));
            times.add(ms);
        }
        let successes = cuts.iter().filter(|cut| **cut >= TARGET).count();
        let p = if successes == runs {
            (successes + 1) as f64 / (runs + 2) as f64
        } else {
            successes as f64 / runs as f64
        };
        let settings = format!("{agents} agents × {steps} steps");
        let solver = format!("sb {mode:?}").to_lowercase();
        rows.push(Row::new(&solver, settings, &cuts, times.median(), p));
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("K2000.rud");
    graph.write_rudy(BufWriter::new(std::fs::File::create(&path)?))?;
    let reads = if options.quick { 1 } else { 6 };
    for script in ["dwave_anneal.py", "openjij_anneal.py"] {
        let mut peer = Worker::start(script)?;
        let solver = script.trim_end_matches("_anneal.py");
        for sweeps in [300, 1000] {
            let answer: Answer = peer.ask(&serde_json::json!({
                "graph": path, "reads": reads, "sweeps": sweeps, "seed": 1,
            }))?;
            let cuts: Vec<f64> =
                answer.energies.iter().map(|energy| graph.cut_of_energy(*energy)).collect();
            let p = cuts.iter().filter(|cut| **cut >= TARGET).count() as f64 / cuts.len() as f64;
            let half = answer.sample_ms / f64::from(reads) / 2.0;
            rows.push(Row::new(solver, format!("{sweeps} sweeps {}", peer.hello), &cuts, half, p));
        }
    }
    options.write(&machine, &rows)
}
