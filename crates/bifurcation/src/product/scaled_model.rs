//! A model in `f32`, in the form of its inner loop.

use std::ops::Range;

use spinroute_ising::{AnyCouplings, Couplings, Ising};

use super::codes::Codes;
use super::dense::{PANEL, Panels};
use super::few_values::FewValues;
use super::sign_counts::SignCounts;
use super::sparse::Rows;
use super::structured::{Grid, Sums};
use super::table::{LANES, Table, zeros};

/// The couplings of a model, each in the form of its inner loop.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Dense(Panels),
    FewValues(Box<FewValues>),
    Sparse(Rows),
    Structured(Box<Sums>),
}

/// Sums of units that `f32` holds, with some room.
const EXACT: f32 = (1 << 22) as f32;

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
        let couplings = model.couplings();
        let codes = if is_table(couplings) { Codes::new(couplings) } else { None };
        let largest = codes.as_ref().map_or_else(|| largest(couplings), Codes::largest);
        let largest = model.field().iter().fold(largest, |most, h| f64::max(most, h.abs()));
        let scale = power_of_two(largest);
        let form = match (couplings, codes) {
            (_, Some(codes)) => Form::FewValues(Box::new(FewValues::new(codes, 1.0 / scale))),
            (AnyCouplings::Dense(dense), _) => Form::Dense(Panels::new(dense, 1.0 / scale)),
            (AnyCouplings::Sparse(sparse), _) if is_table(couplings) => {
                Form::Dense(Panels::of_rows(sparse, 1.0 / scale))
            }
            (AnyCouplings::Sparse(sparse), _) => Form::Sparse(Rows::new(sparse, 1.0 / scale)),
            (AnyCouplings::Structured(blocks), _) => {
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
            Form::FewValues(form) => form.rows(signal, lanes, rows, out),
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

    /// The largest sum of the sizes of a row, and the sum of all squares, in units of the model, where
    /// packing the couplings has found them.
    pub(crate) fn sizes(&self) -> Option<[f64; 2]> {
        match &self.form {
            Form::FewValues(form) => Some([form.codes.radius, form.codes.squares]),
            _ => None,
        }
    }

    /// Whether the energies of a look are those of the model, exactly: all numbers are multiples of a unit,
    /// and all sums of them within what `f32` holds.
    pub(crate) fn has_exact_energies(&self, model: &Ising) -> bool {
        let Form::FewValues(form) = &self.form else { return false };
        let field = self.field.iter().fold(0f32, |most, h| h.abs().max(most));
        let largest = form.largest() * self.variables as f32 + 2.0 * field;
        let is_of = |unit: f32| {
            let fields = self.field.iter().zip(model.field());
            let mut fields =
                fields.map(|(h, of)| h % unit == 0.0 && f64::from(*h) == of / self.scale);
            form.is_of(unit) && fields.all(|is| is)
        };
        // From the largest unit that holds all sums, downwards: one of the first is it.
        let least = largest / EXACT;
        let units = (0..24).map(|e| 1.0 / (1u32 << e) as f32).take_while(|unit| *unit >= least);
        let offset = model.offset() / self.scale;
        let plain =
            offset.abs() < f64::from(EXACT) && !(offset == 0.0 && offset.is_sign_negative());
        units.last().is_some_and(|unit| is_of(unit) && plain && offset % f64::from(unit) == 0.0)
    }

    /// Rows that are computed together: chunks of rows are multiples of it.
    pub(crate) fn grain(&self) -> usize {
        match &self.form {
            Form::Dense(_) => PANEL,
            Form::FewValues(_) | Form::Sparse(_) | Form::Structured(_) => 1,
        }
    }

    /// Rows below which what is prepared for a chunk is not worth it: up to half a thread's.
    pub(crate) fn share(&self) -> usize {
        let half = self.variables.div_ceil(2 * rayon::current_num_threads());
        if matches!(self.form, Form::FewValues(_)) { half.clamp(250, 1000) } else { 1 }
    }

    /// Whether the couplings are dense.
    pub(crate) fn is_dense(&self) -> bool {
        matches!(self.form, Form::Dense(_) | Form::FewValues(_))
    }

    /// About how many products of a coefficient and a signal a step has, for one agent.
    pub(crate) fn work(&self) -> usize {
        match &self.form {
            Form::Dense(_) | Form::FewValues(_) => self.variables * self.variables,
            Form::Sparse(form) => form.entries() + 4 * self.variables,
            Form::Structured(form) => form.entries() + 6 * self.variables,
        }
    }
}

/// The largest size of a coupling.
fn largest(couplings: &AnyCouplings) -> f64 {
    let most = |values: &[f64]| values.iter().fold(0.0, |most, j| f64::max(most, j.abs()));
    match couplings {
        AnyCouplings::Dense(dense) => {
            dense.matrix().iter().fold(0.0, |most, j| f64::max(most, j.abs()))
        }
        AnyCouplings::Sparse(sparse) => most(sparse.values()),
        AnyCouplings::Structured(blocks) => {
            let weights = blocks.weights().iter().map(|weight| 2.0 * weight.abs());
            weights.fold(most(blocks.remainder().values()), f64::max)
        }
    }
}

/// Whether the couplings are a table of some size, or a graph whose rows are so full that a matrix product is
/// faster than following them.
fn is_table(couplings: &AnyCouplings) -> bool {
    let n = couplings.variables();
    match couplings {
        AnyCouplings::Dense(_) => n > 2 * LANES,
        AnyCouplings::Sparse(sparse) => {
            n <= 1 << 14 && sparse.values().len() >= n * n / 4 && n > 2 * LANES
        }
        AnyCouplings::Structured(_) => false,
    }
}

/// The largest power of two that is not above, and 1 for 0.
fn power_of_two(value: f64) -> f64 {
    // Below the normal numbers the inverse of a power of two would overflow.
    let value = if value > 0.0 { value.max(f64::MIN_POSITIVE) } else { value };
    if value.is_normal() { f64::from_bits(value.to_bits() & (0x7ff << 52)) } else { 1.0 }
}
