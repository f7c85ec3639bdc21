//! The assignment problem: tokens, experts, scores, limits.

use std::sync::Arc;

use ndarray::ArrayView2;

use crate::scores::{Checked, flat};
use crate::sum::Sum;
use crate::{Assignment, Demand, Groups, Limits, Overflow, Reward, Violation};

/// A capacity-constrained assignment problem.
///
/// ```text
/// maximise    Σ s[t,e] x[t,e]
/// subject to  Σ_e x[t,e] ≤ k     for each token t    (= k under `Exactly`)
///             Σ_t x[t,e] ≤ c[e]  for each expert e   (dual: the price p[e] ≥ 0)
///             x[t,e] ∈ {0, 1},   x[t,e] = 0 where s[t,e] = -∞
/// ```
///
/// That is the plain problem, which [`Instance::new`] takes. [`Instance::builder`] takes all of it: tokens that
/// take `k[t]` experts, or none; least loads; [groups](Groups) of experts that nest, with limits of their own;
/// costs for units beyond a capacity and rewards for the first ones ([`Limits`]). `docs/problem.md` states it.
///
/// All of it is a flow, so that the linear relaxation has an integral optimum
/// (Hoffman, Kruskal 1956). A clone shares the scores: it costs a pointer.
///
/// Solvers work on scores in `f32`. Objectives and bounds are about the scores as they were given:
/// where `f32` does not hold those, they are kept in `f64` beside ([`Scores::wide`](crate::Scores::wide)).
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Instance};
///
/// // Two tokens, two experts that hold one token each, one expert a token.
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let objective = instance.objective(&Assignment::from_slots(1, vec![1, 0]))?;
/// assert!((objective - 1.5).abs() < 1e-6);
/// // Token 0 and token 1 cannot both take expert 0.
/// assert!(instance.objective(&Assignment::from_slots(1, vec![0, 0])).is_err());
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Instance {
    pub(crate) scores: Checked,
    pub(crate) demand: Demand,
    /// One a token, where they differ.
    pub(crate) demands: Option<Arc<[u32]>>,
    /// `Σ k[t]`.
    pub(crate) slots: u64,
    pub(crate) capacity: Arc<[u32]>,
    /// One an expert, where any is above 0.
    pub(crate) minimum: Option<Arc<[u32]>>,
    pub(crate) groups: Option<Arc<Groups>>,
    pub(crate) overflow: Overflow,
    pub(crate) reward: Reward,
}

impl Instance {
    /// The same tokens and experts without limits of loads: every expert may hold every token.
    #[must_use]
    pub fn uncapped(&self) -> Self {
        Self {
            capacity: vec![self.tokens() as u32; self.experts()].into(),
            minimum: None,
            groups: None,
            overflow: Overflow::default(),
            reward: Reward::default(),
            ..self.clone()
        }
    }

