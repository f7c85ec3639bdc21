//! What do the dynamics of simulated bifurcation add to routing?
//!
//! Capacity factor 1.0, on the trained routers and the OLMoE batches. Gaps are against the proven
//! optimum of `flow`, times of one thread, all alternating in one run:
//!
//! - `sb-full` as it is, with the dynamics off (multipliers, decode, repair), with multipliers from
//!   zero, with both, and the repair alone (quantile balancing of as many rounds);
//! - `sb-close-call` beside quantile balancing of as many rounds, and of as many as take its time.
//!
//! `won by` says which part gave the best answer: start (the repair alone), prices or dynamics.

use anyhow::{Result, ensure};
use clap::Parser;
use serde::Serialize;
use spinroute_benches::instances::{self, Case};
use spinroute_benches::measure::{self, Machine, Samples, time};
use spinroute_benches::report::{self, Options};
use spinroute_benches::{build_and_solve, flow};
use spinroute_bifurcation::routing::Origin;
use spinroute_bifurcation::{SbCloseCall, SbFull};
use spinroute_core::{Certificate, Error, Instance, Load, Run, Solution, Solver};
use spinroute_transport::Quantile;

/// Rounds tried to match the time of `sb-close-call`.
const ROUNDS: [u32; 8] = [8, 12, 16, 24, 32, 48, 64, 96];

/// A way to solve, which tells where its answer comes from if it can.
type Way<'a> =
    (String, Box<dyn Fn(&Instance) -> Result<(Solution, Option<Origin>), Error> + Sync + 'a>);

#[derive(Clone, Debug, Serialize)]
struct Figures {
    way: String,
    ms: f64,
    /// Short of the optimum, relative.
    true_gap: f64,
    /// Against the bound of its own prices.
    certified_gap: f64,
    balance: f64,
    dead: usize,
    retained: f64,
    won_by: Option<Origin>,
}

#[derive(Serialize)]
struct Row {
    family: &'static str,
    name: String,
    ways: Vec<Figures>,
    /// Rounds of quantile balancing in the time of `sb-close-call`.
    rounds_at_equal_time: u32,
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Parameters of `sb-full`, as JSON.
    #[arg(long, default_value = "{}")]
    full: String,
    /// Parameters of `sb-close-call`, as JSON.
    #[arg(long, default_value = "{}")]
    close_call: String,
}

fn main() -> Result<()> {
    let Arguments { options, full, close_call } = Arguments::parse();
    let full: SbFull = serde_json::from_str(&full)?;
    let close_call: SbCloseCall = serde_json::from_str(&close_call)?;
    let machine = Machine::here();
    let mut cases = [instances::trained_routers()?, instances::olmoe()?].concat();
    cases.retain(|case| !case.name.contains("1.25") && options.wants(case.family, &case.name));
    if options.quick {
        cases = cases.into_iter().step_by(6).collect();
    }
    println!("# What the dynamics add to routing\n");
    println!("{machine}; one thread; medians of {}.\n", options.repetitions());
    report::head(&[
        "instance",
        "solver",
        "ms",
        "gap to optimum",
        "own certified gap",
        "balance",
        "dead",
        "retained",
        "won by",
    ]);
    let mut rows = Vec::new();
    for case in &cases {
        let row = measure_case(case, full, close_call, options.repetitions())?;
        row.ways.iter().for_each(|figures| print(&row.name, figures));
        rows.push(row);
    }
    options.write(&machine, &rows)
}

fn full(name: &str, solver: SbFull) -> Way<'static> {
    let solve = move |instance: &Instance| {
        solver
            .solve_and_tell(instance, &mut Run::new(1))
            .map(|(solution, from)| (solution, Some(from)))
    };
    (name.to_owned(), Box::new(solve))
}

fn quantile(name: &str, rounds: u32) -> Way<'static> {
    let solve = move |instance: &Instance| {
        Quantile { rounds }.solve(instance, &mut Run::new(1)).map(|solution| (solution, None))
    };
    (name.to_owned(), Box::new(solve))
}

