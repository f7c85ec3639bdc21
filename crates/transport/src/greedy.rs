//! Greedy: the best remaining pair, again and again, as long as there is one.
//!
//! Pairs are taken in order of score, ties by token and then by expert, each if its token has a
//! slot and its expert has room. Under `AtMost` (pairs of score > 0 only) the objective is at
//! least half the optimum: the two families of constraints are partition matroids, and the best-in
//! greedy algorithm on an intersection of `p` matroids keeps 1/p of the optimum (Korte, Hausmann,
//! *An analysis of the greedy heuristic for independence systems*, Annals of Discrete Mathematics
//! 2 (1978) 65-74). Groups that nest keep that (a laminar matroid): a pair is taken only if all groups
//! around its expert have room too. `Exactly` has no such bound: slots that the greedy order leaves empty are
//! filled by [`spinroute_prices::repair`], and so are minimums. It also decides on units beyond a capacity and
//! rewarded ones, which the greedy order does not look at.
//!
//! Nothing is sorted: a heap holds the best open pair of every token, from its row's best `2k`
//! experts first, from a scan of the row when these are used up. O(T·E) for the selection,
//! O(log T) a pair and O(E) a scan.
//!
//! A run is a sequence of steps of [`STEP`] pairs each. One that is stopped fills what is open from
//! every token's list, in the order of tokens, and is repaired in the time that is left
//! ([`repair_in_time`]); where the time is too short even to make the lists, top-k choices are.
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::ControlFlow;
use std::time::Duration;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Best, Error, Feature, Instance, Run, Solution, Solver, Stop, parameters,
};
use spinroute_prices::{Selection, repair_in_time};

use crate::topk;

/// Pairs a step of the [`Run`].
const STEP: usize = 1024;

/// Pairs between two looks at the clock.
const LOOK: usize = 64;

/// What making the lists takes in seconds, a score and an entry, and filling from them and the repair
/// a slot: at most, where it was measured (`docs/transport.md`).
const LIST_SCORE: f64 = 1e-9;
const LIST_ENTRY: f64 = 30e-9;
const FILL_SLOT: f64 = 20e-9;

parameters! {
    /// The best remaining pair, again and again.
    ///
    /// It honours masks and uneven demands, minimums, groups, overflow and rewards.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_transport::Greedy;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = Greedy {}.solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [0, 1]); // 0.9 first, then what is left
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Greedy {}
}

impl Greedy {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "greedy",
        summary: "the best remaining pair of all, again and again",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "best-in greedy, at least half the optimum under at-most: Korte, Hausmann 1978",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for Greedy {
    /// # Errors
    /// [`Error::Deficient`] if there is no assignment.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let (mut assignment, mut stop) = if too_short(instance, run) {
            (topk::choose(instance)?, Stop::TimeLimit)
        } else {
            Search::new(instance).run(run)
        };
        if instance.demand().is_exact() || stop != Stop::Finished || has_limits(instance) {
            let (repaired, cut) = repair_in_time(instance, assignment, None, run)?;
            (assignment, stop) = (repaired, cut.unwrap_or(stop));
        }
        Ok(Solution { assignment, prices: None, stop })
    }
}

/// Whether loads have more limits than one capacity an expert.
fn has_limits(instance: &Instance) -> bool {
    instance.features().iter().any(|feature| *feature != Feature::Demands)
}

/// Whether a limit of time leaves too little for the lists.
fn too_short(instance: &Instance, run: &Run<'_>) -> bool {
    let Some(left) = run.time_left() else { return false };
    let (slots, scores) = (instance.tokens() * instance.demand().k(), instance.flat().len());
    let seconds = scores as f64 * LIST_SCORE + slots as f64 * (2.0 * LIST_ENTRY + FILL_SLOT);
    left < Duration::from_secs_f64(seconds)
}

