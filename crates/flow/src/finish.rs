//! From good prices to the proven optimum.
//!
//! Three ways, each surer and slower than the one before. An answer counts only once it is
//! [`proven`]; else the next way starts from what the last one left:
//!
//! 1. Paths on the residual graph of the holdings near their token's margin, extended on demand.
//! 2. Paths on the complete graph, every token having chosen anew, in `f64`, at the prices left.
//! 3. [Negative cycles](crate::cycles) in whole numbers: nothing is rounded there.
//!
//! The first is what is measured and, as far as is known, always enough for scores in `f32`; the
//! others stand behind it because rounding has surprised us before. Scores in `f64` that `f32` does
//! not hold always end with the third: it decides their last digits.

use std::ops::ControlFlow;
use std::time::Duration;

use spinroute_core::{
    Assignment, Best, Certificate, Deficiency, Error, Instance, Run, Shortfall, Solution, Stop,
};
use spinroute_prices::{Selection, repair, repair_in_time};

use crate::cycles::cancelled;
use crate::proof::proven;
use crate::residual::Residual;
use crate::score::Score;
use crate::search::{Found, Search};
use crate::settle::{self, settled};

/// Share of the units out of place at which the rest is worth a repair; then that share of it.
const REPAIR_SHARE: f64 = 0.4;
/// How the radius grows where it was too small.
const RADIUS_GROWTH: f64 = 3.0;
/// Searches in a row, an expert, that neither move a unit nor change a price.
const IDLE: usize = 4;

/// The ways to an answer, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Near,
    Complete,
    Cycles,
}

/// What the price steps leave to be finished.
pub(crate) struct Start {
    pub(crate) prices: Vec<f64>,
    /// Every token's choice at these prices, made in `f32`.
    pub(crate) selection: Selection,
    /// Units out of place.
    pub(crate) units: f64,
    /// How far from its margin a holding is looked at first.
    pub(crate) radius: f64,
    /// The bound known so far.
    pub(crate) best: Best,
}

/// About how long it takes until the first path may be searched.
pub(crate) fn start_cost(instance: &Instance) -> Duration {
    let slots = (instance.tokens() * instance.demand().k()) as f64;
    let (entries, pairs) = (instance.experts().pow(2) as f64, instance.flat().len() as f64);
    let chosen = if instance.wide().is_some() { pairs * 10e-9 } else { 0.0 };
    Duration::from_secs_f64(slots * 25e-9 + entries * 5e-9 + chosen)
}

/// How paths ended.
enum End {
    /// Early: within the target gap, or stopped.
    Early(Solution),
    /// Nothing is out of place.
    Settled { table: Vec<u32>, prices: Vec<f64> },
    /// To these nodes of the graph too much comes, and no path leads out of them.
    Stuck { table: Vec<u32>, prices: Vec<f64>, reached: Vec<usize> },
}

/// Finishes from `start`; stops early where an answer is proven to be within `target_gap`.
pub(crate) fn finish(
    instance: &Instance,
    start: Start,
    target_gap: f64,
    run: &mut Run<'_>,
) -> Result<Solution, Error> {
    finish_by(Way::Near, instance, start, target_gap, run)
}

/// Tries `first` and the ways behind it.
fn finish_by(
    first: Way,
    instance: &Instance,
    start: Start,
    target_gap: f64,
    run: &mut Run<'_>,
) -> Result<Solution, Error> {
    if let Some(scores) = instance.wide() {
        return Finish { instance, scores, target_gap }.by(first, start, run);
    }
    Finish { instance, scores: instance.flat(), target_gap }.by(first, start, run)
}

struct Finish<'a, S> {
    instance: &'a Instance,
    scores: &'a [S],
    target_gap: f64,
}

