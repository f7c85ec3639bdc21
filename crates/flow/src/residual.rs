//! The residual graph: which tokens could move between two experts, and the cheapest that does.
//!
//! Its nodes are the experts, the ground where empty slots lie (score 0, any number; only with
//! `AtMost`) and free capacity, and the groups, to which no token moves (module `outflow`). A token that holds `e` and not `f` is an arc `e → f` of cost
//! `(s[t,e] − p[e]) − (s[t,f] − p[f])`, never negative while every token holds its best. Of
//! parallel arcs only the cheapest matters, and which that is does not depend on the prices: the
//! graph is a table `least[e][f] = min_t (s[t,e] − s[t,f])`. A token that moves away may leave an
//! entry too low, although the second least cost takes its place. That is harmless: shortest paths over lower bounds still give prices at which
//! every arc costs at least 0. The entry is looked at again only when a path wants to use it.
//!
//! Only holdings near their token's margin enter the table. A holding `(t, e)` is *listed* if
//! its least cost when the graph was made, `s[t,e] − p[e]` minus the best reduced score that `t`
//! does not hold, is below the reach of `e`; and all holdings of a token that has moved are. An
//! arc that is not in the table therefore cost at least `reach[e]`, and costs now at least
//! `reach[e] − rise[e] + min_f rise[f]`, with `rise` the change of price since then. The least of
//! that over the experts is the [radius](Residual::radius): every path shorter than it is in the
//! table. Where it is too small, [`Residual::extend`] lists more holdings of the experts that
//! limit it, without looking at the scores of any other token.

use spinroute_core::{Assignment, Instance};
use spinroute_prices::{Selection, value::lost};

use crate::holdings::Holdings;
use crate::memory::{Memory, anew, emptied};
use crate::outflow::{Outflow, own_prices, totals};
use crate::passes::{lower, withdraw};
use crate::score::Score;

/// The listed holdings, the table of cheapest moves, and the assignment that they change.
pub(crate) struct Residual<'a, S> {
    pub(crate) instance: &'a Instance,
    /// All scores, row-major.
    scores: &'a [S],
    /// What a token pays at each node, padded to a whole number of vectors; 0 at the ground.
    pub(crate) prices: Vec<f64>,
    /// `T × k`; [`Assignment::EMPTY`] where a slot is empty.
    pub(crate) table: Vec<u32>,
    /// What flows on from experts to groups and the ground, and what does not.
    pub(crate) outflow: Outflow,
    /// All holdings by node, as the graph was made.
    holdings: Holdings,
    /// Per token, its position among the active ones, or [`NONE`].
    position: Vec<u32>,
    /// The active tokens: those with a listed holding.
    active: Vec<u32>,
    /// Whether an active token has moved.
    moved: Vec<bool>,
    /// Per active token, the scores of what it does not hold; `-∞` elsewhere.
    open: Vec<S>,
    /// Per node, the active tokens (as positions) whose holding of it is listed.
    listed: Vec<Vec<(u32, S)>>,
    /// The least cost of every arc, or a lower bound of it.
    least: Vec<f64>,
    /// A lower bound of the least cost but for the token that moves at the least.
    second: Vec<f64>,
    /// Prices when the graph was made.
    made_at: Vec<f64>,
    /// The size of the highest price so far: costs have been rounded to its digits.
    pub(crate) highest: f64,
    reach: Vec<f64>,
    width: usize,
    /// Kept for its memory.
    stale: Vec<u64>,
    held: Vec<usize>,
}

const NONE: u32 = u32::MAX;
/// Entries to look for one by one; more cost more than a new row.
const FEW: usize = 2;
/// Tokens looked at before an entry is looked for among all: ties are found early.
const GLANCE: usize = 16;

impl<'a, S: Score> Residual<'a, S> {
    /// Starts from the selection at own `prices`: every token holds its `k` best.
    ///
    /// Takes the selection's table; the rest of it says where a token's margin is. Without a
    /// selection every token is looked at.
    pub(crate) fn new(
        instance: &'a Instance,
        scores: &'a [S],
        prices: &[f64],
        selection: Option<&mut Selection>,
        memory: Memory<S>,
    ) -> Self {
        let (experts, tokens) = (instance.experts(), instance.tokens());
        let width = (instance.nodes() + 1).next_multiple_of(16);
        let mut padded = totals(instance, prices);
        padded.resize(width, 0.0);
        let slots = tokens * instance.demand().k();
        let (mut table, margins) = match selection {
            Some(selection) => (std::mem::take(&mut selection.experts), Some(&*selection)),
            None => (vec![Assignment::EMPTY; slots], None),
        };
        let holdings =
            Holdings::new(instance, scores, &padded, &mut table, margins, memory.holdings);
        let loads: Vec<u32> = (0..experts).map(|e| holdings.of(e).len() as u32).collect();
        let outflow = Outflow::new(instance, &loads, &padded);
        let mut listed = memory.listed;
        listed.iter_mut().for_each(Vec::clear);
        listed.resize_with(experts + 1, Vec::new);
        let entries = width * (experts + 1);
        Self {
            instance,
            scores,
            highest: padded.iter().fold(0.0, |highest, p| f64::max(highest, p.abs())),
            made_at: padded.clone(),
            prices: padded,
            table,
            outflow,
            holdings,
            position: anew(memory.position, tokens, NONE),
            active: emptied(memory.active),
            moved: emptied(memory.moved),
            open: emptied(memory.open),
            listed,
            least: anew(memory.least, entries, f64::INFINITY),
            second: anew(memory.second, entries, f64::INFINITY),
            reach: vec![0.0; experts + 1],
            width,
            stale: memory.stale,
            held: memory.held,
        }
    }

