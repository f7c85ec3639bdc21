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
mod key;
mod limit;
mod moves;
mod paths;
mod quick;
mod table;

use spinroute_core::{Assignment, Demand, Error, Instance, Run, Stop, Violation};

use self::limit::Limit;
use self::table::Table;

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
    instance.supported("repair", &[])?;
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
