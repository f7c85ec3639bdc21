//! The flow so far and the arcs that it leaves open.
//!
//! Nodes: tokens, then experts, then groups, then source, then sink. Arcs, each with its reverse as far as it
//! carries flow: source → token (up to `k[t]` units), token → expert (one unit, cost −score), expert or group →
//! the group around it, or the sink (a unit costs what it adds to the cost of the load).
//!
//! What must carry flow (the slots of a token under `Exactly`, the units of a minimum) comes first: lengths are
//! pairs, compared by the number of such units that a path fills, then by cost. Every arc's units are ordered
//! that way, so that the cost stays convex and shortest augmentations keep the flow optimal; one that fills most
//! of them fills all, or nothing is feasible.

use std::collections::VecDeque;
use std::ops::{Add, Neg};

use spinroute_core::{Assignment, Instance};

use crate::exact_sum::{ExactSum, Unit};
use crate::reference::residual::{Arc, Residual};

/// The length of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Length<const W: usize> {
    /// Units that it takes from what must carry flow, less those that it fills.
    taken: i64,
    cost: ExactSum<W>,
}

impl<const W: usize> Length<W> {
    const ZERO: Self = Self::of(0, ExactSum::ZERO);

    const fn of(taken: i64, cost: ExactSum<W>) -> Self {
        Self { taken, cost }
    }
}

impl<const W: usize> Add for Length<W> {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self::of(self.taken + other.taken, self.cost + other.cost)
    }
}

impl<const W: usize> Neg for Length<W> {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self::of(-self.taken, -self.cost)
    }
}

pub(crate) struct Network<'a, const W: usize> {
    instance: &'a Instance,
    pub(crate) low: i32,
    /// `tokens × experts`; `None` where the pair is forbidden.
    costs: Vec<Option<ExactSum<W>>>,
    /// What goes straight into each expert or group, then into the sink.
    children: Vec<Vec<usize>>,
    takes: Vec<Vec<bool>>,
    slots: Vec<usize>,
    /// The loads of the experts, then of the groups.
    load: Vec<u32>,
}

struct Paths<const W: usize> {
    length: Vec<Option<Length<W>>>,
    parent: Vec<usize>,
}

impl<'a, const W: usize> Network<'a, W> {
    pub(crate) fn new(instance: &'a Instance, unit: Unit) -> Self {
        let (tokens, experts, low) = (instance.tokens(), instance.experts(), unit.low);
        let cost = |t, e| Some(instance.score(t, e)).filter(|s| s.is_finite());
        let costs = (0..tokens * experts)
            .map(|i| cost(i / experts, i % experts).map(|score| -ExactSum::of(score, low)))
            .collect();
        let mut children = vec![Vec::new(); instance.nodes() + 1];
        for node in 0..instance.nodes() {
            children[instance.parent(node).unwrap_or(instance.nodes())].push(node);
        }
        let takes = vec![vec![false; experts]; tokens];
        let (slots, load) = (vec![0; tokens], vec![0; instance.nodes()]);
        Self { instance, low, costs, children, takes, slots, load }
    }

    /// Augments until nothing is gained.
    pub(crate) fn fill(&mut self) {
        loop {
            let tree = self.shortest_paths();
            match tree.length[self.sink()] {
                Some(length) if length < Length::ZERO => self.augment(&tree),
                _ => return,
            }
        }
    }

    fn node(&self, node: usize) -> usize {
        self.instance.tokens() + node
    }

    fn source(&self) -> usize {
        self.node(self.instance.nodes())
    }

    fn sink(&self) -> usize {
        self.source() + 1
    }

    /// Where the flow through an expert or group goes on.
    fn out_of(&self, node: usize) -> usize {
        self.instance.parent(node).map_or(self.sink(), |parent| self.node(parent))
    }

    /// What unit number `unit` of an expert or group, from 0, takes and costs; `None` beyond its limits.
    fn unit(&self, node: usize, unit: u32) -> Option<Length<W>> {
        let limits = self.instance.limits(node);
        let most = u64::from(limits.capacity) + u64::from(limits.overflow.up_to);
        if u64::from(unit) >= most {
            return None;
        }
        let cost = if unit >= limits.capacity {
            ExactSum::of(limits.overflow.cost, self.low)
        } else if unit < limits.reward.up_to {
            -ExactSum::of(limits.reward.gain, self.low)
        } else {
            ExactSum::ZERO
        };
        Some(Length::of(-i64::from(unit < limits.minimum), cost))
    }

    /// What the last unit of an expert or group gives back, if there is one.
    fn last_unit(&self, node: usize) -> Option<Length<W>> {
        self.load[node].checked_sub(1).and_then(|last| self.unit(node, last)).map(Neg::neg)
    }

    /// What a slot of a token takes.
    fn slot(&self) -> Length<W> {
        Length::of(-i64::from(self.instance.demand().is_exact()), ExactSum::ZERO)
    }

