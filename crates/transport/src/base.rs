//! BASE: the balanced assignment of fairseq's BASE layers, by an auction.
//!
//! BASE layers (Lewis et al. 2021, arXiv 2103.16716) give every token one expert and every expert as many
//! tokens. fairseq finds the assignment by an auction in which the experts bid for tokens, a form of Bertsekas'
//! (LIDS-P-1850; Annals of Operations Research 20 (1989) 67-96) with a fixed step:
//!
//! ```text
//! ε = max((max s − min s) / 50, 1e-4)
//! v[t,e] = s[t,e] − cost[t]     max s, if e won t in the last round
//! a round: expert e bids for its c[e] best tokens by v:  v[t,e] − (the (c[e]+1)-th largest v) + ε
//!          ε alone, if it won t in the last round
//!          every token goes to its highest bid, and its cost grows by that
//! ```
//!
//! It ends when every token has a bid. After 100 rounds a faster rule is meant to end it soon: whoever won `t`
//! values it at `s[t,e]`, without the cost, and bids in full. fairseq has no other end; here the repair completes
//! what a limit of these rounds leaves open.
//!
//! There `c[e] = T/E`, and `E` divides `T`. Here an expert bids for its capacity, which is the same where
//! capacities are that; where they hold more, tokens go to their highest bids, and it ends when every token or
//! every place has one. A score that is not finite counts as the smallest, as in fairseq; the pair is not taken.
//! Of equal values, which fairseq leaves to the order of `topk`, the earlier tokens come first: what was won is then
//! among the best `c[e]` in the next round too. Of equal bids that of the lower expert wins. Numbers are `f64`, there those of the scores.
//!
//! Nothing is proven of the answer: the step is a fiftieth of the range of the scores and is never made smaller. On
//! 50,000 small tables it lost up to six steps a token. Trained with it, fairseq routes greedily afterwards. `flow`
//! is the optimum.
//!
//! A round is a step: O(T·E). Memory: 8 bytes a score, and 16 in each thread a token.
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Best, Error, Feature, Instance, Run, Solution, Solver, Stop, parameters,
};

use crate::ending::feasible;
use crate::topk;

/// What is won by nobody.
const NOBODY: u32 = u32::MAX;

parameters! {
    /// The auction of fairseq's BASE layers; one expert a token.
    ///
    /// Under `AtMost` pairs of scores ≤ 0 are given back. It honours masks, and refuses other limits of loads
    /// and `k > 1` by name.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_transport::Base;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = Base::default().solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [1, 0]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Base {
        /// rounds of the auction before the faster rule
        pub rounds: u32 => "at least 0",
        /// rounds of the faster rule
        ///
        /// fairseq has no limit of them.
        pub fallback: u32 => "at least 0" + "; then the repair completes",
    }
}

impl Default for Base {
    fn default() -> Self {
        Self { rounds: 100, fallback: 1000 }
    }
}

impl Base {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "base",
        summary: "experts bid for tokens in an auction with a fixed step; k = 1",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "BASE layers, Lewis et al. 2021, arXiv 2103.16716; the rule is fairseq's",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for Base {
    /// # Errors
    /// [`Error::Unsupported`] if `k > 1` or loads have other limits than capacities of experts,
    /// [`Error::Deficient`] if there is no assignment.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let k = instance.demand().k();
        if k > 1 {
            let refusal = format!("base gives a token one expert, not k = {k}; flow takes any k");
            return Err(Error::Unsupported(refusal));
        }
        instance.supported(Self::ENTRY.name, &[Feature::Demands])?;
        if let Some(why) = run.begin().break_value() {
            return feasible(instance, topk::choose(instance)?, why, true, run);
        }
        let mut auction = Auction::new(instance);
        let mut stop = Stop::Finished;
        for round in 0..self.rounds.saturating_add(self.fallback) {
            let ended = auction.round(round, self.rounds);
            if let Some(why) = run.tick(Best::default()).break_value() {
                stop = why;
                break;
            }
            if ended {
                break;
            }
        }
        feasible(instance, auction.assignment(instance), stop, false, run)
    }
}

struct Auction {
    /// The tokens that are not masked.
    tokens: Vec<u32>,
    /// Scores of these tokens, expert by expert.
    scores: Vec<f64>,
    /// How many tokens each expert bids for.
    share: Vec<usize>,
    epsilon: f64,
    highest: f64,
    /// What each token costs.
    cost: Vec<f64>,
    /// Who won each token in the last round.
    winner: Vec<u32>,
}

