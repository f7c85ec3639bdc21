//! Tests of the tests: solvers with one planted fault each, which the clause meant for it catches.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::array;
use proptest::prelude::*;
use spinroute_core::{
    Assignment, Best, Deficiency, Demand, Error, Instance, Run, Solution, Solver, Stop,
};
use spinroute_testkit::reference::{Reference, optimum};
use spinroute_testkit::strategy::{Shape, any_instance};
use spinroute_testkit::{Breach, Clause, Conformance, property};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    OverCapacityUnderBudget,
    RepeatsAnExpert,
    WiderTable,
    IgnoresTheTick,
    StopsLate,
    SaysFinished,
    SaysInterrupted,
    NanPrice,
    OnePriceMissing,
    ZeroPrices,
    NoPrices,
    Suboptimal,
    CountsCalls,
    CountsThreads,
    CountsThreadsUnderBudget,
    CountsThreadsIfLarge,
    PanicsOnZeroCapacity,
    PanicsOnWrongWarmPrices,
    RefusesWarmPrices,
    FollowsWarmPrices,
    ErrorOutOfBudget,
    ErrorOnNegativeScores,
    WrongDeficiency,
    ClaimsTooMuch,
    LosesItsBest,
    ForgetsForbiddenPairs,
    RefusesEverything,
}

/// Takes three steps to a known optimum, but for its fault.
struct Planted {
    fault: Fault,
    calls: AtomicU64,
}

const STEPS: usize = 3;
/// Tokens of an instance that only the fault meant for it answers.
const LARGE: usize = 200;
/// Pairs up to which it asks the reference, again and again.
const REFERENCE_PAIRS: usize = 100;

