//! NumPy's `.npy`: the header is read here, strictly, and files are written.
//!
//! The format: magic `\x93NUMPY`, two version bytes, the header's length (u16 in version 1, u32
//! in 2 and 3, little-endian), a Python dict with the keys `descr`, `fortran_order` and `shape`,
//! then the elements (NumPy Enhancement Proposal 1). Nothing is allocated on the word of a header:
//! the declared size must equal the bytes that follow.
//!
//! Tried and not kept: `npyz` 0.9 and `ndarray-npy` 0.10 parse the dict as a general Python
//! literal. `npyz` allocates the declared header length (up to 4 GiB) before it reads, and a shape
//! whose product passes 2⁶⁴ overflows: both in files of 100 bytes. It stays as the twin of the
//! tests.

use std::path::Path;

use crate::Error;
use crate::array::{Kind, RawArray};

/// The first bytes of every `.npy` file.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// `NumPy` itself refuses headers beyond 10,000 bytes (`max_header_size` of `numpy.load`).
const HEADER_LIMIT: usize = 10_000;

/// Reads a whole `.npy` file.
pub(crate) fn parse<'a>(path: &Path, file: &'a [u8]) -> Result<RawArray<'a>, Error> {
    read(path, file).map_err(|Wrong { offset, reason }| Error::Npy {
        path: path.to_owned(),
        offset,
        reason,
    })
}

/// What is wrong and where.
struct Wrong {
    offset: usize,
    reason: String,
}

fn wrong<T>(offset: usize, reason: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { offset, reason: reason.into() })
}

fn read<'a>(path: &Path, file: &'a [u8]) -> Result<RawArray<'a>, Wrong> {
    let (start, length) = match file {
        [_, _, _, _, _, _, 1, 0, a, b, ..] => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        [_, _, _, _, _, _, 2 | 3, 0, a, b, c, d, ..] => {
            (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        [_, _, _, _, _, _, major, minor, _, _, _, _, ..] => {
            return wrong(6, format!("format version {major}.{minor} is unknown"));
        }
        _ => return wrong(file.len(), "the file ends within the header"),
    };
    if length > HEADER_LIMIT {
        return wrong(8, format!("a header of {length} bytes is not plausible"));
    }
    let Some(text) = file.get(start..start + length) else {
        return wrong(file.len(), format!("the file ends within the header of {length} bytes"));
    };
    let header = Dict { text, at: 0, start }.header()?;
    let (kind, big_endian) = header.elements;
    let (offset, data) = (start + length, &file[start + length..]);
    let count = header.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let declared = count.and_then(|n| n.checked_mul(kind.size()));
    if declared != Some(data.len()) {
        let shape = &header.shape;
        let reason =
            format!("shape {shape:?} of {kind} is declared but {} bytes follow", data.len());
        return wrong(offset, reason);
    }
    let (place, shape, fortran) = (path.display().to_string(), header.shape, header.fortran);
    Ok(RawArray { place, kind, shape, fortran, big_endian, data, offset })
}

struct Header {
    elements: (Kind, bool),
    fortran: bool,
    shape: Vec<usize>,
}

/// A reader of the header's dict.
struct Dict<'a> {
    text: &'a [u8],
    at: usize,
    /// Where `text` begins in the file.
    start: usize,
}

