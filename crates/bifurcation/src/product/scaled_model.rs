//! A model in `f32`, in the form of its inner loop.

use std::ops::Range;

use spinroute_ising::{AnyCouplings, Couplings, Ising, Sparse};

use super::dense::{PANEL, Panels};
use super::sign_counts::SignCounts;
use super::sparse::Rows;
use super::structured::{Grid, Sums};
use super::table::{LANES, Table, zeros};

/// The couplings of a model, each in the form of its inner loop.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Dense(Panels),
    Sparse(Rows),
    Structured(Box<Sums>),
}

/// A model in `f32`, divided by a power of two so that its largest coefficient is from 1 to 2.
///
/// ```
/// use spinroute_bifurcation::ScaledModel;
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![3.0, 0.0], Sparse::from_triplets(2, [(0, 1, 12.0)])?, 0.0)?;
/// let mut scaled = ScaledModel::new(&model);
/// assert_eq!((scaled.variables(), scaled.scale()), (2, 8.0));
/// assert_eq!(scaled.field_mut(), [0.375, 0.0]);
/// scaled.set_field(&[4.0, -4.0]);
/// assert_eq!(scaled.field_mut(), [0.5, -0.5]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ScaledModel {
    pub(crate) form: Form,
    pub(crate) field: Table,
    variables: usize,
    scale: f64,
}

impl ScaledModel {
    /// Of a model.
    #[must_use]
    pub fn new(model: &Ising) -> Self {
        let largest = match model.couplings() {
            AnyCouplings::Dense(dense) => {
                dense.matrix().iter().fold(0.0, |most, j| f64::max(most, j.abs()))
            }
            AnyCouplings::Sparse(sparse) => {
                sparse.values().iter().fold(0.0, |most, j| f64::max(most, j.abs()))
            }
            AnyCouplings::Structured(blocks) => {
                let weights = blocks.weights().iter().map(|weight| 2.0 * weight.abs());
                let remainder = blocks.remainder().values().iter().map(|j| j.abs());
                weights.chain(remainder).fold(0.0, f64::max)
            }
        };
        let largest = model.field().iter().fold(largest, |most, h| f64::max(most, h.abs()));
        let scale = power_of_two(largest);
        let form = match model.couplings() {
            AnyCouplings::Dense(dense) => Form::Dense(Panels::new(dense, 1.0 / scale)),
            AnyCouplings::Sparse(sparse) if is_nearly_dense(sparse) => {
                Form::Dense(Panels::of_rows(sparse, 1.0 / scale))
            }
            AnyCouplings::Sparse(sparse) => Form::Sparse(Rows::new(sparse, 1.0 / scale)),
            AnyCouplings::Structured(blocks) => {
                Form::Structured(Box::new(Sums::new(blocks, 1.0 / scale)))
            }
        };
        let mut scaled =
            Self { form, field: zeros(model.variables()), variables: model.variables(), scale };
        scaled.set_field(model.field());
        scaled
    }

    /// Number of variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// What coefficients were divided by.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The field, a value a variable, divided by [`ScaledModel::scale`] as all coefficients are: what a solver
    /// that steers the dynamics writes between steps.
    #[must_use]
    pub fn field_mut(&mut self) -> &mut [f32] {
        &mut self.field
    }

    /// Replaces the field `h`: what a multiplier that moves does. The scale stays.
    ///
    /// # Panics
    /// If there is not one value a variable.
    pub fn set_field(&mut self, field: &[f64]) {
        assert_eq!(field.len(), self.variables, "one value a variable");
        // No −0: it is added to sums of which some start from 0 and some do not.
        let scaled = field.iter().map(|h| (h / self.scale) as f32 + 0.0);
        self.field.iter_mut().zip(scaled).for_each(|(to, h)| *to = h);
    }

    /// The sums that rows need, of a whole batch; with `signs`, of the signs of the signals.
    pub(crate) fn sums(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut Vec<f32>) {
        if let Form::Structured(form) = &self.form {
            form.sums(signal, lanes, signs, sums);
        }
    }

    /// The grid of couplings that are one grid, but for variables outside of it.
    pub(crate) fn grid(&self) -> Option<&Grid> {
        match &self.form {
            Form::Structured(form) => form.grid(),
            _ => None,
        }
    }

    /// Completes the sums of the lines of [`ScaledModel::grid`]: [`ScaledModel::sums`], bit for bit.
    pub(crate) fn complete(&self, signal: &[f32], lanes: usize, signs: bool, sums: &mut [f32]) {
        if let Form::Structured(form) = &self.form {
            form.complete(signal, lanes, signs, sums);
        }
    }

    /// The form of a graph that counts signals which are signs, if it has one; not for one agent.
    pub(crate) fn sign_counts(&self) -> Option<&SignCounts> {
        match &self.form {
            Form::Sparse(form) => form.sign_counts(),
            _ => None,
        }
    }

    /// Whether a row needs no signals but its own, once there are sums.
    pub(crate) fn is_local(&self) -> bool {
        matches!(&self.form, Form::Structured(form) if form.is_local())
    }

    /// `out = J · signal` for some rows, which start at a multiple of [`ScaledModel::grain`]. The signals
    /// are those of these rows where [`ScaledModel::is_local`], and all of them otherwise.
    pub(crate) fn rows(
        &self,
        signal: &[f32],
        sums: &[f32],
        lanes: usize,
        rows: Range<usize>,
        out: &mut [f32],
    ) {
        match &self.form {
            Form::Dense(form) => form.rows(signal, lanes, rows, out),
            Form::Sparse(form) => form.rows(signal, lanes, rows, out),
            Form::Structured(form) => form.rows(signal, sums, lanes, rows, out),
        }
    }

    /// The part of a table of signals that [`ScaledModel::rows`] takes.
    pub(crate) fn seen<'a>(
        &self,
        signal: &'a [f32],
        lanes: usize,
        rows: &Range<usize>,
    ) -> &'a [f32] {
        if self.is_local() { &signal[rows.start * lanes..rows.end * lanes] } else { signal }
    }

    /// Rows that are computed together: chunks of rows are multiples of it.
    pub(crate) fn grain(&self) -> usize {
        match &self.form {
            Form::Dense(_) => PANEL,
            Form::Sparse(_) | Form::Structured(_) => 1,
        }
    }

    /// Whether the couplings are dense.
    pub(crate) fn is_dense(&self) -> bool {
        matches!(self.form, Form::Dense(_))
    }

    /// About how many products of a coefficient and a signal a step has, for one agent.
    pub(crate) fn work(&self) -> usize {
        match &self.form {
            Form::Dense(_) => self.variables * self.variables,
            Form::Sparse(form) => form.entries() + 4 * self.variables,
            Form::Structured(form) => form.entries() + 6 * self.variables,
        }
    }
}

/// Whether rows of a graph are so full that a matrix product is faster than following them.
fn is_nearly_dense(sparse: &Sparse) -> bool {
    let n = sparse.variables();
    n <= 1 << 14 && sparse.values().len() >= n * n / 4 && n > 2 * LANES
}

/// The largest power of two that is not above, and 1 for 0.
fn power_of_two(value: f64) -> f64 {
    // Below the normal numbers the inverse of a power of two would overflow.
    let value = if value > 0.0 { value.max(f64::MIN_POSITIVE) } else { value };
    if value.is_normal() { f64::from_bits(value.to_bits() & (0x7ff << 52)) } else { 1.0 }
}
