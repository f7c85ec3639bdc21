//! One timed run of a solver, and what it is worth.

use std::time::{Duration, Instant};

use spinroute::{
    Budget, Certificate, Error, Evaluation, Instance, Load, Observer, Run, Solution, Solver,
    Violation, evaluate,
};

use super::exit::Failure;

/// What a run is given beside the instance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings<'a> {
    pub(crate) seed: u64,
    pub(crate) budget: Budget,
    pub(crate) warm: Option<&'a [f64]>,
}

/// A solution with the time that the solver alone took.
pub(crate) struct Timed {
    pub(crate) solution: Solution,
    pub(crate) wall: Duration,
}

/// Runs a solver once.
pub(crate) fn timed<'a>(
    solver: &dyn Solver,
    instance: &Instance,
    settings: Settings<'a>,
    observer: Option<&'a mut Observer<'a>>,
) -> Result<Timed, Error> {
    let mut run = Run::new(settings.seed).budget(settings.budget);
    if let Some(prices) = settings.warm {
        run = run.warm_prices(prices);
    }
    if let Some(observer) = observer {
        run = run.observer(observer);
    }
    let start = Instant::now();
    let solution = solver.solve(instance, &mut run)?;
    Ok(Timed { solution, wall: start.elapsed() })
}

/// What core says about a solution.
pub(crate) struct Worth {
    pub(crate) evaluation: Evaluation,
    /// Whether every constraint holds; false only for a solver that ignores capacities.
    pub(crate) feasible: bool,
}

impl Worth {
    /// Evaluates; the answer of a solver that ignores capacities is measured without them where it
    /// breaks them, but its bound and its load are those of the instance.
    pub(crate) fn of(
        instance: &Instance,
        solver: &dyn Solver,
        solution: &Solution,
    ) -> Result<Self, Failure> {
        match evaluate(instance, solution) {
            Ok(evaluation) => Ok(Self { evaluation, feasible: true }),
            Err(Error::Violation(Violation::Capacity { .. })) if !solver.respects_capacity() => {
                let bug = |error: Error| Failure::Internal(format!("its answer: {error}"));
                let evaluation = evaluate(&instance.uncapped(), solution).map_err(bug)?;
                let mut evaluation = evaluation.against(Certificate::trivial(instance));
                evaluation.load = Load::new(instance, &solution.assignment);
                Ok(Self { evaluation, feasible: false })
            }
            Err(error) => Err(Failure::Internal(format!("the solver's answer: {error}"))),
        }
    }
}

/// Milliseconds.
pub(crate) fn milliseconds(wall: Duration) -> f64 {
    wall.as_secs_f64() * 1e3
}

/// Tokens a second.
pub(crate) fn tokens_per_second(tokens: usize, wall: Duration) -> f64 {
    tokens as f64 / wall.as_secs_f64().max(1e-9)
}
