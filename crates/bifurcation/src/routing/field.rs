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
//! `c[e] − max(0, c[e] − load − p[e] / (m Q))`.

use rayon::prelude::*;
use spinroute_core::Instance;
use spinroute_qubo::{Error, Grid, Ising, Structured};
use spinroute_select::Selection;

use super::decode::mean_margin;

/// Fields beyond this many margins are cut off: the pair is decided.
const CLEAR: f32 = 8.0;

/// What the pull of the field counts beside a position when pairs are ranked.
const TIE: f32 = 1e-3;

/// Weights and unit of the energy, fixed for a run.
pub(super) struct Field<'a> {
    instance: &'a Instance,
    /// The unit of scores and prices, `m`.
    pub(super) unit: f64,
    /// The weight of a row, `P`.
    rows: f64,
    /// The weight of a column, `Q`.
    pub(super) columns: f64,
    /// `f`, tokens × experts.
    pull: Vec<f32>,
    /// `h`, tokens × experts.
    values: Vec<f64>,
}

impl<'a> Field<'a> {
    /// Of relative weights: `P = rows / k`, `Q = columns / mean capacity`.
    pub(super) fn new(
        instance: &'a Instance,
        selection: &Selection,
        rows: f64,
        columns: f64,
    ) -> Self {
        let pairs = instance.flat().len();
        let mean = instance.supply() as f64 / instance.experts() as f64;
        Self {
            instance,
            unit: mean_margin(selection),
            rows: rows / instance.demand().k() as f64,
            columns: columns / mean.max(1.0),
            pull: vec![0.0; pairs],
            values: vec![0.0; pairs],
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
        Ising::new(self.values.clone(), couplings, 0.0)
    }

    /// The highest eigenvalue of the couplings.
    pub(super) fn highest(&self) -> f64 {
        let (tokens, experts) = self.instance.table().dim();
        (self.rows * (experts - 1) as f64 + self.columns * (tokens - 1) as f64) / 4.0
    }

    /// The field `h`.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Sets the field for prices, the selection under them and the sums of rows and columns.
    pub(super) fn set(
        &mut self,
        prices: &[f32],
        selection: &Selection,
        row: &[f64],
        column: &[f64],
    ) {
        let instance = self.instance;
        let (tokens, experts) = instance.table().dim();
        let (unit, exact) = (self.unit as f32, instance.demand().is_exact());
        let k = instance.demand().k() as f64;
        let targets: Vec<f64> = (0..experts)
            .map(|e| {
                let capacity = f64::from(instance.capacity()[e]).min(tokens as f64);
                let price = f64::from(prices[e]) / self.unit;
                target(capacity, column[e], price / self.columns)
            })
            .collect();
        let columns: Vec<f64> =
            targets.iter().map(|c| self.columns / 2.0 * (tokens as f64 / 2.0 - c)).collect();
        let rows = self.rows;
        let lines = self.values.par_chunks_exact_mut(experts);
        let lines = lines.zip(self.pull.par_chunks_exact_mut(experts)).enumerate();
        lines.for_each(|(t, (field, pull))| {
            let level = level(selection.taken[t], selection.left[t], exact);
            let slack = f64::from(level / unit) / rows;
            let demand = if exact { k } else { target(k, row[t], slack) };
            let common = rows / 2.0 * (experts as f64 / 2.0 - demand);
            let scores = instance.scores(t);
            for e in 0..experts {
                let reduced = (scores[e] - prices[e] - level) / unit;
                let clear = instance.capacity()[e] == 0 || reduced.is_nan();
                pull[e] = if clear { -CLEAR } else { reduced.clamp(-CLEAR, CLEAR) };
                field[e] = common + columns[e] - f64::from(pull[e]) / 2.0;
            }
        });
    }

    /// Where positions start: at the pull, within the walls.
    pub(super) fn start(&self, i: usize) -> f32 {
        self.pull[i].clamp(-1.0, 1.0)
    }

    /// What pairs are ranked by: the position, and among equals the pull; forbidden pairs last.
    pub(super) fn keys(&self, positions: &[f32], keys: &mut Vec<f32>) {
        keys.clear();
        let values = positions.iter().zip(&self.pull).zip(self.instance.flat());
        keys.extend(values.map(|((x, pull), score)| {
            if *score == f32::NEG_INFINITY { *score } else { TIE.mul_add(*pull, *x) }
        }));
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

/// Sums of rows and columns of `(1 + x) / 2`, in a fixed order.
pub(super) fn sums(positions: &[f32], experts: usize) -> (Vec<f64>, Vec<f64>) {
    let mut columns = vec![0f64; experts];
    let rows = positions.chunks_exact(experts).map(|row| {
        let mut sum = 0.0;
        for (column, x) in columns.iter_mut().zip(row) {
            let share = f64::midpoint(1.0, f64::from(*x));
            *column += share;
            sum += share;
        }
        sum
    });
    let rows = rows.collect();
    (rows, columns)
}
