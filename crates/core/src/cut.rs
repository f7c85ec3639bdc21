//! Proofs that nothing is feasible, recounted.

use crate::{Deficiency, Instance, Shortfall};

impl Deficiency {
    /// Counts need and supply of a set of tokens, experts and groups; `Some` if they prove that `instance` has no
    /// assignment.
    #[must_use]
    pub fn new(
        instance: &Instance,
        short: Shortfall,
        tokens: Vec<u32>,
        experts: Vec<u32>,
        groups: Vec<u32>,
    ) -> Option<Self> {
        let (first_group, nodes) = (instance.experts(), instance.nodes());
        // The root is in no set.
        let mut inside = vec![false; nodes + 1];
        for &e in experts.iter().filter(|&&e| (e as usize) < first_group) {
            inside[e as usize] = true;
        }
        for &g in groups.iter().filter(|&&g| first_group + (g as usize) < nodes) {
            inside[first_group + g as usize] = true;
        }
        let ascending = |list: &[u32], end: usize| {
            list.windows(2).all(|pair| pair[0] < pair[1])
                && list.last().is_none_or(|&last| (last as usize) < end)
        };
        if !ascending(&tokens, instance.tokens())
            || !ascending(&experts, first_group)
            || !ascending(&groups, nodes - first_group)
            || (short == Shortfall::Room && !instance.demand().is_exact())
        {
            return None;
        }
        let (leaves, enters) = through(instance, &inside);
        let asked: u64 = tokens.iter().map(|&t| instance.k(t as usize) as u64).sum();
        // Allowed pairs of a token with experts inside or outside, once each, and no more than it takes.
        let pairs = |t: usize, side: bool| {
            let allowed = |&(&s, &inside): &(&f32, &bool)| inside == side && s > f32::NEG_INFINITY;
            instance.scores(t).iter().zip(&inside).filter(allowed).count() as u64
        };
        let (need, supply) = match short {
            Shortfall::Room => {
                let elsewhere = tokens.iter().map(|&t| pairs(t as usize, false)).sum::<u64>();
                (asked + enters.0, leaves.1 + elsewhere)
            }
            Shortfall::Tokens => {
                let mut tokens = tokens.iter().copied().peekable();
                let outside =
                    (0..instance.tokens()).filter(|&t| tokens.next_if_eq(&(t as u32)).is_none());
                let others = outside.map(|t| pairs(t, true).min(instance.k(t) as u64)).sum::<u64>();
                (leaves.0, enters.1 + asked + others)
            }
        };
        (need > supply).then_some(Self { short, tokens, experts, groups, need, supply })
    }

    /// As [`Deficiency::new`] of tokens and experts that leave too little room, without groups.
    #[must_use]
    pub fn crowded(instance: &Instance, tokens: Vec<u32>, experts: Vec<u32>) -> Option<Self> {
        Self::new(instance, Shortfall::Room, tokens, experts, Vec::new())
    }

    /// Whether these sets prove that `instance` has no assignment: recounted, not believed.
    #[must_use]
    pub fn proves(&self, instance: &Instance) -> bool {
        let Self { short, tokens, experts, groups, .. } = self.clone();
        Self::new(instance, short, tokens, experts, groups).is_some()
    }
}

/// What minimums and limits let through the border of a set of nodes, the root not in it: out of it, and into it.
fn through(instance: &Instance, inside: &[bool]) -> ((u64, u64), (u64, u64)) {
    let nodes = instance.nodes();
    let (mut leaves, mut enters) = ((0, 0), (0, 0));
    for node in 0..nodes {
        let around = inside[instance.parent(node).unwrap_or(nodes)];
        let limits = instance.limits(node);
        let add = |sum: (u64, u64)| {
            (sum.0 + u64::from(limits.minimum), sum.1 + u64::from(limits.highest()))
        };
        match (inside[node], around) {
            (true, false) => leaves = add(leaves),
            (false, true) => enters = add(enters),
            _ => {}
        }
    }
    (leaves, enters)
}
