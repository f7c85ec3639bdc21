//! Seeded instances of any size, for benchmarks and for whoever does not use proptest.
//!
//! The numbers come from `ChaCha` with 8 rounds, `ChaCha8Rng::seed_from_u64(seed)`, one `u64` a
//! uniform draw (its upper 53 bits), normal draws by Marsaglia's polar method (SIAM Review 6
//! (1964) 260-264) and `libm` for logarithm and exponential: the same bits on every platform and
//! in every later version, or the change is called breaking.
//!
//! All instances ask for `Exactly(k)` and are feasible.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use spinroute_core::{Assignment, Demand, Error, Instance};

use crate::capacity::share_out;
use crate::reference::Optimum;
use crate::scores::softmax;
pub use crate::scores::{Rounding, Wide};

/// A seeded source of draws; see the [module](self) for what is stable.
///
/// ```
/// use spinroute_testkit::generate::Draws;
///
/// let mut draws = Draws::new(7);
/// assert!((0.0..1.0).contains(&draws.uniform()) && draws.below(4) < 4);
/// assert_eq!(Draws::new(1).whole(), Draws::new(1).whole());
/// ```
#[derive(Clone, Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// The source of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Uniform among all whole numbers of 64 bits.
    pub fn whole(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform among `0..n`, to within 2⁻⁵³.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        loop {
            let [x, y] = [(); 2].map(|()| 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }

    /// Reorders `items` uniformly (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Softmax of standard normal logits plus a bias per expert, normal with deviation `skew`;
/// capacity factor 1.
///
/// Skew 0 is a balanced router, 1 a trained one without balancing, 4 and more a collapsed one.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn skewed(
    tokens: usize,
    experts: usize,
    k: usize,
    skew: f64,
    seed: u64,
) -> Result<Instance, Error> {
    let capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    let scores = softmax_scores(tokens, experts, skew, &mut Draws::new(seed));
    Instance::new(scores, capacity, Demand::Exactly(k as u32))
}

/// As [`skewed`] with skew 1, but scores rounded to `levels` equal steps of the largest, and rows
/// repeated: about four tokens share each row. Capacity factor 1.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn tied(
    tokens: usize,
    experts: usize,
    k: usize,
    levels: u32,
    seed: u64,
) -> Result<Instance, Error> {
    let capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    let mut draws = Draws::new(seed);
    let distinct = softmax_scores(tokens.div_ceil(4), experts, 1.0, &mut draws);
    let largest = distinct.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let levels = levels.max(1) as f32;
    let rows: Vec<usize> = (0..tokens).map(|_| draws.below(distinct.nrows())).collect();
    let scores = Array2::from_shape_fn((tokens, experts), |(t, e)| {
        (distinct[[rows[t], e]] / largest * levels).round() / levels
    });
    Instance::new(scores, capacity, Demand::Exactly(k as u32))
}

/// As [`skewed`] with skew 1, but capacities that differ between experts, some of them 0, and sum
/// to exactly `T·k`: every expert ends full.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn tight(tokens: usize, experts: usize, k: usize, seed: u64) -> Result<Instance, Error> {
    let mut draws = Draws::new(seed);
    let scores = softmax_scores(tokens, experts, 1.0, &mut draws);
    let weights: Vec<u32> = (0..experts).map(|_| draws.below(9) as u32).collect();
    let capacity = share_out(&weights, tokens, tokens * k);
    Instance::new(scores, capacity, Demand::Exactly(k as u32))
}

/// Each token may take `candidates` experts, as a router that keeps its best few does; all other
/// pairs are forbidden. An assignment is planted, so that the instance is feasible; capacities are
/// those of factor 1, raised where the planted assignment needs it.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`], or `candidates` is below `k` or above the
/// number of experts.
pub fn sparse(
    tokens: usize,
    experts: usize,
    k: usize,
    candidates: usize,
    seed: u64,
) -> Result<Instance, Error> {
    let mut capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    if candidates < k || candidates > experts {
        let (name, value) = ("candidates", candidates.to_string());
        return Err(Error::Parameter { name, value, mend: "give between k and all experts" });
    }
    let mut draws = Draws::new(seed);
    let mut scores = softmax_scores(tokens, experts, 1.0, &mut draws);
    let mut planted = vec![0; experts];
    let mut order: Vec<usize> = (0..experts).collect();
    for mut row in scores.rows_mut() {
        draws.shuffle(&mut order);
        for &e in &order[candidates..] {
            row[e] = f32::NEG_INFINITY;
        }
        for &e in &order[..k] {
            planted[e] += 1;
        }
    }
    for (capacity, planted) in capacity.iter_mut().zip(planted) {
        *capacity = planted.max(*capacity);
    }
    Instance::new(scores, capacity, Demand::Exactly(k as u32))
}