impl Dict<'_> {
    fn header(&mut self) -> Result<Header, Wrong> {
        let (mut elements, mut fortran, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while self.peek() != Some(b'}') {
            let at = self.at;
            let key = self.string()?;
            self.expect(b':')?;
            let fresh = match key.as_str() {
                "descr" => elements.replace(self.elements()?).is_none(),
                "fortran_order" => fortran.replace(self.boolean()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => return wrong(self.start + at, format!("unknown key {key:?} in the header")),
            };
            if !fresh {
                return wrong(self.start + at, format!("key {key:?} stands twice in the header"));
            }
            if self.peek() == Some(b',') {
                self.at += 1;
            } else if self.peek() != Some(b'}') {
                return self.unexpected("`,` or `}`");
            }
        }
        self.at += 1;
        if self.peek().is_some() {
            return self.unexpected("nothing after `}`");
        }
        match (elements, fortran, shape) {
            (Some(elements), Some(fortran), Some(shape)) => Ok(Header { elements, fortran, shape }),
            _ => self.unexpected("the keys descr, fortran_order and shape"),
        }
    }

    /// The next byte that is not a space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn unexpected<T>(&self, want: &str) -> Result<T, Wrong> {
        wrong(self.start + self.at, format!("expected {want} in the header"))
    }

    fn expect(&mut self, byte: u8) -> Result<(), Wrong> {
        if self.peek() != Some(byte) {
            return self.unexpected(&format!("`{}`", char::from(byte)));
        }
        self.at += 1;
        Ok(())
    }

    /// The bytes up to the first that fails, which is not consumed.
    fn take(&mut self, wanted: impl Fn(u8) -> bool) -> String {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&b| !wanted(b)).unwrap_or(rest.len());
        self.at += length;
        String::from_utf8_lossy(&rest[..length]).into_owned()
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else {
            return self.unexpected("a quoted word");
        };
        self.at += 1;
        let word = self.take(|b| b != quote);
        self.expect(quote)?;
        Ok(word)
    }

    fn boolean(&mut self) -> Result<bool, Wrong> {
        self.peek();
        match self.take(|b| b.is_ascii_alphabetic()).as_str() {
            "True" => Ok(true),
            "False" => Ok(false),
            _ => self.unexpected("True or False"),
        }
    }

    fn elements(&mut self) -> Result<(Kind, bool), Wrong> {
        if self.peek() == Some(b'[') {
            return self.unexpected("a plain element type, not a structured one,");
        }
        let at = self.start + self.at;
        let descr = self.string()?;
        let (order, name) = descr.split_at_checked(1).unwrap_or_default();
        let kind = match name {
            "b1" => Kind::Bool,
            "f2" => Kind::F16,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            "u1" => Kind::U8,
            "u2" => Kind::U16,
            "u4" => Kind::U32,
            "u8" => Kind::U64,
            "i1" => Kind::I8,
            "i2" => Kind::I16,
            "i4" => Kind::I32,
            "i8" => Kind::I64,
            _ => {
                return wrong(
                    at,
                    format!(
                        "element type {descr:?} is not a plain number: convert it, as with astype"
                    ),
                );
            }
        };
        match order {
            "<" | "|" => Ok((kind, false)),
            ">" => Ok((kind, true)),
            _ => wrong(at, format!("element type {descr:?} has no byte order")),
        }
    }

    fn shape(&mut self) -> Result<Vec<usize>, Wrong> {
        self.expect(b'(')?;
        let mut shape = Vec::new();
        while self.peek() != Some(b')') {
            let at = self.start + self.at;
            let digits = self.take(|b| b.is_ascii_digit());
            match digits.parse() {
                Ok(length) => shape.push(length),
                Err(_) => return wrong(at, "a dimension is not a whole number below 2⁶⁴"),
            }
            if self.text.get(self.at) == Some(&b'L') {
                self.at += 1; // Python 2 marks long integers
            }
            if self.peek() == Some(b',') {
                self.at += 1;
            } else if self.peek() != Some(b')') {
                return self.unexpected("`,` or `)`");
            }
        }
        self.at += 1;
        Ok(shape)
    }
}

/// A table of `u32` as a `.npy` file, row-major.
#[must_use]
pub fn encode_u32(shape: &[usize], values: &[u32]) -> Vec<u8> {
    encode("<u4", shape, values.iter().flat_map(|value| value.to_le_bytes()))
}

/// A list of `f64` as a `.npy` file.
#[must_use]
pub fn encode_f64(values: &[f64]) -> Vec<u8> {
    encode("<f8", &[values.len()], values.iter().flat_map(|value| value.to_le_bytes()))
}

/// A table of `f32` as a `.npy` file, row-major.
#[must_use]
pub fn encode_f32(shape: &[usize], values: &[f32]) -> Vec<u8> {
    encode("<f4", shape, values.iter().flat_map(|value| value.to_le_bytes()))
}

/// A list of `i8` as a `.npy` file.
#[must_use]
pub fn encode_i8(values: &[i8]) -> Vec<u8> {
    encode("|i1", &[values.len()], values.iter().map(|value| value.cast_unsigned()))
}

fn encode(descr: &str, shape: &[usize], data: impl Iterator<Item = u8>) -> Vec<u8> {
    let lengths: Vec<String> = shape.iter().map(|length| format!("{length},")).collect();
    let shape = lengths.join(" ");
    let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // The elements begin at a multiple of 64 bytes, after a newline.
    let length = (10 + dict.len() + 1).next_multiple_of(64) - 10;
    let mut file = MAGIC.to_vec();
    file.extend([1, 0]);
    file.extend((length as u16).to_le_bytes());
    file.extend(format!("{dict:<width$}\n", width = length - 1).bytes());
    file.extend(data);
    file
}
