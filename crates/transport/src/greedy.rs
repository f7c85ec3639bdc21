//! Greedy: the best remaining pair, again and again, as long as there is one.
//!
//! Pairs are taken in order of score, ties by token and then by expert, each if its token has a
//! slot and its expert has room. Under `AtMost` (pairs of score > 0 only) the objective is at
//! least half the optimum: the two families of constraints are partition matroids, and the best-in
//! greedy algorithm on an intersection of `p` matroids keeps 1/p of the optimum (Korte, Hausmann,
//! *An analysis of the greedy heuristic for independence systems*, Annals of Discrete Mathematics
//! 2 (1978) 65-74). `Exactly` has no such bound: slots that the greedy order leaves empty are
//! filled by [`spinroute_core::repair`].
//!
//! Nothing is sorted: a heap holds the best open pair of every token, from its row's best `2k`
//! experts first, from a scan of the row when these are used up. O(T·E) for the selection,
//! O(log T) a pair and O(E) a scan.
use std::collections::BinaryHeap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::{Assignment, Error, Instance, Run, Solution, Solver, Stop, repair};
use spinroute_select::Selection;

/// The best remaining pair, again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Greedy {}

impl Solver for Greedy {
    /// # Errors
    /// [`Error::Deficient`] if an `Exactly` demand cannot be met.
    fn solve(&self, instance: &Instance, _run: &mut Run<'_>) -> Result<Solution, Error> {
        let mut assignment = Search::new(instance).run();
        if instance.demand().is_exact() {
            assignment = repair(instance, assignment, None)?;
        }
        Ok(Solution { assignment, prices: None, stop: Stop::Finished })
    }
}

struct Search<'a> {
    instance: &'a Instance,
    assignment: Assignment,
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
        Self {
            instance,
            assignment: Assignment::empty(tokens, k),
            room: instance.capacity().to_vec(),
            best,
            width,
            used: vec![0; tokens],
        }
    }

    fn run(mut self) -> Assignment {
        let tokens = 0..self.instance.tokens() as u32;
        let first: Vec<(u64, u32)> = tokens.filter_map(|t| self.next(t)).collect();
        let mut heap = BinaryHeap::from(first);
        while let Some((key, e)) = heap.pop() {
            let t = u32::MAX - key as u32;
            if self.room[e as usize] > 0 && self.assignment.push(t as usize, e) {
                self.room[e as usize] -= 1;
            }
            if self.assignment.experts(t as usize).len() < self.assignment.k() {
                heap.extend(self.next(t));
            }
        }
        self.assignment
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
        if self.width == self.room.len() {
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
