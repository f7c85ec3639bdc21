//! The conformance suite: is this solver what its trait promises?

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rayon::{ThreadPool, ThreadPoolBuilder};
use spinroute_core::{Error, Feature, Instance, Solver};

use crate::breach::{Breach, Clause, SEED_VARIABLE};
use crate::generate::{Draws, Rounding, Wide};
use crate::reference::Optimum;
use crate::strategy::{Shape, families};
use crate::trial::{Ask, Claim, Trial, Verdict};
use crate::{general, generate, golden};

/// Pool sizes that must give the same solution.
const THREADS: [usize; 3] = [1, 2, 5];
/// Checks spent on making a counterexample smaller.
const SHRINKS: u32 = 400;

/// The conformance suite and how much of it to run.
///
/// Every clause is checked on every [golden](crate::golden) instance, on random ones of every
/// [strategy](crate::strategy) (shrunk to a smallest counterexample) and on larger ones of
/// [`generate`], up to 1,024 experts and a million pairs. Up to some thousand pairs the
/// [reference](crate::reference) says what is right; above it planted optima do, and an exact
/// solver must prove itself ([`property::proven`](crate::property::proven)).
///
/// Every run of the suite draws other instances and other seeds for the runs. The seed that it drew
/// them from is in every [`Breach`] and [`Report`]; [`Conformance::seed`] or the environment variable
/// `SPINROUTE_SEED` gives it back.
///
/// An instance that the solver refuses with
/// [`Error::Unsupported`](spinroute_core::Error::Unsupported) is counted and passed over; of a
/// solver that claims the optimum, only where
/// [`allow_unsupported`](Conformance::allow_unsupported) says so. That a solver does not change its
/// instance needs no clause: it gets a shared reference.
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
    claim: Claim,
    cases: u32,
    seed: Option<u64>,
    shape: Shape,
    unsupported: Vec<String>,
    honoured: Vec<Feature>,
}

