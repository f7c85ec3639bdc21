//! A look at the lists; see [`crate::pass::portable::near`].

use std::arch::x86_64::{
    _CMP_GE_OQ, _CMP_GT_OQ, _CMP_LE_OQ, _CMP_LT_OQ, _mm512_cmp_ps_mask, _mm512_i32gather_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_ps,
};

use super::vectors::LANES;
use crate::pass::block::{LISTED, Look};

/// As the portable way.
pub(crate) fn near(ids: &[u32], scores: &[f32], look: Look<'_>, found: &mut Vec<(u32, u16)>) {
    // SAFETY: this path is only chosen where `available` holds.
    unsafe { look_at(ids, scores, look, found) }
}

#[target_feature(enable = "avx512f,popcnt")]
fn look_at(ids: &[u32], scores: &[f32], look: Look<'_>, found: &mut Vec<(u32, u16)>) {
    const { assert!(LISTED == LANES) };
    assert!(look.prices.len() == look.sides.len() && ids.len() == scores.len());
    debug_assert!(ids.iter().all(|&e| (e as usize) < look.prices.len()));
    let (zero, reach) = (_mm512_setzero_ps(), _mm512_set1_ps(look.reach));
    let rows = ids.chunks_exact(LANES).zip(scores.chunks_exact(LANES));
    for (t, (ids, scores)) in rows.enumerate().filter(|(t, _)| look.margins[*t] <= look.reach) {
        let taken = _mm512_set1_ps(look.taken[t].max(look.floor));
        let left = _mm512_set1_ps(look.left[t].max(look.floor));
        // SAFETY: both chunks are whole vectors; every expert on a list is one of `prices` and of `sides`.
        let (side, value) = unsafe {
            let index = _mm512_loadu_si512(ids.as_ptr().cast());
            let price = _mm512_i32gather_ps::<4>(index, look.prices.as_ptr());
            let side = _mm512_i32gather_ps::<4>(index, look.sides.as_ptr());
            (side, _mm512_sub_ps(_mm512_loadu_ps(scores.as_ptr()), price))
        };
        let leaves = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(side, zero)
            & _mm512_cmp_ps_mask::<_CMP_GE_OQ>(value, taken)
            & _mm512_cmp_ps_mask::<_CMP_LE_OQ>(_mm512_sub_ps(value, left), reach);
        let comes = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(side, zero)
            & _mm512_cmp_ps_mask::<_CMP_LE_OQ>(value, taken)
            & _mm512_cmp_ps_mask::<_CMP_LE_OQ>(_mm512_sub_ps(taken, value), reach);
        if leaves | comes != 0 {
            found.push((t as u32, leaves | comes));
        }
    }
}
