//! Bounds of the eigenvalues of structured couplings.
//!
//! `J = P − N − D + R`: `P` and `N` are the sums of the blocks with positive and negative weights,
//! diagonals included and so positive semidefinite, `D` is the diagonal of `P − N`, and `R` the
//! remainder. Hence `J ≤ P − D + R` and `J ≥ −N − D + R` as forms, and the discs of Gershgorin
//! (1931) of `P − D` and of `−N − D` bound each side alone: for the rows (weight `a`) and columns
//! (weight `b`) of a `T × E` grid the bounds are `2 (a (E − 1) + b (T − 1))`, which the common mode
//! attains, and `−2 (a + b)`, where the discs of `J` itself would reach to minus the former.

use super::super::{Couplings, Magnitude, Spectrum};
use super::blocks::Structured;

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
        let sizes = self.coefficients();
        let mut magnitudes = self.remainder.magnitudes();
        for (i, magnitude) in magnitudes.iter_mut().enumerate() {
            for (block, c) in self.blocks_of(i) {
                let factor = (2.0 * self.weights[block] * c).abs();
                if factor > 0.0 {
                    *magnitude = magnitude.and(sizes[block].without(c.abs(), factor));
                }
            }
        }
        magnitudes
    }

    /// The coefficients of every block, in figures.
    fn coefficients(&self) -> Vec<Coefficients> {
        let mut blocks = vec![Coefficients::none(); self.weights.len()];
        for grid in &self.grids {
            let (rows, columns) = blocks[grid.sum..].split_at_mut(grid.rows);
            for row in rows {
                row.enter(1.0, grid.columns);
            }
            for column in columns.iter_mut().take(grid.columns) {
                column.enter(1.0, grid.rows);
            }
        }
        for (block, coefficients) in blocks.iter_mut().enumerate() {
            let members = self.members.of(block).iter().filter(|(_, c)| *c != 0.0);
            members.for_each(|(_, c)| coefficients.enter(c.abs(), 1));
        }
        blocks
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
}

/// What is known of the `|c[i]| > 0` of a block: enough to leave one of them out.
#[derive(Clone, Copy, Debug)]
struct Coefficients {
    count: usize,
    sum: f64,
    square: f64,
    least: [f64; 2],
    largest: [f64; 2],
}

impl Coefficients {
    fn none() -> Self {
        let (least, largest) = ([f64::INFINITY; 2], [0.0; 2]);
        Self { count: 0, sum: 0.0, square: 0.0, least, largest }
    }

    /// Adds `times` coefficients of size `c`.
    fn enter(&mut self, c: f64, times: usize) {
        self.count += times;
        self.sum += c * times as f64;
        self.square += c * c * times as f64;
        for _ in 0..times.min(2) {
            let ([least, second], [largest, next]) = (self.least, self.largest);
            self.least = [least.min(c), second.min(least.max(c))];
            self.largest = [largest.max(c), next.max(largest.min(c))];
        }
    }

    /// The couplings `factor · c[j]` of a member whose own coefficient is `c`.
    fn without(&self, c: f64, factor: f64) -> Magnitude {
        if self.count < 2 {
            return Magnitude::default();
        }
        let other = |[first, second]: [f64; 2]| if c == first { second } else { first };
        Magnitude {
            sum: factor * (self.sum - c),
            square: factor * factor * (self.square - c * c).max(0.0),
            least: factor * other(self.least),
            largest: factor * other(self.largest),
        }
    }
}
