//! What tokens take under prices.
//!
//! A token takes the experts of its [`Selection`] that it may and wants: a forbidden pair (score `-∞`)
//! and an expert of infinite price never, and under `AtMost` nothing whose score does not exceed its price.

use rayon::prelude::*;
use spinroute_core::{Assignment, Deficiency, Error, Instance};

use crate::batch::Batch;
use crate::pass::Selection;

/// Tokens a block of a parallel count, whatever the number of threads.
const BLOCK: usize = 4096;

/// The choices as slots, `tokens × k`; [`Assignment::EMPTY`] where nothing is taken.
///
/// # Panics
/// If the selection is of other tokens.
///
/// ```
/// use spinroute_core::{Assignment, Demand};
/// use spinroute_prices::{Batch, Selection, choice};
///
/// let scores = [0.9, 0.8, 0.7, 0.1];
/// let (batch, prices) = (Batch::new(&scores, 2, Demand::AtMost(2)), [0.2, 0.1]);
/// let mut selection = Selection::default();
/// selection.fill(&scores, &prices, 2);
/// assert_eq!(choice::slots(batch, &selection, &prices), [0, 1, 0, Assignment::EMPTY]);
/// assert_eq!(choice::loads(batch, &selection, &prices), [2, 1]);
/// ```
#[must_use]
pub fn slots(batch: Batch<'_>, selection: &Selection, prices: &[f32]) -> Vec<u32> {
    let (k, floor) = (batch.demand().k(), batch.floor());
    let mut slots = selection.experts.clone();
    let rows = slots.chunks_exact_mut(k).zip(&selection.taken).enumerate();
    // Where the last expert taken is above the floor, all are.
    for (t, (row, _)) in rows.filter(|(_, (_, taken))| **taken <= floor) {
        let (scores, k) = (batch.row(t), batch.k(t));
        for slot in row[..k].iter_mut().filter(|e| !takes(batch, scores, prices, **e)) {
            *slot = Assignment::EMPTY;
        }
    }
    slots
}

/// The choices as a table that may break capacities.
///
/// # Panics
/// As [`slots`].
#[must_use]
pub fn table(batch: Batch<'_>, selection: &Selection, prices: &[f32]) -> Assignment {
    Assignment::from_slots(batch.demand().k(), slots(batch, selection, prices))
}

/// The experts of any table, `tokens × k`, that tokens may take under prices, whatever it was chosen by.
///
/// # Panics
/// If the table is of other tokens.
#[must_use]
pub fn allowed(batch: Batch<'_>, experts: &[u32], prices: &[f32]) -> Assignment {
    let k = batch.demand().k();
    let mut slots = experts.to_vec();
    for (t, row) in slots.chunks_exact_mut(k).enumerate() {
        let (scores, own) = (batch.row(t), batch.k(t));
        for (i, slot) in row.iter_mut().enumerate() {
            if i >= own || !takes(batch, scores, prices, *slot) {
                *slot = Assignment::EMPTY;
            }
        }
    }
    Assignment::from_slots(k, slots)
}

/// How many tokens take each expert: the loads of [`table`].
///
/// # Panics
/// As [`slots`].
#[must_use]
pub fn loads(batch: Batch<'_>, selection: &Selection, prices: &[f32]) -> Vec<u32> {
    let (k, floor) = (batch.demand().k(), batch.floor());
    let of_block = |(block, rows): (usize, &[u32])| {
        let mut loads = vec![0; batch.experts()];
        for (t, row) in (block * BLOCK..).zip(rows.chunks_exact(k)) {
            let row = &row[..batch.k(t)];
            if selection.taken[t] > floor {
                for &e in row {
                    loads[e as usize] += 1;
                }
            } else {
                let scores = batch.row(t);
                for &e in row.iter().filter(|e| takes(batch, scores, prices, **e)) {
                    loads[e as usize] += 1;
                }
            }
        }
        loads
    };
    let blocks = selection.experts.par_chunks(BLOCK * k).enumerate().map(of_block);
    blocks.reduce(|| vec![0; batch.experts()], add)
}

/// The sum of two lists of loads.
fn add(mut loads: Vec<u32>, more: Vec<u32>) -> Vec<u32> {
    for (load, more) in loads.iter_mut().zip(more) {
        *load += more;
    }
    loads
}

/// Whether a token with these scores takes an expert of its selection.
fn takes(batch: Batch<'_>, scores: &[f32], prices: &[f32], expert: u32) -> bool {
    let (score, price) = (scores[expert as usize], prices[expert as usize]);
    if batch.demand().is_exact() {
        // Not the difference: it can overflow.
        return score > f32::NEG_INFINITY && price < f32::INFINITY;
    }
    score > price
}

/// Refuses an `Exactly` demand that some tokens cannot meet for want of allowed experts.
///
/// # Errors
/// [`Error::Deficient`] with these tokens.
pub fn enough_allowed(instance: &Instance, selection: &Selection) -> Result<(), Error> {
    if !instance.demand().is_exact() || !instance.has_forbidden() {
        return Ok(());
    }
    let short: Vec<u32> = (0..)
        .zip(&selection.taken)
        .filter(|&(_, &taken)| taken == f32::NEG_INFINITY)
        .map(|(t, _)| t)
        .collect();
    // A reduced score can also be -∞ because a price overflowed: then there is nothing to prove.
    match Deficiency::crowded(instance, short, Vec::new()) {
        Some(deficiency) => Err(Error::Deficient(Box::new(deficiency))),
        None => Ok(()),
    }
}

/// The mean margin between the last expert taken and the first left, over tokens that have both; 1
/// where there is none.
#[must_use]
pub fn mean_margin(selection: &Selection) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (taken, left) in selection.taken.iter().zip(&selection.left) {
        let margin = f64::from(*taken) - f64::from(*left);
        if margin.is_finite() {
            (sum, count) = (sum + margin, count + 1.0);
        }
    }
    let mean = (sum / f64::max(count, 1.0)) as f32;
    if mean.is_normal() { f64::from(mean) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_core::Demand;

    proptest! {
        /// The way past tokens that take all is no other way.
        #[test]
        fn slots_and_loads_are_those_of_the_rule(
            cells in prop::collection::vec(
                prop_oneof![4 => -1.0f32..1.0, 1 => Just(f32::NEG_INFINITY), 1 => Just(0.25)],
                35,
            ),
            prices in prop::collection::vec(
                prop_oneof![6 => 0.0f32..1.0, 2 => Just(0.25), 1 => Just(f32::INFINITY)],
                5,
            ),
            k in 1u32..=5,
            exact: bool,
        ) {
            let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let batch = Batch::new(&cells, 5, demand);
            let mut selection = Selection::default();
            selection.fill(&cells, &prices, k as usize);
            let mut want = selection.experts.clone();
            let mut loads = vec![0; 5];
            for (t, row) in want.chunks_exact_mut(k as usize).enumerate() {
                for slot in row {
                    let e = *slot as usize;
                    let (score, price) = (cells[t * 5 + e], prices[e]);
                    let open = score > f32::NEG_INFINITY && price < f32::INFINITY;
                    if open && (exact || score > price) {
                        loads[e] += 1;
                    } else {
                        *slot = Assignment::EMPTY;
                    }
                }
            }
            let all = allowed(batch, &selection.experts, &prices);
            prop_assert_eq!(all, Assignment::from_slots(k as usize, want.clone()));
            prop_assert_eq!(slots(batch, &selection, &prices), want);
            prop_assert_eq!(super::loads(batch, &selection, &prices), loads);
        }
    }
}
