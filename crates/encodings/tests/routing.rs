//! The assignment solvers: what every solver promises, and what these promise beyond.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use spinroute_bifurcation::Mode;
use spinroute_core::{Budget, Demand, Error, Feature, Instance, Run, Solver, Stop};
use spinroute_encodings::routing::{Origin, PriceRule, SbCloseCall, SbFull};
use spinroute_flow::Flow;
use spinroute_testkit::Conformance;
use spinroute_transport::Quantile;

/// Short, so that the suite is: the clauses do not depend on the length of a run.
fn full() -> SbFull {
    SbFull { rounds: 2, looks: 3, moves: 2, period: 4, ..SbFull::default() }
}

fn close_call() -> SbCloseCall {
    SbCloseCall { rounds: 2, moves: 3, steps: 20, agents: 3, ..SbCloseCall::default() }
}

#[test]
fn sb_full_conforms() {
    Conformance::feasible().honours(&[Feature::Demands]).cases(8).assert(&full());
    let discrete = SbFull { mode: Mode::Discrete, rounds: 0, ..full() };
    Conformance::feasible().honours(&[Feature::Demands]).cases(3).assert(&discrete);
    let multipliers = SbFull { prices: PriceRule::Multipliers, ..full() };
    Conformance::feasible().honours(&[Feature::Demands]).cases(3).assert(&multipliers);
}

#[test]
fn sb_full_without_dynamics_conforms() {
    let off = SbFull { dynamics: false, ..full() };
    Conformance::feasible().honours(&[Feature::Demands]).cases(8).assert(&off);
    Conformance::feasible()
        .honours(&[Feature::Demands])
        .cases(3)
        .assert(&SbFull { prices: PriceRule::Multipliers, ..off });
}

#[test]
fn sb_close_call_conforms() {
    Conformance::feasible().honours(&[Feature::Demands]).cases(8).assert(&close_call());
}

fn objective(solver: &dyn Solver, instance: &Instance) -> f64 {
    let solution = solver.solve(instance, &mut Run::new(3)).unwrap();
    instance.objective(&solution.assignment).unwrap()
}

#[test]
fn parameters_out_of_range_are_refused() {
    let scores = ndarray::array![[0.5, 0.25], [0.5, 0.0]];
    let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
    let solvers: [(&str, Box<dyn Solver>); 7] = [
        ("rate", Box::new(SbFull { rate: f64::NAN, ..full() })),
        ("row_weight", Box::new(SbFull { row_weight: 0.0, ..full() })),
        ("moves", Box::new(SbFull { moves: 0, ..full() })),
        ("period", Box::new(SbFull { period: 0, ..full() })),
        ("mode", Box::new(SbFull { mode: Mode::Adiabatic, ..full() })),
        ("agents", Box::new(SbCloseCall { agents: 0, ..close_call() })),
        ("balance", Box::new(SbCloseCall { balance: -1.0, ..close_call() })),
    ];
    for (parameter, solver) in solvers {
        let error = solver.solve(&instance, &mut Run::new(0)).unwrap_err();
        assert!(matches!(error, Error::Parameter { name, .. } if name == parameter), "{error}");
    }
}

#[test]
fn a_run_without_looks_is_quantile_balancing() {
    let scores = ndarray::Array2::from_shape_fn((64, 8), |(t, e)| ((t * 7 + e * 5) % 11) as f32);
    let instance = Instance::new(scores, vec![16; 8], Demand::Exactly(2)).unwrap();
    let none = SbFull { looks: 0, ..full() };
    let (solution, origin) = none.solve_and_tell(&instance, &mut Run::new(1)).unwrap();
    let start = Quantile { rounds: 2 }.solve(&instance, &mut Run::new(1)).unwrap();
    assert_eq!((solution.assignment, origin), (start.assignment, Origin::Start));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn between_quantile_balancing_and_the_optimum(
        (k, cells) in (1u32..4, proptest::collection::vec(-1.0f32..1.0, 12 * 6)), seed in 0u64..9
    ) {
        let scores = ndarray::Array2::from_shape_vec((12, 6), cells).unwrap();
        let capacity = vec![2 * k; 6];
        let instance = Instance::new(scores, capacity, Demand::Exactly(k)).unwrap();
        let optimum = objective(&Flow::default(), &instance);
        let start = objective(&Quantile { rounds: 2 }, &instance);
        let off = SbFull { dynamics: false, ..full() };
        let multipliers = SbFull { prices: PriceRule::Multipliers, ..full() };
        let solvers: [&dyn Solver; 4] = [&full(), &off, &multipliers, &close_call()];
        for solver in solvers {
            let solution = solver.solve(&instance, &mut Run::new(seed)).unwrap();
            let objective = instance.objective(&solution.assignment).unwrap();
            prop_assert!(start <= objective && objective <= optimum + 1e-5 * optimum.abs().max(1.0));
        }
    }

    #[test]
    fn the_dynamics_only_add(
        (k, cells) in (1u32..4, proptest::collection::vec(-1.0f32..1.0, 24 * 6)),
        exact: bool, room in 0u32..3, seed in 0u64..9
    ) {
        let scores = ndarray::Array2::from_shape_vec((24, 6), cells).unwrap();
        let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
        let instance = Instance::new(scores, vec![4 * k + room; 6], demand).unwrap();
        let on = full().solve(&instance, &mut Run::new(seed)).unwrap();
        let off = SbFull { dynamics: false, ..full() };
        let off = off.solve(&instance, &mut Run::new(seed)).unwrap();
        prop_assert_eq!(on.prices, off.prices);
        let objective = |assignment| instance.objective(assignment).unwrap();
        prop_assert!(objective(&on.assignment) >= objective(&off.assignment));
    }
}

#[test]
fn no_step_is_taken_where_none_is_allowed() {
    let scores = ndarray::Array2::from_shape_fn((40, 6), |(t, e)| ((t * 7 + e * t) % 11) as f32);
    let instance = Instance::new(scores, vec![14; 6], Demand::Exactly(2)).unwrap();
    let solvers: [&dyn Solver; 2] = [&full(), &close_call()];
    for solver in solvers {
        let limits =
            [(Some(0), None, Stop::StepLimit), (None, Some(Duration::ZERO), Stop::TimeLimit)];
        for (steps, time, why) in limits {
            let mut run = Run::new(0).budget(Budget { steps, time });
            let solution = solver.solve(&instance, &mut run).unwrap();
            assert_eq!((solution.stop, run.steps()), (why, 0));
            instance.objective(&solution.assignment).unwrap();
        }
    }
}
