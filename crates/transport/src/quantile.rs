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
//! and [`spinroute_prices::repair`] makes that feasible.
//!
//! With equality in both constraints and free prices this is the quantile balancing of J. Su
//! (<https://kexue.fm/archives/11619>, 2026); with inequalities in both, the balancing by binary
//! integer programming of arXiv 2502.15451. Prices here are clipped at 0 because only then do
//! they prove a bound where capacity is left over.
//!
//! A round is two passes over the table, O(T·E), both parallel with a result that does not depend
//! on the number of threads. Prices are `f32`, as the scores are.
//!
//! A limit of time covers the selection and the repair as well: no round begins for which the time
//! would not do ([`Pace`]), and the repair is cut short where the limit is nearer still.
use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spinroute_core::{Best, Demand, Error, Instance, Run, Solution, Solver, Stop};
use spinroute_prices::{Selection, repair_in_time};

use crate::bound::dual_bound;
use crate::columns::Columns;
use crate::topk;

/// Quantile balancing with a repair at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quantile {
    /// Rounds of price updates; a round is a step of the [`Run`]. 0, or a run that allows no step,
    /// selects at the starting prices. The prices returned are those of the last round.
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
        let mut pace = Pace::new(run);
        selection.fill(instance.flat(), &columns.prices, instance.demand().k());
        pace.selected(run);
        topk::check(instance, &selection)?;
        let mut stop = Stop::Finished;
        let mut bound = f64::INFINITY;
        for _ in 0..self.rounds {
            let load = load(instance, &selection);
            if let ControlFlow::Break(why) = pace.may_go_on(instance, &load, run) {
                stop = why;
                break;
            }
            let level = level(instance, &selection);
            columns.update(instance.flat(), &level, instance.capacity(), &load);
            selection.fill(instance.flat(), &columns.prices, instance.demand().k());
            let mut best = Best::default();
            if run.is_watched() {
                bound = bound.min(dual_bound(instance, &selection, &columns.prices));
                best.bound = Some(bound);
            }
            pace.round_done(run);
            if let ControlFlow::Break(why) = run.tick(best) {
                stop = why;
                break;
            }
        }
        let prices: Vec<f64> = columns.prices.iter().copied().map(f64::from).collect();
        let choices = topk::choices(instance, &selection, &columns.prices);
        let (assignment, cut) = repair_in_time(instance, choices, Some(&prices), run)?;
        Ok(Solution { assignment, prices: Some(prices), stop: cut.unwrap_or(stop) })
    }
}

/// How long a round and the repair are likely to take, so that a run ends in time.
struct Pace {
    /// What the limit leaves at the start; `None` if there is none.
    limit: Option<Duration>,
    /// Where the last pass or round ended.
    since: Duration,
    /// The time that a round takes, as far as is known.
    round: Duration,
}

impl Pace {
    fn new(run: &Run<'_>) -> Self {
        Self { limit: run.time_left(), since: run.elapsed(), round: Duration::ZERO }
    }

    /// The first selection is done; a round is three or four times that.
    fn selected(&mut self, run: &Run<'_>) {
        let now = run.elapsed();
        (self.round, self.since) = (4 * now.saturating_sub(self.since), now);
    }

    fn round_done(&mut self, run: &Run<'_>) {
        let now = run.elapsed();
        (self.round, self.since) = (now.saturating_sub(self.since), now);
    }

    /// Whether a round may begin: the budget allows a step, and the repair will do with what is then
    /// left. A repair that would not in any case leaves the rounds half of the time.
    fn may_go_on(&self, instance: &Instance, load: &[u32], run: &Run<'_>) -> ControlFlow<Stop> {
        run.begin()?;
        let (Some(limit), Some(left)) = (self.limit, run.time_left()) else {
            return ControlFlow::Continue(());
        };
        let units = load.iter().zip(instance.capacity()).map(|(&l, &c)| l.saturating_sub(c));
        let units: u32 = units.sum();
        let repair = instance.tokens() as f64 * REPAIR_TOKEN + f64::from(units) * REPAIR_UNIT;
        if left < self.round + Duration::from_secs_f64(repair).min(limit / 2) {
            return ControlFlow::Break(Stop::TimeLimit);
        }
        ControlFlow::Continue(())
    }
}

/// What a repair takes in seconds, a token and a unit over capacity (measured in
/// `docs/transport.md`).
const REPAIR_TOKEN: f64 = 0.3e-6;
const REPAIR_UNIT: f64 = 0.6e-6;

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
