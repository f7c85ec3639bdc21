//! Each token's few best experts, kept from pass to pass while prices move a little.
//!
//! A price method makes many passes over the same scores, at prices that differ less and less.
//! A token's list holds its best experts of an earlier pass, sixteen at most, and a *floor*: at
//! the prices of that pass all other experts were worth no more. While no price has fallen by
//! more than `fall` since, they are worth no more than `floor + fall` now. If the first expert
//! left, found on the list, is above that, the list has decided; else the whole row is looked at
//! and listed anew. The outcome is always that of [`Selection::fill`], bit for bit, and a pass
//! that mostly stays on the lists reads 130 bytes a token instead of a row.

use std::ops::Range;

use rayon::prelude::*;

use super::block::{BLOCK, LISTED, Lists, Look, Slots, others};
use super::path::{ListedPath, listed_path, near_path};
use super::selection::Selection;
use crate::batch::Batch;

/// Passes after which all lists are made anew, so that their prices need not be kept for ever.
const LONGEST: usize = 256;
/// Rows too short, or demands too large, for lists to pay.
const SHORT: usize = 32;
const LARGEST_DEMAND: usize = 11;

/// The lists of a table's tokens; empty until the first pass.
///
/// ```
/// use spinroute_prices::{Candidates, Selection};
///
/// let scores: Vec<f32> = (0..40).map(|e| (e * 7 % 40) as f32).collect(); // one token, 40 experts
/// let (mut lists, mut listed, mut plain) = (Candidates::default(), Selection::default(), Selection::default());
/// for price in [0.0, 0.5, 0.25] {
///     let prices = vec![price; 40];
///     lists.fill(&mut listed, &scores, &prices, 4);
///     plain.fill(&scores, &prices, 4);
///     assert_eq!(listed, plain);
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Scores of the listed experts, `tokens × LISTED`, padded with `-∞`.
    scores: Vec<f32>,
    /// Listed experts, ascending in each list, `tokens × LISTED`.
    experts: Vec<u32>,
    /// What no other expert was worth more than; `∞` where there is no list.
    floor: Vec<f32>,
    /// The pass that made the list.
    pass: Vec<u32>,
    /// The prices of every pass that made lists.
    prices: Vec<Vec<f32>>,
}

impl Candidates {
    /// Fills `selection` as [`Selection::fill`] does, with the lists' help. All passes of one
    /// `Candidates` must be over the same `scores`.
    ///
    /// # Panics
    /// As [`Selection::fill`].
    pub fn fill(&mut self, selection: &mut Selection, scores: &[f32], prices: &[f32], k: usize) {
        if prices.len() <= SHORT || k > LARGEST_DEMAND {
            return selection.fill(scores, prices, k);
        }
        self.fill_with(listed_path(), selection, scores, prices, Slots::even(k));
    }

    /// As [`Candidates::fill`], for the demands of `batch` ([`Selection::fill_batch`]).
    ///
    /// # Panics
    /// As [`Selection::fill_batch`].
    pub fn fill_batch(&mut self, selection: &mut Selection, batch: Batch<'_>, prices: &[f32]) {
        if prices.len() <= SHORT || batch.demand().k() > LARGEST_DEMAND {
            return selection.fill_batch(batch, prices);
        }
        assert!(prices.len() == batch.experts(), "one price an expert");
        self.fill_with(listed_path(), selection, batch.scores(), prices, batch.slots());
    }

    /// Forgets what was listed, for other scores; the memory stays.
    pub fn reset(&mut self) {
        self.prices.clear();
        self.floor.fill(f32::INFINITY);
    }

    /// By how much the price that fell most has fallen since each pass that made lists, down to `prices`; none where
    /// so many tokens have no lists.
    pub(crate) fn falls(&self, tokens: usize, prices: &[f32]) -> Option<Vec<f32>> {
        if self.floor.len() != tokens || self.prices.is_empty() {
            return None;
        }
        let fall = |then: &Vec<f32>| {
            let falls = then.iter().zip(prices).map(|(then, now)| then - now);
            falls.fold(f32::NEG_INFINITY, f32::max)
        };
        Some(self.prices.iter().map(fall).collect())
    }

    /// The listed experts of token `t`, and their scores: `-∞` where the list is short.
    pub(crate) fn list(&self, t: usize) -> (&[u32], &[f32]) {
        let range = t * LISTED..(t + 1) * LISTED;
        (&self.experts[range.clone()], &self.scores[range])
    }

    /// What an expert that is not on the list of `t` is worth at most, at prices that [`falls`](Self::falls) leads to.
    pub(crate) fn others(&self, t: usize, falls: &[f32]) -> f32 {
        others(self.floor[t], self.pass[t], falls)
    }

    /// Of these `tokens`, adds each that has what is looked for on its list, counted from the first, and at which places.
    pub(crate) fn near(&self, tokens: Range<usize>, look: Look<'_>, found: &mut Vec<(u32, u16)>) {
        let range = tokens.start * LISTED..tokens.end * LISTED;
        near_path()(&self.experts[range.clone()], &self.scores[range], look, found);
    }

