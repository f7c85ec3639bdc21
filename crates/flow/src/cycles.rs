//! The last word: negative cycles of the expert graph, in whole numbers.
//!
//! All scores of an instance are multiples of one power of two, so that every cost on the graph of
//! [`Residual`](crate::residual::Residual) is a whole number of it, and nothing is ever rounded.
//! From any feasible assignment:
//!
//! 1. A table of the cheapest move between any two nodes is made, from all holdings. Its nodes are
//!    the experts, the *rest* (free capacity and, with `AtMost`, empty slots), and the groups. An expert with
//!    room reaches the rest for nothing, and the rest every expert; with groups what is around it, and at what a
//!    unit of load costs there.
//! 2. Potentials are relaxed (Bellman 1958, Ford 1956) from the prices at hand. If they come to
//!    rest, they are prices at which no move gains: the assignment is optimal (Ahuja, Magnanti,
//!    Orlin, *Network Flows*, 1993, theorem 9.1). Else their predecessors form cycles of negative
//!    cost (section 9.6), which are carried out, and all of it begins again with the rows that
//!    this changed.
//!
//! Every round but the last gains, so it ends; what is slow is only the number of rounds from a bad
//! start. One round costs O(T·k·E) for the table and O(E²) a relaxation, of which a good start needs
//! a handful.
//!
//! The prices are handed back as `f64`: the potentials, rounded to the nearest. Where that proves too
//! little (a price of 2.5·10⁸ must be above a number that exceeds it by 10⁻¹⁵), the least prices are
//! sought among the `f64`s, upwards from 0 by the same relaxation, rounded up; there may be none.

use std::ops::ControlFlow;

use bnum::{Int, cast::As};
use spinroute_core::{Assignment, Best, Feature, Instance, Run, Stop};

use crate::outflow::{graph_node, totals};
use crate::proof::proven;
use crate::score::Score;

/// An optimal assignment, its prices, and why the search ended: if not at its own end, the
/// assignment is feasible and the prices are those given.
pub(crate) struct Optimum {
    pub(crate) table: Vec<u32>,
    pub(crate) prices: Vec<f64>,
    pub(crate) stop: Stop,
}

/// Makes a feasible `table` optimal. A step of `run` is a round; its observer is told `best`.
pub(crate) fn cancelled<S: Score>(
    instance: &Instance,
    scores: &[S],
    table: Vec<u32>,
    prices: &[f64],
    best: Best,
    run: &mut Run<'_>,
) -> Optimum {
    let pieces = (0..instance.nodes()).flat_map(|node| instance.limits(node).pieces());
    let costs = pieces.map(|(_, cost)| cost);
    let grid = Grid::of(scores.iter().map(|&s| s.into()).chain(costs));
    // Sums of up to a difference a node, of prices to start with too, and a sign.
    let bits = grid.bits + 4 + (instance.nodes() + 2).ilog2() + 1;
    match bits {
        0..=127 => Search::<S, 16>::new(instance, scores, table, grid).run(prices, best, run),
        128..=319 => Search::<S, 40>::new(instance, scores, table, grid).run(prices, best, run),
        _ => Search::<S, 192>::new(instance, scores, table, grid).run(prices, best, run),
    }
}

/// The power of two of which all scores are multiples, and how many bits they have above it.
#[derive(Clone, Copy)]
struct Grid {
    unit: i32,
    bits: u32,
}

impl Grid {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
        for score in values.filter(|s| s.is_finite() && *s != 0.0) {
            let (mantissa, exponent) = parts(score);
            lowest = lowest.min(exponent + mantissa.trailing_zeros() as i32);
            highest = highest.max(exponent + 64 - mantissa.leading_zeros() as i32);
        }
        if lowest > highest {
            return Self { unit: 0, bits: 1 };
        }
        Self { unit: lowest, bits: (highest - lowest) as u32 }
    }

    /// `value` in units, towards 0 where it is no multiple.
    fn whole<const N: usize>(self, value: f64) -> Int<N> {
        let (mantissa, exponent) = parts(value);
        let shift = exponent - self.unit;
        let magnitude: Int<N> = match shift {
            0.. => mantissa.as_::<Int<N>>() << shift as u32,
            -63..0 => (mantissa >> -shift).as_(),
            _ => 0u64.as_(),
        };
        if value < 0.0 { -magnitude } else { magnitude }
    }

    /// The nearest `f64` of a number of units.
    fn value<const N: usize>(self, whole: Int<N>) -> f64 {
        let extra = whole.unsigned_abs().bit_width().saturating_sub(900);
        // What is cut off is far below the last digit.
        let top: f64 = (whole >> extra).as_();
        let power = |n: i32| 2f64.powi(n / 2) * 2f64.powi(n - n / 2);
        top * power(self.unit) * power(extra as i32)
    }
}

