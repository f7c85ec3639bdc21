//! Dense couplings: a matrix product over agents, `2 n²` operations an agent and step.
//!
//! The matrix is packed once in panels of [`PANEL`] rows, column after column, so that a step reads it
//! front to back, once for all agents. A tile of a panel and two vectors of agents stays in 24
//! registers while the columns go by: 24 fused products for 12 broadcasts and two loads. Every sum is
//! one chain of fused products over the columns in ascending order.
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Range;

use rayon::prelude::*;
use spinroute_ising::{Couplings, Dense, Sparse};

use super::table::{LANES, Table, zeros};
use spinroute_simd::{Work, widest};

/// Rows of a panel.
pub(crate) const PANEL: usize = 12;

/// A dense matrix in panels.
#[derive(Clone, Debug)]
pub(crate) struct Panels {
    variables: usize,
    panels: Table,
}

impl Panels {
    pub(crate) fn new(dense: &Dense, factor: f64) -> Self {
        let matrix = dense.matrix();
        Self::packed(dense.variables(), |i| {
            matrix.row(i).into_iter().enumerate().map(move |(j, value)| (j, value * factor))
        })
    }

    /// Of a graph that lacks few edges.
    pub(crate) fn of_rows(sparse: &Sparse, factor: f64) -> Self {
        Self::packed(sparse.variables(), |i| {
            let (columns, values) = sparse.row(i);
            columns.iter().zip(values).map(move |(j, value)| (*j as usize, value * factor))
        })
    }

    /// Packs the columns and values of rows.
    fn packed<R: Iterator<Item = (usize, f64)>>(n: usize, row: impl Fn(usize) -> R + Sync) -> Self {
        let mut panels = zeros(n.div_ceil(PANEL) * PANEL * n);
        panels.par_chunks_mut((PANEL * n).max(1)).enumerate().for_each(|(p, panel)| {
            for i in p * PANEL..n.min((p + 1) * PANEL) {
                for (j, value) in row(i) {
                    panel[j * PANEL + i % PANEL] = value as f32;
                }
            }
        });
        Self { variables: n, panels }
    }

    /// See [`super::ScaledModel::rows`].
    pub(crate) fn rows(&self, signal: &[f32], lanes: usize, rows: Range<usize>, out: &mut [f32]) {
        let size = PANEL * self.variables;
        let first = rows.start / PANEL;
        for (p, out) in out.chunks_mut(PANEL * lanes).enumerate() {
            let panel = &self.panels[(first + p) * size..(first + p + 1) * size];
            widest(Product { couplings: panel, signal, lanes, out });
        }
    }
}

/// The product of a panel.
struct Product<'a> {
    couplings: &'a [f32],
    signal: &'a [f32],
    lanes: usize,
    out: &'a mut [f32],
}

impl Work for Product<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { couplings: panel, signal, lanes, out } = self;
        if lanes == 1 {
            return single(panel, signal, out);
        }
        let mut lane = 0;
        while lane + 2 * LANES <= lanes {
            tile::<2>(panel, signal, lanes, lane, out);
            lane += 2 * LANES;
        }
        if lane < lanes {
            tile::<1>(panel, signal, lanes, lane, out);
        }
    }
}

#[inline(always)]
fn tile<const VECTORS: usize>(
    panel: &[f32],
    signal: &[f32],
    lanes: usize,
    lane: usize,
    out: &mut [f32],
) {
    let mut sums = [[[0f32; LANES]; VECTORS]; PANEL];
    let columns = panel.as_chunks::<PANEL>().0;
    for (column, signal) in columns.iter().zip(signal.chunks_exact(lanes)) {
        let signal = &signal[lane..lane + VECTORS * LANES];
        let mut vectors = [[0f32; LANES]; VECTORS];
        for (to, from) in vectors.iter_mut().zip(signal.as_chunks::<LANES>().0) {
            *to = *from;
        }
        for r in 0..PANEL {
            for v in 0..VECTORS {
                for l in 0..LANES {
                    sums[r][v][l] = column[r].mul_add(vectors[v][l], sums[r][v][l]);
                }
            }
        }
    }
    for (out, sums) in out.chunks_exact_mut(lanes).zip(&sums) {
        out[lane..lane + VECTORS * LANES].copy_from_slice(sums.as_flattened());
    }
}

/// One agent: the rows of the panel side by side.
#[inline(always)]
fn single(panel: &[f32], signal: &[f32], out: &mut [f32]) {
    let mut sums = [0f32; PANEL];
    for (column, &signal) in panel.as_chunks::<PANEL>().0.iter().zip(signal) {
        for (sum, coupling) in sums.iter_mut().zip(column) {
            *sum = coupling.mul_add(signal, *sum);
        }
    }
    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
}
