//! A quick way from choices that break capacities to choices that keep them.
//!
//! 1. The room of the dearest experts is filled with the tokens that lose least by coming: nobody
//!    with a choice of experts with room would go there, but room is scarce.
//! 2. Tokens leave the experts that hold too many, those that lose least first, for the best
//!    expert with room. What a token loses is known from its margin as long as its next expert has
//!    room; where that is full, it is put back with what it loses now.
//! 3. What room is left over takes tokens that gain score.
//!
//! So only about as many rows are looked at as units are out of place;
//! [`spinroute_prices::repair`], which asks no margins, looks at every token of a crowded expert. On
//! collapsed routers it also lost five to ten times as much: without step 1 specialists stay empty,
//! and without step 3 spare room lies there. Filling 32 experts in step 1 lost more than filling
//! 12, which lost less than none. The result may still break a capacity where pairs are forbidden:
//! [`spinroute_prices::repair`] has the last word.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use spinroute_core::{Assignment, Feature, Instance};

/// Tokens that may leave an expert, for each that must.
const CHOICE: usize = 4;

/// Experts whose room is filled.
const DEAREST: usize = 12;

/// A token that may leave an expert.
#[derive(PartialEq)]
struct Leave {
    /// What that loses, at least.
    loss: f32,
    token: u32,
    expert: u32,
}

impl Eq for Leave {}

impl Ord for Leave {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_name = (self.token, self.expert).cmp(&(other.token, other.expert));
        self.loss.total_cmp(&other.loss).then(by_name)
    }
}

