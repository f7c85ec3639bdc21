//! Sums of scores without rounding, so that the reference needs no tolerance.

use std::ops::{Add, Neg, Sub};

use spinroute_core::Instance;

/// A whole number of units of `2^low`: `64 W` bits, two's complement, least significant word first.
///
/// The unit is the caller's, the same in all that is added; see [`Unit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExactSum<const W: usize>([u64; W]);

/// The unit of sums over the scores of one instance and the costs of its loads, and the words that they need.
///
/// Every finite score and every cost is a whole number of units of `2^low` and below `2^top` in size, so sums of
/// up to 2⁴¹ of them fit in `top − low + 42` bits, the sign among them. Two words are enough for
/// scores of about a size; `f32` needs 5 at most, `f64` below 2¹²⁸ needs 20.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) low: i32,
    pub(crate) top: i32,
}

/// The words that scores in `f32` need at most: from 2⁻¹⁴⁹ to 2¹²⁸.
pub(crate) const NARROW: usize = 5;
/// The words that any need at most: from 2⁻¹⁰⁷⁴ to 2¹²⁸.
pub(crate) const WIDE: usize = 20;

impl Unit {
    pub(crate) fn of(instance: &Instance) -> Self {
        let scores = (0..instance.tokens())
            .flat_map(|t| (0..instance.experts()).map(move |e| instance.score(t, e)));
        let costs = (0..instance.nodes()).flat_map(|node| {
            let limits = instance.limits(node);
            let cost = if limits.overflow.up_to > 0 { limits.overflow.cost } else { 0.0 };
            [cost, if limits.reward.up_to > 0 { limits.reward.gain } else { 0.0 }]
        });
        let mut unit = Self { low: i32::MAX, top: i32::MIN };
        for score in scores.chain(costs).filter(|s| s.is_finite() && *s != 0.0) {
            let (mantissa, exponent) = parts(score);
            unit.low = unit.low.min(exponent + mantissa.trailing_zeros() as i32);
            unit.top = unit.top.max(exponent + 64 - mantissa.leading_zeros() as i32);
        }
        if unit.top == i32::MIN { Self { low: 0, top: 0 } } else { unit }
    }

    pub(crate) fn words(self) -> usize {
        (self.top - self.low + 42).unsigned_abs().div_ceil(64) as usize
    }

    /// Whether `f64` holds every whole number of units up to the largest score, so that nothing
    /// but the method is to blame where an answer is not the best.
    pub(crate) fn fits_in_f64(self) -> bool {
        self.top - self.low <= 53
    }
}

/// `|value| = mantissa · 2^exponent`.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    // Subnormal numbers have exponent 0, no leading one, and the scale of exponent 1.
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

impl<const W: usize> ExactSum<W> {
    pub(crate) const ZERO: Self = Self([0; W]);

    /// `score` in units of `2^low`, which it must be a whole number of.
    pub(crate) fn of(score: f64, low: i32) -> Self {
        debug_assert!(score.is_finite());
        let (mantissa, exponent) = parts(score);
        let shift = exponent - low;
        let mut words = [0; W];
        if shift < 0 {
            words[0] = mantissa >> shift.unsigned_abs().min(63);
        } else {
            let (word, bit) = ((shift / 64) as usize, shift % 64);
            let wide = u128::from(mantissa) << bit;
            let parts = [wide as u64, (wide >> 64) as u64];
            for (word, part) in (word..).zip(parts).filter(|(_, part)| *part != 0) {
                words[word] = part;
            }
        }
        if score.is_sign_negative() { -Self(words) } else { Self(words) }
    }

    /// `n` times this.
    pub(crate) fn times(self, mut n: u32) -> Self {
        let (mut product, mut power) = (Self::ZERO, self);
        while n > 0 {
            if n & 1 == 1 {
                product = product + power;
            }
            (power, n) = (power + power, n >> 1);
        }
        product
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0[W - 1] >> 63 == 1
    }

    /// The nearest `f64`, of two as near the even one.
    pub(crate) fn value(self, low: i32) -> f64 {
        if self.is_negative() {
            return -(-self).value(low);
        }
        let Some(word) = self.0.iter().rposition(|&word| word != 0) else { return 0.0 };
        let highest = 64 * word + self.0[word].ilog2() as usize;
        let bit = |i: usize| self.0[i / 64] >> (i % 64) & 1 == 1;
        let cut = highest.saturating_sub(52);
        let mut mantissa = 0u64;
        for i in (cut..=highest).rev() {
            mantissa = mantissa << 1 | u64::from(bit(i));
        }
        if cut > 0 && bit(cut - 1) {
            let rest = (0..cut - 1).any(bit);
            mantissa += u64::from(rest || mantissa & 1 == 1);
        }
        // Exact: a whole number of units of 2⁻¹⁰⁷⁴, with 53 bits.
        libm::ldexp(mantissa as f64, cut as i32 + low)
    }
}

impl<const W: usize> Add for ExactSum<W> {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        let mut carry = false;
        let mut words = [0; W];
        for (i, word) in words.iter_mut().enumerate() {
            let (sum, over) = self.0[i].overflowing_add(other.0[i]);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over || again);
        }
        Self(words)
    }
}

