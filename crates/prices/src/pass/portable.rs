//! The pass in plain Rust: the twin that the vector paths are tested against.

use std::cmp::Ordering;

use spinroute_core::Assignment;

use super::block::{Block, LISTED, Lists, Look, Slots};

/// Above this many a row is partitioned and sorted instead of kept by insertion.
const INSERTION: usize = 32;

/// Selects from each row; see [`crate::Selection::fill`].
pub(crate) fn select(rows: &[f32], prices: &[f32], slots: Slots<'_>, mut out: Block<'_>) {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(prices.len().max(slots.width + 2));
    for (t, row) in rows.chunks_exact(prices.len()).enumerate() {
        let k = slots.of(t);
        if k == 0 {
            out.nothing(t, slots);
            continue;
        }
        let reduced = row.iter().zip(prices).map(|(s, p)| s - p).zip(0..);
        best.clear();
        if k < INSERTION {
            reduced.for_each(|pair| insert(&mut best, k, pair));
        } else {
            best.extend(reduced);
            if k < best.len() {
                best.select_nth_unstable_by(k, order);
                best.truncate(k + 1);
            }
            best.sort_unstable_by(order);
        }
        write(&mut out, t, (k, slots.width), &best);
    }
}

/// Selects from each list, or row; see [`crate::Candidates::fill`].
pub(crate) fn select_listed(
    rows: &[f32],
    prices: &[f32],
    slots: Slots<'_>,
    mut lists: Lists<'_>,
    mut out: Block<'_>,
) {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(LISTED + 2);
    for (t, row) in rows.chunks_exact(prices.len()).enumerate() {
        let k = slots.of(t);
        if k == 0 {
            out.nothing(t, slots);
            continue;
        }
        if lists.floor[t] < f32::INFINITY {
            let range = t * LISTED..(t + 1) * LISTED;
            let listed = lists.scores[range.clone()].iter().zip(&lists.experts[range]);
            best.clear();
            listed.for_each(|(s, &e)| insert(&mut best, k, (s - prices[e as usize], e)));
            if best[k].0 > lists.others(t) {
                write(&mut out, t, (k, slots.width), &best);
                continue;
            }
        }
        best.clear();
        let reduced = row.iter().zip(prices).map(|(s, p)| s - p).zip(0..);
        reduced.for_each(|pair| insert(&mut best, LISTED, pair));
        let floor = best[LISTED].0;
        write(&mut out, t, (k, slots.width), &best[..=k]);
        best.truncate(LISTED);
        best.sort_unstable_by_key(|pair| pair.1);
        let range = t * LISTED..(t + 1) * LISTED;
        for ((score, expert), &(_, e)) in
            lists.scores[range.clone()].iter_mut().zip(&mut lists.experts[range]).zip(&best)
        {
            (*score, *expert) = (row[e as usize], e);
        }
        lists.date(t, floor);
    }
}

/// Adds each token with such experts on its list, and their places. An expert that is worth exactly what the last one
/// taken is may be held or not: it is found on either side.
pub(super) fn near(ids: &[u32], scores: &[f32], look: Look<'_>, found: &mut Vec<(u32, u16)>) {
    let rows = ids.chunks_exact(LISTED).zip(scores.chunks_exact(LISTED));
    for (t, (ids, scores)) in rows.enumerate().filter(|(t, _)| look.margins[*t] <= look.reach) {
        let (taken, left) = (look.taken[t].max(look.floor), look.left[t].max(look.floor));
        let mut places = 0;
        for (place, (&e, &score)) in ids.iter().zip(scores).enumerate() {
            let (side, value) = (look.sides[e as usize], score - look.prices[e as usize]);
            let leaves = side > 0.0 && value >= taken && value - left <= look.reach;
            let comes = side < 0.0 && value <= taken && taken - value <= look.reach;
            places |= u16::from(leaves || comes) << place;
        }
        if places != 0 {
            found.push((t as u32, places));
        }
    }
}

/// Keeps the `k + 1` best pairs seen so far in order; pairs come by ascending expert.
pub(crate) fn insert(best: &mut Vec<(f32, u32)>, k: usize, pair: (f32, u32)) {
    if best.len() > k && pair.0 <= best[k].0 {
        return;
    }
    let place = best.partition_point(|other| other.0 >= pair.0);
    best.insert(place, pair);
    best.truncate(k + 1);
}

/// Writes the row's `k` best of `width` and the next one.
pub(crate) fn write(
    out: &mut Block<'_>,
    t: usize,
    (k, width): (usize, usize),
    best: &[(f32, u32)],
) {
    let mut taken = [(0, 0.0); INSERTION];
    let mut more = Vec::new();
    let taken = if k <= INSERTION {
        &mut taken[..k]
    } else {
        more.resize(k, (0, 0.0));
        &mut more[..]
    };
    for (slot, &(value, e)) in taken.iter_mut().zip(best) {
        *slot = (e, value);
    }
    taken.sort_unstable_by_key(|pair| pair.0);
    let (filled, spare) = out.experts[t * width..][..width].split_at_mut(k);
    for (expert, pair) in filled.iter_mut().zip(&*taken) {
        *expert = pair.0;
    }
    spare.fill(Assignment::EMPTY);
    out.worth[t] = sum(taken.iter().map(|pair| pair.1));
    (out.taken[t], out.last[t]) = best[k - 1];
    (out.left[t], out.next[t]) = best.get(k).copied().unwrap_or((f32::NEG_INFINITY, u32::MAX));
}

/// The sum that a vector path gets by halving: lanes 8 apart first, then 4, 2 and 1.
pub(crate) fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0f32; 16];
    for (i, value) in values.enumerate() {
        lanes[i % 16] += value;
    }
    for gap in [8, 4, 2, 1] {
        for lane in 0..gap {
            lanes[lane] += lanes[lane + gap];
        }
    }
    lanes[0]
}

/// Larger values first, equal values by lower expert. Scores hold no NaN.
fn order(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1))
}