impl<S: Score> Finish<'_, S> {
    fn by(&self, first: Way, mut start: Start, run: &mut Run<'_>) -> Result<Solution, Error> {
        let (instance, wide) = (self.instance, self.instance.wide().is_some());
        let mut prices = std::mem::take(&mut start.prices);
        // Paths leave a table; only where none are tried, the choices are it.
        let mut table = Vec::new();
        if first == Way::Cycles {
            table = std::mem::take(&mut start.selection.experts);
        }
        for way in [Way::Near, Way::Complete].into_iter().filter(|&way| way >= first) {
            let graph = match way {
                // A choice in `f32` says little about scores that it does not hold.
                Way::Near if !wide => {
                    let selection = Some(&mut start.selection);
                    Residual::new(instance, self.scores, &prices, selection, run.take())
                }
                _ => Residual::new(instance, self.scores, &prices, None, run.take()),
            };
            let radius = if way == Way::Near { start.radius } else { f64::INFINITY };
            match self.paths(graph, radius, start.units, &mut start.best, run)? {
                End::Early(solution) => return Ok(solution),
                End::Settled { table: settled, prices: found } => {
                    (table, prices) = (settled, found);
                    if !wide && proven(instance, self.scores, &table, &prices) {
                        let solution = self.solution(table, prices, Stop::Finished);
                        return self.finished(solution, start.best, run);
                    }
                }
                End::Stuck { table: stuck, prices: found, reached } => {
                    if let Some(proof) = deficiency(instance, &stuck, &reached) {
                        return Err(Error::Deficient(Box::new(proof)));
                    }
                    (table, prices) = (stuck, found);
                }
            }
            if wide {
                break;
            }
        }
        self.cycles(table, &prices, start.best, run)
    }

    fn solution(&self, table: Vec<u32>, prices: Vec<f64>, stop: Stop) -> Solution {
        let assignment = Assignment::from_slots(self.instance.demand().k(), table);
        Solution { assignment, prices: Some(prices), stop }
    }

    /// Moves the units out of place along shortest paths, until none is or, repaired, the rest
    /// keeps within the target gap of the bound that the prices of the moment prove.
    fn paths(
        &self,
        mut graph: Residual<'_, S>,
        mut radius: f64,
        out: f64,
        best: &mut Best,
        run: &mut Run<'_>,
    ) -> Result<End, Error> {
        let instance = self.instance;
        let mut try_at = REPAIR_SHARE * out;
        graph.extend(radius);
        let mut search: Search = run.take();
        let (mut idle, mut last) = (0, (u64::MAX, 0.0));
        while graph.outflow.units() > 0 && idle <= IDLE * (instance.experts() + 16) {
            if self.is_late(graph.outflow.units(), run) {
                return self.stopped(graph, Stop::TimeLimit, run).map(End::Early);
            }
            match search.run(&mut graph) {
                Found::Progress => {
                    let left = graph.outflow.units();
                    if self.target_gap > 0.0 && (left as f64) < try_at {
                        try_at *= REPAIR_SHARE;
                        if let Some(solution) = self.within(&graph, run)? {
                            return Ok(End::Early(solution));
                        }
                    }
                    let now = (left, graph.prices.iter().sum::<f64>());
                    idle = if now == last { idle + 1 } else { 0 };
                    last = now;
                    if run.is_watched() {
                        best.bound = Some(lower(best.bound, graph.bound()));
                    }
                    if let ControlFlow::Break(stop) = run.tick(*best) {
                        return self.stopped(graph, stop, run).map(End::Early);
                    }
                }
                Found::BeyondRadius => {
                    radius = if radius > 1e30 { f64::INFINITY } else { radius * RADIUS_GROWTH };
                    graph.extend(radius);
                }
                Found::Nothing(reached) => {
                    let prices = graph.own_prices();
                    let (table, memory) = graph.into_parts();
                    run.keep(memory);
                    return Ok(End::Stuck { table, prices, reached });
                }
            }
        }
        let prices = graph.own_prices();
        let (table, memory) = graph.into_parts();
        run.keep(memory);
        run.keep(search);
        Ok(End::Settled { table, prices })
    }

    /// Whether only just enough time is left to settle so many units.
    fn is_late(&self, units: u64, run: &Run<'_>) -> bool {
        let Some(left) = run.time_left() else { return false };
        let (tokens, experts) = (self.instance.tokens(), self.instance.experts());
        left < settle::cost(tokens, experts, self.instance.demand().k(), units as f64)
    }

    /// The assignment of the moment, settled where there is time, and repaired.
    fn stopped(
        &self,
        graph: Residual<'_, S>,
        stop: Stop,
        run: &Run<'_>,
    ) -> Result<Solution, Error> {
        let prices = graph.own_prices();
        let table = match run.time_left() {
            Some(Duration::ZERO) => graph.table,
            _ => settled(self.instance, graph.table, &single(&prices), None),
        };
        repaired(self.instance, table, prices, stop, run)
    }

    /// The choices of the moment, repaired, if they are proven to be within the target gap.
    fn within(&self, graph: &Residual<'_, S>, run: &Run<'_>) -> Result<Option<Solution>, Error> {
        let prices = graph.own_prices();
        let table = settled(self.instance, graph.table.clone(), &single(&prices), None);
        let solution = repaired(self.instance, table, prices, Stop::TargetGap, run)?;
        let objective = self.instance.objective(&solution.assignment)?;
        let met = graph.bound() - objective <= self.target_gap * objective.abs();
        Ok(met.then_some(solution))
    }

    /// The last way: a feasible assignment, and from there in whole numbers.
    fn cycles(
        &self,
        table: Vec<u32>,
        prices: &[f64],
        best: Best,
        run: &mut Run<'_>,
    ) -> Result<Solution, Error> {
        let choices = Assignment::from_slots(self.instance.demand().k(), table);
        let table = repair(self.instance, choices, Some(prices))?.slots().to_vec();
        let optimum = cancelled(self.instance, self.scores, table, prices, best, run);
        let solution = self.solution(optimum.table, optimum.prices, optimum.stop);
        if solution.stop != Stop::Finished {
            return Ok(solution);
        }
        self.check(&solution)?;
        self.finished(solution, best, run)
    }

    /// Ends the last step, with the optimum for those who watch.
    fn finished(
        &self,
        solution: Solution,
        mut best: Best,
        run: &mut Run<'_>,
    ) -> Result<Solution, Error> {
        if run.is_watched() {
            best.objective = Some(self.instance.objective(&solution.assignment)?);
            let certificate = solution.prices.clone().map(|p| Certificate::new(self.instance, p));
            if let Some(certificate) = certificate.transpose()? {
                best.bound = Some(lower(best.bound, certificate.bound()));
            }
        }
        // The run is at its end, whatever the answer.
        let _ = run.tick(best);
        Ok(solution)
    }

    /// Whether the certificate agrees, but for the rounding of prices to `f64`.
    fn check(&self, solution: &Solution) -> Result<(), Error> {
        let objective = self.instance.objective(&solution.assignment)?;
        let prices = solution.prices.clone().unwrap_or_default();
        let units =
            |node| u64::from(self.instance.limits(node).highest()).min(self.instance.slots());
        let rents = prices.iter().enumerate().map(|(node, p)| units(node) as f64 * p.abs());
        let rents: f64 = rents.sum();
        let bound = Certificate::new(self.instance, prices)?.bound();
        let tolerance = 1e-9 * objective.abs() + 4.0 * f64::EPSILON * rents;
        if bound - objective <= tolerance {
            return Ok(());
        }
        let text = format!("flow ended at {objective:e} with prices that prove {bound:e}");
        Err(Error::Defect(text))
    }
}

