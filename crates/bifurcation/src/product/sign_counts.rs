//! Graphs whose weights are all plus or minus one size, as of unweighted max-cut: signals that are
//! signs are counted.
//!
//! A sign is a byte, so that the agents of a neighbour are half a cache line and a sum of 32 agents is
//! one addition of a register, 1 byte an agent and neighbour instead of 4. Up to 127 neighbours are
//! counted in bytes. The size is a power of two, and every sum is exact: the bits are those of
//! [`super::sparse`], in any order.
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::ops::Range;

use super::table::LANES;
use spinroute_simd::{Work, widest};

/// Neighbours that are counted in a byte.
const BYTE: usize = i8::MAX as usize;

/// Below this, counts times the size are exact in `f32`.
const EXACT: usize = 1 << 24;

/// The columns of every row, those of positive weights first.
#[derive(Clone, Debug)]
pub(crate) struct SignCounts {
    size: f32,
    /// Where the columns of a row begin, and where its negative ones do.
    offsets: Vec<[usize; 2]>,
    columns: Vec<u32>,
}

impl SignCounts {
    /// Of rows of columns and values, if all these are a power of two or its negative.
    pub(crate) fn new<'a>(rows: impl Iterator<Item = &'a [(u32, f32)]>) -> Option<Self> {
        let mut size = None;
        let (mut offsets, mut columns) = (Vec::new(), Vec::new());
        for row in rows {
            let first = columns.len();
            for &(j, value) in row {
                let size = *size.get_or_insert(value.abs());
                if value.abs().to_bits() != size.to_bits() || !is_power_of_two(size) {
                    return None;
                }
                if value > 0.0 {
                    columns.push(j);
                }
            }
            offsets.push([first, columns.len()]);
            columns.extend(row.iter().filter(|(_, value)| *value < 0.0).map(|(j, _)| *j));
            if row.len() >= EXACT {
                return None;
            }
        }
        offsets.push([columns.len(); 2]);
        Some(Self { size: size?, offsets, columns })
    }

    /// Signs as bytes.
    pub(crate) fn pack(signal: &[f32], bytes: &mut Vec<i8>) {
        bytes.resize(signal.len(), 0);
        widest(Pack { signal, bytes });
    }

    /// `out = J · signs` of some rows; lanes are a multiple of [`LANES`].
    pub(crate) fn rows(&self, signs: &[i8], lanes: usize, rows: Range<usize>, out: &mut [f32]) {
        widest(Count { graph: self, signs, lanes, first: rows.start, out });
    }
}

/// Whether a number has no bits but that of its exponent.
fn is_power_of_two(value: f32) -> bool {
    value.is_normal() && value.to_bits().trailing_zeros() >= 23
}

struct Pack<'a> {
    signal: &'a [f32],
    bytes: &'a mut [i8],
}

impl Work for Pack<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for (byte, s) in self.bytes.iter_mut().zip(self.signal) {
            *byte = if *s < 0.0 { -1 } else { 1 };
        }
    }
}

/// The counts of some rows.
struct Count<'a> {
    graph: &'a SignCounts,
    signs: &'a [i8],
    lanes: usize,
    first: usize,
    out: &'a mut [f32],
}

impl Work for Count<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { graph, signs, lanes, first, out } = self;
        for (i, out) in out.chunks_exact_mut(lanes).enumerate() {
            let [start, middle] = graph.offsets[first + i];
            let [end, _] = graph.offsets[first + i + 1];
            let row = [&graph.columns[start..middle], &graph.columns[middle..end]];
            let mut lane = 0;
            while lane + 2 * LANES <= lanes {
                count::<{ 2 * LANES }>(row, graph.size, signs, [lanes, lane], out);
                lane += 2 * LANES;
            }
            if lane < lanes {
                count::<LANES>(row, graph.size, signs, [lanes, lane], out);
            }
        }
    }
}

/// The counts of `N` agents of a row, positive columns less negative ones.
#[inline(always)]
fn count<const N: usize>(
    [positive, negative]: [&[u32]; 2],
    size: f32,
    signs: &[i8],
    [lanes, lane]: [usize; 2],
    out: &mut [f32],
) {
    let mut sums = [0f32; N];
    for (columns, size) in [(positive, size), (negative, -size)] {
        for columns in columns.chunks(BYTE) {
            let mut counts = [0i8; N];
            for &j in columns {
                let start = j as usize * lanes + lane;
                let signs = &signs[start..start + N];
                for (count, sign) in counts.iter_mut().zip(signs) {
                    *count = count.wrapping_add(*sign);
                }
            }
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum = size.mul_add(f32::from(count), *sum);
            }
        }
    }
    // No −0, which a chain that starts from 0 does not have.
    out[lane..lane + N].iter_mut().zip(sums).for_each(|(out, sum)| *out = sum + 0.0);
}
