//! The exact solver.

use std::ops::ControlFlow;

use spinroute_core::{
    Assignment, Best, Deficiency, Error, Instance, Load, Run, Solution, Solver, Stop, repair,
};

use crate::dual::{self, Dual};
use crate::residual::Residual;
use crate::search::{Found, Phase, Search, units};
use crate::settle::settled;

/// The optimum, with prices that prove it.
///
/// First good prices are found on samples of the tokens, then on all (module `dual`); every token
/// takes its best experts at these prices. The units that this leaves out of place then follow
/// shortest paths on a graph of experts, while prices rise along (modules `residual` and
/// `search`), until capacities hold and every priced expert is full. By complementary slackness
/// the assignment is then optimal, and the prices prove it to rounding: a relative gap of about
/// 1e-15, recomputed by [`Certificate`](spinroute_core::Certificate).
///
/// Time: about ten passes over the scores, then O(E²) for each search and O(E) for each move;
/// memory about the scores again, and E² numbers. Prices of the last batch
/// ([`Run::warm_prices`]) save most of the passes.
///
/// Of equal optima, the one is chosen that the order of the experts and of the tokens leads to:
/// the same on every machine and for any number of threads. `seed` is not used.
///
/// A step is a change of prices: stopped by its budget or observer, or at `target_gap`, the solver
/// repairs the choices of the moment to a feasible assignment and returns it with the prices that
/// bound it.
///
/// # Errors
/// [`Error::Deficient`] with tokens and experts that prove it if forbidden pairs leave no
/// assignment; [`Error::Parameter`] if `target_gap` is no number ≥ 0; [`Error::Prices`] if warm
/// prices are not one finite number an expert.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flow {
    /// Stop as soon as a feasible assignment is proven to be within this relative gap of the
    /// optimum; 0 asks for the optimum.
    pub target_gap: f64,
}

/// What a repair is first expected to lose, see [`Target`].
const REPAIR_LOSS: f64 = 25.0;
/// Share of the units out of place at which the rest is worth a repair; then that share of it.
const REPAIR_SHARE: f64 = 0.4;
/// Tokens whose margin is within the first radius, for every unit out of place.
const FIRST_TOKENS: f64 = 4.0;
/// How the radius grows where it was too small.
const RADIUS_GROWTH: f64 = 3.0;

impl Solver for Flow {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        if !(self.target_gap >= 0.0 && self.target_gap < f64::INFINITY) {
            let (value, mend) = (self.target_gap.to_string(), "give a fraction ≥ 0, such as 0.001");
            return Err(Error::Parameter { name: "target_gap", value, mend });
        }
        let warm = run.start_prices(instance.experts())?;
        if instance.capacity().contains(&0) {
            return without_closed(instance, |open| self.solve_open(open, warm, run));
        }
        self.solve_open(instance, warm, run)
    }
}

impl Flow {
    /// Solves an instance whose experts of capacity 0 nobody may take.
    fn solve_open(
        &self,
        instance: &Instance,
        warm: Option<&[f64]>,
        run: &mut Run<'_>,
    ) -> Result<Solution, Error> {
        enough_allowed(instance)?;
        let mut target = Target { gap: self.target_gap, loss: REPAIR_LOSS };
        let mut within = None;
        let mut watch = |dual: &Dual| {
            within = target.met_by(instance, dual);
            match within {
                Some(_) => ControlFlow::Break(Stop::TargetGap),
                None => ControlFlow::Continue(()),
            }
        };
        let (dual, stop) = dual::search(instance, warm, run, &mut watch);
        if let Some(solution) = within {
            return Ok(solution);
        }
        let prices = dual.exact_prices();
        match stop {
            Some(stop) => repaired(instance, settle(instance, &dual), prices, stop),
            None => exact(instance, dual, &prices, self.target_gap, run),
        }
    }
}

/// Solves `instance` with the experts of capacity 0 forbidden: their scores, however large, say
/// nothing, and would cost the digits of the others. Their prices then keep everybody away.
fn without_closed(
    instance: &Instance,
    solve: impl FnOnce(&Instance) -> Result<Solution, Error>,
) -> Result<Solution, Error> {
    let closed = |e: usize| instance.capacity()[e] == 0;
    let mut scores = instance.table().to_owned();
    for (e, mut column) in scores.columns_mut().into_iter().enumerate() {
        if closed(e) {
            column.fill(f32::NEG_INFINITY);
        }
    }
    let open = Instance::new(scores, instance.capacity().to_vec(), instance.demand())?;
    let mut solution = match solve(&open) {
        Err(Error::Deficient(proof)) => {
            let crowded = |e: usize| closed(e) || proof.experts.binary_search(&(e as u32)).is_ok();
            let experts = (0..instance.experts()).filter(|&e| crowded(e)).map(|e| e as u32);
            let proof = Deficiency::new(instance, proof.tokens, experts.collect());
            return Err(proof.map_or_else(unproven, |proof| Error::Deficient(Box::new(proof))));
        }
        other => other?,
    };
    if let Some(prices) = &mut solution.prices {
        let finite = instance.flat().iter().filter(|s| s.is_finite());
        let largest = f64::from(finite.fold(0f32, |largest, s| largest.max(s.abs())));
        let highest = prices.iter().fold(0f64, |a, &b| a.max(b));
        for e in (0..prices.len()).filter(|&e| closed(e)) {
            prices[e] = 4.0 * (largest + highest);
        }
    }
    Ok(solution)
}

