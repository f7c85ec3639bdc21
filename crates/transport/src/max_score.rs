//! MaxScore as it is released: greedy first choices, then an exact last one.
//!
//! The paper (arXiv 2508.12801, ACL Findings 2025) describes a minimum-cost maximum flow over all `k` choices
//! of all tokens: that joint optimum is the solver `flow`. The released code does something else, and that is
//! what [`MaxScoreReleased`] does:
//!
//! 1. The first `k − 1` choices, one after the other: token after token takes its best expert with room.
//! 2. The last choice of all tokens together, an exact assignment to the room that is left.
//!
//! So the order of the tokens decides the first choices, and only the last is optimal, given the others. The
//! released code is for `k = 2`, 512 tokens, 16 experts and capacity `T·k/E`. It sets the score of the expert
//! that a token has to 0 for the last choice, so that it may be taken twice where the others are worth no more;
//! an assignment holds no expert twice, so here the pair is forbidden. Where the last choice then cannot be
//! made for all tokens, it is made for those of positive score, and the repair does the rest.
//!
//! Its weights grow the last choice by a factor that falls from 4 to 1 over training: weights are no part of
//! an assignment. What the paper calls `SoftTopk` is not in the release.
//!
//! Time: O(T·E·k), one after the other, and a run of [`Flow`] with one slot a token. A step is stage 1, then
//! each of `flow`'s.
use std::ops::ControlFlow;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Best, Budget, Demand, Error, Feature, Instance, Progress, Run, Solution, Solver,
    Stop, parameters,
};
use spinroute_flow::Flow;

use crate::ending::feasible;
use crate::topk;

parameters! {
    /// `k − 1` greedy choices in the order of tokens, then an exact last one: MaxScore's released algorithm.
    ///
    /// `flow` is the joint optimum that the paper describes, and never worse. With `k = 1` the two are the
    /// same. Under `AtMost` only scores above 0 are taken; under `Exactly` slots that stay empty are filled by
    /// [`spinroute_prices::repair`]. It honours masks and uneven demands, and refuses the rest by name.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_flow::Flow;
    /// use spinroute_transport::MaxScoreReleased;
    ///
    /// // Token 0 takes expert 0 first, though it hardly minds which, and token 1 must do without.
    /// let scores = array![[0.9, 0.8, 0.1], [0.9, 0.1, 0.2]];
    /// let instance = Instance::new(scores, vec![1, 1, 2], Demand::Exactly(2))?;
    /// let worth = |solver: &dyn Solver| -> Result<f64, spinroute_core::Error> {
    ///     let solution = solver.solve(&instance, &mut Run::new(0))?;
    ///     Ok(instance.objective(&solution.assignment)?)
    /// };
    /// assert!((worth(&MaxScoreReleased {})? - 1.3).abs() < 1e-6);
    /// assert!((worth(&Flow::default())? - 2.0).abs() < 1e-6);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct MaxScoreReleased {}
}

impl MaxScoreReleased {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "maxscore-released",
        summary: "k - 1 greedy choices in the order of tokens, then an exact last one",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "released code of MaxScore, arXiv 2508.12801; the joint optimum it describes is flow",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for MaxScoreReleased {
    /// # Errors
    /// [`Error::Unsupported`] if loads have other limits than capacities of experts, [`Error::Deficient`] if
    /// there is no assignment.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        instance.supported(Self::ENTRY.name, &[Feature::Demands])?;
        if let Some(why) = run.begin().break_value() {
            return feasible(instance, topk::choose(instance)?, why, true, run);
        }
        let (mut assignment, room) = first_choices(instance);
        let mut stop = run.tick(Best::default()).break_value().unwrap_or(Stop::Finished);
        if stop == Stop::Finished {
            stop = last_choice(instance, &mut assignment, &room, run)?;
        }
        feasible(instance, assignment, stop, false, run)
    }
}

/// The first `k − 1` choices of every token, and the room that they leave.
///
/// All first choices come before all second ones: token after token takes its best expert with room that it
/// does not hold, equal scores by the lower expert.
fn first_choices(instance: &Instance) -> (Assignment, Vec<u32>) {
    let mut assignment = Assignment::empty(instance.tokens(), instance.demand().k());
    let mut room = instance.capacity().to_vec();
    let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
    for choice in 1..instance.demand().k() {
        for t in (0..instance.tokens()).filter(|&t| choice < instance.k(t)) {
            let held = assignment.experts(t);
            let mut best = (floor, None);
            for (e, (&score, &room)) in (0..).zip(instance.scores(t).iter().zip(&room)) {
                if score > best.0 && room > 0 && !held.contains(&e) {
                    best = (score, Some(e));
                }
            }
            if let Some(e) = best.1 {
                assignment.push(t, e);
                room[e as usize] -= 1;
            }
        }
    }
    (assignment, room)
}

