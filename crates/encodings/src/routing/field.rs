//! The spins of [`SbFull`](super::SbFull): couplings once, a field whenever multipliers move.
//!
//! With `b = (1 + x) / 2` on the grid of tokens × experts, in units of the mean margin `m`,
//!
//! ```text
//! E(x) = −Σ_{t,e} f[t,e] b[t,e] + P/2 Σ_t (Σ_e b[t,e] − k[t])² + Q/2 Σ_e (Σ_t b[t,e] − c[e])²
//! f[t,e] = (s[t,e] − p[e] − α[t]) / m, cut off at ±8
//! ```
//!
//! is an augmented Lagrangian: prices `p` and levels `α` carry the constraints, so that `P` and `Q` need
//! not, and may stay of the size of a margin. As spins this is a grid of row weights `P/8` and column
//! weights `Q/8`, never expanded, whose highest eigenvalue is `P (E − 1) / 4 + Q (T − 1) / 4` exactly,
//! that of the mode in which all spins move together; only the field depends on `p`, `α` and the targets.
//! A constraint that need not be tight has the target that a slack variable would leave it:
//! `c[e] − max(0, c[e] − load − p[e] / (m Q))`, and the same for `k`.
//!
//! A field costs one pass over the scores. `f` is not kept: ranking computes it again, which moves a third
//! of the bytes.

use rayon::prelude::*;
use spinroute_core::Instance;
use spinroute_ising::{Error, Grid, Ising, Structured};
use spinroute_prices::{Selection, choice};

use spinroute_bifurcation::LANES;
use spinroute_simd::{Work, widest};

/// Fields beyond this many margins are cut off: the pair is decided.
const CLEAR: f32 = 8.0;

/// What the pull of the field counts beside a position when pairs are ranked.
const TIE: f32 = 1e-3;

/// Tokens a task.
const BLOCK: usize = 64;

/// What the field is made from.
#[derive(Clone, Copy)]
pub(super) struct Steering<'a> {
    /// One an expert.
    pub(super) prices: &'a [f32],
    /// The selection under them.
    pub(super) selection: &'a Selection,
    /// Sums of columns of `b`.
    pub(super) loads: &'a [f64],
    /// Sums of rows of `b`; read under `AtMost` only.
    pub(super) taken: &'a [f32],
}

/// Weights and unit of the energy, fixed for a run, and the terms of lines, which prices move.
pub(super) struct Field<'a> {
    instance: &'a Instance,
    /// The unit of scores and prices, `m`.
    unit: f64,
    /// The weight of a row, `P`.
    rows: f64,
    /// The weight of a column, `Q`.
    columns: f64,
    /// Prices, infinite where the capacity is 0.
    prices: Vec<f32>,
    /// `α`, one a token.
    levels: Vec<f32>,
    /// What the targets of columns add to the field.
    column_terms: Vec<f32>,
    /// And those of rows.
    row_terms: Vec<f32>,
}

impl<'a> Field<'a> {
    /// Of relative weights: `P = rows / k`, `Q = columns / mean capacity`.
    pub(super) fn new(
        instance: &'a Instance,
        selection: &Selection,
        rows: f64,
        columns: f64,
    ) -> Self {
        let mean = instance.supply() as f64 / instance.experts() as f64;
        Self {
            instance,
            unit: choice::mean_margin(selection),
            rows: rows / instance.demand().k() as f64,
            columns: columns / mean.max(1.0),
            prices: Vec::new(),
            levels: Vec::new(),
            column_terms: Vec::new(),
            row_terms: Vec::new(),
        }
    }

    /// The model with the present field.
    pub(super) fn model(&self) -> Result<Ising, Error> {
        let (rows, columns) = self.instance.table().dim();
        let grid = Grid {
            start: 0,
            rows,
            columns,
            row_weights: vec![self.rows / 8.0; rows],
            column_weights: vec![self.columns / 8.0; columns],
            further: Vec::new(),
        };
        let couplings = Structured::new(rows * columns, &[grid], &[], None)?;
        let mut values = vec![0.0; rows * columns];
        self.write(1.0, &mut values);
        Ising::new(values.into_iter().map(f64::from).collect(), couplings, 0.0)
    }

    /// The highest eigenvalue of the couplings.
    pub(super) fn highest(&self) -> f64 {
        let (tokens, experts) = self.instance.table().dim();
        (self.rows * (experts - 1) as f64 + self.columns * (tokens - 1) as f64) / 4.0
    }

