//! Sums of `f32` values without rounding, so that the reference needs no tolerance.

use std::ops::{Add, Neg, Sub};

/// A whole number of units of 2⁻¹⁴⁹, the smallest positive `f32`: 320 bits, two's complement,
/// least significant word first.
///
/// Every finite `f32` is below 2¹²⁸, so below 2²⁷⁷ units; sums of up to 2⁴¹ of them fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExactSum([u64; WORDS]);

const WORDS: usize = 5;

impl ExactSum {
    pub(crate) const ZERO: Self = Self([0; WORDS]);

    /// The value of `score`, which must be finite.
    pub(crate) fn of(score: f32) -> Self {
        debug_assert!(score.is_finite());
        let bits = score.to_bits();
        let (exponent, fraction) = ((bits >> 23) & 0xff, u64::from(bits & 0x007f_ffff));
        // Subnormal numbers have exponent 0, no leading one, and the scale of exponent 1.
        let mantissa = if exponent == 0 { fraction } else { fraction | 1 << 23 };
        let shift = exponent.saturating_sub(1);
        let (word, bit) = ((shift / 64) as usize, shift % 64);
        let wide = u128::from(mantissa) << bit;
        let mut words = [0; WORDS];
        words[word] = wide as u64;
        words[word + 1] = (wide >> 64) as u64; // shift ≤ 253: word ≤ 3
        if score.is_sign_negative() { -Self(words) } else { Self(words) }
    }

    fn is_negative(self) -> bool {
        self.0[WORDS - 1] >> 63 == 1
    }

    /// The nearest `f64`, to within one unit in the last place.
    pub(crate) fn value(self) -> f64 {
        if self.is_negative() {
            return -(-self).value();
        }
        // From the small words up, so that each partial sum rounds relative to what follows.
        let scaled = |(i, &word): (i32, &u64)| word as f64 * 2f64.powi(64 * i - 149);
        (0..).zip(&self.0).map(scaled).sum()
    }
}

impl Add for ExactSum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let mut carry = false;
        let mut words = [0; WORDS];
        for (i, word) in words.iter_mut().enumerate() {
            (*word, carry) = self.0[i].carrying_add(other.0[i], carry);
        }
        Self(words)
    }
}

impl Neg for ExactSum {
    type Output = Self;

    fn neg(self) -> Self {
        let one = Self([1, 0, 0, 0, 0]);
        Self(self.0.map(|word| !word)) + one
    }
}

impl Sub for ExactSum {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Ord for ExactSum {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // With the sign bit flipped, two's complement orders like an unsigned number.
        let [a, b] = [self, other].map(|sum| {
            let [w0, w1, w2, w3, w4] = sum.0;
            [w4 ^ 1 << 63, w3, w2, w1, w0]
        });
        a.cmp(&b)
    }
}

impl PartialOrd for ExactSum {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::ExactSum;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_finite_score_comes_back(bits: u32) {
            let score = f32::from_bits(bits);
            prop_assume!(score.is_finite());
            prop_assert_eq!(ExactSum::of(score).value(), f64::from(score));
        }

        /// Multiples of 2⁻²⁰ below 2²⁰ add up exactly in `f64`: the witness.
        #[test]
        fn sums_and_orders_as_numbers_do(terms in prop::collection::vec(-(1i32 << 24)..1 << 24, 1..20)) {
            let score = |&term: &i32| term as f32 * 2f32.powi(-20);
            let sum = terms.iter().fold(ExactSum::ZERO, |sum, t| sum + ExactSum::of(score(t)));
            prop_assert_eq!(sum.value(), terms.iter().map(|t| f64::from(score(t))).sum::<f64>());
            let (a, b) = (score(&terms[0]), score(&terms[terms.len() - 1]));
            prop_assert_eq!(ExactSum::of(a).cmp(&ExactSum::of(b)), a.total_cmp(&(b + 0.0)));
            prop_assert_eq!((ExactSum::of(a) - ExactSum::of(b)).value(), f64::from(a) - f64::from(b));
        }
    }

    #[test]
    fn nothing_is_lost_between_the_ends_of_the_range() {
        let [large, small] = [f32::MAX, f32::from_bits(1)].map(ExactSum::of);
        assert_eq!((large + small - large).value(), f64::from(f32::from_bits(1)));
        assert!(large < large + small && -large < -large + small);
    }
}
