//! Sparse couplings: the rows of a graph, `2` operations a neighbour, agent and step.
//!
//! A sum is one chain of fused products over the neighbours in ascending order; the agents of a
//! neighbour lie side by side, so a neighbour costs one index and whole vectors.
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Range;

use spinroute_ising::Sparse;

use super::sign_counts::SignCounts;
use super::table::LANES;
use spinroute_simd::{Work, widest};

/// A sparse matrix: rows of columns and values.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    offsets: Vec<usize>,
    entries: Vec<(u32, f32)>,
    /// The same, if all weights are of one size.
    sign_counts: Option<SignCounts>,
}

impl Rows {
    pub(crate) fn new(sparse: &Sparse, factor: f64) -> Self {
        let values = sparse.values().iter().map(|value| (value * factor) as f32);
        let entries: Vec<_> = sparse.columns().iter().copied().zip(values).collect();
        let offsets = sparse.offsets().to_vec();
        let sign_counts =
            SignCounts::new(offsets.windows(2).map(|ends| &entries[ends[0]..ends[1]]));
        Self { offsets, entries, sign_counts }
    }

    /// The form that counts signs, if all weights are of one size.
    pub(crate) fn sign_counts(&self) -> Option<&SignCounts> {
        self.sign_counts.as_ref()
    }

    /// Number of entries, both halves.
    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The entries of a row.
    #[inline(always)]
    fn row(&self, i: usize) -> &[(u32, f32)] {
        &self.entries[self.offsets[i]..self.offsets[i + 1]]
    }

    /// See [`super::ScaledModel::rows`].
    pub(crate) fn rows(&self, signal: &[f32], lanes: usize, rows: Range<usize>, out: &mut [f32]) {
        out.fill(0.0);
        self.add(signal, lanes, rows, out);
    }

    /// Adds the product to what is there.
    pub(crate) fn add(&self, signal: &[f32], lanes: usize, rows: Range<usize>, out: &mut [f32]) {
        widest(Product { matrix: self, signal, lanes, first: rows.start, out });
    }
}

/// The product of some rows.
struct Product<'a> {
    matrix: &'a Rows,
    signal: &'a [f32],
    lanes: usize,
    first: usize,
    out: &'a mut [f32],
}

impl Work for Product<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { matrix, signal, lanes, first, out } = self;
        for (i, out) in out.chunks_exact_mut(lanes).enumerate() {
            let row = matrix.row(first + i);
            if lanes == 1 {
                for &(j, value) in row {
                    out[0] = value.mul_add(signal[j as usize], out[0]);
                }
                continue;
            }
            let mut lane = 0;
            while lane + 2 * LANES <= lanes {
                vectors::<2>(row, signal, lanes, lane, out);
                lane += 2 * LANES;
            }
            if lane < lanes {
                vectors::<1>(row, signal, lanes, lane, out);
            }
        }
    }
}

#[inline(always)]
fn vectors<const VECTORS: usize>(
    row: &[(u32, f32)],
    signal: &[f32],
    lanes: usize,
    lane: usize,
    out: &mut [f32],
) {
    let out = &mut out[lane..lane + VECTORS * LANES];
    let mut sums = [[0f32; LANES]; VECTORS];
    for (sum, out) in sums.iter_mut().zip(out.as_chunks::<LANES>().0) {
        *sum = *out;
    }
    for &(j, value) in row {
        let start = j as usize * lanes + lane;
        let signal = &signal[start..start + VECTORS * LANES];
        for (sum, signal) in sums.iter_mut().zip(signal.as_chunks::<LANES>().0) {
            for l in 0..LANES {
                sum[l] = value.mul_add(signal[l], sum[l]);
            }
        }
    }
    out.copy_from_slice(sums.as_flattened());
}
