//! The pass over lists of candidates; see [`crate::Candidates::fill`].
//!
//! A list is one vector: its scores, less the prices gathered for its experts, are sorted and
//! split as the candidates of a row are. Tokens whose list does not decide wait until the end of
//! their batch, then take the way of a whole row, with a lower bound so that a list is filled.

use std::arch::x86_64::{
    __m512, __m512i, _CMP_GE_OQ, _mm512_cmp_ps_mask, _mm512_i32gather_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mask_expand_epi32, _mm512_mask_expand_ps, _mm512_mask_i32gather_ps,
    _mm512_mask_loadu_ps, _mm512_mask_mov_ps, _mm512_maskz_compress_epi32,
    _mm512_maskz_compress_ps, _mm512_maskz_mov_epi32, _mm512_max_ps, _mm512_permutexvar_ps,
    _mm512_set1_ps, _mm512_setr_epi32, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_ps,
};

use super::work;
use super::{BATCH, LANES, Row, collect, divide, lane, lanes, load, nth_largest, reduce, sort};
use crate::candidates::{LISTED, Lists};
use crate::portable;
use crate::selection::Block;

/// Rank among sixteen lane maxima whose value bounds a list from below, at least: about thirteen
/// experts of a row pass.
const RANK: usize = 8;

/// Selects from each list, or row.
pub(crate) fn select_listed(
    rows: &[f32],
    prices: &[f32],
    k: usize,
    lists: Lists<'_>,
    out: Block<'_>,
) {
    // SAFETY: this path is only chosen where `available` holds.
    unsafe { select(rows, prices, k, lists, out) }
}

#[target_feature(enable = "avx512f,popcnt")]
fn select(rows: &[f32], prices: &[f32], k: usize, mut lists: Lists<'_>, mut out: Block<'_>) {
    let experts = prices.len();
    let mut work = work(experts);
    let mut undecided = [0usize; BATCH];
    let batch = work.len();
    let tokens = rows.len() / experts;
    for start in (0..tokens).step_by(batch) {
        let mut count = 0;
        for t in start..tokens.min(start + batch) {
            if !by_list(&lists, prices, k, t, &mut out) {
                undecided[count] = t;
                count += 1;
            }
        }
        let work = &mut work[..count];
        for (row, &t) in work.iter_mut().zip(&undecided) {
            let scores = &rows[t * experts..][..experts];
            let maxima = reduce(scores, prices, &mut row.reduced);
            row.bound = nth_largest(maxima, k.max(RANK));
        }
        for row in work.iter_mut() {
            row.found = collect(row, experts, row.bound);
        }
        for (row, &t) in work.iter_mut().zip(&undecided) {
            if row.found > 2 * LANES {
                row.bound = nth_largest(load(&row.values), k.max(RANK));
                row.found = collect(row, experts, row.bound);
            }
            if let Some(list) = shortlist(row) {
                enter(&list, &rows[t * experts..][..experts], t, &mut lists);
                let ids = &lists.experts[t * LISTED..][..LISTED];
                divide(list.values, sort(list.values), lanes(0, list.found), ids, k, t, &mut out);
            } else {
                lists.floor[t] = f32::INFINITY;
                by_row(row, k, t, &mut out);
            }
        }
    }
}

/// Selects for `t` from its list; false if that does not decide.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn by_list(lists: &Lists<'_>, prices: &[f32], k: usize, t: usize, out: &mut Block<'_>) -> bool {
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
    let decided = lane(sorted, LANES - 1 - k) > lists.others(t);
    if decided {
        divide(values, sorted, u16::MAX, ids, k, t, out);
    }
    decided
}

/// Selects for `t` from what was gathered of its row.
#[cold]
fn by_row(row: &Row, k: usize, t: usize, out: &mut Block<'_>) {
    let mut best = Vec::with_capacity(k + 2);
    let pairs = row.values.iter().copied().zip(row.ids.iter().copied());
    pairs.take(row.found).for_each(|pair| portable::insert(&mut best, k, pair));
    portable::write(out, t, k, &best);
}

/// Reduced scores and experts of a list to be, in ascending order of expert.
struct List {
    values: __m512,
    ids: __m512i,
    found: usize,
    /// All other experts are worth less.
    bound: f32,
}

/// The best sixteen, or all, of what was gathered; nothing if ties leave more.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn shortlist(row: &Row) -> Option<List> {
    assert!(row.values.len() >= 2 * LANES && row.ids.len() >= 2 * LANES);
    let lowest = _mm512_set1_ps(f32::NEG_INFINITY);
    let first = lanes(0, row.found.min(LANES));
    // SAFETY: two whole vectors lie within both buffers.
    let (low, low_ids, high, high_ids) = unsafe {
        (
            _mm512_mask_loadu_ps(lowest, first, row.values.as_ptr()),
            _mm512_maskz_mov_epi32(first, _mm512_loadu_si512(row.ids.as_ptr().cast())),
            _mm512_loadu_ps(row.values.as_ptr().add(LANES)),
            _mm512_loadu_si512(row.ids.as_ptr().add(LANES).cast()),
        )
    };
    if row.found <= LANES {
        return Some(List { values: low, ids: low_ids, found: row.found, bound: row.bound });
    }
    if row.found > 2 * LANES {
        return None;
    }
    // The sixteenth of up to 32 values: the larger halves of two sorted vectors, one reversed.
    let rest = lanes(0, row.found - LANES);
    let reverse = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    let other = _mm512_mask_expand_ps(lowest, rest, high);
    let larger = _mm512_max_ps(sort(low), _mm512_permutexvar_ps(reverse, sort(other)));
    let bound = nth_largest(larger, LANES - 1);
    let at = _mm512_set1_ps(bound);
    let low_hit = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(low, at);
    let high_hit = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(other, at) & rest;
    let behind = low_hit.count_ones() as usize;
    let found = behind + high_hit.count_ones() as usize;
    if found > LANES {
        return None;
    }
    let tail = lanes(0, found) & !lanes(0, behind);
    let (packed, more) =
        (_mm512_maskz_compress_ps(low_hit, low), _mm512_maskz_compress_ps(high_hit, other));
    let (packed_ids, more_ids) = (
        _mm512_maskz_compress_epi32(low_hit, low_ids),
        _mm512_maskz_compress_epi32(high_hit, high_ids),
    );
    let values = _mm512_mask_expand_ps(packed, tail, more);
    let values = _mm512_mask_mov_ps(lowest, lanes(0, found), values);
    Some(List { values, ids: _mm512_mask_expand_epi32(packed_ids, tail, more_ids), found, bound })
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
