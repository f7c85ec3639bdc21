//! What is compared on every batch.

use anyhow::{Result, ensure};
use serde::Serialize;
use spinroute_benches::{build_and_solve, flow};
use spinroute_core::{Certificate, Error, Instance, Load, Run, Solution, Solver};
use spinroute_encodings::routing::{Origin, PriceRule};
use spinroute_encodings::{SbCloseCall, SbFull};
use spinroute_lab::Timings;
use spinroute_lab::timing::{pool, time};
use spinroute_transport::Quantile;

use crate::batches::Batch;

/// Rounds tried to match the time of `sb-close-call`.
const ROUNDS: [u32; 10] = [8, 12, 16, 24, 32, 48, 64, 96, 128, 192];

/// A way to solve, which tells where its answer comes from if it can.
type Way<'a> =
    (String, Box<dyn Fn(&Instance) -> Result<(Solution, Option<Origin>), Error> + Sync + 'a>);

/// What a way reached on a batch.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) way: String,
    pub(crate) ms: f64,
    /// Short of the optimum, relative.
    pub(crate) true_gap: f64,
    /// Against the bound of its own prices.
    pub(crate) certified_gap: f64,
    pub(crate) balance: f64,
    pub(crate) dead: usize,
    /// Of what top-k without capacities earns.
    pub(crate) retained: f64,
    pub(crate) won_by: Option<Origin>,
}

/// All ways on a batch, in the same order for all batches.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) held_out: bool,
    pub(crate) ways: Vec<Figures>,
    /// Rounds of quantile balancing in the time of `sb-close-call`.
    pub(crate) rounds_at_equal_time: u32,
}

impl Row {
    /// The figures of a way.
    pub(crate) fn of(&self, way: &str) -> &Figures {
        self.ways.iter().find(|figures| figures.way == way).unwrap_or(&self.ways[0])
    }
}

pub(crate) const FLOW: &str = "flow";
pub(crate) const FULL: &str = "sb-full";
pub(crate) const OFF: &str = "dynamics off";
pub(crate) const REPAIR: &str = "repair alone";
pub(crate) const CLOSE: &str = "sb-close-call";
pub(crate) const EQUAL: &str = "quantile, equal time";

fn full(name: &str, solver: SbFull) -> Way<'static> {
    let solve = move |instance: &Instance| {
        let (solution, from) = solver.solve_and_tell(instance, &mut Run::new(1))?;
        Ok((solution, Some(from)))
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
        let (solution, from) = solver.solve_and_tell(instance, &mut Run::new(1))?;
        Ok((solution, Some(from)))
    };
    (CLOSE.to_owned(), Box::new(solve))
}

/// The 2 × 2 × 2 of `sb-full`, and what stands beside it.
fn ways(on: SbFull, close_call: SbCloseCall, rounds: u32) -> Vec<Way<'static>> {
    let multipliers = SbFull { prices: PriceRule::Multipliers, ..on };
    let off = |solver: SbFull| SbFull { dynamics: false, ..solver };
    let zero = |solver: SbFull| SbFull { rounds: 0, ..solver };
    vec![
        (FLOW.to_owned(), Box::new(|i| Ok((flow().solve(i, &mut Run::new(1))?, None)))),
        full(FULL, on),
        full(OFF, off(on)),
        full("multipliers", multipliers),
        full("multipliers, dynamics off", off(multipliers)),
        full("from zero", zero(on)),
        full("from zero, dynamics off", off(zero(on))),
        full("from zero, multipliers", zero(multipliers)),
        full("from zero, multipliers, dynamics off", off(zero(multipliers))),
        quantile(REPAIR, on.rounds),
        switches(close_call),
        quantile(EQUAL, rounds),
    ]
}

/// All ways on a batch, alternating, one thread.
pub(crate) fn measure(
    batch: &Batch,
    on: SbFull,
    close_call: SbCloseCall,
    repetitions: usize,
) -> Result<Row> {
    let instance = batch.case.instance()?;
    let pool = pool(1)?;
    let exact = build_and_solve(&batch.case, &flow())?;
    let optimum = instance.objective(&exact.assignment)?;
    let (_, budget) = pool.install(|| time(|| (switches(close_call).1)(&instance)));
    let mut rounds = ROUNDS[0];
    for more in ROUNDS {
        let (_, ms) = pool.install(|| time(|| (quantile("", more).1)(&instance)));
        if ms > budget {
            break;
        }
        rounds = more;
    }
    let ways = ways(on, close_call, rounds);
    let mut samples = vec![Timings::default(); ways.len()];
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
    let (name, held_out) = (batch.case.name.clone(), batch.held_out);
    Ok(Row { name, held_out, ways: figures, rounds_at_equal_time: rounds })
}

fn judge(
    way: &str,
    instance: &Instance,
    optimum: f64,
    (solution, won_by): (Solution, Option<Origin>),
) -> Result<Figures> {
    let objective = instance.objective(&solution.assignment)?;
    ensure!(solution.prices.is_some(), "{way} has prices");
    let load = Load::new(instance, &solution.assignment);
    Ok(Figures {
        way: way.to_owned(),
        ms: f64::NAN,
        true_gap: (optimum - objective) / optimum.abs(),
        certified_gap: Certificate::new(instance, solution.prices.unwrap_or_default())?
            .gap(objective),
        balance: load.balance,
        dead: load.dead,
        retained: objective / Certificate::trivial(instance).bound(),
        won_by,
    })
}
