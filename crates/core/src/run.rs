//! The context of a run: seed, budget, observer, prices to start from.

use std::any::Any;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::{Clock, Workspace};

/// Why a run ended. Optimality is not here: it is a gap of 0, which a
/// [`Certificate`](crate::Certificate) proves.
///
/// ```
/// use spinroute_core::{Best, Budget, Run, Stop};
/// use std::ops::ControlFlow;
///
/// let mut run = Run::new(0).budget(Budget { steps: Some(1), time: None });
/// let ControlFlow::Break(stop) = run.tick(Best::default()) else { panic!("one step is allowed") };
/// assert_eq!((stop, stop.to_string()), (Stop::StepLimit, "stopped by the step limit".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stop {
    /// The algorithm ran to its own end.
    Finished,
    /// The gap asked for was reached before the end.
    TargetGap,
    /// The energy asked for was reached before the end.
    Target,
    /// [`Budget::steps`] was used up.
    StepLimit,
    /// [`Budget::time`] was used up.
    TimeLimit,
    /// The observer asked to stop.
    Interrupted,
}

impl fmt::Display for Stop {
    /// In the words that the command prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Finished => "finished",
            Self::TargetGap => "reached the target gap",
            Self::Target => "reached the target energy",
            Self::StepLimit => "stopped by the step limit",
            Self::TimeLimit => "stopped by the time limit",
            Self::Interrupted => "interrupted",
        })
    }
}

/// Limits of a run; `None` means no limit.
///
/// A step is one pass of the solver's outer loop. Only step limits are reproducible.
///
/// ```
/// use std::time::Duration;
///
/// use spinroute_core::{Budget, Run};
///
/// let budget = Budget { steps: Some(10), time: Some(Duration::from_millis(5)) };
/// let run = Run::new(0).budget(budget);
/// assert!(run.time_left().is_some());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Budget {
    /// Largest number of steps.
    pub steps: Option<u64>,
    /// Longest wall-clock time, from [`Run::new`] on; nothing where there is no [`Clock`].
    pub time: Option<Duration>,
}

/// The best that a solver knows at the end of a step, where it knows it.
///
/// ```
/// use spinroute_core::{Best, Run};
///
/// let best = Best { objective: Some(1.5), bound: Some(1.6) };
/// assert!(Run::new(0).tick(best).is_continue()); // no limit, nobody who stops it
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Best {
    /// Objective of the best feasible assignment so far.
    pub objective: Option<f64>,
    /// Smallest upper bound so far.
    pub bound: Option<f64>,
}

/// What an observer sees.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use spinroute_core::{Best, Progress, Run, Stop};
///
/// let mut stop_at_two = |progress: &Progress| match progress.step {
///     2 => ControlFlow::Break(()),
///     _ => ControlFlow::Continue(()),
/// };
/// let mut run = Run::new(0).observer(&mut stop_at_two);
/// assert!(run.tick(Best::default()).is_continue());
/// assert!(run.tick(Best::default()).is_break());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Steps so far.
    pub step: u64,
    /// Wall-clock time so far.
    pub elapsed: Duration,
    /// The best so far.
    pub best: Best,
}

/// Called once per step; `Break` ends the run.
pub type Observer<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + Send + 'a;