struct Search<'a> {
    instance: &'a Instance,
    assignment: Assignment,
    /// What each expert can still hold, then each group; an expert in a group without room has none.
    room: Vec<u32>,
    /// The best `width` experts of every token, best first.
    best: Selection,
    width: usize,
    /// How many of these the token has used up.
    used: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(instance: &'a Instance) -> Self {
        let (tokens, k) = (instance.tokens(), instance.demand().k());
        let width = (2 * k).min(instance.experts());
        let mut best = Selection::default();
        best.fill(instance.flat(), &vec![0.0; instance.experts()], width);
        best.experts.par_chunks_mut(width).enumerate().for_each(|(t, list)| {
            let scores = instance.scores(t);
            let score = |e: u32| scores[e as usize] + 0.0; // no order between -0 and 0
            list.sort_unstable_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        });
        let room = (0..instance.nodes()).map(|node| instance.limits(node).capacity).collect();
        let assignment = Assignment::empty(tokens, k);
        let mut search = Self { instance, assignment, room, best, width, used: vec![0; tokens] };
        for node in instance.experts()..instance.nodes() {
            search.close_if_full(node);
        }
        search
    }

    /// Gives expert `e` to token `t`, which has an empty slot.
    fn take(&mut self, t: u32, e: u32) {
        self.assignment.push(t as usize, e);
        self.room[e as usize] -= 1;
        let mut node = e as usize;
        while let Some(around) = self.instance.parent(node) {
            node = around;
            self.room[node] = self.room[node].saturating_sub(1);
            self.close_if_full(node);
        }
    }

    /// Takes all room from the experts in a group that has none.
    fn close_if_full(&mut self, group: usize) {
        if self.room[group] > 0 {
            return;
        }
        // A node is numbered below the one around it.
        let mut inside = vec![false; group + 1];
        inside[group] = true;
        for node in (0..group).rev() {
            inside[node] = self.instance.parent(node).is_some_and(|p| p <= group && inside[p]);
            if inside[node] {
                self.room[node] = 0;
            }
        }
    }

    /// Takes pairs until none is open or the run ends.
    fn run(mut self, run: &mut Run<'_>) -> (Assignment, Stop) {
        let mut stop = run.begin();
        let instance = self.instance;
        let tokens = (0..instance.tokens() as u32).filter(|&t| instance.k(t as usize) > 0);
        let first: Vec<(u64, u32)> = tokens.filter_map(|t| self.next(t)).collect();
        let mut heap = BinaryHeap::from(first);
        if heap.is_empty() && has_limits(instance) {
            // The repair has all to do: it is the one step.
            match stop {
                ControlFlow::Break(why) => return (self.assignment, why),
                ControlFlow::Continue(()) => stop = run.tick(Best::default()),
            }
        }
        while stop.is_continue() && !heap.is_empty() {
            stop = self.step(&mut heap, run);
            if stop.is_continue() {
                stop = run.tick(Best::default());
            }
        }
        match stop {
            ControlFlow::Break(why) if !heap.is_empty() => {
                self.fill();
                (self.assignment, why)
            }
            _ => (self.assignment, Stop::Finished),
        }
    }

    /// Takes [`STEP`] pairs.
    fn step(&mut self, heap: &mut BinaryHeap<(u64, u32)>, run: &Run<'_>) -> ControlFlow<Stop> {
        let reserve = self.used.len() as f64 * self.instance.demand().k() as f64 * FILL_SLOT;
        for weighed in 0..STEP {
            if weighed % LOOK == 0
                && run.time_left().is_some_and(|left| left < Duration::from_secs_f64(reserve))
            {
                return ControlFlow::Break(Stop::TimeLimit);
            }
            let Some(mut top) = heap.peek_mut() else { break };
            let (key, e) = *top;
            let t = u32::MAX - key as u32;
            if self.room[e as usize] > 0 {
                self.take(t, e);
            }
            let full = self.assignment.experts(t as usize).len() == self.instance.k(t as usize);
            match if full { None } else { self.next(t) } {
                Some(next) => *top = next,
                None => _ = PeekMut::pop(top),
            }
        }
        ControlFlow::Continue(())
    }

    /// Fills open slots with the best of every token's list that has room, in the order of tokens.
    fn fill(&mut self) {
        let floor = if self.instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        for t in 0..self.instance.tokens() {
            let mut open = self.instance.k(t) - self.assignment.experts(t).len();
            for place in t * self.width..(t + 1) * self.width {
                let e = self.best.experts[place];
                if open == 0 {
                    break;
                }
                let may = self.room[e as usize] > 0 && self.instance.scores(t)[e as usize] > floor;
                if may && !self.assignment.experts(t).contains(&e) {
                    self.take(t as u32, e);
                    open -= 1;
                }
            }
        }
    }

    /// The best open pair of token `t`: score and token as a key that sorts best first, expert.
    fn next(&mut self, t: u32) -> Option<(u64, u32)> {
        let scores = self.instance.scores(t as usize);
        let list = &self.best.experts[t as usize * self.width..][..self.width];
        let used = &mut self.used[t as usize];
        let mut found = None;
        while found.is_none() && (*used as usize) < list.len() {
            found = Some(list[*used as usize]).filter(|&e| self.room[e as usize] > 0);
            *used += 1;
        }
        let e = found.or_else(|| self.scan(t))?;
        let floor = if self.instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        let score = scores[e as usize];
        (score > floor).then(|| (u64::from(rank(score)) << 32 | u64::from(u32::MAX - t), e))
    }

    /// The best expert with room that token `t` does not hold, by the whole row.
    fn scan(&self, t: u32) -> Option<u32> {
        if self.width == self.instance.experts() {
            return None;
        }
        let held = self.assignment.experts(t as usize);
        let mut best = (f32::NEG_INFINITY, None);
        for (e, (&score, &room)) in
            (0..).zip(self.instance.scores(t as usize).iter().zip(&self.room))
        {
            if score > best.0 && room > 0 && !held.contains(&e) {
                best = (score, Some(e));
            }
        }
        best.1
    }
}

/// Orders scores as integers: `rank(a) > rank(b)` if and only if `a > b`, and equal for ±0.
fn rank(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}
