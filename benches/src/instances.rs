//! The instances that the benchmarks share: real batches and random hard ones.

use anyhow::{Context, Result};
use ndarray::{ArcArray2, Array2};
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use spinroute_core::{Demand, Error, Instance};

use crate::data::{self, BATCH, ROUTERS, Transform};

/// A named problem, not yet an [`Instance`]: building one is part of what is timed.
#[derive(Clone, Debug)]
pub struct Case {
    /// Which family of instances.
    pub family: &'static str,
    /// Where it comes from, unique within a run.
    pub name: String,
    /// Tokens × experts.
    pub scores: ArcArray2<f32>,
    /// One per expert.
    pub capacity: Vec<u32>,
    /// How many experts each token takes.
    pub demand: Demand,
}

impl Case {
    /// A case with the same capacity `⌈factor·T·k/E⌉` for all experts.
    ///
    /// # Errors
    /// If the factor is no capacity factor.
    pub fn uniform(
        family: &'static str,
        name: String,
        scores: Array2<f32>,
        demand: Demand,
        factor: f64,
    ) -> Result<Self> {
        let (tokens, experts) = scores.dim();
        let capacity = Instance::uniform_capacity(tokens, experts, demand.k(), factor)?;
        Ok(Self { family, name, scores: scores.into_shared(), capacity, demand })
    }

    /// The instance.
    ///
    /// # Errors
    /// Of [`Instance::new`].
    pub fn instance(&self) -> Result<Instance, Error> {
        Instance::new(self.scores.clone(), self.capacity.clone(), self.demand)
    }
}

/// All instances of the comparison with OR-tools, in the order of the report.
///
/// # Errors
/// If the recordings are missing.
pub fn all() -> Result<Vec<Case>> {
    Ok([trained_routers()?, olmoe()?, gpt_oss()?, hard()?].concat())
}

/// The trained routers: layers 0 and 3, first and last 4,096 tokens, capacity factor 1.0, and one
/// batch of each at 1.25. Softmax scores; sigmoid ones as well for the router trained with them.
///
/// # Errors
/// If the recordings are missing.
pub fn trained_routers() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (router, k) in ROUTERS {
        for layer in [0, 3] {
            for (half, start) in [("first", 0), ("last", BATCH)] {
                for (suffix, transform) in
                    [("", Transform::Softmax), ("-sigmoid", Transform::Sigmoid)]
                {
                    if transform == Transform::Sigmoid && router != "e256k8-biasfree" {
                        continue;
                    }
                    let scores =
                        data::router_scores(router, layer, start..start + BATCH, transform)?;
                    let name = format!("{router}{suffix}, layer {layer}, {half}");
                    if layer == 3 && start == 0 {
                        let name = format!("{name}, factor 1.25");
                        let loose = (scores.clone(), Demand::Exactly(k), 1.25);
                        cases.push(Case::uniform(
                            "trained router",
                            name,
                            loose.0,
                            loose.1,
                            loose.2,
                        )?);
                    }
                    cases.push(Case::uniform(
                        "trained router",
                        name,
                        scores,
                        Demand::Exactly(k),
                        1.0,
                    )?);
                }
            }
        }
    }
    Ok(cases)
}

/// A batch of each shape, at capacity factor 1.0: what a solve costs, phase by phase. Beside the trained routers and
/// OLMoE's ties there are synthetic routers of the sizes of today's models. Only those that are `wanted`, by family
/// and name, are made.
///
/// # Errors
/// If the recordings are missing.
pub fn exact_sizes(wanted: impl Fn(&str, &str) -> bool) -> Result<Vec<Case>> {
    let plain = |c: &Case| c.name.contains("layer 0, first") || c.name.contains("layer 3, last");
    let mut cases = trained_routers()?;
    cases.retain(|c| plain(c) && !c.name.contains("sigmoid"));
    cases.extend(olmoe()?.into_iter().filter(|c| c.name.contains("seed 0")));
    let sizes = [(8192, 384, 8), (8192, 512, 10), (16_384, 1024, 8), (65_536, 64, 8)];
    cases.retain(|case| wanted(case.family, &case.name));
    for (tokens, experts, k) in sizes {
        let name = format!("synthetic, {tokens} × {experts}");
        if !wanted("synthetic", &name) {
            continue;
        }
        let scores = synthetic_router(tokens, experts, &mut ChaCha8Rng::seed_from_u64(1));
        cases.push(Case::uniform("synthetic", name, scores, Demand::Exactly(k), 1.0)?);
    }
    Ok(cases)
}

