//! The tokens that a price method looks at.

use spinroute_core::{Demand, Instance};

use crate::pass::Slots;

/// Scores and demand of some tokens: of all that an instance has, or of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    scores: &'a [f32],
    experts: usize,
    demand: Demand,
    /// One a token, where they differ.
    demands: Option<&'a [u32]>,
}

impl<'a> Batch<'a> {
    /// Tokens with these `scores`, row-major, one row of `experts` scores a token.
    ///
    /// # Panics
    /// If the rows are ragged.
    ///
    /// ```
    /// use spinroute_core::Demand;
    /// use spinroute_prices::Batch;
    ///
    /// let batch = Batch::new(&[0.9, 0.1, 0.2, 0.7], 2, Demand::AtMost(1));
    /// assert_eq!((batch.tokens(), batch.row(1)), (2, &[0.2, 0.7][..]));
    /// ```
    #[must_use]
    pub fn new(scores: &'a [f32], experts: usize, demand: Demand) -> Self {
        assert!(scores.len().is_multiple_of(experts), "rows of {experts} scores");
        Self { scores, experts, demand, demands: None }
    }

    /// All tokens of an instance, its scores in `f32`.
    #[must_use]
    pub fn of(instance: &'a Instance) -> Self {
        Self {
            scores: instance.flat(),
            experts: instance.experts(),
            demand: instance.demand(),
            demands: instance.demands(),
        }
    }

    /// The same tokens, each with its own demand, none above that of the batch.
    ///
    /// # Panics
    /// If there is not one a token.
    #[must_use]
    pub fn with_demands(self, demands: &'a [u32]) -> Self {
        assert!(demands.len() == self.tokens(), "one demand a token");
        debug_assert!(demands.iter().all(|&k| k as usize <= self.demand.k()));
        Self { demands: Some(demands), ..self }
    }

    /// The slots of every row.
    pub(crate) fn slots(self) -> Slots<'a> {
        Slots { width: self.demand.k(), each: self.demands.unwrap_or(&[]) }
    }

    /// How many experts token `t` takes.
    ///
    /// # Panics
    /// If there is no such token, and demands differ.
    #[must_use]
    pub fn k(&self, t: usize) -> usize {
        self.demands.map_or(self.demand.k(), |demands| demands[t] as usize)
    }

    /// Whether all tokens take as many.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.demands.is_none()
    }

    /// All scores, row-major.
    #[must_use]
    pub fn scores(&self) -> &'a [f32] {
        self.scores
    }

    /// The scores of token `t`, one an expert.
    ///
    /// # Panics
    /// If there is no such token.
    #[must_use]
    pub fn row(&self, t: usize) -> &'a [f32] {
        &self.scores[t * self.experts..][..self.experts]
    }

    /// Number of tokens.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.scores.len() / self.experts.max(1)
    }

    /// Number of experts.
    #[must_use]
    pub fn experts(&self) -> usize {
        self.experts
    }

    /// How many experts a token takes, at most if they differ.
    #[must_use]
    pub fn demand(&self) -> Demand {
        self.demand
    }

    /// What a reduced score must exceed for its expert to be taken: 0 where a slot may stay empty.
    #[must_use]
    pub fn floor(&self) -> f32 {
        if self.demand.is_exact() { f32::NEG_INFINITY } else { 0.0 }
    }
}
