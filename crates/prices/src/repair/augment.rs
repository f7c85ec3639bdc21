//! Completion in a [`Tree`]: what direct moves left is a flow, and is completed along paths or proven impossible.
//!
//! Every node passes on to the node around it what its limits allow of what comes in; what it must keep, or
//! lacks, is its surplus. A unit of surplus walks from an expert to another with a token that may change, to the
//! node around while that takes more, to a node inside while that can spare some; an empty slot that may stay
//! empty lies at the root. Paths lead from nodes with too much, and from slots that must be filled, to nodes with
//! too little; each makes the sum of surpluses smaller, so there is an end. (A. Hoffman's circulation theorem,
//! 1960: if there is no path, what was reached is a cut that proves it.)
//!
//! Shortest paths are E. W. Dijkstra's, on regrets under the prices, those below 0 as 0: O((E + G)²) a path and
//! O(c[e]·E) for every expert on it whose tokens have changed.
use spinroute_core::{Assignment, Deficiency, Error, Shortfall};

use super::tree::Tree;

/// No token: the arc is one of the tree.
const NONE: u32 = u32::MAX;

/// An arc that a token makes: its regret and the token.
type Arc = (f32, u32);

/// The flow in the tree, and the arcs between experts as far as they are known.
struct Flow {
    /// What each node passes on to the node around it.
    passed: Vec<u32>,
    /// What comes into a node and does not go on; the root is the last.
    surplus: Vec<i64>,
    /// The tokens that hold each expert.
    holders: Vec<Vec<u32>>,
    /// The arcs out of each expert (the last leads to the root), and those out of the root.
    arcs: Vec<Option<Vec<Arc>>>,
    /// What a token pays for each expert.
    totals: Vec<f32>,
}

/// Distances from all that has too much, and the arc over which each node was reached.
struct Reach {
    distance: Vec<f64>,
    /// The node before, or the node itself at a start, and the token.
    before: Vec<(usize, u32)>,
    /// The nearest node that has too little.
    end: Option<usize>,
}

