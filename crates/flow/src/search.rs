//! Successive shortest paths: each search raises prices until units can move for nothing.
//!
//! Two phases, each a classical primal-dual method (Ahuja, Magnanti, Orlin, *Network Flows*, 1993,
//! chapters 9 and 12) on the graph of [`Residual`]:
//!
//! - [`Phase::Over`]: sources are the experts over capacity, sinks those with room, and the
//!   ground. With `d` the distances and `D` that of the last sink reached,
//!   `p[e] += D − min(d[e], D)`: no arc's cost falls below 0, and those of the shortest-path tree
//!   become 0, so that every path of the tree that still holds may be used.
//! - [`Phase::Under`]: what is left are experts with room and a positive price. The unused
//!   capacity lies in the ground, from where an arc of cost `p[e]` leads to every expert;
//!   `p[e] −= min(d[e], D)`.
//!
//! An expert with room and price 0 must keep that price: reaching it ends a search. One that has
//! a price may be passed by, which lets one search serve many units: it goes on until half of
//! what is missing has been reached. One unit a search would need three times as many.

use crate::passes::{Labels, position, relax};
use crate::residual::Residual;
use crate::score::Score;

/// Which imbalance is being mended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Experts hold more than their capacity.
    Over,
    /// Experts with a positive price hold less.
    Under,
}

/// What a search came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// Prices changed and units may have moved.
    Progress,
    /// All paths within the graph's radius end nowhere: it must be extended.
    BeyondRadius,
    /// The graph is complete and no sink can be reached: these experts can.
    Nothing(Vec<u32>),
}

/// Pairs up to which debug assertions look at every arc before a search.
const CHECKED: usize = 20_000;

/// Share of the missing units that a search reaches before it ends.
const SHARE: f64 = 0.5;

/// Parent of a source.
const ROOT: u64 = u64::MAX;

/// The state of searches, kept for its memory.
#[derive(Default)]
pub(crate) struct Search {
    labels: Labels,
    sinks: Vec<u32>,
    path: Vec<u32>,
    /// The tokens that each arc of the path may move.
    places: Vec<Vec<usize>>,
}

/// Units out of place in `phase`.
pub(crate) fn units<S: Score>(graph: &Residual<'_, S>, phase: Phase) -> u64 {
    let out = |e: usize| match phase {
        Phase::Over => graph.excess(e).max(0),
        Phase::Under if graph.prices[e] > 0.0 => (-graph.excess(e)).max(0),
        Phase::Under => 0,
    };
    (0..graph.ground()).map(|e| out(e) as u64).sum()
}

