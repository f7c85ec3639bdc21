//! What does `flow` cost in top-k passes, phase by phase, up to the sizes of today's models?
//!
//! Warm solves in one process, on one thread and (`all`) on two, alternating with the plain top-k pass over the same
//! scores: the yardstick of a machine that drifts. The price phase is timed by itself; what is left is paths and proof.
//! Trained routers and OLMoE's affinities at 4,096 tokens, synthetic routers at the sizes of models of 384, 512 and
//! 1,024 experts, capacity factor 1.0.

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use serde::Serialize;
use spinroute_benches::{
    flow,
    instances::{self, Case},
    objective_and_gap,
    report::{self, Options},
};
use spinroute_core::{Instance, Run, Solver};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};
use spinroute_prices::{Selection, Watch, search};

#[derive(Serialize)]
struct Figures {
    family: &'static str,
    name: String,
    tokens: usize,
    experts: usize,
    k: u32,
    all_ms: f64,
    all_least_ms: f64,
    prices_ms: f64,
    prices_least_ms: f64,
    two_threads_ms: f64,
    topk_ms: f64,
    topk_least_ms: f64,
    price_steps: u64,
    units: f64,
    searches: u64,
    gap: f64,
}

impl Figures {
    /// All of a solve, in top-k passes.
    fn passes(&self) -> f64 {
        self.all_ms / self.topk_ms
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# What flow costs in top-k passes\n");
    println!("{machine}; warm, one thread; medians of {}.\n", options.repetitions());
    report::head(&[
        "instance",
        "T × E, k",
        "all ms",
        "prices ms",
        "steps",
        "units",
        "rest ms",
        "searches",
        "top-k ms",
        "passes",
        "2 threads",
    ]);
    let mut figures = Vec::new();
    let wanted = |family: &str, name: &str| {
        options.wants(family, name) && !(options.quick && family == "synthetic")
    };
    for case in instances::exact_sizes(wanted)? {
        let row = measured(&case, options.repetitions())?;
        print(&row);
        figures.push(row);
    }
    options.write(&machine, &figures)
}

fn print(row: &Figures) {
    report::row(&[
        row.name.clone(),
        format!("{} × {}, {}", row.tokens, row.experts, row.k),
        format!("{:.2}", row.all_ms),
        format!("{:.2}", row.prices_ms),
        row.price_steps.to_string(),
        format!("{:.0}", row.units),
        format!("{:.2}", row.all_ms - row.prices_ms),
        row.searches.to_string(),
        format!("{:.3}", row.topk_ms),
        format!("{:.1}", row.passes()),
        format!("{:.2} ×", row.all_ms / row.two_threads_ms),
    ]);
}

fn measured(case: &Case, repetitions: usize) -> Result<Figures> {
    let instance = case.instance()?;
    let solver = flow();
    let (one, two) = (pool(1)?, pool(2)?);
    let (solution, all_steps) = one.install(|| {
        let mut run = Run::new(0);
        solver.solve(&instance, &mut run).map(|solution| (solution, run.steps()))
    })?;
    let (_, gap) = objective_and_gap(&instance, &solution)?;
    ensure!(gap <= 1e-9, "{}: a gap of {gap:e}", case.name);
    let (units, price_steps) = one.install(|| priced(&instance));
    let [mut all, mut prices, mut both, mut topk] = [(); 4].map(|()| Timings::default());
    let k = instance.demand().k();
    let mut selection = Selection::default();
    let free = vec![0.0; instance.experts()];
    for _ in 0..repetitions {
        one.install(|| -> Result<()> {
            topk.add(time(|| selection.fill(instance.flat(), &free, k)).1);
            all.add(time(|| solver.solve(&instance, &mut Run::new(0))).1);
            prices.add(time(|| priced(&instance)).1);
            topk.add(time(|| selection.fill(instance.flat(), &free, k)).1);
            Ok(())
        })?;
        let (again, ms) = two.install(|| time(|| solver.solve(&instance, &mut Run::new(0))));
        ensure!(again? == solution, "{}: two threads answer otherwise", case.name);
        both.add(ms);
    }
    Ok(Figures {
        family: case.family,
        name: case.name.clone(),
        tokens: instance.tokens(),
        experts: instance.experts(),
        k: k as u32,
        all_ms: all.median(),
        all_least_ms: all.least(),
        prices_ms: prices.median(),
        prices_least_ms: prices.least(),
        two_threads_ms: both.median(),
        topk_ms: topk.median(),
        topk_least_ms: topk.least(),
        price_steps,
        units,
        searches: all_steps - price_steps,
        gap,
    })
}

/// The price phase alone: the units that it leaves out of place, and its steps.
fn priced(instance: &Instance) -> (f64, u64) {
    let mut improved = |_: &_| ControlFlow::Continue(());
    let mut watch = Watch::new(None, &mut improved);
    let mut run = Run::new(0);
    let (dual, _) = search(instance, None, &|_| Duration::ZERO, &mut run, &mut watch);
    (dual.units(), run.steps())
}
