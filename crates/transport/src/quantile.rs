//! Quantile balancing: expert prices from order statistics, then selection and repair.
//!
//! The dual of the assignment problem is, over levels `α` and prices `p ≥ 0`,
//!
//! ```text
//! minimise  k Σ_t α[t] + Σ_e c[e] p[e] + Σ_{t,e} max(0, s[t,e] − α[t] − p[e])
//! ```
//!
//! with `α` free under `Exactly` and `α ≥ 0` under `AtMost`. A round minimises it exactly over
//! `α`, then over `p`:
//!
//! ```text
//! α[t] = (k+1)-th largest over e of s[t,e] − p[e]               (AtMost: at least 0)
//! p[e] = max(0, (c[e]+1)-th largest over t of s[t,e] − α[t])    (c[e] ≥ T: 0)
//! ```
//!
//! Each is the lower end of an interval of minimisers. Where there is no (k+1)-th allowed expert
//! that end is `-∞` and `α[t]` is the upper end instead, the k-th largest. The dual value never
//! rises, but the dual is not smooth, so rounds may stall above the optimum: field data is in
//! `docs/transport.md`. After the last round every token takes its `k` best at the final prices
//! and [`spinroute_core::repair`] makes that feasible.
//!
//! With equality in both constraints and free prices this is the quantile balancing of J. Su
//! (<https://kexue.fm/archives/11619>, 2026); with inequalities in both, the balancing by binary
//! integer programming of arXiv 2502.15451. Prices here are clipped at 0 because only then do
//! they prove a bound where capacity is left over.
//!
//! A round is two passes over the table, O(T·E), both parallel with a result that does not depend
//! on the number of threads. Prices are `f32`, as the scores are.
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use spinroute_core::{Best, Demand, Error, Instance, Run, Solution, Solver, Stop, repair};
use spinroute_select::Selection;

use crate::bound::dual_bound;
use crate::columns::Columns;
use crate::topk;

/// Quantile balancing with a repair at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quantile {
    /// Rounds of price updates; a round is a step of the [`Run`]. 0 selects at the starting
    /// prices. The prices returned are those of the last round.
    pub rounds: u32,
}

impl Default for Quantile {
    fn default() -> Self {
        Self { rounds: 8 }
    }
}

impl Solver for Quantile {
    /// Starts from the run's warm prices, else from 0.
    ///
    /// # Errors
    /// [`Error::Deficient`] if an `Exactly` demand cannot be met, [`Error::Prices`] if the warm
    /// prices are unusable.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let start = match run.start_prices(instance.experts())? {
            Some(prices) => {
                prices.iter().map(|&p| p.max(0.0).min(f64::from(f32::MAX)) as f32).collect()
            }
            None => vec![0.0; instance.experts()],
        };
        let mut columns = Columns::new(start);
        let mut selection = Selection::default();
        selection.fill(instance.flat(), &columns.prices, instance.demand().k());
        topk::check(instance, &selection)?;
        let mut stop = Stop::Finished;
        let mut bound = f64::INFINITY;
        for _ in 0..self.rounds {
            let (level, load) = (level(instance, &selection), load(instance, &selection));
            columns.update(instance.flat(), &level, instance.capacity(), &load);
            selection.fill(instance.flat(), &columns.prices, instance.demand().k());
            bound = bound.min(dual_bound(instance, &selection, &columns.prices));
            if let ControlFlow::Break(why) = run.tick(Best { objective: None, bound: Some(bound) })
            {
                stop = why;
                break;
            }
        }
        let prices: Vec<f64> = columns.prices.iter().copied().map(f64::from).collect();
        let choices = topk::choices(instance, &selection, &columns.prices);
        let assignment = repair(instance, choices, Some(&prices))?;
        Ok(Solution { assignment, prices: Some(prices), stop })
    }
}

/// `α`, finite.
fn level(instance: &Instance, selection: &Selection) -> Vec<f32> {
    let ends = selection.left.iter().zip(&selection.taken);
    match instance.demand() {
        Demand::AtMost(_) => ends.map(|(left, _)| left.max(0.0)).collect(),
        // The last arm: prices so large that a reduced score is -∞. Any level will do.
        Demand::Exactly(_) => ends
            .map(|(&left, &taken)| match (left.is_finite(), taken.is_finite()) {
                (true, _) => left,
                (_, true) => taken,
                _ => 0.0,
            })
            .collect(),
    }
}

/// How many tokens chose each expert.
fn load(instance: &Instance, selection: &Selection) -> Vec<u32> {
    let mut load = vec![0; instance.experts()];
    selection.experts.iter().for_each(|&e| load[e as usize] += 1);
    load
}