/// What a solver that conforms was tried on.
///
/// ```
/// use spinroute_testkit::{Conformance, reference::Reference};
///
/// let report = Conformance::exact().allow_unsupported(["generate"]).cases(2).seed(1).assert(&Reference);
/// assert_eq!((report.seed, report.solved["golden contest"]), (1, 1));
/// println!("{report}"); // so many solved, infeasible, unsupported
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The seed that all was drawn from.
    pub seed: u64,
    /// Feasible instances that were solved, by source.
    pub solved: BTreeMap<String, u32>,
    /// Instances refused as unsupported, by source.
    pub unsupported: BTreeMap<String, u32>,
    /// General instances refused as unsupported, by each [`Feature`] that they ask for.
    pub refused: BTreeMap<String, u32>,
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
    fn new(claim: Claim) -> Self {
        let (shape, unsupported, honoured) = (Shape::default(), Vec::new(), Vec::new());
        Self { claim, cases: 24, seed: None, shape, unsupported, honoured }
    }

    /// The contract of every solver: see [`Solver`].
    #[must_use]
    pub fn feasible() -> Self {
        Self::new(Claim::Feasible)
    }

    /// Also that a run without limits reaches the optimum, to a relative 1e-9. No prices are asked
    /// for.
    #[must_use]
    pub fn optimal() -> Self {
        Self::new(Claim::Optimal)
    }

    /// Also that its prices prove the optimum, to a relative gap of 1e-9.
    #[must_use]
    pub fn exact() -> Self {
        Self::new(Claim::Proven)
    }

    /// Random instances per strategy (default 24).
    #[must_use]
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The seed that the random instances and the seeds of the runs are drawn from (default: what
    /// the environment variable `SPINROUTE_SEED` says, else another one each time).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Lets a solver that claims the optimum refuse instances of these sources as unsupported: a
    /// family such as `spread`, `generate` for the larger ones, `golden cancelling` for one file.
    #[must_use]
    pub fn allow_unsupported<S: Into<String>>(
        mut self,
        sources: impl IntoIterator<Item = S>,
    ) -> Self {
        self.unsupported.extend(sources.into_iter().map(Into::into));
        self
    }

    /// What the solver honours beyond plain instances: those of [`general`] that ask for nothing else may not be
    /// refused. All others may, by whatever solver, and are counted in [`Report::refused`].
    #[must_use]
    pub fn honours(mut self, features: &[Feature]) -> Self {
        self.honoured.extend(features);
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
    /// If the operating system gives no threads, or `SPINROUTE_SEED` is no whole number.
    pub fn check(&self, solver: &dyn Solver) -> Result<Report, Box<Breach>> {
        let seed = self.seed.unwrap_or_else(drawn_seed);
        self.check_with(solver, seed).map_err(|mut breach| {
            breach.seed = Some(seed);
            breach
        })
    }

    fn check_with(&self, solver: &dyn Solver, seed: u64) -> Result<Report, Box<Breach>> {
        let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
        let pools: Vec<ThreadPool> =
            THREADS.map(pool).into_iter().collect::<Result<_, _>>().expect("threads can start");
        let trial = Trial { solver, claim: self.claim, pools: &pools };
        let mut report = Report { seed, ..Report::default() };
        let mut draws = Draws::new(seed);
        for golden in golden::all() {
            let source = format!("golden {}", golden.name);
            let verdict = trial.check(&golden.instance, self.ask(&source, &mut draws));
            report.count(&source, verdict, &source)?;
        }
        for (name, strategy) in families(&self.shape) {
            self.family(&trial, name, &strategy, &mut draws, &mut report)?;
        }
        for Larger { name, instance, known, brief } in larger(&mut draws) {
            let ask = Ask { brief, known: known.as_ref(), ..self.ask("generate", &mut draws) };
            let verdict = trial.check(&instance, ask).map_err(|breach| {
                let alone = Ask { brief: true, known: None, ..ask };
                cut_down(breach, |instance| trial.check(instance, alone))
            });
            report.count("generate", verdict, &format!("generate::{name}"))?;
        }
        for golden in golden::general() {
            let source = format!("golden {}", golden.name);
            let verdict = trial.check(&golden.instance, self.ask(&source, &mut draws));
            report.count(&source, verdict, &source)?;
        }
        for (name, strategy) in general::families(&self.shape) {
            let source = format!("general {name}");
            self.family(&trial, &source, &strategy, &mut draws, &mut report)?;
        }
        if report.solved.is_empty() {
            let first = &golden::all()[0].instance;
            return Err(Breach::new(Clause::Useful, first, "every instance was refused"));
        }
        Ok(report)
    }

    fn ask(&self, source: &str, draws: &mut Draws) -> Ask<'static> {
        let may_refuse =
            self.claim == Claim::Feasible || self.unsupported.iter().any(|name| name == source);
        Ask { seed: run_seed(draws), may_refuse, brief: false, known: None }
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
        draws: &mut Draws,
        report: &mut Report,
    ) -> Result<(), Box<Breach>> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&draws.whole().to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        for _ in 0..self.cases {
            let mut tree = strategy
                .new_tree(&mut runner)
                .unwrap_or_else(|reason| unreachable!("nothing is filtered: {reason}"));
            let instance = tree.current();
            let mut ask = self.ask(name, draws);
            let asked = instance.features();
            // What a solver does not say that it honours it may refuse.
            let beyond = asked.iter().any(|feature| !self.honoured.contains(feature));
            ask.may_refuse |= beyond;
            let verdict = trial.check(&instance, ask).map_err(|breach| {
                smallest(breach, &mut tree, |instance| trial.check(instance, ask))
            });
            if beyond && matches!(verdict, Ok(Verdict::Unsupported)) {
                for feature in asked {
                    *report.refused.entry(feature.to_string()).or_default() += 1;
                }
                continue;
            }
            report.count(name, verdict, &format!("strategy::{name}"))?;
        }
        Ok(())
    }
}

/// A seed that nobody chose, unless somebody did.
fn drawn_seed() -> u64 {
    match std::env::var(SEED_VARIABLE) {
        Ok(text) => match text.trim().parse() {
            Ok(seed) => seed,
            Err(error) => panic!("{SEED_VARIABLE} is {text:?}: {error}; give a number below 2^64"),
        },
        // The keys of a hash map come from the operating system.
        Err(_) => RandomState::new().hash_one(std::time::SystemTime::now()),
    }
}

/// Seeds of runs: small ones, as people give them, and large ones.
fn run_seed(draws: &mut Draws) -> u64 {
    let seed = draws.whole();
    match draws.below(4) {
        0 => seed % 10,
        1 => seed >> 32,
        _ => seed,
    }
}

/// An instance that is too large for a strategy.
struct Larger {
    name: String,
    instance: Instance,
    known: Option<Optimum>,
    brief: bool,
}