    /// The number of tokens, T.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.scores.narrow.nrows()
    }

    /// The number of experts, E.
    #[must_use]
    pub fn experts(&self) -> usize {
        self.scores.narrow.ncols()
    }

    /// How many experts each token takes, at most if they differ: the number of slots of a row.
    #[must_use]
    pub fn demand(&self) -> Demand {
        self.demand
    }

    /// How many experts each token takes, where they differ; 0 for a token that is masked.
    #[must_use]
    pub fn demands(&self) -> Option<&[u32]> {
        self.demands.as_deref()
    }

    /// How many experts token `t` takes (up to so many under [`Demand::AtMost`]).
    ///
    /// # Panics
    /// If there is no token `t`, and demands differ.
    #[must_use]
    pub fn k(&self, t: usize) -> usize {
        self.demands.as_ref().map_or(self.demand.k(), |demands| demands[t] as usize)
    }

    /// `Σ k[t]`: all slots.
    #[must_use]
    pub fn slots(&self) -> u64 {
        self.slots
    }

    /// The capacity `c[e]` of every expert.
    #[must_use]
    pub fn capacity(&self) -> &[u32] {
        &self.capacity
    }

    /// The least load of every expert, where any is above 0.
    #[must_use]
    pub fn minimums(&self) -> Option<&[u32]> {
        self.minimum.as_deref()
    }

    /// The groups of experts.
    #[must_use]
    pub fn groups(&self) -> Option<&Groups> {
        self.groups.as_deref()
    }

    /// What every expert may hold beyond its capacity.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// What the first units of every expert gain.
    #[must_use]
    pub fn reward(&self) -> Reward {
        self.reward
    }

    /// How many loads have limits: the experts, then the groups. They are the nodes of a tree whose root has
    /// none.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.experts() + self.groups.as_ref().map_or(0, |groups| groups.len())
    }

    /// The limits of a node: of expert `node`, or of group `node - E`.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn limits(&self, node: usize) -> Limits {
        match (&self.groups, node.checked_sub(self.experts())) {
            (Some(groups), Some(group)) => groups.limits(group),
            _ => Limits {
                minimum: self.minimum.as_ref().map_or(0, |minimum| minimum[node]),
                capacity: self.capacity[node],
                overflow: self.overflow,
                reward: self.reward,
            },
        }
    }

    /// The node of the group around a node, which is above it; `None` where that is the root.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn parent(&self, node: usize) -> Option<usize> {
        let (groups, experts) = (self.groups.as_ref()?, self.experts());
        let group =
            if node < experts { groups.of_expert(node) } else { groups.parent(node - experts) };
        group.map(|group| experts + group)
    }

    /// The load of every node, from those of the experts.
    #[must_use]
    pub fn node_loads(&self, experts: &[u32]) -> Vec<u32> {
        let groups = self.groups.as_ref().map(|groups| groups.loads(experts));
        [experts.to_vec(), groups.unwrap_or_default()].concat()
    }

    /// Whether some pair is forbidden (its score is `-∞`).
    #[must_use]
    pub fn has_forbidden(&self) -> bool {
        self.scores.forbidden
    }

    /// The scores of token `t`, one per expert.
    ///
    /// # Panics
    /// If there is no token `t`.
    #[must_use]
    pub fn scores(&self, t: usize) -> &[f32] {
        let experts = self.experts();
        &self.flat()[t * experts..][..experts]
    }

    /// All scores, `tokens × experts`.
    #[must_use]
    pub fn table(&self) -> ArrayView2<'_, f32> {
        self.scores.narrow.view()
    }

    /// All scores in one row-major slice.
    #[must_use]
    pub fn flat(&self) -> &[f32] {
        flat(&self.scores.narrow)
    }

    /// All scores as they were given, row-major, where `f32` does not hold them all; `None` where
    /// [`Instance::flat`] is what was given.
    #[must_use]
    pub fn wide(&self) -> Option<&[f64]> {
        self.scores.wide.as_ref().map(flat)
    }

    /// The score of token `t` for expert `e` as it was given.
    ///
    /// # Panics
    /// If there is no such token or expert.
    #[must_use]
    pub fn score(&self, t: usize, e: usize) -> f64 {
        match &self.scores.wide {
            Some(wide) => wide[[t, e]],
            None => f64::from(self.scores.narrow[[t, e]]),
        }
    }

    /// `Σ_e min(c[e], T)`: the most slots that the experts can hold, groups and overflow aside.
    #[must_use]
    pub fn supply(&self) -> u64 {
        self.capacity.iter().map(|&c| u64::from(c).min(self.tokens() as u64)).sum()
    }

    /// What the loads of the experts cost: units beyond capacities less rewards, of experts and groups.
    #[must_use]
    pub fn cost_of_loads(&self, experts: &[u32]) -> f64 {
        let mut cost = Sum::default();
        self.add_costs(&self.node_loads(experts), 1.0, &mut cost);
        cost.nearest()
    }

    /// Adds `sign` times the cost of every node's load.
    fn add_costs(&self, loads: &[u32], sign: f64, sum: &mut Sum) {
        for (node, &load) in loads.iter().enumerate() {
            let mut start = 0;
            for (end, cost) in self.limits(node).pieces() {
                sum.add_product(sign * f64::from(load.min(end).saturating_sub(start)), cost);
                start = end;
            }
        }
    }

    /// Checks `assignment` against every constraint and returns its objective: `Σ s[t,e] x[t,e]` less what its
    /// loads cost.
    ///
    /// This is the only way to an objective: the sum of the scores as they were given, and of the costs,
    /// rounded once, to the nearest `f64`. Time O(T·k²).
    ///
    /// # Errors
    /// The first constraint that it breaks.
    pub fn objective(&self, assignment: &Assignment) -> Result<f64, Violation> {
        if assignment.tokens() != self.tokens() {
            return Err(Violation::Tokens { got: assignment.tokens(), want: self.tokens() });
        }
        let mut load = vec![0u32; self.experts()];
        let mut objective = Sum::default();
        for t in 0..self.tokens() {
            let (chosen, scores) = (assignment.experts(t), self.scores(t));
            let want = self.k(t);
            if chosen.len() > want || (self.demand.is_exact() && chosen.len() < want) {
                return Err(Violation::Demand { token: t, got: chosen.len(), want });
            }
            for (i, &expert) in chosen.iter().enumerate() {
                let Some(&narrow) = scores.get(expert as usize) else {
                    return Err(Violation::Range { token: t, expert, experts: self.experts() });
                };
                if chosen[..i].contains(&expert) {
                    return Err(Violation::Repeated { token: t, expert });
                }
                if narrow == f32::NEG_INFINITY {
                    return Err(Violation::Forbidden { token: t, expert });
                }
                load[expert as usize] += 1;
                objective.add(self.score(t, expert as usize));
            }
        }
        let loads = self.node_loads(&load);
        self.check_loads(&loads)?;
        self.add_costs(&loads, -1.0, &mut objective);
        Ok(objective.nearest())
    }

    /// Refuses loads of the nodes beyond their limits.
    fn check_loads(&self, loads: &[u32]) -> Result<(), Violation> {
        for (node, &load) in loads.iter().enumerate() {
            let limits = self.limits(node);
            let (capacity, minimum) = (limits.highest(), limits.minimum);
            match node.checked_sub(self.experts()) {
                None if load > capacity => {
                    return Err(Violation::Capacity { expert: node, load, capacity });
                }
                None if load < minimum => {
                    return Err(Violation::Minimum { expert: node, load, minimum });
                }
                Some(group) if load > capacity => {
                    return Err(Violation::GroupCapacity { group, load, capacity });
                }
                Some(group) if load < minimum => {
                    return Err(Violation::GroupMinimum { group, load, minimum });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use ndarray::{Array2, array};

    fn instance(demand: Demand) -> Instance {
        let scores = array![[0.5, 0.25, f32::NEG_INFINITY], [0.5, 0.125, 0.0]];
        Instance::new(scores, vec![1, 2, 1], demand).unwrap()
    }

    #[test]
    fn refuses_what_cannot_be_a_score_with_its_place() {
        for value in [f32::NAN, f32::INFINITY] {
            let mut scores = Array2::zeros((3, 2));
            scores[[1, 1]] = value;
            let error = Instance::new(scores, vec![3, 3], Demand::AtMost(1)).unwrap_err();
            assert!(matches!(error, Error::Score { token: 1, expert: 1, .. }), "{error}");
        }
    }

    #[test]
    fn scores_in_f64_are_kept_only_where_narrowing_changes_one() {
        let new = |scores| Instance::from_f64(scores, vec![2; 2], Demand::AtMost(1));
        let kept = new(array![[0.5, f64::NEG_INFINITY], [1e-40, 3.0]]).unwrap();
        assert_eq!(kept.wide(), Some(&[0.5, f64::NEG_INFINITY, 1e-40, 3.0][..]));
        assert!(kept.has_forbidden() && kept.score(1, 0) == 1e-40);
        let narrow = new(array![[0.5, f64::NEG_INFINITY], [-0.25, 3.0]]).unwrap();
        assert_eq!((narrow.wide(), narrow.score(1, 0)), (None, -0.25));
        assert_eq!(kept.uncapped().wide(), kept.wide());
        for value in [f64::NAN, f64::INFINITY, 1e39, -1e300] {
            let error = new(array![[0.5, 0.5], [value, 0.0]]).unwrap_err();
            assert!(matches!(error, Error::Score { token: 1, expert: 0, .. }), "{error}");
        }
    }

    #[test]
    fn refuses_sizes_that_do_not_fit() {
        let zeros = |t, e| Array2::<f32>::zeros((t, e));
        let new = |t, e, c: Vec<u32>, d| Instance::new(zeros(t, e), c, d).unwrap_err();
        assert!(matches!(new(0, 2, vec![1, 1], Demand::AtMost(1)), Error::Empty { .. }));
        assert!(matches!(new(1, 2, vec![1], Demand::AtMost(1)), Error::Capacities { .. }));
        assert!(matches!(new(1, 2, vec![1, 1], Demand::AtMost(0)), Error::Demand { .. }));
        assert!(matches!(new(1, 2, vec![1, 1], Demand::AtMost(3)), Error::Demand { .. }));
        let short = new(3, 2, vec![9, 2], Demand::Exactly(2));
        assert_eq!(short, Error::Infeasible { need: 6, supply: 5 });
    }

    #[test]
    fn objective_names_every_broken_constraint() {
        let exact = instance(Demand::Exactly(1));
        let of = |slots: &[u32], k| exact.objective(&Assignment::from_slots(k, slots.to_vec()));
        assert_eq!(of(&[1, 0], 1), Ok(0.75));
        assert!(matches!(of(&[1], 1), Err(Violation::Tokens { got: 1, want: 2 })));
        assert!(matches!(of(&[0, 1, 1, 2], 2), Err(Violation::Demand { token: 0, got: 2, .. })));
        assert!(matches!(of(&[1, u32::MAX], 1), Err(Violation::Demand { token: 1, got: 0, .. })));
        assert!(matches!(of(&[3, 0], 1), Err(Violation::Range { token: 0, expert: 3, .. })));
        assert!(matches!(of(&[2, 0], 1), Err(Violation::Forbidden { token: 0, expert: 2 })));
        assert!(matches!(of(&[0, 0], 1), Err(Violation::Capacity { expert: 0, load: 2, .. })));
        let loose = instance(Demand::AtMost(2));
        let twice = loose.objective(&Assignment::from_slots(2, vec![1, 1, 0, 2]));
        assert!(matches!(twice, Err(Violation::Repeated { token: 0, expert: 1 })));
    }

    #[test]
    fn column_major_scores_are_the_same_instance() {
        let rows = Array2::from_shape_fn((5, 3), |(t, e)| (t * 3 + e) as f32);
        let columns = Array2::from_shape_vec(
            ndarray::ShapeBuilder::f((5, 3)),
            rows.t().iter().copied().collect(),
        )
        .unwrap();
        assert!(!columns.is_standard_layout());
        let instance = Instance::new(columns, vec![5; 3], Demand::AtMost(1)).unwrap();
        assert_eq!(instance.table(), rows);
    }

    #[test]
    fn capacity_factor_rounds_up_but_not_past_a_whole_number() {
        let capacity = |t, e, k, f| Instance::uniform_capacity(t, e, k, f).unwrap()[0];
        assert_eq!(capacity(4096, 160, 6, 1.0), 154); // 153.6
        assert_eq!(capacity(4096, 128, 2, 1.0), 64);
        assert_eq!(capacity(1000, 10, 1, 1.1), 110); // 1.1·100 is 110.00000000000001
        assert!(Instance::uniform_capacity(1, 1, 1, 0.0).is_err());
        assert!(Instance::uniform_capacity(1, 1, 1, f64::NAN).is_err());
    }
}