    /// Takes new prices.
    pub(super) fn steer(&mut self, by: Steering<'_>) {
        let (tokens, experts) = self.instance.table().dim();
        let exact = self.instance.demand().is_exact();
        let capacity = self.instance.capacity();
        let priced = by.prices.iter().zip(capacity);
        self.prices.clear();
        self.prices.extend(priced.map(|(&p, &c)| if c == 0 { f32::INFINITY } else { p }));
        let ends = by.selection.taken.iter().zip(&by.selection.left);
        self.levels.clear();
        self.levels.extend(ends.map(|(&taken, &left)| level(taken, left, exact)));
        self.column_terms.clear();
        self.column_terms.extend((0..experts).map(|e| {
            let limit = f64::from(capacity[e]).min(tokens as f64);
            let multiplier = f64::from(by.prices[e]) / (self.unit * self.columns);
            let target = target(limit, by.loads[e], multiplier);
            (self.columns / 2.0 * (tokens as f64 / 2.0 - target)) as f32
        }));
        let row_term = |target: f64| (self.rows / 2.0 * (experts as f64 / 2.0 - target)) as f32;
        self.row_terms.clear();
        self.row_terms.extend((0..tokens).map(|t| {
            let k = self.instance.k(t);
            if exact || k == 0 {
                return row_term(k as f64);
            }
            let multiplier = f64::from(self.levels[t]) / (self.unit * self.rows);
            row_term(target(k as f64, f64::from(by.taken[t]), multiplier))
        }));
    }

    /// Writes the field `h / scale`, tokens × experts.
    pub(super) fn write(&self, scale: f64, values: &mut [f32]) {
        let experts = self.instance.experts();
        let size = BLOCK * experts;
        let blocks = values.par_chunks_mut(size).zip(self.instance.flat().par_chunks(size));
        blocks.enumerate().for_each(|(block, (values, scores))| {
            widest(Write {
                field: self,
                scale: scale as f32,
                first: block * BLOCK,
                scores,
                values,
            });
        });
    }

    /// Where a position starts: at the pull, within the walls.
    pub(super) fn start(&self, i: usize) -> f32 {
        let experts = self.instance.experts();
        let (t, e) = (i / experts, i % experts);
        let score = self.instance.flat()[i];
        pull(score, self.prices[e], self.levels[t], self.inverse()).clamp(-1.0, 1.0)
    }

    /// Turns positions into what pairs are ranked by: the position, and among equals the pull;
    /// forbidden pairs last.
    pub(super) fn rank(&self, positions: &mut [f32]) {
        let experts = self.instance.experts();
        let size = BLOCK * experts;
        let blocks = positions.par_chunks_mut(size).zip(self.instance.flat().par_chunks(size));
        blocks.enumerate().for_each(|(block, (positions, scores))| {
            widest(Rank { field: self, first: block * BLOCK, scores, positions });
        });
    }

    fn inverse(&self) -> f32 {
        (1.0 / self.unit) as f32
    }
}

/// `f` of a pair; a pair that cannot be is decided.
#[inline(always)]
#[allow(clippy::inline_always)]
fn pull(score: f32, price: f32, level: f32, inverse: f32) -> f32 {
    // `max` before `min`: a NaN is the lower end.
    #[allow(clippy::manual_clamp)]
    ((score - price - level) * inverse).max(-CLEAR).min(CLEAR)
}

/// The field of some tokens.
struct Write<'a> {
    field: &'a Field<'a>,
    scale: f32,
    first: usize,
    scores: &'a [f32],
    values: &'a mut [f32],
}

impl Work for Write<'_> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { field, scale, first, scores, values } = self;
        let (inverse, unscale, experts) = (field.inverse(), 1.0 / scale, field.prices.len());
        let lines = values.chunks_exact_mut(experts).zip(scores.chunks_exact(experts));
        for (t, (values, scores)) in (first..).zip(lines) {
            let (level, row) = (field.levels[t], field.row_terms[t]);
            let columns = field.prices.iter().zip(&field.column_terms);
            for ((value, score), (price, column)) in values.iter_mut().zip(scores).zip(columns) {
                let pull = pull(*score, *price, level, inverse);
                *value = (-0.5f32).mul_add(pull, row + column) * unscale;
            }
        }
    }
}

/// Positions of some tokens, ranked.
struct Rank<'a> {
    field: &'a Field<'a>,
    first: usize,
    scores: &'a [f32],
    positions: &'a mut [f32],
}

impl Work for Rank<'_> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { field, first, scores, positions } = self;
        let (inverse, experts) = (field.inverse(), field.prices.len());
        let lines = positions.chunks_exact_mut(experts).zip(scores.chunks_exact(experts));
        for (t, (positions, scores)) in (first..).zip(lines) {
            let level = field.levels[t];
            for ((x, score), price) in positions.iter_mut().zip(scores).zip(&field.prices) {
                let key = TIE.mul_add(pull(*score, *price, level, inverse), *x);
                *x = if *score == f32::NEG_INFINITY { *score } else { key };
            }
        }
    }
}

/// The target of a sum under a limit, with the slack that is best for a multiplier.
fn target(limit: f64, sum: f64, multiplier: f64) -> f64 {
    limit - (limit - sum - multiplier).max(0.0)
}

/// The level that parts what a token takes from what it leaves.
fn level(taken: f32, left: f32, exact: bool) -> f32 {
    let middle = match (taken.is_finite(), left.is_finite()) {
        (true, true) => f32::midpoint(taken, left),
        (true, false) => taken,
        (false, true) => left,
        (false, false) => 0.0,
    };
    if exact { middle } else { middle.max(0.0) }
}

