//! Assignment solvers: simulated bifurcation between prices and a repair.
//!
//! | solver | variables | what the dynamics decide |
//! |---|---|---|
//! | [`SbFull`] | a spin a pair, T·E | everything, as far as positions go against prices |
//! | [`SbCloseCall`] | a switch a close call | the last choice of tokens that hardly mind |
//!
//! Both start from [`Quantile`] balancing, end with [`spinroute_prices::repair`], and keep the best
//! feasible assignment that they saw, so that neither is ever worse than quantile balancing of as many
//! rounds. No step begins for which the time would not do, as far as the last one tells: the best that
//! was seen is an answer at any time. The plain problem is a linear program whose exact solver is faster
//! than either: what the dynamics add, and that it is little, is measured in `docs/sb-routing.md`.

mod close_call;
mod field;
mod full;
mod prices;

use std::ops::ControlFlow;
use std::time::Duration;

use spinroute_core::{
    Assignment, Best, Budget, Error, Instance, Progress, Run, Solution, Solver, Stop,
};
use spinroute_transport::Quantile;

use spinroute_bifurcation::{FEWER_STEPS, MOST_STEPS};

pub use close_call::SbCloseCall;
pub use full::{PriceRule, SbFull};

/// Which part of a solver an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// The starting prices and the repair: quantile balancing.
    Start,
    /// Prices that were moved during the run, and the repair: no dynamics in it.
    Prices,
    /// A state of the dynamics, and the repair.
    Dynamics,
}

/// The best that was seen: an assignment, prices, and where the assignment comes from.
struct Incumbent {
    assignment: Assignment,
    objective: f64,
    origin: Origin,
    /// Prices of the lowest bound.
    prices: Vec<f64>,
    bound: f64,
}

impl Incumbent {
    /// Keeps a feasible assignment if it is better.
    fn offer(&mut self, assignment: Assignment, objective: f64, origin: Origin) {
        if objective > self.objective {
            (self.assignment, self.objective, self.origin) = (assignment, objective, origin);
        }
    }

    /// Keeps prices if they prove more.
    fn prove(&mut self, prices: &[f32], bound: f64) {
        if bound < self.bound {
            self.bound = bound;
            self.prices.clear();
            self.prices.extend(prices.iter().copied().map(f64::from));
        }
    }

    /// What an observer is told.
    fn best(&self) -> Best {
        Best { objective: Some(self.objective), bound: Some(self.bound) }
    }
}

/// Solves from quantile balancing, which is the first steps of the run, and by `search`, which says why it
/// ended if the run did; says which part the answer comes from.
fn solve_from<'r>(
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
    let solution = Solution { assignment: best.assignment, prices: Some(best.prices), stop };
    Ok((solution, best.origin))
}

/// Quantile balancing; also why the run ended, if it did.
fn balance(
    instance: &Instance,
    run: &mut Run<'_>,
    rounds: u32,
) -> Result<(Incumbent, Option<Stop>), Error> {
    let (seed, warm) = (run.seed(), run.start_prices(instance.experts())?);
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
    let prices = solution.prices.unwrap_or_else(|| vec![0.0; instance.experts()]);
    let assignment = solution.assignment;
    let stop = stop
        .or(begin.break_value())
        .or((solution.stop == Stop::TimeLimit).then_some(Stop::TimeLimit));
    Ok((Incumbent { assignment, objective, origin: Origin::Start, prices, bound }, stop))
}

/// A step of an inner run is one of the outer run, which may end both.
fn forward(run: &mut Run<'_>, best: Best, stop: &mut Option<Stop>) -> ControlFlow<()> {
    match run.tick(best) {
        ControlFlow::Continue(()) => ControlFlow::Continue(()),
        ControlFlow::Break(why) => {
            *stop = Some(why);
            ControlFlow::Break(())
        }
    }
}

/// Why a run ends that has less time left than something takes.
fn too_late(run: &Run<'_>, takes: Duration) -> Option<Stop> {
    run.time_left().filter(|left| *left < takes).map(|_| Stop::TimeLimit)
}

/// An error of a form of the instance, as one of the instance.
fn as_core(error: impl Into<crate::Error>) -> Error {
    use spinroute_ising::Error as Ising;
    use spinroute_modelling::Error as Language;
    match error.into() {
        crate::Error::Core(error) => error,
        crate::Error::Ising(error) | crate::Error::Modelling(Language::Ising(error)) => match error
        {
            Ising::Parameter { name, value, mend } => Error::Parameter { name, value, mend },
            // Scores whose energies overflow, or more pairs than a model has variables.
            large @ (Ising::NotFinite { .. } | Ising::TooLarge { .. }) => {
                Error::Unsupported(large.to_string())
            }
            // The model is made here: all else that is wrong with it is our doing.
            other => Error::Defect(other.to_string()),
        },
        other => Error::Defect(other.to_string()),
    }
}

/// Refuses a weight far from 1: energies would overflow, or lose what is not weighted.
fn moderate(name: &'static str, value: f64) -> Result<(), Error> {
    if (1e-6..=1e6).contains(&value) {
        return Ok(());
    }
    Err(Error::Parameter { name, value: value.to_string(), mend: "it is 1e-6 to 1e6" })
}

/// Refuses more steps or moves of a look than [`MOST_STEPS`].
fn check_look(name: &'static str, count: u32) -> Result<(), Error> {
    if count as usize <= MOST_STEPS {
        return Ok(());
    }
    Err(Error::Parameter { name, value: count.to_string(), mend: FEWER_STEPS })
}

/// Refuses a parameter that is not positive and finite.
fn positive(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::Parameter { name, value: value.to_string(), mend: "it is positive and finite" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_model_made_here_is_a_defect() {
        use spinroute_ising::Error as E;
        for ours in [
            E::Variable { variable: 3, variables: 2 },
            E::Length { what: "a state", want: 3, got: 2 },
            E::SelfCoupling { variable: 1 },
        ] {
            assert!(matches!(as_core(ours.clone()), Error::Defect(_)), "{ours}");
        }
        let large = E::NotFinite { what: "coupling", index: 0, value: f64::INFINITY };
        assert!(matches!(as_core(large), Error::Unsupported(_)));
    }
}
