//! One watched call of a solver.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use spinroute_core::{Best, Budget, Error, Instance, Progress, Run, Solution, Solver};

use crate::{Breach, Clause};

/// What ends a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Nothing, and nobody watches.
    None,
    /// The observer watches and never breaks.
    Watched,
    /// A budget of steps.
    Steps(u64),
    /// A budget of no time.
    NoTime,
    /// A budget of more time than any clock counts.
    AllTime,
    /// The observer breaks at this step.
    Break(u64),
}

/// The outcome of a call, with what the observer saw.
pub(crate) struct Attempt {
    pub(crate) outcome: Result<Solution, Error>,
    pub(crate) steps: u64,
    pub(crate) seen: Vec<Best>,
}

pub(crate) fn attempt(
    solver: &dyn Solver,
    instance: &Instance,
    seed: u64,
    limit: Limit,
    warm_prices: Option<&[f64]>,
) -> Result<Attempt, Box<Breach>> {
    let mut seen = Vec::new();
    let mut observe = |progress: &Progress| {
        seen.push(progress.best);
        if limit == Limit::Break(progress.step) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let mut run = Run::new(seed).budget(match limit {
        Limit::Steps(steps) => Budget { steps: Some(steps), time: None },
        Limit::NoTime => Budget { steps: None, time: Some(Duration::ZERO) },
        Limit::AllTime => Budget { steps: None, time: Some(Duration::MAX) },
        _ => Budget::default(),
    });
    if limit != Limit::None {
        run = run.observer(&mut observe);
    }
    if let Some(prices) = warm_prices {
        run = run.warm_prices(prices);
    }
    let call = AssertUnwindSafe(|| solver.solve(instance, &mut run));
    let outcome = catch_unwind(call).map_err(|payload| {
        let detail = format!("under {limit:?} it panicked: {}", message(payload.as_ref()));
        Breach::new(Clause::Panic, instance, detail)
    })?;
    let steps = run.steps();
    Ok(Attempt { outcome, steps, seen })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no message)")
}

/// Equal bit for bit.
pub(crate) fn same(a: &Solution, b: &Solution) -> bool {
    let bits = |solution: &Solution| {
        solution
            .prices
            .as_ref()
            .map(|prices| prices.iter().map(|p| p.to_bits()).collect::<Vec<_>>())
    };
    a.assignment == b.assignment && a.stop == b.stop && bits(a) == bits(b)
}