    /// Calls `visit` with the head and the length of every open arc that leaves `from`.
    fn arcs(&self, from: usize, mut visit: impl FnMut(usize, Length<W>)) {
        let (tokens, experts) = (self.instance.tokens(), self.instance.experts());
        if from < tokens {
            for e in (0..experts).filter(|&e| !self.takes[from][e]) {
                if let Some(cost) = self.costs[from * experts + e] {
                    visit(self.node(e), Length::of(0, cost));
                }
            }
            if self.slots[from] > 0 {
                visit(self.source(), -self.slot());
            }
            return;
        }
        if from == self.source() {
            for t in (0..tokens).filter(|&t| self.slots[t] < self.instance.k(t)) {
                visit(t, self.slot());
            }
            return;
        }
        let node = if from == self.sink() { self.instance.nodes() } else { from - tokens };
        for &child in &self.children[node] {
            if let Some(length) = self.last_unit(child) {
                visit(self.node(child), length);
            }
        }
        if from == self.sink() {
            return;
        }
        if let Some(length) = self.unit(node, self.load[node]) {
            visit(self.out_of(node), length);
        }
        for t in (0..tokens).filter(|&t| node < experts && self.takes[t][node]) {
            if let Some(cost) = self.costs[t * experts + node] {
                visit(t, Length::of(0, -cost));
            }
        }
    }

    /// Shortest paths from the source to every node. No cycle of open arcs is negative: the
    /// first flow is empty and the graph acyclic, and shortest augmentations keep it so.
    fn shortest_paths(&self) -> Paths<W> {
        let nodes = self.sink() + 1;
        let mut paths = Paths { length: vec![None; nodes], parent: vec![usize::MAX; nodes] };
        let mut queued = vec![false; nodes];
        let mut queue = VecDeque::from([self.source()]);
        paths.length[self.source()] = Some(Length::ZERO);
        while let Some(node) = queue.pop_front() {
            queued[node] = false;
            let Some(here) = paths.length[node] else { continue };
            self.arcs(node, |head, length| {
                if paths.length[head].is_none_or(|known| here + length < known) {
                    paths.length[head] = Some(here + length);
                    paths.parent[head] = node;
                    if !std::mem::replace(&mut queued[head], true) {
                        queue.push_back(head);
                    }
                }
            });
        }
        paths
    }

    /// Sends one unit from the source to the sink.
    fn augment(&mut self, paths: &Paths<W>) {
        let (tokens, mut head) = (self.instance.tokens(), self.sink());
        while head != self.source() {
            let tail = paths.parent[head];
            if tail == self.source() {
                self.slots[head] += 1;
            } else if tail < tokens {
                self.takes[tail][head - tokens] = true;
            } else if head < tokens {
                self.takes[head][tail - tokens] = false;
            } else if self.out_of(tail - tokens) == head {
                self.load[tail - tokens] += 1;
            } else {
                self.load[head - tokens] -= 1;
            }
            head = tail;
        }
    }

    /// What is left open by the flow once its lower bounds are walls, source and sink being one node.
    pub(crate) fn residual(&self) -> Residual<W> {
        let (tokens, experts) = (self.instance.tokens(), self.instance.experts());
        let (outside, exact) = (self.source(), self.instance.demand().is_exact());
        let mut arcs = Vec::new();
        let mut open = |open: bool, tail, head, cost| {
            if open {
                arcs.push(Arc { tail, head, cost });
            }
        };
        for (t, takes) in self.takes.iter().enumerate() {
            for (e, &taken) in takes.iter().enumerate() {
                if let Some(cost) = self.costs[t * experts + e] {
                    open(!taken, t, self.node(e), cost);
                    open(taken, self.node(e), t, -cost);
                }
            }
            open(self.slots[t] < self.instance.k(t), outside, t, ExactSum::ZERO);
            open(!exact && self.slots[t] > 0, t, outside, ExactSum::ZERO);
        }
        for node in 0..self.instance.nodes() {
            let around = self.out_of(node).min(outside);
            if let Some(next) = self.unit(node, self.load[node]) {
                open(true, self.node(node), around, next.cost);
            }
            if let Some(last) = self.last_unit(node) {
                let spare = self.load[node] > self.instance.limits(node).minimum;
                open(spare, around, self.node(node), last.cost);
            }
        }
        Residual { tokens, outside, arcs }
    }

    /// The head and the tail of an arc that must carry more, in the numbers of [`Network::residual`].
    pub(crate) fn unmet(&self) -> Option<(usize, usize)> {
        let token = (0..self.instance.tokens())
            .find(|&t| self.instance.demand().is_exact() && self.slots[t] < self.instance.k(t));
        let short = |&node: &usize| self.load[node] < self.instance.limits(node).minimum;
        let node = || (0..self.instance.nodes()).find(short);
        token
            .map(|t| (t, self.source()))
            .or_else(|| node().map(|node| (self.out_of(node).min(self.source()), self.node(node))))
    }

    pub(crate) fn assignment(&self) -> Assignment {
        let mut assignment = Assignment::empty(self.instance.tokens(), self.instance.demand().k());
        for (t, takes) in self.takes.iter().enumerate() {
            for e in (0..takes.len()).filter(|&e| takes[e]) {
                assignment.push(t, e as u32);
            }
        }
        assignment
    }
}
