//! Direct moves: units that must leave go to experts with room, least regret first.
//!
//! The regret of moving token `t` from expert `e` to `f` is `(s[t,e] − p[e]) − (s[t,f] − p[f])`,
//! and an empty slot counts as an expert of score 0. Every unit that may move keeps its best
//! destination in a heap. A destination that has filled up is replaced when its unit comes up;
//! regrets only grow as room runs out, so what comes up current is the least regret of all (the
//! lazy evaluation of Minoux, *Accelerated greedy algorithms*, 1978).
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::Table;
use crate::Assignment;

/// Tokens a block of the parallel scan.
const BLOCK: usize = 256;

/// A number that sorts by value.
#[derive(Clone, Copy)]
pub(super) struct Key(pub(super) f64);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

/// A unit and where it would go; least regret first, then lower token, then lower expert.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Move {
    regret: Key,
    token: u32,
    from: u32,
    to: u32,
}

impl Table<'_> {
    /// Moves units of overfull experts to experts with room and fills empty slots, as long as
    /// some unit has somewhere to go. Under `AtMost` a unit may go nowhere (an empty slot), and
    /// nothing goes where its score does not exceed the price.
    pub(super) fn move_directly(&mut self, prices: &[f32]) {
        let overfull: Vec<bool> = (0..self.load.len()).map(|e| self.excess(e) > 0).collect();
        let any_overfull = overfull.contains(&true);
        let tokens: Vec<u32> = (0..self.instance.tokens() as u32)
            .filter(|&t| {
                let held = self.choices.experts(t as usize);
                held.len() < self.choices.k()
                    || any_overfull && held.iter().any(|&e| overfull[e as usize])
            })
            .collect();
        let mut room = self.room();
        let moves: Vec<Reverse<Move>> = tokens
            .par_chunks(BLOCK)
            .flat_map_iter(|block| {
                let mut moves = Vec::with_capacity(block.len());
                for &t in block {
                    self.moves_of(t, &overfull, &room, prices, &mut moves);
                }
                moves
            })
            .collect();
        let mut heap = BinaryHeap::from(moves);
        while let Some(Reverse(unit)) = heap.pop() {
            if unit.from != Assignment::EMPTY && self.excess(unit.from as usize) == 0 {
                continue;
            }
            if self.is_current(&unit) {
                self.shift(unit.token, unit.from, unit.to);
                if unit.to != Assignment::EMPTY && !self.has_room(unit.to as usize) {
                    room.retain(|&e| e != unit.to);
                }
            } else if let Some(unit) = self.best_move(unit.token, unit.from, &room, prices) {
                heap.push(Reverse(unit));
            }
        }
    }

    /// The units of token `t` that may move: one for each overfull expert and each empty slot.
    fn moves_of(
        &self,
        t: u32,
        overfull: &[bool],
        room: &[u32],
        prices: &[f32],
        moves: &mut Vec<Reverse<Move>>,
    ) {
        let alternative = self.alternative(t, room, prices);
        let held = self.choices.experts(t as usize).iter().copied();
        let leaving = held.filter(|&e| overfull[e as usize]);
        let empty = std::iter::repeat_n(Assignment::EMPTY, self.holes(t as usize));
        for from in leaving.chain(empty) {
            moves.extend(self.weigh(t, from, alternative, prices).map(Reverse));
        }
    }

    fn best_move(&self, t: u32, from: u32, room: &[u32], prices: &[f32]) -> Option<Move> {
        self.weigh(t, from, self.alternative(t, room, prices), prices)
    }

    /// Whether a move can still be made as it was weighed.
    fn is_current(&self, unit: &Move) -> bool {
        unit.to == Assignment::EMPTY
            || self.has_room(unit.to as usize)
                && !self.choices.experts(unit.token as usize).contains(&unit.to)
    }

    /// The best expert with room that token `t` does not hold, with its reduced score.
    pub(super) fn alternative(&self, t: u32, room: &[u32], prices: &[f32]) -> (f32, u32) {
        let held = self.choices.experts(t as usize);
        let scores = self.instance.scores(t as usize);
        let mut best = (f32::NEG_INFINITY, Assignment::EMPTY);
        for &e in room {
            let reduced = scores[e as usize] - prices[e as usize];
            if reduced > best.0 && !held.contains(&e) {
                best = (reduced, e);
            }
        }
        best
    }

    /// The move of one unit to its alternative; `None` if there is nowhere to go.
    fn weigh(&self, t: u32, from: u32, alternative: (f32, u32), prices: &[f32]) -> Option<Move> {
        let (mut value, mut to) = alternative;
        let value_now = if from == Assignment::EMPTY {
            0.0
        } else {
            self.instance.scores(t as usize)[from as usize] - prices[from as usize]
        };
        if !self.instance.demand().is_exact() && value <= 0.0 {
            (value, to) = (0.0, Assignment::EMPTY);
        }
        (from != to && value > f32::NEG_INFINITY).then(|| Move {
            regret: Key(f64::from(value_now - value)),
            token: t,
            from,
            to,
        })
    }
}