/// Whether a repair may meet a target gap, learnt from those that did not.
struct Target {
    gap: f64,
    /// What a repair loses, in multiples of the smallest margins of as many tokens as are out of
    /// place.
    loss: f64,
}

impl Target {
    /// The repaired choices of the moment, if they are proven to be within the target gap.
    fn met_by(&mut self, instance: &Instance, dual: &Dual) -> Option<Solution> {
        if self.gap == 0.0 {
            return None;
        }
        let expected = margins(dual, dual.units).1;
        if self.loss * expected > self.gap * dual.value.abs() {
            return None;
        }
        let (table, prices) = (settle(instance, dual), dual.exact_prices());
        let solution = repaired(instance, table, prices, Stop::TargetGap).ok()?;
        let objective = instance.objective(&solution.assignment).ok()?;
        let loss = bound(instance, dual) - objective;
        if loss <= self.gap * objective.abs() {
            return Some(solution);
        }
        self.loss = self.loss.max(1.2 * loss / expected);
        None
    }
}

/// The upper bound that the dual's value proves: with what choosing in `f32` can have hidden.
fn bound(instance: &Instance, dual: &Dual) -> f64 {
    let slots = (instance.tokens() * instance.demand().k()) as f64;
    let highest = dual.prices.iter().fold(0f64, |a, &p| a.max(f64::from(p)));
    dual.value + (slots * highest + dual.value.abs()) * 2f64.powi(-21)
}

/// The smallest positive margins of the tokens: the one of rank `count`, and the sum up to it.
fn margins(dual: &Dual, count: f64) -> (f64, f64) {
    let margins = dual.selection.taken.iter().zip(&dual.selection.left).map(|(a, b)| a - b);
    let mut margins: Vec<f32> = margins.filter(|m| m.is_finite() && *m > 0.0).collect();
    if margins.is_empty() {
        return (f64::from(f32::MIN_POSITIVE), 0.0);
    }
    let rank = (count as usize).min(margins.len() - 1);
    let (below, at, _) = margins.select_nth_unstable_by(rank, f32::total_cmp);
    (f64::from(*at), below.iter().map(|&m| f64::from(m)).sum())
}

/// Refuses an `Exactly` demand of a token with too few allowed experts.
fn enough_allowed(instance: &Instance) -> Result<(), Error> {
    if !(instance.has_forbidden() && instance.demand().is_exact()) {
        return Ok(());
    }
    let short = (0..instance.tokens()).find(|&t| {
        let allowed = instance.scores(t).iter().filter(|s| **s > f32::NEG_INFINITY);
        allowed.count() < instance.demand().k()
    });
    match short.and_then(|t| Deficiency::new(instance, vec![t as u32], Vec::new())) {
        Some(proof) => Err(Error::Deficient(Box::new(proof))),
        None => Ok(()),
    }
}

/// The choices of `dual`, settled within the capacities. Under `AtMost` nobody takes what is not
/// worth its price.
fn settle(instance: &Instance, dual: &Dual) -> Vec<u32> {
    let (mut choices, prices) = (dual.selection.experts.clone(), &dual.prices);
    if !instance.demand().is_exact() {
        for (t, row) in choices.chunks_exact_mut(instance.demand().k()).enumerate() {
            let scores = instance.scores(t);
            let dear = |e: usize| scores[e] <= prices[e];
            row.iter_mut().filter(|e| dear(**e as usize)).for_each(|e| *e = Assignment::EMPTY);
        }
    }
    settled(instance, choices, prices, Some(&dual.selection.left))
}

/// A feasible solution from choices that may break capacities.
fn repaired(
    instance: &Instance,
    table: Vec<u32>,
    prices: Vec<f64>,
    stop: Stop,
) -> Result<Solution, Error> {
    let choices = Assignment::from_slots(instance.demand().k(), table);
    let assignment = repair(instance, choices, Some(&prices))?;
    Ok(Solution { assignment, prices: Some(prices), stop })
}