    /// The table, and the memory.
    pub(crate) fn into_parts(self) -> (Vec<u32>, Memory<S>) {
        let Self { position, active, moved, open, listed, least, second, stale, held, .. } = self;
        let holdings = self.holdings.into_memory();
        let memory =
            Memory { position, active, moved, open, listed, least, second, stale, held, holdings };
        (self.table, memory)
    }

    /// The node of the ground; the experts are the nodes below it, the groups those above.
    pub(crate) fn ground(&self) -> usize {
        self.instance.experts()
    }

    /// Nodes of a row of the table, padding included.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The costs of the cheapest moves out of `node`, before prices.
    pub(crate) fn costs(&self, node: usize) -> &[f64] {
        &self.least[node * self.width..][..self.width]
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        self.instance.nodes() + 1
    }

    /// The own prices of experts and groups.
    pub(crate) fn own_prices(&self) -> Vec<f64> {
        own_prices(self.instance, &self.prices)
    }

    /// Whether tokens move out of `node`: out of experts and, with `AtMost`, the ground.
    pub(crate) fn is_held(&self, node: usize) -> bool {
        node < self.ground() || node == self.ground() && !self.instance.demand().is_exact()
    }

    /// The bound that the present prices prove: the value of the dual, every token holding its best
    /// at these but for what rounding at the highest price can hide, and what the sum can have lost.
    pub(crate) fn bound(&self) -> f64 {
        let (experts, k) = (self.ground(), self.instance.demand().k());
        let (mut value, mut size) = (0.0, 0.0);
        for (row, scores) in self.table.chunks_exact(k).zip(self.scores.chunks_exact(experts)) {
            for &e in row.iter().filter(|&&e| e != Assignment::EMPTY) {
                let (score, price): (f64, f64) =
                    (scores[e as usize].into(), self.prices[e as usize]);
                value += score - price;
                size += score.abs() + price.abs();
            }
        }
        let (rent, rent_size) = self.outflow.rents(&self.prices);
        value += rent;
        size += rent_size;
        let hidden = 16.0 * f64::EPSILON * self.table.len() as f64 * self.highest;
        value + hidden + lost(self.table.len(), size)
    }

    /// Whether no listed arc costs less than rounding of the largest score and the highest price
    /// explains: what every search relies on. For debug assertions; O(T·E).
    pub(crate) fn is_dual_feasible(&self) -> bool {
        let nodes = self.ground() + usize::from(!self.instance.demand().is_exact());
        let sizes = self.scores.iter().map(|&s| s.into().abs()).filter(|size| size.is_finite());
        let largest = sizes.fold(self.highest, f64::max);
        let explained = |cost: f64| -64.0 * f64::EPSILON * (cost.abs() + largest);
        (0..nodes).all(|from| {
            let pairs = self.costs(from)[..nodes].iter().zip(&self.prices);
            let mut reduced = pairs.map(|(&cost, to)| (cost, cost + to - self.prices[from]));
            reduced.all(|(cost, reduced)| reduced >= explained(cost))
        })
    }

    /// Changes of price since the graph was made, of the nodes that arcs may leave or enter.
    fn rises(&self) -> impl Iterator<Item = f64> {
        let nodes = self.ground() + usize::from(!self.instance.demand().is_exact());
        self.prices[..nodes].iter().zip(&self.made_at).map(|(now, then)| now - then)
    }

    /// Up to which length every path is in the table.
    pub(crate) fn radius(&self) -> f64 {
        let least = self.rises().fold(f64::INFINITY, f64::min);
        let reach = self.reach.iter().zip(self.rises()).map(|(reach, rise)| reach - rise);
        reach.fold(f64::INFINITY, f64::min) + least
    }

