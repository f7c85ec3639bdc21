//! What each solver promises, on small instances of every kind.

use std::time::Duration;

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_core::{
    Assignment, Budget, Certificate, Demand, Error, Feature, Instance, Run, Solution, Solver, Stop,
};
use spinroute_testkit::{
    Conformance,
    generate::Rounding,
    reference::brute_force,
    strategy::{self, Shape},
};
use spinroute_transport::{
    CappedTopK, DropPolicy, ExpertChoice, Greedy, MaxScoreReroute, Quantile, QuantileHistogram,
    TopK,
};

const NEVER: f32 = f32::NEG_INFINITY;

/// Instances of up to `tokens` × `experts`, on a grid that never rounds and of every kind that does.
fn instances(tokens: usize, experts: usize) -> impl Strategy<Value = Instance> {
    let shape = Shape { tokens: 1..=tokens, experts: 1..=experts, k: 1..=experts };
    let kinds = Rounding::ALL.map(|kind| strategy::rounding(&shape, kind));
    let rounding = proptest::strategy::Union::new(kinds);
    prop_oneof![on_a_grid(tokens, experts), rounding, strategy::any_instance_in_f32(&shape)]
}

/// Tied and sparse, scores from -2 to 7 quarters.
fn on_a_grid(tokens: usize, experts: usize) -> impl Strategy<Value = Instance> {
    (1..=tokens, 1..=experts, any::<bool>())
        .prop_flat_map(|(tokens, experts, exact)| {
            let score =
                prop_oneof![6 => (-2i8..8).prop_map(|s| f32::from(s) / 4.0), 1 => Just(NEVER)];
            (
                proptest::collection::vec(score, tokens * experts),
                proptest::collection::vec(0..=tokens as u32 + 1, experts),
                1..=experts as u32,
                Just((tokens, experts, exact)),
            )
        })
        .prop_filter_map("enough capacity", |(scores, capacity, k, (tokens, experts, exact))| {
            let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let scores = Array2::from_shape_fn((tokens, experts), |(t, e)| scores[t * experts + e]);
            Instance::new(scores, capacity, demand).ok()
        })
}

