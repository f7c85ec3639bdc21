//! Expert choice: every expert takes its best tokens, up to its capacity.
//!
//! The published router (Zhou et al. 2022, arXiv 2202.09368) stops there: a token may be taken by many
//! experts or by none. [`expert_choices`] is that form. An assignment holds at most `k[t]` experts a token, so
//! the solver [`ExpertChoice`] is bounded: of the experts that chose a token, it keeps its `k[t]` best.
//!
//! An expert that lost tokens may choose again, in the next round: the best of the tokens that it has not
//! chosen yet, as many as it has room for. A token that is full drops its worst expert for a better one.
//! Until nothing changes that is deferred acceptance (Gale, Shapley, *College admissions and the stability of
//! marriage*, American Mathematical Monthly 69 (1962) 9-15). Experts and tokens rank pairs by the same
//! scores, so that there is one stable answer, that of [`Greedy`](crate::Greedy).
//!
//! Neither form is causal: whether a token is taken depends on the tokens after it, so that a language model
//! trained with it sees what it is to predict. They are baselines here.
//!
//! A round is a step: O(T·E) for the first, as much at most for each later one. Memory: 8 bytes a score.
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Best, Error, Instance, Run, Solution, Solver, Stop, param, parameters,
};

use crate::ending::feasible;
use crate::topk;

parameters! {
    /// Every expert takes its best tokens up to its capacity; a token keeps its `k[t]` best of these.
    ///
    /// Not causal. Equal scores go to the earlier token and to the lower expert. Under `AtMost` experts look at
    /// scores above 0 only, and a token that nobody chose stays empty; under `Exactly` the slots that stay
    /// empty are filled by [`spinroute_prices::repair`]. It honours masks and uneven demands, and by the
    /// repair minimums, groups, overflow and rewards.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Assignment, Demand, Instance, Run, Solver};
    /// use spinroute_transport::ExpertChoice;
    ///
    /// // Both experts want token 0, which takes one of them.
    /// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::AtMost(1))?;
    /// let solve = |rounds| ExpertChoice { rounds }.solve(&instance, &mut Run::new(0));
    /// assert_eq!(solve(1)?.assignment.slots(), [0, Assignment::EMPTY]);
    /// assert_eq!(solve(2)?.assignment.slots(), [0, 1]); // expert 1 chooses again
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct ExpertChoice {
        /// rounds of choices
        ///
        /// The first is the published rule, bounded to `k[t]`. Later ones end when no expert has both room and
        /// a token that it has not chosen.
        pub rounds: u32 => "at least 1" + "; after the first, experts that lost tokens choose again",
    }
}

impl Default for ExpertChoice {
    fn default() -> Self {
        Self { rounds: 1 }
    }
}

impl ExpertChoice {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "expert-choice",
        summary: "every expert takes its best tokens, a token keeps its k best; not causal",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "Zhou et al. 2022, arXiv 2202.09368; more rounds: Gale, Shapley 1962",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for ExpertChoice {
    /// # Errors
    /// [`Error::Parameter`] if `rounds` is 0, [`Error::Deficient`] if there is no assignment.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        param!(Self::rounds).at_least_one(self.rounds as usize)?;
        if let Some(why) = run.begin().break_value() {
            return feasible(instance, topk::choose(instance)?, why, true, run);
        }
        let mut choice = Choice::new(instance);
        let mut stop = Stop::Finished;
        for round in 0..self.rounds {
            // The first is a step even where nobody chooses: the repair then has all to do.
            if !choice.round() && round > 0 {
                break;
            }
            if let Some(why) = run.tick(Best::default()).break_value() {
                stop = why;
                break;
            }
        }
        feasible(instance, choice.assignment, stop, false, run)
    }
}

/// The published form: the tokens that each expert takes, best first, whoever else takes them.
///
/// One list an expert; expert `e` takes the `c[e]` tokens of largest `s[t,e]`, equal scores by the earlier
/// token, or all where there are fewer. Scores of any sign count; forbidden pairs and masked tokens do not.
/// Time `O(T·E + Σ c[e] log c[e])`.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_transport::expert_choices;
///
/// let scores = array![[0.9, 0.8], [0.7, 0.1], [0.2, 0.3]];
/// let instance = Instance::new(scores, vec![2, 1], Demand::AtMost(1))?;
/// assert_eq!(expert_choices(&instance), [vec![0, 1], vec![0]]); // token 0 twice, token 2 by none
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[must_use]
pub fn expert_choices(instance: &Instance) -> Vec<Vec<u32>> {
    let lists = (0..instance.experts()).into_par_iter().map(|e| {
        let mut column = Column::new(instance, e, f32::NEG_INFINITY);
        let mut best = column.best(instance.capacity()[e] as usize).to_vec();
        best.sort_unstable_by(Column::order);
        best.into_iter().map(|(_, t)| t).collect()
    });
    lists.collect()
}

/// The tokens that an expert may take.
struct Column {
    /// Score and token; the first `chosen` are used up.
    tokens: Vec<(f32, u32)>,
    chosen: usize,
}

impl Column {
    fn new(instance: &Instance, e: usize, floor: f32) -> Self {
        let scores = instance.flat()[e..].iter().step_by(instance.experts());
        let tokens = (0..).zip(scores).filter(|&(t, &s)| s > floor && instance.k(t as usize) > 0);
        let tokens = tokens.map(|(t, &score)| (score + 0.0, t)).collect(); // no order between -0 and 0
        Self { tokens, chosen: 0 }
    }