    /// Lists holdings until the radius is at least `radius`, with room for as much price change.
    pub(crate) fn extend(&mut self, radius: f64) {
        let least = self.rises().fold(f64::INFINITY, f64::min);
        let rises: Vec<f64> = self.rises().collect();
        for (node, rise) in rises.into_iter().enumerate() {
            let needed = rise - least + radius;
            if self.reach[node] < needed {
                let reach = needed + radius;
                // What is listed already must not be listed twice: it would stay when it moves.
                let more = |&&(key, _): &&(f64, u32)| {
                    key >= self.reach[node] && (key < reach || reach == f64::INFINITY)
                };
                let more: Vec<u32> =
                    self.holdings.of(node).iter().filter(more).map(|&(_, t)| t).collect();
                self.reach[node] = reach;
                for t in more {
                    let a = self.activate(t);
                    // A token that has moved lists what it holds when it moves.
                    if !self.moved[a] {
                        self.list(a, node);
                    }
                }
            }
        }
    }

    /// The position of token `t` among the active ones.
    fn activate(&mut self, t: u32) -> usize {
        if self.position[t as usize] == NONE {
            self.position[t as usize] = self.active.len() as u32;
            self.active.push(t);
            self.moved.push(false);
            let (experts, start) = (self.ground(), self.open.len());
            self.open.resize(start + self.width, S::NEVER);
            let open = &mut self.open[start..];
            open[..experts].copy_from_slice(&self.scores[t as usize * experts..][..experts]);
            if !self.instance.demand().is_exact() {
                open[experts] = S::NOTHING;
            }
            let k = self.instance.demand().k();
            for &e in &self.table[t as usize * k..][..self.instance.k(t as usize)] {
                if e != Assignment::EMPTY {
                    open[e as usize] = S::NEVER;
                }
            }
        }
        self.position[t as usize] as usize
    }

    /// Enters the moves of active token `a` out of `node` into the table.
    fn list(&mut self, a: usize, node: usize) {
        let score = self.score(a, node);
        self.listed[node].push((a as u32, score));
        let (ground, row) = (self.ground(), node * self.width..(node + 1) * self.width);
        let open = &self.open[a * self.width..][..self.width];
        lower(&mut self.least[row.clone()], &mut self.second[row], score, open);
        self.least[ground * self.width + ground] = f64::INFINITY;
    }

    fn score(&self, a: usize, node: usize) -> S {
        if node == self.ground() {
            S::NOTHING
        } else {
            self.scores[self.active[a] as usize * self.ground() + node]
        }
    }

    /// The cost of moving active token `a` from `from` to `to`, before prices.
    fn cost(&self, a: usize, from: usize, to: usize) -> f64 {
        self.score(a, from).into() - self.open[a * self.width + to].into()
    }

    /// The slots of active token `a`.
    fn row(&self, a: usize) -> std::ops::Range<usize> {
        let k = self.instance.demand().k();
        let t = self.active[a] as usize;
        t * k..t * k + self.instance.k(t)
    }

    /// The nodes that active token `a` holds, each once; give the list back to `held`.
    fn held(&mut self, a: usize) -> Vec<usize> {
        let mut held = emptied(std::mem::take(&mut self.held));
        let ground = self.ground();
        let row = &self.table[self.row(a)];
        held.extend(row.iter().filter(|&&e| e != Assignment::EMPTY).map(|&e| e as usize));
        held.extend(row.contains(&Assignment::EMPTY).then_some(ground));
        held
    }

    /// Looks for tokens that move from `from` to `to` at the cost in the table, the first `most` of
    /// them, and puts their places to `places`, ascending; if there is none, puts the true costs
    /// into the table.
    pub(crate) fn realise(&mut self, from: usize, to: usize, most: usize, places: &mut Vec<usize>) {
        let entry = from * self.width + to;
        let known = self.least[entry];
        let (mut least, mut second) = (f64::INFINITY, f64::INFINITY);
        for (place, &(a, score)) in self.listed[from].iter().enumerate() {
            let cost = score.into() - self.open[a as usize * self.width + to].into();
            if cost <= known && cost < f64::INFINITY {
                places.push(place);
                if places.len() == most {
                    return;
                }
            }
            if cost < second {
                (least, second) = if cost < least { (cost, least) } else { (least, cost) };
            }
        }
        (self.least[entry], self.second[entry]) = (least, second);
    }

    /// Whether one of the first tokens listed for `from` moves to `to` at the cost in the table.
    fn tied(&self, from: usize, to: usize) -> bool {
        let known = self.least[from * self.width + to];
        self.listed[from].iter().take(GLANCE).any(|&(a, score)| {
            score.into() - self.open[a as usize * self.width + to].into() == known
        })
    }

    /// Enters one move into the table.
    fn offer(&mut self, from: usize, to: usize, cost: f64) {
        let entry = from * self.width + to;
        let (least, second) = (self.least[entry], self.second[entry]);
        self.least[entry] = least.min(cost);
        self.second[entry] = second.min(cost.max(least));
    }

