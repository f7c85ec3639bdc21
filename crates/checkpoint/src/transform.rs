//! From logits to scores.

use ndarray::{Array2, NdFloat};
use rayon::prelude::*;

/// What to do to each token's row of logits, in their precision: f64 logits make f64 scores.
///
/// ```
/// use spinroute_checkpoint::Transform;
///
/// let mut scores = ndarray::array![[0.0f32, 0.0, f32::NEG_INFINITY]];
/// Transform::Softmax.apply(&mut scores);
/// assert_eq!(scores, ndarray::array![[0.5, 0.5, f32::NEG_INFINITY]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transform {
    /// `exp(x) / Σ exp(x)` over the experts, with the row's maximum subtracted first.
    Softmax,
    /// `1 / (1 + exp(−x))`.
    Sigmoid,
    /// Nothing.
    #[default]
    None,
}

impl Transform {
    /// Transforms every row in place. A pair that is forbidden (-∞) stays forbidden.
    pub fn apply<F: NdFloat>(self, scores: &mut Array2<F>) {
        let row: fn(&mut [F]) = match self {
            Self::Softmax => softmax,
            Self::Sigmoid => sigmoid,
            Self::None => return,
        };
        let columns = scores.ncols();
        if let Some(flat) = scores.as_slice_mut()
            && columns > 0
        {
            flat.par_chunks_mut(columns).for_each(row);
        }
    }
}

fn softmax<F: NdFloat>(row: &mut [F]) {
    let max = row.iter().copied().fold(F::neg_infinity(), F::max);
    let mut sum = F::zero();
    for x in row.iter_mut().filter(|x| **x > F::neg_infinity()) {
        *x = (*x - max).exp();
        sum += *x;
    }
    for x in row.iter_mut().filter(|x| **x > F::neg_infinity()) {
        *x /= sum;
    }
}

fn sigmoid<F: NdFloat>(row: &mut [F]) {
    for x in row.iter_mut().filter(|x| **x > F::neg_infinity()) {
        *x = F::one() / (F::one() + (-*x).exp());
    }
}

#[cfg(test)]
mod tests {
    use crate::Transform;
    use ndarray::{Array2, NdFloat, array};

    const FORBIDDEN: f32 = f32::NEG_INFINITY;

    fn transformed<F: NdFloat>(transform: Transform, mut scores: Array2<F>) -> Array2<F> {
        transform.apply(&mut scores);
        scores
    }

    #[test]
    fn softmax_by_hand() {
        let third = 1.0 / 3.0;
        let scores =
            transformed(Transform::Softmax, array![[7.0, 7.0, 7.0], [2f32.ln(), 0.0, 0.0]]);
        for (x, want) in scores.iter().zip([third, third, third, 0.5, 0.25, 0.25]) {
            assert!((x - want).abs() < 1e-7, "{scores}");
        }
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let scores = transformed(Transform::Softmax, array![[3e38, 3e38, -3e38]]);
        assert_eq!(scores, array![[0.5, 0.5, 0.0]]);
        let scores = transformed(Transform::Sigmoid, array![[3e38, -3e38, 0.0]]);
        assert_eq!(scores, array![[1.0, 0.0, 0.5]]);
    }

    #[test]
    fn forbidden_pairs_stay_forbidden() {
        let logits = array![[FORBIDDEN, 1.0], [FORBIDDEN, FORBIDDEN]];
        let want = array![[FORBIDDEN, 1.0], [FORBIDDEN, FORBIDDEN]];
        assert_eq!(transformed(Transform::Softmax, logits.clone()), want);
        assert_eq!(transformed(Transform::None, logits.clone()), want);
        assert_eq!(transformed(Transform::Sigmoid, logits)[[0, 0]], FORBIDDEN);
    }

    #[test]
    fn logits_in_f64_make_scores_in_f64() {
        let scores =
            transformed(Transform::Softmax, array![[2f64.ln(), 0.0, 0.0], [0.0, -100.0, -9.0]]);
        for (x, want) in scores.iter().zip([0.5, 0.25, 0.25]) {
            assert!((x - want).abs() < 1e-15, "{scores}");
        }
        assert!((scores[[1, 1]] / (-100f64).exp() - 1.0).abs() < 1e-3); // no f32 is that small
        let score = transformed(Transform::Sigmoid, array![[-50.0f64]])[[0, 0]];
        assert!((score / (-50f64).exp() - 1.0).abs() < 1e-12);
    }
}