impl Search {
    /// One search, the prices that it proves, and the moves that they allow.
    pub(crate) fn run<S: Score>(&mut self, graph: &mut Residual<'_, S>, phase: Phase) -> Found {
        let small = graph.instance.flat().len() <= CHECKED;
        debug_assert!(!small || graph.is_dual_feasible(), "an arc costs less than nothing");
        self.start(graph, phase);
        let radius = graph.radius();
        let missing = match phase {
            Phase::Over => (0..graph.ground())
                .filter(|&e| graph.prices[e] > 0.0)
                .map(|e| (-graph.excess(e)).max(0) as u64)
                .sum(),
            Phase::Under => units(graph, phase),
        };
        let enough = ((missing as f64 * SHARE) as u64).max(1);
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
            if let Some((room, free)) = sink(graph, phase, node) {
                self.sinks.push(node as u32);
                end = Some(at);
                reached += room;
                if free || reached >= enough {
                    break;
                }
            }
            next = relax(&mut self.labels, graph.costs(node), &graph.prices, node, at);
        }
        let Some(end) = end else {
            return if beyond || radius < f64::INFINITY {
                Found::BeyondRadius
            } else {
                let done = (0..graph.ground()).filter(|&e| self.labels.done[e] != 0);
                Found::Nothing(done.map(|e| e as u32).collect())
            };
        };
        self.reprice(graph, phase, end);
        for i in 0..self.sinks.len() {
            let sink = self.sinks[i] as usize;
            let room = |graph: &Residual<'_, S>| sink == graph.ground() || graph.excess(sink) < 0;
            while room(graph) && self.augment(graph, phase, sink) {}
        }
        Found::Progress
    }

    /// Labels the sources.
    fn start<S: Score>(&mut self, graph: &Residual<'_, S>, phase: Phase) {
        let (ground, width) = (graph.ground(), graph.width());
        let Labels { distance, done, parent } = &mut self.labels;
        for (labels, value) in
            [(&mut *distance, f64::INFINITY.to_bits()), (done, 0), (parent, ROOT)]
        {
            labels.clear();
            labels.resize(width, value);
        }
        self.labels.done[ground + 1..].fill(u64::MAX);
        let distance = &mut self.labels.distance;
        for e in 0..ground {
            match phase {
                Phase::Over if graph.excess(e) > 0 => distance[e] = 0,
                Phase::Over => {}
                Phase::Under => distance[e] = graph.prices[e].to_bits(),
            }
        }
        if phase == Phase::Under {
            distance[ground] = 0;
        }
        self.sinks.clear();
    }

    /// The smallest distance of an unfinished node.
    fn nearest(&self) -> u64 {
        let keys = self.labels.distance.iter().zip(&self.labels.done);
        keys.map(|(distance, done)| distance | done).min().unwrap_or(u64::MAX)
    }

    /// Sets the prices that the distances prove.
    fn reprice<S: Score>(&self, graph: &mut Residual<'_, S>, phase: Phase, end: f64) {
        for e in 0..graph.ground() {
            let near = f64::from_bits(self.labels.distance[e]).min(end);
            match phase {
                Phase::Over => {
                    graph.prices[e] += end - near;
                    graph.highest = graph.highest.max(graph.prices[e]);
                }
                Phase::Under => graph.prices[e] = (graph.prices[e] - near).max(0.0),
            }
        }
    }

    /// Moves units along the tree path to `sink`, if all its arcs still cost nothing: as many as
    /// its source has, the sink takes and each arc has tokens for. False if none moved.
    fn augment<S: Score>(
        &mut self,
        graph: &mut Residual<'_, S>,
        phase: Phase,
        sink: usize,
    ) -> bool {
        self.path.clear();
        let mut node = sink;
        while self.labels.parent[node] != ROOT {
            let from = self.labels.parent[node] as usize;
            let cost = graph.costs(from)[node];
            let size = cost.abs() + graph.prices[node] + graph.prices[from];
            let reduced = cost + graph.prices[node] - graph.prices[from];
            if size == f64::INFINITY || reduced > 8.0 * f64::EPSILON * size {
                return false;
            }
            self.path.push(node as u32);
            node = from;
        }
        let given = match phase {
            Phase::Over => graph.excess(node),
            Phase::Under => i64::MAX,
        };
        let taken = if sink == graph.ground() { i64::MAX } else { -graph.excess(sink) };
        if self.path.is_empty() || given <= 0 {
            return false;
        }
        let mut most = given.min(taken) as usize;
        // All or nothing: an entry of the table may turn out too low.
        self.places.resize_with(self.places.len().max(self.path.len()), Vec::new);
        for (&node, places) in self.path.iter().zip(&mut self.places) {
            let from = self.labels.parent[node as usize] as usize;
            places.clear();
            graph.realise(from, node as usize, most, places);
            most = places.len();
            if most == 0 {
                return false;
            }
        }
        for (&node, places) in self.path.iter().zip(&self.places) {
            let from = self.labels.parent[node as usize] as usize;
            graph.shift(from, node as usize, &places[..most]);
        }
        true
    }
}

/// If `node` is a sink: how many units it takes, and whether a search must end there.
fn sink<S: Score>(graph: &Residual<'_, S>, phase: Phase, node: usize) -> Option<(u64, bool)> {
    if node == graph.ground() {
        return (phase == Phase::Over).then_some((u64::MAX / 2, true));
    }
    let room = -graph.excess(node);
    let priced = graph.prices[node] > 0.0;
    (room > 0 && (priced || phase == Phase::Over)).then_some((room as u64, !priced))
}