/// The least number of at most 53 digits that is not below a positive `whole`.
fn rounded_up<const N: usize>(whole: Int<N>) -> Int<N> {
    let cut = whole.unsigned_abs().bit_width().saturating_sub(f64::MANTISSA_DIGITS);
    let top = whole >> cut << cut;
    if top == whole { whole } else { top + (1u64.as_::<Int<N>>() << cut) }
}

/// `|value|` as `mantissa · 2^exponent`.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

/// The cheapest move between two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    /// There is none.
    None,
    /// Capacity changes hands, no token moves.
    Free,
    /// This token moves.
    Token(u32),
}

struct Search<'a, S, const N: usize> {
    instance: &'a Instance,
    scores: &'a [S],
    table: Vec<u32>,
    grid: Grid,
    /// The node of free capacity and empty slots; the experts are the nodes below it, the groups those above.
    rest: usize,
    nodes: usize,
    /// By node left, then by node entered.
    moves: Vec<(Move, Int<N>)>,
}

impl<'a, S: Score, const N: usize> Search<'a, S, N> {
    fn new(instance: &'a Instance, scores: &'a [S], table: Vec<u32>, grid: Grid) -> Self {
        let (rest, nodes) = (instance.experts(), instance.nodes() + 1);
        let moves = vec![(Move::None, 0u64.as_()); nodes * nodes];
        Self { instance, scores, table, grid, rest, nodes, moves }
    }

    fn run(mut self, prices: &[f64], best: Best, run: &mut Run<'_>) -> Optimum {
        let highest = self.highest();
        let start = |p: f64| self.grid.whole(p.clamp(-highest, highest));
        let mut potentials: Vec<Int<N>> =
            totals(self.instance, prices).into_iter().map(start).collect();
        let mut changed = vec![true; self.nodes];
        loop {
            if let ControlFlow::Break(stop) = run.begin() {
                return Optimum { table: self.table, prices: prices.to_vec(), stop };
            }
            self.list(&changed);
            let cycles = self.relax(&mut potentials);
            if cycles.is_empty() {
                let prices = self.prices(&potentials);
                return Optimum { table: self.table, prices, stop: Stop::Finished };
            }
            changed.fill(false);
            // What the rest reaches depends on the loads of all that it is around.
            changed[self.rest] = true;
            for cycle in cycles {
                self.carry_out(&cycle, &mut changed);
            }
            if let ControlFlow::Break(stop) = run.tick(best) {
                return Optimum { table: self.table, prices: prices.to_vec(), stop };
            }
        }
    }

    /// The potentials at rest as prices.
    fn prices(&self, potentials: &[Int<N>]) -> Vec<f64> {
        let nearest = self.own(potentials);
        if proven(self.instance, self.scores, &self.table, &nearest) {
            return nearest;
        }
        if self.instance.features().iter().all(|feature| *feature == Feature::Demands) {
            return self.least().unwrap_or(nearest);
        }
        // From nothing, prices are no larger than they must be, and lose fewer digits where they cancel.
        let mut small = vec![0u64.as_(); self.nodes];
        let cycles = self.relax(&mut small);
        let own = self.own(&small);
        let better = cycles.is_empty() && proven(self.instance, self.scores, &self.table, &own);
        if better { own } else { nearest }
    }

    /// What each node pays above the one around it, the nearest `f64`.
    fn own(&self, potentials: &[Int<N>]) -> Vec<f64> {
        let own = |node: usize| {
            let around = self.instance.parent(node).map_or(self.rest, |around| around + 1);
            self.grid.value(potentials[graph_node(self.instance, node)] - potentials[around])
        };
        (0..self.instance.nodes()).map(own).collect()
    }

    /// The least prices among the numbers that `f64` holds at which no move gains, if there are any
    /// and they are found in as many rounds as exact ones would be.
    fn least(&self) -> Option<Vec<f64>> {
        let nodes = self.nodes;
        let zero: Int<N> = 0u64.as_();
        let mut potentials = vec![zero; nodes];
        for _ in 0..=nodes {
            let mut moved = false;
            for node in 0..nodes {
                for (to, (way, cost)) in self.moves[node * nodes..][..nodes].iter().enumerate() {
                    let needed = potentials[node] - *cost;
                    if *way != Move::None && to != node && needed > potentials[to] {
                        // The rest has no price.
                        if to == self.rest {
                            return None;
                        }
                        (potentials[to], moved) = (rounded_up(needed), true);
                    }
                }
            }
            if !moved {
                let experts = &potentials[..self.rest];
                return Some(experts.iter().map(|&p| self.grid.value(p)).collect());
            }
        }
        None
    }

