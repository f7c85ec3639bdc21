//! Choices under repair where loads have more than one limit: the loads of all nodes, and what a unit more or
//! less costs at each.
//!
//! Experts and groups are the nodes of a tree whose root has no limit. A move of a unit from one expert to
//! another changes the loads on the way up to the first node that both share, and on the way down from there.
use spinroute_core::{Assignment, Demand, Instance, Limits};

use super::table::cleaned;

/// Clean choices under repair and the load of every node; node `E + G` is the root.
pub(super) struct Tree<'a> {
    pub(super) instance: &'a Instance,
    pub(super) choices: Assignment,
    pub(super) load: Vec<u32>,
    pub(super) limits: Vec<Limits>,
    /// The node around each.
    pub(super) parent: Vec<usize>,
    pub(super) prices: Option<Vec<f64>>,
    /// What one unit more costs at each node, `∞` where it is not allowed.
    more: Vec<f64>,
    /// What one unit less saves at each node, `-∞` where it is not allowed.
    less: Vec<f64>,
}

impl<'a> Tree<'a> {
    /// Cleans the choices and counts the loads. There are no prices, or one finite a node.
    pub(super) fn new(
        instance: &'a Instance,
        choices: Assignment,
        prices: Option<Vec<f64>>,
    ) -> Self {
        let (choices, load) = cleaned(instance, choices, f32::NEG_INFINITY);
        let nodes = instance.nodes();
        let parent = (0..nodes).map(|node| instance.parent(node).unwrap_or(nodes)).collect();
        let limits = (0..nodes).map(|node| instance.limits(node)).collect();
        let load = instance.node_loads(&load);
        let (more, less) = (vec![0.0; nodes], vec![0.0; nodes]);
        let mut tree = Self { instance, choices, load, limits, parent, prices, more, less };
        tree.price_all();
        tree
    }

    /// From here on moves are weighed by what they really gain, whatever the prices were.
    pub(super) fn forget_prices(&mut self) {
        self.prices = None;
        self.price_all();
    }

    fn price_all(&mut self) {
        for node in 0..self.load.len() {
            self.price(node);
        }
    }

    /// Weighs one unit more and one unit less at a node. With a price that is what the unit is worth elsewhere,
    /// where the costs of the load leave it open.
    fn price(&mut self, node: usize) {
        let (limits, load) = (self.limits[node], self.load[node]);
        let next = limits.cost_of_next(load);
        let last = match load.checked_sub(1) {
            Some(below) if limits.cost_of_next(below) < f64::INFINITY => limits.cost_of_next(below),
            _ => limits.overflow.cost,
        };
        let (over, lacks) = (load > limits.highest(), load < limits.minimum);
        (self.more[node], self.less[node]) = match self.prices.as_ref().map(|prices| prices[node]) {
            Some(price) => (
                if lacks { price } else { next.max(price) },
                if over { price } else { last.min(price) },
            ),
            None => (next, last),
        };
        if load <= limits.minimum {
            self.less[node] = f64::NEG_INFINITY;
        }
    }

    /// The number of the root.
    pub(super) fn root(&self) -> usize {
        self.parent.len()
    }

    /// Whether slots may stay empty.
    pub(super) fn optional(&self) -> bool {
        matches!(self.instance.demand(), Demand::AtMost(_))
    }

    /// The number of empty slots of token `t`.
    pub(super) fn holes(&self, t: usize) -> usize {
        self.instance.k(t) - self.choices.experts(t).len()
    }

    /// Units beyond all that a node may hold.
    pub(super) fn is_over(&self, node: usize) -> bool {
        self.load[node] > self.limits[node].highest()
    }

    /// Whether a node holds less than its minimum.
    pub(super) fn lacks(&self, node: usize) -> bool {
        self.load[node] < self.limits[node].minimum
    }

    /// Whether every limit is kept, and every slot filled that must be.
    pub(super) fn is_settled(&self) -> bool {
        let kept = (0..self.root()).all(|node| !self.is_over(node) && !self.lacks(node));
        let filled = || (0..self.instance.tokens()).all(|t| self.holes(t) == 0);
        kept && (self.optional() || filled())
    }

    /// The nodes that hold a unit of `expert`, without the root.
    pub(super) fn path(&self, expert: u32) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(expert as usize), |&node| {
            Some(self.parent[node]).filter(|&around| around != self.root())
        })
    }

    /// What it costs, scores aside, to move a unit from `from` ([`Assignment::EMPTY`] for an empty slot) into each
    /// node; the last entry is that of leaving all. `∞` where it is not allowed. With `must`, it has to leave a
    /// node that holds too much.
    pub(super) fn ways(&self, from: u32, must: bool, costs: &mut Vec<f64>) {
        let root = self.root();
        costs.clear();
        costs.resize(root + 1, f64::NAN);
        let (mut cost, mut leaves) = (0.0, !must);
        if from == Assignment::EMPTY {
            costs[root] = 0.0;
        } else {
            for node in self.path(from) {
                costs[node] = if leaves && node != from as usize { cost } else { f64::INFINITY };
                cost -= self.less[node];
                leaves |= self.is_over(node);
            }
            costs[root] = if leaves { cost } else { f64::INFINITY };
        }
        for node in (0..root).rev() {
            if costs[node].is_nan() {
                costs[node] = costs[self.parent[node]] + self.more[node];
            }
        }
    }

    /// Which nodes a unit can enter to fill a minimum: those below a node that lacks, itself included.
    pub(super) fn lifted(&self) -> Vec<bool> {
        let mut lifted = vec![false; self.root() + 1];
        for node in (0..self.root()).rev() {
            lifted[node] = lifted[self.parent[node]] || self.lacks(node);
        }
        lifted
    }

    /// Moves token `t` from expert `from` to `to`; [`Assignment::EMPTY`] stands for an empty slot on either side.
    pub(super) fn shift(&mut self, t: u32, from: u32, to: u32) {
        let token = t as usize;
        match (from, to) {
            (Assignment::EMPTY, to) => _ = self.choices.push(token, to),
            (from, Assignment::EMPTY) => _ = self.choices.remove(token, from),
            (from, to) => _ = self.choices.replace(token, from, to),
        }
        for (expert, up) in [(from, false), (to, true)] {
            let mut node = expert as usize;
            while expert != Assignment::EMPTY && node != self.root() {
                self.load[node] = if up { self.load[node] + 1 } else { self.load[node] - 1 };
                self.price(node);
                node = self.parent[node];
            }
        }
    }
}