    fn fill_with(
        &mut self,
        path: ListedPath,
        selection: &mut Selection,
        scores: &[f32],
        prices: &[f32],
        slots: Slots<'_>,
    ) {
        let experts = prices.len();
        let tokens = selection.resize(scores, experts, slots.width);
        if self.floor.len() != tokens {
            self.reset();
            self.scores.resize(tokens * LISTED, f32::NEG_INFINITY);
            self.experts.resize(tokens * LISTED, 0);
            self.floor.resize(tokens, f32::INFINITY);
            self.pass.resize(tokens, 0);
        }
        if self.prices.len() == LONGEST {
            self.prices.clear();
            self.floor.fill(f32::INFINITY);
        }
        self.prices.push(prices.to_vec());
        let falls = self.falls(tokens, prices).unwrap_or_default();
        selection
            .blocks(slots.width)
            .zip(scores.par_chunks(BLOCK * experts))
            .zip(self.scores.par_chunks_mut(BLOCK * LISTED))
            .zip(self.experts.par_chunks_mut(BLOCK * LISTED))
            .zip(self.floor.par_chunks_mut(BLOCK))
            .zip(self.pass.par_chunks_mut(BLOCK))
            .enumerate()
            .for_each(|(i, (((((out, rows), scores), experts), floor), pass))| {
                let lists = Lists { scores, experts, floor, pass, falls: &falls };
                path(rows, prices, slots.block(i), lists, out);
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::portable;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_change_no_bit(
            (experts, k) in (33usize..90).prop_flat_map(|e| (Just(e), 1..=LARGEST_DEMAND)),
            seed in prop::collection::vec((-1.0f32..1.0, 0u8..12), 90 * 7),
            walk in prop::collection::vec((0usize..90, -0.3f32..0.3, 0u8..3), 8),
            coarse in prop::bool::ANY,
        ) {
            let score = |&(score, kind): &(f32, u8)| match kind {
                0 => f32::NEG_INFINITY,
                1 => -0.0,
                _ if coarse => (score * 4.0).round(),
                _ => score,
            };
            let scores: Vec<f32> = seed.iter().map(score).take(experts * 7).collect();
            for path in [portable::select_listed as ListedPath, listed_path()] {
                let mut candidates = Candidates::default();
                let (mut listed, mut plain) = (Selection::default(), Selection::default());
                let mut prices = vec![0.25f32; experts];
                for &(e, change, kind) in &walk {
                    let e = e % experts;
                    let change = if kind == 0 { change * 1e-6 } else { change };
                    prices[e] = f32::max(prices[e] + change, 0.0);
                    let slots = Slots::even(k);
                    candidates.fill_with(path, &mut listed, &scores, &prices, slots);
                    plain.fill(&scores, &prices, k);
                    prop_assert_eq!(&listed, &plain);
                }
            }
        }

        #[test]
        fn lists_change_no_bit_of_uneven_demands(
            (experts, each) in (33usize..90).prop_flat_map(|e| {
                (Just(e), prop::collection::vec(0..=LARGEST_DEMAND as u32, 7))
            }),
            scores in prop::collection::vec(-1.0f32..1.0, 90 * 7),
            walk in prop::collection::vec((0usize..90, -0.3f32..0.3), 8),
        ) {
            use spinroute_core::Demand;
            let scores = &scores[..experts * 7];
            let batch = Batch::new(scores, experts, Demand::Exactly(LARGEST_DEMAND as u32));
            let batch = batch.with_demands(&each);
            for path in [portable::select_listed as ListedPath, listed_path()] {
                let mut candidates = Candidates::default();
                let (mut listed, mut plain) = (Selection::default(), Selection::default());
                let mut prices = vec![0.25f32; experts];
                for &(e, change) in &walk {
                    prices[e % experts] += change;
                    candidates.fill_with(path, &mut listed, scores, &prices, batch.slots());
                    plain.fill_batch(batch, &prices);
                    prop_assert_eq!(&listed, &plain);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn looks_are_twins(
            experts in 33usize..90,
            seed in prop::collection::vec(0i32..40, 90 * 7),
            prices in prop::collection::vec(0i32..8, 90),
            sides in prop::collection::vec(-1i8..2, 90),
            (k, reach) in (1usize..=LARGEST_DEMAND, 0i32..16),
        ) {
            let eighths = |list: &[i32]| list.iter().map(|&c| c as f32 / 8.0).collect::<Vec<f32>>();
            let (scores, prices) = (eighths(&seed[..experts * 7]), eighths(&prices[..experts]));
            let sides: Vec<f32> = sides[..experts].iter().map(|&side| f32::from(side)).collect();
            let (mut lists, mut selection) = (Candidates::default(), Selection::default());
            lists.fill(&mut selection, &scores, &prices, k);
            let Selection { taken, left, .. } = &selection;
            let margins: Vec<f32> = taken.iter().zip(left).map(|(a, b)| a - b).collect();
            let (floor, reach) = (f32::NEG_INFINITY, reach as f32 / 8.0);
            let (prices, sides) = (&prices[..], &sides[..]);
            let look = Look { prices, sides, taken, left, floor, margins: &margins, reach };
            let (mut one, mut other) = (Vec::new(), Vec::new());
            portable::near(&lists.experts, &lists.scores, look, &mut one);
            near_path()(&lists.experts, &lists.scores, look, &mut other);
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn small_moves_stay_on_the_lists() {
        let (tokens, experts) = (300, 64);
        let mixed = |i: usize| ((i * 2_654_435_761) % 10_007) as f32 / 10_007.0;
        let scores: Vec<f32> = (0..tokens * experts).map(mixed).collect();
        for path in [portable::select_listed as ListedPath, listed_path()] {
            let (mut candidates, mut selection) = (Candidates::default(), Selection::default());
            let mut prices = vec![0.5f32; experts];
            candidates.fill_with(path, &mut selection, &scores, &prices, Slots::even(4));
            prices[3] -= 0.02;
            candidates.fill_with(path, &mut selection, &scores, &prices, Slots::even(4));
            let kept = candidates.pass.iter().filter(|&&pass| pass == 0).count();
            assert!(kept > tokens * 9 / 10, "{kept}");
        }
    }
}
