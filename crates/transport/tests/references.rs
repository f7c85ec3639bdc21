//! The rules of others equal their references in NumPy and `SciPy`: `benches/peers/transport_reference.py`,
//! which wrote the files in `references/` from the same scores.

use ndarray::Array2;
use serde::Deserialize;
use serde_json::from_str;
use spinroute_core::{Demand, Instance, Run, Solver};
use spinroute_flow::Flow;
use spinroute_transport::{
    Base, MaxScoreReleased, MaxScoreReroute, QuantileHistogram, SinkhornMegatron,
};

/// Numbers from 0 to 2^20 - 1: `SplitMix64`, the upper bits.
fn draws(seed: u64, count: usize) -> Vec<u64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) >> 44
    };
    (0..count).map(|_| next()).collect()
}

/// Scores that `f32` holds: u / 2^20 + skew (E - 1 - e) / 2^10, u drawn row by row.
fn table(seed: u64, tokens: usize, experts: usize, skew: u64) -> Array2<f32> {
    let noise = draws(seed, tokens * experts);
    Array2::from_shape_fn((tokens, experts), |(t, e)| {
        let whole = noise[t * experts + e] + 1024 * skew * (experts - 1 - e) as u64;
        (whole as f64 / f64::from(1 << 20)) as f32
    })
}

/// Tokens, experts, k and skew of the MaxScore instance of that number.
fn sizes(seed: u64) -> (usize, usize, u32, u64) {
    let drawn = draws(seed + 1_000_000, 4);
    let experts = 2 + drawn[0] as usize % 7;
    let k = 1 + drawn[2] as u32 % 4.min(experts as u32 - 1);
    (4 + drawn[1] as usize % 21, experts, k, drawn[3] % 200)
}

fn solve(solver: &dyn Solver, instance: &Instance) -> Vec<u32> {
    let solution = solver.solve(instance, &mut Run::new(0)).expect("solves");
    solution.assignment.slots().to_vec()
}

#[derive(Deserialize)]
struct MaxScore {
    released: Vec<f64>,
    reroute: Vec<Vec<Vec<u32>>>,
}

fn max_score() -> MaxScore {
    from_str(include_str!("references/maxscore.json")).expect("as the script wrote it")
}

/// The MaxScore instance of that number, capacity factor 1.
fn max_score_instance(seed: u64, exact: bool) -> Instance {
    let (tokens, experts, k, skew) = sizes(seed);
    let capacity = Instance::uniform_capacity(tokens, experts, k as usize, 1.0).expect("valid");
    let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
    Instance::new(table(seed, tokens, experts, skew), capacity, demand).expect("feasible")
}

#[test]
fn maxscore_released_equals_greedy_and_scipy() {
    let reference = max_score();
    let (mut below, all) = (0, reference.released.len());
    assert_eq!(all, 200);
    for (seed, want) in (1..).zip(reference.released) {
        let instance = max_score_instance(seed, true);
        let worth = |solver: &dyn Solver| {
            let solution = solver.solve(&instance, &mut Run::new(0)).expect("solves");
            instance.objective(&solution.assignment).expect("feasible")
        };
        let (got, best) = (worth(&MaxScoreReleased {}), worth(&Flow::default()));
        assert!((got - want).abs() < 1e-9 * want, "instance {seed}: {got}, SciPy {want}");
        assert!(best >= got, "instance {seed}: the joint optimum {best} is below {got}");
        below += usize::from(got < best - 1e-9);
    }
    assert!(below > all / 4, "only {below} of {all} differ from the joint optimum");
}

#[test]
fn maxscore_reroute_equals_numpy() {
    for (seed, want) in (1..).zip(max_score().reroute) {
        let instance = max_score_instance(seed, false);
        let solution = MaxScoreReroute {}.solve(&instance, &mut Run::new(0)).expect("solves");
        for (t, want) in want.iter().enumerate() {
            let mut got = solution.assignment.experts(t).to_vec();
            got.sort_unstable();
            // A score of 0 is not taken under at most k; the draws have none.
            assert_eq!(&got, want, "instance {seed}, token {t}");
        }
    }
}

#[derive(Deserialize)]
struct Auction {
    shape: [usize; 2],
    skew: u64,
    experts: Vec<u32>,
    rounds: u64,
    after_five: Vec<u32>,
}

