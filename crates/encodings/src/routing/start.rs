//! What both solvers begin with: quantile balancing, whose steps are the first of the run.

use std::ops::ControlFlow;
use std::time::Duration;

use spinroute_core::{Best, Budget, Error, Instance, Progress, Run, Solution, Solver, Stop};
use spinroute_transport::Quantile;

use crate::routing::incumbent::{Incumbent, Origin};

/// Solves from quantile balancing, which is the first steps of the run, and by `search`, which says why it
/// ended if the run did; says which part the answer comes from.
pub(super) fn solve_from<'r>(
    instance: &Instance,
    run: &mut Run<'r>,
    rounds: u32,
    search: impl FnOnce(&mut Run<'r>, &mut Incumbent) -> Result<Option<Stop>, Error>,
) -> Result<(Solution, Origin), Error> {
    let (mut best, mut stop) = balance(instance, run, rounds)?;
    if stop.is_none() {
        stop = search(run, &mut best)?;
    }
    let stop = stop.unwrap_or(Stop::Finished);
    // Groups whose limits do not bind have a price of 0.
    best.prices.resize(instance.nodes(), 0.0);
    let solution = Solution { assignment: best.assignment, prices: Some(best.prices), stop };
    Ok((solution, best.origin))
}

/// Quantile balancing; also why the run ended, if it did.
fn balance(
    instance: &Instance,
    run: &mut Run<'_>,
    rounds: u32,
) -> Result<(Incumbent, Option<Stop>), Error> {
    let (seed, warm) = (run.seed(), run.start_prices(instance.nodes())?);
    // The inner run has the time of the outer one, which counts its steps.
    let (begin, time) = (run.begin(), run.time_left());
    let (mut stop, mut bound) = (None, f64::INFINITY);
    let mut observe = |progress: &Progress| {
        bound = progress.best.bound.unwrap_or(bound);
        forward(run, progress.best, &mut stop)
    };
    let rounds = if begin.is_break() { 0 } else { rounds };
    let mut inner = Run::new(seed).budget(Budget { steps: None, time }).observer(&mut observe);
    if let Some(warm) = warm {
        inner = inner.warm_prices(warm);
    }
    let solution = Quantile { rounds }.solve(instance, &mut inner)?;
    let objective = instance.objective(&solution.assignment)?;
    let mut prices = solution.prices.unwrap_or_else(|| vec![0.0; instance.experts()]);
    prices.truncate(instance.experts());
    let assignment = solution.assignment;
    let stop = stop
        .or(begin.break_value())
        .or((solution.stop == Stop::TimeLimit).then_some(Stop::TimeLimit));
    Ok((Incumbent { assignment, objective, origin: Origin::Start, prices, bound }, stop))
}

/// A step of an inner run is one of the outer run, which may end both.
pub(super) fn forward(run: &mut Run<'_>, best: Best, stop: &mut Option<Stop>) -> ControlFlow<()> {
    match run.tick(best) {
        ControlFlow::Continue(()) => ControlFlow::Continue(()),
        ControlFlow::Break(why) => {
            *stop = Some(why);
            ControlFlow::Break(())
        }
    }
}

/// Why a run ends that has less time left than something takes.
pub(super) fn too_late(run: &Run<'_>, takes: Duration) -> Option<Stop> {
    run.time_left().filter(|left| *left < takes).map(|_| Stop::TimeLimit)
}
