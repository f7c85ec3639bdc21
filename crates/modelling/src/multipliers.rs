//! Inequalities without slack: multipliers, updated from samples.
//!
//! With [`Inequality::Multiplier`](crate::Inequality::Multiplier) a constraint `g ≤ 0` (or `g = 0`)
//! enters the energy as `a g + q g²`, so no slack bits are needed and the model stays as large as
//! the problem. Rounds of compiling, sampling and updating look for the right `a` and `q`, after
//! Sharma and Lau, *Cutting slack: quantum optimization with slack-free methods for combinatorial
//! benchmarks* (arXiv 2507.12159, 2025):
//!
//! - [`Subgradient`]: `a = λ`, `q = 0`, with `λ ← [λ + η_t g]₊` and `η_t = step / √t`; averaging makes
//!   the energy's multipliers the mean of all `λ` so far. The least energy is the Lagrangian's
//!   value, a lower bound on the objective where the minimiser is exact.
//! - [`AugmentedLagrangian`]: `ρ/2 ([g + λ/ρ]₊)²`, which is not quadratic in the bits, is made so
//!   anew each round: a constraint with `g + λ/ρ > 0` at the last sample enters with
//!   `a = λ, q = ρ/2`, another not at all. `λ ← [λ + ρ g]₊`, and `ρ` grows while the violation does
//!   not fall.
//!
//! Multipliers of equalities may have either sign.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use spinroute_core::{Best, Run, Stop};

use crate::Error;
use crate::answer::Answer;
use crate::constraint::{Body, Multiplier, Sense};
use crate::model::Model;
use crate::options::Options;
use spinroute_ising::{self as ising, Minimiser};

/// A rule for the multipliers of all constraints of a model.
///
/// ```
/// use spinroute_modelling::{Multiplier, Multipliers};
///
/// /// Multipliers that grow by a half wherever the best sample breaks a constraint.
/// struct Halves(Vec<f64>);
///
/// impl Multipliers for Halves {
///     fn terms(&self) -> Vec<Multiplier> {
///         self.0.iter().map(|&linear| Multiplier { linear, square: 0.0 }).collect()
///     }
///
///     fn update(&mut self, amounts: &[Vec<f64>]) {
///         for (value, amount) in self.0.iter_mut().zip(amounts.iter().flatten()) {
///             *value += if *amount > 0.0 { 0.5 } else { 0.0 };
///         }
///     }
/// }
/// let mut halves = Halves(vec![0.0, 0.0]);
/// halves.update(&[vec![2.0, -1.0]]);
/// assert_eq!(halves.terms()[0].linear, 0.5);
/// ```
pub trait Multipliers {
    /// What the next round's energy holds, one a constraint of the model. Those that do not enter
    /// by multipliers are ignored.
    fn terms(&self) -> Vec<Multiplier>;

    /// Takes the samples of a round: `amounts[sample][constraint]` is the left side less the right
    /// (`≥` turned to `≤`), lowest energy first.
    ///
    /// # Panics
    /// Those of this crate, if a sample has not one amount a constraint.
    fn update(&mut self, amounts: &[Vec<f64>]);
}

/// Which left sides of a round count.
///
/// ```
/// use spinroute_modelling::{Choice, Model, Multipliers, Subgradient, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("one", sum(&x).at_most(1));
/// let mut mean = Subgradient::new(&model, 1.0).choice(Choice::Mean);
/// mean.update(&[vec![2.0], vec![1.0]]);
/// assert_eq!(mean.values(), [1.5]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Those of the sample of the lowest energy: a subgradient if it is a minimum.
    #[default]
    Best,
    /// The mean over all samples.
    Mean,
}

impl Choice {
    fn of(self, amounts: &[Vec<f64>], constraint: usize) -> f64 {
        let at = |sample: &Vec<f64>| sample[constraint];
        match self {
            Self::Best => amounts.first().map_or(0.0, at),
            Self::Mean => amounts.iter().map(at).sum::<f64>() / amounts.len().max(1) as f64,
        }
    }
}

/// Panics if a sample has not one amount a constraint.
fn check(amounts: &[Vec<f64>], constraints: usize) {
    let whole = amounts.iter().all(|sample| sample.len() == constraints);
    assert!(whole, "a sample has one amount a constraint, of which there are {constraints}");
}

