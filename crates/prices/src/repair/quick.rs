//! What is left when the time is up: feasible at once, as good as a glance allows.
//!
//! Of an overfull expert's tokens those of the highest reduced scores stay. Then one pass over the
//! tokens in their order: a unit that must leave goes to the best of the next [`GLANCE`] experts with
//! room, in a circle so that room runs out evenly, and so does an empty slot; under `AtMost` a unit
//! for which none of these is worth anything is dropped. Where there is not even time for that, the
//! first units leave for the next expert, and no score is read. O(T·k) and some ten nanoseconds a unit,
//! where the moves of least regret ([`direct`](super::direct)) cost some hundred. What an `Exactly`
//! demand still lacks afterwards (a token that holds or may not take what has room) is left to the
//! augmenting paths.
use std::cmp::Reverse;
use std::time::Duration;

use spinroute_core::Assignment;

use super::key::Key;
use super::limit::Limit;
use super::table::Table;

/// How many experts with room are looked at.
const GLANCE: usize = 8;

/// How late a careful pass may make the answer.
const GRACE: Duration = Duration::from_micros(500);

/// Experts with room, gone through in a circle.
struct Circle {
    room: Vec<u32>,
    at: usize,
    /// How many are looked at.
    glance: usize,
}

impl Table<'_> {
    /// Takes every expert down to its capacity and fills empty slots, as far as a glance goes.
    pub(super) fn settle_quickly(&mut self, prices: &[f32], limit: Limit) {
        let careful = !limit.is_within(self.quick_cost(self.unsettled()), GRACE);
        let stays = careful.then(|| self.last_to_stay(prices));
        let mut circle =
            Circle { room: self.room(), at: 0, glance: if careful { GLANCE } else { 1 } };
        let exact = self.instance.demand().is_exact();
        for t in 0..self.instance.tokens() as u32 {
            let mut slot = 0;
            while let Some(&from) = self.choices.experts(t as usize).get(slot) {
                let leaves = self.excess(from as usize) > 0
                    && stays
                        .as_ref()
                        .is_none_or(|last| self.place(t, from, prices) > last[from as usize]);
                let to = if leaves { self.glance(t, prices, &mut circle) } else { None };
                match to {
                    Some(to) => self.shift(t, from, to),
                    None if leaves && !exact => {
                        self.shift(t, from, Assignment::EMPTY);
                        continue;
                    }
                    None => {}
                }
                slot += 1;
            }
            while self.holes(t as usize) > 0
                && let Some(to) = self.glance(t, prices, &mut circle)
            {
                self.shift(t, Assignment::EMPTY, to);
            }
        }
    }

    /// Where a unit stands among those of its expert: best reduced score first, then the lower token.
    fn place(&self, t: u32, e: u32, prices: &[f32]) -> (Reverse<Key>, u32) {
        let reduced = self.instance.scores(t as usize)[e as usize] - prices[e as usize];
        (Reverse(Key(f64::from(reduced))), t)
    }

    /// The last unit that an overfull expert can hold, as [`Table::place`] orders them.
    fn last_to_stay(&self, prices: &[f32]) -> Vec<(Reverse<Key>, u32)> {
        let overfull: Vec<bool> = (0..self.load.len()).map(|e| self.excess(e) > 0).collect();
        let mut units: Vec<Vec<_>> = vec![Vec::new(); overfull.len()];
        for t in 0..self.instance.tokens() as u32 {
            for &e in self.choices.experts(t as usize).iter().filter(|&&e| overfull[e as usize]) {
                units[e as usize].push(self.place(t, e, prices));
            }
        }
        let none = (Reverse(Key(f64::INFINITY)), 0);
        let last = units.iter_mut().zip(self.instance.capacity()).map(|(units, &capacity)| {
            let keep = capacity as usize;
            if keep == 0 || keep > units.len() {
                none
            } else {
                *units.select_nth_unstable(keep - 1).1
            }
        });
        last.collect()
    }

    /// The best of the next experts with room that token `t` may hold and does not; `None` if there
    /// is none, or under `AtMost` none among the next few.
    fn glance(&self, t: u32, prices: &[f32], circle: &mut Circle) -> Option<u32> {
        let (scores, held) = (self.instance.scores(t as usize), self.choices.experts(t as usize));
        let exact = self.instance.demand().is_exact();
        let any = circle.glance == 1 && exact && !self.instance.has_forbidden();
        let mut best = (f32::NEG_INFINITY, None);
        let mut seen = 0;
        while seen < circle.room.len() && (seen < circle.glance || exact && best.1.is_none()) {
            if circle.at >= circle.room.len() {
                circle.at = 0;
            }
            let e = circle.room[circle.at];
            if !self.has_room(e as usize) {
                circle.room.swap_remove(circle.at);
                continue;
            }
            (circle.at, seen) = (circle.at + 1, seen + 1);
            if any {
                if !held.contains(&e) {
                    return Some(e);
                }
                continue;
            }
            let (score, price) = (scores[e as usize], prices[e as usize]);
            let allowed = score > if exact { f32::NEG_INFINITY } else { 0.0 };
            if allowed && (best.1.is_none() || score - price > best.0) && !held.contains(&e) {
                best = (score - price, Some(e));
            }
        }
        best.1
    }
}
