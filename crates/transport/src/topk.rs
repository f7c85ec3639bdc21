//! Plain top-k: what every router does when nobody counts.
//!
//! Token `t` takes the `k` experts of largest `s[t,e]`, ties to the lower expert. Optimal without
//! capacities, and the baseline for everything else. One pass, O(T·E), without steps: no limit of a run
//! can end it.
use serde::{Deserialize, Serialize};
use spinroute_core::{Assignment, Deficiency, Error, Instance, Run, Solution, Solver, Stop};
use spinroute_prices::Selection;

/// The `k` best experts of every token, whatever the capacities.
///
/// The answer satisfies every constraint of [`Instance::uncapped`] and is optimal there. Under
/// `AtMost` only positive scores are taken; a forbidden pair never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopK {}

impl Solver for TopK {
    /// # Errors
    /// [`Error::Deficient`] if a token must take `k` experts and has fewer that are allowed.
    fn solve(&self, instance: &Instance, _run: &mut Run<'_>) -> Result<Solution, Error> {
        let assignment = choose(instance)?;
        Ok(Solution { assignment, prices: None, stop: Stop::Finished })
    }

    fn respects_capacity(&self) -> bool {
        false
    }
}

/// The top-k choices of every token at zero prices.
///
/// # Errors
/// [`Error::Deficient`] as for [`TopK`].
pub(crate) fn choose(instance: &Instance) -> Result<Assignment, Error> {
    let mut selection = Selection::default();
    selection.fill(instance.flat(), &vec![0.0; instance.experts()], instance.demand().k());
    check(instance, &selection)?;
    Ok(choices(instance, &selection, &vec![0.0; instance.experts()]))
}

/// Refuses an `Exactly` demand that some tokens cannot meet for want of allowed experts.
pub(crate) fn check(instance: &Instance, selection: &Selection) -> Result<(), Error> {
    if !instance.demand().is_exact() || !instance.has_forbidden() {
        return Ok(());
    }
    let short: Vec<u32> = (0..)
        .zip(&selection.taken)
        .filter(|&(_, &taken)| taken == f32::NEG_INFINITY)
        .map(|(t, _)| t)
        .collect();
    // A reduced score can also be -∞ because a price overflowed: then there is nothing to prove.
    match Deficiency::new(instance, short, Vec::new()) {
        Some(deficiency) => Err(Error::Deficient(Box::new(deficiency))),
        None => Ok(()),
    }
}

/// A selection as choices: forbidden pairs are left out, under `AtMost` also pairs whose score
/// does not exceed the price.
pub(crate) fn choices(instance: &Instance, selection: &Selection, prices: &[f32]) -> Assignment {
    let k = instance.demand().k();
    let mut slots = selection.experts.clone();
    let exact = instance.demand().is_exact();
    if !exact || instance.has_forbidden() {
        for (t, row) in slots.chunks_exact_mut(k).enumerate() {
            let scores = instance.scores(t);
            for slot in row {
                let score = scores[*slot as usize];
                let floor = if exact { f32::NEG_INFINITY } else { prices[*slot as usize] };
                if score <= floor {
                    *slot = Assignment::EMPTY;
                }
            }
        }
    }
    Assignment::from_slots(k, slots)
}