impl PartialOrd for Leave {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// About how long [`settled`] and the repair behind it take, so that a limit of time can be kept:
/// measured, with half as much again.
pub(crate) fn cost(tokens: usize, experts: usize, k: usize, units: f64) -> Duration {
    let slots = (tokens * (k + DEAREST)) as f64;
    let rows = units.min((tokens * k) as f64) * (experts + 64) as f64;
    Duration::from_secs_f64(slots * SLOT + rows * SCORE)
}

/// Seconds for a slot that is passed, and for a score of a unit that moves.
const SLOT: f64 = 20e-9;
const SCORE: f64 = 4e-9;

/// `table`, `T × k`, changed until capacities hold or nobody can move; under `AtMost` a slot may
/// become [`Assignment::EMPTY`]. `left` is what each token would get at `prices` from the best
/// expert that it does not hold, if known.
pub(crate) fn settled(
    instance: &Instance,
    mut table: Vec<u32>,
    prices: &[f32],
    left: Option<&[f32]>,
) -> Vec<u32> {
    if instance.features().iter().any(|feature| *feature != Feature::Demands) {
        // Room is not all that matters there: the repair does it.
        return table;
    }
    let k = instance.demand().k();
    let mut room: Vec<i64> = instance.capacity().iter().map(|&c| i64::from(c)).collect();
    for &e in table.iter().filter(|&&e| e != Assignment::EMPTY) {
        room[e as usize] -= 1;
    }
    if left.is_some() {
        fill(instance, prices, prices, &mut table, &mut room);
    }
    let mut leaves = BinaryHeap::from(crowded(instance, &table, prices, left, &room));
    while let Some(Reverse(leave)) = leaves.pop() {
        let (t, from) = (leave.token as usize, leave.expert as usize);
        if room[from] >= 0 {
            continue;
        }
        let row = &mut table[t * k..][..instance.k(t)];
        let Some((worth, to)) = best(instance, prices, &room, t, row) else { continue };
        let loss = instance.scores(t)[from] - prices[from] - worth;
        if leaves.peek().is_some_and(|Reverse(next)| next.loss < loss) && loss > leave.loss {
            leaves.push(Reverse(Leave { loss, ..leave }));
            continue;
        }
        if let Some(slot) = row.iter_mut().find(|slot| **slot == leave.expert) {
            *slot = to;
            room[from] += 1;
            if let Some(room) = room.get_mut(to as usize) {
                *room -= 1;
            }
        }
    }
    fill(instance, prices, &vec![0.0; prices.len()], &mut table, &mut room);
    table
}

/// For each expert over capacity, the holders that lose least by leaving.
fn crowded(
    instance: &Instance,
    table: &[u32],
    prices: &[f32],
    left: Option<&[f32]>,
    room: &[i64],
) -> Vec<Reverse<Leave>> {
    let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
    let mut holders: Vec<Vec<Reverse<Leave>>> = room.iter().map(|_| Vec::new()).collect();
    for (t, row) in table.chunks_exact(instance.demand().k()).enumerate() {
        for &expert in row.iter().filter(|&&e| e != Assignment::EMPTY) {
            let e = expert as usize;
            if room[e] < 0 {
                let stay = instance.scores(t)[e] - prices[e];
                let loss = left.map_or(f32::NEG_INFINITY, |left| stay - left[t].max(floor));
                holders[e].push(Reverse(Leave { loss, token: t as u32, expert }));
            }
        }
    }
    for (holders, &room) in holders.iter_mut().zip(room) {
        let many = CHOICE * room.unsigned_abs() as usize;
        if left.is_some() && many < holders.len() {
            holders.select_nth_unstable_by(many, |a, b| b.cmp(a));
            holders.truncate(many);
        }
    }
    holders.into_iter().flatten().collect()
}

/// Fills the room that is worth most (`worth` a unit) with the tokens that lose least at `prices`
/// by coming, if that is less than the price: at prices of 0, those that gain.
fn fill(instance: &Instance, worth: &[f32], prices: &[f32], table: &mut [u32], room: &mut [i64]) {
    let (experts, k) = (room.len(), instance.demand().k());
    let value = |e: usize| room[e].max(0) as f32 * worth[e];
    let mut dear: Vec<usize> = (0..experts).filter(|&e| value(e) > 0.0).collect();
    dear.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
    dear.truncate(DEAREST);
    if dear.is_empty() {
        return;
    }
    let least = |row: &[u32], t: usize, room: &[i64]| {
        least(instance, prices, room, t, &row[..instance.k(t)])
    };
    let rows = table.chunks_exact(k).enumerate();
    let mut leaving: Vec<(f32, u32)> = rows.map(|(t, row)| least(row, t, room)).collect();
    let mut losses: Vec<(f32, u32)> = Vec::new();
    for to in dear {
        losses.clear();
        let column = instance.flat()[to..].iter().step_by(experts);
        for (t, (score, (held, _))) in (0..).zip(column.zip(&leaving)) {
            let loss = held - (score - prices[to]);
            if loss < prices[to] {
                losses.push((loss, t));
            }
        }
        losses.retain(|&(_, t)| !table[t as usize * k..][..k].contains(&(to as u32)));
        let many = room[to].max(0) as usize;
        let order = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if many < losses.len() {
            losses.select_nth_unstable_by(many, order);
            losses.truncate(many);
        }
        for t in losses.iter().map(|&(_, t)| t as usize) {
            let row = &mut table[t * k..][..k];
            let from = std::mem::replace(&mut row[leaving[t].1 as usize], to as u32);
            room[to] -= 1;
            if let Some(room) = room.get_mut(from as usize) {
                *room += 1;
            }
            leaving[t] = least(row, t, room);
        }
    }
}

/// The least reduced score that `t` holds of an expert without room, or of an empty slot, and its
/// slot; `∞` if there is none.
fn least(instance: &Instance, prices: &[f32], room: &[i64], t: usize, row: &[u32]) -> (f32, u32) {
    let scores = instance.scores(t);
    let mut least = (f32::INFINITY, 0);
    for (&e, slot) in row.iter().zip(0..) {
        let e = e as usize;
        let worth = scores.get(e).map_or(0.0, |score| score - prices[e]);
        if worth < least.0 && room.get(e).is_none_or(|&room| room <= 0) {
            least = (worth, slot);
        }
    }
    least
}

/// The best expert with room that `t` does not hold, and its reduced score; or, under `AtMost`,
/// an empty slot.
fn best(
    instance: &Instance,
    prices: &[f32],
    room: &[i64],
    t: usize,
    held: &[u32],
) -> Option<(f32, u32)> {
    let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
    let mut best = (floor, Assignment::EMPTY);
    let values = instance.scores(t).iter().zip(prices).zip(room).zip(0..);
    for (((score, price), &room), e) in values {
        let worth = score - price;
        if worth > best.0 && room > 0 && !held.contains(&e) {
            best = (worth, e);
        }
    }
    (best.0 > f32::NEG_INFINITY).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinroute_core::Demand;

    fn instance(scores: ndarray::Array2<f32>, capacity: Vec<u32>, demand: Demand) -> Instance {
        Instance::new(scores, capacity, demand).unwrap()
    }

    #[test]
    fn who_loses_least_leaves_and_dear_room_is_filled() {
        // All three want expert 0, which takes one; expert 2 is dear and has room.
        let scores = ndarray::array![[9.0, 8.0, 1.0], [9.0, 3.0, 8.5], [9.0, 1.0, 1.0]];
        let instance = instance(scores, vec![1, 1, 1], Demand::Exactly(1));
        for left in [None, Some(&[7.5, 6.5, -1.0][..])] {
            let table = settled(&instance, vec![0, 0, 0], &[0.5, 0.5, 2.0], left);
            assert_eq!(table, [1, 2, 0]);
        }
    }

    #[test]
    fn at_most_lets_go_of_a_token_that_nobody_has_room_for() {
        let scores = ndarray::array![[2.0, 0.5], [3.0, -1.0]];
        let instance = instance(scores, vec![1, 0], Demand::AtMost(1));
        let table = settled(&instance, vec![0, 0], &[0.0, 0.0], None);
        assert_eq!(table, [Assignment::EMPTY, 0]);
    }
}
