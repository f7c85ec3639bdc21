//! The objective from its definition, without rounding.

use spinroute_core::{Assignment, Instance};

use crate::exact_sum::{ExactSum, Unit, WIDE};

/// What `loads`, one an expert, make of every expert and group: the loads of both.
pub(crate) fn node_loads(instance: &Instance, loads: &[u32]) -> Vec<u32> {
    let mut all = vec![0; instance.nodes()];
    for (e, &load) in loads.iter().enumerate() {
        let mut node = Some(e);
        while let Some(here) = node {
            all[here] += load;
            node = instance.parent(here);
        }
    }
    all
}

/// What the loads of all experts and groups cost, in units of `2^low`: each unit beyond a capacity its cost,
/// less the gain of each rewarded one.
pub(crate) fn cost<const W: usize>(instance: &Instance, nodes: &[u32], low: i32) -> ExactSum<W> {
    let mut total = ExactSum::ZERO;
    for (node, &load) in nodes.iter().enumerate() {
        let limits = instance.limits(node);
        let over = load.saturating_sub(limits.capacity);
        let rewarded = load.min(limits.reward.up_to).min(limits.capacity);
        if over > 0 {
            total = total + ExactSum::of(limits.overflow.cost, low).times(over);
        }
        if rewarded > 0 {
            total = total - ExactSum::of(limits.reward.gain, low).times(rewarded);
        }
    }
    total
}

/// The objective of an assignment that takes allowed pairs only, in units of `2^low`.
pub(crate) fn objective<const W: usize>(
    instance: &Instance,
    assignment: &Assignment,
    low: i32,
) -> ExactSum<W> {
    let (mut total, mut loads) = (ExactSum::ZERO, vec![0; instance.experts()]);
    for t in 0..assignment.tokens() {
        for &e in assignment.experts(t) {
            total = total + ExactSum::of(instance.score(t, e as usize), low);
            loads[e as usize] += 1;
        }
    }
    total - cost(instance, &node_loads(instance, &loads), low)
}

/// The objective of `better` minus that of `worse`, rounded once; both must be of `instance` and
/// take allowed pairs only.
pub(crate) fn lead(instance: &Instance, better: &Assignment, worse: &Assignment) -> f64 {
    let low = Unit::of(instance).low;
    let total = |assignment| objective::<WIDE>(instance, assignment, low);
    (total(better) - total(worse)).value(low)
}
