//! What do the last batch's prices save on the next one?
//!
//! For every trained router: the exact prices of tokens 0..4096 start the solve of tokens
//! 4096..8192, alternating with a cold start; one thread, capacity factor 1.0, medians.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::Serialize;
use spinroute_benches::{
    data::{self, BATCH, ROUTERS, Transform},
    flow,
    instances::Case,
    objective_and_gap,
    report::{self, Options},
};
use spinroute_core::{Demand, Instance, Run, Solver};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

#[derive(Serialize)]
struct Figures {
    router: &'static str,
    layer: usize,
    cold_ms: f64,
    warm_ms: f64,
    objective: f64,
    gap: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Warm start of flow from the previous batch\n");
    println!("{machine}; one thread; medians of {}.\n", options.repetitions());
    report::head(&["router", "layer", "cold ms", "warm ms", "warm / cold", "certified gap"]);
    let mut figures = Vec::new();
    for (router, k) in ROUTERS {
        for layer in if options.quick { vec![3] } else { vec![0, 3] } {
            if options.wants("trained router", router) {
                let row = measure_router(router, layer, k, &options)?;
                report::row(&[
                    row.router.to_owned(),
                    row.layer.to_string(),
                    format!("{:.2}", row.cold_ms),
                    format!("{:.2}", row.warm_ms),
                    format!("{:.2}", row.warm_ms / row.cold_ms),
                    format!("{:.0e}", row.gap),
                ]);
                figures.push(row);
            }
        }
    }
    options.write(&machine, &figures)
}

fn measure_router(
    router: &'static str,
    layer: usize,
    k: u32,
    options: &Options,
) -> Result<Figures> {
    let batch = |start: usize| -> Result<Instance> {
        let scores = data::router_scores(router, layer, start..start + BATCH, Transform::Softmax)?;
        let case = Case::uniform("trained router", router.into(), scores, Demand::Exactly(k), 1.0)?;
        Ok(case.instance()?)
    };
    let (first, second, solver) = (batch(0)?, batch(BATCH)?, flow());
    let pool = pool(1)?;
    let (mut cold, mut warm) = (Timings::default(), Timings::default());
    let prices = pool.install(|| solver.solve(&first, &mut Run::new(0)))?.prices;
    let prices = prices.context("flow gives prices")?;
    let (mut objective, mut gap) = (f64::NAN, f64::NAN);
    for _ in 0..options.repetitions() {
        let from_cold = || time(|| solver.solve(&second, &mut Run::new(0)));
        let (solution, ms) = pool.install(from_cold);
        cold.add(ms);
        let optimum = objective_and_gap(&second, &solution?)?.0;
        let from_warm = || time(|| solver.solve(&second, &mut Run::new(0).warm_prices(&prices)));
        let (solution, ms) = pool.install(from_warm);
        warm.add(ms);
        (objective, gap) = objective_and_gap(&second, &solution?)?;
        ensure!((objective - optimum).abs() <= 1e-9 * optimum, "{router}: warm is not optimal");
    }
    Ok(Figures { router, layer, cold_ms: cold.median(), warm_ms: warm.median(), objective, gap })
}
