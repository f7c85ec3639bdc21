//! Moves of one unit in a [`Tree`], least regret first.
//!
//! As the direct moves of the plain problem ([`direct`](super::direct)): a heap holds the best move of every token
//! that has one, and a move whose regret has changed is weighed again when its turn comes. What a move costs apart
//! from the scores is what the loads cost on its way through the tree. O(k·(E + G)) to weigh a token.
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use spinroute_core::Assignment;

use super::key::Key;
use super::limit::Limit;
use super::tree::Tree;

/// Tokens a task.
const BLOCK: usize = 64;

/// Moves between two looks at the clock.
const LOOK: usize = 32;

/// A gain must exceed so much of the numbers that it is the difference of.
const ROUNDING: f64 = 1e-12;

/// What a pass of moves is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// Units leave nodes that hold more than they may, and slots are filled.
    Leave,
    /// Units go to nodes that lack some.
    Lift,
    /// Any move that gains.
    Gain,
}

/// The best move of a token.
#[derive(Clone, Copy)]
struct Step {
    regret: f64,
    from: u32,
    to: u32,
}

impl Tree<'_> {
    /// Makes moves as long as there are any; whether there were. `None` if the time ran out before.
    pub(super) fn step(&mut self, aim: Aim, limit: Limit) -> Option<bool> {
        let lifted = self.lifted();
        let needed = match aim {
            Aim::Leave | Aim::Gain => true,
            Aim::Lift => lifted.iter().any(|&lifted| lifted),
        };
        let mut moved = false;
        if limit.is_over() {
            return None;
        }
        if !needed {
            return Some(moved);
        }
        let mut heap = BinaryHeap::from(self.firsts(aim, &lifted));
        let (mut costs, mut weighed) = (Vec::new(), 0);
        while let Some(Reverse((key, t))) = heap.pop() {
            if weighed % LOOK == 0 && limit.is_over() {
                return None;
            }
            weighed += 1;
            let lifted = if aim == Aim::Lift { self.lifted() } else { Vec::new() };
            let Some(step) = self.best(t, aim, &lifted, &mut costs) else { continue };
            let current = Key(step.regret);
            if current > key && heap.peek().is_some_and(|Reverse((next, _))| *next < current) {
                heap.push(Reverse((current, t)));
                continue;
            }
            self.shift(t, step.from, step.to);
            moved = true;
            // What comes up next is weighed then.
            heap.push(Reverse((current, t)));
        }
        Some(moved)
    }

    /// Makes moves token by token, in their order.
    pub(super) fn settle(&mut self, aim: Aim) {
        let mut costs = Vec::new();
        for t in 0..self.instance.tokens() as u32 {
            loop {
                let lifted = if aim == Aim::Lift { self.lifted() } else { Vec::new() };
                let Some(step) = self.best(t, aim, &lifted, &mut costs) else { break };
                self.shift(t, step.from, step.to);
            }
        }
    }

    /// The best move of every token that has one, in order of tokens.
    fn firsts(&self, aim: Aim, lifted: &[bool]) -> Vec<Reverse<(Key, u32)>> {
        let tokens = self.instance.tokens();
        let block = |block: usize| {
            let mut costs = Vec::new();
            let end = tokens.min((block + 1) * BLOCK);
            let tokens = (block * BLOCK) as u32..end as u32;
            let first = |t| {
                let step = self.best(t, aim, lifted, &mut costs)?;
                Some(Reverse((Key(step.regret), t)))
            };
            tokens.filter_map(first).collect::<Vec<_>>()
        };
        let blocks: Vec<_> = (0..tokens.div_ceil(BLOCK)).into_par_iter().map(block).collect();
        blocks.concat()
    }

    /// The move of least regret of token `t`, if it has one that serves the aim.
    fn best(&self, t: u32, aim: Aim, lifted: &[bool], costs: &mut Vec<f64>) -> Option<Step> {
        let token = t as usize;
        let (held, scores) = (self.choices.experts(token), self.instance.scores(token));
        let mut best: Option<Step> = None;
        let hole = (self.holes(token) > 0).then_some(Assignment::EMPTY);
        for from in held.iter().copied().chain(hole) {
            let empty = from == Assignment::EMPTY;
            let over = !empty && self.path(from).any(|node| self.is_over(node));
            if aim == Aim::Leave && !over && !empty {
                continue;
            }
            // Under `Exactly` an empty slot must be filled, in every pass.
            let must = over || aim == Aim::Lift || empty && !self.optional();
            self.ways(from, over && aim == Aim::Leave, costs);
            let here = if empty { 0.0 } else { f64::from(scores[from as usize]) };
            let mut weigh = |to: u32, there: f64, cost: f64| {
                let regret = here + cost - there;
                let least = best.is_none_or(|best| regret < best.regret);
                let gains = || regret < -ROUNDING * (here.abs() + there.abs() + cost.abs());
                if least && regret < f64::INFINITY && (must || gains()) {
                    let taken = to != Assignment::EMPTY && held.contains(&to);
                    if !taken {
                        best = Some(Step { regret, from, to });
                    }
                }
            };
            for (to, (&score, &cost)) in (0..).zip(scores.iter().zip(&*costs)) {
                if aim != Aim::Lift || lifted[to as usize] && self.enters(from, to) {
                    weigh(to, f64::from(score), cost);
                }
            }
            if self.optional() && !empty && aim != Aim::Lift {
                weigh(Assignment::EMPTY, 0.0, costs[self.root()]);
            }
        }
        best
    }

    /// Whether a move enters a node that lacks units.
    fn enters(&self, from: u32, to: u32) -> bool {
        let inside = |node| from != Assignment::EMPTY && self.path(from).any(|own| own == node);
        self.path(to).take_while(|&node| !inside(node)).any(|node| self.lacks(node))
    }
}
