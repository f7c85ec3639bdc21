//! What the exact solver promises beyond the contract of all solvers, on batches of real size.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use spinroute_core::{
    Budget, Certificate, Demand, Error, Instance, Progress, Run, Solution, Solver, Stop, evaluate,
};
use spinroute_flow::Flow;
use spinroute_testkit::generate;

fn batch(seed: u64) -> Instance {
    generate::skewed(1500, 48, 4, 1.5, seed).unwrap()
}

fn solve(instance: &Instance) -> Solution {
    Flow::default().solve(instance, &mut Run::new(0)).unwrap()
}

#[test]
fn proves_its_optimum_on_batches_larger_than_a_sample() {
    for seed in 0..4 {
        let instance = batch(seed);
        let evaluation = evaluate(&instance, &solve(&instance)).unwrap();
        assert!(evaluation.gap < 1e-12, "seed {seed}: {}", evaluation.gap);
        assert_eq!(evaluation.load.overflow + evaluation.load.dropped, 0);
    }
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_threads() {
    let instance = generate::skewed(9000, 64, 6, 1.0, 7).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| solve(&instance))
    };
    let one = with(1);
    assert!(one == with(2) && one == with(5));
}

#[test]
fn warm_prices_change_the_way_but_not_the_optimum() {
    let (last, next) = (batch(1), batch(2));
    let prices = solve(&last).prices.unwrap();
    let cold = evaluate(&next, &solve(&next)).unwrap();
    let mut run = Run::new(0).warm_prices(&prices);
    let warm = Flow::default().solve(&next, &mut run).unwrap();
    let warm = evaluate(&next, &warm).unwrap();
    assert!(warm.gap < 1e-12);
    assert!((warm.objective - cold.objective).abs() <= 1e-12 * cold.objective);
}

#[test]
fn a_target_gap_is_met_and_proven_by_the_prices_returned() {
    let instance = batch(3);
    let mut run = Run::new(0);
    let solution = Flow { target_gap: 0.01 }.solve(&instance, &mut run).unwrap();
    assert_eq!(solution.stop, Stop::TargetGap);
    let steps = run.steps();
    assert!(evaluate(&instance, &solution).unwrap().gap <= 0.01);
    let mut run = Run::new(0);
    Flow::default().solve(&instance, &mut run).unwrap();
    assert!(steps < run.steps(), "{steps} steps to 1 %, {} to the optimum", run.steps());
}

#[test]
fn every_interruption_leaves_a_feasible_assignment_and_valid_prices() {
    let instance = batch(4);
    let optimum = instance.objective(&solve(&instance).assignment).unwrap();
    for last in [1, 3, 10, 30, 50, 70, 90] {
        let mut observe = |progress: &Progress| match progress.step {
            step if step == last => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let mut run = Run::new(0).observer(&mut observe);
        let solution = Flow::default().solve(&instance, &mut run).unwrap();
        let objective = instance.objective(&solution.assignment).unwrap();
        let bound = Certificate::new(&instance, solution.prices.unwrap()).unwrap().bound();
        assert!(objective <= optimum + 1e-9 && optimum <= bound, "step {last}");
        // An observer of the last step comes too late: it tells the optimum.
        let is_finished = solution.stop == Stop::Finished && (objective - optimum).abs() <= 1e-9;
        assert!(solution.stop == Stop::Interrupted || is_finished && run.steps() <= last);
    }
    let budget = Budget { steps: None, time: Some(std::time::Duration::ZERO) };
    let mut run = Run::new(0).budget(budget);
    let solution = Flow::default().solve(&instance, &mut run).unwrap();
    assert_eq!(solution.stop, Stop::TimeLimit);
    assert!(instance.objective(&solution.assignment).is_ok());
}

#[test]
fn infeasibility_of_a_large_batch_is_proven() {
    // Half of the tokens may only use experts 0 to 3, which hold fewer.
    let (tokens, experts) = (1000, 16);
    let scores = ndarray::Array2::from_shape_fn((tokens, experts), |(t, e)| {
        if t % 2 == 0 && e >= 4 { f32::NEG_INFINITY } else { ((t * 31 + e * 17) % 97) as f32 }
    });
    let instance = Instance::new(scores, vec![240; experts], Demand::Exactly(2)).unwrap();
    match Flow::default().solve(&instance, &mut Run::new(0)) {
        Err(Error::Deficient(proof)) => {
            assert!(proof.proves(&instance));
            assert_eq!((proof.tokens.len(), &proof.experts[..]), (500, &[0, 1, 2, 3][..]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_target_gap_that_is_no_gap_is_refused() {
    for target_gap in [-1.0, f64::NAN, f64::INFINITY] {
        let error = Flow { target_gap }.solve(&batch(5), &mut Run::new(0)).unwrap_err();
        assert!(matches!(error, Error::Parameter { name: "target_gap", .. }));
    }
}

#[test]
fn closed_experts_cost_no_digits() {
    // Their scores are 10¹⁷ times those that count.
    let scores = ndarray::array![[1e17, 1e-3, 2e-3], [1e17, 3e-3, 5e-3]];
    for demand in [Demand::AtMost(1), Demand::Exactly(1)] {
        let instance = Instance::new(scores.clone(), vec![0, 1, 1], demand).unwrap();
        let evaluation = evaluate(&instance, &solve(&instance)).unwrap();
        assert!((evaluation.objective - 6e-3).abs() < 1e-9 && evaluation.gap < 1e-9);
    }
    let closed = Instance::new(scores, vec![0, 0, 1], Demand::AtMost(2)).unwrap();
    assert!((evaluate(&closed, &solve(&closed)).unwrap().objective - 5e-3).abs() < 1e-9);
}

#[test]
fn infeasibility_beside_closed_experts_is_proven_on_the_instance_given() {
    let never = f32::NEG_INFINITY;
    let scores = ndarray::array![[1.0, 1.0, never], [1.0, 1.0, never], [1.0, 1.0, 1.0]];
    let instance = Instance::new(scores, vec![1, 0, 3], Demand::Exactly(1)).unwrap();
    match Flow::default().solve(&instance, &mut Run::new(0)) {
        Err(Error::Deficient(proof)) => assert!(proof.proves(&instance)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn closed_experts_have_finite_prices_beside_the_largest_score() {
    for (score, demand) in [(-f32::MAX, Demand::Exactly(1)), (f32::MAX, Demand::AtMost(1))] {
        let scores = ndarray::array![[0.0, score], [0.0, score]];
        let instance = Instance::new(scores, vec![2, 0], demand).unwrap();
        assert_eq!(evaluate(&instance, &solve(&instance)).unwrap().gap, 0.0);
    }
}