impl Tree<'_> {
    /// Takes all nodes into their limits and fills every slot that must be.
    ///
    /// # Errors
    /// [`Error::Deficient`] if that is impossible.
    pub(super) fn complete(&mut self) -> Result<(), Error> {
        if self.is_settled() {
            return Ok(());
        }
        let mut flow = self.flow();
        loop {
            let short = self.short();
            if short.is_empty() && flow.surplus.iter().all(|&surplus| surplus <= 0) {
                return Ok(());
            }
            let reach = self.reach(&mut flow, &short);
            match reach.end {
                Some(end) => self.walk(&reach, end, &mut flow),
                None => return Err(self.proof(&reach, &short)),
            }
        }
    }

    /// The tokens with slots that must be filled.
    fn short(&self) -> Vec<u32> {
        let tokens = if self.optional() { 0 } else { self.instance.tokens() as u32 };
        (0..tokens).filter(|&t| self.holes(t as usize) > 0).collect()
    }

    fn flow(&self) -> Flow {
        let (experts, root) = (self.instance.experts(), self.root());
        let mut surplus = vec![0i64; root + 1];
        let mut passed = vec![0; root];
        for node in 0..root {
            if node < experts {
                surplus[node] = i64::from(self.load[node]);
            }
            let (limits, coming) = (self.limits[node], surplus[node]);
            let passes = coming.clamp(i64::from(limits.minimum), i64::from(limits.highest()));
            passed[node] = passes as u32;
            surplus[node] -= passes;
            surplus[self.parent[node]] += passes;
        }
        let held: i64 = self.load[..experts].iter().map(|&load| i64::from(load)).sum();
        surplus[root] -= if self.optional() { held } else { self.instance.slots() as i64 };
        let mut holders = vec![Vec::new(); experts];
        for t in 0..self.instance.tokens() {
            for &e in self.choices.experts(t) {
                holders[e as usize].push(t as u32);
            }
        }
        let price = |node: usize| self.prices.as_ref().map_or(0.0, |prices| prices[node]);
        let total = |e| self.path(e).map(price).sum::<f64>() as f32;
        let totals = (0..experts as u32).map(total).collect();
        Flow { passed, surplus, holders, arcs: vec![None; experts + 1], totals }
    }

    /// Shortest distances, until a node that has too little is reached.
    fn reach(&self, flow: &mut Flow, short: &[u32]) -> Reach {
        let root = self.root();
        let mut reach = Reach {
            distance: vec![f64::INFINITY; root + 1],
            before: (0..=root).map(|node| (node, NONE)).collect(),
            end: None,
        };
        for (node, _) in flow.surplus.iter().enumerate().filter(|(_, surplus)| **surplus > 0) {
            reach.distance[node] = 0.0;
        }
        for &t in short {
            let mut arcs = vec![(f32::INFINITY, NONE); self.instance.experts()];
            self.add_arcs(t, 0.0, &flow.totals, &mut arcs);
            let best = arcs.iter().map(|arc| arc.0).fold(f32::INFINITY, f32::min);
            for (e, (regret, _)) in arcs.into_iter().enumerate() {
                let regret = f64::from(regret - best);
                if regret < reach.distance[e] {
                    (reach.distance[e], reach.before[e]) = (regret, (e, t));
                }
            }
        }
        let mut done = vec![false; root + 1];
        loop {
            let open =
                (0..=root).filter(|&node| !done[node] && reach.distance[node] < f64::INFINITY);
            let next = open.min_by(|&a, &b| reach.distance[a].total_cmp(&reach.distance[b]));
            let Some(node) = next else { return reach };
            if flow.surplus[node] < 0 {
                reach.end = Some(node);
                return reach;
            }
            done[node] = true;
            self.relax(node, flow, &mut reach);
        }
    }

    /// Looks along all arcs out of a node.
    fn relax(&self, node: usize, flow: &mut Flow, reach: &mut Reach) {
        let (experts, root) = (self.instance.experts(), self.root());
        let start = reach.distance[node];
        let mut look = |to: usize, regret: f64, token: u32| {
            let distance = start + regret.max(0.0);
            if distance < reach.distance[to] {
                (reach.distance[to], reach.before[to]) = (distance, (node, token));
            }
        };
        let price = |node: usize| self.prices.as_ref().map_or(0.0, |prices| prices[node]);
        if node < root && flow.passed[node] < self.limits[node].highest() {
            let cost = self.limits[node].cost_of_next(flow.passed[node]);
            look(self.parent[node], cost - price(node), NONE);
        }
        if node >= experts {
            for inner in (0..node).filter(|&inner| self.parent[inner] == node) {
                if flow.passed[inner] > self.limits[inner].minimum {
                    let saved = self.limits[inner].cost_of_next(flow.passed[inner] - 1);
                    look(inner, price(inner) - saved, NONE);
                }
            }
        }
        if node < experts || node == root && self.optional() {
            let place = node.min(experts);
            if flow.arcs[place].is_none() {
                flow.arcs[place] = Some(self.arcs(node, flow));
            }
            for (to, &(regret, token)) in flow.arcs[place].iter().flatten().enumerate() {
                if regret < f32::INFINITY {
                    look(if to == experts { root } else { to }, f64::from(regret), token);
                }
            }
        }
    }

    /// The arcs that tokens make out of an expert, or out of the root: empty slots.
    fn arcs(&self, node: usize, flow: &Flow) -> Vec<Arc> {
        let experts = self.instance.experts();
        let mut arcs = vec![(f32::INFINITY, NONE); experts + 1];
        if node == self.root() {
            let tokens = 0..self.instance.tokens() as u32;
            for t in tokens.filter(|&t| self.holes(t as usize) > 0) {
                self.add_arcs(t, 0.0, &flow.totals, &mut arcs[..experts]);
            }
            return arcs;
        }
        for &t in &flow.holders[node] {
            let here = self.instance.scores(t as usize)[node] - flow.totals[node];
            self.add_arcs(t, here, &flow.totals, &mut arcs[..experts]);
            if self.optional() && here < arcs[experts].0 {
                arcs[experts] = (here, t);
            }
        }
        arcs
    }

    /// Adds what token `t` may take instead of what is worth `here`.
    fn add_arcs(&self, t: u32, here: f32, totals: &[f32], arcs: &mut [Arc]) {
        let (scores, held) = (self.instance.scores(t as usize), self.choices.experts(t as usize));
        for (e, (arc, (&score, &total))) in
            (0..).zip(arcs.iter_mut().zip(scores.iter().zip(totals)))
        {
            let regret = here - (score - total);
            if regret < arc.0 && !held.contains(&e) {
                *arc = (regret, t);
            }
        }
    }

    /// Moves one unit along the path to `end`.
    fn walk(&mut self, reach: &Reach, end: usize, flow: &mut Flow) {
        let (experts, root) = (self.instance.experts(), self.root());
        let expert = |node: usize| if node < experts { node as u32 } else { Assignment::EMPTY };
        flow.surplus[end] += 1;
        let mut to = end;
        loop {
            let (from, token) = reach.before[to];
            if token == NONE {
                if from == to {
                    flow.surplus[to] -= 1;
                    return;
                } else if from < root && self.parent[from] == to {
                    flow.passed[from] += 1;
                } else {
                    flow.passed[to] -= 1;
                }
            } else {
                // A start at a slot that must be filled comes from nowhere.
                let left = if from == to { Assignment::EMPTY } else { expert(from) };
                self.change(token, left, expert(to), flow);
                if from == to {
                    return;
                }
            }
            to = from;
        }
    }

    /// Moves a token and forgets the arcs that this changes.
    fn change(&mut self, token: u32, from: u32, to: u32, flow: &mut Flow) {
        if let Some(holders) = flow.holders.get_mut(from as usize) {
            holders.retain(|&t| t != token);
            flow.arcs[from as usize] = None;
        }
        self.shift(token, from, to);
        if let Some(holders) = flow.holders.get_mut(to as usize) {
            holders.push(token);
        }
        for &e in self.choices.experts(token as usize) {
            flow.arcs[e as usize] = None;
        }
        let root = self.instance.experts();
        flow.arcs[root] = None;
    }

    /// What proves that there is no assignment, from what was reached when no path was left.
    fn proof(&self, reach: &Reach, short: &[u32]) -> Error {
        let experts = self.instance.experts();
        let reached = |node: usize| reach.distance[node] < f64::INFINITY;
        let room = !reached(self.root());
        let inside = |node: &usize| reached(*node) == room;
        let holds = |t: usize| self.choices.experts(t).iter().any(|&e| reached(e as usize));
        let tokens = (0..self.instance.tokens()).filter(|&t| {
            if room {
                holds(t) || short.binary_search(&(t as u32)).is_ok()
            } else {
                !holds(t) && self.holes(t) == 0
            }
        });
        let tokens = tokens.map(|t| t as u32).collect();
        let crowd = (0..experts).filter(inside).map(|e| e as u32).collect();
        let groups = (experts..self.root()).filter(inside).map(|g| (g - experts) as u32).collect();
        let short = if room { Shortfall::Room } else { Shortfall::Tokens };
        let deficiency = Deficiency::new(self.instance, short, tokens, crowd, groups)
            .unwrap_or_else(|| unreachable!("what was reached is closed, and has too much"));
        Error::Deficient(Box::new(deficiency))
    }
}
