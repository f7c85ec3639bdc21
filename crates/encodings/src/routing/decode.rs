//! From keys to choices: the k best keys of every token.

use spinroute_core::{Assignment, Instance};
use spinroute_prices::Selection;

/// The experts of a selection as choices: forbidden pairs are left out, under `AtMost` also pairs whose
/// score does not exceed the price.
pub(super) fn choices(instance: &Instance, selection: &Selection, prices: &[f32]) -> Assignment {
    let k = instance.demand().k();
    let mut slots = selection.experts.clone();
    if may_leave(instance) {
        for (t, row) in slots.chunks_exact_mut(k).enumerate() {
            for slot in row {
                if !takes(instance, t, *slot, prices) {
                    *slot = Assignment::EMPTY;
                }
            }
        }
    }
    Assignment::from_slots(k, slots)
}

/// How many tokens take each expert: the loads of [`choices`].
pub(super) fn loads(instance: &Instance, selection: &Selection, prices: &[f32]) -> Vec<f64> {
    let k = instance.demand().k();
    let mut loads = vec![0u32; instance.experts()];
    if may_leave(instance) {
        for (t, row) in selection.experts.chunks_exact(k).enumerate() {
            for &e in row {
                loads[e as usize] += u32::from(takes(instance, t, e, prices));
            }
        }
    } else {
        selection.experts.iter().for_each(|&e| loads[e as usize] += 1);
    }
    loads.into_iter().map(f64::from).collect()
}

/// Whether a token may leave an expert of its selection.
fn may_leave(instance: &Instance) -> bool {
    !instance.demand().is_exact() || instance.has_forbidden()
}

/// Whether a token takes an expert of its selection.
fn takes(instance: &Instance, token: usize, expert: u32, prices: &[f32]) -> bool {
    let expert = expert as usize;
    let exact = instance.demand().is_exact();
    instance.scores(token)[expert] > if exact { f32::NEG_INFINITY } else { prices[expert] }
}

/// The mean margin between the last expert taken and the first left, over tokens that have both; 1
/// where there is none.
pub(super) fn mean_margin(selection: &Selection) -> f64 {
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
