//! The result of a pass over a score table, and the pass itself.

use rayon::prelude::*;

use crate::portable;

/// The `k` best experts of every token under prices, and the margin to the next one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The `k` best experts of each token, `tokens × k`, best first.
    pub experts: Vec<u32>,
    /// The reduced score `s − p` of the last expert taken, one per token.
    pub taken: Vec<f32>,
    /// The reduced score of the best expert left, one per token; `-∞` if none is left.
    pub left: Vec<f32>,
    /// The best expert left, one per token; `u32::MAX` if none is left.
    pub next: Vec<u32>,
}

/// Tokens a block: what one task works on, whatever the number of threads.
const BLOCK: usize = 256;

impl Selection {
    /// Selects the `k` largest `s[t,e] − p[e]` of every row of `scores` (row-major, one row of
    /// `prices.len()` experts a token), reusing this selection's memory. Runs in the current
    /// rayon pool; the result does not depend on its size.
    ///
    /// # Panics
    /// If `k` is 0 or exceeds the number of experts, or the rows are ragged.
    pub fn fill(&mut self, scores: &[f32], prices: &[f32], k: usize) {
        let experts = prices.len();
        assert!(k > 0 && k <= experts && scores.len().is_multiple_of(experts));
        let tokens = scores.len() / experts;
        self.experts.resize(tokens * k, 0);
        self.taken.resize(tokens, 0.0);
        self.left.resize(tokens, 0.0);
        self.next.resize(tokens, 0);
        self.experts
            .par_chunks_mut(BLOCK * k)
            .zip(self.taken.par_chunks_mut(BLOCK))
            .zip(self.left.par_chunks_mut(BLOCK))
            .zip(self.next.par_chunks_mut(BLOCK))
            .zip(scores.par_chunks(BLOCK * experts))
            .for_each(|((((ids, taken), left), next), rows)| {
                portable::select(rows, prices, k, ids, taken, left, next);
            });
    }
}
