//! Successive shortest paths: each search changes prices until units can move for nothing.
//!
//! A classical primal-dual method (Ahuja, Magnanti, Orlin, *Network Flows*, 1993, chapter 9) on the graph of
//! [`Residual`]: sources are the nodes to which more comes than flows on, sinks those from which more flows on
//! than comes. With `d` the distances and `D` that of the last sink reached, `p[n] −= min(d[n], D)` (then all
//! alike, so that the ground stays at 0): no arc's cost falls below 0, and those of the shortest-path tree
//! become 0, so that every path of the tree that still holds may be used.
//!
//! Free capacity lies in the ground, and a unit goes through it like through any node: an expert over
//! capacity, one with room, the ground, a priced expert that lacks tokens is a path. So one search serves many
//! units: it goes on until half of what is missing has been reached. One unit a search would need three times as
//! many; two phases, one for units over capacity that ended at the first expert with room and one for priced
//! experts that lack tokens, about twice as many.

use crate::passes::{Labels, position, relax};
use crate::residual::Residual;
use crate::score::Score;

/// How a search ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// Prices have changed, and units have moved or an entry of the table was mended.
    Progress,
    /// No sink within the radius: the table must be extended.
    BeyondRadius,
    /// The graph is complete and no sink can be reached: these nodes can.
    Nothing(Vec<usize>),
}

/// Pairs up to which debug assertions look at every arc before a search.
const CHECKED: usize = 20_000;

/// Share of the missing units that a search reaches before it ends.
const SHARE: f64 = 0.5;

/// Parent of a source.
const ROOT: u64 = u64::MAX;
/// Marks a parent from which no token moves: the arc of an outflow.
const OUTFLOW: u64 = 1 << 32;

/// The state of searches, kept for its memory.
#[derive(Default)]
pub(crate) struct Search {
    labels: Labels,
    sinks: Vec<u32>,
    path: Vec<u32>,
    /// The tokens that each arc of the path may move.
    places: Vec<Vec<usize>>,
}

impl Search {
    /// One search, the prices that it proves, and the moves that they allow.
    pub(crate) fn run<S: Score>(&mut self, graph: &mut Residual<'_, S>) -> Found {
        let small = graph.instance.flat().len() <= CHECKED;
        debug_assert!(!small || graph.is_dual_feasible(), "an arc costs less than nothing");
        self.start(graph);
        let radius = graph.radius();
        let enough = ((graph.outflow.units() as f64 * SHARE) as u64).max(1);
        let (mut reached, mut end, mut beyond) = (0, None, false);
        let mut next = self.nearest();
        while next < f64::INFINITY.to_bits() {
            let at = f64::from_bits(next);
            if at > radius {
                beyond = true;
                break;
            }
            let node = position(&self.labels, next);
            self.labels.done[node] = u64::MAX;
            let excess = graph.outflow.excess(node);
            if excess < 0 {
                self.sinks.push(node as u32);
                end = Some(at);
                reached += excess.unsigned_abs();
                if reached >= enough {
                    break;
                }
            }
            next = self.leave(graph, node, at);
        }
        let Some(end) = end else {
            return if beyond || radius < f64::INFINITY {
                Found::BeyondRadius
            } else {
                let done = |&node: &usize| self.labels.done[node] != 0;
                Found::Nothing((0..graph.nodes()).filter(done).collect())
            };
        };
        self.reprice(graph, end);
        for i in 0..self.sinks.len() {
            let sink = self.sinks[i] as usize;
            while graph.outflow.excess(sink) < 0 && self.augment(graph, sink) {}
        }
        Found::Progress
    }

    /// Labels the sources.
    fn start<S: Score>(&mut self, graph: &Residual<'_, S>) {
        let (nodes, width) = (graph.nodes(), graph.width());
        let Labels { distance, done, parent } = &mut self.labels;
        for (labels, value) in
            [(&mut *distance, f64::INFINITY.to_bits()), (done, 0), (parent, ROOT)]
        {
            labels.clear();
            labels.resize(width, value);
        }
        self.labels.done[nodes..].fill(u64::MAX);
        for node in 0..nodes {
            if graph.outflow.excess(node) > 0 {
                self.labels.distance[node] = 0;
            }
        }
        self.sinks.clear();
    }

