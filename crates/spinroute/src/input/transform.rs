//! From logits to scores.

use ndarray::Array2;
use rayon::prelude::*;

/// What to do to each token's row of logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transform {
    /// `exp(x) / Σ exp(x)` over the experts, in `f32`, with the row's maximum subtracted first.
    Softmax,
    /// `1 / (1 + exp(−x))`, in `f32`.
    Sigmoid,
    /// Nothing.
    #[default]
    None,
}

impl Transform {
    /// Transforms every row in place. A pair that is forbidden (-∞) stays forbidden.
    pub fn apply(self, scores: &mut Array2<f32>) {
        let row: fn(&mut [f32]) = match self {
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

fn softmax(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for x in row.iter_mut().filter(|x| **x > f32::NEG_INFINITY) {
        *x = (*x - max).exp();
        sum += *x;
    }
    for x in row.iter_mut().filter(|x| **x > f32::NEG_INFINITY) {
        *x /= sum;
    }
}

fn sigmoid(row: &mut [f32]) {
    for x in row.iter_mut().filter(|x| **x > f32::NEG_INFINITY) {
        *x = 1.0 / (1.0 + (-*x).exp());
    }
}

#[cfg(test)]
mod tests {
    use super::Transform;
    use ndarray::{Array2, array};

    const FORBIDDEN: f32 = f32::NEG_INFINITY;

    fn transformed(transform: Transform, mut scores: Array2<f32>) -> Array2<f32> {
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
}
