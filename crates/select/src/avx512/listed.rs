//! The pass over lists of candidates; see [`crate::Candidates::fill`].
//!
//! A list is one vector: its scores, less the prices gathered for its experts, are sorted and
//! split as the candidates of a row are. Tokens whose list does not decide wait until the end of
//! their batch, then take the way of a whole row, with a lower bound so that a list is filled.

use std::arch::x86_64::{
    _CMP_GE_OQ, _mm512_cmp_ps_mask, _mm512_i32gather_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_loadu_ps, _mm512_maskz_compress_epi32, _mm512_maskz_compress_ps, _mm512_max_ps,
    _mm512_permutexvar_ps, _mm512_set1_ps, _mm512_setr_epi32, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_ps,
};

use super::{BATCH, LANES, Row, collect, divide, lane, lanes, load, nth_largest, reduce, sort};
use super::{split, work};
use crate::candidates::{LISTED, Lists};
use crate::portable;
use crate::selection::Block;

/// Rank among sixteen scores whose score bounds a list from below: beyond the largest demand,
/// and few enough that mostly no more than a vector passes.
const RANK: usize = 12;

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
            row.bound = nth_largest(reduce(scores, prices, &mut row.reduced), RANK);
        }
        for row in work.iter_mut() {
            row.found = collect(row, experts, row.bound);
        }
        for (row, &t) in work.iter_mut().zip(&undecided) {
            shorten(row, experts);
            by_row(row, k, t, &mut out);
            enter(row, &rows[t * experts..][..experts], t, &mut lists);
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
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn by_row(row: &Row, k: usize, t: usize, out: &mut Block<'_>) {
    if row.found <= LANES {
        return split(row, k, t, out);
    }
    let mut best = Vec::with_capacity(k + 2);
    let pairs = row.values.iter().copied().zip(row.ids.iter().copied());
    pairs.take(row.found).for_each(|pair| portable::insert(&mut best, k, pair));
    portable::write(out, t, k, &best);
}

/// Raises the bound until a vector holds what passes, if ties let it.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn shorten(row: &mut Row, experts: usize) {
    if row.found > 2 * LANES {
        row.bound = nth_largest(load(&row.values), RANK);
        row.found = collect(row, experts, row.bound);
    }
    if row.found <= LANES || row.found > 2 * LANES {
        return;
    }
    // The sixteenth of up to 32 values: the larger halves of two sorted vectors, one reversed.
    let (first, rest) = (u16::MAX, lanes(0, row.found - LANES));
    let lowest = _mm512_set1_ps(f32::NEG_INFINITY);
    let reverse = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    assert!(row.values.len() >= 2 * LANES && row.ids.len() >= 2 * LANES);
    // SAFETY: two whole vectors lie within both buffers, and what is stored ends within them.
    unsafe {
        let low = _mm512_loadu_ps(row.values.as_ptr());
        let high = _mm512_mask_loadu_ps(lowest, rest, row.values.as_ptr().add(LANES));
        let larger = _mm512_max_ps(sort(low), _mm512_permutexvar_ps(reverse, sort(high)));
        let bound = lane(sort(larger), 0);
        let at = _mm512_set1_ps(bound);
        let ids = (
            _mm512_loadu_si512(row.ids.as_ptr().cast()),
            _mm512_loadu_si512(row.ids.as_ptr().add(LANES).cast()),
        );
        let low_hit = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(low, at) & first;
        let high_hit = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(high, at) & rest;
        let (low_count, high_count) = (low_hit.count_ones(), high_hit.count_ones());
        if low_count + high_count > LANES as u32 {
            return;
        }
        let behind = low_count as usize;
        _mm512_storeu_ps(row.values.as_mut_ptr(), _mm512_maskz_compress_ps(low_hit, low));
        let packed = _mm512_maskz_compress_epi32(low_hit, ids.0);
        _mm512_storeu_si512(row.ids.as_mut_ptr().cast(), packed);
        let packed = _mm512_maskz_compress_ps(high_hit, high);
        _mm512_storeu_ps(row.values.as_mut_ptr().add(behind), packed);
        let packed = _mm512_maskz_compress_epi32(high_hit, ids.1);
        _mm512_storeu_si512(row.ids.as_mut_ptr().add(behind).cast(), packed);
        row.bound = bound;
        row.found = behind + high_count as usize;
    }
}

/// Makes what was gathered the list of `t`, if it fits.
fn enter(row: &Row, scores: &[f32], t: usize, lists: &mut Lists<'_>) {
    if row.found > LANES {
        lists.floor[t] = f32::INFINITY;
        return;
    }
    let range = t * LISTED..(t + 1) * LISTED;
    let (listed, ids) = (&mut lists.scores[range.clone()], &mut lists.experts[range]);
    let ids_found = &row.ids[..row.found];
    ids[..row.found].copy_from_slice(ids_found);
    ids[row.found..].fill(0);
    for (score, &e) in listed.iter_mut().zip(ids_found) {
        *score = scores[e as usize];
    }
    listed[row.found..].fill(f32::NEG_INFINITY);
    lists.date(t, row.bound);
}
