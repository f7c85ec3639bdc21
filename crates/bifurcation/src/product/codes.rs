//! A dense matrix of few values, packed as codes of one or two bits.
//!
//! Code 0 is the value 0, and stands on the diagonal. Where there are two values, neither is 0 and no place
//! off the diagonal is, the codes are these two, and those on the diagonal are to be taken off again.
//! Two passes over what is stored, in several threads: which values there are, and their codes.

use rayon::prelude::*;
use spinroute_ising::{AnyCouplings, Couplings, Sparse};
use spinroute_simd::widest;

/// Bytes of a block: a row is a number of blocks.
pub(super) const BYTES: usize = 8;

/// Values other than 0, at most.
const VALUES: usize = 3;

/// Numbers that a thread reads, at least.
const SHARE: usize = 1 << 15;

/// A matrix of up to four values.
#[derive(Clone, Debug)]
pub(super) struct Codes {
    /// Bits of a code, 1 or 2.
    pub(super) bits: usize,
    /// What the codes stand for; 0 for those that are not used.
    pub(super) values: [f64; 4],
    /// Blocks of a row, those of the first columns first, in the lowest bits of a byte.
    pub(super) blocks: usize,
    bytes: Vec<[u8; BYTES]>,
    /// The largest sum of the sizes of a row.
    pub(super) radius: f64,
    /// The sum of all squares.
    pub(super) squares: f64,
}

impl Codes {
    /// Of couplings that have so few values, and are no list of them.
    pub(super) fn new(couplings: &AnyCouplings) -> Option<Self> {
        match couplings {
            AnyCouplings::Dense(dense) => {
                Self::of(Matrix::Dense(dense.matrix().to_slice()?, dense.variables()))
            }
            AnyCouplings::Sparse(sparse) => Self::of(Matrix::Sparse(sparse)),
            AnyCouplings::Structured(_) => None,
        }
    }

    fn of(matrix: Matrix<'_>) -> Option<Self> {
        let n = matrix.variables();
        let Found { mut values, places } = matrix.values()?;
        values.sort_by(f64::total_cmp);
        if values.len() != 2 || places != n * (n - 1) {
            values.insert(0, 0.0);
        }
        let bits = if values.len() <= 2 { 1 } else { 2 };
        values.resize(4, 0.0);
        let values = [values[0], values[1], values[2], values[3]];
        let blocks = (n * bits).div_ceil(8 * BYTES);
        let mut bytes = vec![[0; BYTES]; n * blocks];
        let pack = |scratch: &mut Vec<u8>, (i, row): (usize, &mut [[u8; BYTES]])| {
            scratch.clear();
            scratch.resize(blocks * BYTES * 8 / bits, 0);
            let row = row.as_flattened_mut();
            matrix.codes(i, &values, &mut scratch[..n]);
            let counts = counts(scratch);
            for (byte, codes) in row.iter_mut().zip(scratch.chunks_exact(8 / bits)) {
                *byte = codes.iter().rev().fold(0, |byte, code| byte << bits | code);
            }
            let others = n - 1 - counts.iter().sum::<usize>();
            let each = [others, counts[0], counts[1], counts[2]].into_iter().zip(values);
            each.fold([0.0; 2], |[sum, squares], (count, value)| {
                [sum + count as f64 * value.abs(), squares + count as f64 * value * value]
            })
        };
        let rows = bytes.par_chunks_exact_mut(blocks).enumerate().with_min_len(SHARE / n);
        let sums: Vec<[f64; 2]> = rows.map_init(Vec::new, pack).collect();
        let radius = sums.iter().fold(0.0, |most, sums| sums[0].max(most));
        let squares = sums.iter().map(|sums| sums[1]).sum();
        Some(Self { bits, values, blocks, bytes, radius, squares })
    }

    /// Codes of a row.
    #[inline(always)]
    #[allow(clippy::inline_always)] // part of the inner loop, in every compiled copy of it
    pub(super) fn block(&self, row: usize, block: usize) -> &[u8; BYTES] {
        &self.bytes[row * self.blocks + block]
    }

    /// The largest size of a value.
    pub(super) fn largest(&self) -> f64 {
        self.values.iter().fold(0.0, |most, value| value.abs().max(most))
    }
}