/// Scores of either sign from 10⁻¹⁵ to 10¹⁵ in size, log-uniform: hard for any absolute tolerance.
/// Capacity factor 1.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn spread(tokens: usize, experts: usize, k: usize, seed: u64) -> Result<Instance, Error> {
    let capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    let mut draws = Draws::new(seed);
    let scores = Array2::from_shape_simple_fn((tokens, experts), || {
        let size = libm::exp(std::f64::consts::LN_10 * (30.0 * draws.uniform() - 15.0));
        (if draws.uniform() < 0.5 { -size } else { size }) as f32
    });
    Instance::new(scores, capacity, Demand::Exactly(k as u32))
}

/// Scores that round, of one [`Rounding`] kind. Capacity factor 1.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn rounding(
    kind: Rounding,
    tokens: usize,
    experts: usize,
    k: usize,
    seed: u64,
) -> Result<Instance, Error> {
    let capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    let mut draws = Draws::new(seed);
    let columns: Vec<i32> = (0..experts).map(|_| draws.below(13) as i32 - 6).collect();
    let scores = Array2::from_shape_fn((tokens, experts), |(_, e)| {
        let uniform = draws.uniform();
        kind.score(uniform, draws.below(10) as u8, columns[e])
    });
    Instance::new(scores, capacity, Demand::Exactly(k as u32))
}

/// Scores in `f64` that `f32` does not hold, of one [`Wide`] kind. Capacity factor 1.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn wide(
    kind: Wide,
    tokens: usize,
    experts: usize,
    k: usize,
    seed: u64,
) -> Result<Instance, Error> {
    let capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    let mut draws = Draws::new(seed);
    let variant = draws.below(4) as u8;
    let mut scores = Array2::zeros((tokens, experts));
    let mut cells = vec![(0.0, 0); experts];
    for mut row in scores.rows_mut() {
        cells.fill_with(|| (draws.uniform(), draws.below(10) as u8));
        row.iter_mut().zip(kind.row(&cells, variant)).for_each(|(score, drawn)| *score = drawn);
    }
    Instance::from_f64(scores, capacity, Demand::Exactly(k as u32))
}

/// An instance of any size whose optimum is known because it was chosen first: prices, and an
/// assignment that takes of every token the best experts at these prices and fills every expert.
/// Scores are such multiples of 2⁻²⁰ that all sums are exact, and many of them tie.
///
/// # Errors
/// If the sizes are no instance, see [`Instance::new`].
pub fn planted(
    tokens: usize,
    experts: usize,
    k: usize,
    seed: u64,
) -> Result<(Instance, Optimum), Error> {
    // What is wrong with the sizes, before they are used.
    let empty = Array2::from_elem((tokens, experts), 0f32);
    Instance::new(empty, vec![0; experts], Demand::AtMost(k as u32))?;
    let mut draws = Draws::new(seed);
    let mut step = |n: usize| draws.below(n) as f64 * 2f64.powi(-20);
    let prices: Vec<f64> = (0..experts).map(|_| step(1 << 18)).collect();
    let surplus: Vec<f64> = (0..tokens).map(|_| step(1 << 18)).collect();
    let gains: Vec<f64> = (0..tokens * experts).map(|_| step(1 << 16)).collect();
    let mut circle: Vec<u32> = (0..experts as u32).collect();
    draws.shuffle(&mut circle);
    let mut order: Vec<usize> = (0..tokens).collect();
    draws.shuffle(&mut order);
    let mut scores = Array2::zeros((tokens, experts));
    let mut slots = vec![0; tokens * k];
    let mut capacity = vec![0; experts];
    for (place, &t) in order.iter().enumerate() {
        let held = (0..k).map(|i| circle[(place * k + i) % experts]);
        slots[t * k..][..k].iter_mut().zip(held).for_each(|(slot, e)| *slot = e);
        let row = &slots[t * k..][..k];
        for &e in row {
            capacity[e as usize] += 1;
        }
        for e in 0..experts {
            // A quarter of the gains is nothing: ties at the edge of the choice.
            let drawn = gains[t * experts + e];
            let gain = if draws.below(4) == 0 { 0.0 } else { drawn };
            let sign = if row.contains(&(e as u32)) { 1.0 } else { -1.0 };
            scores[[t, e]] = (surplus[t] + prices[e] + sign * gain) as f32;
        }
    }
    let instance = Instance::new(scores, capacity, Demand::Exactly(k as u32))?;
    let assignment = Assignment::from_slots(k, slots);
    let value = instance.objective(&assignment)?;
    Ok((instance, Optimum { value, assignment, prices }))
}

