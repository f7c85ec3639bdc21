//! Couplings whose form is known when the program runs.

use super::structured::StructuredFields;
use super::{Couplings, Dense, Magnitude, Sparse, Spectrum, Structured, TOGETHER};

/// Couplings of any form. A solver matches once and runs its inner loop on the concrete form.
///
/// ```
/// use spinroute_ising::{AnyCouplings, Couplings, Sparse};
///
/// let any = AnyCouplings::from(Sparse::from_triplets(2, [(0, 1, 1.0)])?);
/// assert!(matches!(any, AnyCouplings::Sparse(_)));
/// assert_eq!(any.interactions(), 1);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum AnyCouplings {
    /// The whole matrix.
    Dense(Dense),
    /// The rows of a graph.
    Sparse(Sparse),
    /// A sum of low-rank blocks.
    Structured(Structured),
}

/// What [`AnyCouplings`] keeps between flips.
///
/// ```
/// use spinroute_ising::{AnyCouplings, Couplings, Sparse, couplings::AnyFields};
///
/// let any = AnyCouplings::from(Sparse::from_triplets(2, [(0, 1, 3.0)])?);
/// let AnyFields::Local(fields) = any.fields(&[1, -1]) else { panic!("sparse couplings keep fields") };
/// assert_eq!(fields, [-3.0, 3.0]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum AnyFields {
    /// Local fields.
    Local(Vec<f64>),
    /// Block sums.
    Structured(StructuredFields),
}

impl From<Dense> for AnyCouplings {
    fn from(dense: Dense) -> Self {
        Self::Dense(dense)
    }
}

impl From<Sparse> for AnyCouplings {
    fn from(sparse: Sparse) -> Self {
        Self::Sparse(sparse)
    }
}

impl From<Structured> for AnyCouplings {
    fn from(structured: Structured) -> Self {
        Self::Structured(structured)
    }
}

/// The same expression for whichever form there is.
macro_rules! each {
    ($couplings:expr, $form:ident => $body:expr) => {
        match $couplings {
            AnyCouplings::Dense($form) => $body,
            AnyCouplings::Sparse($form) => $body,
            AnyCouplings::Structured($form) => $body,
        }
    };
}

const OTHER: &str = "the fields are of couplings of another form";

impl Couplings for AnyCouplings {
    type Fields = AnyFields;

    fn variables(&self) -> usize {
        each!(self, form => form.variables())
    }

    fn interactions(&self) -> u64 {
        each!(self, form => form.interactions())
    }

    fn product(&self, values: &[f64], out: &mut [f64]) {
        each!(self, form => form.product(values, out));
    }

    fn energy(&self, values: &[f64]) -> f64 {
        each!(self, form => form.energy(values))
    }

    fn energies(&self, values: &[[f64; TOGETHER]]) -> [f64; TOGETHER] {
        each!(self, form => form.energies(values))
    }

    fn fields(&self, values: &[i8]) -> AnyFields {
        match self {
            Self::Dense(form) => AnyFields::Local(form.fields(values)),
            Self::Sparse(form) => AnyFields::Local(form.fields(values)),
            Self::Structured(form) => AnyFields::Structured(form.fields(values)),
        }
    }

    /// # Panics
    /// If the fields come from couplings of another form.
    fn local(&self, fields: &AnyFields, values: &[i8], i: usize) -> f64 {
        match (self, fields) {
            (Self::Dense(form), AnyFields::Local(fields)) => form.local(fields, values, i),
            (Self::Sparse(form), AnyFields::Local(fields)) => form.local(fields, values, i),
            (Self::Structured(form), AnyFields::Structured(fields)) => {
                form.local(fields, values, i)
            }
            _ => panic!("{OTHER}"),
        }
    }

    /// # Panics
    /// As [`Couplings::local`] does.
    fn change(&self, fields: &mut AnyFields, i: usize, from: i8, to: i8) {
        match (self, fields) {
            (Self::Dense(form), AnyFields::Local(fields)) => form.change(fields, i, from, to),
            (Self::Sparse(form), AnyFields::Local(fields)) => form.change(fields, i, from, to),
            (Self::Structured(form), AnyFields::Structured(fields)) => {
                form.change(fields, i, from, to);
            }
            _ => panic!("{OTHER}"),
        }
    }

    fn spectrum(&self) -> Spectrum {
        each!(self, form => form.spectrum())
    }

    fn magnitudes(&self) -> Vec<Magnitude> {
        each!(self, form => form.magnitudes())
    }

    fn scaled(&self, factor: f64) -> Self {
        each!(self, form => form.scaled(factor).into())
    }

    fn neighbours(&self, i: usize, visit: &mut dyn FnMut(usize, f64)) {
        each!(self, form => form.neighbours(i, visit));
    }
}
