//! States read back in the user's terms.

use std::ops::Index;

use crate::Error;
use crate::compile::Compiled;
use crate::decoding::Outcome;
use crate::variable::Variable;
use spinroute_ising::{self as ising, Samples};

impl Compiled {
    /// Reads a state: 1 for bit 1, and 0 or −1 for bit 0, so that states of the QUBO and of the
    /// Ising model are both read.
    ///
    /// # Errors
    /// If there is not one value a bit ([`Length`](spinroute_ising::Error::Length)), or the values are not 0 and 1 or −1 and 1
    /// ([`State`](spinroute_ising::Error::State)).
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

/// A state in the user's terms.
///
/// `answer[x]` is the value of the variable `x`.
///
/// ```
/// use spinroute_modelling::{Model, Options, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [2]);
/// model.maximise(3 * x[0] + x[1]);
/// model.constrain("one", sum(&x).at_most(1));
/// let answer = model.compile(&Options::default())?.decode(&[1, 1])?;
/// assert_eq!((answer[x[0]], answer.objective()), (1.0, 4.0));
/// assert!(!answer.is_feasible());
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
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
