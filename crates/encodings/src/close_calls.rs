//! The close-call form: only tokens that hardly mind may change their last expert.
//!
//! Every token first takes its best experts. Where the margin between the last one chosen, `a[t]`,
//! and the first one rejected, `b[t]`, is small, a switch `z[t]` says whether the two are swapped:
//!
//! ```text
//! load[e](z) = start[e] + Σ_{t: b[t] = e} z[t] − Σ_{t: a[t] = e} z[t]
//! energy(z)  = weight · Σ_e (load[e](z) − target[e])² + Σ_t (s[t,a[t]] − s[t,b[t]]) z[t]
//! ```
//!
//! For every state, with no condition on it,
//!
//! ```text
//! energy(z) = weight · Σ_e (load[e] − target[e])² + (objective(start) − objective(z))
//! ```
//!
//! where the objective is the retained score of the choices, capacities aside. A switch is 1 variable
//! for a token where the full form has E; with C close calls it is a QUBO of C binaries in E
//! blocks of coefficients ±1, and a switch is in two of them. The expanded form would have about
//! `2 C² / E` couplings: at C = 100,000 and E = 160, 125 million for 200,000 members.
//!
//! The minimum trades balance for score among single swaps; it respects no capacity, which
//! [`CloseForm::repaired`] sees to. A large weight and targets at the capacities bring the loads
//! there as far as close calls go. Starting from the choices under prices (of quantile balancing or
//! the exact solver), what is left to decide is what those prices leave open: near ties. Choosing
//! among them is NP-hard in general, as the squares couple all tokens of an expert, but for the plain
//! objective the exact solver `spinroute-flow` decides them better.
//!
//! Time: one top-k pass over the scores and O(T).

use serde::{Deserialize, Serialize};
use spinroute_core::{Assignment, Feature, Instance};
use spinroute_prices::{Batch, Selection, choice, repair};

use crate::Error;
use crate::pairs::check_prices;
use spinroute_ising::{self as ising, check_state};
use spinroute_modelling::{Compiled, CouplingForm, Expr, Model, Options, Parameter, Variable, dot};

/// Which tokens get a switch, and where they start.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_encodings::CloseCalls;
/// use spinroute_ising::{Exhaustive, Minimiser};
/// use spinroute_modelling::CouplingForm;
///
/// // All prefer expert 0; tokens 0 and 2 hardly mind.
/// let scores = array![[0.9, 0.8], [0.7, 0.1], [0.6, 0.55], [0.9, 0.3]];
/// let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1))?;
/// let form = CloseCalls { margin: Some(0.2), ..CloseCalls::default() }.build(&instance, None)?;
/// assert_eq!(form.calls().len(), 2);
/// let compiled = form.compile(1.0, CouplingForm::Structured)?;
/// let samples = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(0))?;
/// assert_eq!(form.choices(samples.state(0))?.slots(), [1, 0, 1, 0]);
/// assert!((samples.energies[0] - 0.15).abs() < 1e-6); // balanced, for 0.1 + 0.05 of score
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloseCalls {
    /// The largest margin, in score (less prices), of a close call; `None` for any.
    pub margin: Option<f64>,
    /// The most close calls: those of the smallest margins, of equal ones the first; `None` for
    /// any number.
    pub most: Option<usize>,
    /// The load that each expert should have; empty for an even share of the slots taken, in
    /// proportion to `min(c[e], T)`: the mean load where capacities are equal.
    pub targets: Vec<f64>,
}

/// A token that may swap its last expert for the next.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::{CloseCall, CloseCalls};
///
/// let instance = Instance::new(array![[0.75, 0.5], [0.5, 0.0]], vec![2, 2], Demand::Exactly(1))?;
/// let calls = CloseCalls { most: Some(1), ..CloseCalls::default() };
/// let form = calls.build(&instance, None)?;
/// assert_eq!(form.calls(), [CloseCall { token: 0, last: 0, next: 1, lost: 0.25 }]);
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloseCall {
    /// The token.
    pub token: u32,
    /// The expert that it gives up: the last one chosen.
    pub last: u32,
    /// The expert that it takes instead: the first one rejected.
    pub next: u32,
    /// What that loses of the objective, `s[t,last] − s[t,next]`; with prices it may be negative.
    pub lost: f64,
}

impl CloseCalls {
    /// The parameter that weighs the imbalance.
    pub const BALANCE: &str = "balance weight";

