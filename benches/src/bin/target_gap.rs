//! What does asking for less than the optimum save?
//!
//! `flow` with a target gap of 0.1 % against `flow` to the end, on every trained router, alternating
//! in one run; one thread, 4,096 tokens, capacity factor 1.0, medians.

use anyhow::Result;
use clap::Parser;
use serde::Serialize;
use spinroute_benches::{
    build_and_solve, flow,
    instances::{self, Case},
    objective_and_gap,
    report::{self, Options},
};
use spinroute_flow::Flow;
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

/// The relative gap asked for.
const TARGET: f64 = 1e-3;

#[derive(Serialize)]
struct Figures {
    name: String,
    exact_ms: f64,
    target_ms: f64,
    exact_gap: f64,
    target_gap: f64,
    short_of_optimum: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    let mut cases = instances::trained_routers()?;
    cases.retain(|case| {
        let wanted = !case.name.contains("1.25") && !case.name.contains("sigmoid");
        wanted && options.wants(case.family, &case.name)
    });
    if options.quick {
        cases = cases.into_iter().step_by(4).collect();
    }
    println!("# flow with a target gap of 0.1 % against flow to the end\n");
    println!("{machine}; one thread; medians of {}.\n", options.repetitions());
    report::head(&[
        "instance",
        "exact ms",
        "target ms",
        "target / exact",
        "certified gap",
        "true gap",
    ]);
    let mut figures = Vec::new();
    for case in &cases {
        let row = measure_case(case, options.repetitions())?;
        report::row(&[
            row.name.clone(),
            format!("{:.2}", row.exact_ms),
            format!("{:.2}", row.target_ms),
            format!("{:.2}", row.target_ms / row.exact_ms),
            format!("{:.1e}", row.target_gap),
            format!("{:.1e}", row.short_of_optimum),
        ]);
        figures.push(row);
    }
    options.write(&machine, &figures)
}

fn measure_case(case: &Case, repetitions: usize) -> Result<Figures> {
    let (exact, target) = (flow(), Flow { target_gap: TARGET });
    let (pool, instance) = (pool(1)?, case.instance()?);
    let mut samples = [Timings::default(), Timings::default()];
    let mut proofs = [(f64::NAN, f64::NAN); 2];
    for _ in 0..repetitions {
        for ((solver, samples), proof) in
            [&exact, &target].into_iter().zip(&mut samples).zip(&mut proofs)
        {
            let (solution, ms) = pool.install(|| time(|| build_and_solve(case, solver)));
            samples.add(ms);
            *proof = objective_and_gap(&instance, &solution?)?;
        }
    }
    let [(optimum, exact_gap), (objective, target_gap)] = proofs;
    Ok(Figures {
        name: case.name.clone(),
        exact_ms: samples[0].median(),
        target_ms: samples[1].median(),
        exact_gap,
        target_gap,
        short_of_optimum: (optimum - objective) / optimum.abs(),
    })
}
