//! The result of a pass over a score table, and the pass itself.

use rayon::prelude::*;

use super::block::{BLOCK, Block, Slots};
use super::path::{Path, path};
use crate::batch::Batch;

/// The `k` best experts of every token under prices, and the margin to the next one.
///
/// ```
/// use spinroute_prices::Selection;
///
/// // One token, four experts: the two best of its reduced scores 0.4, 0.8, 0.3 and 0.1.
/// let mut selection = Selection::default();
/// selection.fill(&[0.9, 0.8, 0.3, 0.1], &[0.5, 0.0, 0.0, 0.0], 2);
/// assert_eq!(selection.experts, [0, 1]);
/// assert_eq!((selection.last[0], selection.next[0]), (0, 2)); // 0.4 is taken last, 0.3 is left first
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The `k` best experts of each token, `tokens × k`, ascending in each row.
    pub experts: Vec<u32>,
    /// The reduced score `s − p` of the last expert taken, the k-th best, one per token.
    pub taken: Vec<f32>,
    /// The last expert taken, one per token.
    pub last: Vec<u32>,
    /// The reduced score of the best expert left, one per token; `-∞` if none is left.
    pub left: Vec<f32>,
    /// The best expert left, one per token; `u32::MAX` if none is left.
    pub next: Vec<u32>,
    /// The sum of the `k` best reduced scores of each token, one per token.
    pub worth: Vec<f32>,
}

impl Selection {
    /// Selects the `k` largest `s[t,e] − p[e]` of every row of `scores` (row-major, one row of
    /// `prices.len()` experts a token), reusing this selection's memory. Runs in the current
    /// rayon pool; the result does not depend on its size.
    ///
    /// # Panics
    /// If `k` is 0 or exceeds the number of experts, or the rows are ragged.
    pub fn fill(&mut self, scores: &[f32], prices: &[f32], k: usize) {
        self.fill_with(path(), scores, prices, Slots::even(k));
    }