/// Softmax of `1.5 X·Wᵀ/√64` plus a standard normal offset of each expert, with X and W standard normal of width 64.
pub fn synthetic_router(tokens: usize, experts: usize, rng: &mut ChaCha8Rng) -> Array2<f32> {
    const WIDTH: usize = 64;
    let normal = |rng: &mut ChaCha8Rng| -> f32 { StandardNormal.sample(rng) };
    let hidden = Array2::from_shape_fn((tokens, WIDTH), |_| normal(rng));
    let weights = Array2::from_shape_fn((experts, WIDTH), |_| normal(rng));
    let mut logits = hidden.dot(&weights.t());
    for mut column in logits.columns_mut() {
        let offset = normal(rng);
        column.mapv_inplace(|z| z * 1.5 / (WIDTH as f32).sqrt() + offset);
    }
    data::transformed(logits, Transform::Softmax)
}

/// Batches drawn from OLMoE's affinities: token ids with probability proportional to their
/// occurrences, scores = counts / occurrences. Many exact ties.
///
/// # Errors
/// If the recordings are missing.
pub fn olmoe() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (index, layer) in [0, 7, 15].into_iter().enumerate() {
        let (counts, occurrences) = data::olmoe(index)?;
        let draw = WeightedIndex::new(&occurrences)?;
        for (seed, factor) in [(0, 1.0), (1, 1.0), (2, 1.25)] {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let ids: Vec<usize> = (0..BATCH).map(|_| draw.sample(&mut rng)).collect();
            let scores = Array2::from_shape_fn((BATCH, counts.ncols()), |(t, e)| {
                counts[[ids[t], e]] / occurrences[ids[t]]
            });
            let name = format!("layer {layer}, seed {seed}, factor {factor}");
            cases.push(Case::uniform("OLMoE affinity", name, scores, Demand::Exactly(8), factor)?);
        }
    }
    Ok(cases)
}

/// One expert a token, in series of batches that grow, each the beginning of the next: layer 3 of every trained router,
/// a batch of OLMoE (layer 15: ties) and a synthetic router of 384 experts, each at capacity factors 1.0 and 1.25.
///
/// # Errors
/// If the recordings are missing.
pub fn one_expert() -> Result<Vec<Vec<Case>>> {
    let mut tables = Vec::new();
    for (router, _) in ROUTERS {
        let scores = data::router_scores(router, 3, 0..BATCH, Transform::Softmax)?;
        tables.push(("trained router", router.to_owned(), scores));
    }
    let olmoe = olmoe()?.into_iter().find(|case| case.name.contains("layer 15, seed 0"));
    let olmoe = olmoe.context("OLMoE's layer 15")?;
    tables.push((olmoe.family, "layer 15".to_owned(), olmoe.scores.into_owned()));
    let synthetic = synthetic_router(BATCH, 384, &mut ChaCha8Rng::seed_from_u64(1));
    tables.push(("synthetic", "normal".to_owned(), synthetic));
    let mut series = Vec::new();
    for (family, table, scores) in tables {
        for factor in [1.0, 1.25] {
            let grow = [128, 512, 1024, 2048, BATCH].map(|tokens| {
                let scores = scores.slice(ndarray::s![..tokens, ..]).to_owned();
                let name = format!("{table}, factor {factor}, {tokens} tokens");
                Case::uniform(family, name, scores, Demand::Exactly(1), factor)
            });
            series.push(grow.into_iter().collect::<Result<_>>()?);
        }
    }
    Ok(series)
}

/// Consecutive tokens of gpt-oss-20b: at most 1 or 2 of the 4 experts whose weight is known.
///
/// # Errors
/// If the recordings are missing.
pub fn gpt_oss() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for layer in [0, 11, 23] {
        let scores = data::gpt_oss(layer, 0..BATCH)?;
        for k in [1, 2] {
            let name = format!("layer {layer}, {k} of 4");
            let demand = Demand::AtMost(k);
            cases.push(Case::uniform("gpt-oss trace", name, scores.clone(), demand, 1.0)?);
        }
    }
    Ok(cases)
}

/// Random hard instances, each as `Exactly` and as `AtMost`.
///
/// # Errors
/// If a generator is wrong.
pub fn hard() -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (seed, kind) in KINDS.into_iter().enumerate() {
        for exactly in [true, false] {
            cases.push(random(kind, exactly, seed as u64));
        }
    }
    Ok(cases)
}

/// What makes a random instance hard.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Capacities drawn from an exponential distribution, 10 % more than the demand in all.
    Unequal,
    /// A quarter of the experts hold nothing, the best ones among them.
    Zero,
    /// Unequal capacities that add up to the demand exactly.
    Tight,
    /// Four times the demand.
    Loose,
    /// Logits as scores: most are negative.
    Negative,
    /// Half of the pairs are forbidden.
    Forbidden,
    /// Scores are multiples of 1/8.
    Tied,
    /// 16 different tokens, 256 times each.
    Repeated,
}

const KINDS: [Kind; 8] = [
    Kind::Unequal,
    Kind::Zero,
    Kind::Tight,
    Kind::Loose,
    Kind::Negative,
    Kind::Forbidden,
    Kind::Tied,
    Kind::Repeated,
];