/// The context of one run: the only source of randomness and time.
///
/// Threads are not here: a solver runs in the current rayon pool, and its answer does not depend
/// on their number.
///
/// A solver ends every step with [`Run::tick`], which tells the observer and says whether to go on:
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{
///     Assignment, Best, Demand, Error, Instance, Progress, Run, Solution, Solver, Stop,
/// };
/// use std::ops::ControlFlow;
///
/// /// Places one token a step on the first expert with room.
/// struct FirstFit;
///
/// impl Solver for FirstFit {
///     fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
///         let (mut assignment, mut stop) = (Assignment::empty(instance.tokens(), 1), Stop::Finished);
///         let mut room = instance.capacity().to_vec();
///         for t in 0..instance.tokens() {
///             let Some(e) = room.iter().position(|&room| room > 0) else { break };
///             assignment.push(t, e as u32);
///             room[e] -= 1;
///             let objective = Some(instance.objective(&assignment)?);
///             if let ControlFlow::Break(why) = run.tick(Best { objective, bound: None }) {
///                 stop = why;
///                 break;
///             }
///         }
///         Ok(Solution { assignment, prices: None, stop })
///     }
/// }
///
/// // An observer that writes down what it sees, and has seen enough after two steps.
/// let mut seen = Vec::new();
/// let mut observer = |progress: &Progress| {
///     seen.push(progress.best.objective);
///     if progress.step == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// };
/// let scores = array![[0.5, 0.25], [0.5, 0.25], [0.5, 0.25]];
/// let instance = Instance::new(scores, vec![2, 2], Demand::AtMost(1))?;
/// let solution = FirstFit.solve(&instance, &mut Run::new(0).observer(&mut observer))?;
/// assert_eq!(solution.stop, Stop::Interrupted);
/// assert_eq!(seen, [Some(0.5), Some(1.0)]);
/// # Ok::<(), Error>(())
/// ```
pub struct Run<'a> {
    seed: u64,
    budget: Budget,
    observer: Option<&'a mut Observer<'a>>,
    warm_prices: Option<&'a [f64]>,
    workspace: Option<&'a mut Workspace>,
    clock: Clock,
    step: u64,
}

