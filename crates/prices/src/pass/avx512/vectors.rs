//! What the stages of the pass share: a token's row, and operations on vectors of sixteen lanes.

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _CMP_EQ_OQ, _CMP_GE_OQ, _CMP_GT_OQ, _mm512_add_epi32,
    _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_cvtss_f32, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_blend_ps, _mm512_mask_storeu_epi32, _mm512_mask_sub_ps,
    _mm512_maskz_compress_epi32, _mm512_maskz_compress_ps, _mm512_maskz_loadu_ps, _mm512_max_ps,
    _mm512_min_ps, _mm512_permute_ps, _mm512_permutexvar_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setr_epi32, _mm512_shuffle_f32x4, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_ps,
};

use spinroute_core::Assignment;

use crate::pass::block::{Block, Slots};

pub(super) const LANES: usize = 16;

/// Tokens a batch, at most; fewer where rows are long, so that a batch stays in the first cache.
const BATCH: usize = 16;

/// The lanes of a vector of `LANES` that start at `start` and lie before `end`.
pub(super) fn lanes(start: usize, end: usize) -> __mmask16 {
    if start + LANES <= end { u16::MAX } else { (1u16 << (end - start)) - 1 }
}

/// What one token passes from stage to stage.
pub(super) struct Row {
    /// Reduced scores, padded with `-∞` to whole vectors.
    pub(super) reduced: Vec<f32>,
    /// The candidates' values and experts, with a vector of room behind the last.
    pub(super) values: Vec<f32>,
    pub(super) ids: Vec<u32>,
    pub(super) found: usize,
    /// All candidates are worth at least this, all others less.
    pub(super) bound: f32,
}

impl Row {
    fn new(experts: usize) -> Self {
        let width = experts.next_multiple_of(LANES);
        let (reduced, values) = (vec![0.0; width], vec![0.0; width + LANES]);
        Self { reduced, values, ids: vec![0; width + LANES], found: 0, bound: 0.0 }
    }
}

/// Room for a batch of tokens.
pub(super) fn work(experts: usize) -> Vec<Row> {
    (0..(4096 / experts).clamp(1, BATCH)).map(|_| Row::new(experts)).collect()
}

/// Writes `scores − prices` to `reduced` (padded with `-∞`); returns the maximum of each lane.
#[target_feature(enable = "avx512f")]
pub(super) fn reduce(scores: &[f32], prices: &[f32], reduced: &mut [f32]) -> __m512 {
    let experts = scores.len();
    assert!(prices.len() == experts && reduced.len() == experts.next_multiple_of(LANES));
    let lowest = _mm512_set1_ps(f32::NEG_INFINITY);
    let (mut even, mut odd) = (lowest, lowest);
    let whole = experts / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        // SAFETY: a whole vector from `start` lies within all three slices.
        unsafe {
            let score = _mm512_loadu_ps(scores.as_ptr().add(start));
            let value = _mm512_sub_ps(score, _mm512_loadu_ps(prices.as_ptr().add(start)));
            _mm512_storeu_ps(reduced.as_mut_ptr().add(start), value);
            (even, odd) = (odd, _mm512_max_ps(even, value));
        }
    }
    if whole < experts {
        let mask = lanes(whole, experts);
        // SAFETY: the masked loads touch only lanes before the end of `scores` and `prices`;
        // `reduced` is padded to a whole vector.
        unsafe {
            let score = _mm512_maskz_loadu_ps(mask, scores.as_ptr().add(whole));
            let price = _mm512_maskz_loadu_ps(mask, prices.as_ptr().add(whole));
            let value = _mm512_mask_sub_ps(lowest, mask, score, price);
            _mm512_storeu_ps(reduced.as_mut_ptr().add(whole), value);
            even = _mm512_max_ps(even, value);
        }
    }
    _mm512_max_ps(even, odd)
}

/// The first vector of `values`.
#[target_feature(enable = "avx512f")]
pub(super) fn load(values: &[f32]) -> __m512 {
    assert!(values.len() >= LANES);
    // SAFETY: a whole vector lies within `values`.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

/// Sorts the lanes, ascending, by a bitonic network.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn sort(lanes: __m512) -> __m512 {
    let mut sorted = exchange::<2, 1>(lanes);
    sorted = exchange::<4, 1>(exchange::<4, 2>(sorted));
    sorted = exchange::<8, 1>(exchange::<8, 2>(exchange::<8, 4>(sorted)));
    sorted = exchange::<16, 4>(exchange::<16, 8>(sorted));
    exchange::<16, 1>(exchange::<16, 2>(sorted))
}