fn solvers() -> Vec<Box<dyn Solver>> {
    vec![
        Box::new(TopK {}),
        Box::new(Greedy {}),
        Box::new(CappedTopK { drop: DropPolicy::Probs }),
        Box::new(CappedTopK { drop: DropPolicy::Position }),
        Box::new(Quantile::default()),
        Box::new(ExpertChoice::default()),
        Box::new(ExpertChoice { rounds: u32::MAX }),
        Box::new(MaxScoreReroute {}),
        Box::new(QuantileHistogram::default()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Feasible and at most the optimum, or an error that proves that there is none; top-k is the
    /// optimum of the instance without capacities. All three numbers are exact, rounded once.
    #[test]
    fn against_enumeration(instance in instances(4, 4)) {
        for solver in solvers() {
            let uncapped = instance.uncapped();
            let judge = if solver.respects_capacity() { &instance } else { &uncapped };
            let best = brute_force(judge);
            match solver.solve(&instance, &mut Run::new(0)) {
                Ok(solution) => {
                    let objective = judge.objective(&solution.assignment).unwrap();
                    prop_assert!(objective <= best.unwrap());
                    prop_assert!(solver.respects_capacity() || objective == best.unwrap());
                    if let Some(prices) = solution.prices {
                        let bound = Certificate::new(&instance, prices).unwrap().bound();
                        prop_assert!(bound >= best.unwrap());
                    }
                }
                Err(Error::Deficient(deficiency)) => {
                    prop_assert!(best.is_none() && deficiency.proves(&instance));
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }

    /// Korte and Hausmann's bound.
    #[test]
    fn greedy_keeps_half_of_the_optimum(instance in instances(4, 4)) {
        let demand = Demand::AtMost(instance.demand().k() as u32);
        let instance =
            Instance::new(instance.table().to_owned(), instance.capacity().to_vec(), demand).unwrap();
        let solution = Greedy {}.solve(&instance, &mut Run::new(0)).unwrap();
        let objective = instance.objective(&solution.assignment).unwrap();
        let best = brute_force(&instance).unwrap();
        prop_assert!(2.0 * objective >= best);
    }

    /// The definition: sort all pairs, take what fits.
    #[test]
    fn greedy_takes_pairs_in_order(instance in instances(30, 40)) {
        let k = instance.demand().k();
        let demand = Demand::AtMost(k as u32);
        let instance =
            Instance::new(instance.table().to_owned(), instance.capacity().to_vec(), demand).unwrap();
        let mut pairs: Vec<(f32, usize, u32)> = instance
            .table()
            .indexed_iter()
            .filter(|(_, s)| **s > 0.0)
            .map(|((t, e), &s)| (s, t, e as u32))
            .collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut want, mut room) =
            (Assignment::empty(instance.tokens(), k), instance.capacity().to_vec());
        for (_, t, e) in pairs {
            if room[e as usize] > 0 && want.push(t, e) {
                room[e as usize] -= 1;
            }
        }
        let solution = Greedy {}.solve(&instance, &mut Run::new(0)).unwrap();
        prop_assert_eq!(solution.assignment, want);
    }

    /// Rounds never raise the dual value, and the bound told to the observer holds.
    #[test]
    fn quantile_descends(instance in instances(12, 10)) {
        let bound = |rounds| {
            let solution = Quantile { rounds }.solve(&instance, &mut Run::new(0)).ok()?;
            Some(Certificate::new(&instance, solution.prices?).unwrap().bound())
        };
        let Some(mut last) = bound(0) else { return Ok(()) };
        let finite = instance.flat().iter().filter(|s| s.is_finite());
        let size = finite.map(|s| f64::from(s.abs())).sum::<f64>().max(f64::MIN_POSITIVE);
        for rounds in 1..6 {
            let now = bound(rounds).unwrap();
            prop_assert!(now <= last + 1e-9 * size, "{rounds} rounds: {last} to {now}");
            last = now;
        }
    }
}

/// The solver trait's contract, on golden and generated instances.
#[test]
fn all_conform() {
    for solver in solvers() {
        let all = [
            Feature::Demands,
            Feature::Minimums,
            Feature::Groups,
            Feature::Overflow,
            Feature::Rewards,
        ];
        Conformance::feasible().honours(&all).assert(solver.as_ref());
    }
}

fn skewed() -> Instance {
    let scores = Array2::from_shape_fn((600, 24), |(t, e)| {
        ((t * 7919 + e * 104_729 + t * e * 31) % 1009) as f32 / 1024.0 + (23 - e) as f32 / 16.0
    });
    let capacity = Instance::uniform_capacity(600, 24, 4, 1.0).expect("valid");
    Instance::new(scores, capacity, Demand::Exactly(4)).expect("feasible")
}

/// Threads, run order and seeds do not change a bit.
#[test]
fn answers_do_not_depend_on_threads() {
    let instance = skewed();
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for solver in solvers() {
        let one = pool(1).install(|| solver.solve(&instance, &mut Run::new(0)).unwrap());
        let four = pool(4).install(|| solver.solve(&instance, &mut Run::new(7)).unwrap());
        assert_eq!(one, four);
    }
}

#[test]
fn quantile_obeys_its_budget_and_starts_warm() {
    let instance = skewed();
    let budget = Budget { steps: Some(3), time: None };
    let quantile = Quantile { rounds: 20 };
    let stopped = quantile.solve(&instance, &mut Run::new(0).budget(budget)).unwrap();
    assert_eq!(stopped.stop, Stop::StepLimit);
    let three = Quantile { rounds: 3 }.solve(&instance, &mut Run::new(0)).unwrap();
    assert_eq!((stopped.assignment, &stopped.prices), (three.assignment, &three.prices));
    // 3 + 17 rounds are 20 rounds.
    let prices = stopped.prices.unwrap();
    let mut warm = Run::new(0).warm_prices(&prices);
    let rest = Quantile { rounds: 17 }.solve(&instance, &mut warm).unwrap();
    assert_eq!(rest, quantile.solve(&instance, &mut Run::new(0)).unwrap());
    let wrong = Quantile::default().solve(&instance, &mut Run::new(0).warm_prices(&[0.0]));
    assert!(matches!(wrong, Err(Error::Prices { got: 1, .. })));
}

#[test]
fn quantile_is_close_to_its_own_bound() {
    let instance = skewed();
    let solution = Quantile { rounds: 30 }.solve(&instance, &mut Run::new(0)).expect("feasible");
    let evaluation = spinroute_core::evaluate(&instance, &solution).expect("feasible");
    assert!(evaluation.gap < 0.01, "{}", evaluation.gap);
}

fn limited(solver: &dyn Solver, steps: Option<u64>, time: Option<Duration>) -> (Solution, u64) {
    let instance = skewed();
    let mut run = Run::new(0).budget(Budget { steps, time });
    let solution = solver.solve(&instance, &mut run).expect("feasible");
    let judge = if solver.respects_capacity() { instance } else { instance.uncapped() };
    judge.objective(&solution.assignment).expect("feasible");
    (solution, run.steps())
}

#[test]
fn no_step_is_taken_where_none_is_allowed() {
    for solver in solvers() {
        let stepless = !solver.respects_capacity();
        let why = |stop| if stepless { Stop::Finished } else { stop };
        let (solution, steps) = limited(&*solver, Some(0), None);
        assert_eq!((solution.stop, steps), (why(Stop::StepLimit), 0));
        let (solution, steps) = limited(&*solver, None, Some(Duration::ZERO));
        assert_eq!((solution.stop, steps), (why(Stop::TimeLimit), 0));
    }
}

#[test]
fn a_limit_that_ends_nothing_changes_nothing() {
    for solver in solvers() {
        let (whole, _) = limited(&*solver, None, None);
        assert_eq!(limited(&*solver, Some(1000), Some(Duration::from_secs(3600))).0, whole);
    }
}

#[test]
fn greedy_stops_between_its_steps() {
    let (whole, steps) = limited(&Greedy {}, None, None);
    assert!(steps > 2 && whole.stop == Stop::Finished, "{steps}");
    let objective = |solution: &Solution| skewed().objective(&solution.assignment).unwrap();
    for limit in 1..steps {
        let (part, taken) = limited(&Greedy {}, Some(limit), None);
        assert_eq!((part.stop, taken), (Stop::StepLimit, limit));
        // What the steps are worth shows: half of them keep most of it.
        assert!(2 * limit < steps || objective(&part) > 0.9 * objective(&whole));
    }
    assert_eq!(limited(&Greedy {}, Some(steps), None).0, whole);
}
