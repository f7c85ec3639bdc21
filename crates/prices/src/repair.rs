//! Makes any table of choices feasible: the last step of every heuristic.
//!
//! A price method ends with choices that are nearly right: a few experts hold too many tokens, a
//! few hold too few. A sampler's answer may break anything. [`repair`] turns both into a feasible
//! [`Assignment`] and leaves alone what is not in the way:
//!
//! 1. **Clean**: slots that can never stand are emptied (no such expert, forbidden pair, the same
//!    expert twice; under `AtMost` also scores ≤ 0).
//! 2. **Direct moves** ([`direct`]): units of overfull experts and empty slots go to experts with
//!    room, in order of least regret under the prices, regrets kept current as room runs out.
//! 3. **Completion**: `Exactly` is completed by augmenting paths on the contracted expert graph
//!    ([`paths`]), or proven infeasible. Under `AtMost` empty slots take what room is left, also
//!    by moving one other token out of the way ([`moves`]).
//!
//! [`repair_in_time`] does the same while a run has time, and settles what is left quickly ([`quick`]).
//!
//! Time: O(T·k) to check, O(E) for each token that holds an overfull expert or an empty slot,
//! O(log) a move. Deterministic; no randomness, no dependence on the number of threads.
mod direct;
mod moves;
mod paths;
mod quick;

use self::quick::Limit;
use spinroute_core::{Assignment, Demand, Error, Instance, Run, Stop, Violation};

/// Turns any choices into a feasible assignment of good quality.
///
/// `choices` may break every constraint of `instance` but the number of tokens; rows may be of
/// another width than the demand. `prices`, one per expert, say what a unit of capacity is worth:
/// they rank who leaves an overfull expert and where to. Without prices the scores alone do.
/// Negative and non-finite prices count as 0.
///
/// - A feasible `Exactly` input is returned unchanged.
/// - An `AtMost` input keeps every pair that is in nobody's way, loses its pairs of score ≤ 0, and
///   gains pairs of positive score wherever a token has an empty slot and an expert has room.
///   The objective of a feasible input never falls.
/// - An `Exactly` demand is always completed if that is possible at all.
///
/// # Errors
/// [`Error::Deficient`] with a proof if forbidden pairs leave an `Exactly` demand without any
/// assignment, [`Error::Violation`] if `choices` is for another number of tokens.
///
/// # Panics
/// If there are prices, but not one per expert.
pub fn repair(
    instance: &Instance,
    choices: Assignment,
    prices: Option<&[f64]>,
) -> Result<Assignment, Error> {
    repaired(instance, choices, prices, Limit::NONE).map(|(assignment, _)| assignment)
}

/// As [`repair`] as long as `run` has time; then what is still in the way is settled in one quick
/// pass, and the run was ended by [`Stop::TimeLimit`].
///
/// A feasible answer that needs augmenting paths (forbidden pairs) takes the time that these need.
/// Other limits of the run are not looked at: they end searches, not what makes their answer
/// feasible.
///
/// # Errors
/// As [`repair`].
///
/// # Panics
/// As [`repair`].
pub fn repair_in_time(
    instance: &Instance,
    choices: Assignment,
    prices: Option<&[f64]>,
    run: &Run<'_>,
) -> Result<(Assignment, Option<Stop>), Error> {
    let (assignment, whole) = repaired(instance, choices, prices, Limit::of(run))?;
    Ok((assignment, (!whole).then_some(Stop::TimeLimit)))
}

/// The repaired choices, and whether there was time for all of it.
fn repaired(
    instance: &Instance,
    choices: Assignment,
    prices: Option<&[f64]>,
    limit: Limit,
) -> Result<(Assignment, bool), Error> {
    let (got, want) = (choices.tokens(), instance.tokens());
    if got != want {
        return Err(Violation::Tokens { got, want }.into());
    }
    let experts = instance.experts();
    let prices: Vec<f32> = match prices {
        Some(prices) => {
            assert_eq!(prices.len(), experts, "one price per expert");
            prices.iter().map(|&p| if p.is_finite() { p.max(0.0) as f32 } else { 0.0 }).collect()
        }
        None => vec![0.0; experts],
    };
    let zeros = vec![0.0; experts];
    let mut table = Table::new(instance, choices);
    let mut whole = table.move_directly(&prices, limit);
    if !whole {
        table.settle_quickly(&prices, limit);
    }
    match instance.demand() {
        Demand::Exactly(_) => table.complete(&prices)?,
        Demand::AtMost(_) if whole => {
            whole = table.move_directly(&zeros, limit) && table.make_room(limit);
        }
        Demand::AtMost(_) => {}
    }
    Ok((table.choices, whole))
}