/// One step of the network: each lane meets the lane `GAP` away, in runs of `SIZE`.
#[inline]
#[target_feature(enable = "avx512f")]
fn exchange<const SIZE: usize, const GAP: usize>(values: __m512) -> __m512 {
    const fn partners(gap: usize) -> [i32; LANES] {
        let mut partner = [0; LANES];
        let mut lane = 0;
        while lane < LANES {
            partner[lane] = (lane ^ gap) as i32;
            lane += 1;
        }
        partner
    }
    const fn larger(size: usize, gap: usize) -> u16 {
        let (mut mask, mut lane) = (0u16, 0);
        while lane < LANES {
            mask |= (((lane & size == 0) == (lane & gap != 0)) as u16) << lane;
            lane += 1;
        }
        mask
    }
    let partner = const { partners(GAP) };
    // SAFETY: `partner` is a whole vector.
    let index = unsafe { _mm512_loadu_si512(partner.as_ptr().cast()) };
    let other = _mm512_permutexvar_ps(index, values);
    let (low, high) = (_mm512_min_ps(values, other), _mm512_max_ps(values, other));
    _mm512_mask_blend_ps(const { larger(SIZE, GAP) }, low, high)
}

/// Lane `lane` of `values`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn lane(values: __m512, lane: usize) -> f32 {
    _mm512_cvtss_f32(_mm512_permutexvar_ps(_mm512_set1_epi32(lane as i32), values))
}

/// The `n`-th largest lane, `n` from 0.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn nth_largest(values: __m512, n: usize) -> f32 {
    lane(sort(values), LANES - 1 - n)
}

/// Gathers the values not below `bound` with their experts, in ascending order of expert.
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn collect(row: &mut Row, experts: usize, bound: f32) -> usize {
    let Row { reduced, values, ids, .. } = row;
    assert!(values.len() >= reduced.len() + LANES && ids.len() >= reduced.len() + LANES);
    let (bound, step) = (_mm512_set1_ps(bound), _mm512_set1_epi32(LANES as i32));
    let mut id = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let mut found = 0;
    for start in (0..reduced.len()).step_by(LANES) {
        // SAFETY: `reduced` is whole vectors; `found ≤ start`, so both stores end within the
        // `reduced.len() + LANES` elements asserted above.
        unsafe {
            let value = _mm512_loadu_ps(reduced.as_ptr().add(start));
            let hit = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(value, bound) & lanes(start, experts);
            let packed = _mm512_maskz_compress_ps(hit, value);
            _mm512_storeu_ps(values.as_mut_ptr().add(found), packed);
            let packed: __m512i = _mm512_maskz_compress_epi32(hit, id);
            _mm512_storeu_si512(ids.as_mut_ptr().add(found).cast(), packed);
            found += hit.count_ones() as usize;
        }
        id = _mm512_add_epi32(id, step);
    }
    found
}

/// Writes both sides of the lanes `there` of `values`, whose experts are `ids`, ascending.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn divide(
    values: __m512,
    sorted: __m512,
    there: u16,
    ids: &[u32],
    slots: Slots<'_>,
    t: usize,
    out: &mut Block<'_>,
) {
    assert!(ids.len() >= LANES);
    let k = slots.of(t);
    let (taken, left) = (lane(sorted, LANES - k), lane(sorted, LANES - 1 - k));
    let above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(values, _mm512_set1_ps(taken)) & there;
    let level = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(values, _mm512_set1_ps(taken)) & there;
    let mut last = lowest_bit(level);
    let mut inside = above | last;
    // Equal values by lower expert: only where a tie crosses the split does this loop run.
    while (inside.count_ones() as usize) < k {
        last = lowest_bit(level & !inside);
        inside |= last;
    }
    let next = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(values, _mm512_set1_ps(left)) & there & !inside;
    let (row_out, spare) = out.experts[t * slots.width..][..slots.width].split_at_mut(k);
    if !spare.is_empty() {
        spare.fill(Assignment::EMPTY);
    }
    let chosen = _mm512_maskz_compress_ps(inside, values);
    // SAFETY: `ids` holds a whole vector; the mask has k lanes, and `row_out` room for k.
    unsafe {
        let ids = _mm512_loadu_si512(ids.as_ptr().cast());
        let packed = _mm512_maskz_compress_epi32(inside, ids);
        _mm512_mask_storeu_epi32(row_out.as_mut_ptr().cast(), lanes(0, k), packed);
    }
    out.worth[t] = sum(chosen);
    let id = |bit: u16| ids[bit.trailing_zeros() as usize & (LANES - 1)];
    (out.taken[t], out.last[t]) = (taken, id(last));
    (out.left[t], out.next[t]) =
        if next == 0 { (f32::NEG_INFINITY, u32::MAX) } else { (left, id(next)) };
}

/// The sum of the lanes, as [`portable::sum`] adds them.
#[inline]
#[target_feature(enable = "avx512f")]
fn sum(values: __m512) -> f32 {
    let halves = _mm512_add_ps(values, _mm512_shuffle_f32x4::<0b01_00_11_10>(values, values));
    let quarters = _mm512_add_ps(halves, _mm512_shuffle_f32x4::<0b10_11_00_01>(halves, halves));
    let pairs = _mm512_add_ps(quarters, _mm512_permute_ps::<0b01_00_11_10>(quarters));
    _mm512_cvtss_f32(_mm512_add_ps(pairs, _mm512_permute_ps::<0b10_11_00_01>(pairs)))
}

/// The lowest bit set.
pub(super) fn lowest_bit(mask: u16) -> u16 {
    mask & mask.wrapping_neg()
}
