//! Couplings in three forms behind one trait.
//!
//! A symmetric matrix `J` with a zero diagonal. [`Dense`] keeps all of it, [`Sparse`] the rows of a
//! graph, and [`Structured`] a sum of low-rank blocks that is never expanded.

mod any;
mod dense;
mod lanczos;
mod sparse;
mod spectrum;
mod structured;

use std::fmt::Debug;

pub use any::{AnyCouplings, AnyFields};
pub use dense::Dense;
pub use lanczos::estimate_spectrum;
pub use sparse::Sparse;
pub use spectrum::Spectrum;
pub use structured::{Block, Grid, Line, Place, Structured, StructuredFields};

/// States whose energies are computed together.
///
/// ```
/// use spinroute_ising::{Couplings, Sparse, TOGETHER};
///
/// let couplings = Sparse::from_triplets(2, [(0, 1, 1.0)])?;
/// let mut values = [[1.0; TOGETHER]; 2];
/// values[0][3] = -1.0;
/// assert_eq!(couplings.energies(&values)[2..4], [1.0, -1.0]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
pub const TOGETHER: usize = 8;

/// A symmetric matrix `J` with a zero diagonal, as solvers use it.
///
/// Slices have one entry a variable. Methods panic if they do not; models check it once.
///
/// ```
/// use spinroute_ising::{Couplings, Sparse};
///
/// let couplings = Sparse::from_triplets(3, [(0, 1, 1.0), (1, 2, -2.0)])?;
/// assert_eq!(couplings.energy(&[1.0, -1.0, 1.0]), 1.0);
/// // Fields are kept from flip to flip instead of being computed for each.
/// let mut spins = [1, -1, 1];
/// let mut fields = couplings.fields(&spins);
/// assert_eq!(couplings.local(&fields, &spins, 1), -1.0);
/// couplings.change(&mut fields, 0, 1, -1);
/// spins[0] = -1;
/// assert_eq!(couplings.local(&fields, &spins, 1), -3.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
pub trait Couplings: Clone + Debug + Send + Sync {
    /// What is kept between flips: local fields (dense, sparse) or block sums (structured).
    type Fields: Clone + Debug + Send + Sync;

    /// Number of variables `n`.
    fn variables(&self) -> usize;

    /// Number of coupled pairs, implied ones counted (once a block that holds them).
    fn interactions(&self) -> u64;

    /// The field of all variables: `out[i] = Σ_{j≠i} J[i,j] v[j]`.
    fn product(&self, values: &[f64], out: &mut [f64]);

    /// `Σ_{i<j} J[i,j] v[i] v[j]`.
    fn energy(&self, values: &[f64]) -> f64;

    /// [`Couplings::energy`] of [`TOGETHER`] states, bit for bit, which stand side by side: what is
    /// stored is read once for all of them.
    fn energies(&self, values: &[[f64; TOGETHER]]) -> [f64; TOGETHER] {
        std::array::from_fn(|state| {
            self.energy(&values.iter().map(|each| each[state]).collect::<Vec<_>>())
        })
    }

    /// What to keep between flips, for a state.
    fn fields(&self, values: &[i8]) -> Self::Fields;

    /// `Σ_{j≠i} J[i,j] v[j]` from what is kept.
    fn local(&self, fields: &Self::Fields, values: &[i8], i: usize) -> f64;

    /// Keeps `fields` true after variable `i` changed; `values[i]` may be old or new.
    fn change(&self, fields: &mut Self::Fields, i: usize, from: i8, to: i8);

    /// Proven bounds of the eigenvalues, in one pass over what is stored.
    fn spectrum(&self) -> Spectrum;

    /// How strongly each variable is coupled, in one pass over what is stored.
    fn magnitudes(&self) -> Vec<Magnitude>;

    /// `factor · J`, of the same structure.
    #[must_use]
    fn scaled(&self, factor: f64) -> Self;

    /// Visits `(j, J[i,j])` for the stored neighbours of `i`; a neighbour in several blocks comes
    /// once for each.
    fn neighbours(&self, i: usize, visit: &mut dyn FnMut(usize, f64));
}

/// How strongly a variable is coupled. Where blocks overlap, a pair counts once a block.
///
/// ```
/// use spinroute_ising::Magnitude;
///
/// let both = Magnitude::one(-3.0).and(Magnitude::one(4.0));
/// assert_eq!((both.sum, both.square, both.least, both.largest), (7.0, 25.0, 3.0, 4.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Magnitude {
    /// `Σ_j |J[i,j]|`.
    pub sum: f64,
    /// `Σ_j J[i,j]²`: the mean square of the local field over random spins.
    pub square: f64,
    /// The smallest `|J[i,j]| > 0`; 0 without any.
    pub least: f64,
    /// The largest `|J[i,j]|`.
    pub largest: f64,
}

impl Magnitude {
    /// Of one coupling or field.
    #[must_use]
    pub fn one(value: f64) -> Self {
        let size = value.abs();
        Self { sum: size, square: size * size, least: size, largest: size }
    }

    /// Of the given couplings.
    pub(crate) fn of<'a>(couplings: impl IntoIterator<Item = &'a f64>) -> Self {
        couplings.into_iter().fold(Self::default(), |all, &coupling| all.and(Self::one(coupling)))
    }

    /// With further couplings or a field.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let least = match (self.least > 0.0, other.least > 0.0) {
            (true, true) => self.least.min(other.least),
            (true, false) => self.least,
            _ => other.least,
        };
        Self {
            sum: self.sum + other.sum,
            square: self.square + other.square,
            least,
            largest: self.largest.max(other.largest),
        }
    }
}

/// The values of a state as reals.
pub(crate) fn reals(values: &[i8]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// The slices of a product have one entry a variable; shorter or longer ones would be cut to fit.
fn check_lengths(couplings: &impl Couplings, values: usize, out: usize) {
    let variables = couplings.variables();
    assert!(values == variables && out == variables, "a slice has one entry a variable");
}
