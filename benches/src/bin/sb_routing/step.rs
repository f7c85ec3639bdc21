//! A step of the dynamics of `sb-full` against a plain copy: one agent, 4,096 × 160, with a field.

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;
use spinroute_benches::report;
use spinroute_bifurcation::{Mode, ScaledModel, Step, Stepper};
use spinroute_ising::{Grid, Ising, Structured};
use spinroute_lab::timing::{pool, time};

const STEPS: usize = 50;

#[derive(Serialize)]
pub(crate) struct Figures {
    threads: usize,
    ms: f64,
    gigabytes_per_second: f64,
    copy: f64,
}

/// Minima of the repetitions; positions and momenta are read and written, the field is read.
pub(crate) fn measure(repetitions: usize) -> Result<Vec<Figures>> {
    let (tokens, experts) = (4096, 160);
    let n = tokens * experts;
    let grid = Grid {
        rows: tokens,
        columns: experts,
        row_weights: vec![4.0 / 6.0 / 8.0; tokens],
        column_weights: vec![12.0 / 153.6 / 8.0; experts],
        ..Grid::default()
    };
    let field: Vec<f64> = (0..n).map(|i| (i * 7919 % 1009) as f64 / 1009.0).collect();
    let forces =
        ScaledModel::new(&Ising::new(field, Structured::new(n, &[grid], &[], None)?, 0.0)?);
    let bytes = (5 * n * size_of::<f32>()) as f64;
    let step = Step { time_step: 0.1, stiffness: 0.5, strength: 0.01, heat: 0.0 };
    let (from, mut to) = (vec![1f32; 2 * n], vec![0f32; 2 * n]);
    let mut all = Vec::new();
    for threads in [1, 2] {
        let pool = pool(threads)?;
        let mut stepper = Stepper::new(&forces, Mode::Ballistic, 1, 1);
        let (mut ms, mut copy) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..repetitions {
            let run = || time(|| stepper.advance(&forces, &[step; STEPS])).1;
            ms = ms.min(pool.install(run) / STEPS as f64);
            let mut once = || {
                let parts = to.par_chunks_mut(1 << 16).zip(from.par_chunks(1 << 16));
                parts.for_each(|(to, from)| to.copy_from_slice(from));
            };
            let run = || time(|| (0..STEPS).for_each(|_| once())).1;
            copy = copy.min(pool.install(run) / STEPS as f64);
        }
        let copy = 2.0 * size_of_val(&*from) as f64 / copy / 1e6;
        all.push(Figures { threads, ms, gigabytes_per_second: bytes / ms / 1e6, copy });
    }
    Ok(all)
}

pub(crate) fn print(all: &[Figures]) {
    println!("\n## A step of the dynamics of `sb-full`\n");
    println!("4,096 × 160, one agent, ballistic, with a field: 20 bytes a pair and step.\n");
    report::head(&["threads", "ms a step", "GB/s", "copy GB/s", "ratio"]);
    for figures in all {
        report::row(&[
            figures.threads.to_string(),
            format!("{:.3}", figures.ms),
            format!("{:.1}", figures.gigabytes_per_second),
            format!("{:.1}", figures.copy),
            format!("{:.2}", figures.gigabytes_per_second / figures.copy),
        ]);
    }
}