/// The least multiplier of every constraint: 0 of inequalities.
fn least(model: &Model) -> Vec<f64> {
    let sense = |body: &Body| match body {
        Body::Compare(_, Sense::Equal) => f64::NEG_INFINITY,
        _ => 0.0,
    };
    model.parts.constraints.iter().map(|(_, constraint)| sense(&constraint.body)).collect()
}

/// The subgradient method on the Lagrangian dual, with or without averaging.
///
/// ```
/// use spinroute_modelling::{Model, Multipliers, Subgradient, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("one", sum(&x).at_most(1));
/// let mut rule = Subgradient::new(&model, 0.5);
/// rule.update(&[vec![2.0]]); // two too many
/// assert_eq!(rule.values(), [1.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Subgradient {
    step: f64,
    averaging: bool,
    choice: Choice,
    round: u32,
    least: Vec<f64>,
    values: Vec<f64>,
    average: Vec<f64>,
}

impl Subgradient {
    /// Multipliers 0 for every constraint of `model`; step `step / √t` in round `t`.
    #[must_use]
    pub fn new(model: &Model, step: f64) -> Self {
        let least = least(model);
        let values = vec![0.0; least.len()];
        let (averaging, choice, round) = (false, Choice::Best, 0);
        Self { step, averaging, choice, round, average: values.clone(), values, least }
    }

    /// Puts the mean of the multipliers so far in the energy instead of the last ones.
    #[must_use]
    pub fn averaging(mut self, averaging: bool) -> Self {
        self.averaging = averaging;
        self
    }

    /// Sets which left sides count.
    #[must_use]
    pub fn choice(mut self, choice: Choice) -> Self {
        self.choice = choice;
        self
    }

    /// The multipliers, one a constraint: the mean of all rounds' if averaging.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        if self.averaging { &self.average } else { &self.values }
    }
}

impl Multipliers for Subgradient {
    fn terms(&self) -> Vec<Multiplier> {
        self.values().iter().map(|&linear| Multiplier { linear, square: 0.0 }).collect()
    }

    fn update(&mut self, amounts: &[Vec<f64>]) {
        check(amounts, self.values.len());
        self.round += 1;
        let length = self.step / f64::from(self.round).sqrt();
        for (constraint, value) in self.values.iter_mut().enumerate() {
            let amount = self.choice.of(amounts, constraint);
            *value = (*value + length * amount).max(self.least[constraint]);
            let average = &mut self.average[constraint];
            *average += (*value - *average) / f64::from(self.round);
        }
    }
}

/// The method of multipliers, made quadratic anew each round.
///
/// ```
/// use spinroute_modelling::{AugmentedLagrangian, Model, Multipliers, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("one", sum(&x).at_most(1));
/// let mut rule = AugmentedLagrangian::new(&model, 0.5, 2.0);
/// rule.update(&[vec![2.0]]);
/// rule.update(&[vec![2.0]]); // no better: rho grows
/// assert_eq!((rule.values(), rule.rho()), (&[2.0][..], 1.0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AugmentedLagrangian {
    rho: f64,
    growth: f64,
    violation: f64,
    least: Vec<f64>,
    values: Vec<f64>,
    active: Vec<bool>,
}

impl AugmentedLagrangian {
    /// Multipliers 0 for every constraint of `model`; `rho` above 0, which grows by `growth ≥ 1`
    /// after a round whose violation did not fall by a tenth.
    #[must_use]
    pub fn new(model: &Model, rho: f64, growth: f64) -> Self {
        let least = least(model);
        let values = vec![0.0; least.len()];
        let active = vec![true; least.len()];
        Self { rho, growth, violation: f64::INFINITY, least, values, active }
    }

    /// The multipliers, one a constraint.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The weight of the square, doubled.
    #[must_use]
    pub fn rho(&self) -> f64 {
        self.rho
    }
}

impl Multipliers for AugmentedLagrangian {
    fn terms(&self) -> Vec<Multiplier> {
        let term = |(&value, &active): (&f64, &bool)| {
            if active {
                Multiplier { linear: value, square: self.rho / 2.0 }
            } else {
                Multiplier::default()
            }
        };
        self.values.iter().zip(&self.active).map(term).collect()
    }

    fn update(&mut self, amounts: &[Vec<f64>]) {
        check(amounts, self.values.len());
        let mut violation = 0.0_f64;
        for (constraint, value) in self.values.iter_mut().enumerate() {
            let (amount, least) = (Choice::Best.of(amounts, constraint), self.least[constraint]);
            violation = violation.max(if least == 0.0 { amount } else { amount.abs() });
            *value = (*value + self.rho * amount).max(least);
            self.active[constraint] = least < 0.0 || *value > 0.0;
        }
        if violation > 0.9 * self.violation {
            self.rho *= self.growth;
        }
        self.violation = violation;
    }
}