    /// As [`Selection::fill`] of the tokens of `batch`, each with its own demand: the slots of a row beyond it
    /// are [`EMPTY`](spinroute_core::Assignment::EMPTY). A token that takes nothing has `taken = ∞` and
    /// `left = -∞`.
    ///
    /// # Panics
    /// If there is not one price an expert.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Assignment, Instance};
    /// use spinroute_prices::{Batch, Selection};
    ///
    /// let scores = array![[0.9, 0.8, 0.3], [0.1, 0.2, 0.3], [0.5, 0.5, 0.5]];
    /// let instance = Instance::builder(scores).demands(&[2, 1, 0]).build()?;
    /// let mut selection = Selection::default();
    /// selection.fill_batch(Batch::of(&instance), &[0.0; 3]);
    /// const NONE: u32 = Assignment::EMPTY;
    /// assert_eq!(selection.experts, [0, 1, 2, NONE, NONE, NONE]);
    /// assert_eq!(selection.next, [2, 1, NONE]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    pub fn fill_batch(&mut self, batch: Batch<'_>, prices: &[f32]) {
        assert!(prices.len() == batch.experts(), "one price an expert");
        self.fill_with(path(), batch.scores(), prices, batch.slots());
    }

    fn fill_with(&mut self, path: Path, scores: &[f32], prices: &[f32], slots: Slots<'_>) {
        let experts = prices.len();
        self.resize(scores, experts, slots.width);
        self.blocks(slots.width)
            .zip(scores.par_chunks(BLOCK * experts))
            .enumerate()
            .for_each(|(i, (block, rows))| path(rows, prices, slots.block(i), block));
    }

    /// Makes room for every row of `scores`; returns how many there are.
    pub(crate) fn resize(&mut self, scores: &[f32], experts: usize, k: usize) -> usize {
        assert!(k > 0 && k <= experts && scores.len().is_multiple_of(experts));
        let tokens = scores.len() / experts;
        self.experts.resize(tokens * k, 0);
        self.taken.resize(tokens, 0.0);
        self.last.resize(tokens, 0);
        self.left.resize(tokens, 0.0);
        self.next.resize(tokens, 0);
        self.worth.resize(tokens, 0.0);
        tokens
    }

    /// This selection in blocks of tokens.
    pub(crate) fn blocks(&mut self, k: usize) -> impl IndexedParallelIterator<Item = Block<'_>> {
        self.experts
            .par_chunks_mut(BLOCK * k)
            .zip(self.taken.par_chunks_mut(BLOCK))
            .zip(self.last.par_chunks_mut(BLOCK))
            .zip(self.left.par_chunks_mut(BLOCK))
            .zip(self.next.par_chunks_mut(BLOCK))
            .zip(self.worth.par_chunks_mut(BLOCK))
            .map(|(((((experts, taken), last), left), next), worth)| Block {
                experts,
                taken,
                last,
                left,
                next,
                worth,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::portable;
    use proptest::prelude::*;

    #[test]
    fn ascending_experts_and_ties_to_the_lower_expert() {
        let mut selection = Selection::default();
        selection.fill(&[1.0, 3.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 0.0], 2);
        assert_eq!(selection.experts, [1, 2, 0, 1]);
        assert_eq!((selection.taken[0], selection.left[0], selection.next[0]), (3.0, 2.0, 3));
        assert_eq!((selection.taken[1], selection.left[1], selection.next[1]), (0.0, 0.0, 2));
    }

    #[test]
    fn nothing_is_left_when_all_are_taken() {
        let mut selection = Selection::default();
        selection.fill(&[1.0, f32::NEG_INFINITY], &[0.5, 0.5], 2);
        assert_eq!((selection.taken[0], selection.left[0]), (f32::NEG_INFINITY, f32::NEG_INFINITY));
        assert_eq!(selection.next, [u32::MAX]);
    }

    /// Scores with many ties, forbidden pairs and both signs of zero.
    fn score() -> impl Strategy<Value = f32> {
        prop_oneof![
            4 => -1.0f32..1.0,
            2 => (0u8..4).prop_map(f32::from),
            1 => Just(f32::NEG_INFINITY),
            1 => Just(-0.0),
        ]
    }

    /// By sorting: the definition.
    fn by_sorting(scores: &[f32], prices: &[f32], k: usize) -> Selection {
        let mut selection = Selection::default();
        for row in scores.chunks_exact(prices.len()) {
            let mut order: Vec<(f32, u32)> =
                (0..).zip(row.iter().zip(prices)).map(|(e, (s, p))| (s - p, e)).collect();
            order.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap().then(a.1.cmp(&b.1)));
            selection.taken.push(order[k - 1].0);
            selection.last.push(order[k - 1].1);
            order[..k].sort_by_key(|pair| pair.1);
            selection.experts.extend(order[..k].iter().map(|pair| pair.1));
            selection.worth.push(portable::sum(order[..k].iter().map(|pair| pair.0)));
            let (left, next) = order.get(k).copied().unwrap_or((f32::NEG_INFINITY, u32::MAX));
            selection.left.push(left);
            selection.next.push(next);
        }
        selection
    }

    #[test]
    fn worth_is_the_sum_of_what_is_taken() {
        let scores: Vec<f32> = (0..40).map(|i| (i * 7 % 40) as f32 / 8.0).collect();
        let mut selection = Selection::default();
        for k in [1, 3, 15, 17, 33, 40] {
            selection.fill(&scores, &[0.5; 40], k);
            let taken = selection.experts.iter().map(|&e| scores[e as usize] - 0.5);
            assert_eq!(selection.worth[0], taken.sum::<f32>()); // eighths: exact in any order
        }
    }

    proptest! {
        #[test]
        fn every_path_is_the_definition(
            (prices, k, scores) in (1usize..90)
                .prop_flat_map(|experts| (prop::collection::vec(0.0f32..1.0, experts), 1..=experts))
                .prop_flat_map(|(prices, k)| {
                    let cells = prices.len() * 5;
                    (Just(prices), Just(k), prop::collection::vec(score(), cells))
                })
        ) {
            let expected = by_sorting(&scores, &prices, k);
            for path in [portable::select as Path, path()] {
                let mut selection = Selection::default();
                selection.fill_with(path, &scores, &prices, Slots::even(k));
                prop_assert_eq!(&selection, &expected);
            }
        }

        #[test]
        fn uneven_demands_are_those_of_each_row(
            (prices, each, scores) in (1usize..90)
                .prop_flat_map(|experts| (
                    prop::collection::vec(0.0f32..1.0, experts),
                    prop::collection::vec(0..=experts.min(20) as u32, 9),
                    prop::collection::vec(score(), experts * 9),
                ))
        ) {
            let width = each.iter().copied().max().unwrap_or(0).max(1) as usize;
            for path in [portable::select as Path, path()] {
                let mut selection = Selection::default();
                selection.fill_with(path, &scores, &prices, Slots { width, each: &each });
                for (t, &k) in each.iter().enumerate() {
                    let row = &selection.experts[t * width..][..width];
                    prop_assert!(row[k as usize..].iter().all(|&e| e == u32::MAX));
                    if k == 0 {
                        prop_assert_eq!((selection.taken[t], selection.worth[t]), (f32::INFINITY, 0.0));
                        continue;
                    }
                    let scores = &scores[t * prices.len()..][..prices.len()];
                    let alone = by_sorting(scores, &prices, k as usize);
                    prop_assert_eq!(&row[..k as usize], &alone.experts[..]);
                    let own = (selection.taken[t], selection.last[t], selection.left[t]);
                    prop_assert_eq!(own, (alone.taken[0], alone.last[0], alone.left[0]));
                    prop_assert_eq!((selection.next[t], selection.worth[t]), (alone.next[0], alone.worth[0]));
                }
            }
        }
    }
}
