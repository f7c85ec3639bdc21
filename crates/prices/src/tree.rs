//! The limits of loads, as price methods see them.

use spinroute_core::{Instance, Limits};

/// The limits of the loads of experts and groups, of all tokens or scaled to a sample of them.
///
/// The nodes are the experts, then the groups; each but the outermost has a group around it, with a higher number.
/// The *own* price of a node is what its limits cost; a token pays the *total*, that of the node and of all groups
/// around it. Where no price of a plain instance is below 0, own prices and totals are the same.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Groups, Instance};
/// use spinroute_prices::Tree;
///
/// let groups = Groups::consecutive(4, 2)?.capacity(vec![3, 2])?;
/// let instance = Instance::builder(Array2::<f32>::zeros((4, 4))).groups(groups).build()?;
/// let tree = Tree::of(&instance);
/// assert_eq!(tree.totals(&[0.0, 0.5, 0.0, 0.0, 0.25, 1.0]), [0.25, 0.75, 1.0, 1.0, 0.25, 1.0]);
/// assert_eq!(tree.excess(&[1.0, 3.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 0.0, 0.25, 0.0])[4], 1.0);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tree {
    experts: usize,
    nodes: Vec<Node>,
    /// The group around each node, or [`ROOT`]; empty where there is none.
    around: Vec<u32>,
    /// The nodes of every level, the outermost first; the experts apart.
    levels: Vec<Vec<usize>>,
    plain: bool,
}

/// Around the outermost nodes.
const ROOT: u32 = u32::MAX;

/// A node's limits.
#[derive(Clone, Copy, Debug)]
struct Node {
    minimum: f64,
    /// Up to which load each unit costs how much, in order.
    pieces: [(f64, f32); 3],
}

impl Tree {
    /// The limits of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let experts = instance.experts();
        let nodes: Vec<Node> =
            (0..instance.nodes()).map(|n| Node::of(&instance.limits(n))).collect();
        let grouped = instance.groups().is_some();
        let around = |n| instance.parent(n).map_or(ROOT, |around| around as u32);
        let around: Vec<u32> =
            if grouped { (0..nodes.len()).map(around).collect() } else { Vec::new() };
        let levels = instance.groups().map_or_else(Vec::new, |groups| {
            let outermost_first = groups.levels().into_iter().rev();
            outermost_first
                .map(|level| level.into_iter().map(|g| experts + g as usize).collect())
                .collect()
        });
        let plain = !grouped && nodes.iter().all(Node::is_plain);
        Self { experts, nodes, around, levels, plain }
    }

    /// One capacity an expert, and nothing else.
    #[must_use]
    pub fn plain(capacity: &[f64]) -> Self {
        let node = |&capacity: &f64| Node {
            minimum: 0.0,
            pieces: [(0.0, 0.0), (capacity, 0.0), (capacity, 0.0)],
        };
        let nodes = capacity.iter().map(node).collect();
        let (around, levels) = (Vec::new(), Vec::new());
        Self { experts: capacity.len(), nodes, around, levels, plain: true }
    }

    /// The limits that a `share` of the tokens may use.
    #[must_use]
    pub fn scaled(&self, share: f64) -> Self {
        let mut scaled = self.clone();
        for node in &mut scaled.nodes {
            node.minimum *= share;
            for piece in &mut node.pieces {
                piece.0 *= share;
            }
        }
        scaled
    }

    /// Whether there is nothing but one capacity an expert.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Number of nodes: experts and groups.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Number of experts.
    #[must_use]
    pub fn experts(&self) -> usize {
        self.experts
    }

    /// The group around a node.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn around(&self, node: usize) -> Option<usize> {
        let around = *self.around.get(node)?;
        (around != ROOT).then_some(around as usize)
    }

    /// The groups of every level, as nodes, the outermost first.
    #[must_use]
    pub fn levels(&self) -> &[Vec<usize>] {
        &self.levels
    }

    /// The capacity of a node.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn capacity(&self, node: usize) -> f64 {
        self.nodes[node].pieces[1].0
    }

    /// What a token pays at each node, from the own prices of all.
    #[must_use]
    pub fn totals(&self, own: &[f32]) -> Vec<f32> {
        let mut totals = own.to_vec();
        for node in (0..self.around.len()).rev() {
            if let Some(around) = self.around(node) {
                totals[node] += totals[around];
            }
        }
        totals
    }

    /// The loads between which a price is right; both ends are the same but where the price is what a piece costs.
    #[must_use]
    pub fn right(&self, node: usize, own: f32) -> (f64, f64) {
        let Node { minimum, pieces } = self.nodes[node];
        let (mut least, mut most) = (minimum, minimum);
        for (end, cost) in pieces {
            if cost < own {
                least = f64::max(least, end);
            }
            if cost <= own {
                most = f64::max(most, end);
            }
        }
        (least, most)
    }

    /// What each node's load exceeds what its price asks for, negative where it lacks that: minus the slope of
    /// the dual in its total. What an expert's price asks for passes on to the group around it.
    #[must_use]
    pub fn excess(&self, loads: &[f64], own: &[f32]) -> Vec<f64> {
        let mut excess = loads.to_vec();
        excess.resize(self.nodes.len(), 0.0);
        for node in 0..self.nodes.len() {
            let load = excess[node];
            let (least, most) = self.right(node, own[node]);
            let passed = load.clamp(least, most);
            excess[node] = load - passed;
            if let Some(around) = self.around(node) {
                excess[around] += passed;
            }
        }
        excess
    }

    /// What the limits are worth at the own prices: the dual's part of the nodes.
    #[must_use]
    pub fn rents(&self, own: &[f32]) -> f64 {
        let rent = |(node, &own): (&Node, &f32)| node.rent(own);
        self.nodes.iter().zip(own).map(rent).sum()
    }

    /// `to`, or the first price on the way from `own` to it where a piece begins or ends; between 0 and
    /// `highest` in size.
    #[must_use]
    pub fn step(&self, node: usize, own: f32, to: f64, highest: f64) -> f32 {
        let Node { minimum, pieces } = self.nodes[node];
        let (mut low, mut high) = (-highest, highest);
        let mut start = minimum;
        for (end, cost) in pieces {
            if end > start {
                if cost < own || (cost == own && to > f64::from(own)) {
                    low = f64::max(low, f64::from(cost));
                }
                if cost > own || (cost == own && to < f64::from(own)) {
                    high = f64::min(high, f64::from(cost));
                }
                start = end;
            }
        }
        // Lower prices prove no more.
        if minimum == 0.0 {
            low = f64::max(low, f64::from(self.nodes[node].lowest()));
        }
        to.clamp(low.min(high), high) as f32
    }
}

