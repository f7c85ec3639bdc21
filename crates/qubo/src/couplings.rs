//! Couplings in three forms behind one trait.
//!
//! A symmetric matrix `J` with a zero diagonal. [`Dense`] keeps all of it, [`Sparse`] the rows of a
//! graph, and [`Structured`] a sum of low-rank blocks that is never expanded.

mod any;
mod dense;
mod sparse;
mod spectrum;
mod structured;

use std::fmt::Debug;

pub use any::{AnyCouplings, AnyFields};
pub use dense::Dense;
pub use sparse::Sparse;
pub use spectrum::Spectrum;
pub use structured::{Block, Grid, Line, Structured, StructuredFields};

/// A symmetric matrix `J` with a zero diagonal, as solvers use it.
///
/// Slices have one entry a variable. Methods panic if they do not; models check it once.
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

/// How strongly a variable is coupled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Magnitude {
    /// `Σ_j |J[i,j]|`; where blocks overlap, the sum over the blocks, which is not less.
    pub sum: f64,
    /// The smallest `|J[i,j]| > 0` of the stored neighbours (of one block, where blocks overlap);
    /// 0 without any.
    pub least: f64,
}

impl Magnitude {
    /// Of the given couplings.
    pub(crate) fn of<'a>(couplings: impl IntoIterator<Item = &'a f64>) -> Self {
        couplings.into_iter().fold(Self::default(), |all, &j| all.and(j.abs(), j.abs()))
    }

    /// With further couplings.
    pub(crate) fn and(self, sum: f64, least: f64) -> Self {
        let least = match (self.least > 0.0, least > 0.0) {
            (true, true) => self.least.min(least),
            (true, false) => self.least,
            _ => least,
        };
        Self { sum: self.sum + sum, least }
    }
}

/// The values of a state as reals.
pub(crate) fn reals(values: &[i8]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
