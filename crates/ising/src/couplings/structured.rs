//! Structured couplings: a sum of low-rank blocks, never expanded.
//!
//! A block is the off-diagonal part of `weight · (Σ_i c[i] v[i])²`, so `J[i,j] = 2 weight c[i] c[j]`
//! for two of its members; its diagonal is linear (binaries) or constant (spins) and belongs to the
//! model. Penalties of linear constraints are of this form: k-hot rows and capacity columns of a
//! `T × E` [`Grid`], which need no lists of indices, and [`Block`]s that have them. What has no such
//! form is kept in a [`Sparse`] remainder.
//!
//! A product costs O(n + members + remainder) whatever the number of pairs: one pass sums every
//! block, one reads the sums. A flip changes the sums of the blocks that hold the variable: two for
//! an entry of a grid.

mod blocks;
mod spectrum;

use super::{Couplings, Magnitude, Spectrum, reals};

pub use blocks::{Block, Grid, Line, Place, Structured};

/// What [`Structured`] keeps between flips.
///
/// ```
/// use spinroute_ising::{Block, Couplings, Structured};
///
/// let block = Block { weight: 1.0, members: vec![(0, 1.0), (1, 1.0)] };
/// let couplings = Structured::new(2, &[], &[block], None)?;
/// let fields = couplings.fields(&[1, -1]);
/// assert_eq!(couplings.local(&fields, &[1, -1], 0), -2.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StructuredFields {
    /// `Σ_i c[i] v[i]` of every block.
    sums: Vec<f64>,
    /// Local fields of the remainder; empty if there is none.
    remainder: Vec<f64>,
}

impl Couplings for Structured {
    type Fields = StructuredFields;

    fn variables(&self) -> usize {
        self.variables
    }

    fn interactions(&self) -> u64 {
        let blocks = (0..self.weights.len()).filter(|&block| self.weights[block] != 0.0);
        let pairs = |block| {
            let size = self.size(block) as u64;
            size * size.saturating_sub(1) / 2
        };
        blocks.map(pairs).sum::<u64>() + self.remainder.interactions()
    }

    fn product(&self, values: &[f64], out: &mut [f64]) {
        let mut sums = self.sums(values);
        self.remainder.product(values, out);
        // From here on the term of a block is c (sum − c weight v) with doubled weights.
        sums.iter_mut().zip(&self.weights).for_each(|(sum, weight)| *sum *= 2.0 * weight);
        for grid in self.grids.iter().filter(|grid| grid.columns > 0) {
            let lines = grid.sum..grid.sum + grid.rows + grid.columns;
            let (row_sums, column_sums) = sums[lines.clone()].split_at(grid.rows);
            let (row_weights, column_weights) = self.weights[lines].split_at(grid.rows);
            let entries = grid.start..grid.start + grid.rows * grid.columns;
            let rows = values[entries.clone()].chunks_exact(grid.columns);
            let rows = rows.zip(out[entries].chunks_exact_mut(grid.columns));
            for ((values, out), (&sum, &weight)) in rows.zip(row_sums.iter().zip(row_weights)) {
                let columns = column_sums.iter().zip(column_weights);
                for ((out, &v), (&column_sum, &column_weight)) in
                    out.iter_mut().zip(values).zip(columns)
                {
                    *out += sum + column_sum - 2.0 * (weight + column_weight) * v;
                }
            }
        }
        if self.blocks.entries.is_empty() {
            return;
        }
        for (i, (out, &v)) in out.iter_mut().zip(values).enumerate() {
            for &(block, c) in self.blocks.of(i) {
                let block = block as usize;
                *out += c * (sums[block] - 2.0 * self.weights[block] * c * v);
            }
        }
    }

    fn energy(&self, values: &[f64]) -> f64 {
        let mut fields = vec![0.0; self.variables];
        self.product(values, &mut fields);
        fields.iter().zip(values).map(|(field, v)| field * v).sum::<f64>() / 2.0
    }

    fn fields(&self, values: &[i8]) -> StructuredFields {
        let values = reals(values);
        let mut remainder = Vec::new();
        if self.remainder.interactions() > 0 {
            remainder.resize(self.variables, 0.0);
            self.remainder.product(&values, &mut remainder);
        }
        StructuredFields { sums: self.sums(&values), remainder }
    }

    fn local(&self, fields: &StructuredFields, values: &[i8], i: usize) -> f64 {
        let v = f64::from(values[i]);
        let blocks = self.blocks_of(i);
        let blocks = blocks.map(|(b, c)| 2.0 * self.weights[b] * c * (fields.sums[b] - c * v));
        blocks.sum::<f64>() + fields.remainder.get(i).copied().unwrap_or(0.0)
    }

    fn change(&self, fields: &mut StructuredFields, i: usize, from: i8, to: i8) {
        let step = f64::from(to) - f64::from(from);
        self.blocks_of(i).for_each(|(block, c)| fields.sums[block] += c * step);
        if !fields.remainder.is_empty() {
            self.remainder.change(&mut fields.remainder, i, from, to);
        }
    }

    fn spectrum(&self) -> Spectrum {
        self.bounds()
    }

    fn magnitudes(&self) -> Vec<Magnitude> {
        self.sizes()
    }

    fn scaled(&self, factor: f64) -> Self {
        let weights = self.weights.iter().map(|weight| weight * factor).collect();
        Self { weights, remainder: self.remainder.scaled(factor), ..self.clone() }
    }

    fn neighbours(&self, i: usize, visit: &mut dyn FnMut(usize, f64)) {
        for (block, mine) in self.blocks_of(i) {
            let factor = 2.0 * self.weights[block] * mine;
            if factor != 0.0 {
                self.members_of(block, &mut |j, c| {
                    if j != i && c != 0.0 {
                        visit(j, factor * c);
                    }
                });
            }
        }
        self.remainder.neighbours(i, visit);
    }
}