/// Sums of rows and columns of `b`: columns in blocks of tokens in `f32`, added in order.
pub(super) fn sums(positions: &[f32], experts: usize) -> (Vec<f32>, Vec<f64>) {
    let mut rows = vec![0f32; positions.len() / experts];
    let blocks = positions.par_chunks(BLOCK * experts).zip(rows.par_chunks_mut(BLOCK));
    let sums: Vec<Vec<f32>> = blocks
        .map(|(positions, rows)| {
            let mut columns = vec![0f32; experts];
            widest(Sums { positions, rows, columns: &mut columns });
            columns
        })
        .collect();
    let mut columns = vec![0f64; experts];
    for sums in sums {
        columns.iter_mut().zip(sums).for_each(|(column, sum)| *column += f64::from(sum));
    }
    (rows, columns)
}

/// Sums of rows and columns of some tokens.
struct Sums<'a> {
    positions: &'a [f32],
    rows: &'a mut [f32],
    columns: &'a mut [f32],
}

impl Work for Sums<'_> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { positions, rows, columns } = self;
        let experts = columns.len();
        for (row, positions) in rows.iter_mut().zip(positions.chunks_exact(experts)) {
            let mut parts = [0f32; LANES];
            for (columns, positions) in columns.chunks_mut(LANES).zip(positions.chunks(LANES)) {
                for ((part, column), x) in parts.iter_mut().zip(columns).zip(positions) {
                    let share = 0.5f32.mul_add(*x, 0.5);
                    *column += share;
                    *part += share;
                }
            }
            *row = parts.iter().sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinroute_core::Demand;

    /// `E(x)` of the module's head, with capacities as targets.
    fn energy(field: &Field<'_>, spins: &[i8]) -> f64 {
        let instance = field.instance;
        let (tokens, experts) = instance.table().dim();
        let share = |t: usize, e: usize| f64::midpoint(1.0, f64::from(spins[t * experts + e]));
        let mut energy = 0.0;
        for t in 0..tokens {
            for e in 0..experts {
                let i = t * experts + e;
                let (score, price) = (instance.flat()[i], field.prices[e]);
                let pull = pull(score, price, field.levels[t], field.inverse());
                energy -= f64::from(pull) * share(t, e);
            }
            let row: f64 = (0..experts).map(|e| share(t, e)).sum();
            energy += field.rows / 2.0 * (row - instance.demand().k() as f64).powi(2);
        }
        for (e, &c) in instance.capacity().iter().enumerate() {
            let column: f64 = (0..tokens).map(|t| share(t, e)).sum();
            energy += field.columns / 2.0 * (column - f64::from(c)).powi(2);
        }
        energy
    }

    #[test]
    fn the_model_is_the_augmented_lagrangian() {
        let scores = ndarray::Array2::from_shape_fn((7, 5), |(t, e)| ((t * 3 + e * 4) % 7) as f32);
        let instance = Instance::new(scores, vec![3; 5], Demand::Exactly(2)).unwrap();
        let prices = [0.5, 0.0, 1.0, 0.25, 2.0];
        let mut selection = Selection::default();
        selection.fill(instance.flat(), &prices, 2);
        let mut field = Field::new(&instance, &selection, 4.0, 12.0);
        let loads = [3.0; 5]; // full: no slack
        field.steer(Steering { prices: &prices, selection: &selection, loads: &loads, taken: &[] });
        let model = field.model().unwrap();
        let state = |seed: usize| -> Vec<i8> {
            (0..35).map(|i| if (i * i + i * seed).is_multiple_of(3) { 1 } else { -1 }).collect()
        };
        for seed in 1..6 {
            let (a, b) = (state(seed), state(0));
            let model = model.energy(&a) - model.energy(&b);
            let formula = energy(&field, &a) - energy(&field, &b);
            assert!((model - formula).abs() < 1e-4, "{model} {formula}");
        }
    }

    #[test]
    fn sums_are_those_of_shares() {
        let positions: Vec<f32> = (0..150 * 21).map(|i| (i % 9) as f32 / 4.0 - 1.0).collect();
        let (rows, columns) = sums(&positions, 21);
        let share = |x: f32| f64::midpoint(1.0, f64::from(x));
        for (row, positions) in rows.iter().zip(positions.chunks(21)) {
            let sum: f64 = positions.iter().map(|x| share(*x)).sum();
            assert!((f64::from(*row) - sum).abs() < 1e-4);
        }
        for (e, column) in columns.iter().enumerate() {
            let sum: f64 = positions[e..].iter().step_by(21).map(|x| share(*x)).sum();
            assert!((column - sum).abs() < 1e-3);
        }
    }

    #[test]
    fn pairs_that_cannot_be_are_decided() {
        for (score, price) in [(f32::NEG_INFINITY, 0.0), (1.0, f32::INFINITY)] {
            assert_eq!(pull(score, price, 0.5, 2.0), -CLEAR);
        }
        assert_eq!(pull(f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0, 1.0), -CLEAR); // NaN
        assert_eq!(pull(1.5, 0.25, 0.25, 2.0), 2.0);
    }
}