    /// No price needs to be above the sum of all differences; this keeps sums in range.
    fn highest(&self) -> f64 {
        self.grid.value::<N>(1u64.as_::<Int<N>>() << self.grid.bits)
    }

    /// Makes the rows of the nodes anew that are marked.
    fn list(&mut self, marked: &[bool]) {
        let (nodes, k) = (self.nodes, self.instance.demand().k());
        let mut load = vec![0u32; self.rest];
        let mut holders: Vec<Vec<u32>> = vec![Vec::new(); self.rest + 1];
        for (t, row) in (0u32..).zip(self.table.chunks_exact(k)) {
            let row = &row[..self.instance.k(t as usize)];
            for &e in row.iter().filter(|&&e| e != Assignment::EMPTY) {
                load[e as usize] += 1;
                if marked[e as usize] {
                    holders[e as usize].push(t);
                }
            }
            if marked[self.rest] && row.contains(&Assignment::EMPTY) {
                holders[self.rest].push(t);
            }
        }
        let none = (Move::None, 0u64.as_());
        for (node, holders) in holders.iter().enumerate().filter(|&(node, _)| marked[node]) {
            self.moves[node * nodes..][..nodes].fill(none);
            self.list_node(node, holders);
        }
        self.moves[(self.rest + 1) * nodes..].fill(none);
        self.list_outflows(&self.instance.node_loads(&load));
    }

    /// Enters what changes hands without a token: units of load between a node and what is around it.
    fn list_outflows(&mut self, loads: &[u32]) {
        for (node, &load) in loads.iter().enumerate() {
            let limits = self.instance.limits(node);
            let here = graph_node(self.instance, node);
            let around = self.instance.parent(node).map_or(self.rest, |around| around + 1);
            // No price is below the lowest that proves anything: what holds nothing can be reached, too.
            let less = match load.checked_sub(1).filter(|_| load > limits.minimum) {
                Some(last) => -limits.cost_of_next(last),
                None => -limits.lowest_price(),
            };
            for (from, to, cost) in
                [(here, around, limits.cost_of_next(load)), (around, here, less)]
            {
                let whole = if cost.is_finite() { self.grid.whole(cost) } else { continue };
                let entry = &mut self.moves[from * self.nodes + to];
                if entry.0 == Move::None || entry.1 > whole {
                    *entry = (Move::Free, whole);
                }
            }
        }
    }

    /// The cheapest moves of tokens out of `node`, of equal ones the first token's.
    fn list_node(&mut self, node: usize, holders: &[u32]) {
        let (experts, k) = (self.rest, self.instance.demand().k());
        let optional = !self.instance.demand().is_exact();
        let mut least = vec![(f64::INFINITY, 0.0, u32::MAX); experts + 1];
        for &t in holders {
            let scores = &self.scores[t as usize * experts..][..experts];
            let held = &self.table[t as usize * k..][..self.instance.k(t as usize)];
            let from: f64 = if node == experts { 0.0 } else { scores[node].into() };
            let ground = (optional && node != experts).then_some(0.0);
            let others = scores.iter().map(|&s| s.into()).chain(ground).enumerate();
            for (to, score) in others {
                let head = from - score;
                // Of equal heads, what rounding took away decides.
                if head <= least[to].0 && head < f64::INFINITY && !held.contains(&(to as u32)) {
                    let tail = lost(from, score, head);
                    if head < least[to].0 || tail < least[to].1 {
                        least[to] = (head, tail, t);
                    }
                }
            }
        }
        for (to, (_, _, t)) in least.into_iter().enumerate() {
            let found = if t == u32::MAX {
                (Move::None, 0u64.as_())
            } else {
                (Move::Token(t), self.worth(t, node) - self.worth(t, to))
            };
            self.moves[node * self.nodes + to] = found;
        }
    }

    /// What holding `node` is worth to token `t`, in units.
    fn worth(&self, t: u32, node: usize) -> Int<N> {
        let score = (node < self.rest).then(|| self.scores[t as usize * self.rest + node].into());
        self.grid.whole(score.unwrap_or(0.0))
    }

    /// Lowers potentials until no move costs less than they differ by; or returns negative
    /// cycles, node by node.
    fn relax(&self, potentials: &mut [Int<N>]) -> Vec<Vec<usize>> {
        let nodes = self.nodes;
        let mut next = vec![usize::MAX; nodes];
        loop {
            let mut moved = false;
            for node in 0..nodes {
                for (to, (way, cost)) in self.moves[node * nodes..][..nodes].iter().enumerate() {
                    if *way != Move::None && to != node {
                        let through = *cost + potentials[to];
                        if through < potentials[node] {
                            (potentials[node], next[node], moved) = (through, to, true);
                        }
                    }
                }
            }
            let cycles = cycles(&next);
            if !moved || !cycles.is_empty() {
                return cycles;
            }
        }
    }

