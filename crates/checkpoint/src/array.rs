//! An array as it lies in a file: type, shape, order, bytes; and its decoding to numbers.

use std::fmt;
use std::ops::Range;

use half::{bf16, f16};
use ndarray::Array2;
use rayon::prelude::*;

use crate::{Error, error::Mend};

/// Rows decoded at a time.
const BLOCK: usize = 256;

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A byte that is 0 or 1; only lists of limits read it.
    Bool,
    F16,
    Bf16,
    F32,
    F64,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
}

impl Kind {
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::F16 | Self::Bf16 | Self::U16 | Self::I16 => 2,
            Self::F32 | Self::U32 | Self::I32 => 4,
            Self::F64 | Self::U64 | Self::I64 => 8,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", format!("{self:?}").to_lowercase())
    }
}

/// A borrowed array of any shape. `data` holds exactly the elements that `shape` counts: whoever
/// builds one has checked that.
#[derive(Clone, Debug)]
pub(crate) struct RawArray<'a> {
    /// File and tensor, for messages.
    pub(crate) place: String,
    pub(crate) kind: Kind,
    pub(crate) shape: Vec<usize>,
    pub(crate) fortran: bool,
    pub(crate) big_endian: bool,
    pub(crate) data: &'a [u8],
    /// Where `data` begins in the file.
    pub(crate) offset: usize,
}