/// Adds the last choice of every token: an exact assignment to the room that is left.
fn last_choice(
    instance: &Instance,
    assignment: &mut Assignment,
    room: &[u32],
    run: &mut Run<'_>,
) -> Result<Stop, Error> {
    let tokens = instance.tokens();
    let mut scores = instance.table().to_owned();
    for t in 0..tokens {
        for &e in assignment.experts(t) {
            scores[[t, e as usize]] = f32::NEG_INFINITY;
        }
    }
    let open: Vec<u32> = (0..tokens).map(|t| u32::from(instance.k(t) > 0)).collect();
    let demand = if instance.demand().is_exact() { Demand::Exactly(1) } else { Demand::AtMost(1) };
    let mut told = None;
    let mut found = exact(&scores, &open, room, demand, run, &mut told);
    if let (Err(Error::Deficient(_) | Error::Infeasible { .. }), true) = (&found, demand.is_exact())
    {
        if let Some(why) = told {
            return Ok(why);
        }
        found = exact(&scores, &open, room, Demand::AtMost(1), run, &mut told);
    }
    let Solution { assignment: choices, stop, .. } = found?;
    for t in 0..tokens {
        for &e in choices.experts(t) {
            assignment.push(t, e);
        }
    }
    Ok(told.unwrap_or(stop))
}

/// The optimum of one slot a token; `told` is why the run ended it, if it did.
///
/// What `flow` knows of its own problem is none of the observer's of the whole: of its steps only the number
/// is passed on.
fn exact(
    scores: &Array2<f32>,
    open: &[u32],
    room: &[u32],
    demand: Demand,
    run: &mut Run<'_>,
    told: &mut Option<Stop>,
) -> Result<Solution, Error> {
    let stage = Instance::builder(scores).demand(demand).demands(open);
    let stage = stage.capacity(room.to_vec()).build()?;
    let (seed, time) = (run.seed(), run.time_left());
    let mut step = |_: &Progress| match run.tick(Best::default()) {
        ControlFlow::Continue(()) => ControlFlow::Continue(()),
        ControlFlow::Break(why) => {
            *told = Some(why);
            ControlFlow::Break(())
        }
    };
    let budget = Budget { steps: None, time };
    Flow::default().solve(&stage, &mut Run::new(seed).budget(budget).observer(&mut step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;
    use spinroute_testkit::reference::brute_force;
    use spinroute_testkit::strategy::{self, Shape};

    fn solve(instance: &Instance) -> Solution {
        MaxScoreReleased {}.solve(instance, &mut Run::new(0)).unwrap()
    }

    #[test]
    fn first_choices_go_by_the_order_of_tokens() {
        let scores = array![[0.5, 0.4, 0.1], [0.9, 0.2, 0.1], [0.8, 0.3, 0.7]];
        let instance = Instance::new(scores, vec![1, 2, 3], Demand::Exactly(2)).unwrap();
        let (first, room) = first_choices(&instance);
        let experts: Vec<&[u32]> = (0..3).map(|t| first.experts(t)).collect();
        assert_eq!((experts, room), (vec![&[0][..], &[1], &[2]], vec![0, 1, 2]));
        let solution = solve(&instance);
        // The last choice is worth most if token 0 takes expert 1: 0.4, and 0.1 of token 1; token 2 is left
        // without one that it does not hold, and the repair moves the others for it.
        assert!(instance.objective(&solution.assignment).is_ok());
    }

    proptest! {
        /// One choice is the exact one.
        #[test]
        fn with_one_slot_it_is_the_optimum(instance in strategy::any_instance_in_f32(&Shape {
            tokens: 1..=5, experts: 1..=4, k: 1..=1,
        })) {
            let exact = instance.demand().is_exact();
            let one = if exact { Demand::Exactly(1) } else { Demand::AtMost(1) };
            let instance = instance.with_demand(one).unwrap();
            let best = brute_force(&instance);
            match (MaxScoreReleased {}).solve(&instance, &mut Run::new(0)) {
                Ok(solution) => {
                    let objective = instance.objective(&solution.assignment).unwrap();
                    let best = best.unwrap();
                    prop_assert!((objective - best).abs() <= 1e-9 * best.abs(), "{objective}, {best}");
                }
                Err(_) => prop_assert!(best.is_none()),
            }
        }
    }
}
