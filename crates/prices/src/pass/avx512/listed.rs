//! The pass over lists of candidates; see [`crate::Candidates::fill`].
//!
//! A list is one vector: its scores, less the prices gathered for its experts, are sorted and
//! split as the candidates of a row are. Tokens whose list does not decide wait until the end of
//! their batch, then take the way of a whole row, with a lower bound so that a list is filled.

use std::arch::x86_64::{
    _mm512_i32gather_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_i32gather_ps,
    _mm512_set1_ps, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_ps,
};

use super::shortlist::{List, shortlist};
use super::vectors::{LANES, collect, divide, lane, lanes, load, nth_largest, reduce, sort, work};
use crate::pass::block::{Block, LISTED, Lists, Slots};

/// Rank among sixteen lane maxima whose value bounds a list from below, at least: about thirteen
/// experts of a row pass.
const RANK: usize = 8;

/// Selects from each list, or row.
pub(crate) fn select_listed(
    rows: &[f32],
    prices: &[f32],
    slots: Slots<'_>,
    lists: Lists<'_>,
    out: Block<'_>,
) {
    // SAFETY: this path is only chosen where `available` holds.
    unsafe { select(rows, prices, slots, lists, out) }
}

#[target_feature(enable = "avx512f,popcnt")]
fn select(
    rows: &[f32],
    prices: &[f32],
    slots: Slots<'_>,
    mut lists: Lists<'_>,
    mut out: Block<'_>,
) {
    let mut undecided = Vec::new();
    by_lists(&lists, prices, slots, &mut out, &mut undecided);
    if !undecided.is_empty() {
        by_rows(rows, prices, slots, &mut lists, &mut out, &undecided);
    }
}

/// Selects from the lists; notes the tokens whose list does not decide.
#[inline(never)] // alone in its loop, the masks of the sort stay in registers: 1.5 times faster
#[target_feature(enable = "avx512f,popcnt")]
fn by_lists(
    lists: &Lists<'_>,
    prices: &[f32],
    slots: Slots<'_>,
    out: &mut Block<'_>,
    undecided: &mut Vec<usize>,
) {
    for t in 0..lists.floor.len() {
        if slots.of(t) == 0 {
            out.nothing(t, slots);
        } else if lists.floor[t] == f32::INFINITY || !by_list(lists, prices, slots, t, out) {
            undecided.push(t);
        }
    }
}

/// Selects from whole rows, and lists their best.
#[inline(never)]
#[target_feature(enable = "avx512f,popcnt")]
fn by_rows(
    rows: &[f32],
    prices: &[f32],
    slots: Slots<'_>,
    lists: &mut Lists<'_>,
    out: &mut Block<'_>,
    tokens: &[usize],
) {
    let experts = prices.len();
    let rank = RANK.max(slots.width + 1);
    let scores = |t: usize| &rows[t * experts..][..experts];
    let mut work = work(experts);
    let batch = work.len();
    for tokens in tokens.chunks(batch) {
        let work = &mut work[..tokens.len()];
        for (row, &t) in work.iter_mut().zip(tokens) {
            row.bound = nth_largest(reduce(scores(t), prices, &mut row.reduced), rank);
        }
        for row in work.iter_mut() {
            row.found = collect(row, experts, row.bound);
        }
        for (row, &t) in work.iter_mut().zip(tokens) {
            if row.found > 2 * LANES {
                row.bound = nth_largest(load(&row.values), rank);
                row.found = collect(row, experts, row.bound);
            }
            let list = shortlist(row);
            enter(&list, scores(t), t, lists);
            let ids = &lists.experts[t * LISTED..][..LISTED];
            divide(list.values, sort(list.values), lanes(0, list.found), ids, slots, t, out);
        }
    }
}

/// Selects for `t` from its list; false if that does not decide.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn by_list(
    lists: &Lists<'_>,
    prices: &[f32],
    slots: Slots<'_>,
    t: usize,
    out: &mut Block<'_>,
) -> bool {
    const { assert!(LISTED == LANES) };
    let range = t * LISTED..(t + 1) * LISTED;
    let (scores, ids) = (&lists.scores[range.clone()], &lists.experts[range]);
    assert!(scores.len() == LANES && ids.len() == LANES);
    debug_assert!(ids.iter().all(|&e| (e as usize) < prices.len()));
    // SAFETY: both are whole vectors; every expert on a list is one of `prices`.
    let values = unsafe {
        let index = _mm512_loadu_si512(ids.as_ptr().cast());
        let price = _mm512_i32gather_ps::<4>(index, prices.as_ptr());
        _mm512_sub_ps(_mm512_loadu_ps(scores.as_ptr()), price)
    };
    let sorted = sort(values);
    let decided = lane(sorted, LANES - 1 - slots.of(t)) > lists.others(t);
    if decided {
        divide(values, sorted, u16::MAX, ids, slots, t, out);
    }
    decided
}

/// Makes `list` the list of `t`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn enter(list: &List, scores: &[f32], t: usize, lists: &mut Lists<'_>) {
    let range = t * LISTED..(t + 1) * LISTED;
    let (listed, ids) = (&mut lists.scores[range.clone()], &mut lists.experts[range]);
    assert!(listed.len() == LANES && ids.len() == LANES);
    let (lowest, there) = (_mm512_set1_ps(f32::NEG_INFINITY), lanes(0, list.found));
    // SAFETY: the experts found are indices of `scores`, and the others are not looked at; both
    // parts of the lists hold a whole vector.
    unsafe {
        let score = _mm512_mask_i32gather_ps::<4>(lowest, there, list.ids, scores.as_ptr().cast());
        _mm512_storeu_ps(listed.as_mut_ptr(), score);
        _mm512_storeu_si512(ids.as_mut_ptr().cast(), list.ids);
    }
    lists.date(t, list.bound);
}