impl Auction {
    fn new(instance: &Instance) -> Self {
        let mut tokens: Vec<u32> = (0..instance.tokens() as u32).collect();
        tokens.retain(|&t| instance.k(t as usize) > 0);
        let rows = tokens.iter().flat_map(|&t| instance.scores(t as usize));
        let finite = rows.filter(|score| score.is_finite()).map(|&score| f64::from(score));
        let (lowest, highest) = finite
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), s| (low.min(s), high.max(s)));
        let (lowest, highest) = if lowest > highest { (0.0, 0.0) } else { (lowest, highest) };
        let of_expert = |e: usize| {
            let tokens = &tokens;
            tokens.iter().map(move |&t| {
                let score = instance.scores(t as usize)[e];
                if score.is_finite() { f64::from(score) } else { lowest }
            })
        };
        let scores = (0..instance.experts()).flat_map(of_expert).collect();
        let share = instance.capacity().iter().map(|&c| (c as usize).min(tokens.len())).collect();
        let (cost, winner) = (vec![0.0; tokens.len()], vec![NOBODY; tokens.len()]);
        let epsilon = ((highest - lowest) / 50.0).max(1e-4);
        Self { tokens, scores, share, epsilon, highest, cost, winner }
    }

    /// A round; whether every token or every place has a bid.
    fn round(&mut self, round: u32, limit: u32) -> bool {
        let count = self.tokens.len();
        let bids: Vec<Vec<(u32, f64)>> = self
            .share
            .par_iter()
            .enumerate()
            .map(|(e, &share)| self.bids(e, share, round, limit))
            .collect();
        let mut high = vec![0.0; count];
        self.winner.fill(NOBODY);
        for (e, bids) in (0..).zip(bids) {
            for (j, bid) in bids {
                if bid > high[j as usize] {
                    (high[j as usize], self.winner[j as usize]) = (bid, e);
                }
            }
        }
        self.cost.iter_mut().zip(&high).for_each(|(cost, bid)| *cost += bid);
        let places: usize = self.share.iter().sum();
        self.winner.iter().filter(|&&e| e != NOBODY).count() == count.min(places)
    }

    /// What expert `e` bids, for which tokens.
    fn bids(&self, e: usize, share: usize, round: u32, limit: u32) -> Vec<(u32, f64)> {
        let count = self.tokens.len();
        let scores = &self.scores[e * count..][..count];
        let holds = |j: usize| self.winner[j] == e as u32;
        let value = |(j, &score): (usize, &f64)| match holds(j) {
            true if round <= limit => (self.highest, j as u32),
            true => (score, j as u32),
            false => (score - self.cost[j], j as u32),
        };
        let mut values: Vec<(f64, u32)> = scores.iter().enumerate().map(value).collect();
        let next = if share < count {
            let best = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            values.select_nth_unstable_by(share, best).1.0
        } else {
            values.iter().fold(f64::INFINITY, |lowest, value| lowest.min(value.0))
        };
        let bid = |&(value, j): &(f64, u32)| {
            let keeps = round < limit && holds(j as usize);
            (j, if keeps { self.epsilon } else { value - next + self.epsilon })
        };
        values[..share].iter().map(bid).collect()
    }

    /// Every token's expert, if it won one that it may take.
    fn assignment(&self, instance: &Instance) -> Assignment {
        let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        let mut assignment = Assignment::empty(instance.tokens(), 1);
        for (&t, &e) in self.tokens.iter().zip(&self.winner).filter(|&(_, &e)| e != NOBODY) {
            if instance.scores(t as usize)[e as usize] > floor {
                assignment.push(t as usize, e);
            }
        }
        assignment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use proptest::prelude::*;
    use spinroute_core::Demand;
    use spinroute_testkit::reference::brute_force;

    #[test]
    fn more_than_one_expert_a_token_is_refused() {
        let instance = Instance::new(array![[0.9, 0.8]], vec![1, 1], Demand::Exactly(2)).unwrap();
        let error = Base::default().solve(&instance, &mut Run::new(0)).unwrap_err();
        let want = "base gives a token one expert, not k = 2; flow takes any k";
        assert_eq!(error.to_string(), want);
    }

    #[test]
    fn without_rounds_the_repair_assigns_all() {
        let scores = Array2::from_shape_fn((8, 4), |(t, e)| ((t * 7 + e * 5) % 11) as f32);
        let instance = Instance::new(scores, vec![2; 4], Demand::Exactly(1)).unwrap();
        let none = Base { rounds: 0, fallback: 0 };
        let solution = none.solve(&instance, &mut Run::new(0)).unwrap();
        assert!(instance.objective(&solution.assignment).is_ok());
    }

    proptest! {
        /// No expert wins more than it holds, in any round and whatever ties.
        #[test]
        fn no_round_overfills_an_expert(cells in prop::collection::vec(0u8..2, 12 * 4), limit in 0u32..9) {
            let scores = Array2::from_shape_fn((12, 4), |(t, e)| f32::from(cells[t * 4 + e]));
            let instance = Instance::new(scores, vec![3; 4], Demand::Exactly(1)).unwrap();
            let mut auction = Auction::new(&instance);
            for round in 0..20 {
                let ended = auction.round(round, limit);
                for e in 0..4 {
                    let won = auction.winner.iter().filter(|&&winner| winner == e).count();
                    prop_assert!(won <= 3, "expert {e} wins {won} in round {round}");
                }
                if ended {
                    break;
                }
            }
        }

        /// Nothing is proven of the rule. Of 50,000 tables drawn, with ε up to 0.02, none lost 0.12 a token.
        #[test]
        fn it_is_close_to_the_optimum(cells in prop::collection::vec(0u8..64, 6 * 3)) {
            let scores = Array2::from_shape_fn((6, 3), |(t, e)| f32::from(cells[t * 3 + e]) / 64.0);
            let instance = Instance::new(scores, vec![2; 3], Demand::Exactly(1)).unwrap();
            let mut run = Run::new(0);
            let solution = Base::default().solve(&instance, &mut run).unwrap();
            let objective = instance.objective(&solution.assignment).unwrap();
            let best = brute_force(&instance).unwrap();
            prop_assert!(objective <= best && objective >= best - 6.0 * 0.16, "{objective}, {best}");
        }
    }
}
