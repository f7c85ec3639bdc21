//! Makes any table of choices feasible: the last step of every heuristic.
//!
//! A price method ends with choices that are nearly right: a few experts hold too many tokens, a
//! few hold too few. A sampler's answer may break anything. [`repair`] turns both into a feasible
//! [`Assignment`] and leaves alone what is not in the way:
//!
//! Where only tokens differ in what they take, or are masked:
//!
//! 1. **Clean**: slots that can never stand are emptied (no such expert, forbidden pair, the same
//!    expert twice; under `AtMost` also scores ≤ 0).
//! 2. **Direct moves** ([`direct`]): units of overfull experts and empty slots go to experts with
//!    room, in order of least regret under the prices, regrets kept current as room runs out.
//! 3. **Completion**: `Exactly` is completed by augmenting paths on the contracted expert graph
//!    ([`paths`]), or proven infeasible. Under `AtMost` empty slots take what room is left, also
//!    by moving one other token out of the way ([`moves`]).
//!
//! Minimums, groups, and loads that cost or gain something are honoured by the same in more general terms
//! ([`general`]).
//!
//! [`repair_in_time`] does the same while a run has time, and settles what is left quickly ([`quick`]).
//!
//! Time: O(T·k) to check, O(E) for each token that holds an overfull expert or an empty slot,
//! O(log) a move. Deterministic; no randomness, no dependence on the number of threads.
mod augment;
mod direct;
mod general;
mod key;
mod limit;
mod moves;
mod paths;
mod quick;
mod steps;
mod table;
mod tree;

use spinroute_core::{Assignment, Demand, Error, Feature, Instance, Run, Stop, Violation};

use self::limit::Limit;
use self::table::Table;

/// Turns any choices into a feasible assignment of good quality.
///
/// `choices` may break every constraint of `instance` but the number of tokens; rows may be of
/// another width than the demand. `prices`, one per expert and then, if there are groups, none or one per
/// group, say what a unit of capacity is worth: they rank who leaves an overfull expert and where to. Without
/// prices the scores alone do. Prices that are not finite count as 0, and so do negative ones where no load
/// has a minimum or a cost.
///
/// Everything that an instance can ask for is honoured: masks and uneven demands, minimums, groups, overflow and
/// rewards.
///
/// - A feasible `Exactly` input is returned unchanged.
/// - An `AtMost` input keeps every pair that is in nobody's way, loses pairs of score ≤ 0 (that nothing
///   rewards or needs), and gains pairs of positive score wherever a token has an empty slot and an expert
///   has room. The objective of a feasible input never falls.
/// - What can be completed is.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Instance};
/// use spinroute_prices::repair;
///
/// // Expert 1 must have a token: the one that minds least goes there.
/// let scores = array![[0.9, 0.2], [0.7, 0.6]];
/// let instance = Instance::builder(scores).minimum(vec![0, 1]).build()?;
/// let both = Assignment::from_slots(1, vec![0, 0]);
/// assert_eq!(repair(&instance, both, None)?.slots(), [0, 1]);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Deficient`] with a proof if there is no assignment, [`Error::Violation`] if `choices` is for another
/// number of tokens.
///
/// # Panics
/// If there are prices, but neither one per expert nor one per expert and group.
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
    let prices = prices.map(|prices| of_nodes(instance, prices));
    if instance.features().iter().any(|feature| *feature != Feature::Demands) {
        return general::repaired(instance, choices, prices, limit);
    }
    let prices = match prices {
        Some(prices) => totals(instance, &prices),
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

/// One finite price a node: those that are missing or not finite are 0.
fn of_nodes(instance: &Instance, prices: &[f64]) -> Vec<f64> {
    let (experts, nodes) = (instance.experts(), instance.nodes());
    assert!(
        [experts, nodes].contains(&prices.len()),
        "one price per expert, or per expert and group"
    );
    let finite = prices.iter().map(|&p| if p.is_finite() { p } else { 0.0 });
    finite.chain(std::iter::repeat(0.0)).take(nodes).collect()
}

/// What a token pays for each expert, at least 0: no load has a minimum.
fn totals(instance: &Instance, prices: &[f64]) -> Vec<f32> {
    let mut totals: Vec<f64> = prices.iter().map(|price| price.max(0.0)).collect();
    // A node is numbered below the one around it.
    for node in (0..totals.len()).rev() {
        if let Some(parent) = instance.parent(node) {
            totals[node] += totals[parent];
        }
    }
    totals.truncate(instance.experts());
    totals.into_iter().map(|price| price as f32).collect()
}