    /// The smallest distance of an unfinished node.
    fn nearest(&self) -> u64 {
        let keys = self.labels.distance.iter().zip(&self.labels.done);
        keys.map(|(distance, done)| distance | done).min().unwrap_or(u64::MAX)
    }

    /// Relaxes the arcs of a node that is finished at distance `at`; returns the smallest distance of an
    /// unfinished one.
    fn leave<S: Score>(&mut self, graph: &Residual<'_, S>, node: usize, at: f64) -> u64 {
        let mut next = if graph.is_held(node) {
            relax(&mut self.labels, graph.costs(node), &graph.prices, node, at)
        } else {
            self.nearest()
        };
        let price = graph.prices[node];
        let mut enter = |to: usize, cost: f64| {
            let through = at + (cost + graph.prices[to] - price);
            let through = if through > at { through } else { at }.to_bits();
            if through < self.labels.distance[to] {
                self.labels.distance[to] = through;
                self.labels.parent[to] = node as u64 | OUTFLOW;
                next = next.min(through | self.labels.done[to]);
            }
        };
        if let Some(around) = graph.outflow.around(node) {
            enter(around, graph.outflow.cost_of_more(node));
        }
        for &below in graph.outflow.below(node) {
            enter(below as usize, graph.outflow.cost_of_less(below as usize));
        }
        next
    }

    /// Sets the prices that the distances prove; the ground's stays 0.
    fn reprice<S: Score>(&self, graph: &mut Residual<'_, S>, end: f64) {
        let near = |node: usize| f64::from_bits(self.labels.distance[node]).min(end);
        let ground = near(graph.ground());
        for node in 0..graph.nodes() {
            graph.prices[node] += ground - near(node);
            graph.highest = graph.highest.max(graph.prices[node].abs());
        }
    }

    /// The node before `node` on the tree path, and whether no token moves between them.
    fn before(&self, node: usize) -> (usize, bool) {
        let parent = self.labels.parent[node];
        (parent as u32 as usize, parent & OUTFLOW != 0)
    }

    /// Moves units along the tree path to `sink`, if all its arcs still cost nothing: as many as
    /// its source has, the sink takes and each arc has room or tokens for. False if none moved.
    fn augment<S: Score>(&mut self, graph: &mut Residual<'_, S>, sink: usize) -> bool {
        self.path.clear();
        let mut node = sink;
        let mut most = graph.outflow.excess(sink).unsigned_abs() as usize;
        while self.labels.parent[node] != ROOT {
            let (from, outflow) = self.before(node);
            let cost =
                if outflow { graph.outflow.cost(from, node) } else { graph.costs(from)[node] };
            let size = cost.abs() + graph.prices[node].abs() + graph.prices[from].abs();
            let reduced = cost + graph.prices[node] - graph.prices[from];
            if size == f64::INFINITY || reduced > 8.0 * f64::EPSILON * size {
                return false;
            }
            if outflow {
                most = most.min(graph.outflow.room(from, node) as usize);
            }
            self.path.push(node as u32);
            node = from;
        }
        let given = graph.outflow.excess(node);
        if self.path.is_empty() || given <= 0 {
            return false;
        }
        most = most.min(given as usize);
        // All or nothing: an entry of the table may turn out too low.
        self.places.resize_with(self.places.len().max(self.path.len()), Vec::new);
        for i in 0..self.path.len() {
            let node = self.path[i] as usize;
            let (from, outflow) = self.before(node);
            let places = &mut self.places[i];
            places.clear();
            if !outflow {
                graph.realise(from, node, most, places);
                most = places.len();
            }
            if most == 0 {
                return false;
            }
        }
        for (i, &node) in self.path.iter().enumerate() {
            let (from, outflow) = self.before(node as usize);
            if outflow {
                graph.outflow.pass(from, node as usize, most as u32);
            } else {
                graph.shift(from, node as usize, &self.places[i][..most]);
            }
        }
        true
    }
}