/// The values other than 0, and on how many places they are.
struct Found {
    values: Vec<f64>,
    places: usize,
}

impl Found {
    fn none() -> Self {
        Self { values: Vec::new(), places: 0 }
    }

    /// Adds those of a row; `None` if they are too many.
    fn with(mut self, row: &[f64]) -> Option<Self> {
        let first = self.values.first().copied().unwrap_or(0.0);
        let mut known = [first; VALUES];
        known.iter_mut().zip(&self.values).for_each(|(to, value)| *to = *value);
        let (zeros, strange) = unknown(row, known);
        if strange {
            self = row
                .iter()
                .filter(|value| **value != 0.0)
                .try_fold(self, |found, value| found.and(*value))?;
        }
        self.places += row.len() - zeros;
        Some(self)
    }

    /// Adds a value.
    fn and(mut self, value: f64) -> Option<Self> {
        if !self.values.contains(&value) {
            self.values.push(value);
        }
        (self.values.len() <= VALUES).then_some(self)
    }

    fn join(self, other: Self) -> Option<Self> {
        let places = self.places + other.places;
        let all = other.values.into_iter().try_fold(self, Self::and)?;
        Some(Self { places, ..all })
    }
}

/// The rows of a matrix.
#[derive(Clone, Copy)]
enum Matrix<'a> {
    /// All of it, and the number of rows.
    Dense(&'a [f64], usize),
    Sparse(&'a Sparse),
}

impl<'a> Matrix<'a> {
    fn variables(self) -> usize {
        match self {
            Self::Dense(_, n) => n,
            Self::Sparse(sparse) => sparse.variables(),
        }
    }

    /// What is stored of a row.
    fn row(self, i: usize) -> &'a [f64] {
        match self {
            Self::Dense(all, n) => &all[i * n..(i + 1) * n],
            Self::Sparse(sparse) => sparse.row(i).1,
        }
    }

    /// All values, if they are few, and some.
    fn values(self) -> Option<Found> {
        let rows = (0..self.variables()).into_par_iter().with_min_len(SHARE / self.variables());
        let found = rows.try_fold(Found::none, |found, i| found.with(self.row(i)));
        found.try_reduce(Found::none, Found::join).filter(|found| found.places > 0)
    }

    /// The codes of a row.
    fn codes(self, i: usize, values: &[f64; 4], codes: &mut [u8]) {
        let row = self.row(i);
        match self {
            Self::Sparse(_) if row.len() + 1 == codes.len() => {
                encode(&row[..i], values, &mut codes[..i]);
                encode(&row[i..], values, &mut codes[i + 1..]);
            }
            Self::Dense(..) => encode(row, values, codes),
            Self::Sparse(sparse) => {
                for (j, value) in sparse.row(i).0.iter().zip(row) {
                    codes[*j as usize] = code(*value, values);
                }
            }
        }
    }
}

/// The code of a value.
#[inline(always)]
#[allow(clippy::inline_always)] // part of a loop that is compiled several times
fn code(value: f64, values: &[f64; 4]) -> u8 {
    let is = |code: u8| if value == values[usize::from(code)] && value != 0.0 { code } else { 0 };
    is(1) | is(2) | is(3)
}

widest! {
    /// How many numbers are 0, and whether any is neither 0 nor known.
    fn unknown(row: &'a [f64], known: [f64; VALUES]) -> (usize, bool) {
        let mut strange = false;
        let mut zeros = 0;
        for value in row {
            let zero = *value == 0.0;
            zeros += usize::from(zero);
            strange |= !(zero | (*value == known[0]) | (*value == known[1]) | (*value == known[2]));
        }
        (zeros, strange)
    }

    /// How many of the codes are 1, 2 and 3.
    fn counts(codes: &'a [u8]) -> [usize; 3] {
        let mut counts = [0; 3];
        for code in codes {
            for (count, of) in counts.iter_mut().zip(1..) {
                *count += usize::from(*code == of);
            }
        }
        counts
    }

    /// The codes of some values.
    fn encode(row: &'a [f64], values: &'a [f64; 4], codes: &'a mut [u8]) {
        for (to, value) in codes.iter_mut().zip(row) {
            *to = code(*value, values);
        }
    }
}