/// The lower of two bounds.
pub(crate) fn lower(best: Option<f64>, bound: f64) -> f64 {
    best.map_or(bound, |best| best.min(bound))
}

/// A feasible solution from choices that may break capacities, in the time that `run` has left.
pub(crate) fn repaired(
    instance: &Instance,
    table: Vec<u32>,
    prices: Vec<f64>,
    stop: Stop,
    run: &Run<'_>,
) -> Result<Solution, Error> {
    let choices = Assignment::from_slots(instance.demand().k(), table);
    let (assignment, cut) = repair_in_time(instance, choices, Some(&prices), run)?;
    Ok(Solution { assignment, prices: Some(prices), stop: cut.unwrap_or(stop) })
}

/// Prices as the passes over scores take them.
fn single(prices: &[f64]) -> Vec<f32> {
    prices.iter().map(|&p| p as f32).collect()
}

/// The proof of infeasibility that a search without a sink leaves behind, from the nodes of the graph that it
/// reached. More comes to these than flows on, tokens that hold any of them hold all that they may elsewhere, and
/// every outflow out of them is at its most, every one into them at its least: or the search had gone on. Where
/// the ground is among them, the others lack as much.
fn deficiency(instance: &Instance, table: &[u32], reached: &[usize]) -> Option<Deficiency> {
    let (k, ground) = (instance.demand().k(), instance.experts());
    let mut inside = vec![false; instance.nodes() + 1];
    for &node in reached {
        inside[node] = true;
    }
    let tokens = (0u32..).zip(table.chunks_exact(k)).filter(|&(t, row)| {
        let row = &row[..instance.k(t as usize)];
        let holds = |&e: &u32| inside[if e == Assignment::EMPTY { ground } else { e as usize }];
        row.iter().any(holds) != inside[ground]
    });
    let tokens = tokens.map(|(t, _)| t).collect();
    let in_set = |node: &usize| inside[*node] != inside[ground];
    // An expert that is closed to all can only be in the way.
    let limits = |e: usize| instance.limits(e).highest();
    let experts = (0..ground).filter(in_set).filter(|&e| !inside[ground] || limits(e) > 0);
    let groups = (ground + 1..inside.len()).filter(in_set).map(|node| (node - ground - 1) as u32);
    let short = if inside[ground] { Shortfall::Tokens } else { Shortfall::Room };
    let experts = experts.map(|e| e as u32).collect();
    Deficiency::new(instance, short, tokens, experts, groups.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_testkit::{
        reference::optimum,
        strategy::{Shape, any_instance},
    };

    fn start(instance: &Instance) -> Start {
        let mut selection = Selection::default();
        let k = instance.demand().k();
        selection.fill(instance.flat(), &vec![0.0; instance.experts()], k);
        let prices = vec![0.0; instance.experts()];
        Start { prices, selection, units: f64::INFINITY, radius: 0.25, best: Best::default() }
    }

    proptest! {
        #[test]
        fn every_way_ends_at_the_optimum(instance in any_instance(&Shape::default())) {
            // `Flow` answers these itself.
            prop_assume!(!instance.capacity().contains(&0));
            prop_assume!(crate::flow::enough_allowed(&instance).is_ok());
            let best = optimum(&instance).map(|optimum| optimum.value);
            for first in [Way::Near, Way::Complete, Way::Cycles] {
                let run = &mut Run::new(0);
                let found = finish_by(first, &instance, start(&instance), 0.0, run);
                let found = found.map(|solution| {
                    let prices = solution.prices.unwrap();
                    let bound = Certificate::new(&instance, prices).unwrap().bound();
                    (instance.objective(&solution.assignment).unwrap(), bound)
                });
                match (&found, &best) {
                    (Ok((objective, bound)), Ok(best)) => {
                        let slack = 1e-9 * best.abs() + f64::from(f32::MIN_POSITIVE);
                        prop_assert!((objective - best).abs() <= slack, "{first:?} {objective} {best}");
                        prop_assert!(bound - objective <= slack.max(1e-12 * bound.abs()));
                    }
                    (Err(Error::Deficient(_)), Err(_)) => {}
                    other => prop_assert!(false, "{first:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn an_answer_that_paths_got_wrong_is_made_right() {
        // Wrong prices to start the last way with, and a table that breaks a capacity.
        let scores = ndarray::array![[9.0, 8.0, 1.0], [9.0, 3.0, 8.5], [9.0, 1.0, 1.0]];
        let demand = spinroute_core::Demand::Exactly(1);
        let instance = Instance::new(scores, vec![1; 3], demand).unwrap();
        let finish = Finish { instance: &instance, scores: instance.flat(), target_gap: 0.0 };
        let solution = finish
            .cycles(vec![0, 0, 2], &[7.0, 0.0, 5.0], Best::default(), &mut Run::new(0))
            .unwrap();
        assert_eq!(solution.assignment.slots(), [1, 2, 0]);
        assert!(proven(&instance, instance.flat(), &[1, 2, 0], &solution.prices.unwrap()));
    }
}
