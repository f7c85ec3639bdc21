//! Compensated summation: a sum of a million terms that is right to the last bits of an `f64`.

/// A running sum with Neumaier's correction (Z. angew. Math. Mech. 54 (1974) 39-51).
///
/// The error is about one unit in the last place of the result plus `n ε²` of the sum of
/// magnitudes, where a plain loop loses `n ε`: at 10⁶ tokens that is the difference between a
/// proven relative gap of 1e-10 and one of 1e-15.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    total: f64,
    correction: f64,
    rounded: bool,
}

impl Sum {
    /// Adds a term.
    pub(crate) fn add(&mut self, term: f64) {
        let total = self.total + term;
        let lost = if self.total.abs() >= term.abs() {
            (self.total - total) + term
        } else {
            (term - total) + self.total
        };
        self.correction += lost;
        self.rounded |= lost != 0.0;
        self.total = total;
    }

    /// Whether no addition so far was rounded.
    pub(crate) fn is_exact(self) -> bool {
        !self.rounded
    }

    /// The sum so far. An infinite sum stays infinite, where the correction would be NaN.
    pub(crate) fn value(self) -> f64 {
        if self.total.is_finite() { self.total + self.correction } else { self.total }
    }
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
    use super::Sum;

    #[test]
    fn keeps_what_a_plain_sum_loses() {
        let terms = [1e16, 1.0, 1.0, 1.0, -1e16];
        assert_eq!(terms.iter().sum::<f64>(), 0.0);
        assert_eq!(terms.into_iter().collect::<Sum>().value(), 3.0);
    }

    #[test]
    fn infinity_is_not_nan() {
        let sum: Sum = [1.0, f64::NEG_INFINITY, 2.0].into_iter().collect();
        assert_eq!(sum.value(), f64::NEG_INFINITY);
    }
}
