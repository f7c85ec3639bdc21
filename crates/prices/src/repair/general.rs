//! Repair where loads have minimums, costs, or groups around them.
//!
//! 1. Units that must leave go, and slots are filled, least regret first; then units go to where minimums lack
//!    them ([`steps`](super::steps)).
//! 2. What is left is a flow that is completed along shortest paths, or proven impossible
//!    ([`augment`](super::augment)).
//! 3. Single moves that gain are made until there is none, dropped and filled slots among them. A feasible
//!    `Exactly` table never comes so far.
//!
//! Where the time is short only what makes the answer feasible is done.
use spinroute_core::{Assignment, Error, Instance};

use super::limit::Limit;
use super::steps::Aim;
use super::tree::Tree;

/// The repaired choices, and whether there was time for all of it.
pub(super) fn repaired(
    instance: &Instance,
    choices: Assignment,
    prices: Option<Vec<f64>>,
    limit: Limit,
) -> Result<(Assignment, bool), Error> {
    let mut tree = Tree::new(instance, choices, prices);
    let exact = !tree.optional();
    if exact && tree.is_settled() {
        return Ok((tree.choices, true));
    }
    let mut whole = true;
    for aim in [Aim::Leave, Aim::Lift] {
        whole = whole && tree.step(aim, limit).is_some();
        if !whole {
            tree.settle(aim);
        }
    }
    tree.complete()?;
    tree.forget_prices();
    while whole {
        match tree.step(Aim::Gain, limit) {
            Some(true) => {}
            Some(false) => break,
            None => whole = false,
        }
    }
    Ok((tree.choices, whole))
}