fn switches(solver: SbCloseCall) -> Way<'static> {
    let solve = move |instance: &Instance| {
        let told = solver.solve_and_tell(instance, &mut Run::new(1))?;
        Ok((told.0, Some(told.1)))
    };
    ("sb-close-call".to_owned(), Box::new(solve))
}

fn measure_case(
    case: &Case,
    on: SbFull,
    close_call: SbCloseCall,
    repetitions: usize,
) -> Result<Row> {
    let instance = case.instance()?;
    let pool = measure::pool(1)?;
    let exact = build_and_solve(case, &flow())?;
    let optimum = instance.objective(&exact.assignment)?;
    let (_, budget) = pool.install(|| time(|| (switches(close_call).1)(&instance)));
    let mut rounds = ROUNDS[0];
    for more in ROUNDS {
        let (_, ms) = pool.install(|| time(|| (quantile("", more).1)(&instance)));
        if ms <= budget {
            rounds = more;
        }
    }
    let off = SbFull { dynamics: false, ..on };
    let ways: Vec<Way<'_>> = vec![
        ("flow".to_owned(), Box::new(|i| Ok((flow().solve(i, &mut Run::new(1))?, None)))),
        full("sb-full", on),
        full("dynamics off", off),
        full("from zero", SbFull { rounds: 0, ..on }),
        full("from zero, dynamics off", SbFull { rounds: 0, ..off }),
        quantile(&format!("repair alone (quantile {})", on.rounds), on.rounds),
        switches(close_call),
        quantile(&format!("quantile {rounds}, time of sb-close-call"), rounds),
    ];
    let mut samples = vec![Samples::default(); ways.len()];
    let mut figures = Vec::new();
    for repetition in 0..repetitions {
        for ((name, solve), samples) in ways.iter().zip(&mut samples) {
            let (solution, ms) = pool.install(|| time(|| solve(&instance)));
            samples.add(ms);
            if repetition == 0 {
                figures.push(judge(name, &instance, optimum, solution?)?);
            }
        }
    }
    for (figures, samples) in figures.iter_mut().zip(&samples) {
        figures.ms = samples.median();
    }
    let (family, name) = (case.family, case.name.clone());
    Ok(Row { family, name, ways: figures, rounds_at_equal_time: rounds })
}

fn judge(
    way: &str,
    instance: &Instance,
    optimum: f64,
    (solution, won_by): (Solution, Option<Origin>),
) -> Result<Figures> {
    let objective = instance.objective(&solution.assignment)?;
    ensure!(solution.prices.is_some(), "{way} has prices");
    let prices = solution.prices.unwrap_or_default();
    let load = Load::new(instance, &solution.assignment);
    let most: f64 = unconstrained(instance);
    Ok(Figures {
        way: way.to_owned(),
        ms: f64::NAN,
        true_gap: (optimum - objective) / optimum.abs(),
        certified_gap: Certificate::new(instance, prices)?.gap(objective),
        balance: load.balance,
        dead: load.dead,
        retained: objective / most,
        won_by,
    })
}

/// What top-k without capacities retains.
fn unconstrained(instance: &Instance) -> f64 {
    Certificate::trivial(instance).bound()
}

fn print(name: &str, row: &Figures) {
    let won = row.won_by.map_or("–", |origin| match origin {
        Origin::Start => "start",
        Origin::Prices => "prices",
        _ => "dynamics",
    });
    report::row(&[
        name.to_owned(),
        row.way.clone(),
        format!("{:.1}", row.ms),
        format!("{:.3} %", 100.0 * row.true_gap),
        format!("{:.3} %", 100.0 * row.certified_gap),
        format!("{:.4}", row.balance),
        row.dead.to_string(),
        format!("{:.2} %", 100.0 * row.retained),
        won.to_owned(),
    ]);
}