impl RawArray<'_> {
    /// The element `at`, counted in memory order.
    pub(crate) fn position(&self, at: &[usize]) -> usize {
        let step = |position: usize, (&i, &n): (&usize, &usize)| position * n + i;
        if self.fortran {
            at.iter().zip(&self.shape).rev().fold(0, step)
        } else {
            at.iter().zip(&self.shape).fold(0, step)
        }
    }

    /// Byte of the file where an element begins.
    pub(crate) fn byte(&self, position: usize) -> usize {
        self.offset + position * self.kind.size()
    }

    fn bytes<const N: usize>(&self, position: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.data[position * N..][..N]);
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// One element as a number; integers beyond 2⁵³ lose their last bits.
    pub(crate) fn float(&self, position: usize) -> f64 {
        match self.kind {
            Kind::F16 => f16::from_le_bytes(self.bytes(position)).to_f64(),
            Kind::Bf16 => bf16::from_le_bytes(self.bytes(position)).to_f64(),
            Kind::F32 => f64::from(f32::from_le_bytes(self.bytes(position))),
            Kind::F64 => f64::from_le_bytes(self.bytes(position)),
            _ => self.integer(position).unwrap_or(0) as f64,
        }
    }

    /// One element as a whole number; `None` if the elements are floats.
    pub(crate) fn integer(&self, position: usize) -> Option<i128> {
        Some(match self.kind {
            Kind::Bool | Kind::U8 => i128::from(u8::from_le_bytes(self.bytes(position))),
            Kind::U16 => i128::from(u16::from_le_bytes(self.bytes(position))),
            Kind::U32 => i128::from(u32::from_le_bytes(self.bytes(position))),
            Kind::U64 => i128::from(u64::from_le_bytes(self.bytes(position))),
            Kind::I8 => i128::from(i8::from_le_bytes(self.bytes(position))),
            Kind::I16 => i128::from(i16::from_le_bytes(self.bytes(position))),
            Kind::I32 => i128::from(i32::from_le_bytes(self.bytes(position))),
            Kind::I64 => i128::from(i64::from_le_bytes(self.bytes(position))),
            Kind::F16 | Kind::Bf16 | Kind::F32 | Kind::F64 => return None,
        })
    }

    /// Refuses elements that are not whole numbers.
    pub(crate) fn want_integers(&self) -> Result<(), Error> {
        if self.kind.is_float() || self.kind == Kind::Bool {
            self.wrong_elements("whole numbers")
        } else {
            Ok(())
        }
    }

    /// Refuses elements that are not floating-point numbers.
    pub(crate) fn want_floats(&self) -> Result<(), Error> {
        if self.kind.is_float() {
            Ok(())
        } else {
            self.wrong_elements("f16, bf16 (safetensors only), f32 or f64")
        }
    }

    fn wrong_elements(&self, want: &'static str) -> Result<(), Error> {
        Err(Error::Elements { place: self.place.clone(), got: self.kind.to_string(), want })
    }

    /// Rows and columns, if it has two dimensions and is not empty.
    pub(crate) fn want_table(&self, rows: &str, columns: &str) -> Result<(usize, usize), Error> {
        match *self.shape {
            [r, c] if r > 0 && c > 0 => Ok((r, c)),
            _ => Err(self.wrong_shape(format!("expected {rows} × {columns}, both at least 1"))),
        }
    }

    /// The length, if it has one dimension.
    pub(crate) fn want_list(&self, of: &str) -> Result<usize, Error> {
        match *self.shape {
            [n] => Ok(n),
            _ => Err(self.wrong_shape(format!("expected one dimension: {of}"))),
        }
    }

    pub(crate) fn wrong_shape(&self, want: impl Into<Mend>) -> Error {
        Error::Shape { place: self.place.clone(), got: self.shape.clone(), want: want.into() }
    }

    /// Decodes rows of a table of floats, `rows × columns`, narrowing `f64`.
    ///
    /// A NaN, a +∞, or an `f64` too large for `f32` is refused with its place; -∞ passes.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Result<Array2<f32>, Error> {
        let decode = |first, columns, out: &mut [f32]| self.decode(first, columns, out);
        self.checked(rows, decode, |&x| is_score(f64::from(x)))
    }

    /// Decodes rows of a table of `f64` as they are.
    ///
    /// What [`RawArray::rows`] refuses is refused.
    pub(crate) fn wide_rows(&self, rows: Range<usize>) -> Result<Array2<f64>, Error> {
        debug_assert_eq!(self.kind, Kind::F64);
        let decode =
            |first, columns, out: &mut [f64]| self.fill(first, columns, out, f64::from_le_bytes);
        self.checked(rows, decode, |&x| is_score(x))
    }

    fn checked<T: Copy + Default + Send + Sync>(
        &self,
        rows: Range<usize>,
        decode: impl Fn(usize, usize, &mut [T]) + Sync,
        is_score: impl Fn(&T) -> bool + Sync,
    ) -> Result<Array2<T>, Error> {
        self.want_floats()?;
        let (_, columns) = self.want_table("rows", "columns")?;
        let mut out = vec![T::default(); rows.len() * columns];
        let bad = out.par_chunks_mut(BLOCK * columns).enumerate().find_map_first(|(block, out)| {
            let first = rows.start + block * BLOCK;
            decode(first, columns, out);
            let at = out.iter().position(|x| !is_score(x))?;
            Some([first + at / columns, at % columns])
        });
        if let Some(at) = bad {
            return Err(self.bad_value(&at, "row", "column"));
        }
        Ok(Array2::from_shape_vec((rows.len(), columns), out)
            .unwrap_or_else(|_| unreachable!("sized above")))
    }

    /// The error for a value that is no score, by its place in the file.
    pub(crate) fn bad_value(&self, at: &[usize; 2], row: &str, column: &str) -> Error {
        let position = self.position(at);
        let (place, byte, [r, c]) = (&self.place, self.byte(position), at);
        Error::Value {
            place: format!("{place}, {row} {r}, {column} {c} (byte {byte})"),
            value: format!("the value is {:e}", self.float(position)),
            mend: "values are finite in f32, or -inf to forbid a pair".into(),
        }
    }

    /// Decodes the rows from `first` on into `out`, with NaN for what does not fit an `f32`.
    fn decode(&self, first: usize, columns: usize, out: &mut [f32]) {
        match self.kind {
            Kind::F16 => self.fill(first, columns, out, |b| f16::from_le_bytes(b).to_f32()),
            Kind::Bf16 => self.fill(first, columns, out, |b| bf16::from_le_bytes(b).to_f32()),
            Kind::F32 => self.fill(first, columns, out, f32::from_le_bytes),
            _ => self.fill(first, columns, out, |b| {
                let wide = f64::from_le_bytes(b);
                let narrow = wide as f32;
                if narrow.is_infinite() && wide.is_finite() { f32::NAN } else { narrow }
            }),
        }
    }

    fn fill<const N: usize, T>(
        &self,
        first: usize,
        columns: usize,
        out: &mut [T],
        convert: impl Fn([u8; N]) -> T,
    ) {
        if self.fortran || self.big_endian {
            let (down, across) = if self.fortran { (1, self.shape[0]) } else { (columns, 1) };
            for (r, row) in out.chunks_exact_mut(columns).enumerate() {
                for (c, out) in row.iter_mut().enumerate() {
                    *out = convert(self.bytes((first + r) * down + c * across));
                }
            }
        } else {
            let (elements, _) = self.data[first * columns * N..].as_chunks::<N>();
            for (out, &bytes) in out.iter_mut().zip(elements) {
                *out = convert(bytes);
            }
        }
    }
}

/// Whether a value is a score: finite in `f32`, or -∞, which forbids a pair.
pub(crate) fn is_score(value: f64) -> bool {
    value == f64::NEG_INFINITY || (value as f32).is_finite()
}
