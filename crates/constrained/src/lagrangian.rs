//! Prices for capacities: a bound, and answers from the choices that prices lead to.
//!
//! For any `p ≥ 0`, `OPT ≤ Σ_e c[e] p[e] + Σ_t max_row (value(t, row) − Σ_{e in row} p[e])`: weak
//! duality, whatever the rows may be. The search starts at the prices of the exact flow relaxation,
//! so the bound is never weaker than the flow's, and moves along subgradients (excess of demand over
//! capacity) with Polyak's step ([`subgradient`]). Its limit is the linear
//! program over whole rows, which is at least as tight as the linear relaxation of the model.
//!
//! One round: a best row for every token, in parallel; the answer does not depend on the threads.

use std::ops::ControlFlow;

use rayon::prelude::*;
use spinroute_core::{Assignment, Best, Run, Stop};
use spinroute_prices::subgradient;

use crate::separable::assemble;
use crate::{Error, Priced, Separable, greedy, improve, relaxed};

/// Subgradient ascent with completion of the choices. A step is one round.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Lagrangian};
/// use spinroute_core::{Demand, Instance, Run};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let answer = Lagrangian { rounds: 50, ..Lagrangian::default() }.solve(&problem, &mut Run::new(0))?;
/// assert!(answer.objective <= answer.bound);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lagrangian {
    /// Rounds of prices.
    pub rounds: usize,
    /// Rounds from one completion of the choices to an answer to the next; at least 1.
    pub every: usize,
}

impl Default for Lagrangian {
    fn default() -> Self {
        Self { rounds: 200, every: 20 }
    }
}

/// A feasible answer, and the bound that prices prove.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Lagrangian};
/// use spinroute_core::{Demand, Instance, Run};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let answer = Lagrangian::default().solve(&problem, &mut Run::new(0))?;
/// assert!(answer.bound <= answer.flow && answer.prices.len() == 4); // never weaker than the flow's
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bounded {
    /// The best feasible assignment found.
    pub assignment: Assignment,
    /// Its objective.
    pub objective: f64,
    /// No feasible assignment has an objective above this.
    pub bound: f64,
    /// The bound of the exact flow relaxation, where the search began.
    pub flow: f64,
    /// Prices that prove the bound.
    pub prices: Vec<f64>,
    /// Why the run ended.
    pub stop: Stop,
}

/// Rounds without progress after which the step is halved.
const PATIENCE: usize = 8;

impl Lagrangian {
    /// Bounds and solves a problem.
    ///
    /// # Errors
    /// If `every` is 0 or the relaxation cannot be built.
    pub fn solve(
        &self,
        problem: &(impl Separable + ?Sized),
        run: &mut Run<'_>,
    ) -> Result<Bounded, Error> {
        self.search(problem, run, |_| {})
    }

    /// Solves, and shows the rows of every round.
    pub(crate) fn search(
        &self,
        problem: &(impl Separable + ?Sized),
        run: &mut Run<'_>,
        mut see: impl FnMut(&[Priced]),
    ) -> Result<Bounded, Error> {
        if self.every == 0 {
            let (name, value, mend) = ("every", "0".into(), "it is at least 1");
            return Err(spinroute_core::Error::Parameter { name, value, mend }.into());
        }
        let instance = problem.instance();
        let (flow, start, choices) = relaxed(problem)?;
        let mut search = State {
            problem,
            best: Bounded {
                assignment: improve(problem, &greedy(problem)),
                objective: f64::NEG_INFINITY,
                bound: flow,
                flow,
                prices: start.clone(),
                stop: Stop::Finished,
            },
        };
        search.best.objective =
            problem.objective(&search.best.assignment).map_err(Error::in_method)?;
        search.complete(&choices)?;
        let (mut prices, mut step, mut stale) = (start, 1.0, 0);
        for round in 0..self.rounds {
            let (value, rows) = price(problem, &prices);
            see(&rows);
            let before = search.best.bound;
            search.note(value, &prices);
            stale = if search.best.bound < before { 0 } else { stale + 1 };
            if stale == PATIENCE {
                (step, stale) = (step / 2.0, 0);
            }
            if round % self.every == 0 {
                let chosen = rows.iter().map(|priced| &priced.row);
                search.complete(&assemble(chosen, instance.demand().k()))?;
            }
            let best = &search.best;
            let known = Best { objective: Some(best.objective), bound: Some(best.bound) };
            if let ControlFlow::Break(stop) = run.tick(known) {
                search.best.stop = stop;
                break;
            }
            if !descend(&mut prices, &rows, instance.capacity(), step, value - best.objective) {
                break;
            }
        }
        Ok(search.best)
    }
}

/// The dual value at `prices`, raised by what rounding can have taken away, and the rows it is of.
pub(crate) fn price(problem: &(impl Separable + ?Sized), prices: &[f64]) -> (f64, Vec<Priced>) {
    let instance = problem.instance();
    let tokens = (0..instance.tokens()).into_par_iter();
    let rows: Vec<Priced> = tokens.map(|t| problem.best(t, prices)).collect();
    let rents = instance.capacity().iter().zip(prices).map(|(&c, &p)| f64::from(c) * p);
    let rent: f64 = rents.sum();
    let total = rent + rows.iter().map(|row| row.bound).sum::<f64>();
    let size = rent + rows.iter().map(|row| row.bound.abs()).sum::<f64>();
    let terms = (instance.tokens() * instance.demand().k() + instance.experts()) as f64;
    (total + 4.0 * terms * f64::EPSILON * size, rows)
}

/// The best so far.
struct State<'a, P: Separable + ?Sized> {
    problem: &'a P,
    best: Bounded,
}

impl<P: Separable + ?Sized> State<'_, P> {
    fn note(&mut self, value: f64, prices: &[f64]) {
        if value < self.best.bound {
            self.best.bound = value;
            self.best.prices = prices.to_vec();
        }
    }

    fn complete(&mut self, choices: &Assignment) -> Result<(), Error> {
        let answer = improve(self.problem, &self.problem.complete(choices)?);
        let objective = self.problem.objective(&answer).map_err(Error::in_method)?;
        if objective > self.best.objective {
            (self.best.objective, self.best.assignment) = (objective, answer);
        }
        Ok(())
    }
}

/// Polyak's step along `load − capacity`; false at a point that no step leaves.
fn descend(prices: &mut [f64], rows: &[Priced], capacity: &[u32], step: f64, gap: f64) -> bool {
    let mut excess: Vec<f64> = capacity.iter().map(|&c| -f64::from(c)).collect();
    for e in rows.iter().flat_map(|priced| &priced.row) {
        excess[*e as usize] += 1.0;
    }
    subgradient::project(&mut excess, prices.iter().copied());
    let Some(length) = subgradient::polyak(&excess, step, gap) else { return false };
    for (price, g) in prices.iter_mut().zip(excess) {
        *price = (*price + length * g).max(0.0);
    }
    true
}
