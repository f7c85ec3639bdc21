//! How fast is a step of simulated bifurcation, against a matrix product and against memory?
//!
//! Dense: a step of many agents is `2 n² agents` operations of its product and about 10 more a
//! position; beside it, alternating, NumPy's `matmul` of the same shapes (`OpenBLAS`), whose time is the
//! product alone. Structured: a step on a grid of 4,096 × 160 reads and writes positions and momenta, and
//! whatever the implementation adds; beside it, alternating, a copy of a table as large as all tables
//! together. Minima of the repetitions.

use anyhow::Result;
use clap::Parser;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_benches::measure::{self, Machine, time};
use spinroute_benches::report::{self, Options};
use spinroute_benches::worker::Worker;
use spinroute_bifurcation::{Forces, Mode, Step, Stepper};
use spinroute_qubo::{Dense, Grid, Ising, Structured};

const STEP: Step = Step { time_step: 0.1, stiffness: 0.5, strength: 0.01, heat: 0.0 };

#[derive(Deserialize)]
struct Answer {
    ms: f64,
}

#[derive(Serialize)]
struct Row {
    form: &'static str,
    mode: String,
    size: String,
    agents: usize,
    threads: usize,
    ms: f64,
    /// GFLOP/s (dense) or GB/s (structured).
    rate: f64,
    reference: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# A step of simulated bifurcation\n");
    let mut rows = Vec::new();
    if options.wants("dense", "") {
        let mut peer = Worker::start("sgemm.py")?;
        println!("{machine}; peer: {}.\n", peer.hello);
        report::head(&["dense", "agents", "threads", "ms", "GFLOP/s", "NumPy's", "ratio"]);
        for (n, agents) in [(2000, 32), (2000, 64), (1000, 64), (4000, 128)] {
            for threads in [1, 2] {
                rows.push(dense(n, agents, threads, &mut peer, &options)?);
            }
        }
    }
    if options.wants("structured", "") {
        println!("\n{machine}\n");
        report::head(&["structured", "agents", "threads", "ms", "GB/s", "copy GB/s", "ratio"]);
        for mode in [Mode::Ballistic, Mode::Discrete] {
            for (agents, threads) in [(1, 1), (1, 2), (16, 1), (16, 2)] {
                rows.push(structured(mode, agents, threads, &options)?);
            }
        }
    }
    options.write(&machine, &rows)
}

fn show(first: String, row: &Row) {
    report::row(&[
        first,
        row.agents.to_string(),
        row.threads.to_string(),
        format!("{:.3}", row.ms),
        format!("{:.1}", row.rate),
        format!("{:.1}", row.reference),
        format!("{:.2}", row.rate / row.reference),
    ]);
}

fn dense(
    n: usize,
    agents: usize,
    threads: usize,
    peer: &mut Worker,
    options: &Options,
) -> Result<Row> {
    let mut matrix = ndarray::Array2::zeros((n, n));
    for i in 0..n {
        for j in 0..i {
            let value = ((i * 31 + j * 17) % 29) as f64 / 14.0 - 1.0;
            (matrix[[i, j]], matrix[[j, i]]) = (value, value);
        }
    }
    let forces = Forces::new(&Ising::new(vec![0.0; n], Dense::new(matrix)?, 0.0)?);
    let pool = measure::pool(threads)?;
    let mut stepper = Stepper::new(&forces, Mode::Ballistic, agents, 1);
    let flop = 2.0 * (n * n * agents) as f64;
    let steps = (2e10 / flop).clamp(4.0, 200.0) as usize;
    let (mut ms, mut reference) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..options.repetitions() {
        let run = || time(|| stepper.advance(&forces, &vec![STEP; steps])).1;
        ms = ms.min(pool.install(run) / steps as f64);
        let answer: Answer = peer.ask(&serde_json::json!({
            "n": n, "agents": agents, "threads": threads, "products": steps,
        }))?;
        reference = reference.min(answer.ms);
    }
    let (rate, reference) = (flop / ms / 1e6, flop / reference / 1e6);
    let (form, mode, size) = ("dense", "ballistic".into(), format!("{n} × {n}"));
    let row = Row { form, mode, size, agents, threads, ms, rate, reference };
    show(format!("{n} × {n}"), &row);
    Ok(row)
}

fn structured(mode: Mode, agents: usize, threads: usize, options: &Options) -> Result<Row> {
    let (tokens, experts) = (4096, 160);
    let n = tokens * experts;
    let grid = Grid {
        rows: tokens,
        columns: experts,
        row_weights: vec![0.25; tokens],
        column_weights: vec![0.25; experts],
        ..Grid::default()
    };
    let field: Vec<f64> = (0..n).map(|i| (i * 7919 % 1009) as f64 / 1009.0).collect();
    let forces = Forces::new(&Ising::new(field, Structured::new(n, &[grid], &[], None)?, 0.0)?);
    let pool = measure::pool(threads)?;
    let mut stepper = Stepper::new(&forces, mode, agents, 1);
    // Positions and momenta are read and written; the field is read once.
    let bytes = (n * (4 * agents + 1) * 4) as f64;
    let steps = (1e9 / bytes).clamp(4.0, 100.0) as usize;
    let from = vec![1f32; n * 2 * agents];
    let mut to = vec![0f32; from.len()];
    let (mut ms, mut copy) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..options.repetitions() {
        let run = || time(|| stepper.advance(&forces, &vec![STEP; steps])).1;
        ms = ms.min(pool.install(run) / steps as f64);
        let run = || {
            time(|| {
                for _ in 0..steps {
                    let parts = to.par_chunks_mut(1 << 16).zip(from.par_chunks(1 << 16));
                    parts.for_each(|(to, from)| to.copy_from_slice(from));
                }
            })
            .1
        };
        copy = copy.min(pool.install(run) / steps as f64);
    }
    let rate = bytes / ms / 1e6;
    let reference = 2.0 * size_of_val(&*from) as f64 / copy / 1e6;
    let (form, size) = ("structured", format!("{tokens} × {experts}"));
    let row = Row {
        form,
        mode: format!("{mode:?}").to_lowercase(),
        size,
        agents,
        threads,
        ms,
        rate,
        reference,
    };
    show(format!("{tokens} × {experts} {}", row.mode), &row);
    Ok(row)
}
