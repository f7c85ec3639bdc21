//! The full form: a binary for every pair, k-hot rows, capacities on columns.
//!
//! ```text
//! maximise    Σ s[t,e] x[t,e]
//! subject to  token t:   Σ_e x[t,e] = k  (or ≤ k)
//!             expert e:  Σ_t x[t,e] ≤ c[e]
//! ```
//!
//! written in the modelling language, so every penalty, encoding and target of it applies. For a
//! state whose choices `x` satisfy the instance, its slack bits being right:
//!
//! | capacities | energy |
//! |---|---|
//! | slack | `−objective(x)` |
//! | unbalanced `(a, q)` | `−objective(x) + Σ_e a g[e] + q g[e]²` |
//! | multipliers `(a[e], q[e])` | `−objective(x) + Σ_e a[e] g[e] + q[e] g[e]²` |
//!
//! with `g[e] = load[e] − c[e]`, over the experts that can be overfull at all (fewer places than
//! pairs); the others' constraints are left out. Where the demand is at most k and no slack is
//! used for it, its terms are added in the same way. Further:
//!
//! - With slack and derived penalties every minimum is a feasible `x` of the best objective, and
//!   the lowest energy is minus the optimum.
//! - With multipliers equal to prices `p ≥ 0`, no squares, and derived penalties of the demand the
//!   lowest energy is minus the [`Certificate`](spinroute_core::Certificate)'s bound for those
//!   prices: the Lagrangian. Its minimum is what a token takes that knows the prices; it is feasible
//!   only as far as ties allow.
//! - Unbalanced, the minimum may be infeasible, and a feasible one may not be the best: a heuristic.
//!
//! Building costs O(pairs); compiling as the language says. [`Full::structured`] makes the same
//! structured QUBO without the language, in one pass over the scores.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};
use spinroute_core::{Assignment, Demand, Feature, Instance};

use crate::Error;
use crate::pairs::{Pairs, Unusable};
use spinroute_modelling::{
    Constraint, Inequality, Model, Multiplier, Penalty, Variable, at_most_k, dot, k_hot, sum,
};

/// Where the penalty weights come from.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::{Full, Weights};
/// use spinroute_modelling::Options;
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let form = Full { weights: Weights::Parameters, ..Full::default() }.build(&instance)?;
/// for weight in [1.0, 2.0] {
///     let options = Options::default().set_named(Full::DEMAND, weight).set_named(Full::CAPACITY, 1.0);
///     assert_eq!(form.model().compile(&options)?.weight(0), Some(weight));
/// }
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// From [`Options::penalty`](spinroute_modelling::Options::penalty), one policy for all constraints.
    #[default]
    Options,
    /// From the parameters [`Full::DEMAND`] and [`Full::CAPACITY`] of the model: a sweep of either
    /// compiles again and builds nothing.
    Parameters,
}

/// How to write an instance as a model with a binary for every pair.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_encodings::Full;
/// use spinroute_ising::{Exhaustive, Minimiser};
/// use spinroute_modelling::Options;
///
/// // Both tokens prefer expert 0, which holds one of them.
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let form = Full::default().build(&instance)?;
/// let compiled = form.model().compile(&Options::default())?;
/// let samples = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(0))?;
/// let assignment = form.pairs().choices(samples.state(0))?;
/// assert_eq!(assignment.slots(), [1, 0]);
/// assert!((instance.objective(&assignment)? + samples.energies[0]).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Full {
    /// How a capacity enters: by slack in any encoding, unbalanced, or by multipliers.
    pub capacities: Inequality,
    /// How a demand of at most k enters; exactly k needs nothing.
    pub demand: Inequality,
    /// What becomes of pairs that no assignment holds.
    pub unusable: Unusable,
    /// Where the penalty weights come from.
    pub weights: Weights,
}

impl Full {
    /// The parameter that weighs the demands, with [`Weights::Parameters`].
    pub const DEMAND: &str = "demand weight";
    /// The parameter that weighs the capacities, with [`Weights::Parameters`].
    pub const CAPACITY: &str = "capacity weight";

