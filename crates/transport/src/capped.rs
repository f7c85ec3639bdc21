//! Top-k with a capacity: choose first, drop afterwards. What most training stacks do.
//!
//! Every token chooses its top-k; an expert chosen by more tokens than it can hold keeps
//! `c[e]` of them and drops the rest, which leaves slots empty. Which ones it keeps is the drop
//! policy (the names are Megatron-LM's `moe_token_drop_policy`).
//!
//! Dropping is legal under `AtMost` only. Under `Exactly` the empty slots are filled afterwards by
//! [`spinroute_prices::repair`], which Megatron-LM does not do: the two then share the first choice,
//! not the answer.
//!
//! Groups drop as experts do, from the innermost on. Minimums, which no drop meets, are met by the repair, which
//! then also decides on units beyond a capacity and rewarded ones; dropping takes the capacity for a wall.
//!
//! Time O(T·E) for the selection and O(T·k) for the drops, which are the one step of a run: one that
//! allows none repairs the first choice instead. A limit of time cuts the repair short.
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Best, Error, Feature, Groups, Instance, Run, Solution, Solver, Stop, parameters,
};
use spinroute_prices::repair_in_time;

use crate::topk;

/// Which tokens an overfull expert keeps.
///
/// ```
/// use spinroute_transport::{CappedTopK, DropPolicy};
///
/// assert_eq!(CappedTopK::default().drop, DropPolicy::Probs);
/// assert_eq!(serde_json::to_value(DropPolicy::Position)?, "position");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropPolicy {
    /// Those of highest score; of equal ones, the earlier token.
    #[default]
    Probs,
    /// The earliest tokens, whatever their scores: a stable drop by position. (Megatron-LM takes
    /// the top `c[e]` of a 0/1 mask instead and so relies on the order in which `topk` returns
    /// ties, which PyTorch leaves open.)
    Position,
}

parameters! {
    /// Top-k, then every overfull expert and group drops what it cannot hold.
    ///
    /// It honours masks and uneven demands, minimums, groups, overflow and rewards.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Assignment, Demand, Instance, Run, Solver};
    /// use spinroute_transport::CappedTopK;
    ///
    /// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::AtMost(1))?;
    /// let solution = CappedTopK::default().solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [0, Assignment::EMPTY]); // token 1 is dropped
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct CappedTopK {
        /// what an overfull expert drops: probs (its lowest scores) or position (its last tokens)
        pub drop: DropPolicy,
    }
}

impl CappedTopK {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "capped-topk",
        summary: "top-k; then every overfull expert drops tokens",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "drop policies of Megatron-LM; exactly-k is completed by augmenting paths",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for CappedTopK {
    /// # Errors
    /// [`Error::Deficient`] if there is no assignment.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let mut assignment = topk::choose(instance)?;
        let mut stop = run.begin();
        let dropped = stop.is_continue();
        if dropped {
            self.drop_excess(instance, &mut assignment);
            self.drop_of_groups(instance, &mut assignment);
            stop = run.tick(Best::default());
        }
        let mut stop = stop.break_value().unwrap_or(Stop::Finished);
        let only_dropped = [Feature::Demands, Feature::Groups];
        let needs = instance.features().iter().any(|feature| !only_dropped.contains(feature));
        let needs = needs || instance.groups().is_some_and(|groups| lacks(groups, &assignment));
        if instance.demand().is_exact() || !dropped || needs {
            let (repaired, cut) = repair_in_time(instance, assignment, None, run)?;
            (assignment, stop) = (repaired, cut.unwrap_or(stop));
        }
        Ok(Solution { assignment, prices: None, stop })
    }
}

impl CappedTopK {
    /// Takes from every overfull expert what it cannot hold.
    fn drop_excess(self, instance: &Instance, assignment: &mut Assignment) {
        for (e, mut tokens) in holders(instance, assignment) {
            let keep = instance.capacity()[e] as usize;
            if self.drop == DropPolicy::Probs && keep > 0 {
                tokens.select_nth_unstable_by(keep - 1, |a, b| {
                    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
                });
            }
            for &(_, t) in &tokens[keep..] {
                assignment.remove(t as usize, e as u32);
            }
        }
    }

