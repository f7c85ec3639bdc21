//! What a check reports: the broken clause and the instance that shows it.

use std::fmt;

use spinroute_core::Instance;

/// The environment variable that gives every suite without a seed of its own its seed.
pub const SEED_VARIABLE: &str = "SPINROUTE_SEED";

/// A clause of the contract of [`spinroute_core::Solver`], or a property of exact solvers.
///
/// ```
/// use spinroute_testkit::{Clause, generate, property};
///
/// let instance = generate::skewed(6, 2, 1, 1.0, 7)?;
/// let breach = property::weak_duality(&instance, &[f64::NAN, 0.0]).unwrap_err();
/// assert_eq!(breach.clause, Clause::Prices);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clause {
    /// It never panics.
    Panic,
    /// A feasible instance is solved or, by a solver that does not claim the optimum or where its
    /// test allows it, refused as unsupported: no other error.
    Refusal,
    /// No error says that the solver found itself wrong: no [`spinroute_core::Error::Defect`], and
    /// none in other words.
    Defect,
    /// The assignment satisfies every constraint, whatever stopped the run, and an infeasible
    /// instance has none.
    Feasible,
    /// A [`spinroute_core::Deficiency`] proves what it says.
    Deficiency,
    /// Prices are one finite number per expert.
    Prices,
    /// Objective ≤ optimum ≤ the bound that the prices prove. This follows from [`Self::Feasible`]
    /// and [`Self::Prices`] by weak duality: broken, it shows a fault of this project.
    Bound,
    /// [`spinroute_core::Stop`] says why the run ended.
    Stop,
    /// A `Break` of [`spinroute_core::Run::tick`] ends the run at that step; a budget of no steps
    /// takes none, one of no time at most one.
    Tick,
    /// The observer is told the truth: best objective ≤ optimum ≤ best bound, and neither gets
    /// worse. What was found is not lost: a run that is stopped returns the best objective that it
    /// reported, one that is stopped at its last step, whatever it reported, as good an answer as
    /// one that is not.
    Progress,
    /// Equal instance, seed and step budget give an equal solution, watched or not.
    Deterministic,
    /// The number of threads does not change the solution.
    Threads,
    /// Warm prices are a hint: a wrong number or non-finite ones are refused or ignored, any others
    /// accepted.
    WarmPrices,
    /// It solves something: not every instance is refused.
    Useful,
    /// Exact solvers: the objective is the optimum.
    Optimal,
    /// Exact solvers: the prices prove it.
    Proof,
    /// Exact solvers: reordering the tokens changes no objective.
    Permutation,
    /// Scores scaled by a power of two scale the objective.
    Scaling,
    /// Exact solvers: more capacity never lowers the objective.
    Loosening,
}

/// A broken clause, with the instance that shows it.
///
/// Its text holds the instance in the format of the [golden files](crate::golden) if it is small.
///
/// ```
/// use spinroute_core::{Assignment, Error, Instance, Run, Solution, Solver, Stop};
/// use spinroute_testkit::{Breach, Clause, conformance};
///
/// struct Idle;
///
/// impl Solver for Idle {
///     fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
///         let assignment = Assignment::empty(instance.tokens(), instance.demand().k());
///         Ok(Solution { assignment, prices: None, stop: Stop::Finished })
///     }
/// }
///
/// let breach: Box<Breach> = conformance(&Idle).unwrap_err();
/// assert_eq!(breach.clause, Clause::Feasible); // exactly k is not none
/// assert!(breach.instance.tokens() >= 1 && breach.seed.is_some());
/// ```
#[derive(Clone, Debug, thiserror::Error)]
pub struct Breach {
    /// The clause.
    pub clause: Clause,
    /// What was expected and what came.
    pub detail: String,
    /// The golden file or the strategy that the instance comes from.
    pub origin: String,
    /// The seed of the suite that drew it; see [`Conformance::seed`](crate::Conformance::seed).
    pub seed: Option<u64>,
    /// The smallest instance found that shows it.
    pub instance: Instance,
}

impl Breach {
    pub(crate) fn new(clause: Clause, instance: &Instance, detail: impl Into<String>) -> Box<Self> {
        let (detail, origin) = (detail.into(), String::new());
        Box::new(Self { clause, detail, origin, seed: None, instance: instance.clone() })
    }
}

/// Instances with more pairs are described, not printed.
const PRINTED_PAIRS: usize = 256;

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clause, detail, origin, seed, instance } = self;
        let (tokens, experts) = (instance.tokens(), instance.experts());
        write!(f, "clause {clause:?} broken: {detail} ({tokens} tokens × {experts} experts")?;
        if !origin.is_empty() {
            write!(f, " from {origin}")?;
        }
        write!(f, ")")?;
        if let Some(seed) = seed {
            write!(f, "; {SEED_VARIABLE}={seed} draws it again")?;
        }
        if tokens * experts <= PRINTED_PAIRS {
            write!(f, "\n{}", crate::golden::to_toml(instance))?;
        }
        Ok(())
    }
}