    /// Writes `instance` in the modelling language, in O(pairs).
    ///
    /// The constraints are, in this order: `token t` for every token; `expert e` for every expert
    /// with capacity (every expert, if unusable pairs are fixed); `unusable of token t` where there
    /// are such pairs.
    ///
    /// # Errors
    /// If there is no pair at all.
    pub fn build(&self, instance: &Instance) -> Result<FullForm, Error> {
        instance.supported("the full form", &[Feature::Demands])?;
        let pairs = Pairs::new(instance, self.unusable);
        if pairs.is_empty() {
            return Err(Error::NoPair);
        }
        let mut model = Model::new();
        let [demand, capacity] = match self.weights {
            Weights::Options => [None, None],
            Weights::Parameters => [Self::DEMAND, Self::CAPACITY]
                .map(|name| Some(Penalty::Parameter(model.parameter(name)))),
        };
        let x = Variables::new(&mut model, &pairs);
        model.maximise(dot((0..pairs.len()).map(|i| score(&pairs, i)), x.all()));
        let rows = x.rows(&pairs);
        for (t, row) in rows.into_iter().enumerate() {
            let k = instance.k(t) as u32;
            if row.is_empty() && k == 0 {
                continue;
            }
            let constraint = match instance.demand() {
                Demand::Exactly(_) => k_hot(row, k),
                Demand::AtMost(_) => at_most_k(row, k).inequality(self.demand),
            };
            model.constrain(format!("token {t}"), weighted(constraint, demand));
        }
        let mut experts = vec![None; instance.experts()];
        for (e, column) in x.columns(&pairs).into_iter().enumerate() {
            if column.is_empty() {
                continue;
            }
            let constraint =
                sum(column).at_most(instance.capacity()[e]).inequality(self.capacities);
            let constraint = weighted(constraint, capacity);
            experts[e] = Some(model.constrain(format!("expert {e}"), constraint));
        }
        if pairs.is_grid() {
            fix(&mut model, &x, &pairs, demand);
        }
        Ok(FullForm { model, pairs, experts })
    }
}

/// The score of pair `i`; 0 of a pair that is fixed to 0.
fn score(pairs: &Pairs, i: usize) -> f64 {
    let s = pairs.pair(i).map_or(0.0, |(t, e)| pairs.instance().scores(t)[e]);
    if s == f32::NEG_INFINITY { 0.0 } else { f64::from(s) }
}

fn weighted(constraint: Constraint, penalty: Option<Penalty>) -> Constraint {
    match penalty {
        Some(penalty) => constraint.penalty(penalty),
        None => constraint,
    }
}

/// Fixes the forbidden pairs of a grid to 0; experts without capacity have a constraint that does.
fn fix(model: &mut Model, x: &Variables, pairs: &Pairs, penalty: Option<Penalty>) {
    let instance = pairs.instance();
    if !instance.has_forbidden() {
        return;
    }
    for (t, row) in x.rows(pairs).into_iter().enumerate() {
        let forbidden: Vec<Variable> = row
            .into_iter()
            .zip(instance.scores(t))
            .filter(|(_, s)| **s == f32::NEG_INFINITY)
            .map(|(variable, _)| variable)
            .collect();
        if !forbidden.is_empty() {
            let constraint = weighted(k_hot(&forbidden, 0), penalty);
            model.constrain(format!("unusable of token {t}"), constraint);
        }
    }
}

/// The binaries, as an array or one by one.
enum Variables {
    Grid(Array2<Variable>),
    List(Array1<Variable>),
}

impl Variables {
    fn new(model: &mut Model, pairs: &Pairs) -> Self {
        let instance = pairs.instance();
        if pairs.is_grid() {
            return Self::Grid(model.binary_array("x", instance.table().dim()));
        }
        let named = (0..pairs.len()).filter_map(|i| pairs.pair(i));
        Self::List(named.map(|(t, e)| model.binary(format!("x[{t},{e}]"))).collect())
    }