impl Planted {
    fn new(fault: Fault) -> Self {
        Self { fault, calls: AtomicU64::new(0) }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// What goes wrong before the first step.
    fn start(&self, instance: &Instance, run: &Run<'_>) -> Result<Option<f64>, Error> {
        let unsupported = |why: &str| Err(Error::Unsupported(why.into()));
        let small = instance.tokens() * instance.experts() <= REFERENCE_PAIRS;
        let large = self.has(Fault::CountsThreadsIfLarge) && instance.tokens() > LARGE;
        if !small && !large {
            return unsupported("too large for the reference");
        }
        if self.has(Fault::RefusesEverything) {
            return unsupported("not today");
        }
        if self.has(Fault::PanicsOnZeroCapacity) {
            assert!(!instance.capacity().contains(&0), "division by zero capacity");
        }
        if self.has(Fault::ErrorOnNegativeScores) && instance.scores(0)[0] < 0.0 {
            let (name, value) = ("score", "negative".into());
            return Err(Error::Parameter { name, value, mend: "give positive ones" });
        }
        match run.start_prices(instance.experts()) {
            Ok(Some(_)) if self.has(Fault::RefusesWarmPrices) => unsupported("cold start only"),
            Ok(warm) => Ok(warm.map(|prices| prices.iter().sum())),
            Err(error) if self.has(Fault::PanicsOnWrongWarmPrices) => panic!("{error}"),
            Err(error) => Err(error),
        }
    }

    fn steps(&self, run: &mut Run<'_>, objective: f64) -> Option<Stop> {
        let mut told = None;
        for step in 1..=STEPS {
            let claim =
                if self.has(Fault::ClaimsTooMuch) { objective.abs() * 0.01 + 1.0 } else { 0.0 };
            let best = Best { objective: Some(objective + claim), bound: None };
            if let ControlFlow::Break(stop) = run.tick(best) {
                told = told.or(Some(stop));
                let late = self.has(Fault::StopsLate) && step == 2;
                if !late && !self.has(Fault::IgnoresTheTick) {
                    break;
                }
            }
        }
        told
    }

    fn spoil(&self, instance: &Instance, warm: f64, solution: &mut Solution) {
        let cut = matches!(solution.stop, Stop::StepLimit | Stop::Interrupted | Stop::TimeLimit);
        let (tokens, experts, k) = (instance.tokens(), instance.experts(), instance.demand().k());
        let noise = match self.fault {
            Fault::CountsCalls => self.calls.fetch_add(1, Ordering::Relaxed) as f64,
            Fault::CountsThreads => rayon::current_num_threads() as f64,
            Fault::CountsThreadsUnderBudget if cut => rayon::current_num_threads() as f64,
            Fault::CountsThreadsIfLarge if tokens > LARGE => rayon::current_num_threads() as f64,
            Fault::FollowsWarmPrices => warm.min(1e9),
            _ => 0.0,
        };
        let mut prices = solution.prices.take().unwrap_or_default();
        prices[0] += noise;
        match self.fault {
            Fault::NanPrice => prices[experts - 1] = f64::NAN,
            Fault::OnePriceMissing => drop(prices.pop()),
            Fault::ZeroPrices => prices.fill(0.0),
            Fault::OverCapacityUnderBudget if cut => {
                solution.assignment = first_experts(tokens, k);
            }
            Fault::RepeatsAnExpert if k > 1 => {
                solution.assignment = Assignment::from_slots(k, vec![0; tokens * k]);
            }
            Fault::WiderTable => {
                let mut slots = Vec::new();
                for row in solution.assignment.slots().chunks(k) {
                    slots.extend_from_slice(row);
                    slots.push(Assignment::EMPTY);
                }
                solution.assignment = Assignment::from_slots(k + 1, slots);
            }
            Fault::SaysFinished if cut => solution.stop = Stop::Finished,
            Fault::SaysInterrupted => solution.stop = Stop::Interrupted,
            _ => {}
        }
        solution.prices = (!self.has(Fault::NoPrices)).then_some(prices);
    }
}

fn first_experts(tokens: usize, k: usize) -> Assignment {
    Assignment::from_slots(k, (0..tokens * k).map(|slot| (slot % k) as u32).collect())
}

/// Feasible, and the worst of all that are.
fn worst(instance: &Instance) -> Assignment {
    let negated = instance.table().mapv(|score| if score.is_finite() { -score } else { score });
    let capacity = instance.capacity().to_vec();
    let negated = Instance::new(negated, capacity, instance.demand()).expect("as feasible");
    optimum(&negated).expect("as feasible").assignment
}

impl Solver for Planted {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let warm = self.start(instance, run)?.unwrap_or_default();
        if instance.tokens() > LARGE {
            let assignment = round_robin(instance);
            let prices = Some(vec![0.0; instance.experts()]);
            let mut solution = Solution { assignment, prices, stop: Stop::Finished };
            self.spoil(instance, warm, &mut solution);
            return Ok(solution);
        }
        let optimum = match optimum(instance) {
            Ok(optimum) => optimum,
            Err(_) if self.has(Fault::ForgetsForbiddenPairs) => {
                let assignment = first_experts(instance.tokens(), instance.demand().k());
                return Ok(Solution { assignment, prices: None, stop: Stop::Finished });
            }
            Err(mut deficiency) => {
                if self.has(Fault::WrongDeficiency) {
                    deficiency = Deficiency { tokens: vec![0], experts: vec![], ..deficiency };
                }
                return Err(Error::Deficient(Box::new(deficiency)));
            }
        };
        // One that always loses reports what it has.
        let best = if self.has(Fault::Suboptimal) { worst(instance) } else { optimum.assignment };
        let told = self.steps(run, instance.objective(&best)?);
        if self.has(Fault::ErrorOutOfBudget) && told.is_some() {
            return Err(Error::Unsupported("out of budget".into()));
        }
        let stop = told.unwrap_or(Stop::Finished);
        let lose = self.has(Fault::LosesItsBest) && told.is_some();
        let assignment = if lose { worst(instance) } else { best };
        let mut solution = Solution { assignment, prices: Some(optimum.prices), stop };
        self.spoil(instance, warm, &mut solution);
        Ok(solution)
    }
}

/// Round robin, which fits the equal capacities of the one large instance.
fn round_robin(instance: &Instance) -> Assignment {
    let (k, experts) = (instance.demand().k(), instance.experts());
    let slots = (0..instance.tokens() * k).map(|slot| (slot % experts) as u32);
    Assignment::from_slots(k, slots.collect())
}

#[test]
fn without_a_fault_the_planted_solver_is_exact() {
    let report = Conformance::exact().cases(8).assert(&Planted::new(Fault::None));
    assert_eq!(report.unsupported.keys().collect::<Vec<_>>(), ["generate"]);
}

#[test]
fn every_fault_is_caught_by_its_clause() {
    for (fault, clause) in [
        (Fault::OverCapacityUnderBudget, Clause::Feasible),
        (Fault::RepeatsAnExpert, Clause::Feasible),
        (Fault::WiderTable, Clause::Feasible),
        (Fault::ForgetsForbiddenPairs, Clause::Feasible),
        (Fault::IgnoresTheTick, Clause::Tick),
        (Fault::StopsLate, Clause::Tick),
        (Fault::SaysFinished, Clause::Stop),
        (Fault::SaysInterrupted, Clause::Stop),
        (Fault::NanPrice, Clause::Prices),
        (Fault::OnePriceMissing, Clause::Prices),
        (Fault::CountsCalls, Clause::Deterministic),
        (Fault::CountsThreads, Clause::Threads),
        (Fault::CountsThreadsUnderBudget, Clause::Threads),
        (Fault::CountsThreadsIfLarge, Clause::Threads),
        (Fault::PanicsOnZeroCapacity, Clause::Panic),
        (Fault::PanicsOnWrongWarmPrices, Clause::Panic),
        (Fault::RefusesWarmPrices, Clause::WarmPrices),
        (Fault::ErrorOutOfBudget, Clause::Refusal),
        (Fault::ErrorOnNegativeScores, Clause::Refusal),
        (Fault::WrongDeficiency, Clause::Deficiency),
        (Fault::ClaimsTooMuch, Clause::Progress),
        (Fault::LosesItsBest, Clause::Progress),
        (Fault::RefusesEverything, Clause::Useful),
    ] {
        assert_breaks(Conformance::feasible(), fault, clause);
    }
}