impl<const W: usize> Neg for ExactSum<W> {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        let mut one = [0; W];
        one[0] = 1;
        Self(self.0.map(|word| !word)) + Self(one)
    }
}

impl<const W: usize> Sub for ExactSum<W> {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl<const W: usize> Ord for ExactSum<W> {
    #[inline]
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // With the sign bit flipped, two's complement orders like an unsigned number.
        let last = |sum: &Self| sum.0[W - 1] ^ 1 << 63;
        last(self).cmp(&last(other)).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl<const W: usize> PartialOrd for ExactSum<W> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;
    use spinroute_core::Demand;

    use super::*;

    fn narrow(score: f64) -> ExactSum<NARROW> {
        ExactSum::of(score, -149)
    }

    proptest! {
        #[test]
        fn every_finite_score_comes_back(bits: u32) {
            let score = f32::from_bits(bits);
            prop_assume!(score.is_finite());
            prop_assert_eq!(narrow(score.into()).value(-149), f64::from(score));
        }

        #[test]
        fn every_score_in_f64_comes_back(bits: u64) {
            let score = f64::from_bits(bits);
            prop_assume!(score.abs() < 2f64.powi(128));
            prop_assert_eq!(ExactSum::<WIDE>::of(score, -1074).value(-1074), score);
        }

        /// Multiples of 2⁻²⁰ below 2²⁰ add up exactly in `f64`: the witness. Three units of the same.
        #[test]
        fn sums_and_orders_as_numbers_do(terms in prop::collection::vec(-(1i32 << 24)..1 << 24, 1..20)) {
            let score = |&term: &i32| f64::from(term) * 2f64.powi(-20);
            let sum = terms.iter().fold(ExactSum::ZERO, |sum, t| sum + narrow(score(t)));
            let least = terms.iter().fold(ExactSum::ZERO, |sum, t| sum + ExactSum::<2>::of(score(t), -20));
            let most = terms.iter().fold(ExactSum::ZERO, |sum, t| sum + ExactSum::<WIDE>::of(score(t), -1074));
            let witness = terms.iter().map(score).sum::<f64>();
            prop_assert_eq!([sum.value(-149), least.value(-20), most.value(-1074)], [witness; 3]);
            let (a, b) = (score(&terms[0]), score(&terms[terms.len() - 1]));
            prop_assert_eq!(narrow(a).cmp(&narrow(b)), a.total_cmp(&(b + 0.0)));
            prop_assert_eq!((narrow(a) - narrow(b)).value(-149), a - b);
        }

        /// Of whole numbers, `i128` knows the nearest.
        #[test]
        fn rounds_to_nearest(terms in prop::collection::vec(-(1i64 << 53)..1 << 53, 1..40), shift in 0..40i32) {
            let scale = |i: usize| if i.is_multiple_of(2) { 0 } else { shift };
            let exact: i128 = terms.iter().enumerate().map(|(i, &t)| i128::from(t) << scale(i)).sum();
            let thrice = terms.iter().map(|&t| 3 * i128::from(t)).sum::<i128>() as f64;
            let times = terms.iter().map(|&t| ExactSum::<2>::of(t as f64, 0).times(3));
            prop_assert_eq!(times.fold(ExactSum::ZERO, Add::add).value(0), thrice);
            let term = |(i, &t): (usize, &i64)| ExactSum::<2>::of(t as f64 * 2f64.powi(scale(i)), 0);
            let sum = terms.iter().enumerate().map(term).fold(ExactSum::ZERO, Add::add);
            prop_assert_eq!(sum.value(0), exact as f64);
        }
    }

    #[test]
    fn nothing_is_lost_between_the_ends_of_the_range() {
        let [large, small] = [f32::MAX, f32::from_bits(1)].map(|s| narrow(s.into()));
        assert_eq!((large + small - large).value(-149), f64::from(f32::from_bits(1)));
        assert!(large < large + small && -large < -large + small);
        let [large, small] = [1e38, 5e-324].map(|s| ExactSum::<WIDE>::of(s, -1074));
        assert_eq!((large + small - large).value(-1074), 5e-324);
        assert!(large < large + small && -large < -large + small);
    }

    #[test]
    fn the_unit_is_that_of_the_scores() {
        let unit = |scores| {
            let instance = Instance::from_f64(scores, vec![1; 2], Demand::AtMost(1)).unwrap();
            let unit = Unit::of(&instance);
            (unit.low, unit.top, unit.words(), unit.fits_in_f64())
        };
        assert_eq!(unit(array![[0.75, -3.0]]), (-2, 2, 1, true));
        assert_eq!(unit(array![[0.0, f64::NEG_INFINITY]]), (0, 0, 1, true));
        assert_eq!(unit(array![[2f64.powi(53) - 1.0, 1.0]]), (0, 53, 2, true));
        assert_eq!(unit(array![[2f64.powi(53), 1.0]]), (0, 54, 2, false));
        let ends = (f64::from(f32::MAX), f64::from(f32::from_bits(1)));
        assert_eq!(unit(array![[ends.0, ends.1]]), (-149, 128, NARROW, false));
        assert_eq!(unit(array![[ends.0, 5e-324]]), (-1074, 128, WIDE, false));
    }
}
