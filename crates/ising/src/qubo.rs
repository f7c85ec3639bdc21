//! The model in binaries.

use crate::ising::{check, energy, local};
use crate::{AnyCouplings, Couplings, Error, Ising};

/// `E(x) = offset + Σ_i a[i] x[i] + Σ_{i<j} b[i,j] x[i] x[j]` with `x[i] = 0` or `1`, to be
/// minimised.
///
/// ```
/// use spinroute_ising::{Qubo, Sparse};
///
/// // One of two, and rather the first.
/// let model = Qubo::new(vec![-3.0, -2.0], Sparse::from_triplets(2, [(0, 1, 4.0)])?, 2.0)?;
/// assert_eq!(model.energy(&[1, 0]), -1.0);
/// assert_eq!(model.to_ising().energy(&[1, -1]), -1.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Qubo {
    linear: Vec<f64>,
    couplings: AnyCouplings,
    offset: f64,
}

impl Qubo {
    /// A model from its linear terms `a`, couplings `b` and offset.
    ///
    /// # Errors
    /// If the lengths differ or a number is not finite.
    pub fn new(
        linear: Vec<f64>,
        couplings: impl Into<AnyCouplings>,
        offset: f64,
    ) -> Result<Self, Error> {
        let couplings = couplings.into();
        check("linear term", &linear, couplings.variables(), offset)?;
        Ok(Self { linear, couplings, offset })
    }

    /// Number of binaries.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.linear.len()
    }

    /// The linear terms `a`.
    #[must_use]
    pub fn linear(&self) -> &[f64] {
        &self.linear
    }

    /// The couplings `b`.
    #[must_use]
    pub fn couplings(&self) -> &AnyCouplings {
        &self.couplings
    }

    /// The constant.
    #[must_use]
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The energy of a state of 0 and 1.
    ///
    /// # Panics
    /// If there is not one value a binary, or one is not 0 or 1.
    #[must_use]
    pub fn energy(&self, binaries: &[i8]) -> f64 {
        check_binaries(binaries);
        energy(&self.linear, &self.couplings, self.offset, binaries)
    }

    /// How the energy changes when binary `i` is flipped, in O(n) or less.
    ///
    /// # Panics
    /// If there is not one value a binary, or that of binary `i` is not 0 or 1.
    #[must_use]
    pub fn change(&self, binaries: &[i8], i: usize) -> f64 {
        check_binaries(&binaries[i..=i]);
        f64::from(1 - 2 * binaries[i]) * local(&self.linear, &self.couplings, binaries, i)
    }

    /// The same model in spins, `x = (1 + s) / 2`, of the same structure.
    ///
    /// Weights are scaled by powers of two; fields and offset are sums, exact where `f64` holds
    /// them.
    #[must_use]
    pub fn to_ising(&self) -> Ising {
        let ones = vec![1.0; self.variables()];
        let mut field = vec![0.0; self.variables()];
        self.couplings.product(&ones, &mut field);
        field.iter_mut().zip(&self.linear).for_each(|(h, a)| *h = *h / 4.0 + a / 2.0);
        let offset = self.offset
            + self.linear.iter().sum::<f64>() / 2.0
            + self.couplings.energy(&ones) / 4.0;
        Ising::from_parts(field, self.couplings.scaled(0.25), offset)
    }

    /// A model whose parts were checked.
    pub(crate) fn from_parts(linear: Vec<f64>, couplings: AnyCouplings, offset: f64) -> Self {
        Self { linear, couplings, offset }
    }
}

impl Ising {
    /// The same model in binaries, `s = 2 x − 1`, of the same structure.
    ///
    /// Weights are scaled by powers of two; linear terms and offset are sums, exact where `f64`
    /// holds them.
    #[must_use]
    pub fn to_qubo(&self) -> Qubo {
        let ones = vec![1.0; self.variables()];
        let mut linear = vec![0.0; self.variables()];
        self.couplings().product(&ones, &mut linear);
        linear.iter_mut().zip(self.field()).for_each(|(a, h)| *a = 2.0 * (h - *a));
        let offset =
            self.offset() - self.field().iter().sum::<f64>() + self.couplings().energy(&ones);
        Qubo::from_parts(linear, self.couplings().scaled(4.0), offset)
    }
}

/// Spins taken for binaries would have an energy, but not theirs.
fn check_binaries(binaries: &[i8]) {
    let all = binaries.iter().fold(true, |all, &value| all & (value == 0 || value == 1));
    assert!(all, "a state of binaries is of 0 and 1");
}