fn softmax_scores(tokens: usize, experts: usize, skew: f64, draws: &mut Draws) -> Array2<f32> {
    let bias: Vec<f64> = (0..experts).map(|_| skew * draws.normal()).collect();
    let mut scores = Array2::zeros((tokens, experts));
    let mut logits = vec![0.0; experts];
    for mut row in scores.rows_mut() {
        for (logit, bias) in logits.iter_mut().zip(&bias) {
            *logit = draws.normal() + bias;
        }
        for (score, p) in row.iter_mut().zip(softmax(&logits)) {
            *score = p as f32;
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use spinroute_core::Certificate;

    use super::*;
    use crate::reference::optimum;

    #[test]
    fn a_seed_means_the_same_instance_for_ever() {
        let mut draws = Draws::new(7);
        assert_eq!(draws.uniform(), f64::from_bits(4_594_853_223_840_476_064));
        let instance = skewed(3, 4, 2, 1.0, 7).unwrap();
        assert_eq!(instance.scores(2), [0.013_771_125, 0.885_157_4, 0.097_723_186, 0.003_348_301]);
    }

    #[test]
    fn all_families_are_feasible_and_what_they_say() {
        for seed in 0..8 {
            let tight = tight(20, 6, 3, seed).unwrap();
            assert_eq!(tight.supply(), 60);
            let sparse = sparse(20, 6, 2, 3, seed).unwrap();
            let allowed = |t| sparse.scores(t).iter().filter(|s| s.is_finite()).count();
            assert!((0..20).all(|t| allowed(t) == 3));
            let tied = tied(20, 6, 2, 4, seed).unwrap();
            let mut values: Vec<u32> = tied.flat().iter().map(|s| s.to_bits()).collect();
            values.sort_unstable();
            values.dedup();
            assert!(values.len() <= 5);
            for instance in [tight, sparse, tied, spread(20, 6, 2, seed).unwrap()] {
                assert!(optimum(&instance).is_ok());
            }
        }
        assert!(sparse(4, 4, 3, 2, 0).is_err() && sparse(4, 4, 3, 5, 0).is_err());
    }

    #[test]
    fn kinds_of_scores_are_what_they_say() {
        let of = |kind| rounding(kind, 40, 6, 2, 3).unwrap();
        let share = |kind, is: fn(f32) -> bool| {
            of(kind).flat().iter().filter(|s| is(**s)).count() as f64 / 240.0
        };
        assert!((0.4..0.6).contains(&share(Rounding::HalfZero, |s| s == 0.0)));
        assert!((0.7..0.9).contains(&share(Rounding::MostlyEqual, |s| s == 0.5)));
        assert_eq!(share(Rounding::NearOne, |s| (s - 1.0).abs() < 1.1e-5), 1.0);
        assert_eq!(share(Rounding::Offset, |s| (1e6..=1e6 + 1.0).contains(&s)), 1.0);
        assert!(share(Rounding::Decaying, |s| s < 1e-6) > 0.1);
        assert!(share(Rounding::Columns, |s| s > 100.0) > 0.1);
        for kind in Wide::ALL {
            let found = (0..4).filter(|&seed| {
                let instance = wide(kind, 20, 6, 2, seed).unwrap();
                assert!(optimum(&instance).is_ok());
                instance.wide().is_some()
            });
            assert!(found.count() > 2, "{kind:?}");
        }
        let whole = wide(Wide::Integers, 20, 6, 2, 1).unwrap();
        assert!(whole.wide().unwrap().iter().all(|s| s.fract() == 0.0 && s.abs() <= 2f64.powi(53)));
    }

    #[test]
    fn a_planted_optimum_is_proven_to_the_bit() {
        for (tokens, experts, k) in [(12, 4, 2), (7, 5, 3), (1, 1, 1), (5, 9, 9), (40, 300, 3)] {
            let (instance, known) = planted(tokens, experts, k, 5).unwrap();
            let bound = Certificate::new(&instance, known.prices).unwrap().bound();
            assert_eq!((bound, instance.objective(&known.assignment)), (known.value, Ok(bound)));
            if tokens * experts < 100 {
                assert_eq!(optimum(&instance).unwrap().value, known.value);
            }
        }
        assert!(planted(3, 2, 3, 0).is_err() && planted(0, 2, 1, 0).is_err());
    }

    #[test]
    fn skew_loads_the_favourites() {
        let busiest = |skew| {
            let scores = skewed(400, 8, 1, skew, 3).unwrap();
            let first =
                |t| (0..8).max_by(|&a, &b| scores.scores(t)[a].total_cmp(&scores.scores(t)[b]));
            let mut load = [0; 8];
            (0..400).for_each(|t| load[first(t).unwrap()] += 1);
            load.into_iter().max().unwrap()
        };
        assert!(busiest(0.0) < 100 && busiest(4.0) > 200);
    }
}