/// Clean choices under repair, and the load that they put on every expert.
struct Table<'a> {
    instance: &'a Instance,
    choices: Assignment,
    load: Vec<u32>,
}

impl<'a> Table<'a> {
    /// Cleans the choices and counts the loads.
    fn new(instance: &'a Instance, choices: Assignment) -> Self {
        let k = instance.demand().k();
        let mut choices = if choices.k() == k { choices } else { reshape(&choices, instance) };
        let mut load = vec![0; instance.experts()];
        for t in 0..instance.tokens() {
            if !is_clean(instance, t, choices.experts(t)) {
                clean(instance, t, &mut choices);
            }
            for &e in choices.experts(t) {
                load[e as usize] += 1;
            }
        }
        Self { instance, choices, load }
    }

    /// Units above capacity of expert `e`.
    fn excess(&self, e: usize) -> u32 {
        self.load[e].saturating_sub(self.instance.capacity()[e])
    }

    /// Whether expert `e` can hold one more token.
    fn has_room(&self, e: usize) -> bool {
        self.load[e] < self.instance.capacity()[e]
    }

    /// The experts with room, ascending.
    fn room(&self) -> Vec<u32> {
        (0..self.load.len()).filter(|&e| self.has_room(e)).map(|e| e as u32).collect()
    }

    /// The number of empty slots of token `t`.
    fn holes(&self, t: usize) -> usize {
        self.choices.k() - self.choices.experts(t).len()
    }

    /// Moves token `t` from expert `from` to `to`; [`Assignment::EMPTY`] stands for an empty slot
    /// on either side.
    fn shift(&mut self, t: u32, from: u32, to: u32) {
        let token = t as usize;
        match (from, to) {
            (Assignment::EMPTY, to) => _ = self.choices.push(token, to),
            (from, Assignment::EMPTY) => _ = self.choices.remove(token, from),
            (from, to) => _ = self.choices.replace(token, from, to),
        }
        if from != Assignment::EMPTY {
            self.load[from as usize] -= 1;
        }
        if to != Assignment::EMPTY {
            self.load[to as usize] += 1;
        }
    }
}

/// The same choices in rows of the demand's width: the best scores stay if there are too many.
fn reshape(choices: &Assignment, instance: &Instance) -> Assignment {
    let k = instance.demand().k();
    let mut reshaped = Assignment::empty(choices.tokens(), k);
    for t in 0..choices.tokens() {
        let scores = instance.scores(t);
        let mut row: Vec<u32> = Vec::with_capacity(choices.k());
        for &e in choices.experts(t) {
            if (e as usize) < scores.len() && !row.contains(&e) {
                row.push(e);
            }
        }
        if row.len() > k {
            row.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        }
        for &e in row.iter().take(k) {
            reshaped.push(t, e);
        }
    }
    reshaped
}

/// Whether token `t` may hold expert `e` at all.
fn may_hold(instance: &Instance, t: usize, e: u32) -> bool {
    let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
    instance.scores(t).get(e as usize).is_some_and(|&s| s > floor)
}

fn is_clean(instance: &Instance, t: usize, held: &[u32]) -> bool {
    let plain = instance.demand().is_exact() && !instance.has_forbidden();
    let experts = instance.experts();
    held.iter().enumerate().all(|(i, &e)| {
        let stands = if plain { (e as usize) < experts } else { may_hold(instance, t, e) };
        stands && !held[..i].contains(&e)
    })
}

/// Empties the slots of token `t` that can never stand.
fn clean(instance: &Instance, t: usize, choices: &mut Assignment) {
    let held = choices.experts(t).to_vec();
    for &e in &held {
        choices.remove(t, e);
    }
    for (i, &e) in held.iter().enumerate() {
        if may_hold(instance, t, e) && !held[..i].contains(&e) {
            choices.push(t, e);
        }
    }
}
