//! The model in spins.

use rayon::prelude::*;

use crate::couplings::{TOGETHER, reals};
use crate::{AnyCouplings, Couplings, Error};

/// `E(s) = offset + Σ_i h[i] s[i] + Σ_{i<j} J[i,j] s[i] s[j]` with `s[i] = ±1`, to be minimised.
///
/// ```
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![0.5, 0.0], Sparse::from_triplets(2, [(0, 1, -1.0)])?, 3.0)?;
/// assert_eq!(model.energy(&[-1, -1]), 3.0 - 0.5 - 1.0);
/// assert_eq!(model.change(&[-1, -1], 1), 2.0); // what flipping spin 1 adds
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ising {
    field: Vec<f64>,
    couplings: AnyCouplings,
    offset: f64,
}

impl Ising {
    /// A model from its field `h`, couplings `J` and offset.
    ///
    /// # Errors
    /// If the lengths differ or a number is not finite.
    pub fn new(
        field: Vec<f64>,
        couplings: impl Into<AnyCouplings>,
        offset: f64,
    ) -> Result<Self, Error> {
        let couplings = couplings.into();
        check("field", &field, couplings.variables(), offset)?;
        Ok(Self { field, couplings, offset })
    }

    /// Number of spins.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.field.len()
    }

    /// The field `h`.
    #[must_use]
    pub fn field(&self) -> &[f64] {
        &self.field
    }

    /// The couplings `J`.
    #[must_use]
    pub fn couplings(&self) -> &AnyCouplings {
        &self.couplings
    }

    /// The constant.
    #[must_use]
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The energy of a state of ±1.
    ///
    /// # Panics
    /// If there is not one value a spin, or one is not ±1.
    #[must_use]
    pub fn energy(&self, spins: &[i8]) -> f64 {
        check_spins(spins);
        energy(&self.field, &self.couplings, self.offset, spins)
    }

    /// The energies of many states, one after another in `states`: [`Ising::energy`] of each, bit for
    /// bit, in several threads and with fewer passes over the couplings.
    ///
    /// # Panics
    /// If `states` is not a whole number of states, or a value is not ±1.
    #[must_use]
    pub fn energies(&self, states: &[i8]) -> Vec<f64> {
        let n = self.variables();
        if n == 0 {
            assert!(states.is_empty(), "states have one value a variable");
            return Vec::new();
        }
        assert!(states.len().is_multiple_of(n), "states have one value a variable");
        let groups = states.par_chunks(n * TOGETHER).map(|group| {
            if group.len() < n * TOGETHER {
                return group.chunks(n).map(|state| self.energy(state)).collect();
            }
            check_spins(group);
            let side_by_side = |i: usize| std::array::from_fn(|s| f64::from(group[s * n + i]));
            let values: Vec<[f64; TOGETHER]> = (0..n).map(side_by_side).collect();
            let couplings = self.couplings.energies(&values);
            let energies = (0..TOGETHER).map(|state| {
                let terms = self.field.iter().zip(&values).map(|(a, v)| a * v[state]);
                self.offset + terms.sum::<f64>() + couplings[state]
            });
            energies.collect::<Vec<f64>>()
        });
        groups.flatten_iter().collect()
    }

    /// How the energy changes when spin `i` is flipped, in O(n) or less.
    ///
    /// # Panics
    /// If there is not one value a spin, or that of spin `i` is not ±1.
    #[must_use]
    pub fn change(&self, spins: &[i8], i: usize) -> f64 {
        check_spins(&spins[i..=i]);
        -2.0 * f64::from(spins[i]) * local(&self.field, &self.couplings, spins, i)
    }

    /// A model whose parts were checked.
    pub(crate) fn from_parts(field: Vec<f64>, couplings: AnyCouplings, offset: f64) -> Self {
        Self { field, couplings, offset }
    }
}

/// Binaries taken for spins would have an energy, but not theirs.
pub(crate) fn check_spins(spins: &[i8]) {
    // Without a branch inside, so that the compiler vectorises.
    let all = spins.iter().fold(true, |all, &spin| all & (spin == 1 || spin == -1));
    assert!(all, "a state of spins is of -1 and 1");
}

/// Checks the parts of a model.
pub(crate) fn check(
    what: &'static str,
    linear: &[f64],
    variables: usize,
    offset: f64,
) -> Result<(), Error> {
    if linear.len() != variables {
        return Err(Error::Length { what, want: variables, got: linear.len() });
    }
    // Without a branch inside a block, so that the compiler vectorises: this reads everything.
    let all = |block: &[f64]| block.iter().fold(true, |all, value| all & value.is_finite());
    if !linear.par_chunks(1 << 16).all(all)
        && let Some(index) = linear.iter().position(|value| !value.is_finite())
    {
        return Err(Error::NotFinite { what, index, value: linear[index] });
    }
    if !offset.is_finite() {
        return Err(Error::NotFinite { what: "offset", index: 0, value: offset });
    }
    Ok(())
}

/// `offset + Σ_i linear[i] v[i] + Σ_{i<j} J[i,j] v[i] v[j]`.
pub(crate) fn energy(linear: &[f64], couplings: &AnyCouplings, offset: f64, values: &[i8]) -> f64 {
    assert_eq!(values.len(), linear.len(), "a state has one value a variable");
    let values = reals(values);
    let terms = linear.iter().zip(&values).map(|(a, v)| a * v);
    offset + terms.sum::<f64>() + couplings.energy(&values)
}

/// `linear[i] + Σ_{j≠i} J[i,j] v[j]`.
pub(crate) fn local(linear: &[f64], couplings: &AnyCouplings, values: &[i8], i: usize) -> f64 {
    assert_eq!(values.len(), linear.len(), "a state has one value a variable");
    let mut local = linear[i];
    couplings.neighbours(i, &mut |j, coupling| local += coupling * f64::from(values[j]));
    local
}
