//! Sums that are not rounded before they are read.

/// A sum of `f64` numbers without any rounding: a fixed-point number wide enough for all of them
/// (R. M. Neal, *Fast exact summation using small and large superaccumulators*, arXiv 1505.05571,
/// 2015, the small one).
///
/// Objectives and bounds are read from it, rounded once: to the nearest number, or upwards. So a
/// gap is about the scores alone, however they cancel, and the order of the terms changes no bit.
/// An addition costs a few nanoseconds, a sum 560 bytes.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// `Σ chunks[i] · 2^(32 i − 1074)`.
    chunks: [i64; CHUNKS],
    /// Additions since the chunks were last brought below 2³².
    pending: u32,
    /// The sum of the terms that are infinite or not a number, 0 if there are none.
    beyond: f64,
}

/// 2098 bits of an `f64`'s range, and 78 for the number of terms.
const CHUNKS: usize = 68;
const WIDTH: u32 = 32;
/// Each addition changes a chunk by less than 2⁵³.
const PENDING: u32 = 1 << 9;

impl Default for Sum {
    fn default() -> Self {
        Self { chunks: [0; CHUNKS], pending: 0, beyond: 0.0 }
    }
}

impl Sum {
    /// Adds a term.
    pub(crate) fn add(&mut self, term: f64) {
        let bits = term.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as u32, bits & ((1 << 52) - 1));
        if exponent == 0x7ff {
            self.beyond += term;
            return;
        }
        // Subnormal numbers have no leading one, and the scale of exponent 1.
        let (mantissa, shift) =
            if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let (chunk, shift) = ((shift / WIDTH) as usize, shift % WIDTH);
        let low = ((mantissa << shift) & 0xffff_ffff) as i64;
        let high = (mantissa >> (WIDTH - shift)) as i64;
        let sign = if term.is_sign_negative() { -1 } else { 1 };
        self.chunks[chunk] += sign * low;
        self.chunks[chunk + 1] += sign * high;
        self.pending += 1;
        if self.pending >= PENDING {
            self.carry();
        }
    }

    /// Adds `a · b` as it is.
    pub(crate) fn add_product(&mut self, a: f64, b: f64) {
        let head = a * b;
        self.add(head);
        if head.is_finite() {
            self.add(a.mul_add(b, -head));
        }
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.carry();
        let mut other = other.clone();
        other.carry();
        for (chunk, more) in self.chunks.iter_mut().zip(other.chunks) {
            *chunk += more;
        }
        self.beyond += other.beyond;
        self.pending = 1;
    }

    /// Brings all chunks but the last into `0..2³²`.
    fn carry(&mut self) {
        let mut carry = 0;
        for chunk in &mut self.chunks[..CHUNKS - 1] {
            let whole = *chunk + carry;
            carry = whole >> WIDTH;
            *chunk = whole & 0xffff_ffff;
        }
        self.chunks[CHUNKS - 1] += carry;
        self.pending = 0;
    }

    /// The nearest `f64`, of two as near the even one.
    pub(crate) fn nearest(&self) -> f64 {
        self.rounded(|low_bit_is_set, rest| {
            let half = 1u128 << 127;
            rest > half || rest == half && low_bit_is_set
        })
    }

    /// The least `f64` that is not below the sum.
    pub(crate) fn upwards(&self) -> f64 {
        let negative = self.is_negative();
        self.rounded(|_, rest| rest > 0 && !negative)
    }

    fn is_negative(&self) -> bool {
        let mut sum = self.clone();
        sum.carry();
        sum.chunks[CHUNKS - 1] < 0
    }

    /// The magnitude cut to 53 bits, one unit more in the last place if `up(last bit, rest)`, with
    /// `rest` what was cut off, in units of 2⁻¹²⁸ of that place (where not all of it fits, its last
    /// bit is set).
    fn rounded(&self, up: impl Fn(bool, u128) -> bool) -> f64 {
        if self.beyond != 0.0 {
            return self.beyond;
        }
        let mut sum = self.clone();
        sum.carry();
        let negative = sum.chunks[CHUNKS - 1] < 0;
        if negative {
            sum.chunks.iter_mut().for_each(|chunk| *chunk = -*chunk);
            sum.carry();
        }
        let Some(top) = sum.chunks.iter().rposition(|&chunk| chunk != 0) else { return 0.0 };
        // The position of the highest bit; numbers below 2⁵³ units are exact.
        let highest = top as u32 * WIDTH + sum.chunks[top].ilog2();
        let shift = highest.saturating_sub(52);
        let bit = |i: u32| sum.chunks[(i / WIDTH) as usize] >> (i % WIDTH) & 1;
        let mut mantissa = 0u64;
        for i in (shift..=highest).rev() {
            mantissa = mantissa << 1 | bit(i) as u64;
        }
        let mut rest = 0u128;
        for i in (0..shift).rev() {
            let place = shift - 1 - i;
            if place < 127 {
                rest |= (bit(i) as u128) << (127 - place);
            } else if bit(i) != 0 {
                rest |= 1;
                break;
            }
        }
        mantissa += u64::from(up(mantissa & 1 == 1, rest));
        // mantissa · 2^(shift − 1074): both factors exact, the product too or infinite.
        let scale = |power: i32| f64::from_bits(((power + 1023) as u64) << 52);
        let magnitude = if shift == 0 {
            // Below the normal numbers' second binade the bits are the number.
            f64::from_bits(mantissa)
        } else if shift <= 1000 {
            mantissa as f64 * scale(shift as i32 - 1074 + 60) * scale(-60)
        } else {
            mantissa as f64 * scale((shift as i32 - 1074).min(1023))
        };
        let beyond = shift as i32 - 1074 > 1023;
        let magnitude = if beyond { f64::INFINITY } else { magnitude };
        if negative { -magnitude } else { magnitude }
    }
}

