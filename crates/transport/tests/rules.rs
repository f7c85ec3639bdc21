//! What the solvers that follow a published rule promise: those that do not take every instance, and all of them
//! on hostile scores.

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_core::{Certificate, Demand, Error, Feature, Instance, Run, Solver};
use spinroute_testkit::{
    Conformance,
    reference::brute_force,
    strategy::{self, Shape},
};
use spinroute_transport::{
    Base, ExpertChoice, MaxScoreReleased, MaxScoreReroute, MegatronScores, QuantileHistogram,
    SinkhornMegatron,
};

const NEVER: f32 = f32::NEG_INFINITY;

fn sinkhorn(scores: MegatronScores) -> SinkhornMegatron {
    SinkhornMegatron { scores, rounds: 200 }
}

/// Those that refuse some instances.
fn choosy() -> Vec<Box<dyn Solver>> {
    vec![
        Box::new(Base::default()),
        Box::new(Base { rounds: 2, fallback: 3 }),
        Box::new(MaxScoreReleased {}),
        Box::new(sinkhorn(MegatronScores::Logits)),
        Box::new(sinkhorn(MegatronScores::Probabilities)),
    ]
}

fn all() -> Vec<Box<dyn Solver>> {
    let mut all = choosy();
    all.push(Box::new(ExpertChoice::default()));
    all.push(Box::new(ExpertChoice { rounds: u32::MAX }));
    all.push(Box::new(MaxScoreReroute {}));
    let rule = QuantileHistogram::default();
    all.push(Box::new(rule));
    all.push(Box::new(QuantileHistogram { bins: 1, parts: 3, ..rule }));
    all.push(Box::new(QuantileHistogram { bins: 7, window: 0.1, smoothing: 0.5, ..rule }));
    all
}

#[test]
fn all_conform() {
    let [base, few, released, logits, probabilities] = <[_; 5]>::try_from(choosy()).ok().unwrap();
    let feasible = || Conformance::feasible().honours(&[Feature::Demands]);
    let one = Shape { tokens: 1..=8, experts: 1..=5, k: 1..=1 };
    for solver in [base, few] {
        let report = feasible().shape(one.clone()).cases(60).assert(solver.as_ref());
        assert!(report.solved.values().sum::<u32>() > 100, "{report}");
    }
    for solver in [released, logits, probabilities] {
        let report = feasible().assert(solver.as_ref());
        assert!(report.solved.values().sum::<u32>() > 100, "{report}");
    }
    let rule = QuantileHistogram { bins: 7, window: 0.1, parts: 3, smoothing: 0.5, rounds: 3 };
    Conformance::feasible().honours(&[Feature::Demands, Feature::Groups]).assert(&rule);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Feasible and at most the optimum, refused by name, or an error that proves that there is none.
    #[test]
    fn against_enumeration(instance in strategy::any_instance_in_f32(&Shape {
        tokens: 1..=4, experts: 1..=4, k: 1..=4,
    })) {
        for solver in all() {
            let uncapped = instance.uncapped();
            let judge = if solver.respects_capacity() { &instance } else { &uncapped };
            let best = brute_force(judge);
            match solver.solve(&instance, &mut Run::new(0)) {
                Ok(solution) => {
                    let objective = judge.objective(&solution.assignment).unwrap();
                    prop_assert!(objective <= best.unwrap());
                    if let Some(prices) = solution.prices {
                        let bound = Certificate::new(&instance, prices).unwrap().bound();
                        prop_assert!(bound >= best.unwrap());
                    }
                }
                Err(Error::Unsupported(_)) => {}
                Err(Error::Deficient(proof)) => {
                    prop_assert!(best.is_none() && proof.proves(&instance));
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}

/// Tables that overflow, tie or forbid, by name.
fn hostile() -> Vec<(&'static str, Array2<f32>)> {
    let noise = |t: usize, e: usize| ((t * 7919 + e * 104_729 + t * e * 31) % 1009) as f32 / 1024.0;
    let table =
        |cell: &dyn Fn(usize, usize) -> f32| Array2::from_shape_fn((24, 6), |(t, e)| cell(t, e));
    vec![
        ("range 1e30", table(&|t, e| (noise(t, e) - 0.5) * 2e30)),
        ("largest f32", table(&|t, e| if noise(t, e) > 0.5 { f32::MAX } else { f32::MIN })),
        ("all equal", table(&|_, _| 0.25)),
        ("all 0", table(&|_, _| 0.0)),
        ("negative", table(&|t, e| -noise(t, e) - 1.0)),
        ("tiny", table(&|t, e| noise(t, e) * 1e-38)),
        ("a column forbidden", table(&|t, e| if e == 2 { NEVER } else { noise(t, e) })),
        (
            "rows forbidden but one",
            table(&|t, e| if t % 8 == 0 && e != 3 { NEVER } else { noise(t, e) }),
        ),
        ("collapsed", table(&|t, e| noise(t, e) + if e == 0 { 50.0 } else { 0.0 })),
    ]
}

#[test]
fn hostile_scores_give_feasible_answers_and_finite_prices() {
    let mut solved = 0;
    for (name, scores) in hostile() {
        for (k, exact) in [(1, true), (1, false), (2, true), (2, false), (6, true), (6, false)] {
            let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let capacity = vec![5 * k; 6];
            let plain = Instance::new(scores.clone(), capacity, demand).unwrap();
            let masked: Vec<u32> = (0..24).map(|t| if t % 3 == 0 { 0 } else { k }).collect();
            let masked = plain.rebuild().demands(&masked).build().unwrap();
            for instance in [&plain, &masked] {
                for (number, solver) in all().into_iter().enumerate() {
                    let judge =
                        if solver.respects_capacity() { instance } else { &instance.uncapped() };
                    let what = format!("{name}, k = {k}, exactly: {exact}, solver {number}");
                    match solver.solve(instance, &mut Run::new(0)) {
                        Ok(solution) => {
                            judge.objective(&solution.assignment).expect(&what);
                            let finite = |prices: Vec<f64>| prices.iter().all(|p| p.is_finite());
                            assert!(solution.prices.is_none_or(finite), "{what}");
                            solved += 1;
                        }
                        Err(Error::Deficient(proof)) => assert!(proof.proves(judge), "{what}"),
                        Err(Error::Unsupported(text)) => assert!(
                            text.contains("k = ") || text.contains("sinkhorn-megatron"),
                            "{what}: {text}"
                        ),
                        Err(error) => panic!("{what}: {error}"),
                    }
                }
            }
        }
    }
    assert!(solved > 700, "{solved}");
}

/// Threads and seeds do not change a bit.
#[test]
fn answers_do_not_depend_on_threads() {
    let scores = Array2::from_shape_fn((600, 24), |(t, e)| {
        ((t * 7919 + e * 104_729 + t * e * 31) % 1009) as f32 / 1024.0 + (23 - e) as f32 / 16.0
    });
    let instance = |k: u32| {
        let capacity = Instance::uniform_capacity(600, 24, k as usize, 1.0).unwrap();
        Instance::new(scores.clone(), capacity, Demand::Exactly(k)).unwrap()
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for solver in all() {
        for instance in [instance(1), instance(4)] {
            let one = pool(1).install(|| solver.solve(&instance, &mut Run::new(0)));
            let four = pool(4).install(|| solver.solve(&instance, &mut Run::new(7)));
            assert_eq!(one, four);
            assert!(one.is_ok() || instance.demand().k() == 4);
        }
    }
}
