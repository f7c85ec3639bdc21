//! The pass in plain Rust: the twin that the vector paths are tested against.

use std::cmp::Ordering;

use crate::selection::Block;

/// Above this many a row is partitioned and sorted instead of kept by insertion.
const INSERTION: usize = 32;

/// Selects from each row; see [`crate::Selection::fill`].
pub(crate) fn select(rows: &[f32], prices: &[f32], k: usize, mut out: Block<'_>) {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(prices.len().max(k + 2));
    for (t, row) in rows.chunks_exact(prices.len()).enumerate() {
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
        write(&mut out, t, k, &best);
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

/// Writes the row's `k` best and the next one.
pub(crate) fn write(out: &mut Block<'_>, t: usize, k: usize, best: &[(f32, u32)]) {
    let row = &mut out.experts[t * k..][..k];
    for (expert, &(_, e)) in row.iter_mut().zip(best) {
        *expert = e;
    }
    row.sort_unstable();
    (out.taken[t], out.last[t]) = best[k - 1];
    (out.left[t], out.next[t]) = best.get(k).copied().unwrap_or((f32::NEG_INFINITY, u32::MAX));
}

/// Larger values first, equal values by lower expert. Scores hold no NaN.
fn order(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.partial_cmp(&a.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1))
}