impl Node {
    fn of(limits: &Limits) -> Self {
        let pieces = limits.pieces().map(|(end, cost)| (f64::from(end), cost as f32));
        Self { minimum: f64::from(limits.minimum), pieces }
    }

    fn is_plain(&self) -> bool {
        let [(rewarded, _), (capacity, _), (highest, _)] = self.pieces;
        self.minimum == 0.0 && rewarded == 0.0 && highest == capacity
    }

    /// The lowest price that proves anything, where there is no minimum.
    fn lowest(&self) -> f32 {
        if self.pieces[0].0 > 0.0 { self.pieces[0].1 } else { 0.0 }
    }

    fn rent(&self, own: f32) -> f64 {
        let (mut rent, mut start) = (0.0, 0.0);
        for (end, cost) in self.pieces {
            let price = f64::from(own) - f64::from(cost);
            let forced = (end.min(self.minimum) - start).max(0.0);
            let free = (end - f64::max(start, self.minimum)).max(0.0);
            let units = if price > 0.0 { forced + free } else { forced };
            if units > 0.0 {
                rent += units * price;
            }
            start = f64::max(start, end);
        }
        rent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinroute_core::{Overflow, Reward};

    fn tree(limits: Limits) -> Tree {
        let (around, levels) = (Vec::new(), Vec::new());
        Tree { experts: 1, nodes: vec![Node::of(&limits)], around, levels, plain: false }
    }

    #[test]
    fn prices_stop_where_pieces_meet() {
        let soft = Limits {
            overflow: Overflow { cost: 2.0, up_to: 2 },
            reward: Reward { gain: 1.0, up_to: 1 },
            ..Limits::free(0, 4)
        };
        let tree = tree(soft);
        let step = |own, to| tree.step(0, own, to, 1e9);
        assert_eq!([step(0.5, 1.0), step(0.5, 9.0), step(0.5, -9.0)], [1.0, 2.0, 0.0]);
        assert_eq!([step(0.0, 9.0), step(0.0, -9.0), step(2.0, 9.0)], [2.0, -1.0, 9.0]);
        assert_eq!([step(-1.0, -9.0), step(3.0, -9.0)], [-1.0, 2.0]);
        assert_eq!(
            [tree.right(0, 0.0), tree.right(0, 2.0), tree.right(0, 1.0)],
            [(1.0, 4.0), (4.0, 6.0), (4.0, 4.0)]
        );
        // At a price of 3: one unit at 3 + 1, three at 3, two at 3 − 2.
        assert_eq!((tree.rents(&[3.0]), tree.rents(&[-0.5])), (4.0 + 9.0 + 2.0, 0.5));
    }

    #[test]
    fn a_minimum_is_paid_at_any_price() {
        let tree = tree(Limits::free(2, 5));
        assert_eq!((tree.rents(&[-3.0]), tree.rents(&[1.0])), (-6.0, 5.0));
        assert_eq!(tree.step(0, -1.0, -9.0, 1e9), -9.0);
        assert_eq!(tree.step(0, -1.0, 9.0, 1e9), 0.0);
        assert_eq!(tree.excess(&[1.0], &[0.0]), [-1.0]);
    }
}
