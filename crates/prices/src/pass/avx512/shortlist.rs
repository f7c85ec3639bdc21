//! The best sixteen of the candidates of a row, ties included.

use std::arch::x86_64::{
    __m512, __m512i, _CMP_EQ_OQ, _CMP_GT_OQ, _mm512_cmp_ps_mask, _mm512_loadu_si512,
    _mm512_mask_expand_epi32, _mm512_mask_expand_ps, _mm512_mask_loadu_ps,
    _mm512_maskz_compress_epi32, _mm512_maskz_compress_ps, _mm512_maskz_mov_epi32, _mm512_max_ps,
    _mm512_permutexvar_ps, _mm512_set1_ps, _mm512_setr_epi32,
};

use super::vectors::{LANES, Row, lane, lanes, lowest_bit, sort};

/// Reduced scores and experts of a list to be, in ascending order of expert.
pub(super) struct List {
    pub(super) values: __m512,
    pub(super) ids: __m512i,
    pub(super) found: usize,
    /// No other expert is worth more.
    pub(super) bound: f32,
}

/// The best sixteen of what was gathered, of equal ones the lower experts; or all of it.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn shortlist(row: &Row) -> List {
    let lowest = _mm512_set1_ps(f32::NEG_INFINITY);
    let (low, low_ids) = gathered(row, 0);
    if row.found <= LANES {
        return List { values: low, ids: low_ids, found: row.found, bound: row.bound };
    }
    // The larger halves of two sorted vectors, one of them reversed, are the best of both.
    let reverse = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    let mut best = sort(low);
    for start in (LANES..row.found).step_by(LANES) {
        let next = _mm512_permutexvar_ps(reverse, sort(gathered(row, start).0));
        best = sort(_mm512_max_ps(best, next));
    }
    let bound = lane(best, 0);
    let at = _mm512_set1_ps(bound);
    let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(best, at).count_ones() as usize;
    let (mut ties, mut found) = (LANES - above, 0);
    let (mut values, mut ids) = (lowest, low_ids);
    for start in (0..row.found).step_by(LANES) {
        let (value, id) = gathered(row, start);
        let mut hit = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(value, at);
        let mut level = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(value, at) & here(row, start);
        while ties > 0 && level != 0 {
            hit |= lowest_bit(level);
            level &= level - 1;
            ties -= 1;
        }
        let more = hit.count_ones() as usize;
        let place = lanes(0, found + more) & !lanes(0, found);
        values = _mm512_mask_expand_ps(values, place, _mm512_maskz_compress_ps(hit, value));
        ids = _mm512_mask_expand_epi32(ids, place, _mm512_maskz_compress_epi32(hit, id));
        found += more;
    }
    List { values, ids, found, bound }
}

/// The lanes of what was gathered from place `start` on that hold something.
#[inline]
fn here(row: &Row, start: usize) -> u16 {
    lanes(start, row.found.max(start + 1))
}

/// A vector of what was gathered from place `start` on, `-∞` and expert 0 behind its end.
#[inline]
#[target_feature(enable = "avx512f")]
fn gathered(row: &Row, start: usize) -> (__m512, __m512i) {
    assert!(row.values.len() >= start + LANES && row.ids.len() >= start + LANES);
    let (lowest, there) = (_mm512_set1_ps(f32::NEG_INFINITY), here(row, start));
    // SAFETY: a whole vector from `start` lies within both buffers.
    unsafe {
        let ids = _mm512_loadu_si512(row.ids.as_ptr().add(start).cast());
        (
            _mm512_mask_loadu_ps(lowest, there, row.values.as_ptr().add(start)),
            _mm512_maskz_mov_epi32(there, ids),
        )
    }
}