fn random(kind: Kind, exactly: bool, seed: u64) -> Case {
    let (tokens, experts, k) =
        [(4096, 64, 4), (4096, 128, 2), (2048, 160, 6), (4096, 96, 8)][seed as usize % 4];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let logits = skewed_logits(tokens, experts, 2.0, &mut rng);
    let mut scores = match kind {
        Kind::Negative => logits.mapv(|z| z - 1.0),
        _ => data::transformed(logits, Transform::Softmax),
    };
    match kind {
        Kind::Forbidden => {
            scores.mapv_inplace(|s| if rng.random() { s } else { f32::NEG_INFINITY });
        }
        Kind::Tied => scores.mapv_inplace(|s| (s * 64.0).round().min(8.0) / 8.0),
        Kind::Repeated => {
            for t in 16..tokens {
                let (first, mut later) = scores.view_mut().split_at(ndarray::Axis(0), t);
                later.row_mut(0).assign(&first.row(t % 16));
            }
        }
        _ => {}
    }
    let demand = if exactly { Demand::Exactly(k) } else { Demand::AtMost(k) };
    let name = format!("{kind:?}, {} {k}", if exactly { "exactly" } else { "at most" });
    let capacity = capacities(kind, tokens, experts, k as usize, &mut rng);
    Case { family: "random", name, scores: scores.into_shared(), capacity, demand }
}

/// Standard normal logits plus a normal offset of each expert, `skew` times as wide.
pub fn skewed_logits(
    tokens: usize,
    experts: usize,
    skew: f32,
    rng: &mut ChaCha8Rng,
) -> Array2<f32> {
    let normal = |rng: &mut ChaCha8Rng| -> f32 { StandardNormal.sample(rng) };
    let offset: Vec<f32> = (0..experts).map(|_| skew * normal(rng)).collect();
    Array2::from_shape_fn((tokens, experts), |(_, e)| normal(rng) + offset[e])
}

fn capacities(
    kind: Kind,
    tokens: usize,
    experts: usize,
    k: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<u32> {
    let need = tokens * k;
    match kind {
        Kind::Unequal => shares(need + need / 10, tokens, experts, rng),
        Kind::Tight => shares(need, tokens, experts, rng),
        Kind::Zero => {
            let open = experts - experts / 4;
            let each = need.div_ceil(open) as u32;
            (0..experts).map(|e| if e % 4 == 0 { 0 } else { each }).collect()
        }
        Kind::Loose => vec![(4 * need / experts) as u32; experts],
        Kind::Forbidden => vec![(3 * need).div_ceil(2 * experts) as u32; experts],
        Kind::Negative | Kind::Tied | Kind::Repeated => {
            vec![need.div_ceil(experts) as u32; experts]
        }
    }
}

/// Capacities of at most `tokens` that add up to `total`, with exponentially distributed shares.
fn shares(total: usize, tokens: usize, experts: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let weights: Vec<f64> = (0..experts).map(|_| -(1.0 - rng.random::<f64>()).ln()).collect();
    let sum: f64 = weights.iter().sum();
    let mut capacity: Vec<usize> =
        weights.iter().map(|w| ((w / sum * total as f64) as usize).min(tokens)).collect();
    let mut missing = total - capacity.iter().sum::<usize>();
    for e in (0..experts).cycle() {
        if missing == 0 {
            break;
        }
        if capacity[e] < tokens {
            capacity[e] += 1;
            missing -= 1;
        }
    }
    capacity.into_iter().map(|c| c as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn hard_instances_are_what_they_say() {
        let cases = hard().unwrap();
        for case in &cases {
            let instance = case.instance().unwrap();
            let total: u64 = case.capacity.iter().map(|&c| u64::from(c)).sum();
            let need = (instance.tokens() * instance.demand().k()) as u64;
            assert_eq!(instance.has_forbidden(), case.name.starts_with("Forbidden"));
            assert_eq!(case.capacity.contains(&0), case.name.starts_with("Zero"), "{}", case.name);
            if case.name.starts_with("Tight") {
                assert_eq!((total, instance.supply()), (need, need));
            }
        }
        let names: HashSet<_> = cases.iter().map(|case| &case.name).collect();
        assert_eq!(names.len(), 2 * KINDS.len());
    }

    #[test]
    fn the_comparison_has_at_least_fifty_instances() {
        if let Err(error) = data::root() {
            eprintln!("skipped: {error}");
            return;
        }
        let cases = all().unwrap();
        let names: HashSet<_> = cases.iter().map(|case| (case.family, &case.name)).collect();
        assert!(cases.len() >= 50 && names.len() == cases.len(), "{}", cases.len());
        for case in cases {
            case.instance().unwrap();
        }
    }
}
