//! What leaves each expert and group: the arcs of the residual graph along which no token moves.
//!
//! What an expert holds must flow on to the group around it, or to the ground, and so on: between the minimum and
//! the capacity of each, at the cost of the piece that the last unit lies on. At the prices of the moment each
//! outflow is kept where complementary slackness wants it (`Limits::least_at`, `most_at`); what comes in and does
//! not flow on is the node's *excess*, negative where more flows on than comes in. All excesses add up to 0: the
//! slots that nobody needs are the ground's. When none is left, loads and prices belong together.
//!
//! So every limit is an arc with a lower and an upper bound and convex costs, as in the textbooks (Ahuja,
//! Magnanti, Orlin, *Network Flows*, 1993, sections 2.4 and 14.3), and one kind of search mends all of it.

use spinroute_core::{Instance, Limits};

/// Outflows and excesses. The nodes are the experts, the ground, then the groups.
pub(crate) struct Outflow {
    ground: usize,
    /// Limits of each node; those of the ground are not looked at.
    limits: Vec<Limits>,
    /// Where a node's outflow goes.
    around: Vec<u32>,
    /// Whose outflow goes to a node.
    below: Vec<Vec<u32>>,
    amount: Vec<u32>,
    excess: Vec<i64>,
}

/// The node of the graph that a node of the instance is: the ground lies between experts and groups.
pub(crate) fn graph_node(instance: &Instance, node: usize) -> usize {
    if node < instance.experts() { node } else { node + 1 }
}

/// What a node pays above the node around it, in the order of the instance's nodes; where nothing flows out of
/// a node its price may have fallen below the lowest that proves anything, and is that one.
pub(crate) fn own_prices(instance: &Instance, totals: &[f64]) -> Vec<f64> {
    let total = |node: usize| totals[graph_node(instance, node)];
    let own = |node: usize| {
        let around = instance.parent(node).map_or(totals[instance.experts()], total);
        (total(node) - around).max(instance.limits(node).lowest_price())
    };
    (0..instance.nodes()).map(own).collect()
}

/// What a token pays at each node of the graph.
pub(crate) fn totals(instance: &Instance, own: &[f64]) -> Vec<f64> {
    let mut totals = vec![0.0; instance.nodes() + 1];
    for node in (0..instance.nodes()).rev() {
        let around = instance.parent(node).map_or(0.0, |around| totals[around + 1]);
        totals[graph_node(instance, node)] = own[node] + around;
    }
    totals
}

impl Outflow {
    /// The outflows that fit `loads` of the experts best at total prices of the graph's nodes.
    pub(crate) fn new(instance: &Instance, loads: &[u32], prices: &[f64]) -> Self {
        let (ground, nodes) = (instance.experts(), instance.nodes() + 1);
        let mut flow = Self {
            ground,
            limits: vec![Limits::free(0, 0); nodes],
            around: vec![ground as u32; nodes],
            below: vec![Vec::new(); nodes],
            amount: vec![0; nodes],
            excess: vec![0; nodes],
        };
        for (node, &load) in loads.iter().enumerate() {
            flow.excess[node] = i64::from(load);
        }
        for node in 0..instance.nodes() {
            let (n, limits) = (graph_node(instance, node), instance.limits(node));
            let around = instance.parent(node).map_or(ground, |around| around + 1);
            (flow.limits[n], flow.around[n]) = (limits, around as u32);
            flow.below[around].push(n as u32);
            let price = prices[n] - prices[around];
            let (least, most) = (limits.least_at(price), limits.most_at(price));
            let amount = flow.excess[n].clamp(i64::from(least), i64::from(most));
            flow.amount[n] = amount as u32;
            flow.excess[n] -= amount;
            if around != ground {
                flow.excess[around] += amount;
            }
        }
        flow.excess[ground] = 0;
        flow.excess[ground] = -flow.excess.iter().sum::<i64>();
        flow
    }

    /// What comes to a node and does not flow on.
    pub(crate) fn excess(&self, node: usize) -> i64 {
        self.excess[node]
    }

    /// Units out of place.
    pub(crate) fn units(&self) -> u64 {
        self.excess.iter().map(|excess| (*excess).max(0) as u64).sum()
    }