impl<'a> Run<'a> {
    /// A run with no limits and no observer, whose clock starts now.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let budget = Budget::default();
        let (observer, warm_prices, workspace) = (None, None, None);
        Self { seed, budget, observer, warm_prices, workspace, clock: Clock::start(), step: 0 }
    }

    /// Sets the budget.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Sets the observer.
    #[must_use]
    pub fn observer(mut self, observer: &'a mut Observer<'a>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Offers prices to start from, one per expert, then one per group if there are any: the last batch's, or
    /// another solver's.
    ///
    /// A hint: it changes the time that a solver with prices takes, never the quality that an
    /// exact one reaches. Solvers without prices ignore it; the others refuse a wrong number or
    /// non-finite ones with [`Error::Prices`](crate::Error::Prices) and raise those that are too low to prove
    /// anything (negative ones, of what has no minimum).
    #[must_use]
    pub fn warm_prices(mut self, prices: &'a [f64]) -> Self {
        self.warm_prices = Some(prices);
        self
    }

    /// Offers memory that earlier runs have kept, and that this one may keep for later ones.
    #[must_use]
    pub fn workspace(mut self, workspace: &'a mut Workspace) -> Self {
        self.workspace = Some(workspace);
        self
    }

    /// Memory of this type that an earlier run has kept; a new one if there is none.
    #[must_use]
    pub fn take<T: Any + Send + Default>(&mut self) -> T {
        self.workspace.as_mut().map_or_else(T::default, |workspace| workspace.take())
    }

    /// Keeps memory for the next run, if somebody offered a workspace.
    pub fn keep<T: Any + Send>(&mut self, memory: T) {
        if let Some(workspace) = &mut self.workspace {
            workspace.keep(memory);
        }
    }

    /// The only source of randomness.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The prices to start from, checked against the number of experts (and groups, where there are any).
    ///
    /// # Errors
    /// If there is not one finite price per expert.
    pub fn start_prices(&self, experts: usize) -> Result<Option<&'a [f64]>, crate::Error> {
        let Some(prices) = self.warm_prices else { return Ok(None) };
        let bad = prices.iter().position(|p| !p.is_finite());
        if prices.len() != experts || bad.is_some() {
            return Err(crate::Error::Prices { experts, got: prices.len(), bad });
        }
        Ok(Some(prices))
    }

    /// Steps so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Wall-clock time so far.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Whether a first step may be taken: asked before it, as a budget may allow none.
    pub fn begin(&self) -> ControlFlow<Stop> {
        self.check()
    }

    /// Whether somebody watches: only then is it worth much to know the best so far.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.observer.is_some()
    }

    /// What is left of the budget of time; `None` if there is none.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.budget.time.map(|limit| limit.saturating_sub(self.clock.elapsed()))
    }

    /// Ends a step: tells the observer, then checks the budget.
    pub fn tick(&mut self, best: Best) -> ControlFlow<Stop> {
        self.step += 1;
        if let Some(observe) = self.observer.as_mut() {
            let progress = Progress { step: self.step, elapsed: self.clock.elapsed(), best };
            if observe(&progress).is_break() {
                return ControlFlow::Break(Stop::Interrupted);
            }
        }
        self.check()
    }

    fn check(&self) -> ControlFlow<Stop> {
        if self.budget.steps.is_some_and(|limit| self.step >= limit) {
            ControlFlow::Break(Stop::StepLimit)
        } else if self.budget.time.is_some_and(|limit| self.clock.elapsed() >= limit) {
            ControlFlow::Break(Stop::TimeLimit)
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_observer_sees_every_step_and_stops_the_run() {
        let mut seen = Vec::new();
        let mut observe = |progress: &Progress| {
            seen.push((progress.step, progress.best.bound));
            if progress.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut run = Run::new(1).observer(&mut observe);
        let best = Best { objective: None, bound: Some(2.0) };
        let stop = loop {
            if let ControlFlow::Break(stop) = run.tick(best) {
                break stop;
            }
        };
        assert_eq!(stop, Stop::Interrupted);
        assert_eq!(seen, [(1, Some(2.0)), (2, Some(2.0)), (3, Some(2.0))]);
    }

    #[test]
    fn budgets_end_a_run() {
        let mut run = Run::new(1).budget(Budget { steps: Some(1), time: None });
        assert_eq!(run.tick(Best::default()), ControlFlow::Break(Stop::StepLimit));
        let mut run = Run::new(1).budget(Budget { steps: None, time: Some(Duration::ZERO) });
        assert_eq!(run.tick(Best::default()), ControlFlow::Break(Stop::TimeLimit));
    }

    #[test]
    fn a_budget_may_allow_no_step() {
        let begin = |steps, time| Run::new(1).budget(Budget { steps, time }).begin();
        assert_eq!(begin(Some(0), None), ControlFlow::Break(Stop::StepLimit));
        assert_eq!(begin(None, Some(Duration::ZERO)), ControlFlow::Break(Stop::TimeLimit));
        assert_eq!(begin(Some(1), Some(Duration::MAX)), ControlFlow::Continue(()));
        assert_eq!(Run::new(1).time_left(), None);
        let run = Run::new(1).budget(Budget { steps: None, time: Some(Duration::ZERO) });
        assert_eq!(run.time_left(), Some(Duration::ZERO));
        assert!(!run.is_watched());
    }

    #[test]
    fn a_run_needs_no_clock() {
        let mut progress = None;
        let mut observe = |seen: &Progress| {
            progress = Some(seen.elapsed);
            ControlFlow::Continue(())
        };
        let mut run =
            Run::new(1).budget(Budget { steps: None, time: Some(Duration::from_nanos(1)) });
        run.clock = Clock::still();
        let mut run = run.observer(&mut observe);
        assert_eq!(run.begin(), ControlFlow::Continue(()));
        assert_eq!(run.tick(Best::default()), ControlFlow::Continue(()));
        assert_eq!(run.elapsed(), Duration::ZERO);
        assert_eq!(run.time_left(), Some(Duration::from_nanos(1)));
        assert_eq!(progress, Some(Duration::ZERO));
        let mut run = Run::new(1).budget(Budget { steps: Some(1), time: Some(Duration::ZERO) });
        run.clock = Clock::still();
        assert_eq!(run.begin(), ControlFlow::Break(Stop::TimeLimit));
        assert_eq!(run.tick(Best::default()), ControlFlow::Break(Stop::StepLimit));
    }

    #[test]
    fn a_stop_is_a_sentence_part() {
        assert_eq!(
            format!("{:<9}|{}", Stop::Finished, Stop::TimeLimit),
            "finished |stopped by the time limit"
        );
    }

    #[test]
    fn start_prices_are_checked() {
        let run = Run::new(0).warm_prices(&[0.0, f64::NAN]);
        assert!(run.start_prices(2).is_err());
        assert!(Run::new(0).warm_prices(&[0.0]).start_prices(2).is_err());
        assert_eq!(Run::new(0).warm_prices(&[0.5]).start_prices(1), Ok(Some(&[0.5][..])));
    }
}
