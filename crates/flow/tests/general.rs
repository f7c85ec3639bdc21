//! `flow` on everything an instance may ask for, against the independent reference.

#![allow(clippy::unwrap_used)]

use ndarray::Array2;
use spinroute_core::{
    Budget, Certificate, Demand, Error, Groups, Instance, Run, Scores, Solver, solve_many,
};
use spinroute_flow::Flow;
use spinroute_testkit::generate::Draws;
use spinroute_testkit::reference::optimum;

/// A small random instance with any of the features, or what the builder says against it.
fn random(draws: &mut Draws) -> Result<Instance, Error> {
    let (tokens, experts) = (1 + draws.below(12), 1 + draws.below(8));
    let k = 1 + draws.below(experts.min(4)) as u32;
    let coarse = draws.below(2) == 0;
    let forbidden = [0.0, 0.0, 0.3][draws.below(3)];
    let scores = Array2::from_shape_simple_fn((tokens, experts), || {
        let score = draws.uniform() - [0.0, 0.4][usize::from(coarse)];
        let score = if coarse { (score * 4.0).round() / 4.0 } else { score };
        if draws.uniform() < forbidden { f64::NEG_INFINITY } else { score }
    });
    // A third of the tables are in `f64` that `f32` does not hold.
    let wide = draws.below(3) == 0;
    let scores = if wide { Scores::wide(scores) } else { scores.mapv(|s| s as f32).into() };
    let demand = if draws.below(2) == 0 { Demand::AtMost(k) } else { Demand::Exactly(k) };
    let mut builder = Instance::builder(scores).demand(demand);
    let slots = tokens * k as usize;
    let share = |draws: &mut Draws, parts: usize| (slots.div_ceil(parts) + draws.below(4)) as u32;
    if draws.below(2) == 0 {
        let demands: Vec<u32> = (0..tokens).map(|_| draws.below(k as usize + 1) as u32).collect();
        builder = builder.demands(&demands);
    }
    if draws.below(3) > 0 {
        let capacity =
            (0..experts).map(|_| share(draws, experts).saturating_sub(draws.below(2) as u32));
        builder = builder.capacity(capacity.collect());
    }
    if draws.below(2) == 0 {
        builder = builder.minimum((0..experts).map(|_| draws.below(3) as u32).collect());
    }
    if draws.below(2) == 0 {
        let count = 1 + draws.below(experts);
        let of = (0..experts).map(|e| if e < count { e as u32 } else { draws.below(count) as u32 });
        let mut groups = Groups::of(of.collect())?;
        if draws.below(2) == 0 {
            let outer = 1 + draws.below(count);
            let of =
                (0..count).map(|g| if g < outer { g as u32 } else { draws.below(outer) as u32 });
            groups = groups.within(of.collect())?;
        }
        let size = groups.len();
        let capacity = (0..size).map(|_| share(draws, count)).collect();
        groups = groups.capacity(capacity)?;
        if draws.below(2) == 0 {
            groups = groups.minimum((0..size).map(|_| draws.below(4) as u32).collect())?;
        }
        if draws.below(4) == 0 {
            groups = groups.overflow(draws.uniform() * 0.5, draws.below(4) as u32);
        }
        builder = builder.groups(groups);
    }
    if draws.below(3) == 0 {
        let cost = if coarse { 0.25 * draws.below(4) as f64 } else { draws.uniform() };
        builder = builder.overflow(cost, draws.below(5) as u32);
    }
    if draws.below(3) == 0 {
        let gain = if coarse { 0.25 * draws.below(4) as f64 } else { draws.uniform() };
        builder = builder.reward(gain, draws.below(4) as u32);
    }
    builder.build()
}

/// Checks `count` instances; how many were solved, proven infeasible, refused by the builder.
fn check(seed: u64, count: usize) -> [usize; 3] {
    let mut draws = Draws::new(seed);
    let mut seen = [0; 3];
    for i in 0..count {
        let Ok(instance) = random(&mut draws) else {
            seen[2] += 1;
            continue;
        };
        let found = Flow::default().solve(&instance, &mut Run::new(0));
        match (found, optimum(&instance)) {
            (Ok(solution), Ok(best)) => {
                let objective = instance.objective(&solution.assignment).unwrap();
                let slack = 1e-9 * best.value.abs() + 1e-12;
                assert!(
                    (objective - best.value).abs() <= slack,
                    "{i}: {objective} {best:?} {instance:?}"
                );
                let certificate = Certificate::new(&instance, solution.prices.unwrap()).unwrap();
                let bound = certificate.bound();
                assert!(bound - objective <= slack, "{i}: {objective} {bound} {instance:?}");
                seen[0] += 1;
            }
            (Err(Error::Deficient(proof)), Err(_)) => {
                assert!(proof.proves(&instance), "{i}: {proof}");
                seen[1] += 1;
            }
            (found, best) => panic!("{i}: {found:?} {best:?} {instance:?}"),
        }
    }
    seen
}