/// `a − b` as the unevaluated sum of its nearest `f64` and what that lost (D. E. Knuth's two-sum). Such pairs order as the
/// differences do, by head and then by tail. The tail of an infinite head is 0.
pub(crate) fn difference(a: f64, b: f64) -> (f64, f64) {
    let head = a - b;
    if !head.is_finite() {
        return (head, 0.0);
    }
    let back = a - head;
    let tail = (a - (head + back)) + (back - b);
    (head, tail)
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        terms.into_iter().for_each(|term| sum.add(term));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(terms: &[f64]) -> Sum {
        terms.iter().copied().collect()
    }

    #[test]
    fn keeps_what_a_plain_sum_loses() {
        let terms = [1e16, 1.0, 1.0, 1.0, -1e16];
        assert_eq!(terms.iter().sum::<f64>(), 0.0);
        assert_eq!(sum(&terms).nearest(), 3.0);
        assert_eq!(sum(&[1e300, 1e-300, -1e300]).nearest(), 1e-300);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]).nearest(), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]).nearest(), f64::INFINITY);
    }

    #[test]
    fn is_rounded_once_to_the_nearest_or_upwards() {
        let last = f64::EPSILON; // of 1
        assert_eq!(sum(&[1.0, last / 2.0]).nearest(), 1.0); // ties to even
        assert_eq!(sum(&[1.0 + last, last / 2.0]).nearest(), 1.0 + 2.0 * last);
        assert_eq!(sum(&[1.0, last / 2.0, 5e-324]).nearest(), 1.0 + last);
        assert_eq!(sum(&[1.0, 5e-324]).upwards(), 1.0 + last);
        assert_eq!(sum(&[1.0, -5e-324]).upwards(), 1.0);
        assert_eq!(sum(&[-1.0, 5e-324]).upwards(), -1.0 + last / 2.0);
        assert_eq!(sum(&[-1.0, -5e-324]).upwards(), -1.0);
        assert_eq!(sum(&[]).upwards(), 0.0);
    }

    #[test]
    fn many_terms_do_not_overflow_a_chunk() {
        let many = 3000;
        let terms: Vec<f64> = (0..many).map(|_| -1.999_999_999_999_9).collect();
        assert_eq!(sum(&terms).nearest(), -1.999_999_999_999_9 * f64::from(many));
    }

    #[test]
    fn infinity_is_not_nan() {
        assert_eq!(sum(&[1.0, f64::NEG_INFINITY, 2.0]).upwards(), f64::NEG_INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).nearest().is_nan());
    }

    #[test]
    fn differences_and_products_lose_nothing() {
        let (head, tail) = difference(1e16, 1e-3);
        assert_eq!(sum(&[head, tail, -1e16]).nearest(), -1e-3);
        let mut exact = Sum::default();
        exact.add_product(3.0, 0.1);
        exact.add(-0.3);
        assert_eq!(exact.nearest(), 2.775_557_561_562_891_4e-17); // 3 · 0.1 − 0.3 of these doubles
    }

    proptest! {
        /// On integers, `i128` is the definition.
        #[test]
        fn equals_whole_numbers(
            terms in prop::collection::vec((-(1i64 << 53)..1 << 53, 0u32..60), 0..40),
            scale in -900i32..900,
        ) {
            let exact: i128 = terms.iter().map(|&(m, shift)| i128::from(m) << shift).sum();
            let power = |n: i32| f64::from_bits(((n + 1023) as u64) << 52); // 2^n
            let value = |(m, shift): &(i64, u32)| *m as f64 * power(*shift as i32);
            let terms: Vec<f64> = terms.iter().map(value).collect();
            let whole = sum(&terms);
            prop_assert_eq!(whole.nearest(), exact as f64);
            let up = whole.upwards();
            prop_assert!(up as i128 >= exact && (up.next_down().floor() as i128) < exact);
            let scaled: Vec<f64> = terms.iter().map(|term| term * power(scale)).collect();
            prop_assert_eq!(sum(&scaled).nearest(), exact as f64 * power(scale));
            let (left, right) = terms.split_at(terms.len() / 2);
            let mut merged = sum(left);
            merged.merge(&sum(right));
            prop_assert_eq!(merged.nearest(), exact as f64);
        }

        #[test]
        fn one_term_is_itself(bits in any::<u64>()) {
            let term = f64::from_bits(bits);
            prop_assume!(term.is_finite());
            prop_assert_eq!(sum(&[term]).nearest(), term);
            prop_assert_eq!(sum(&[term]).upwards(), term);
        }

        #[test]
        fn differences_are_ordered_by_head_and_tail(a in -1e9f64..1e9, b in 0f64..1e-3, c in 0f64..1e-3) {
            let order = difference(a, b).partial_cmp(&difference(a, c)).unwrap();
            prop_assert_eq!(order, c.partial_cmp(&b).unwrap());
        }
    }
}