    /// A token moves.
    pub(crate) fn moved(&mut self, from: usize, to: usize) {
        self.excess[from] -= 1;
        self.excess[to] += 1;
    }

    /// Where the outflow of a node goes; the ground's goes nowhere.
    pub(crate) fn around(&self, node: usize) -> Option<usize> {
        (node != self.ground).then(|| self.around[node] as usize)
    }

    /// Whose outflow goes to a node.
    pub(crate) fn below(&self, node: usize) -> &[u32] {
        &self.below[node]
    }

    /// What one unit more of outflow costs, before prices.
    pub(crate) fn cost_of_more(&self, node: usize) -> f64 {
        self.limits[node].cost_of_next(self.amount[node])
    }

    /// What one unit less costs.
    pub(crate) fn cost_of_less(&self, node: usize) -> f64 {
        let (limits, amount) = (&self.limits[node], self.amount[node]);
        if amount > limits.minimum { -limits.cost_of_next(amount - 1) } else { f64::INFINITY }
    }

    /// The cost of the arc from `from` to `to`, one of which is around the other.
    pub(crate) fn cost(&self, from: usize, to: usize) -> f64 {
        if self.around(from) == Some(to) { self.cost_of_more(from) } else { self.cost_of_less(to) }
    }

    /// How many units the arc takes at that cost.
    pub(crate) fn room(&self, from: usize, to: usize) -> u32 {
        let rises = self.around(from) == Some(to);
        let node = if rises { from } else { to };
        let (limits, amount) = (&self.limits[node], self.amount[node]);
        let ends = limits.pieces().map(|(end, _)| end);
        if rises {
            ends.into_iter().find(|&end| amount < end).map_or(0, |end| end - amount)
        } else {
            let starts = ends.into_iter().filter(|&end| end < amount);
            let start = starts.fold(limits.minimum, u32::max);
            amount.saturating_sub(start)
        }
    }

    /// Moves units along the arc from `from` to `to`.
    pub(crate) fn pass(&mut self, from: usize, to: usize, units: u32) {
        if self.around(from) == Some(to) {
            self.amount[from] += units;
        } else {
            self.amount[to] -= units;
        }
        self.excess[from] -= i64::from(units);
        self.excess[to] += i64::from(units);
    }

    /// What the limits are worth at total prices: the dual's part of the nodes, and the size of its terms.
    pub(crate) fn rents(&self, prices: &[f64]) -> (f64, f64) {
        let (mut rent, mut size) = (0.0, 0.0);
        for (n, limits) in self.limits.iter().enumerate().filter(|&(n, _)| n != self.ground) {
            let price = prices[n] - prices[self.around[n] as usize];
            let units = limits.least_at(price).max(limits.minimum);
            rent += f64::from(units) * price - limits.cost(units);
            let dearest = price.abs() + limits.overflow.cost + limits.reward.gain;
            size += f64::from(units) * dearest;
        }
        (rent, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinroute_core::{Demand, Groups};

    #[test]
    fn excesses_add_up_to_nothing() {
        let groups = Groups::of(vec![0, 0, 1]).unwrap().capacity(vec![3, 9]).unwrap();
        let instance = Instance::builder(ndarray::Array2::zeros((6, 3)))
            .demand(Demand::Exactly(1))
            .capacity(vec![2, 3, 4])
            .minimum(vec![0, 0, 1])
            .groups(groups)
            .build()
            .unwrap();
        let totals = [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]; // experts, ground, groups
        let mut flow = Outflow::new(&instance, &[3, 3, 0], &totals);
        // Expert 0 passes 2 on, expert 1 three, the group of both 3; expert 2 must pass one on.
        let excess: Vec<i64> = (0..6).map(|n| flow.excess(n)).collect();
        assert_eq!((excess, flow.units()), (vec![1, 0, -1, -2, 2, 0], 3));
        assert_eq!((flow.cost(4, 1), flow.room(4, 1)), (-0.0, 3)); // the group sends back to expert 1
        assert_eq!(flow.cost_of_less(2), f64::INFINITY); // its minimum
        flow.pass(4, 1, 2);
        assert_eq!((flow.excess(4), flow.excess(1), flow.room(1, 4)), (0, 2, 2));
    }
}