    /// Takes from every overfull group what it cannot hold, from the innermost on.
    fn drop_of_groups(self, instance: &Instance, assignment: &mut Assignment) {
        let Some(groups) = instance.groups() else { return };
        for group in 0..groups.len() {
            let mut units = Vec::new();
            for t in 0..assignment.tokens() {
                let scores = instance.scores(t);
                let inside = assignment.experts(t).iter().filter(|&&e| lies_in(groups, e, group));
                units.extend(inside.map(|&e| (scores[e as usize], t, e)));
            }
            let keep = groups.limits(group).capacity as usize;
            if units.len() <= keep {
                continue;
            }
            let best = |a: &(f32, usize, u32), b: &(f32, usize, u32)| b.0.total_cmp(&a.0);
            match self.drop {
                DropPolicy::Probs => units.sort_by(best),
                DropPolicy::Position => units.sort_by(|a, b| a.1.cmp(&b.1).then(best(a, b))),
            }
            for &(_, t, e) in &units[keep..] {
                assignment.remove(t, e);
            }
        }
    }
}

/// Whether an expert lies in a group, at any depth.
fn lies_in(groups: &Groups, expert: u32, group: usize) -> bool {
    let mut around = groups.of_expert(expert as usize);
    while let Some(at) = around.filter(|&at| at != group) {
        around = groups.parent(at);
    }
    around.is_some()
}

/// Whether a group holds less than its minimum.
fn lacks(groups: &Groups, assignment: &Assignment) -> bool {
    let mut load = vec![0; groups.experts()];
    for &e in assignment.slots().iter().filter(|&&e| e != Assignment::EMPTY) {
        load[e as usize] += 1;
    }
    let loads = groups.loads(&load);
    loads.iter().enumerate().any(|(group, &load)| load < groups.limits(group).minimum)
}

/// The overfull experts, ascending, each with its tokens, ascending, and their scores.
fn holders(instance: &Instance, assignment: &Assignment) -> Vec<(usize, Vec<(f32, u32)>)> {
    let filled = |t: u32| assignment.experts(t as usize).iter().map(move |&e| (t, e as usize));
    let tokens = 0..assignment.tokens() as u32;
    let mut load = vec![0u32; instance.experts()];
    tokens.clone().flat_map(filled).for_each(|(_, e)| load[e] += 1);
    let mut place = vec![None; instance.experts()];
    let mut holders = Vec::new();
    for (e, &load) in load.iter().enumerate().filter(|&(e, &l)| l > instance.capacity()[e]) {
        place[e] = Some(holders.len());
        holders.push((e, Vec::with_capacity(load as usize)));
    }
    for (t, e) in tokens.flat_map(filled) {
        if let Some(place) = place[e] {
            holders[place].1.push((instance.scores(t as usize)[e], t));
        }
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use spinroute_core::Demand;

    fn solve(drop: DropPolicy, demand: Demand) -> Vec<u32> {
        let scores = array![[0.5, 0.1], [0.7, 0.2], [0.5, 0.4], [0.6, 0.3]];
        let instance = Instance::new(scores, vec![2, 2], demand).unwrap();
        let solution = CappedTopK { drop }.solve(&instance, &mut Run::new(0)).unwrap();
        instance.objective(&solution.assignment).unwrap();
        solution.assignment.slots().to_vec()
    }

    #[test]
    fn policies_keep_what_they_say() {
        const E: u32 = Assignment::EMPTY;
        assert_eq!(solve(DropPolicy::Probs, Demand::AtMost(1)), [E, 0, E, 0]);
        assert_eq!(solve(DropPolicy::Position, Demand::AtMost(1)), [0, 0, E, E]);
        assert_eq!(solve(DropPolicy::Probs, Demand::Exactly(1)), [1, 0, 1, 0]);
    }

    #[test]
    fn equal_scores_keep_the_earlier_token() {
        let instance = Instance::new(array![[0.5], [0.5]], vec![1], Demand::AtMost(1)).unwrap();
        let solution = CappedTopK::default().solve(&instance, &mut Run::new(0)).unwrap();
        assert_eq!(solution.assignment.slots(), [0, Assignment::EMPTY]);
    }
}
