//! Structured couplings: sums of blocks, never expanded; `O(variables + members)` an agent and step.
//!
//! One pass sums every block, `S[b] = 2 w[b] Σ_i c[i] v[i]`, and one reads the sums of a variable's
//! blocks, `Σ_b c (S[b] − 2 w[b] c v)`. The order of a sum is fixed: a row of a grid as sixteen
//! interleaved partial sums that are added pairwise (a single agent fills a vector, too), a column
//! as partial sums of [`CHUNK`] rows that are added in order.

mod grid;

use std::ops::Range;

use spinroute_ising::{Couplings, Structured};

pub(crate) use self::grid::{CHUNK, Grid, pairwise, term};
use super::sparse::Rows;
use super::table::zeros;
use crate::symplectic::sign;

/// Members of blocks, or blocks of variables: lists one after another.
#[derive(Clone, Debug, Default)]
struct Lists {
    offsets: Vec<usize>,
    entries: Vec<(u32, f32)>,
}

impl Lists {
    fn of(&self, list: usize) -> &[(u32, f32)] {
        match self.offsets.get(list..list + 2) {
            Some(ends) => &self.entries[ends[0]..ends[1]],
            None => &[],
        }
    }
}

/// Structured couplings as sums.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    grids: Vec<Grid>,
    /// Doubled and scaled, one a block.
    weights: Vec<f32>,
    members: Lists,
    blocks: Lists,
    remainder: Option<Rows>,
    /// See [`Sums::grid`].
    is_plain: bool,
}

impl Sums {
    pub(crate) fn new(couplings: &Structured, factor: f64) -> Self {
        let n = couplings.variables();
        let weights: Vec<f32> =
            couplings.weights().iter().map(|weight| (2.0 * weight * factor) as f32).collect();
        let table = |range: Range<usize>| {
            let mut table = zeros(range.len());
            table.copy_from_slice(&weights[range]);
            table
        };
        let grids = couplings.grids().iter().filter(|place| place.rows * place.columns > 0);
        let grids = grids.map(|&place| {
            let middle = place.sum + place.rows;
            let (rows, columns) = (place.sum..middle, middle..middle + place.columns);
            Grid { place, rows: table(rows), columns: table(columns) }
        });
        let (members, blocks) = lists(couplings, n);
        let remainder = couplings.remainder();
        let remainder = (!remainder.values().is_empty()).then(|| Rows::new(remainder, factor));
        let grids: Vec<Grid> = grids.collect();
        let is_plain = remainder.is_none()
            && matches!(&*grids, [grid] if grid.variables().all(|i| blocks.of(i).is_empty()));
        Self { grids, weights, members, blocks, remainder, is_plain }
    }

    /// Number of members and of remaining entries.
    pub(crate) fn entries(&self) -> usize {
        2 * self.members.entries.len() + self.remainder.as_ref().map_or(0, Rows::entries)
    }

    /// Whether a row needs no signals but its own, once there are sums.
    pub(crate) fn is_local(&self) -> bool {
        self.remainder.is_none()
    }

    /// The scaled sums of all blocks, `blocks × lanes`; with `signs`, of the signs of the signals.
    pub(crate) fn sums(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut Vec<f32>) {
        sums.clear();
        sums.resize(self.weights.len() * lanes, 0.0);
        for grid in &self.grids {
            grid.sums(signal, lanes, signs, sums);
        }
        self.finish(signal, lanes, signs, sums);
    }

    /// The only grid, if no listed block has a member in it: its variables see a row and a column.
    pub(crate) fn grid(&self) -> Option<&Grid> {
        self.is_plain.then(|| &self.grids[0])
    }

    /// The same as [`Sums::sums`] where the lines of the only grid are summed, but not scaled.
    pub(crate) fn complete(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut [f32]) {
        for grid in &self.grids {
            let (first, end) =
                (grid.place.sum, grid.place.sum + grid.rows.len() + grid.columns.len());
            sums[..first * lanes].fill(0.0);
            sums[end * lanes..].fill(0.0);
        }
        self.finish(signal, lanes, signs, sums);
    }

    /// Adds the listed members to the sums, and scales them.
    fn finish(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut [f32]) {
        let lists = self.members.offsets.windows(2).zip(sums.chunks_exact_mut(lanes));
        for (ends, sums) in lists.filter(|(ends, _)| ends[0] < ends[1]) {
            for &(i, c) in &self.members.entries[ends[0]..ends[1]] {
                let signal = &signal[i as usize * lanes..(i as usize + 1) * lanes];
                for (sum, v) in sums.iter_mut().zip(signal) {
                    *sum = c.mul_add(if signs { sign(*v) } else { *v }, *sum);
                }
            }
        }
        for (sums, weight) in sums.chunks_exact_mut(lanes).zip(&self.weights) {
            for sum in sums {
                *sum *= weight;
            }
        }
    }

    /// See [`super::ScaledModel::rows`]; without a remainder, `signal` are those of these rows only.
    pub(crate) fn rows(
        &self,
        signal: &[f32],
        sums: &[f32],
        lanes: usize,
        rows: Range<usize>,
        out: &mut [f32],
    ) {
        out.fill(0.0);
        let all = signal;
        let signal = if self.is_local() { signal } else { &signal[rows.start * lanes..] };
        for grid in &self.grids {
            grid.add(signal, sums, lanes, &rows, out);
        }
        if !self.blocks.entries.is_empty() {
            for (i, out) in rows.clone().zip(out.chunks_exact_mut(lanes)) {
                let own = (i - rows.start) * lanes;
                let signal = &signal[own..own + lanes];
                for &(block, c) in self.blocks.of(i) {
                    let block = block as usize;
                    let own = self.weights[block] * c;
                    let sums = &sums[block * lanes..(block + 1) * lanes];
                    for ((out, sum), v) in out.iter_mut().zip(sums).zip(signal) {
                        *out = c.mul_add((-own).mul_add(*v, *sum), *out);
                    }
                }
            }
        }
        if let Some(remainder) = &self.remainder {
            remainder.add(all, lanes, rows, out);
        }
    }
}

/// The listed members of every block, and the blocks that list every variable.
fn lists(couplings: &Structured, variables: usize) -> (Lists, Lists) {
    let blocks = couplings.weights().len();
    let mut members = Lists { offsets: vec![0], entries: Vec::new() };
    let mut entries = Vec::new();
    for block in 0..blocks {
        for &(i, c) in couplings.listed(block) {
            members.entries.push((i, c as f32));
            entries.push((i, block as u32, c as f32));
        }
        members.offsets.push(members.entries.len());
    }
    entries.sort_by_key(|&(i, block, _)| (i, block));
    let mut of_variables = Lists { offsets: vec![0], entries: Vec::new() };
    let mut next = 0;
    for i in 0..variables {
        while next < entries.len() && entries[next].0 as usize == i {
            of_variables.entries.push((entries[next].1, entries[next].2));
            next += 1;
        }
        of_variables.offsets.push(next);
    }
    (members, of_variables)
}
