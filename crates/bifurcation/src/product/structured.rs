//! Structured couplings: sums of blocks, never expanded; `O(variables + members)` an agent and step.
//!
//! One pass sums every block, `S[b] = 2 w[b] Σ_i c[i] v[i]`, and one reads the sums of a variable's
//! blocks, `Σ_b c (S[b] − 2 w[b] c v)`. The order of a sum is fixed: a row of a grid as sixteen
//! interleaved partial sums that are added pairwise (a single agent fills a vector, too), a column
//! as partial sums of [`CHUNK`] rows that are added in order.
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Range;

use rayon::prelude::*;
use spinroute_qubo::{Couplings, Place, Structured};

use super::sparse::Rows;
use super::{LANES, Table, zeros};
use crate::symplectic::sign;
use crate::widest::{Work, widest};

/// Rows of a grid whose columns are summed together.
const CHUNK: usize = 64;

/// Products in a pass below which it is not worth waking other threads.
const SMALL: usize = 1 << 17;

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

/// A grid whose weights are doubled and scaled.
#[derive(Clone, Debug)]
struct Grid {
    place: Place,
    rows: Table,
    columns: Table,
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
        Self { grids: grids.collect(), weights, members, blocks, remainder }
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
        let lists = self.members.offsets.windows(2).zip(sums.chunks_exact_mut(lanes));
        for (ends, sums) in lists {
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

    /// See [`super::Forces::rows`]; without a remainder, `signal` are those of these rows only.
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

impl Grid {
    /// Sums rows and columns.
    fn sums(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut [f32]) {
        let Place { start, rows, columns, sum, .. } = self.place;
        let width = columns * lanes;
        let signal = &signal[start * lanes..start * lanes + rows * width];
        let lines = &mut sums[sum * lanes..(sum + rows + columns) * lanes];
        let (row_sums, column_sums) = lines.split_at_mut(rows * lanes);
        let mut partial = vec![0f32; rows.div_ceil(CHUNK) * width];
        let each = |((rows, partial), signal): ((&mut [f32], &mut [f32]), &[f32])| {
            if signs {
                let mut row = zeros(width);
                for (rows, signal) in rows.chunks_mut(lanes).zip(signal.chunks_exact(width)) {
                    row.iter_mut().zip(signal).for_each(|(s, x)| *s = sign(*x));
                    widest(Lines { signal: &row, lanes, rows, columns: &mut *partial });
                }
            } else {
                widest(Lines { signal, lanes, rows, columns: partial });
            }
        };
        if signal.len() < SMALL {
            let chunks = row_sums.chunks_mut(CHUNK * lanes).zip(partial.chunks_mut(width));
            chunks.zip(signal.chunks(CHUNK * width)).for_each(each);
        } else {
            let chunks = row_sums.par_chunks_mut(CHUNK * lanes).zip(partial.par_chunks_mut(width));
            chunks.zip(signal.par_chunks(CHUNK * width)).for_each(each);
        }
        for partial in partial.chunks_exact(width) {
            column_sums.iter_mut().zip(partial).for_each(|(sum, part)| *sum += part);
        }
    }

    /// Adds the terms of rows and columns to those of `variables` that lie in the grid; signals and
    /// output are theirs.
    fn add(
        &self,
        signal: &[f32],
        sums: &[f32],
        lanes: usize,
        variables: &Range<usize>,
        out: &mut [f32],
    ) {
        let Place { start, rows, columns, sum, .. } = self.place;
        let (from, to) = (variables.start.max(start), variables.end.min(start + rows * columns));
        let column_sums = &sums[(sum + rows) * lanes..(sum + rows + columns) * lanes];
        let mut i = from;
        while i < to {
            let (row, column) = ((i - start) / columns, (i - start) % columns);
            let end = to.min(i + columns - column);
            let part = column..column + end - i;
            widest(Terms {
                row_weight: self.rows[row],
                row_sum: &sums[(sum + row) * lanes..(sum + row + 1) * lanes],
                column_weights: &self.columns[part.clone()],
                column_sums: &column_sums[part.start * lanes..part.end * lanes],
                signal: &signal[(i - variables.start) * lanes..(end - variables.start) * lanes],
                out: &mut out[(i - variables.start) * lanes..(end - variables.start) * lanes],
            });
            i = end;
        }
    }
}

/// Sums of some rows of a grid, and of their columns.
pub(super) struct Lines<'a> {
    signal: &'a [f32],
    lanes: usize,
    rows: &'a mut [f32],
    columns: &'a mut [f32],
}

impl Work for Lines<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { signal, lanes, rows, columns } = self;
        for (sums, signal) in rows.chunks_exact_mut(lanes).zip(signal.chunks_exact(columns.len())) {
            columns.iter_mut().zip(signal).for_each(|(sum, v)| *sum += v);
            if lanes == 1 {
                sums[0] = row_sum(signal);
            } else {
                row_sums(signal, lanes, sums);
            }
        }
    }
}

/// Partial sums added pairwise: of entries 8 apart, then 4, 2 and 1.
#[inline(always)]
fn pairwise(mut parts: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            parts[i] += parts[i + half];
        }
    }
    parts[0]
}

/// The sum of a row of one agent.
#[inline(always)]
pub(super) fn row_sum(row: &[f32]) -> f32 {
    let mut parts = [0f32; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for entries in whole {
        parts.iter_mut().zip(entries).for_each(|(part, v)| *part += v);
    }
    parts.iter_mut().zip(rest).for_each(|(part, v)| *part += v);
    pairwise(parts)
}

/// The sums of a row of many agents, in the same order as [`row_sum`].
#[inline(always)]
pub(super) fn row_sums(row: &[f32], lanes: usize, sums: &mut [f32]) {
    for (v, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut parts = [[0f32; LANES]; LANES];
        for (c, entries) in row.chunks_exact(lanes).enumerate() {
            let entries = &entries[v * LANES..(v + 1) * LANES];
            parts[c % LANES].iter_mut().zip(entries).for_each(|(part, v)| *part += v);
        }
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                for l in 0..LANES {
                    parts[i][l] += parts[i + half][l];
                }
            }
        }
        *sums = parts[0];
    }
}

/// The terms of consecutive entries of a row.
struct Terms<'a> {
    row_weight: f32,
    row_sum: &'a [f32],
    column_weights: &'a [f32],
    column_sums: &'a [f32],
    signal: &'a [f32],
    out: &'a mut [f32],
}

/// The term of an entry: what its row and its column pull, without its own part.
#[inline(always)]
fn term(row_sum: f32, column_sum: f32, weight: f32, v: f32) -> f32 {
    (-weight).mul_add(v, row_sum + column_sum)
}

impl Work for Terms<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { row_weight, row_sum, column_weights, column_sums, signal, out } = self;
        if let [row_sum] = *row_sum {
            let columns = column_weights.iter().zip(column_sums);
            for ((out, v), (weight, sum)) in out.iter_mut().zip(signal).zip(columns) {
                *out += term(row_sum, *sum, row_weight + weight, *v);
            }
            return;
        }
        let lanes = row_sum.len();
        let entries = out.chunks_exact_mut(lanes).zip(signal.chunks_exact(lanes));
        let columns = column_weights.iter().zip(column_sums.chunks_exact(lanes));
        for ((out, signal), (weight, sums)) in entries.zip(columns) {
            let weight = row_weight + weight;
            for l in 0..lanes {
                out[l] += term(row_sum[l], sums[l], weight, signal[l]);
            }
        }
    }
}