    fn all(&self) -> impl Iterator<Item = Variable> + '_ {
        let (grid, list) = match self {
            Self::Grid(x) => (Some(x.iter().copied()), None),
            Self::List(x) => (None, Some(x.iter().copied())),
        };
        grid.into_iter().flatten().chain(list.into_iter().flatten())
    }

    fn rows(&self, pairs: &Pairs) -> Vec<Vec<Variable>> {
        match self {
            Self::Grid(x) => x.rows().into_iter().map(|row| row.to_vec()).collect(),
            Self::List(_) => self.grouped(pairs, pairs.instance().tokens(), |(t, _)| t),
        }
    }

    fn columns(&self, pairs: &Pairs) -> Vec<Vec<Variable>> {
        match self {
            Self::Grid(x) => x.columns().into_iter().map(|column| column.to_vec()).collect(),
            Self::List(_) => self.grouped(pairs, pairs.instance().experts(), |(_, e)| e),
        }
    }

    fn grouped(
        &self,
        pairs: &Pairs,
        groups: usize,
        group: impl Fn((usize, usize)) -> usize,
    ) -> Vec<Vec<Variable>> {
        let mut grouped = vec![Vec::new(); groups];
        for (i, variable) in self.all().enumerate() {
            if let Some(pair) = pairs.pair(i) {
                grouped[group(pair)].push(variable);
            }
        }
        grouped
    }
}

/// An instance as a model, and how to read its states.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::Full;
/// use spinroute_modelling::{Options, implies};
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let mut form = Full::default().build(&instance)?;
/// let (first, second) = (form.variable(0, 0), form.variable(1, 1));
/// let (first, second) = (first.expect("allowed"), second.expect("allowed"));
/// form.model_mut().constrain("together", implies(first, second));
/// let answer = form.model().compile(&Options::default())?.decode(&[1, 0, 0, 1])?;
/// assert!(answer.is_feasible() && form.choices(&answer)?.slots() == [0, 1]);
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FullForm {
    pub(crate) model: Model,
    pub(crate) pairs: Pairs,
    /// The number of each expert's constraint.
    experts: Vec<Option<usize>>,
}

impl FullForm {
    /// The model: to be compiled with any options, or to be extended first.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The same, for further terms and constraints; pairs keep their numbers.
    pub fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// Which binary is which pair; reads states as assignments.
    #[must_use]
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The variable of a pair; `None` if it was left out.
    #[must_use]
    pub fn variable(&self, token: usize, expert: usize) -> Option<Variable> {
        self.pairs.index(token, expert).map(|i| Variable::new(i as u32))
    }

    /// The number of the constraint of an expert's capacity; `None` if all its pairs were left out.
    #[must_use]
    pub fn capacity_constraint(&self, expert: usize) -> Option<usize> {
        self.experts.get(expert).copied().flatten()
    }

    /// Multipliers for [`Options::multipliers`](spinroute_modelling::Options::multipliers) from one an expert, such as prices; 0 for all other
    /// constraints. Missing ones are 0; those beyond the experts are of none, and left out.
    #[must_use]
    pub fn multipliers(&self, of_experts: &[Multiplier]) -> Vec<Multiplier> {
        let mut all = vec![Multiplier::default(); self.model.constraints()];
        for (&multiplier, index) in of_experts.iter().zip(&self.experts) {
            if let Some(index) = index {
                all[*index] = multiplier;
            }
        }
        all
    }

    /// The prices in multipliers of the model's constraints: the linear part of each expert's.
    ///
    /// # Panics
    /// If there is not one multiplier a constraint of the model.
    #[must_use]
    pub fn prices(&self, multipliers: &[f64]) -> Vec<f64> {
        assert_eq!(multipliers.len(), self.model.constraints(), "one multiplier a constraint");
        let price = |index: &Option<usize>| index.and_then(|i| multipliers.get(i).copied());
        self.experts.iter().map(|index| price(index).unwrap_or(0.0)).collect()
    }

    /// The assignment that an answer of the model describes, as it is.
    ///
    /// # Errors
    /// If the answer is of another model.
    pub fn choices(&self, answer: &spinroute_modelling::Answer) -> Result<Assignment, Error> {
        let state: Vec<i8> = answer.values().iter().map(|&v| i8::from(v > 0.5)).collect();
        self.pairs.choices(&state)
    }
}
