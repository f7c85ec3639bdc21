//! MaxScore's iterative variant: top-k with a drop, then the last choice offered to one expert after the other.
//!
//! As it is released beside [`MaxScoreReleased`](crate::MaxScoreReleased) (arXiv 2508.12801):
//!
//! 1. The first `k − 1` choices are plain top-k. An expert keeps the earliest of them up to its capacity, first
//!    choices before second ones; the others are dropped, for good.
//! 2. The last choice: every token that lacks it offers itself to its next best expert, the `k`-th first. The
//!    offers of a round are taken in the order of tokens while there is room, until all have one or have
//!    asked all: at most `E − k + 1` rounds.
//!
//! The released code has `k = 2` only. Nothing in it is optimal: it is what training stacks do without a solver,
//! and the joint optimum is the solver `flow`.
//!
//! Time: O(T·E·log E) to order the experts of tokens, O(T) a round. A round is a step, and so is stage 1.
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{Assignment, Best, Error, Instance, Run, Solution, Solver, Stop, parameters};

use crate::ending::feasible;
use crate::topk;

parameters! {
    /// Top-(k − 1) with a drop by position, then the last choice offered to ever worse experts.
    ///
    /// `flow` is the joint optimum that MaxScore's paper describes. Under `AtMost` only scores above 0 are
    /// taken and dropped choices stay empty, as in the released code; under `Exactly` the repair fills them. It
    /// honours masks and uneven demands, and by the repair minimums, groups, overflow and rewards.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Assignment, Demand, Instance, Run, Solver};
    /// use spinroute_transport::MaxScoreReroute;
    ///
    /// // Both tokens choose expert 0 first, which holds one; expert 1 is full when token 1 asks it.
    /// let scores = array![[0.9, 0.8, 0.1], [0.9, 0.3, 0.2]];
    /// let instance = Instance::new(scores, vec![1, 1, 2], Demand::AtMost(2))?;
    /// let solution = MaxScoreReroute {}.solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [0, 1, 2, Assignment::EMPTY]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct MaxScoreReroute {}
}

impl MaxScoreReroute {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "maxscore-reroute",
        summary: "top-(k - 1) with a drop, then the last choice offered to ever worse experts",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "iterative variant in the released code of MaxScore, arXiv 2508.12801",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for MaxScoreReroute {
    /// # Errors
    /// [`Error::Deficient`] if there is no assignment.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        if let Some(why) = run.begin().break_value() {
            return feasible(instance, topk::choose(instance)?, why, true, run);
        }
        let mut routing = Routing::new(instance);
        routing.first_choices();
        let mut asking: Vec<u32> = (0..instance.tokens() as u32).collect();
        asking.retain(|&t| instance.k(t as usize) > 0);
        let mut stop = run.tick(Best::default()).break_value();
        for round in 0..instance.experts() {
            if stop.is_some() || asking.is_empty() {
                break;
            }
            asking.retain(|&t| routing.asks_on(t, round));
            stop = run.tick(Best::default()).break_value();
        }
        feasible(instance, routing.assignment, stop.unwrap_or(Stop::Finished), false, run)
    }
}

struct Routing<'a> {
    instance: &'a Instance,
    /// The experts of every token, best first.
    order: Vec<u32>,
    room: Vec<u32>,
    assignment: Assignment,
    floor: f32,
}

impl<'a> Routing<'a> {
    fn new(instance: &'a Instance) -> Self {
        let experts = instance.experts();
        let mut order = vec![0; instance.flat().len()];
        let rows = order.par_chunks_mut(experts).zip(instance.flat().par_chunks(experts));
        rows.for_each(|(order, scores)| {
            (0..).zip(&mut *order).for_each(|(e, place)| *place = e);
            let score = |e: u32| scores[e as usize] + 0.0; // no order between -0 and 0
            order.sort_unstable_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        });
        let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        let assignment = Assignment::empty(instance.tokens(), instance.demand().k());
        Self { instance, order, room: instance.capacity().to_vec(), assignment, floor }
    }

    /// The expert of token `t` of that rank, if it may be taken.
    fn of_rank(&self, t: usize, rank: usize) -> Option<u32> {
        let experts = self.instance.experts();
        let e = *self.order[t * experts..][..experts].get(rank)?;
        (self.instance.scores(t)[e as usize] > self.floor).then_some(e)
    }

    /// Gives expert `e` to token `t` if there is room.
    fn take(&mut self, t: usize, e: u32) -> bool {
        let room = &mut self.room[e as usize];
        let taken = *room > 0 && self.assignment.push(t, e);
        *room -= u32::from(taken);
        taken
    }

    fn first_choices(&mut self) {
        for rank in 0..self.instance.demand().k() - 1 {
            for t in 0..self.instance.tokens() {
                if rank + 1 < self.instance.k(t)
                    && let Some(e) = self.of_rank(t, rank)
                {
                    self.take(t, e);
                }
            }
        }
    }

    /// Token `t` offers itself to the next expert; whether it has to go on.
    fn asks_on(&mut self, t: u32, round: usize) -> bool {
        let t = t as usize;
        match self.of_rank(t, self.instance.k(t) - 1 + round) {
            Some(e) => !self.take(t, e),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use spinroute_core::Demand;

    const NONE: u32 = Assignment::EMPTY;

    fn solve(instance: &Instance) -> Vec<u32> {
        let solution = MaxScoreReroute {}.solve(instance, &mut Run::new(0)).unwrap();
        instance.objective(&solution.assignment).unwrap();
        solution.assignment.slots().to_vec()
    }

    #[test]
    fn what_is_dropped_stays_dropped_and_the_last_choice_goes_on() {
        let scores = array![[0.9, 0.5, 0.1], [0.8, 0.6, 0.2], [0.7, 0.4, 0.3]];
        let new = |demand| Instance::new(scores.clone(), vec![1, 2, 3], demand).unwrap();
        // Expert 0 keeps token 0. Expert 1 takes the last choice of tokens 0 and 1, so token 2 asks expert 2.
        assert_eq!(solve(&new(Demand::AtMost(2))), [0, 1, 1, NONE, 2, NONE]);
        // Under exactly 2 the repair fills the slots of the dropped.
        assert!(!solve(&new(Demand::Exactly(2))).contains(&NONE));
    }

    #[test]
    fn one_slot_is_the_last_choice() {
        let scores = array![[0.9, 0.5], [0.8, 0.6], [0.7, 0.4]];
        let instance = Instance::new(scores, vec![1, 1], Demand::AtMost(1)).unwrap();
        assert_eq!(solve(&instance), [0, 1, NONE]);
    }
}
