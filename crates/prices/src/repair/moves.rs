//! `AtMost`: an empty slot whose token wants a full expert, where one of that expert's tokens can
//! move on to an expert with room.
//!
//! After the direct moves no token with an empty slot wants an expert with room. What is left to
//! gain in two steps: token `t` takes `e` from token `u`, which moves to `f`, for a gain of
//! `s[t,e] + s[u,f] − s[u,e]`. Largest gain first, in passes until one makes no move; each move
//! uses up one unit of room, so there is an end. A pass is O(T·(k + |room|) + short·E) and O(E) a
//! move.
use std::collections::BinaryHeap;

use spinroute_core::Assignment;

use super::key::Key;
use super::limit::Limit;
use super::table::Table;

/// Moves between two looks at the clock.
const LOOK: usize = 32;

/// What a pass costs a token, in units of the quick pass.
const PASS_A_TOKEN: usize = 8;

/// A token that may leave an expert, and what that costs: at most 0, usually.
#[derive(Clone, Copy)]
struct Way {
    gain: f64,
    token: u32,
    to: u32,
}

impl Table<'_> {
    /// Makes all two-step moves that gain. False if the time ran out before.
    pub(super) fn make_room(&mut self, limit: Limit) -> bool {
        let zeros = vec![0.0; self.load.len()];
        loop {
            let room = self.room();
            let short: Vec<u32> = (0..self.instance.tokens() as u32)
                .filter(|&t| self.holes(t as usize) > 0)
                .collect();
            if short.is_empty() || room.is_empty() {
                return true;
            }
            // A pass reads the rows of all tokens.
            if limit.is_near(self, PASS_A_TOKEN * self.instance.tokens()) {
                return false;
            }
            match self.make_room_once(&short, &room, &zeros, limit) {
                Some(true) => {}
                Some(false) => return true,
                None => return false,
            }
        }
    }

    /// One pass; whether it made a move. `None` if the time ran out.
    fn make_room_once(
        &mut self,
        short: &[u32],
        room: &[u32],
        zeros: &[f32],
        limit: Limit,
    ) -> Option<bool> {
        let mut ways = self.ways_out(room, zeros);
        let mut heap: BinaryHeap<(Key, u32)> =
            short.iter().filter_map(|&t| self.best_gain(t, &ways)).map(|(key, _)| key).collect();
        let (mut moved, mut weighed) = (false, 0);
        while let Some((key, order)) = heap.pop() {
            if weighed % LOOK == 0 && limit.is_near(self, 0) {
                return None;
            }
            weighed += 1;
            let t = u32::MAX - order;
            let Some((current, expert)) = self.best_gain(t, &ways) else { continue };
            if current.0 != key {
                heap.push(current);
                continue;
            }
            let Some(way) = ways[expert as usize].pop() else { continue };
            if self.is_open(expert, way) {
                self.shift(way.token, expert, way.to);
                self.shift(t, Assignment::EMPTY, expert);
                moved = true;
            }
            if self.holes(t as usize) > 0 {
                heap.extend(self.best_gain(t, &ways).map(|(key, _)| key));
            }
        }
        Some(moved)
    }

    /// For every full expert, the tokens that may leave it for one with room, cheapest last.
    fn ways_out(&self, room: &[u32], zeros: &[f32]) -> Vec<Vec<Way>> {
        let mut ways: Vec<Vec<Way>> = vec![Vec::new(); self.load.len()];
        for token in 0..self.instance.tokens() as u32 {
            let (value, to) = self.alternative(token, room, zeros);
            if value > 0.0 {
                let scores = self.instance.scores(token as usize);
                for &e in self.choices.experts(token as usize) {
                    if !self.has_room(e as usize) {
                        let gain = f64::from(value) - f64::from(scores[e as usize]);
                        ways[e as usize].push(Way { gain, token, to });
                    }
                }
            }
        }
        for ways in &mut ways {
            ways.sort_unstable_by(|a, b| a.gain.total_cmp(&b.gain).then(b.token.cmp(&a.token)));
        }
        ways
    }

    /// Whether a way out of `expert` is still there.
    fn is_open(&self, expert: u32, way: Way) -> bool {
        let held = self.choices.experts(way.token as usize);
        self.has_room(way.to as usize) && held.contains(&expert) && !held.contains(&way.to)
    }

    /// The most that token `t` can gain by a two-step move, if it gains at all, and the expert.
    fn best_gain(&self, t: u32, ways: &[Vec<Way>]) -> Option<((Key, u32), u32)> {
        let held = self.choices.experts(t as usize);
        let mut best = (0.0f64, Assignment::EMPTY);
        for (e, (&s, ways)) in (0..).zip(self.instance.scores(t as usize).iter().zip(ways)) {
            let Some(way) = ways.last() else { continue };
            let gain = f64::from(s) + way.gain;
            if s > 0.0 && gain > best.0 && !held.contains(&e) {
                best = (gain, e);
            }
        }
        (best.1 != Assignment::EMPTY).then(|| ((Key(best.0), u32::MAX - t), best.1))
    }
}