    /// Chooses the experts of every token by `s[t,e] − p[e]` and finds the close calls.
    ///
    /// `prices`, one an expert, are 0 if there are none. Experts without capacity are never chosen.
    /// Under `AtMost` only pairs of positive reduced score are chosen or swapped to; a token that
    /// fills fewer than k slots has nothing to swap.
    ///
    /// # Errors
    /// If there are prices or targets but not one an expert, one is not finite or a price is
    /// negative, or the margin is NaN.
    pub fn build(&self, instance: &Instance, prices: Option<&[f64]>) -> Result<CloseForm, Error> {
        instance.supported("the close-call form", &[Feature::Demands])?;
        let prices = reductions(instance, prices)?;
        if self.margin.is_some_and(f64::is_nan) {
            let (name, value) = ("margin", "NaN".into());
            return Err(spinroute_core::Error::Parameter {
                name,
                value,
                mend: "it is a number or none",
            }
            .into());
        }
        let mut selection = Selection::default();
        let batch = Batch::of(instance);
        selection.fill_batch(batch, &prices);
        let start = choice::table(batch, &selection, &prices);
        let calls = self.calls(instance, &selection, batch.floor());
        let loads = choice::loads(batch, &selection, &prices);
        let targets = self.targets(instance, &loads)?;
        let (model, weight) = model(&calls, &loads, &targets);
        let instance = instance.clone();
        Ok(CloseForm { instance, model, weight, calls, start, loads, targets })
    }

    /// The close calls, in the order of their tokens.
    fn calls(&self, instance: &Instance, selection: &Selection, floor: f32) -> Vec<CloseCall> {
        let margin = |t: usize| f64::from(selection.taken[t]) - f64::from(selection.left[t]);
        let open = |t: &usize| selection.taken[*t].min(selection.left[*t]) > floor;
        let close = |t: &usize| self.margin.is_none_or(|most| margin(*t) <= most);
        let mut tokens: Vec<usize> = (0..instance.tokens()).filter(open).filter(close).collect();
        if let Some(most) = self.most.filter(|&most| most < tokens.len()) {
            if most > 0 {
                tokens.select_nth_unstable_by(most - 1, |&a, &b| {
                    margin(a).total_cmp(&margin(b)).then(a.cmp(&b))
                });
            }
            tokens.truncate(most);
            tokens.sort_unstable();
        }
        let call = |t: usize| {
            let (last, next) = (selection.last[t], selection.next[t]);
            let scores = instance.scores(t);
            let lost = f64::from(scores[last as usize]) - f64::from(scores[next as usize]);
            CloseCall { token: t as u32, last, next, lost }
        };
        tokens.into_iter().map(call).collect()
    }

    fn targets(&self, instance: &Instance, loads: &[u32]) -> Result<Vec<f64>, Error> {
        if self.targets.is_empty() {
            let taken: f64 = loads.iter().map(|&load| f64::from(load)).sum();
            let places = |&c: &u32| f64::from(c.min(instance.tokens() as u32));
            let share = taken / (instance.supply() as f64).max(1.0);
            return Ok(instance.capacity().iter().map(|c| places(c) * share).collect());
        }
        check("targets, one an expert", "target", &self.targets, instance.experts())?;
        Ok(self.targets.clone())
    }
}

fn check(
    length: &'static str,
    what: &'static str,
    values: &[f64],
    want: usize,
) -> Result<(), Error> {
    if values.len() != want {
        return Err(ising::Error::Length { what: length, want, got: values.len() }.into());
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(ising::Error::NotFinite { what, index, value: values[index] }.into()),
        None => Ok(()),
    }
}

/// What is taken off every score: the price, or all of it where there is no capacity.
fn reductions(instance: &Instance, prices: Option<&[f64]>) -> Result<Vec<f32>, Error> {
    let none = vec![0.0; instance.experts()];
    let prices = prices.unwrap_or(&none);
    check("prices, one an expert", "price", prices, instance.experts())?;
    if let Some(index) = prices.iter().position(|&p| p < 0.0) {
        let (name, value) = ("prices", format!("{} for expert {index}", prices[index]));
        return Err(spinroute_core::Error::Parameter {
            name,
            value,
            mend: "prices are at least 0",
        }
        .into());
    }
    let reduction = |(&p, &c): (&f64, &u32)| if c == 0 { f32::INFINITY } else { p as f32 };
    Ok(prices.iter().zip(instance.capacity()).map(reduction).collect())
}

