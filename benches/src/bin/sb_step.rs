//! How fast is a step of simulated bifurcation, against a matrix product and against memory?
//!
//! Dense: a step of many agents is `2 n² agents` operations of its product and about 10 more a
//! position; beside it, alternating, NumPy's `matmul` of the same shapes (`OpenBLAS`), whose time is the
//! product alone. Structured: a step on a grid of 4,096 × 160 reads and writes positions and momenta and
//! reads the field, which are the bytes that are counted; it has about 15 operations a position. Beside
//! it, alternating, two loops over as many bytes of positions and momenta: a copy (the C library's, with
//! ordinary stores: set `GLIBC_TUNABLES=glibc.cpu.x86_non_temporal_threshold=0x4040` for stores past the
//! caches), and a change of sign in place with a read of the field, which reads and writes the same lines
//! as a step does. The ratio is to the faster of them. Minima of the repetitions.

use std::hint::black_box;

use anyhow::Result;
use clap::Parser;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_benches::{
    report::{self, Options},
    worker::Worker,
};
use spinroute_bifurcation::{Mode, ScaledModel, Step, Stepper};
use spinroute_ising::{Dense, Grid, Ising, Structured};
use spinroute_lab::Machine;
use spinroute_lab::timing::{pool, time};

const STEP: Step = Step { time_step: 0.1, stiffness: 0.5, strength: 0.01, heat: 0.0 };

/// Values that a thread copies, or changes, at a time.
const PART: usize = 1 << 16;

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
    /// MFLOP a step.
    operations: f64,
    /// MB a step, at least: what must be read and written.
    bytes: f64,
    /// GFLOP/s (dense) or GB/s (structured).
    rate: f64,
    /// The product's rate (dense), or the faster of the two loops over memory (structured).
    reference: f64,
    copy: Option<f64>,
    in_place: Option<f64>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# A step of simulated bifurcation\n");
    let mut rows = Vec::new();
    if options.wants("dense", "") {
        let mut peer = Worker::start("sgemm.py")?;
        println!("{machine}; peer: {}.\n", peer.hello);
        let columns = ["dense", "agents", "threads", "ms", "MFLOP", "MB", "GFLOP/s", "NumPy's"];
        report::head(&[&columns[..], &["ratio"]].concat());
        for (n, agents) in [(2000, 32), (2000, 64), (1000, 64), (4000, 128)] {
            for threads in [1, 2] {
                rows.push(dense(n, agents, threads, &mut peer, &options)?);
            }
        }
    }
    if options.wants("structured", "") {
        println!("\n{machine}\n");
        let columns = ["structured", "agents", "threads", "ms", "MFLOP", "MB", "GB/s"];
        report::head(&[&columns[..], &["copy GB/s", "in place GB/s", "ratio"]].concat());
        for mode in [Mode::Ballistic, Mode::Discrete] {
            for agents in [1, 16, 32] {
                for threads in [1, 2] {
                    rows.push(structured(mode, agents, threads, &options)?);
                }
            }
        }
    }
    options.write(&machine, &rows)
}

fn show(first: String, row: &Row) {
    let mut cells = vec![
        first,
        row.agents.to_string(),
        row.threads.to_string(),
        format!("{:.3}", row.ms),
        format!("{:.0}", row.operations),
        format!("{:.1}", row.bytes),
        format!("{:.1}", row.rate),
    ];
    let references = match (row.copy, row.in_place) {
        (Some(copy), Some(in_place)) => vec![copy, in_place],
        _ => vec![row.reference],
    };
    cells.extend(references.iter().map(|rate| format!("{rate:.1}")));
    cells.push(format!("{:.2}", row.rate / row.reference));
    report::row(&cells);
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
    let forces = ScaledModel::new(&Ising::new(vec![0.0; n], Dense::new(matrix)?, 0.0)?);
    let pool = pool(threads)?;
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
    let row = Row {
        form: "dense",
        mode: "ballistic".into(),
        size: format!("{n} × {n}"),
        agents,
        threads,
        ms,
        operations: flop / 1e6,
        bytes: 4.0 * (n * n + 6 * n * agents) as f64 / 1e6,
        rate,
        reference,
        copy: None,
        in_place: None,
    };
    show(format!("{n} × {n}"), &row);
    Ok(row)
}

/// The couplings of the penalties of a routing problem.
fn grid(tokens: usize, experts: usize) -> Grid {
    Grid {
        rows: tokens,
        columns: experts,
        row_weights: vec![0.25; tokens],
        column_weights: vec![0.25; experts],
        ..Grid::default()
    }
}

fn structured(mode: Mode, agents: usize, threads: usize, options: &Options) -> Result<Row> {
    let (tokens, experts) = (4096, 160);
    let n = tokens * experts;
    let grid = grid(tokens, experts);
    let field: Vec<f64> = (0..n).map(|i| (i * 7919 % 1009) as f64 / 1009.0).collect();
    let values: Vec<f32> = field.iter().map(|h| *h as f32).collect();
    let forces =
        ScaledModel::new(&Ising::new(field, Structured::new(n, &[grid], &[], None)?, 0.0)?);
    let pool = pool(threads)?;
    let mut stepper = Stepper::new(&forces, mode, agents, 1);
    // Positions and momenta are read and written; the field is read once.
    let bytes = (n * (4 * agents + 1) * 4) as f64;
    let steps = (1e9 / bytes).clamp(4.0, 100.0) as usize;
    let from = vec![1f32; n * 2 * agents];
    let mut to = vec![0f32; from.len()];
    let [mut ms, mut copy, mut in_place] = [f64::INFINITY; 3];
    for _ in 0..options.repetitions() {
        let each = |best: &mut f64, work: &mut (dyn FnMut() + Send)| {
            let run = || time(|| (0..steps).for_each(|_| work())).1;
            *best = best.min(pool.install(run) / steps as f64);
        };
        let run = || time(|| stepper.advance(&forces, &vec![STEP; steps])).1;
        ms = ms.min(pool.install(run) / steps as f64);
        each(&mut copy, &mut || {
            let parts = to.par_chunks_mut(PART).zip(from.par_chunks(PART));
            parts.for_each(|(to, from)| to.copy_from_slice(from));
        });
        each(&mut in_place, &mut || {
            let parts = to.par_chunks_mut(PART).zip(values.par_chunks(PART / 2 / agents));
            parts.for_each(|(part, values)| {
                for v in part.iter_mut() {
                    *v = -*v;
                }
                black_box(values.iter().fold(0, |bits, h| bits ^ h.to_bits()));
            });
        });
    }
    let copy = 2.0 * size_of_val(&*from) as f64 / copy / 1e6;
    let in_place = bytes / in_place / 1e6;
    let row = Row {
        form: "structured",
        mode: format!("{mode:?}").to_lowercase(),
        size: format!("{tokens} × {experts}"),
        agents,
        threads,
        ms,
        operations: (15 * n * agents) as f64 / 1e6,
        bytes: bytes / 1e6,
        rate: bytes / ms / 1e6,
        reference: copy.max(in_place),
        copy: Some(copy),
        in_place: Some(in_place),
    };
    show(format!("{tokens} × {experts} {}", row.mode), &row);
    Ok(row)
}
