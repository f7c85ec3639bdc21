//! How the bits of a state stand for variables, and what became of the constraints.

use std::ops::Range;
use std::sync::Arc;

use crate::Error;
use crate::constraint::{Body, Constraint, Sense};
use crate::layout::Layout;
use crate::model::Parts;
use crate::reduce::Reduced;
use crate::variable::Variable;
use spinroute_ising::check_state;

/// A violation below this share of a constraint's largest coefficient is rounding.
const TOLERANCE: f64 = 1e-9;

/// How bits stand for variables, and the model they stand in.
///
/// ```
/// use spinroute_modelling::{Encoding, Model, Options, sum};
///
/// let mut model = Model::new();
/// let (x, y) = (model.binary_array("x", [3]), model.integer("y", 2..=7, Encoding::Binary));
/// model.constrain("room", (sum(&x) * 2 + y).at_most(9));
/// let compiled = model.compile(&Options::default())?;
/// let decoding = compiled.decoding();
/// assert_eq!((decoding.bits(y), decoding.variable_bits()), (Some(3..6), 6));
/// assert_eq!(decoding.slack_bits(), 3); // 9 − 2, from 0 to 7
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoding {
    pub(crate) parts: Arc<Parts>,
    pub(crate) layout: Layout,
    pub(crate) parameters: Vec<f64>,
    /// All bits: of variables, slacks and auxiliaries.
    pub(crate) bits: usize,
    pub(crate) auxiliary: Reduced,
}

impl Decoding {
    /// The bits of a variable; `None` if it is not of the model.
    #[must_use]
    pub fn bits(&self, variable: Variable) -> Option<Range<usize>> {
        (variable.index() < self.layout.variables).then(|| {
            let (first, affine) = self.layout.affine(variable.0);
            first as usize..first as usize + affine.weights.len()
        })
    }

    /// Number of bits of the variables, which come first.
    #[must_use]
    pub fn variable_bits(&self) -> usize {
        self.layout.bits
    }

    /// Number of auxiliary bits, which come last: from terms of degree 3 and more.
    #[must_use]
    pub fn auxiliary_bits(&self) -> usize {
        self.auxiliary.bits
    }

    /// Number of slack bits, which come between.
    #[must_use]
    pub fn slack_bits(&self) -> usize {
        self.bits - self.layout.bits - self.auxiliary.bits
    }

    /// The largest strength of Rosenberg's penalties; 0 if there are none.
    #[must_use]
    pub fn reduction_strength(&self) -> f64 {
        self.auxiliary.strength
    }

    /// The values of the variables in a state of the bits, 1 for 1 and 0 or −1 for 0.
    ///
    /// # Errors
    /// If there is not one value a bit, or the values are not 0 and 1 or −1 and 1.
    pub fn values(&self, state: &[i8]) -> Result<Vec<f64>, Error> {
        Ok(self.layout.values(&self.binaries(state)?))
    }

    pub(crate) fn binaries(&self, state: &[i8]) -> Result<Vec<i8>, Error> {
        check_state(state, self.bits)?;
        Ok(state.iter().map(|&value| i8::from(value > 0)).collect())
    }

    /// The names of the variables whose bits are no valid word.
    pub(crate) fn invalid(&self, state: &[i8]) -> Vec<String> {
        let words =
            self.parts.groups.iter().flat_map(|group| group.first..group.first + group.length);
        let invalid = words.filter(|&variable| !self.layout.is_valid(variable, state));
        invalid.map(|variable| self.parts.name_of(variable)).collect()
    }

    /// The left side less the right of every constraint, `≥` turned to `≤`, and the amount by
    /// which it is violated.
    pub(crate) fn outcomes(&self, values: &[f64]) -> Vec<Outcome> {
        let outcome = |(name, constraint): &(String, Constraint)| {
            let (amount, violation) = match &constraint.body {
                Body::Sos1(variables) => {
                    let active = variables.iter().filter(|&&v| values[v as usize] != 0.0).count();
                    (active as f64 - 1.0, active.saturating_sub(1) as f64)
                }
                Body::Compare(left, sense) => {
                    let value = left.value(values, &self.parameters).unwrap_or(f64::NAN);
                    let amount = if *sense == Sense::AtLeast { -value } else { value };
                    let size = if *sense == Sense::Equal { amount.abs() } else { amount };
                    let counts = size > TOLERANCE * left.largest(&self.parameters);
                    (amount, if counts || size.is_nan() { size } else { 0.0 })
                }
            };
            Outcome { constraint: name.clone(), amount, violation }
        };
        self.parts.constraints.iter().map(outcome).collect()
    }
}

/// What became of a constraint.
///
/// ```
/// use spinroute_modelling::{Model, Options, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("two", sum(&x).at_least(2));
/// let answer = model.compile(&Options::default())?.decode(&[0, 0, 0])?;
/// let outcome = &answer.outcomes()[0];
/// assert_eq!((&*outcome.constraint, outcome.amount, outcome.violation), ("two", 2.0, 2.0));
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub constraint: String,
    /// The left side less the right, `≥` turned to `≤` by its sign: what
    /// [`Multipliers`](crate::Multipliers) are updated from. Of [`sos1`](crate::sos1): the number of
    /// variables that are not 0, less 1.
    pub amount: f64,
    /// By how much it is violated; 0 if it holds.
    pub violation: f64,
}
