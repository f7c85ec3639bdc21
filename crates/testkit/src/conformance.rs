//! The conformance suite: is this solver what its trait promises?

use std::collections::BTreeMap;
use std::fmt;

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rayon::{ThreadPool, ThreadPoolBuilder};
use spinroute_core::{Instance, Solver};

use crate::strategy::{Shape, families};
use crate::trial::{Trial, Verdict};
use crate::{Breach, Clause, generate, golden};

/// What is asked of a solver beyond the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Feasible,
    Optimal,
    Exact,
}

/// Pool sizes that must give the same solution.
const THREADS: [usize; 3] = [1, 2, 5];
/// Checks spent on making a counterexample smaller.
const SHRINKS: u32 = 400;

/// The conformance suite and how much of it to run.
///
/// Every clause is checked on every [golden](crate::golden) instance, on random ones of every
/// [strategy](crate::strategy) (shrunk to a smallest counterexample) and on larger ones of
/// [`generate`], up to 130 experts and 2,048 tokens. An instance that the solver refuses with
/// [`Error::Unsupported`](spinroute_core::Error::Unsupported) is counted and passed over. That a
/// solver does not change its instance needs no clause: it gets a shared reference. Beside the
/// solver's own time, for some 25 runs on each of about 330 instances, it takes half a second.
///
/// ```
/// use spinroute_core::{Assignment, Error, Instance, Run, Solution, Solver, Stop};
/// use spinroute_testkit::{Clause, Conformance};
///
/// /// Every token takes experts 0 to k − 1, until they are full.
/// struct FirstComeFirstServed;
///
/// impl Solver for FirstComeFirstServed {
///     fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
///         if instance.demand().is_exact() || instance.has_forbidden() {
///             return Err(Error::Unsupported("optional slots and allowed pairs only".into()));
///         }
///         let mut assignment = Assignment::empty(instance.tokens(), instance.demand().k());
///         let mut load = vec![0; instance.experts()];
///         for t in 0..instance.tokens() {
///             for e in 0..instance.demand().k() {
///                 if load[e] <= instance.capacity()[e] { // one too many: it should be <
///                     assignment.push(t, e as u32);
///                     load[e] += 1;
///                 }
///             }
///         }
///         Ok(Solution { assignment, prices: None, stop: Stop::Finished })
///     }
/// }
///
/// let breach = Conformance::feasible().check(&FirstComeFirstServed).unwrap_err();
/// assert_eq!(breach.clause, Clause::Feasible);
/// println!("{breach}"); // the smallest instance found, ready to be a test case
/// ```
#[derive(Clone, Debug)]
pub struct Conformance {
    level: Level,
    cases: u32,
    seed: u64,
    shape: Shape,
}

/// What a solver that conforms was tried on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Feasible instances that were solved, by source.
    pub solved: BTreeMap<String, u32>,
    /// Instances refused as unsupported, by source.
    pub unsupported: BTreeMap<String, u32>,
    /// Infeasible instances that were refused, by source.
    pub infeasible: BTreeMap<String, u32>,
}

/// [`Conformance::feasible`] with its defaults: what every solver must pass.
///
/// # Errors
/// The first broken clause.
pub fn conformance(solver: &dyn Solver) -> Result<Report, Box<Breach>> {
    Conformance::feasible().check(solver)
}

impl Conformance {
    fn new(level: Level) -> Self {
        Self { level, cases: 24, seed: 0, shape: Shape::default() }
    }

    /// The contract of every solver: see [`Solver`].
    #[must_use]
    pub fn feasible() -> Self {
        Self::new(Level::Feasible)
    }

    /// Also that a run without limits reaches the optimum, to a relative 1e-9. No prices are asked
    /// for.
    #[must_use]
    pub fn optimal() -> Self {
        Self::new(Level::Optimal)
    }

    /// Also that its prices prove the optimum, to a relative gap of 1e-9.
    #[must_use]
    pub fn exact() -> Self {
        Self::new(Level::Exact)
    }

    /// Random instances per strategy (default 24).
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The seed of the random instances and of the runs (default 0).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sizes of the random instances.
    #[must_use]
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Tries `solver`. What it panics with also goes to the panic hook, as usual. One that never
    /// returns is not interrupted.
    ///
    /// # Errors
    /// The first broken clause, with the smallest instance found that shows it.
    ///
    /// # Panics
    /// If the operating system gives no threads.
    pub fn check(&self, solver: &dyn Solver) -> Result<Report, Box<Breach>> {
        let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
        let pools: Vec<ThreadPool> =
            THREADS.map(pool).into_iter().collect::<Result<_, _>>().expect("threads can start");
        let trial = Trial { solver, level: self.level, seed: self.seed, pools: &pools };
        let mut report = Report::default();
        for golden in golden::all() {
            let source = format!("golden {}", golden.name);
            report.count(&source, trial.check(&golden.instance), &source)?;
        }
        for (name, strategy) in families(&self.shape) {
            self.family(&trial, name, &strategy, &mut report)?;
        }
        for (name, instance) in larger(self.seed) {
            report.count("generate", trial.check(&instance), &format!("generate::{name}"))?;
        }
        if report.solved.is_empty() {
            let first = &golden::all()[0].instance;
            return Err(Breach::new(Clause::Useful, first, "every instance was refused"));
        }
        Ok(report)
    }