    /// Best first: by score, then by token.
    fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
        b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
    }

    /// The best `count` tokens that are not used up, in no order; they now are.
    fn best(&mut self, count: usize) -> &[(f32, u32)] {
        let open = &mut self.tokens[self.chosen..];
        let count = count.min(open.len());
        if 0 < count && count < open.len() {
            open.select_nth_unstable_by(count - 1, Self::order);
        }
        self.chosen += count;
        &self.tokens[self.chosen - count..self.chosen]
    }
}

/// The rounds of choices.
struct Choice<'a> {
    instance: &'a Instance,
    columns: Vec<Column>,
    /// How many more tokens each expert can hold.
    room: Vec<u32>,
    assignment: Assignment,
}

impl<'a> Choice<'a> {
    fn new(instance: &'a Instance) -> Self {
        let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        let columns = (0..instance.experts()).into_par_iter();
        let columns = columns.map(|e| Column::new(instance, e, floor)).collect();
        let assignment = Assignment::empty(instance.tokens(), instance.demand().k());
        Self { instance, columns, room: instance.capacity().to_vec(), assignment }
    }

    /// Every expert with room chooses; whether any did.
    fn round(&mut self) -> bool {
        let room = self.room.par_iter();
        let chosen = self.columns.par_iter_mut().zip(room);
        let chosen = chosen.map(|(column, &room)| {
            column.best(room as usize).iter().map(|&(_, t)| t).collect::<Vec<u32>>()
        });
        let chosen: Vec<Vec<u32>> = chosen.collect();
        for (e, tokens) in (0..).zip(&chosen) {
            for &t in tokens {
                self.offer(t as usize, e);
            }
        }
        chosen.iter().any(|tokens| !tokens.is_empty())
    }

    /// Token `t` takes expert `e` if it has a slot or holds a worse one.
    fn offer(&mut self, t: usize, e: u32) {
        let held = self.assignment.experts(t);
        if held.len() < self.instance.k(t) {
            self.assignment.push(t, e);
            self.room[e as usize] -= 1;
            return;
        }
        let scores = self.instance.scores(t);
        let key = |e: u32| (scores[e as usize] + 0.0, e);
        let worse = |a: &u32, b: &u32| Column::order(&key(*a), &key(*b));
        let Some(worst) = held.iter().copied().max_by(worse) else { return };
        if worse(&e, &worst).is_lt() && self.assignment.replace(t, worst, e) {
            self.room[e as usize] -= 1;
            self.room[worst as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Greedy;
    use ndarray::array;
    use proptest::prelude::*;
    use spinroute_core::Demand;
    use spinroute_testkit::strategy::{self, Shape};

    fn solve(instance: &Instance, rounds: u32) -> Solution {
        ExpertChoice { rounds }.solve(instance, &mut Run::new(0)).unwrap()
    }

    proptest! {
        /// The lists are the first tokens of a sorted column; one round keeps of them what a token likes best.
        #[test]
        fn one_round_is_the_rule(instance in strategy::any_instance_in_f32(&Shape::default())) {
            let demand = Demand::AtMost(instance.demand().k() as u32);
            let instance = instance.with_demand(demand).unwrap();
            let k = demand.k();
            let mut choosers = vec![Vec::new(); instance.tokens()];
            for (e, list) in expert_choices(&instance).into_iter().enumerate() {
                let score = |t: &u32| instance.scores(*t as usize)[e] + 0.0;
                let mut column: Vec<u32> = (0..instance.tokens() as u32).collect();
                column.retain(|t| score(t) > f32::NEG_INFINITY);
                column.sort_by(|a, b| score(b).total_cmp(&score(a)));
                column.truncate(instance.capacity()[e] as usize);
                prop_assert_eq!(&list, &column);
                for t in list.into_iter().filter(|t| score(t) > 0.0) {
                    choosers[t as usize].push(e as u32);
                }
            }
            let solution = solve(&instance, 1);
            for (t, mut want) in choosers.into_iter().enumerate() {
                want.sort_by(|&a, &b| {
                    let scores = instance.scores(t);
                    scores[b as usize].total_cmp(&scores[a as usize])
                });
                want.truncate(k);
                want.sort_unstable();
                let mut got = solution.assignment.experts(t).to_vec();
                got.sort_unstable();
                prop_assert_eq!(got, want);
            }
        }

        /// Deferred acceptance under one order of pairs has one answer: greedy's.
        #[test]
        fn all_rounds_are_greedy(instance in strategy::any_instance_in_f32(&Shape::default())) {
            let demand = Demand::AtMost(instance.demand().k() as u32);
            let instance = instance.with_demand(demand).unwrap();
            let greedy = Greedy {}.solve(&instance, &mut Run::new(0)).unwrap();
            let stable = solve(&instance, u32::MAX);
            for t in 0..instance.tokens() {
                let sorted = |solution: &Solution| {
                    let mut row = solution.assignment.experts(t).to_vec();
                    row.sort_unstable();
                    row
                };
                prop_assert_eq!(sorted(&stable), sorted(&greedy));
            }
        }
    }

    #[test]
    fn no_round_is_refused_and_an_exact_demand_is_completed() {
        let scores = array![[0.9, 0.8], [0.7, 0.1], [0.6, 0.3]];
        let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1)).unwrap();
        let none = ExpertChoice { rounds: 0 }.solve(&instance, &mut Run::new(0)).unwrap_err();
        assert_eq!(none.to_string(), "parameter `rounds` is 0; it is at least 1");
        // Experts choose tokens 0, 1 and 0, 2; token 0 keeps expert 0.
        assert_eq!(solve(&instance, 1).assignment.slots(), [0, 0, 1]);
    }
}