/// What [`ascend`] found.
///
/// ```
/// use spinroute_core::Run;
/// use spinroute_ising::Exhaustive;
/// use spinroute_modelling::{Inequality, Model, Options, Subgradient, ascend, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [4]);
/// model.maximise(4 * x[0] + 3 * x[1] + 2 * x[2] + x[3]);
/// model.constrain("two", sum(&x).at_most(2).inequality(Inequality::Multiplier));
/// let mut rule = Subgradient::new(&model, 1.0);
/// let ascent = ascend(&model, &Options::default(), &Exhaustive::default(), &mut rule, 8, &mut Run::new(0))?;
/// assert_eq!(ascent.energies.len(), 8);
/// // With an exact minimiser every lowest energy bounds what can be reached.
/// assert!(ascent.energies.iter().all(|energy| -energy >= 7.0));
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ascent {
    /// The feasible answer of the best objective, the first on ties.
    pub best: Option<Answer>,
    /// The lowest energy of every round.
    pub energies: Vec<f64>,
    /// Why it ended.
    pub stop: Stop,
}

/// Rounds of compiling with the multipliers, minimising and updating them.
///
/// A round is a step of `run`, and the `r`-th one's minimiser runs with the seed `run.seed() + r`.
///
/// ```
/// use spinroute_core::Run;
/// use spinroute_ising::Exhaustive;
/// use spinroute_modelling::{Inequality, Model, Options, AugmentedLagrangian, ascend, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [4]);
/// model.maximise(4 * x[0] + 3 * x[1] + 2 * x[2] + x[3]);
/// model.constrain("two", sum(&x).at_most(2).inequality(Inequality::Multiplier));
/// let mut rule = AugmentedLagrangian::new(&model, 1.0, 2.0);
/// let ascent = ascend(&model, &Options::default(), &Exhaustive::default(), &mut rule, 20, &mut Run::new(0))?;
/// assert_eq!(ascent.best.map(|best| best.objective()), Some(7.0));
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
///
/// # Errors
/// If the model does not compile, the multipliers are not one a constraint of it, or the minimiser
/// refuses it.
pub fn ascend(
    model: &Model,
    options: &Options,
    minimiser: &dyn Minimiser,
    multipliers: &mut dyn Multipliers,
    rounds: u32,
    run: &mut Run<'_>,
) -> Result<Ascent, Error> {
    let mut ascent = Ascent { best: None, energies: Vec::new(), stop: Stop::Finished };
    let sign = if model.parts.maximise { -1.0 } else { 1.0 };
    for round in 0..rounds {
        let terms = multipliers.terms();
        // None at all would count as none yet, and leave the constraints out.
        if terms.len() != model.constraints() {
            let (want, got) = (model.constraints(), terms.len());
            return Err(
                ising::Error::Length { what: "multipliers, one a constraint", want, got }.into()
            );
        }
        let options = options.clone().multipliers(terms);
        let compiled = model.compile(&options)?;
        let mut inner = Run::new(run.seed().wrapping_add(u64::from(round)));
        let samples = minimiser.minimise(&compiled.to_ising(), &mut inner)?;
        let mut answers = compiled.decode_samples(&samples)?;
        answers.sort_by(|a, b| a.energy().total_cmp(&b.energy()));
        ascent.energies.extend(answers.first().map(Answer::energy));
        let amounts: Vec<Vec<f64>> = answers.iter().map(amounts).collect();
        multipliers.update(&amounts);
        let better = |answer: &Answer, best: &Option<Answer>| {
            let best = best.as_ref().map(|best| sign * best.objective());
            answer.is_feasible() && best.is_none_or(|best| sign * answer.objective() < best)
        };
        for answer in answers {
            if better(&answer, &ascent.best) {
                ascent.best = Some(answer);
            }
        }
        let best = ascent.best.as_ref().map(Answer::objective);
        if let ControlFlow::Break(stop) = run.tick(Best { objective: best, bound: None }) {
            ascent.stop = stop;
            break;
        }
    }
    Ok(ascent)
}

fn amounts(answer: &Answer) -> Vec<f64> {
    answer.outcomes().iter().map(|outcome| outcome.amount).collect()
}
