//! Several solvers on one instance.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;
use spinroute_core::{Certificate, Error, Instance, Solver, Stop};

use crate::timing::{self, TimedSolution};
use crate::{Assessment, COLUMNS, Figures, Record, Settings, Sizes, assess, markdown, solve};

/// How solvers are compared.
///
/// ```
/// use std::num::NonZeroUsize;
/// use spinroute_lab::Plan;
///
/// let often = Plan { repeat: NonZeroUsize::new(9).expect("not 0"), ..Plan::default() };
/// assert!(!often.skip_unsupported); // whoever names a solver wants to hear that it refuses
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// What every run is given.
    pub settings: Settings<'a>,
    /// Runs of each solver.
    pub repeat: NonZeroUsize,
    /// Leave out solvers that cannot handle the instance, rather than fail.
    pub skip_unsupported: bool,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        let repeat = NonZeroUsize::MIN.saturating_add(4);
        Self { settings: Settings::default(), repeat, skip_unsupported: false }
    }
}

/// The run that comes next, told before it.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_lab::{Plan, Position, compare};
/// use spinroute_transport::Greedy;
///
/// let instance = Instance::new(array![[0.75, 0.5]], vec![1, 1], Demand::Exactly(1))?;
/// let mut told = Vec::new();
/// let mut progress = |next: Position| told.push(format!("{} {}", next.round, next.solver));
/// compare(&instance, vec![("greedy", Box::new(Greedy::default()))], Plan::default(), &mut progress)?;
/// assert_eq!((&*told[0], told.len()), ("0 greedy", 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// Runs before it, of all solvers.
    pub done: u64,
    /// Its round, from 0.
    pub round: usize,
    /// Its solver.
    pub solver: &'static str,
}

/// A solver that ended a comparison.
///
/// ```
/// use spinroute_core::Error;
/// use spinroute_lab::Failed;
///
/// let failed = Failed { solver: "lp", error: Error::Unsupported("up to 9 pairs".into()) };
/// assert!(failed.to_string().starts_with("lp: "));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{solver}: {error}")]
pub struct Failed {
    /// Its name.
    pub solver: &'static str,
    /// Why it gave no answer, or what is wrong with the one that it gave.
    #[source]
    pub error: Error,
}

/// A solver that cannot handle the instance.
///
/// ```
/// let skipped = spinroute_lab::Skipped { solver: "lp", reason: "up to 9 pairs".into() };
/// let json = serde_json::to_string(&skipped)?;
/// assert_eq!(json, r#"{"solver":"lp","reason":"up to 9 pairs"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name.
    pub solver: &'static str,
    /// What it says.
    pub reason: String,
}

/// What several solvers make of one instance.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance, Solver};
/// use spinroute_lab::{Comparison, Plan, Record, compare};
/// use spinroute_transport::{Greedy, Quantile};
///
/// let scores = array![[0.9, 0.8], [0.7, 0.1]];
/// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
/// let solvers: Vec<(&str, Box<dyn Solver>)> =
///     vec![("greedy", Box::new(Greedy::default())), ("quantile", Box::new(Quantile::default()))];
/// let comparison: Comparison = compare(&instance, solvers, Plan::default(), &mut |_| {})?;
/// let best: &Record = &comparison.solvers[0];
/// assert!(best.feasible && best.figures.objective <= comparison.bound);
/// println!("{}", serde_json::to_string(best)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Those of the instance.
    #[serde(flatten)]
    pub sizes: Sizes,
    /// The smallest bound that any solver proved.
    pub bound: f64,
    /// Seed of every run.
    pub seed: u64,
    /// Threads that ran.
    pub threads: usize,
    /// Runs of each solver.
    pub repeat: usize,
    /// Feasible answers first, each group by objective, best first; gaps are to [`Comparison::bound`].
    pub solvers: Vec<Record>,
    /// Solvers that were left out.
    pub skipped: Vec<Skipped>,
}

impl Comparison {
    /// The records as a table, a row a solver.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let rows = self.solvers.iter().map(|record| markdown::row(&record.cells()));
        markdown::head(&COLUMNS) + &rows.collect::<String>()
    }
}

/// A solver and its runs so far.
struct Contender {
    name: &'static str,
    solver: Box<dyn Solver>,
    runs: Vec<TimedSolution>,
}

/// A solver and what its runs came to.
struct Measured {
    name: &'static str,
    assessment: Assessment,
    stop: Stop,
    wall: Duration,
}