    /// Moves the units at `places` of what is listed for `from`, as [`Residual::realise`] found
    /// them, to `to`. Places found for other nodes stay valid.
    pub(crate) fn shift(&mut self, from: usize, to: usize, places: &[usize]) {
        let mut stale = std::mem::take(&mut self.stale);
        stale.clear();
        stale.resize(self.width, 0);
        // From behind: what takes the place of a removed entry is not looked for any more.
        for &place in places.iter().rev() {
            self.shift_one(from, to, place, &mut stale);
        }
        // Where the second least cost is not known to be larger, it is looked for at once: an
        // entry left too low costs a search.
        let mut count = 0;
        for (other, stale) in stale.iter_mut().enumerate().filter(|(_, stale)| **stale != 0) {
            *stale = u64::from(!self.tied(from, other));
            count += *stale as usize;
        }
        if count > FEW + self.width / 32 {
            self.relist(from);
        } else if count > 0 {
            let mut found = Vec::with_capacity(1);
            for other in (0..stale.len()).filter(|&other| stale[other] != 0) {
                found.clear();
                self.realise(from, other, 1, &mut found);
            }
        }
        self.stale = stale;
    }

    /// Makes the row of `node` anew from what is listed.
    fn relist(&mut self, node: usize) {
        let row = node * self.width..(node + 1) * self.width;
        let (least, second) = (&mut self.least[row.clone()], &mut self.second[row]);
        least.fill(f64::INFINITY);
        second.fill(f64::INFINITY);
        for &(a, score) in &self.listed[node] {
            let open = &self.open[a as usize * self.width..][..self.width];
            lower(least, second, score, open);
        }
        let ground = self.ground();
        self.least[ground * self.width + ground] = f64::INFINITY;
    }

    /// Moves one unit; marks in `stale` to which nodes the least cost out of `from` may be too low.
    fn shift_one(&mut self, from: usize, to: usize, place: usize, stale: &mut [u64]) {
        let (a, ground) = (self.listed[from][place].0 as usize, self.ground());
        if !self.moved[a] {
            self.moved[a] = true;
            let held = self.held(a);
            for &node in &held {
                if !self.listed[node].iter().any(|&(other, _)| other == a as u32) {
                    self.list(a, node);
                }
            }
            self.held = held;
        }
        let name = |node: usize| if node == ground { Assignment::EMPTY } else { node as u32 };
        let range = self.row(a);
        let row = &mut self.table[range];
        if let Some(slot) = row.iter_mut().find(|slot| **slot == name(from)) {
            *slot = name(to);
        }
        let still = row.contains(&name(from));
        self.outflow.moved(from, to);
        if !still {
            let (score, row) = (self.score(a, from), from * self.width..(from + 1) * self.width);
            let open = &self.open[a * self.width..][..self.width];
            withdraw(&mut self.least[row.clone()], &self.second[row], score, open, stale);
            self.listed[from].swap_remove(place);
        }
        self.shifted(a, from, to);
    }

    /// Enters what active token `a` can do now that it holds `to` instead of `from`.
    fn shifted(&mut self, a: usize, from: usize, to: usize) {
        let (held, ground) = (self.held(a), self.ground());
        if from != ground {
            self.open[a * self.width + from] = self.score(a, from);
            for &node in &held {
                self.offer(node, from, self.cost(a, node, from));
            }
        }
        if to != ground {
            self.open[a * self.width + to] = S::NEVER;
            for &node in held.iter().filter(|&&node| node != to) {
                let before = self.score(a, node).into() - self.score(a, to).into();
                let entry = node * self.width + to;
                if before == self.least[entry] {
                    self.least[entry] = self.second[entry];
                }
            }
        }
        self.held = held;
        if to != ground || !self.listed[to].iter().any(|&(other, _)| other == a as u32) {
            self.list(a, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinroute_core::Demand;

    #[test]
    fn no_holding_is_listed_twice() {
        let scores = ndarray::array![[4.0, 1.0, 0.0], [3.0, 2.5, 0.0], [1.0, 2.0, 9.0]];
        let instance = Instance::new(scores, vec![1; 3], Demand::Exactly(1)).unwrap();
        let mut selection = Selection::default();
        selection.fill(instance.flat(), &[0.0; 3], 1);
        let mut graph = Residual::new(
            &instance,
            instance.flat(),
            &[0.0; 3],
            Some(&mut selection),
            Memory::default(),
        );
        for radius in [0.5, 2.0, f64::INFINITY] {
            graph.extend(radius);
            assert!(graph.radius() >= radius);
        }
        let listed: Vec<usize> = graph.listed.iter().map(Vec::len).collect();
        assert_eq!(listed, [2, 0, 1, 0]); // tokens 0 and 1 hold expert 0, token 2 expert 2
    }
}
