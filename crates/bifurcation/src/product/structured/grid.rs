//! Rows and columns of a grid: their sums, and what these pull.
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Range;

use rayon::prelude::*;
use spinroute_ising::Place;

use super::super::table::{LANES, Table, zeros};
use crate::symplectic::sign;
use spinroute_simd::{Work, widest};

/// Rows of a grid whose columns are summed together.
pub(crate) const CHUNK: usize = 64;

/// Products in a pass below which it is not worth waking other threads.
const SMALL: usize = 1 << 17;

/// A grid whose weights are doubled and scaled.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) place: Place,
    /// Weights of the rows.
    pub(crate) rows: Table,
    /// Weights of the columns.
    pub(crate) columns: Table,
}

impl Grid {
    /// The variables that lie in it.
    pub(crate) fn variables(&self) -> Range<usize> {
        let Place { start, rows, columns, .. } = self.place;
        start..start + rows * columns
    }

    /// Sums rows and columns.
    pub(super) fn sums(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut [f32]) {
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
    pub(super) fn add(
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
struct Lines<'a> {
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
pub(crate) fn pairwise(mut parts: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            parts[i] += parts[i + half];
        }
    }
    parts[0]
}

/// The sum of a row of one agent.
#[inline(always)]
fn row_sum(row: &[f32]) -> f32 {
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
fn row_sums(row: &[f32], lanes: usize, sums: &mut [f32]) {
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
pub(crate) fn term(row_sum: f32, column_sum: f32, weight: f32, v: f32) -> f32 {
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
