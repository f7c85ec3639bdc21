//! The ends of the couplings' spectrum: a proven interval, narrowed by Lanczos' method.
//!
//! [`Couplings::spectrum`] holds in any case. Lanczos' method (1950) with [`STEPS`] products from a
//! random vector gives values inside the spectrum, and by J. Kuczyński and H. Woźniakowski (*SIAM J.
//! Matrix Anal. Appl.* 13 (1992) 1094-1122, theorem 4.2) the highest misses the highest eigenvalue of
//! a positive semidefinite matrix by more than a part `ε` with a probability of at most
//! `1.648 √n exp(−√ε (2 k − 1))`. Shifted by the lowest eigenvalue this is a part of the spectrum's
//! width; [`spectrum_ends`] adds what [`DOUBT`] allows, at either end.
//!
//! The recurrence runs in `f64` on products in `f32`, without reorthogonalisation: what rounding
//! makes of it is copies of values at the ends, not values beyond them.

use nalgebra::DMatrix;
use rayon::prelude::*;
use spinroute_ising::{AnyCouplings, Couplings, Spectrum};

use crate::noise::Noise;
use crate::product::{ScaledModel, zeros};

/// Products.
const STEPS: usize = 32;

/// Probability that the spectrum reaches beyond what is returned.
const DOUBT: f64 = 1e-6;

/// Where the spectrum ends, and which part of that is proven.
///
/// ```
/// use spinroute_bifurcation::{ScaledModel, spectrum_ends};
/// use spinroute_ising::{Ising, Sparse};
///
/// let ring = (0..100).map(|i| (i, (i + 1) % 100, 1.0));
/// let model = Ising::new(vec![0.0; 100], Sparse::from_triplets(100, ring)?, 0.0)?;
/// let ends = spectrum_ends(model.couplings(), &ScaledModel::new(&model));
/// assert!(ends.found.highest <= ends.likely.highest);
/// assert!(ends.likely.highest <= ends.proven.highest);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpectrumEnds {
    /// No eigenvalue is outside, up to rounding.
    pub proven: Spectrum,
    /// The extreme values that Lanczos' method found: they are inside.
    pub found: Spectrum,
    /// No eigenvalue is outside with a probability of all but 10⁻⁶, and never outside `proven`.
    pub likely: Spectrum,
}

/// The ends of the spectrum of the couplings, in units of the model.
///
/// ```
/// use spinroute_bifurcation::{ScaledModel, spectrum_ends};
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![0.0; 2], Sparse::from_triplets(2, [(0, 1, 4.0)])?, 0.0)?;
/// let ends = spectrum_ends(model.couplings(), &ScaledModel::new(&model));
/// assert!((ends.found.lowest + 4.0).abs() < 1e-5 && (ends.found.highest - 4.0).abs() < 1e-5);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[must_use]
pub fn spectrum_ends(couplings: &AnyCouplings, scaled: &ScaledModel) -> SpectrumEnds {
    let proven = match scaled.sizes() {
        Some([radius, _]) => Spectrum::gershgorin([radius]),
        None => couplings.spectrum(),
    };
    let n = couplings.variables();
    let found = lanczos(scaled, STEPS.min(n));
    let scale = scaled.scale();
    let found = Spectrum { lowest: found.lowest * scale, highest: found.highest * scale };
    // ε of the width: with ε of either end missing, the width is at most found / (1 − 2 ε).
    let root = (1.648 * (n as f64).sqrt() / DOUBT).ln() / (2.0 * STEPS as f64 - 1.0);
    let epsilon = if n <= STEPS { 1e-3 } else { root * root };
    let width = (found.highest - found.lowest) / (1.0 - 2.0 * epsilon).max(0.1);
    let likely = Spectrum {
        lowest: (found.lowest - epsilon * width).max(proven.lowest),
        highest: (found.highest + epsilon * width).min(proven.highest),
    };
    SpectrumEnds { proven, found, likely }
}

/// The extreme Ritz values after some steps, in units of [`ScaledModel::scale`].
fn lanczos(scaled: &ScaledModel, steps: usize) -> Spectrum {
    let n = scaled.variables();
    let mut current: Vec<f64> = (0..n).map(|i| f64::from(Noise::new(0, 0).pair(i)[0])).collect();
    normalise(&mut current);
    let mut previous = vec![0.0; n];
    let (mut diagonal, mut beside) = (Vec::new(), Vec::<f64>::new());
    for _ in 0..steps {
        let mut next = product(scaled, &current);
        let alpha: f64 = next.iter().zip(&current).map(|(a, b)| a * b).sum();
        let beta = beside.last().copied().unwrap_or(0.0);
        for ((next, current), previous) in next.iter_mut().zip(&current).zip(&previous) {
            *next -= alpha * current + beta * previous;
        }
        diagonal.push(alpha);
        let norm = normalise(&mut next);
        if norm <= 1e-6 {
            break;
        }
        beside.push(norm);
        (previous, current) = (current, next);
    }
    let k = diagonal.len();
    if k == 0 {
        return Spectrum { lowest: 0.0, highest: 0.0 };
    }
    let mut matrix = DMatrix::zeros(k, k);
    for i in 0..k {
        matrix[(i, i)] = diagonal[i];
        if i + 1 < k {
            (matrix[(i, i + 1)], matrix[(i + 1, i)]) = (beside[i], beside[i]);
        }
    }
    let values = matrix.symmetric_eigenvalues();
    Spectrum { lowest: values.min(), highest: values.max() }
}

/// `J v`, in several threads where that pays.
fn product(scaled: &ScaledModel, values: &[f64]) -> Vec<f64> {
    let n = scaled.variables();
    let (mut signal, mut out, mut sums) = (zeros(n), zeros(n), Vec::new());
    signal.iter_mut().zip(values).for_each(|(to, v)| *to = *v as f32);
    scaled.sums(&signal, 1, false, &mut sums);
    let chunk = 512usize.next_multiple_of(scaled.grain());
    let work = |(c, out): (usize, &mut [f32])| {
        let rows = c * chunk..c * chunk + out.len();
        scaled.rows(scaled.seen(&signal, 1, &rows), &sums, 1, rows, out);
    };
    if scaled.work() > 1 << 17 {
        out.par_chunks_mut(chunk).enumerate().for_each(work);
    } else {
        out.chunks_mut(chunk).enumerate().for_each(work);
    }
    out.iter().map(|&v| f64::from(v)).collect()
}

/// Scales to length 1; the length that there was.
fn normalise(values: &mut [f64]) -> f64 {
    let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    if norm > 0.0 {
        for value in values {
            *value /= norm;
        }
    }
    norm
}