/// Moves the units out of place along shortest paths, until none is or, repaired, the rest keeps
/// within `target_gap` of the bound that the prices of the moment prove.
fn exact(
    instance: &Instance,
    mut dual: Dual,
    prices: &[f64],
    target_gap: f64,
    run: &mut Run<'_>,
) -> Result<Solution, Error> {
    let mut try_at = REPAIR_SHARE * dual.units;
    let mut radius = margins(&dual, FIRST_TOKENS * dual.units).0;
    let mut graph = Residual::new(instance, prices, &mut dual.selection);
    drop(dual);
    graph.extend(radius);
    let mut search = Search::default();
    let mut stop = Stop::Finished;
    'phases: for phase in [Phase::Over, Phase::Under] {
        while units(&graph, phase) > 0 {
            match search.run(&mut graph, phase) {
                Found::Progress => {
                    if target_gap > 0.0 && (units(&graph, phase) as f64) < try_at {
                        try_at *= REPAIR_SHARE;
                        if let Some(solution) = within(instance, &graph, target_gap)? {
                            return Ok(solution);
                        }
                    }
                    if let ControlFlow::Break(reason) = run.tick(Best::default()) {
                        stop = reason;
                        break 'phases;
                    }
                }
                Found::BeyondRadius => {
                    radius = if radius > 1e30 { f64::INFINITY } else { radius * RADIUS_GROWTH };
                    graph.extend(radius);
                }
                Found::Nothing(experts) => return Err(deficient(instance, &graph.table, experts)),
            }
        }
    }
    let prices = graph.prices[..instance.experts()].to_vec();
    if stop == Stop::Finished {
        let assignment = Assignment::from_slots(instance.demand().k(), graph.table);
        if sound(instance, &assignment) {
            return Ok(Solution { assignment, prices: Some(prices), stop });
        }
        return repaired(instance, assignment.slots().to_vec(), prices, stop);
    }
    let table = settled(instance, graph.table, &single(&prices), None);
    repaired(instance, table, prices, stop)
}

/// Prices as the passes over scores take them.
fn single(prices: &[f64]) -> Vec<f32> {
    prices.iter().map(|&p| p as f32).collect()
}

/// The choices of the moment, repaired, if they are proven to be within `target_gap`.
fn within(
    instance: &Instance,
    graph: &Residual<'_>,
    target_gap: f64,
) -> Result<Option<Solution>, Error> {
    let prices = graph.prices[..instance.experts()].to_vec();
    let table = settled(instance, graph.table.clone(), &single(&prices), None);
    let dual = graph.dual();
    // With what its sum, and that of a certificate, can be off by.
    let bound = dual + dual.abs() * 1e-12;
    let solution = repaired(instance, table, prices, Stop::TargetGap)?;
    let objective = instance.objective(&solution.assignment)?;
    Ok((bound - objective <= target_gap * objective.abs()).then_some(solution))
}

/// Whether rounding did no harm: scores over more orders of magnitude than `f64` has digits can
/// hide from each other, and with `AtMost` leave a loss taken or a gain lying about.
fn sound(instance: &Instance, assignment: &Assignment) -> bool {
    if instance.objective(assignment).is_err() {
        return false;
    }
    if instance.demand().is_exact() {
        return true;
    }
    let load = Load::new(instance, assignment).per_expert;
    let open: Vec<usize> = (0..load.len()).filter(|&e| load[e] < instance.capacity()[e]).collect();
    (0..instance.tokens()).all(|t| {
        let (scores, held) = (instance.scores(t), assignment.experts(t));
        let spare = held.len() < instance.demand().k();
        let gain = |&e: &usize| scores[e] > 0.0 && !held.contains(&(e as u32));
        let loses = held.iter().any(|&e| scores[e as usize] < 0.0);
        !(loses || spare && open.iter().any(gain))
    })
}

/// The proof of infeasibility that a search without a sink leaves behind: the experts it reached,
/// all full and one of them more than full, and the tokens that they hold. All that these tokens
/// may take elsewhere they have, or the search had gone on.
fn deficient(instance: &Instance, table: &[u32], experts: Vec<u32>) -> Error {
    let k = instance.demand().k();
    let crowded = |row: &[u32]| row.iter().any(|e| experts.binary_search(e).is_ok());
    let tokens = (0u32..).zip(table.chunks_exact(k)).filter(|(_, row)| crowded(row));
    let tokens = tokens.map(|(t, _)| t).collect();
    match Deficiency::new(instance, tokens, experts) {
        Some(proof) => Error::Deficient(Box::new(proof)),
        None => unproven(),
    }
}

/// A defect of this crate.
fn unproven() -> Error {
    let text = "no assignment was found, and no proof that there is none: please report this";
    Error::Unsupported(text.to_owned())
}
