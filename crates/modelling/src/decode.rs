//! States read back in the user's terms.

use std::ops::{Index, Range};
use std::sync::Arc;

use super::compile::Compiled;
use super::constraint::{Body, Sense};
use super::layout::Layout;
use super::model::Parts;
use super::reduce::Reduced;
use super::variable::Variable;
use crate::Error;
use spinroute_ising::{self as ising, Samples, check_state};

/// A violation below this share of a constraint's largest coefficient is rounding.
const TOLERANCE: f64 = 1e-9;

/// How bits stand for variables, and the model they stand in.
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

    fn binaries(&self, state: &[i8]) -> Result<Vec<i8>, Error> {
        check_state(state, self.bits)?;
        Ok(state.iter().map(|&value| i8::from(value > 0)).collect())
    }

    /// The names of the variables whose bits are no valid word.
    fn invalid(&self, state: &[i8]) -> Vec<String> {
        let words =
            self.parts.groups.iter().flat_map(|group| group.first..group.first + group.length);
        let invalid = words.filter(|&variable| !self.layout.is_valid(variable, state));
        invalid.map(|variable| self.parts.name_of(variable)).collect()
    }

    /// The left side less the right of every constraint, `≥` turned to `≤`, and the amount by
    /// which it is violated.
    fn outcomes(&self, values: &[f64]) -> Vec<Outcome> {
        let outcome = |(name, constraint): &(String, super::Constraint)| {
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

impl Compiled {
    /// Reads a state: 1 for bit 1, and 0 or −1 for bit 0, so that states of the QUBO and of the
    /// Ising model are both read.
    ///
    /// # Errors
    /// If there is not one value a bit ([`Error::Length`]), or the values are not 0 and 1 or −1 and 1
    /// ([`Error::State`]).
    pub fn decode(&self, state: &[i8]) -> Result<Answer, Error> {
        let decoding = &self.decoding;
        let state = decoding.binaries(state)?;
        let values = decoding.layout.values(&state);
        let parts = &decoding.parts;
        let objective = parts.objective.value(&values, &decoding.parameters).unwrap_or(f64::NAN);
        let energy = self.qubo().energy(&state);
        let penalty = energy - if parts.maximise { -objective } else { objective };
        let (outcomes, invalid) = (decoding.outcomes(&values), decoding.invalid(&state));
        Ok(Answer { values, objective, penalty, energy, outcomes, invalid })
    }

    /// Reads every state of some samples, in their order.
    ///
    /// # Errors
    /// If there is not one state of the bits a read.
    pub fn decode_samples(&self, samples: &Samples) -> Result<Vec<Answer>, Error> {
        let want = samples.reads().saturating_mul(self.decoding.bits);
        let got = samples.states.len();
        if got != want {
            return Err(ising::Error::Length { what: "the states of all reads", want, got }.into());
        }
        (0..samples.reads()).map(|read| self.decode(samples.state(read))).collect()
    }

    /// The best answer of some samples: of the feasible ones that of the best objective, else the
    /// one of the lowest energy; the first on ties, `None` without samples.
    ///
    /// # Errors
    /// As [`Compiled::decode_samples`].
    pub fn best(&self, samples: &Samples) -> Result<Option<Answer>, Error> {
        let sign = if self.decoding.parts.maximise { -1.0 } else { 1.0 };
        let key = |answer: &Answer| {
            if answer.is_feasible() { (0, sign * answer.objective) } else { (1, answer.energy) }
        };
        let answers = self.decode_samples(samples)?.into_iter();
        Ok(answers.min_by(|a, b| {
            let ((a, x), (b, y)) = (key(a), key(b));
            a.cmp(&b).then(x.total_cmp(&y))
        }))
    }
}

/// What became of a constraint.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub constraint: String,
    /// The left side less the right, `≥` turned to `≤` by its sign: what
    /// [`Multipliers`](super::Multipliers) are updated from. Of [`sos1`](super::sos1): the number of
    /// variables that are not 0, less 1.
    pub amount: f64,
    /// By how much it is violated; 0 if it holds.
    pub violation: f64,
}

/// A state in the user's terms.
///
/// `answer[x]` is the value of the variable `x`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    values: Vec<f64>,
    objective: f64,
    penalty: f64,
    energy: f64,
    outcomes: Vec<Outcome>,
    invalid: Vec<String>,
}

impl Answer {
    /// The values of all variables.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value of a variable; `None` if it is not of the model.
    #[must_use]
    pub fn get(&self, variable: Variable) -> Option<f64> {
        self.values.get(variable.index()).copied()
    }

    /// The objective as the model states it, without any penalty.
    #[must_use]
    pub fn objective(&self) -> f64 {
        self.objective
    }

    /// What penalties, multipliers and auxiliary bits add: the energy less the objective (plus it,
    /// where that is maximised).
    #[must_use]
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// The energy of the QUBO.
    #[must_use]
    pub fn energy(&self) -> f64 {
        self.energy
    }

    /// Every constraint holds and every encoded integer has a valid word.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        self.invalid.is_empty() && self.violated().next().is_none()
    }

    /// What became of every constraint, in the order of the model.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The constraints that do not hold.
    pub fn violated(&self) -> impl Iterator<Item = &Outcome> {
        // A violation that is not a number is one.
        self.outcomes.iter().filter(|outcome| outcome.violation != 0.0)
    }

    /// The names of the integers whose bits are no valid word; their values are what the bits add
    /// up to, in or out of range.
    #[must_use]
    pub fn invalid_encodings(&self) -> &[String] {
        &self.invalid
    }
}

impl Index<Variable> for Answer {
    type Output = f64;

    /// # Panics
    /// If the variable is not of the model; see [`Answer::get`].
    fn index(&self, variable: Variable) -> &f64 {
        &self.values[variable.index()]
    }
}