#[test]
fn every_combination_is_solved_and_proven_or_proven_infeasible() {
    // SPINROUTE_CASES=100000 for a long run.
    let count = std::env::var("SPINROUTE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(3000);
    let seed = std::env::var("SPINROUTE_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(11);
    let [solved, infeasible, refused] = check(seed, count);
    eprintln!("{solved} solved, {infeasible} proven infeasible, {refused} refused when built");
    assert!(solved > count / 3 && infeasible > count / 100);
}

/// A batch as large as several samples, with all features at once.
fn batch(demand: Demand) -> Instance {
    let (tokens, experts) = (1500, 32);
    let mut draws = Draws::new(3);
    let skew: Vec<f64> = (0..experts).map(|_| draws.uniform().powi(3)).collect();
    let scores =
        Array2::from_shape_fn((tokens, experts), |(_, e)| (draws.uniform() * skew[e]) as f32);
    let k = demand.k();
    let demands: Vec<u32> = (0..tokens).map(|_| draws.below(k + 1) as u32).collect();
    let slots: u64 = demands.iter().map(|&k| u64::from(k)).sum();
    let groups =
        Groups::consecutive(experts, 8).unwrap().within(vec![0, 0, 0, 0, 1, 1, 1, 1]).unwrap();
    let minimum = [vec![40; 8], vec![0; 2]].concat();
    let groups = groups.capacity_factor(slots, 1.1).unwrap().minimum(minimum).unwrap();
    Instance::builder(scores)
        .demand(demand)
        .demands(&demands)
        .capacity_factor(1.5)
        .minimum(vec![(slots / (4 * experts as u64)) as u32; experts])
        .groups(groups)
        .overflow(0.02, 10)
        .reward(0.01, 30)
        .build()
        .unwrap()
}

#[test]
fn budgets_threads_warm_prices_and_target_gaps_hold_on_all_features_together() {
    for demand in [Demand::Exactly(3), Demand::AtMost(3)] {
        let instance = batch(demand);
        let exact = Flow::default().solve(&instance, &mut Run::new(0)).unwrap();
        let optimum = instance.objective(&exact.assignment).unwrap();
        let prices = exact.prices.clone().unwrap();
        assert!(Certificate::new(&instance, prices.clone()).unwrap().gap(optimum) < 1e-12);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| Flow::default().solve(&instance, &mut Run::new(0)));
            assert_eq!(again.unwrap(), exact);
        }
        let mut run = Run::new(0).warm_prices(&prices);
        let warm = Flow::default().solve(&instance, &mut run).unwrap();
        assert!((instance.objective(&warm.assignment).unwrap() - optimum).abs() < 1e-9 * optimum);
        for steps in [0, 1, 3, 10, 25, 40] {
            let budget = Budget { steps: Some(steps), time: None };
            let solution =
                Flow::default().solve(&instance, &mut Run::new(0).budget(budget)).unwrap();
            let objective = instance.objective(&solution.assignment).unwrap();
            let bound = Certificate::new(&instance, solution.prices.unwrap()).unwrap().bound();
            assert!(objective <= optimum + 1e-9 && optimum <= bound + 1e-9, "{steps} steps");
            assert!(objective > 0.8 * optimum, "{steps} steps: {objective} of {optimum}");
        }
        for target_gap in [0.05, 0.001] {
            let solution = Flow { target_gap }.solve(&instance, &mut Run::new(0)).unwrap();
            let objective = instance.objective(&solution.assignment).unwrap();
            let certificate = Certificate::new(&instance, solution.prices.unwrap()).unwrap();
            assert!(certificate.gap(objective) <= target_gap);
        }
    }
}

#[test]
fn many_instances_are_solved_as_each_alone_whatever_was_solved_before() {
    let mut draws = Draws::new(23);
    let mut instances: Vec<Instance> = (0..60).filter_map(|_| random(&mut draws).ok()).collect();
    instances.insert(10, batch(Demand::Exactly(3)));
    instances.insert(20, batch(Demand::AtMost(2)));
    let alone: Vec<_> =
        instances.iter().map(|i| Flow::default().solve(i, &mut Run::new(0))).collect();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let many = pool.install(|| solve_many(&Flow::default(), &instances, 0, &Budget::default()));
        assert_eq!(many, alone, "{threads} threads");
    }
}
