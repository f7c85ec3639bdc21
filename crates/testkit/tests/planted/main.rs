//! Tests of the tests: solvers with one planted fault each, which the clause meant for it catches.

mod limits;
mod solver;

use ndarray::array;
use proptest::prelude::*;
use spinroute_core::{Demand, Error, Instance, Run, Solution, Solver};
use spinroute_testkit::{
    Breach, Clause, Conformance, SEED_VARIABLE,
    general::any_general_instance,
    property,
    reference::Reference,
    strategy::{Shape, any_instance},
};

use solver::{Fault, Planted, worst};

/// What it refuses as too large.
const TOO_LARGE: [&str; 1] = ["generate"];

#[test]
fn without_a_fault_the_planted_solver_is_exact() {
    let suite = Conformance::exact().cases(8).allow_unsupported(TOO_LARGE);
    let report = suite.assert(&Planted::new(Fault::None));
    assert_eq!(report.unsupported.keys().collect::<Vec<_>>(), ["generate"]);
}

#[test]
fn every_fault_is_caught_by_its_clause() {
    for (fault, clause) in [
        (Fault::OverCapacityUnderBudget, Clause::Feasible),
        (Fault::OverCapacityWithoutSteps, Clause::Feasible),
        (Fault::RepeatsAnExpert, Clause::Feasible),
        (Fault::WiderTable, Clause::Feasible),
        (Fault::ForgetsForbiddenPairs, Clause::Feasible),
        (Fault::TruncatesExperts, Clause::Feasible),
        (Fault::IgnoresTheTick, Clause::Tick),
        (Fault::StopsLate, Clause::Tick),
        (Fault::TakesAStepAnyway, Clause::Tick),
        (Fault::TwoStepsWithoutTime, Clause::Tick),
        (Fault::SaysFinished, Clause::Stop),
        (Fault::SaysFinishedWithoutSteps, Clause::Stop),
        (Fault::SaysInterrupted, Clause::Stop),
        (Fault::NanPrice, Clause::Prices),
        (Fault::OnePriceMissing, Clause::Prices),
        (Fault::CountsCalls, Clause::Deterministic),
        (Fault::CountsThreads, Clause::Threads),
        (Fault::CountsThreadsUnderBudget, Clause::Threads),
        (Fault::CountsThreadsIfLarge, Clause::Threads),
        (Fault::PanicsOnZeroCapacity, Clause::Panic),
        (Fault::PanicsOnWrongWarmPrices, Clause::Panic),
        (Fault::PanicsOnLongTime, Clause::Panic),
        (Fault::RefusesWarmPrices, Clause::WarmPrices),
        (Fault::ErrorOutOfBudget, Clause::Refusal),
        (Fault::ErrorOnNegativeScores, Clause::Refusal),
        (Fault::ErrorAtSeedZero, Clause::Refusal),
        (Fault::ErrorAtOtherSeeds, Clause::Refusal),
        (Fault::Defect, Clause::Defect),
        (Fault::DefectIfInfeasible, Clause::Defect),
        (Fault::DefectInOtherWords, Clause::Defect),
        (Fault::WrongDeficiency, Clause::Deficiency),
        (Fault::ClaimsTooMuch, Clause::Progress),
        (Fault::BoundTooLow, Clause::Progress),
        (Fault::LosesItsBest, Clause::Progress),
        (Fault::LosesItsBestSilently, Clause::Progress),
        (Fault::RefusesEverything, Clause::Useful),
    ] {
        assert_breaks(Conformance::feasible(), fault, clause);
    }
}

#[test]
fn what_is_feasible_only_is_not_exact() {
    for (fault, clause) in [
        (Fault::Suboptimal, Clause::Optimal),
        (Fault::WorstAtOtherSeeds, Clause::Optimal),
        (Fault::BadIfLarge, Clause::Proof),
        (Fault::RoundsScores, Clause::Optimal),
        (Fault::NarrowsScores, Clause::Optimal),
        (Fault::ZeroPrices, Clause::Proof),
        (Fault::NoPrices, Clause::Proof),
        (Fault::FollowsWarmPrices, Clause::Proof),
        (Fault::FollowsOddWarmPrices, Clause::Proof),
        (Fault::RefusesSome, Clause::Refusal),
    ] {
        Conformance::feasible().cases(4).assert(&Planted::new(fault));
        assert_breaks(Conformance::exact().allow_unsupported(allowed(fault)), fault, clause);
    }
    let optimal = Conformance::optimal().cases(4).allow_unsupported(TOO_LARGE);
    optimal.assert(&Planted::new(Fault::NoPrices));
    assert_breaks(optimal.clone(), Fault::RefusesSome, Clause::Refusal);
    assert_breaks(optimal, Fault::BadIfLarge, Clause::Optimal);
}

/// A refusal of what is small is no fault where the caller says so.
fn allowed(fault: Fault) -> Vec<&'static str> {
    if fault == Fault::RefusesSome { vec![] } else { TOO_LARGE.to_vec() }
}

#[test]
fn what_may_be_refused_is_named() {
    let suite = Conformance::exact().cases(2).seed(5);
    let breach = suite.check(&Planted::new(Fault::None)).unwrap_err();
    assert_eq!(breach.clause, Clause::Refusal, "{breach}");
    assert!(breach.origin.starts_with("generate::skewed(96"), "{breach}");
    assert!(breach.to_string().contains("allow_unsupported"), "{breach}");
}

#[test]
fn a_seed_is_drawn_and_given_back() {
    let check = |suite: Conformance| suite.cases(2).assert(&Planted::new(Fault::None));
    let drawn = check(Conformance::feasible());
    let another = check(Conformance::feasible()).seed;
    match std::env::var(SEED_VARIABLE) {
        Ok(given) => assert_eq!(format!("{another} {another}"), format!("{} {given}", drawn.seed)),
        Err(_) => assert_ne!(another, drawn.seed),
    }
    assert_eq!(drawn, check(Conformance::feasible().seed(drawn.seed)));
    let broken =
        |suite: Conformance| suite.check(&Planted::new(Fault::RepeatsAnExpert)).unwrap_err();
    let first = broken(Conformance::feasible());
    assert_eq!(
        first.instance.flat(),
        broken(Conformance::feasible().seed(first.seed.unwrap())).instance.flat()
    );
    let told = format!("SPINROUTE_SEED={}", first.seed.unwrap());
    assert!(first.to_string().contains(&told), "{first}");
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
    Conformance::exact().allow_unsupported(TOO_LARGE).assert(&TopK { admits_it: true });
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

    #[test]
    fn properties_hold_for_the_reference_with_all_that_may_be_asked(
        instance in any_general_instance(&Shape::tiny()), seed: u64, n in -20..20i32, e in 0..4usize,
    ) {
        property::equals_brute_force(&Reference, &instance)?;
        property::permutation(&Reference, &instance, seed)?;
        property::scaling(&Reference, &instance, n)?;
        property::loosening(&Reference, &instance, e % instance.experts())?;
    }
}
