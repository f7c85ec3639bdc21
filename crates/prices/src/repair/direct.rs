//! Direct moves: units that must leave go to experts with room, least regret first.
//!
//! The regret of moving token `t` from expert `e` to `f` is `(s[t,e] − p[e]) − (s[t,f] − p[f])`,
//! and an empty slot counts as an expert of score 0. A heap holds the move of least regret of
//! every token: its worst unit on an overfull expert, or an empty slot, to its best expert with
//! room. A move that has become impossible is weighed again when its turn comes: regrets only grow
//! as room runs out and experts come down to their capacity, so what comes up current is the least
//! of all (the lazy evaluation of Minoux, *Accelerated greedy algorithms*, 1978).
//!
//! Tried and not kept: a heap of units instead of tokens is the same order at two to three times
//! the time (4096 × 160, k = 6), since most units on overfull experts never leave; sorting only
//! the 2, 4 or 8 units of least regret for every unit over capacity saves part of that, and loses
//! 0.06, 0.006 and 0.0004 % of the objective. Keeping each token's 2 or 4 best alternatives costs
//! more to find (1.2 and 1.7 times in all) than it saves.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use rayon::prelude::*;
use spinroute_core::Assignment;

use super::limit::Limit;
use super::table::Table;

/// Tokens a block of the parallel scan.
const BLOCK: usize = 256;

/// Moves between two looks at the clock.
const LOOK: usize = 32;

/// What finding its alternative costs a token, in units of the quick pass.
const LOOKS_A_TOKEN: usize = 4;

/// A place and its reduced score.
type Place = (f32, u32);

/// A token that holds overfull experts or has empty slots.
struct Candidate {
    token: u32,
    /// Where its next unit is in [`Candidates::units`], and the end of its units.
    unit: usize,
    end: usize,
    /// Its best expert with room; `-∞` and [`Assignment::EMPTY`] if there is none.
    alternative: Place,
}

/// All candidates, in order of tokens, and the units that may leave, worst first in each token.
#[derive(Default)]
struct Candidates {
    all: Vec<Candidate>,
    units: Vec<Place>,
}

/// The best move of a candidate; least regret first, then the lower token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Move {
    /// The regret, as an integer that sorts alike, then the candidate, in order of tokens.
    key: u64,
    from: u32,
    to: u32,
}

impl Move {
    fn new(regret: f32, candidate: usize, from: u32, to: u32) -> Self {
        let bits = (regret + 0.0).to_bits();
        let rank = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self { key: u64::from(rank) << 32 | candidate as u64, from, to }
    }

    fn candidate(self) -> usize {
        self.key as u32 as usize
    }
}

impl Table<'_> {
    /// Moves units of overfull experts to experts with room and fills empty slots, as long as
    /// some unit has somewhere to go. Under `AtMost` a unit may go nowhere (an empty slot), and
    /// nothing goes where its score does not exceed the price. False if the time ran out before.
    pub(super) fn move_directly(&mut self, prices: &[f32], limit: Limit) -> bool {
        if limit.is_near(self, self.unsettled() + LOOKS_A_TOKEN * self.instance.tokens()) {
            return false;
        }
        let mut room = self.room();
        let mut candidates = self.candidates(&room, prices);
        let mut open = self.unsettled();
        let moves: Vec<Reverse<Move>> = (0..candidates.all.len())
            .filter_map(|i| self.best_move(i, &mut candidates, &room, prices))
            .map(Reverse)
            .collect();
        let mut heap = BinaryHeap::from(moves);
        let mut weighed = 0;
        while open > 0
            && let Some(mut top) = heap.peek_mut()
        {
            if weighed % LOOK == 0 && limit.is_near(self, open) {
                return false;
            }
            weighed += 1;
            let Reverse(best) = *top;
            if self.is_current(best) {
                let candidate = &mut candidates.all[best.candidate()];
                candidate.unit += 1;
                self.shift(candidate.token, best.from, best.to);
                if best.to != Assignment::EMPTY {
                    if !self.has_room(best.to as usize) {
                        room.retain(|&e| e != best.to);
                    }
                    candidate.alternative = self.alternative(candidate.token, &room, prices);
                }
                open -= 1;
            }
            match self.best_move(best.candidate(), &mut candidates, &room, prices) {
                Some(next) => *top = Reverse(next),
                None => _ = PeekMut::pop(top),
            }
        }
        true
    }

    /// Whether a move can still be made as it was weighed.
    fn is_current(&self, best: Move) -> bool {
        (best.from == Assignment::EMPTY || self.excess(best.from as usize) > 0)
            && (best.to == Assignment::EMPTY || self.has_room(best.to as usize))
    }

    /// The tokens that hold an overfull expert or have an empty slot.
    fn candidates(&self, room: &[u32], prices: &[f32]) -> Candidates {
        let overfull: Vec<bool> = (0..self.load.len()).map(|e| self.excess(e) > 0).collect();
        let blocks: Vec<Candidates> = (0..self.instance.tokens().div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut found = Candidates::default();
                let end = self.instance.tokens().min((block + 1) * BLOCK);
                for token in block * BLOCK..end {
                    let unit = found.units.len();
                    self.add_units(token, &overfull, prices, &mut found.units);
                    let end = found.units.len();
                    if end > unit {
                        let token = token as u32;
                        let alternative = self.alternative(token, room, prices);
                        found.all.push(Candidate { token, unit, end, alternative });
                    }
                }
                found
            })
            .collect();
        let mut merged = Candidates::default();
        for block in blocks {
            let base = merged.units.len();
            merged.units.extend(block.units);
            merged.all.extend(block.all.into_iter().map(|candidate| Candidate {
                unit: candidate.unit + base,
                end: candidate.end + base,
                ..candidate
            }));
        }
        merged
    }

    /// Appends the units of a token that may leave: those on overfull experts, and empty slots,
    /// which are worth nothing. Worst first.
    fn add_units(&self, t: usize, overfull: &[bool], prices: &[f32], units: &mut Vec<Place>) {
        let (held, start) = (self.choices.experts(t), units.len());
        for &e in held.iter().filter(|&&e| overfull[e as usize]) {
            units.push((self.instance.scores(t)[e as usize] - prices[e as usize], e));
        }
        units.extend(std::iter::repeat_n((0.0, Assignment::EMPTY), self.holes(t)));
        units[start..].sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }

    /// The best expert with room that token `t` does not hold.
    pub(super) fn alternative(&self, t: u32, room: &[u32], prices: &[f32]) -> Place {
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

    /// The move of least regret of a candidate; `None` if nothing may or can move.
    fn best_move(
        &self,
        index: usize,
        candidates: &mut Candidates,
        room: &[u32],
        prices: &[f32],
    ) -> Option<Move> {
        let candidate = &mut candidates.all[index];
        let (mut there, mut to) = candidate.alternative;
        if to != Assignment::EMPTY && !self.has_room(to as usize) {
            candidate.alternative = self.alternative(candidate.token, room, prices);
            (there, to) = candidate.alternative;
        }
        if !self.instance.demand().is_exact() && there <= 0.0 {
            (there, to) = (0.0, Assignment::EMPTY);
        }
        if there == f32::NEG_INFINITY {
            return None;
        }
        while candidate.unit < candidate.end {
            let (here, from) = candidates.units[candidate.unit];
            let moves = match from {
                Assignment::EMPTY => to != Assignment::EMPTY,
                from => self.excess(from as usize) > 0,
            };
            if moves {
                return Some(Move::new(here - there, index, from, to));
            }
            candidate.unit += 1;
        }
        None
    }
}
