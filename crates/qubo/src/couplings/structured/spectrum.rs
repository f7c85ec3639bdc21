//! Bounds of the eigenvalues of structured couplings.
//!
//! `J = P − N − D + R`: `P` and `N` are the sums of the blocks with positive and negative weights,
//! diagonals included and so positive semidefinite, `D` is the diagonal of `P − N`, and `R` the
//! remainder. Hence `J ≤ P − D + R` and `J ≥ −N − D + R` as forms, and the discs of Gershgorin
//! (1931) of `P − D` and of `−N − D` bound each side alone: for the rows (weight `a`) and columns
//! (weight `b`) of a `T × E` grid the bounds are `2 (a (E − 1) + b (T − 1))`, which the common mode
//! attains, and `−2 (a + b)`, where the discs of `J` itself would reach to minus the former.

use super::{Couplings, Magnitude, Spectrum, Structured};

impl Structured {
    /// The bounds, in O(n + members + remainder).
    pub(super) fn bounds(&self) -> Spectrum {
        let sums = self.absolute_sums();
        let (mut lowest, mut highest) = (0.0, 0.0);
        for i in 0..self.variables {
            let (mut positive, mut negative, mut diagonal) = (0.0, 0.0, 0.0);
            for (block, c) in self.blocks_of(i) {
                let weight = 2.0 * self.weights[block];
                diagonal += weight * c * c;
                let row = (weight * c).abs() * sums[block];
                *(if weight > 0.0 { &mut positive } else { &mut negative }) += row;
            }
            highest = f64::max(highest, positive - diagonal);
            lowest = f64::min(lowest, -negative - diagonal);
        }
        let remainder = self.remainder.spectrum();
        Spectrum { lowest: lowest + remainder.lowest, highest: highest + remainder.highest }
    }

    /// How strongly each variable is coupled, in O(n + members + remainder).
    pub(super) fn sizes(&self) -> Vec<Magnitude> {
        let (sums, least) = (self.absolute_sums(), self.least_coefficients());
        let mut magnitudes = self.remainder.magnitudes();
        for (i, magnitude) in magnitudes.iter_mut().enumerate() {
            for (block, c) in self.blocks_of(i) {
                let factor = (2.0 * self.weights[block] * c).abs();
                let [first, second] = least[block];
                let others = if c.abs() == first { second } else { first };
                let others = if others.is_finite() { others } else { 0.0 };
                *magnitude = magnitude.and(factor * (sums[block] - c.abs()), factor * others);
            }
        }
        magnitudes
    }

    /// `Σ_i |c[i]|` of every block.
    fn absolute_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.weights.len()];
        for (block, sum) in sums.iter_mut().enumerate() {
            *sum = self.members.of(block).iter().map(|(_, c)| c.abs()).sum();
        }
        for grid in &self.grids {
            let (rows, columns) = sums[grid.sum..].split_at_mut(grid.rows);
            for sum in rows {
                *sum += grid.columns as f64;
            }
            columns[..grid.columns].iter_mut().for_each(|sum| *sum += grid.rows as f64);
        }
        sums
    }

    /// The two smallest `|c[i]| > 0` of every block, infinite where there are fewer.
    fn least_coefficients(&self) -> Vec<[f64; 2]> {
        let mut least = vec![[f64::INFINITY; 2]; self.weights.len()];
        let mut enter = |block: usize, c: f64, times: usize| {
            for _ in 0..if c > 0.0 { times.min(2) } else { 0 } {
                let [first, second] = least[block];
                least[block] = [first.min(c), second.min(first.max(c))];
            }
        };
        for grid in &self.grids {
            (0..grid.rows).for_each(|row| enter(grid.sum + row, 1.0, grid.columns));
            let first = grid.sum + grid.rows;
            (0..grid.columns).for_each(|column| enter(first + column, 1.0, grid.rows));
        }
        for block in 0..self.weights.len() {
            self.members.of(block).iter().for_each(|(_, c)| enter(block, c.abs(), 1));
        }
        least
    }
}
