//! The pass over whole rows.

use std::arch::x86_64::_mm512_storeu_si512;

use super::shortlist::shortlist;
use super::vectors::{LANES, collect, divide, lanes, load, nth_largest, reduce, sort, work};
use crate::pass::block::{Block, Slots};
use crate::pass::portable;

/// Selects from each row; see [`crate::Selection::fill`].
pub(crate) fn select(rows: &[f32], prices: &[f32], slots: Slots<'_>, out: Block<'_>) {
    if slots.width < LANES {
        // SAFETY: this path is only chosen where `available` holds.
        unsafe { select_few(rows, prices, slots, out) }
    } else {
        portable::select(rows, prices, slots, out);
    }
}

#[target_feature(enable = "avx512f,popcnt")]
fn select_few(rows: &[f32], prices: &[f32], slots: Slots<'_>, mut out: Block<'_>) {
    let experts = prices.len();
    let mut work = work(experts);
    let batch = work.len();
    for (b, rows) in rows.chunks(batch * experts).enumerate() {
        let rows = rows.chunks_exact(experts);
        let work = &mut work[..rows.len()];
        for (t, (row, scores)) in (b * batch..).zip(work.iter_mut().zip(rows)) {
            row.bound = nth_largest(reduce(scores, prices, &mut row.reduced), slots.of(t));
        }
        for (t, row) in (b * batch..).zip(work.iter_mut()) {
            let k = slots.of(t);
            row.found = collect(row, experts, row.bound);
            if row.found > LANES {
                row.bound = nth_largest(load(&row.values), k);
                row.found = collect(row, experts, row.bound);
            }
        }
        for (t, row) in (b * batch..).zip(work.iter()) {
            if slots.of(t) == 0 {
                out.nothing(t, slots);
                continue;
            }
            let list = shortlist(row);
            let mut ids = [0; LANES];
            // SAFETY: `ids` is a whole vector.
            unsafe { _mm512_storeu_si512(ids.as_mut_ptr().cast(), list.ids) };
            divide(list.values, sort(list.values), lanes(0, list.found), &ids, slots, t, &mut out);
        }
    }
}
