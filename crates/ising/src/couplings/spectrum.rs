//! Bounds of the eigenvalues of couplings.

/// An interval that provably holds every eigenvalue of a coupling matrix (up to rounding).
///
/// ```
/// use spinroute_ising::{Couplings, Sparse};
///
/// // Eigenvalues of a pair: ±1.
/// let spectrum = Sparse::from_triplets(2, [(0, 1, 1.0)])?.spectrum();
/// assert!(spectrum.lowest <= -1.0 && spectrum.highest >= 1.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// No eigenvalue is below.
    pub lowest: f64,
    /// No eigenvalue is above.
    pub highest: f64,
}

impl Spectrum {
    /// The interval of Gershgorin (1931) for a zero diagonal: `±max_i Σ_j |J[i,j]|`.
    #[must_use]
    pub fn gershgorin(row_sums: impl IntoIterator<Item = f64>) -> Self {
        let radius = row_sums.into_iter().fold(0.0, f64::max);
        Self { lowest: -radius, highest: radius }
    }

    /// The largest absolute value of the interval: a bound of the spectral norm.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.highest.max(-self.lowest)
    }
}