    /// [`Conformance::check`] for tests.
    ///
    /// # Panics
    /// If a clause is broken, with its description and the instance.
    #[track_caller]
    pub fn assert(&self, solver: &dyn Solver) -> Report {
        match self.check(solver) {
            Ok(report) => report,
            Err(breach) => panic!("{breach}"),
        }
    }

    fn family(
        &self,
        trial: &Trial<'_>,
        name: &str,
        strategy: &BoxedStrategy<Instance>,
        report: &mut Report,
    ) -> Result<(), Box<Breach>> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for _ in 0..self.cases {
            let mut tree = strategy
                .new_tree(&mut runner)
                .unwrap_or_else(|reason| unreachable!("nothing is filtered: {reason}"));
            let verdict = trial
                .check(&tree.current())
                .map_err(|breach| smallest(breach, &mut tree, |instance| trial.check(instance)));
            report.count(name, verdict, &format!("strategy::{name}"))?;
        }
        Ok(())
    }
}

/// Instances that are too large for a strategy: long augmenting paths, odd numbers of experts above
/// a vector's width, large k, and many tokens, which the reference cannot solve but threads share.
fn larger(seed: u64) -> Vec<(&'static str, Instance)> {
    let instances = [
        ("skewed(96, 12, 3, 1.0)", generate::skewed(96, 12, 3, 1.0, seed)),
        ("skewed(96, 12, 2, 6.0)", generate::skewed(96, 12, 2, 6.0, seed)),
        ("tied(96, 12, 3, 4)", generate::tied(96, 12, 3, 4, seed)),
        ("tight(96, 12, 3)", generate::tight(96, 12, 3, seed)),
        ("sparse(96, 12, 2, 4)", generate::sparse(96, 12, 2, 4, seed)),
        ("spread(48, 12, 3)", generate::spread(48, 12, 3, seed)),
        ("skewed(30, 17, 9, 1.0)", generate::skewed(30, 17, 9, 1.0, seed)),
        ("skewed(40, 130, 3, 1.0)", generate::skewed(40, 130, 3, 1.0, seed)),
        ("skewed(2048, 32, 4, 1.0)", generate::skewed(2048, 32, 4, 1.0, seed)),
    ];
    let valid = |error| unreachable!("all sizes are valid: {error}");
    instances.map(|(name, instance)| (name, instance.unwrap_or_else(valid))).into()
}

/// The smallest instance that breaks the same clause.
fn smallest(
    mut breach: Box<Breach>,
    tree: &mut impl ValueTree<Value = Instance>,
    check: impl Fn(&Instance) -> Result<Verdict, Box<Breach>>,
) -> Box<Breach> {
    let mut more = tree.simplify();
    for _ in 0..SHRINKS {
        if !more {
            break;
        }
        more = match check(&tree.current()) {
            Err(smaller) if smaller.clause == breach.clause => {
                breach = smaller;
                tree.simplify()
            }
            _ => tree.complicate(),
        };
    }
    breach
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counts: &BTreeMap<String, u32>| counts.values().sum::<u32>();
        write!(f, "{} instances solved, ", count(&self.solved))?;
        write!(f, "{} infeasible ones refused, ", count(&self.infeasible))?;
        write!(f, "{} unsupported", count(&self.unsupported))?;
        for (i, (source, count)) in self.unsupported.iter().enumerate() {
            write!(f, "{}{count} of {source}", if i == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

impl Report {
    fn count(
        &mut self,
        name: &str,
        verdict: Result<Verdict, Box<Breach>>,
        source: &str,
    ) -> Result<(), Box<Breach>> {
        let counts = match verdict {
            Ok(Verdict::Solved) => &mut self.solved,
            Ok(Verdict::Unsupported) => &mut self.unsupported,
            Ok(Verdict::Infeasible) => &mut self.infeasible,
            Err(mut breach) => {
                breach.origin = source.into();
                return Err(breach);
            }
        };
        *counts.entry(name.into()).or_default() += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use spinroute_core::{Error, Run, Solution};

    use super::*;
    use crate::reference::Reference;

    struct Panics(fn(&Instance) -> bool);

    impl Solver for Panics {
        fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
            assert!(!self.0(instance), "as planted");
            Reference.solve(instance, run)
        }
    }

    #[test]
    fn a_counterexample_shrinks_to_the_smallest() {
        let solver = Panics(|instance| instance.tokens() >= 5 && instance.experts() >= 2);
        let trial = Trial { solver: &solver, level: Level::Feasible, seed: 0, pools: &[] };
        for (name, strategy) in families(&Shape::default()) {
            let mut report = Report::default();
            let outcome = Conformance::exact().family(&trial, name, &strategy, &mut report);
            let (breach, least) = (outcome.err(), usize::from(name != "single"));
            assert_eq!(breach.iter().count(), least, "{name}");
            if let Some(breach) = breach {
                let size = (breach.instance.tokens(), breach.instance.experts());
                assert_eq!((breach.clause, size), (Clause::Panic, (5, 2)), "{breach}");
                assert_eq!(breach.origin, format!("strategy::{name}"));
                assert!(breach.to_string().contains("as planted"));
            }
        }
    }

    #[test]
    fn the_reference_conforms_as_an_exact_solver() {
        let report = Conformance::exact().assert(&Reference);
        assert!(report.to_string().ends_with("refused, 1 unsupported: 1 of generate"), "{report}");
        assert!(report.infeasible["forbidden"] > 0 && report.solved["forbidden"] > 0);
        assert_eq!(report.infeasible["golden deficient-crowd"], 1);
    }
}