/// The energy of the module's opening, with the weight a parameter.
fn model(calls: &[CloseCall], loads: &[u32], targets: &[f64]) -> (Model, Parameter) {
    let mut model = Model::new();
    let switches = model.binary_array("switch", [calls.len()]);
    let weight = model.parameter(CloseCalls::BALANCE);
    let mut excess: Vec<Expr> = loads
        .iter()
        .zip(targets)
        .map(|(&load, target)| Expr::new(f64::from(load) - target))
        .collect();
    for (call, &switch) in calls.iter().zip(&switches) {
        excess[call.last as usize] -= switch;
        excess[call.next as usize] += switch;
    }
    let mut imbalance = Expr::default();
    for excess in excess {
        imbalance += excess.squared();
    }
    model.minimise(dot(calls.iter().map(|call| call.lost), &switches) + weight * imbalance);
    (model, weight)
}

/// The close calls of an instance as a model, and how to read its states.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::CloseCalls;
///
/// let instance = Instance::new(array![[0.75, 0.5], [0.5, 0.0]], vec![1, 1], Demand::Exactly(1))?;
/// let form = CloseCalls::default().build(&instance, None)?;
/// assert_eq!((form.calls().len(), form.loads(&[0, 0])?), (2, vec![2, 0]));
/// assert_eq!((form.choices(&[1, 0])?.slots(), form.loads(&[1, 0])?), (&[1, 0][..], vec![1, 1]));
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CloseForm {
    instance: Instance,
    model: Model,
    weight: Parameter,
    calls: Vec<CloseCall>,
    start: Assignment,
    loads: Vec<u32>,
    targets: Vec<f64>,
}

impl CloseForm {
    /// The model, whose one parameter is [`CloseCalls::BALANCE`]; variable `i` is the switch of call
    /// `i`.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The same, for further terms and constraints.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// The parameter that weighs the imbalance.
    #[must_use]
    pub fn weight(&self) -> Parameter {
        self.weight
    }

    /// The close calls, in the order of their tokens.
    #[must_use]
    pub fn calls(&self) -> &[CloseCall] {
        &self.calls
    }

    /// The switch of call `index`; `None` if there are fewer.
    #[must_use]
    pub fn switch(&self, index: usize) -> Option<Variable> {
        (index < self.calls.len()).then_some(Variable::new(index as u32))
    }

    /// What every token takes with its switch at 0.
    #[must_use]
    pub fn start(&self) -> &Assignment {
        &self.start
    }

    /// The load that each expert should have.
    #[must_use]
    pub fn targets(&self) -> &[f64] {
        &self.targets
    }

    /// Compiles the model for a weight of the imbalance; nothing is built anew.
    ///
    /// # Errors
    /// If the weight is not finite, or what was added to the model does not compile.
    pub fn compile(&self, weight: f64, form: CouplingForm) -> Result<Compiled, Error> {
        Ok(self.model.compile(&Options::default().form(form).set(self.weight, weight))?)
    }

    /// The choices of a state: call `i` swaps where `state[i]` is 1 (0 or −1 for not).
    ///
    /// # Errors
    /// If the state is shorter than the calls, or no state of binaries or spins.
    pub fn choices(&self, state: &[i8]) -> Result<Assignment, Error> {
        let mut choices = self.start.clone();
        for call in self.swapped(state)? {
            choices.replace(call.token as usize, call.last, call.next);
        }
        Ok(choices)
    }

    /// The load of every expert in a state, in O(C + E).
    ///
    /// # Errors
    /// If the state is shorter than the calls, or no state of binaries or spins.
    pub fn loads(&self, state: &[i8]) -> Result<Vec<u32>, Error> {
        let mut loads = self.loads.clone();
        for call in self.swapped(state)? {
            loads[call.last as usize] -= 1;
            loads[call.next as usize] += 1;
        }
        Ok(loads)
    }

    fn swapped<'a>(
        &'a self,
        state: &'a [i8],
    ) -> Result<impl Iterator<Item = &'a CloseCall>, Error> {
        if state.len() < self.calls.len() {
            let (want, got) = (self.calls.len(), state.len());
            return Err(ising::Error::Length { what: "a state", want, got }.into());
        }
        check_state(state, state.len())?;
        Ok(self.calls.iter().zip(state).filter(|(_, s)| **s > 0).map(|(call, _)| call))
    }

    /// The choices of a state, made feasible by [`repair`] with the given prices.
    ///
    /// # Errors
    /// As [`CloseForm::choices`]; if there are prices, but not one per expert; if forbidden pairs leave
    /// no assignment at all.
    pub fn repaired(&self, state: &[i8], prices: Option<&[f64]>) -> Result<Assignment, Error> {
        check_prices(prices, &self.instance)?;
        Ok(repair(&self.instance, self.choices(state)?, prices)?)
    }
}