/// Long augmenting paths, odd numbers of experts above a vector's width, more than 8 bits of
/// experts, large k, many ties, and many pairs, which the reference cannot solve but threads share.
fn larger(draws: &mut Draws) -> Vec<Larger> {
    let mut all = Vec::new();
    let mut add = |name: String, brief, instance: Result<Instance, Error>| {
        let instance = instance.unwrap_or_else(|error| unreachable!("sizes are valid: {error}"));
        all.push(Larger { name, instance, known: None, brief });
    };
    let seed = draws.whole();
    for (t, e, k, skew, brief) in [
        (96, 12, 3, 1.0, false),
        (96, 12, 2, 6.0, false),
        (30, 17, 9, 1.0, true),
        (40, 130, 3, 1.0, true),
        (150, 300, 2, 1.0, true),
        (2048, 32, 4, 1.0, true),
    ] {
        let name = format!("skewed({t}, {e}, {k}, {skew:?}, {seed})");
        add(name, brief, generate::skewed(t, e, k, skew, seed));
    }
    let name = |name, sizes| format!("{name}({sizes}, {seed})");
    add(name("tied", "96, 12, 3, 4"), false, generate::tied(96, 12, 3, 4, seed));
    add(name("tight", "96, 12, 3"), true, generate::tight(96, 12, 3, seed));
    add(name("sparse", "96, 12, 2, 4"), true, generate::sparse(96, 12, 2, 4, seed));
    add(name("spread", "48, 12, 3"), true, generate::spread(48, 12, 3, seed));
    for kind in Rounding::ALL {
        let name = |t, e, k| format!("rounding({kind:?}, {t}, {e}, {k}, {seed})");
        add(name(64, 24, 2), true, generate::rounding(kind, 64, 24, 2, seed));
        add(name(128, 60, 2), true, generate::rounding(kind, 128, 60, 2, seed));
    }
    for kind in Wide::ALL {
        let name = format!("wide({kind:?}, 64, 16, 2, {seed})");
        add(name, true, generate::wide(kind, 64, 16, 2, seed));
    }
    for (t, e, k) in [(300, 80, 3), (1040, 1024, 2)] {
        let planted = generate::planted(t, e, k, seed);
        let (instance, known) =
            planted.unwrap_or_else(|error| unreachable!("sizes are valid: {error}"));
        let (name, known) = (format!("planted({t}, {e}, {k}, {seed})"), Some(known));
        all.push(Larger { name, instance, known, brief: true });
    }
    all
}

/// Checks, and the time, spent on making one of those smaller.
const CUTS: usize = 400;
const CUTTING: Duration = Duration::from_secs(3);

/// As [`smallest`], for an instance that no strategy drew.
fn cut_down(
    mut breach: Box<Breach>,
    check: impl Fn(&Instance) -> Result<Verdict, Box<Breach>>,
) -> Box<Breach> {
    let (clause, instance, start) = (breach.clause, breach.instance.clone(), Instant::now());
    crate::smallest(&instance, CUTS, |smaller| {
        if start.elapsed() > CUTTING {
            return false;
        }
        match check(smaller) {
            Err(broken) if broken.clause == clause => {
                breach = broken;
                true
            }
            _ => false,
        }
    });
    breach
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
        write!(f, "seed {}: {} instances solved, ", self.seed, count(&self.solved))?;
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
        let trial = Trial { solver: &solver, claim: Claim::Feasible, pools: &[] };
        for (name, strategy) in families(&Shape::default()) {
            let mut report = Report::default();
            let draws = &mut Draws::new(1);
            let outcome = Conformance::exact().family(&trial, name, &strategy, draws, &mut report);
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
        let all = [Feature::Demands, Feature::Minimums, Feature::Groups, Feature::Overflow];
        let suite = Conformance::exact().honours(&all).honours(&[Feature::Rewards]);
        let report = suite.allow_unsupported(["generate"]).assert(&Reference);
        assert!(report.refused.is_empty() && report.solved["general everything"] > 0);
        assert!(report.infeasible["general forbidden_minimums"] > 0, "{report}");
        assert!(report.to_string().ends_with("refused, 4 unsupported: 4 of generate"), "{report}");
        assert!(report.infeasible["forbidden"] > 0 && report.solved["forbidden"] > 0);
        assert_eq!(report.infeasible["golden deficient-crowd"], 1);
    }
}
