//! Top-k with a capacity: choose first, drop afterwards. What most training stacks do.
//!
//! Every token chooses its top-k; an expert chosen by more tokens than it can hold keeps
//! `c[e]` of them and drops the rest, which leaves slots empty. Which ones it keeps is the drop
//! policy (the names are Megatron-LM's `moe_token_drop_policy`).
//!
//! Dropping is legal under `AtMost` only. Under `Exactly` the empty slots are filled afterwards by
//! [`spinroute_core::repair`], which Megatron-LM does not do: the two then share the first choice,
//! not the answer.
//!
//! Time O(T·E) for the selection and O(T·k) for the drops.
use serde::{Deserialize, Serialize};
use spinroute_core::{Assignment, Error, Instance, Run, Solution, Solver, Stop, repair};

use crate::topk;

/// Which tokens an overfull expert keeps.
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

/// Top-k, then every overfull expert drops what it cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CappedTopK {
    /// Which tokens an overfull expert keeps.
    pub drop: DropPolicy,
}

impl Solver for CappedTopK {
    /// # Errors
    /// [`Error::Deficient`] if an `Exactly` demand cannot be met.
    fn solve(&self, instance: &Instance, _run: &mut Run<'_>) -> Result<Solution, Error> {
        let mut assignment = topk::choose(instance)?;
        for (e, mut tokens) in holders(instance, &assignment) {
            let keep = instance.capacity()[e] as usize;
            if self.drop == DropPolicy::Probs && keep > 0 {
                let score = |t: u32| instance.scores(t as usize)[e];
                tokens.select_nth_unstable_by(keep - 1, |&a, &b| {
                    score(b).total_cmp(&score(a)).then(a.cmp(&b))
                });
            }
            for &t in &tokens[keep..] {
                assignment.remove(t as usize, e as u32);
            }
        }
        if instance.demand().is_exact() {
            assignment = repair(instance, assignment, None)?;
        }
        Ok(Solution { assignment, prices: None, stop: Stop::Finished })
    }
}

/// The overfull experts, ascending, each with its tokens, ascending.
fn holders(instance: &Instance, assignment: &Assignment) -> Vec<(usize, Vec<u32>)> {
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
            holders[place].1.push(t);
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