#[test]
fn base_equals_numpy() {
    let reference = include_str!("references/base.json");
    let auctions: Vec<Auction> = from_str(reference).expect("as the script wrote it");
    let (mut long, mut differ) = (0, 0);
    for (seed, auction) in (1..).zip(&auctions) {
        let [tokens, experts] = auction.shape;
        let scores = table(seed, tokens, experts, auction.skew);
        let tied = |score: f32| (4.0 * score).floor() / 4.0;
        let scores = if seed > 80 { scores.mapv(tied) } else { scores };
        let capacity = vec![(tokens / experts) as u32; experts];
        let instance = Instance::new(scores, capacity, Demand::Exactly(1)).expect("feasible");
        let mut run = Run::new(0);
        let solution = Base::default().solve(&instance, &mut run).expect("solves");
        assert_eq!(solution.assignment.slots(), auction.experts, "auction {seed}");
        assert_eq!(run.steps(), auction.rounds, "auction {seed}");
        let five = Base { rounds: 5, ..Base::default() };
        assert_eq!(solve(&five, &instance), auction.after_five, "auction {seed}, faster rule");
        long += usize::from(auction.rounds > 6);
        differ += usize::from(auction.experts != auction.after_five);
    }
    assert!(auctions.len() == 100 && long > 20 && differ > 10, "{long}, {differ}");
}

#[derive(Deserialize)]
struct Scaling {
    shape: [usize; 2],
    scale: u16,
    skew: u64,
    iterations: u64,
    plan: Vec<f32>,
}

#[test]
fn sinkhorn_megatron_equals_numpy() {
    let reference = include_str!("references/sinkhorn_megatron.json");
    let scalings: Vec<Scaling> = from_str(reference).expect("as the script wrote it");
    assert_eq!(scalings.len(), 5);
    for (seed, scaling) in (1..).zip(scalings) {
        let [tokens, experts] = scaling.shape;
        let logits = table(seed, tokens, experts, scaling.skew) * f32::from(scaling.scale);
        let capacity = vec![tokens as u32; experts];
        let instance = Instance::new(logits, capacity, Demand::Exactly(2)).expect("feasible");
        let plan = SinkhornMegatron::default().plan(&instance).expect("in range");
        let largest = scaling.plan.iter().fold(0.0f32, |largest, &value| largest.max(value));
        for (got, want) in plan.iter().zip(&scaling.plan) {
            assert!((got - want).abs() <= 1e-6 * largest, "{seed}: {got}, NumPy {want}");
        }
        let mut run = Run::new(0);
        let solution = SinkhornMegatron::default().solve(&instance, &mut run).expect("in range");
        assert_eq!(run.steps(), scaling.iterations, "{seed}");
        for (t, row) in scaling.plan.chunks_exact(experts).enumerate() {
            let held = solution.assignment.experts(t);
            let least = held.iter().fold(f32::INFINITY, |low, &e| low.min(row[e as usize]));
            let better = row.iter().filter(|&&value| value > least + 1e-6 * largest).count();
            assert!(held.len() == 2 && better < 2, "{seed}: token {t} takes {held:?} of {row:?}");
        }
    }
}

#[derive(Deserialize)]
struct Histogram {
    shape: [usize; 2],
    k: u32,
    skew: u64,
    bins: u32,
    biases: std::collections::BTreeMap<u32, Vec<f64>>,
}

#[test]
fn quantile_histogram_equals_numpy() {
    let reference = include_str!("references/quantile_histogram.json");
    let histograms: Vec<Histogram> = from_str(reference).expect("as the script wrote it");
    assert_eq!(histograms.len(), 5);
    for (seed, histogram) in (1..).zip(histograms) {
        let ([tokens, experts], k) = (histogram.shape, histogram.k);
        let scores = table(seed, tokens, experts, histogram.skew);
        let capacity = Instance::uniform_capacity(tokens, experts, k as usize, 1.0).expect("valid");
        let instance = Instance::new(scores, capacity, Demand::Exactly(k)).expect("feasible");
        for (rounds, want) in histogram.biases {
            let rule = QuantileHistogram { rounds, bins: histogram.bins, ..Default::default() };
            let solution = rule.solve(&instance, &mut Run::new(0)).expect("solves");
            let highest = want.iter().fold(f64::NEG_INFINITY, |highest, &bias| highest.max(bias));
            let prices = solution.prices.expect("has prices");
            for (e, (got, bias)) in prices.iter().zip(&want).enumerate() {
                let want = highest - bias;
                let place = format!("{seed}, {rounds} rounds, expert {e}");
                assert!((got - want).abs() < 1e-6, "{place}: {got}, NumPy {want}");
            }
        }
    }
}