    /// Moves one unit along every arc of a cycle, and marks the nodes whose moves this changes.
    ///
    /// A cycle enters each node once and a token moves only to what it does not hold: no two of
    /// these moves are in each other's way, though a token may make several.
    fn carry_out(&mut self, cycle: &[usize], changed: &mut [bool]) {
        let (nodes, k) = (self.nodes, self.instance.demand().k());
        let name = |node: usize| if node == self.rest { Assignment::EMPTY } else { node as u32 };
        for (i, &from) in cycle.iter().enumerate() {
            let to = cycle[(i + 1) % cycle.len()];
            (changed[from], changed[to]) = (true, true);
            let Move::Token(t) = self.moves[from * nodes + to].0 else { continue };
            let row = &mut self.table[t as usize * k..][..self.instance.k(t as usize)];
            if let Some(slot) = row.iter_mut().find(|slot| **slot == name(from)) {
                *slot = name(to);
            }
            for &e in row.iter() {
                changed[self.rest.min(e as usize)] = true;
            }
        }
    }
}

/// What rounding took from `a − b` to make it `head` (D. E. Knuth's two-sum).
fn lost(a: f64, b: f64, head: f64) -> f64 {
    let back = a - head;
    (a - (head + back)) + (back - b)
}

/// The cycles of a graph in which every node has at most one successor.
fn cycles(next: &[usize]) -> Vec<Vec<usize>> {
    let mut seen = vec![usize::MAX; next.len()];
    let mut cycles = Vec::new();
    for start in 0..next.len() {
        let mut node = start;
        while node != usize::MAX && seen[node] == usize::MAX {
            seen[node] = start;
            node = next[node];
        }
        if node != usize::MAX && seen[node] == start {
            let first = node;
            let mut cycle = vec![first];
            while next[node] != first {
                node = next[node];
                cycle.push(node);
            }
            cycles.push(cycle);
        }
    }
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use spinroute_core::{Certificate, Demand};
    use spinroute_prices::repair;
    use spinroute_testkit::{generate::Draws, reference};

    fn optimum<S: Score>(instance: &Instance, scores: &[S]) -> Optimum {
        let empty = Assignment::empty(instance.tokens(), instance.demand().k());
        let start = repair(instance, empty, None).unwrap().slots().to_vec();
        let prices = vec![0.0; instance.experts()];
        cancelled(instance, scores, start, &prices, Best::default(), &mut Run::new(0))
    }

    #[test]
    fn any_start_ends_at_the_optimum() {
        let mut draws = Draws::new(3);
        for round in 0..300 {
            let (tokens, experts) = (1 + draws.below(9), 1 + draws.below(6));
            let k = 1 + draws.below(experts) as u32;
            let scores = Array2::from_shape_simple_fn((tokens, experts), || {
                (draws.uniform() as f32 - 0.3) * if round % 2 == 0 { 1.0 } else { 1e-30 }
            });
            let capacity = Instance::uniform_capacity(tokens, experts, k as usize, 1.0).unwrap();
            let demand = if round % 3 == 0 { Demand::AtMost(k) } else { Demand::Exactly(k) };
            let instance = Instance::new(scores, capacity, demand).unwrap();
            let found = optimum(&instance, instance.flat());
            let assignment = Assignment::from_slots(k as usize, found.table);
            let objective = instance.objective(&assignment).unwrap();
            let best = reference::optimum(&instance).unwrap().value;
            assert!((objective - best).abs() <= 1e-15 * best.abs(), "{objective} {best}");
            let certificate = Certificate::new(&instance, found.prices).unwrap();
            assert!(certificate.gap(objective) < 1e-14, "{}", certificate.gap(objective));
        }
    }

    #[test]
    fn prices_are_proven_where_f64_holds_any() {
        let scores = ndarray::array![
            [2.441_652_7e-10, -48_655_065_088.0],
            [246_441_648.0, -1.375_728_1e-15]
        ];
        let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
        let found = optimum(&instance, instance.flat());
        assert_eq!(found.table, [0, 1]);
        let objective = instance.objective(&Assignment::from_slots(1, found.table)).unwrap();
        assert_eq!(Certificate::new(&instance, found.prices).unwrap().gap(objective), 0.0);
    }

    #[test]
    fn every_f64_is_a_whole_number_of_units() {
        let values = [1e-320, -3.0, 1.5e38, 0.1];
        let grid = Grid::of(values.into_iter());
        for value in values {
            assert_eq!(grid.value(grid.whole::<192>(value)), value);
        }
        let three: Int<16> = 3u64.as_();
        assert_eq!(
            rounded_up((three << 60) + 1u64.as_::<Int<16>>()),
            (three << 60) + (1u64.as_::<Int<16>>() << 9)
        );
    }
}