#[test]
fn what_is_feasible_only_is_not_exact() {
    for (fault, clause) in [
        (Fault::Suboptimal, Clause::Optimal),
        (Fault::ZeroPrices, Clause::Proof),
        (Fault::NoPrices, Clause::Proof),
        (Fault::FollowsWarmPrices, Clause::Proof),
    ] {
        Conformance::feasible().cases(4).assert(&Planted::new(fault));
        assert_breaks(Conformance::exact(), fault, clause);
    }
    Conformance::optimal().cases(4).assert(&Planted::new(Fault::NoPrices));
}

fn assert_breaks(conformance: Conformance, fault: Fault, clause: Clause) {
    match conformance.cases(8).check(&Planted::new(fault)) {
        Ok(report) => panic!("{fault:?} passed: {report:?}"),
        Err(breach) => assert_eq!(breach.clause, clause, "{fault:?}: {breach}"),
    }
}

/// The best experts of each token, whatever their capacity.
struct TopK {
    admits_it: bool,
}

impl Solver for TopK {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        Reference.solve(&instance.uncapped(), run)
    }

    fn respects_capacity(&self) -> bool {
        !self.admits_it
    }
}

#[test]
fn a_solver_that_ignores_capacity_must_say_so() {
    Conformance::exact().assert(&TopK { admits_it: true });
    let breach = Conformance::feasible().check(&TopK { admits_it: false }).unwrap_err();
    assert_eq!(breach.clause, Clause::Feasible);
}

/// Exact, but the worst where it dislikes the instance.
struct Moody(fn(&Instance) -> bool);

impl Solver for Moody {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let mut solution = Reference.solve(instance, run)?;
        if self.0(instance) {
            solution.assignment = worst(instance);
        }
        Ok(solution)
    }
}

#[test]
fn properties_catch_what_breaks_them() {
    let contest = || array![[0.75f32, 0.5], [1.0, 0.25], [1.0, 0.0]];
    let instance = Instance::new(contest(), vec![2, 2], Demand::Exactly(1)).unwrap();
    let broken = |outcome: Result<(), Box<Breach>>| outcome.unwrap_err().clause;

    let picky = Moody(|instance| instance.scores(0)[0] < 1.0);
    let any_order = (0..8).find_map(|seed| property::permutation(&picky, &instance, seed).err());
    assert_eq!(any_order.unwrap().clause, Clause::Permutation);

    let absolute = Moody(|instance| instance.scores(0)[0] > 100.0);
    assert!(property::scaling(&absolute, &instance, 3).is_ok());
    assert_eq!(broken(property::scaling(&absolute, &instance, 10)), Clause::Scaling);

    let odd = Moody(|instance| instance.supply() % 2 == 1);
    assert_eq!(broken(property::loosening(&odd, &instance, 1)), Clause::Loosening);

    let worst = Moody(|_| true);
    assert_eq!(broken(property::equals_reference(&worst, &instance)), Clause::Optimal);
    assert_eq!(broken(property::equals_brute_force(&worst, &instance)), Clause::Optimal);
    assert!(property::at_most_reference(&worst, &instance).is_ok());
    assert_eq!(broken(property::weak_duality(&instance, &[0.0])), Clause::Prices);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_prices_bound_the_optimum(
        instance in any_instance(&Shape::default()),
        prices in prop::collection::vec((0.0..2.0f64, -12..12i32), 6),
    ) {
        let prices = prices.iter().map(|(m, exponent)| m * 10f64.powi(*exponent));
        let prices: Vec<f64> = prices.take(instance.experts()).collect();
        property::weak_duality(&instance, &prices)?;
    }

    #[test]
    fn properties_hold_for_the_reference(
        instance in any_instance(&Shape::tiny()), seed: u64, n in -20..20i32, e in 0..4usize,
    ) {
        property::equals_brute_force(&Reference, &instance)?;
        property::equals_reference(&Reference, &instance)?;
        property::permutation(&Reference, &instance, seed)?;
        property::scaling(&Reference, &instance, n)?;
        property::loosening(&Reference, &instance, e % instance.experts())?;
    }
}
