//! Bits for bounded integers.
//!
//! Every encoding writes an integer as an affine form of its bits, `v = base + Σ w_b b`, so that an
//! expression stays of the same degree. With `R = high − low`:
//!
//! | encoding | bits | `base`, weights | valid words |
//! |---|---|---|---|
//! | binary | `⌊log₂ R⌋ + 1` | `low`; 1, 2, 4, …, and a last one that ends the range at `high` | all |
//! | unary | `R` | `low`; all 1 | all |
//! | order | `R` | `low`; all 1; bit `i` says `v > low + i` | no 1 after a 0 |
//! | domain-wall | `R` | `high`; all −1; the wall is where 0 turns to 1 | no 0 after a 1 |
//! | one-hot | `R + 1` | `0`; `low, low + 1, …, high` | exactly one 1 |
//!
//! The last weight of the binary encoding is `R − (2^(n−1) − 1)` for `n` bits, so that no word
//! decodes outside the range (Karimi and Ronagh, *Practical integer-to-binary mapping for quantum
//! annealers*, 2019, call it bounded-coefficient). Order and domain-wall (Chancellor, *Domain wall
//! encoding of discrete variables*, 2019) have the same polynomials up to the direction of the
//! bits: the energy of a chain of spins between two fixed ends that are unlike counts the walls
//! past the first one, in pairs, which is `Σ b_i (1 − b_{i+1})`, the number of steps the wrong way.
//!
//! An encoding with invalid words brings a constraint of its own that says so by name, weighted as
//! the others are.

use serde::{Deserialize, Serialize};

/// How bits stand for the values of an integer; the module opens with a table.
///
/// ```
/// use spinroute_modelling::{Encoding, Model, Options};
///
/// let bits = Encoding::ALL.map(|encoding| {
///     let mut model = Model::new();
///     model.integer("y", 0..=9, encoding);
///     model.compile(&Options::default()).map(|compiled| compiled.qubo().variables())
/// });
/// assert_eq!(bits.map(Result::unwrap), [4, 9, 9, 9, 10]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Encoding {
    /// Powers of two, and a last weight that ends the range: fewest bits.
    #[default]
    Binary,
    /// As many bits as the range is wide, in any order: no word is invalid, many are equal.
    Unary,
    /// Bit `i` says that the value is greater than `low + i`.
    Order,
    /// The value is where, along the bits, 0 turns to 1.
    DomainWall,
    /// One bit a value.
    OneHot,
}

impl Encoding {
    /// Every encoding, for tests and lists.
    pub const ALL: [Self; 5] =
        [Self::Binary, Self::Unary, Self::Order, Self::DomainWall, Self::OneHot];

    /// The coefficients of the bits of a slack from 0 to `range`, in steps of 1; `None` for an encoding
    /// with invalid words, which needs a penalty besides: for who writes a square without the language.
    ///
    /// ```
    /// use spinroute_modelling::Encoding;
    /// assert_eq!(Encoding::Binary.slack_coefficients(5), Some(vec![1.0, 2.0, 2.0]));
    /// assert_eq!(Encoding::OneHot.slack_coefficients(5), None);
    /// ```
    #[must_use]
    pub fn slack_coefficients(self, range: u32) -> Option<Vec<f64>> {
        let valid = self.validity() == Validity::Always;
        valid.then(|| self.affine(0, i64::from(range)).weights)
    }

    /// Bits for a range of `range = high − low`; `None` if that is more than 2³¹.
    pub(crate) fn bits(self, range: u64) -> Option<u32> {
        let bits = match self {
            Self::Binary => u64::from(u64::BITS - range.leading_zeros()),
            Self::Unary | Self::Order | Self::DomainWall => range,
            Self::OneHot => range.checked_add(1)?,
        };
        u32::try_from(bits).ok().filter(|&b| b < 1 << 31)
    }

    /// The affine form of a range that [`Self::bits`] accepted.
    pub(crate) fn affine(self, low: i64, high: i64) -> Affine {
        let range = high.abs_diff(low);
        let bits = self.bits(range).unwrap_or(0) as usize;
        match self {
            Self::Binary => {
                let mut weights: Vec<f64> = (0..bits).map(|b| (1_u64 << b) as f64).collect();
                if let Some(last) = weights.last_mut() {
                    *last = (range - ((1_u64 << (bits - 1)) - 1)) as f64;
                }
                Affine { base: low as f64, weights }
            }
            Self::Unary | Self::Order => Affine { base: low as f64, weights: vec![1.0; bits] },
            Self::DomainWall => Affine { base: high as f64, weights: vec![-1.0; bits] },
            Self::OneHot => {
                Affine { base: 0.0, weights: (0..bits).map(|b| (low + b as i64) as f64).collect() }
            }
        }
    }

    /// What its bits must satisfy.
    pub(crate) fn validity(self) -> Validity {
        match self {
            Self::Binary | Self::Unary => Validity::Always,
            Self::Order => Validity::Falling,
            Self::DomainWall => Validity::Rising,
            Self::OneHot => Validity::OneHot,
        }
    }
}

/// `base + Σ weights[b] · bit b`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) base: f64,
    pub(crate) weights: Vec<f64>,
}

/// What the bits of an encoding must satisfy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// Nothing.
    Always,
    /// No 1 after a 0.
    Falling,
    /// No 0 after a 1.
    Rising,
    /// Exactly one 1.
    OneHot,
}

impl Validity {
    /// Whether `bits` are a valid word.
    pub(crate) fn holds(self, bits: &[i8]) -> bool {
        match self {
            Self::Always => true,
            Self::Falling => bits.windows(2).all(|w| w[0] >= w[1]),
            Self::Rising => bits.windows(2).all(|w| w[0] <= w[1]),
            Self::OneHot => bits.iter().filter(|&&b| b != 0).count() == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn valid_words_are_exactly_the_range() {
        for encoding in Encoding::ALL {
            for (low, high) in [(0, 0), (0, 1), (-3, 4), (2, 12), (5, 20), (-1, -1)] {
                let affine = encoding.affine(low, high);
                let bits = affine.weights.len();
                assert_eq!(Some(bits as u32), encoding.bits((high - low) as u64));
                let mut seen = BTreeSet::new();
                for word in 0..1_u32 << bits {
                    let word: Vec<i8> = (0..bits).map(|b| (word >> b & 1) as i8).collect();
                    let sum: f64 =
                        word.iter().zip(&affine.weights).map(|(&b, w)| f64::from(b) * w).sum();
                    if encoding.validity().holds(&word) {
                        seen.insert((affine.base + sum) as i64);
                    }
                }
                assert_eq!(seen, (low..=high).collect(), "{encoding:?} of {low}..={high}");
            }
        }
    }

    #[test]
    fn widest_ranges() {
        assert_eq!(Encoding::Binary.bits(u64::MAX), Some(64));
        assert_eq!(Encoding::OneHot.bits(u64::MAX), None);
        assert_eq!(Encoding::Unary.bits(1 << 40), None);
    }
}
