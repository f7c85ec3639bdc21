//! Where instances come from: every strategy, and every generator for what is larger.

use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use spinroute::{Demand, Error, Instance};
use spinroute_testkit::{
    general,
    generate::{self, Draws, Rounding, Wide},
    strategy::{Shape, families},
};

/// The strategies of one thread, from tiny to middling sizes.
pub(crate) struct Source {
    sizes: Vec<Vec<(String, BoxedStrategy<Instance>)>>,
}

impl Source {
    pub(crate) fn new() -> Self {
        let middling = Shape { tokens: 1..=40, experts: 1..=24, k: 1..=8 };
        let shapes = [Shape::tiny(), Shape::default(), middling];
        // A third of all asks for more than one k and one capacity an expert.
        let all = |shape: &Shape| {
            let plain = families(shape).into_iter().map(|(name, it)| (name.to_owned(), it));
            let general = general::families(shape).into_iter();
            plain.chain(general.map(|(name, it)| (format!("general {name}"), it))).collect()
        };
        Self { sizes: shapes.iter().map(all).collect() }
    }

    /// Instance `number` of `seed`, with the name of its family.
    pub(crate) fn draw(&mut self, seed: u64, number: u64) -> (String, Instance) {
        // Neighbouring numbers of neighbouring seeds have nothing in common.
        let mut draws =
            Draws::new(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32));
        let size = match draws.below(4000) {
            0..1600 => 0,
            1600..3560 => 1,
            3560..3980 => 2,
            3980..3999 => return generated(&mut draws, 300, 100, 20_000),
            _ => return generated(&mut draws, 3000, 1024, 400_000),
        };
        let families = &self.sizes[size];
        let (name, strategy) = &families[draws.below(families.len())];
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&draws.whole().to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let tree = strategy.new_tree(&mut runner);
        let tree = tree.unwrap_or_else(|reason| unreachable!("nothing is filtered: {reason}"));
        let instance = tree.current();
        // Prices of either sign that are summed and cancel prove no more digits than `f64` holds: what asks for
        // more than one capacity an expert is drawn among scores that do not differ by more.
        if name.starts_with("general ") && is_spread(&instance) {
            return ("too spread: bare".into(), bare(&instance));
        }
        (name.clone(), instance)
    }
}

/// Whether scores and costs differ by more than nine orders of magnitude.
fn is_spread(instance: &Instance) -> bool {
    let pairs = (0..instance.tokens()).flat_map(|t| (0..instance.experts()).map(move |e| (t, e)));
    let scores = pairs.map(|(t, e)| instance.score(t, e));
    let costs = (0..instance.nodes()).flat_map(|n| instance.limits(n).pieces()).map(|it| it.1);
    let sizes = scores.chain(costs).map(f64::abs).filter(|size| size.is_finite() && *size > 0.0);
    let ends =
        sizes.fold((f64::INFINITY, 0.0), |(a, b), size| (f64::min(a, size), f64::max(b, size)));
    ends.1 > 1e9 * ends.0
}

/// The plain instance of the same scores, where every expert holds all.
fn bare(instance: &Instance) -> Instance {
    let plain = instance.uncapped().with_demand(instance.demand());
    plain.unwrap_or_else(|error| unreachable!("nothing is limited: {error}"))
}

/// A size up to `most`, small ones as likely as large ones.
fn size(draws: &mut Draws, most: usize) -> usize {
    let size = (draws.uniform() * (most as f64).ln()).exp();
    (size as usize).clamp(1, most)
}

/// An instance of [`generate`], under another capacity and demand.
fn generated(draws: &mut Draws, tokens: usize, experts: usize, pairs: usize) -> (String, Instance) {
    loop {
        let (t, e) = (size(draws, tokens), size(draws, experts));
        if t * e <= pairs {
            let k = 1 + draws.below(e.min(8));
            let (name, instance) = generator(draws, t, e, k);
            let instance = instance.and_then(|instance| varied(draws, instance));
            let instance = instance.unwrap_or_else(|error| unreachable!("sizes fit: {error}"));
            return (format!("generate::{name}"), instance);
        }
    }
}

fn generator(
    draws: &mut Draws,
    t: usize,
    e: usize,
    k: usize,
) -> (&'static str, Result<Instance, Error>) {
    let seed = draws.whole();
    match draws.below(6 + Rounding::ALL.len() + Wide::ALL.len()) {
        0 => ("skewed", generate::skewed(t, e, k, [0.0, 1.0, 4.0][draws.below(3)], seed)),
        1 => ("tied", generate::tied(t, e, k, 4, seed)),
        2 => ("tight", generate::tight(t, e, k, seed)),
        3 => ("sparse", generate::sparse(t, e, k, k + draws.below(e - k + 1), seed)),
        4 => ("spread", generate::spread(t, e, k, seed)),
        5 => ("planted", generate::planted(t, e, k, seed).map(|(instance, _)| instance)),
        i if i - 6 < Rounding::ALL.len() => {
            let kind = Rounding::ALL[i - 6];
            (kind.name(), generate::rounding(kind, t, e, k, seed))
        }
        i => {
            let kind = Wide::ALL[i - 6 - Rounding::ALL.len()];
            (kind.name(), generate::wide(kind, t, e, k, seed))
        }
    }
}

/// As it is, with room, or with optional slots and whatever room.
fn varied(draws: &mut Draws, instance: Instance) -> Result<Instance, Error> {
    let choice = draws.below(4);
    if choice == 0 {
        return Ok(instance);
    }
    let k = instance.demand().k() as u32;
    let demand = if choice == 1 { Demand::Exactly(k) } else { Demand::AtMost(k) };
    let percent = if choice == 3 { 20 + draws.below(80) } else { 100 + draws.below(60) };
    let part = |c: &u32| (u64::from(*c) * percent as u64).div_ceil(100) as u32;
    let capacity = instance.capacity().iter().map(part).collect();
    match instance.wide() {
        Some(wide) => {
            let wide = ndarray::ArrayView2::from_shape(instance.table().dim(), wide);
            let wide = wide.unwrap_or_else(|error| unreachable!("the same table: {error}"));
            Instance::from_f64(wide.to_owned(), capacity, demand)
        }
        None => Instance::new(instance.table().to_owned(), capacity, demand),
    }
}
