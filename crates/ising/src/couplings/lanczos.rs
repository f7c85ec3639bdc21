//! Eigenvalues at the ends of the spectrum, estimated by products alone.
//!
//! The method of Lanczos (J. Res. Nat. Bur. Standards 45 (1950) 255-282): from a random vector, an
//! orthonormal basis of the Krylov space in which `J` is tridiagonal. The eigenvalues of the
//! tridiagonal matrix lie within the spectrum of `J` whatever the number of steps (Courant-Fischer),
//! so the estimates err to the inside, where [`Couplings::spectrum`] errs to the outside. O(steps)
//! products. New vectors are orthogonalised against all earlier ones, twice: without that, rounding
//! brings copies of converged eigenvalues but no wrong ones, at half the time for small `steps`.
//!
//! A power iteration needs many times the products for the same accuracy, and two runs for two ends.

use super::{Couplings, Spectrum};
use crate::SplitMix64;

/// Estimates of the lowest and the highest eigenvalue, both within the spectrum: at most `steps`
/// products and as many vectors of `n`. 30 steps give them to a few percent of the radius, `n` steps
/// up to rounding.
///
/// ```
/// use spinroute_ising::{Sparse, couplings::estimate_spectrum};
///
/// let pair = Sparse::from_triplets(2, [(0, 1, 1.0)])?;
/// let spectrum = estimate_spectrum(&pair, 30, 1);
/// assert!((spectrum.lowest + 1.0).abs() < 1e-9 && (spectrum.highest - 1.0).abs() < 1e-9);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[must_use]
pub fn estimate_spectrum(couplings: &impl Couplings, steps: usize, seed: u64) -> Spectrum {
    let n = couplings.variables();
    let (mut diagonal, mut beside): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut stream = SplitMix64::new(seed, 0);
    let mut next: Vec<f64> = (0..n).map(|_| stream.bits() as f64 / 2f64.powi(63) - 1.0).collect();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let scale = couplings.spectrum().radius();
    while basis.len() < steps.min(n) {
        let norm = dot(&next, &next).sqrt();
        // The space is exhausted: its eigenvalues are all that the start has a part in.
        if norm <= 1e-12 * if basis.is_empty() { 0.0 } else { scale } || norm == 0.0 {
            break;
        }
        if !basis.is_empty() {
            beside.push(norm);
        }
        for value in &mut next {
            *value /= norm;
        }
        let vector = std::mem::replace(&mut next, vec![0.0; n]);
        couplings.product(&vector, &mut next);
        diagonal.push(dot(&vector, &next));
        basis.push(vector);
        for _ in 0..2 {
            for earlier in &basis {
                let part = dot(earlier, &next);
                next.iter_mut().zip(earlier).for_each(|(value, e)| *value -= part * e);
            }
        }
    }
    if diagonal.is_empty() {
        return Spectrum { lowest: 0.0, highest: 0.0 };
    }
    let highest = extreme(&diagonal, &beside);
    for value in &mut diagonal {
        *value = -*value;
    }
    Spectrum { lowest: -extreme(&diagonal, &beside), highest }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The highest eigenvalue of a symmetric tridiagonal matrix, by bisection on the number of
/// eigenvalues below a shift: the negative terms of its `LDLᵀ` factorisation (Sylvester).
fn extreme(diagonal: &[f64], beside: &[f64]) -> f64 {
    let radius = |i: usize| {
        let left = i.checked_sub(1).map_or(0.0, |left| beside[left]);
        left + beside.get(i).copied().unwrap_or(0.0)
    };
    let places = || (0..diagonal.len()).map(|i| (diagonal[i], radius(i)));
    let mut low = places().map(|(d, r)| d - r).fold(f64::INFINITY, f64::min);
    let mut high = places().map(|(d, r)| d + r).fold(f64::NEG_INFINITY, f64::max);
    let all_below = |shift: f64| {
        let mut term = diagonal[0] - shift;
        for i in 1..diagonal.len() {
            if term >= 0.0 {
                return false;
            }
            term = diagonal[i] - shift - beside[i - 1] * beside[i - 1] / term;
        }
        term < 0.0
    };
    for _ in 0..128 {
        let middle = f64::midpoint(low, high);
        *(if all_below(middle) { &mut high } else { &mut low }) = middle;
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dense, Sparse};

    #[test]
    fn a_clique_has_two_eigenvalues() {
        let clique = ndarray::Array2::from_shape_fn((9, 9), |(i, j)| f64::from(i != j));
        let spectrum = estimate_spectrum(&Dense::new(clique).unwrap(), 20, 1);
        assert!((spectrum.lowest + 1.0).abs() < 1e-9 && (spectrum.highest - 8.0).abs() < 1e-9);
    }

    #[test]
    fn a_long_ring_is_estimated_from_the_inside() {
        let ring = (0..2000_u32).map(|i| (i, (i + 1) % 2000, 1.0));
        let ring = Sparse::from_triplets(2000, ring).unwrap();
        let spectrum = estimate_spectrum(&ring, 30, 1);
        assert!((1.95..=2.0 + 1e-9).contains(&spectrum.highest), "{spectrum:?}");
        assert!((1.95..=2.0 + 1e-9).contains(&-spectrum.lowest), "{spectrum:?}");
    }

    #[test]
    fn nothing_has_no_spectrum() {
        let zero = Spectrum { lowest: 0.0, highest: 0.0 };
        for n in [0, 3] {
            assert_eq!(estimate_spectrum(&Sparse::none(n), 10, 1), zero);
        }
    }
}
