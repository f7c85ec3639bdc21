//! Dense couplings of few values, as of ±1: sums of several columns are looked up.
//!
//! A coupling is a code of one bit, or of two where there are three or four values (see [`super::codes`]). The
//! 16 sums that a nibble of codes stands for, of four or two columns, are a table, so that a row costs one
//! addition a nibble, and the matrix takes `n² / 8` or `n² / 4` bytes. Tables of [`BYTES`] bytes are filled
//! for all rows of a chunk and stay in the first cache.
//!
//! A sum is one chain of additions over the bytes in ascending order, each of the sum of its two nibbles.
//! One agent looks up bytes, in tables of 256 such sums.
//!
//! The tables are those of V. L. Arlazarov and others (*Soviet Mathematics Doklady* 11 (1970) 1209-1210).
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Range;

use super::codes::{BYTES, Codes};
use super::table::LANES;
use spinroute_simd::{Work, widest};

/// Values of a nibble.
const NIBBLE: usize = 16;

/// A dense matrix of few values.
#[derive(Clone, Debug)]
pub(crate) struct FewValues {
    pub(super) codes: Codes,
    /// What the codes stand for.
    values: [f32; 4],
    /// What those on the diagonal stand for.
    diagonal: f32,
    /// Whether `values` are those of the codes to the last bit.
    exact: bool,
}

impl FewValues {
    /// Of the codes of a matrix, multiplied by a factor.
    pub(super) fn new(codes: Codes, factor: f64) -> Self {
        let values = codes.values.map(|value| (value * factor) as f32);
        let mut both = codes.values.iter().zip(values);
        let exact = both.all(|(value, single)| value * factor == f64::from(single));
        Self { codes, values, diagonal: values[0], exact }
    }

    /// See [`super::ScaledModel::rows`].
    pub(crate) fn rows(&self, signal: &[f32], lanes: usize, rows: Range<usize>, out: &mut [f32]) {
        out.fill(0.0);
        widest(Product { matrix: self, signal, lanes, first: rows.start, out });
    }

    /// The largest size of a value.
    pub(super) fn largest(&self) -> f32 {
        self.values.iter().fold(0.0, |most, value| value.abs().max(most))
    }

    /// Whether all values are multiples of a unit, before they are rounded too.
    pub(super) fn is_of(&self, unit: f32) -> bool {
        self.exact && self.values.iter().all(|value| value % unit == 0.0)
    }
}

/// Tables that start on a cache line: no sum is read from two.
#[repr(align(64))]
struct Aligned<T>(T);

/// The product of some rows, added to what is there.
struct Product<'a> {
    matrix: &'a FewValues,
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
        if lanes == 1 {
            single(matrix, signal, first, out);
        } else {
            let mut lane = 0;
            while lane + 2 * LANES <= lanes {
                tile::<{ 2 * LANES }>(matrix, signal, lanes, lane, first, out);
                lane += 2 * LANES;
            }
            if lane < lanes {
                tile::<LANES>(matrix, signal, lanes, lane, first, out);
            }
        }
        if matrix.diagonal != 0.0 {
            for (out, signal) in out.iter_mut().zip(&signal[first * lanes..]) {
                *out = (-matrix.diagonal).mul_add(*signal, *out);
            }
        }
    }
}

/// `N` agents: a nibble at a time.
#[inline(always)]
fn tile<const N: usize>(
    matrix: &FewValues,
    signal: &[f32],
    lanes: usize,
    lane: usize,
    first: usize,
    out: &mut [f32],
) {
    let (blocks, columns) = (matrix.codes.blocks, 4 / matrix.codes.bits);
    let mut tables = Aligned([[[0f32; N]; NIBBLE]; 2 * BYTES]);
    let tables = &mut tables.0;
    for block in 0..blocks {
        for (t, table) in tables.iter_mut().enumerate() {
            let column = (2 * BYTES * block + t) * columns;
            let at = |c: usize| {
                let from = (column + c) * lanes + lane;
                signal.get(from..from + N).and_then(|values| values.first_chunk::<N>())
            };
            fill(table, &matrix.values, columns, at);
        }
        for (r, out) in out.chunks_exact_mut(lanes).enumerate() {
            let codes = matrix.codes.block(first + r, block);
            let Some(sums) = out[lane..].first_chunk_mut::<N>() else { continue };
            let mut chain = *sums;
            for (code, [low, high]) in codes.iter().zip(tables.as_chunks::<2>().0) {
                let (low, high) = (&low[usize::from(code & 15)], &high[usize::from(code >> 4)]);
                for l in 0..N {
                    chain[l] += low[l] + high[l];
                }
            }
            *sums = chain;
        }
    }
}

/// The sums of all values of a nibble.
#[inline(always)]
fn fill<'a, const N: usize>(
    table: &mut [[f32; N]; NIBBLE],
    values: &[f32; 4],
    columns: usize,
    at: impl Fn(usize) -> Option<&'a [f32; N]>,
) {
    let column = |c: usize| at(c).copied().unwrap_or([0.0; N]);
    let mut halves = [[[0f32; N]; 4]; 2];
    for (h, half) in halves.iter_mut().enumerate() {
        if columns == 2 {
            let x = column(h);
            for (sum, value) in half.iter_mut().zip(values) {
                for l in 0..N {
                    sum[l] = value * x[l];
                }
            }
        } else {
            let (x, y) = (column(2 * h), column(2 * h + 1));
            for (c, sum) in half.iter_mut().enumerate() {
                for l in 0..N {
                    sum[l] = values[c & 1].mul_add(x[l], values[c >> 1] * y[l]);
                }
            }
        }
    }
    for (high, four) in halves[1].iter().zip(table.as_chunks_mut::<4>().0) {
        for (low, sum) in halves[0].iter().zip(four) {
            for l in 0..N {
                sum[l] = low[l] + high[l];
            }
        }
    }
}

/// One agent: a byte at a time.
#[inline(always)]
fn single(matrix: &FewValues, signal: &[f32], first: usize, out: &mut [f32]) {
    let (blocks, columns) = (matrix.codes.blocks, 4 / matrix.codes.bits);
    let mut tables = [[[0f32; NIBBLE]; NIBBLE]; BYTES];
    for block in 0..blocks {
        for (b, table) in tables.iter_mut().enumerate() {
            let mut nibbles = [[[0f32]; NIBBLE]; 2];
            for (half, nibble) in nibbles.iter_mut().enumerate() {
                let column = (2 * (BYTES * block + b) + half) * columns;
                let at = |c: usize| signal[column.min(signal.len())..].get(c..)?.first_chunk::<1>();
                fill(nibble, &matrix.values, columns, at);
            }
            for (high, sums) in nibbles[1].iter().zip(table) {
                for (low, sum) in nibbles[0].iter().zip(sums) {
                    *sum = low[0] + high[0];
                }
            }
        }
        for (r, sum) in out.iter_mut().enumerate() {
            let codes = matrix.codes.block(first + r, block);
            for (code, table) in codes.iter().zip(&tables) {
                *sum += table.as_flattened()[usize::from(*code)];
            }
        }
    }
}
