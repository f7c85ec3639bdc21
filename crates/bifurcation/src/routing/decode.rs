//! From keys to choices: the k best keys of every token.

use spinroute_core::{Assignment, Instance};
use spinroute_select::Selection;

/// The experts of a selection as choices: forbidden pairs are left out, under `AtMost` also pairs whose
/// score does not exceed the price.
pub(super) fn choices(instance: &Instance, selection: &Selection, prices: &[f32]) -> Assignment {
    let (k, exact) = (instance.demand().k(), instance.demand().is_exact());
    let mut slots = selection.experts.clone();
    if !exact || instance.has_forbidden() {
        for (t, row) in slots.chunks_exact_mut(k).enumerate() {
            let scores = instance.scores(t);
            for slot in row {
                let floor = if exact { f32::NEG_INFINITY } else { prices[*slot as usize] };
                if scores[*slot as usize] <= floor {
                    *slot = Assignment::EMPTY;
                }
            }
        }
    }
    Assignment::from_slots(k, slots)
}

/// How many tokens take each expert: the loads of [`choices`].
pub(super) fn loads(instance: &Instance, selection: &Selection, prices: &[f32]) -> Vec<f64> {
    let (k, exact) = (instance.demand().k(), instance.demand().is_exact());
    let mut loads = vec![0u32; instance.experts()];
    if exact && !instance.has_forbidden() {
        selection.experts.iter().for_each(|&e| loads[e as usize] += 1);
    } else {
        for (t, row) in selection.experts.chunks_exact(k).enumerate() {
            let scores = instance.scores(t);
            for &e in row {
                let floor = if exact { f32::NEG_INFINITY } else { prices[e as usize] };
                loads[e as usize] += u32::from(scores[e as usize] > floor);
            }
        }
    }
    loads.into_iter().map(f64::from).collect()
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