/// Runs every solver [`Plan::repeat`] times, in rounds, so that a disturbance hits all alike.
///
/// The answer that counts is that of the run of median time; without a limit on time all are the same.
///
/// # Errors
/// If a solver fails, or refuses the instance and [`Plan::skip_unsupported`] is not set.
pub fn compare(
    instance: &Instance,
    solvers: Vec<(&'static str, Box<dyn Solver>)>,
    plan: Plan<'_>,
    progress: &mut dyn FnMut(Position),
) -> Result<Comparison, Failed> {
    let contender = |(name, solver)| Contender { name, solver, runs: Vec::new() };
    let mut contenders: Vec<Contender> = solvers.into_iter().map(contender).collect();
    let (mut skipped, mut done) = (Vec::new(), 0);
    for round in 0..plan.repeat.get() {
        let mut fit = Vec::new();
        for mut contender in contenders {
            let solver = contender.name;
            progress(Position { done, round, solver });
            match solve(&*contender.solver, instance, plan.settings, None) {
                Ok(run) => {
                    contender.runs.push(run);
                    fit.push(contender);
                }
                Err(Error::Unsupported(reason)) if plan.skip_unsupported => {
                    skipped.push(Skipped { solver, reason });
                }
                Err(error) => return Err(Failed { solver, error }),
            }
            done += 1;
        }
        contenders = fit;
    }
    let measured: Result<Vec<Option<Measured>>, Failed> =
        contenders.into_iter().map(|contender| contender.measured(instance)).collect();
    let measured: Vec<Measured> = measured?.into_iter().flatten().collect();
    let certificates = measured.iter().map(|measured| &measured.assessment.evaluation.certificate);
    let best = certificates.min_by(|a, b| a.bound().total_cmp(&b.bound())).cloned();
    Ok(Comparison {
        sizes: Sizes::of(instance),
        bound: best.as_ref().map_or(f64::INFINITY, Certificate::bound),
        seed: plan.settings.seed,
        threads: rayon::current_num_threads(),
        repeat: plan.repeat.get(),
        solvers: ranked(instance, measured, best.as_ref()),
        skipped,
    })
}

impl Contender {
    /// The run of median time, evaluated; none without a run.
    fn measured(self, instance: &Instance) -> Result<Option<Measured>, Failed> {
        let Self { name, solver, runs } = self;
        let Some((solution, wall)) = timing::median(runs) else { return Ok(None) };
        let assessment = assess(instance, &*solver, &solution)
            .map_err(|error| Failed { solver: name, error })?;
        Ok(Some(Measured { name, assessment, stop: solution.stop, wall }))
    }
}

/// Feasible first, then by objective; gaps against the best certificate.
fn ranked(instance: &Instance, measured: Vec<Measured>, best: Option<&Certificate>) -> Vec<Record> {
    let record = |Measured { name, assessment, stop, wall }: Measured| {
        let mut figures = Figures::new(instance, &assessment, stop, wall);
        figures.gap = figures.gap.and(best).map(|best| best.gap(figures.objective));
        let Assessment { evaluation, feasible } = assessment;
        Record { solver: name, feasible, figures, load: evaluation.load }
    };
    let mut records: Vec<Record> = measured.into_iter().map(record).collect();
    let objective = |record: &Record| record.figures.objective;
    records.sort_by(|a, b| b.feasible.cmp(&a.feasible).then(objective(b).total_cmp(&objective(a))));
    records
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use spinroute_core::{Demand, Run, Solution, Violation};
    use spinroute_transport::{Greedy, Quantile, TopK};

    use super::*;

    /// Fails in the way that it is built for.
    struct Failing(Error);

    impl Solver for Failing {
        fn solve(&self, _: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
            Err(self.0.clone())
        }
    }

    fn instance() -> Instance {
        let scores = array![[0.75f32, 0.5], [0.5, 0.25]];
        Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap()
    }

    fn once(solvers: Vec<(&'static str, Box<dyn Solver>)>) -> Result<Comparison, Failed> {
        let plan = Plan { repeat: NonZeroUsize::MIN, skip_unsupported: true, ..Plan::default() };
        compare(&instance(), solvers, plan, &mut |_| {})
    }

    #[test]
    fn feasible_answers_come_first_with_gaps_to_the_best_bound() {
        let comparison = once(vec![
            ("topk", Box::new(TopK::default())),
            ("greedy", Box::new(Greedy::default())),
            ("quantile", Box::new(Quantile::default())),
        ])
        .unwrap();
        let names: Vec<&str> = comparison.solvers.iter().map(|record| record.solver).collect();
        assert_eq!(names.last(), Some(&"topk"));
        let bounds = comparison.solvers.iter().map(|record| record.figures.bound);
        assert_eq!(comparison.bound, bounds.fold(f64::INFINITY, f64::min));
        for Record { feasible, figures, .. } in &comparison.solvers {
            let gap = ((comparison.bound - figures.objective) / figures.objective).max(0.0);
            assert_eq!(figures.gap, feasible.then_some(gap));
        }
        let table = comparison.to_markdown();
        assert_eq!(table.lines().count(), 5);
        assert!(table.contains("| topk * | 1.250 | – |"), "{table}");
    }

    #[test]
    fn a_refusal_is_left_out_but_a_defect_never_is() {
        let refuses = Failing(Error::Unsupported("too large".into()));
        let comparison =
            once(vec![("refuses", Box::new(refuses)), ("greedy", Box::new(Greedy::default()))]);
        let comparison = comparison.unwrap();
        assert_eq!((comparison.solvers.len(), comparison.skipped.len()), (1, 1));
        let violation = Violation::Repeated { token: 0, expert: 1 };
        for error in [Error::Defect("ended nowhere".into()), violation.into()] {
            let failed = once(vec![("wrong", Box::new(Failing(error.clone())))]).unwrap_err();
            assert_eq!(failed, Failed { solver: "wrong", error });
        }
    }

    #[test]
    fn keys_of_the_json_keep_their_order() {
        let comparison = once(vec![("greedy", Box::new(Greedy::default()))]).unwrap();
        let json = serde_json::to_string(&comparison).unwrap();
        let keys = [
            "tokens",
            "experts",
            "top_k",
            "capacity",
            "demand",
            "bound",
            "seed",
            "threads",
            "repeat",
            "solvers",
            "solver",
            "feasible",
            "objective",
            "bound",
            "gap",
            "retained",
            "stop",
            "wall_ms",
            "tokens_per_s",
            "load",
            "max",
            "mean",
            "cv",
            "balance",
            "max_vio",
            "dead",
            "active",
            "overflow",
            "dropped",
            "skipped",
        ];
        let mut rest = &*json;
        for key in keys {
            let at = rest.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} in {json}"));
            rest = &rest[at + key.len()..];
        }
    }
}
