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

use crate::passes::highest;

/// Tokens that may leave an expert, for each that must.
const CHOICE: usize = 4;

/// Experts whose room is filled.
const DEAREST: usize = 12;

/// Tokens by which a loss is guessed, at least, where there are so many; and how many times as many as needed are about
/// enough.
const SAMPLED: usize = 256;
const SURELY: usize = 2;

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
    let mut open = Open::new(instance, prices, &room);
    let mut leaves = BinaryHeap::from(crowded(instance, &table, prices, left, &room));
    while let Some(Reverse(leave)) = leaves.pop() {
        let (t, from) = (leave.token as usize, leave.expert as usize);
        if room[from] >= 0 {
            continue;
        }
        let row = &mut table[t * k..][..instance.k(t)];
        let Some((worth, to)) = open.best(t, row) else { continue };
        let loss = instance.scores(t)[from] - prices[from] - worth;
        if leaves.peek().is_some_and(|Reverse(next)| next.loss < loss) && loss > leave.loss {
            leaves.push(Reverse(Leave { loss, ..leave }));
            continue;
        }
        if let Some(slot) = row.iter_mut().find(|slot| **slot == leave.expert) {
            *slot = to;
            room[from] += 1;
            open.see(from, room[from]);
            if let Some(room) = room.get_mut(to as usize) {
                *room -= 1;
                open.see(to as usize, *room);
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
    let (mut losses, mut all) = (Vec::new(), Vec::new());
    for to in dear {
        let column = instance.flat()[to..].iter().step_by(experts);
        let loss = |(score, (held, _)): (&f32, &(f32, u32))| held - (score - prices[to]);
        all.clear();
        all.extend(column.zip(&leaving).map(loss));
        let many = room[to].max(0) as usize;
        let may = |t: u32| !table[t as usize * k..][..k].contains(&(to as u32));
        for highest in [about(&all, many, &mut losses), f32::INFINITY] {
            losses.clear();
            let low = (0..).zip(&all).filter(|(_, loss)| **loss <= highest && **loss < prices[to]);
            losses.extend(low.filter(|&(t, _)| may(t)).map(|(t, &loss)| (loss, t)));
            if losses.len() >= many {
                break;
            }
        }
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

/// A loss up to which surely, or nearly so, `many` of all lie, by some of them.
fn about(all: &[f32], many: usize, memory: &mut Vec<(f32, u32)>) -> f32 {
    let stride = (all.len() / SAMPLED).max(1);
    let rank = SURELY * (many / stride + 2);
    memory.clear();
    memory.extend(all.iter().step_by(stride).map(|&loss| (loss, 0)));
    if rank >= memory.len() {
        return f32::INFINITY;
    }
    memory.select_nth_unstable_by(rank, |a, b| a.0.total_cmp(&b.0)).1.0
}

/// The experts with room, to be looked for by tokens.
struct Open<'a> {
    instance: &'a Instance,
    prices: &'a [f32],
    /// The price of those that have room, `∞` for the others.
    now: Vec<f32>,
    /// What a token holds, hidden from it: with its price.
    hidden: Vec<(usize, f32)>,
}

impl<'a> Open<'a> {
    fn new(instance: &'a Instance, prices: &'a [f32], room: &[i64]) -> Self {
        let now = vec![f32::INFINITY; prices.len()];
        let mut open = Self { instance, prices, now, hidden: Vec::new() };
        for (e, &room) in room.iter().enumerate() {
            open.see(e, room);
        }
        open
    }

    /// Takes note of the room of `e`.
    fn see(&mut self, e: usize, room: i64) {
        self.now[e] = if room > 0 { self.prices[e] } else { f32::INFINITY };
    }

    /// The best expert with room that `t` does not hold, and its reduced score; or, under `AtMost`,
    /// an empty slot.
    fn best(&mut self, t: usize, held: &[u32]) -> Option<(f32, u32)> {
        let exact = self.instance.demand().is_exact();
        self.hidden.clear();
        for e in held.iter().map(|&e| e as usize) {
            if let Some(price) = self.now.get_mut(e) {
                self.hidden.push((e, *price));
                *price = f32::INFINITY;
            }
        }
        let scores = self.instance.scores(t);
        let worth = highest(scores, &self.now);
        let best = if worth > if exact { f32::NEG_INFINITY } else { 0.0 } {
            let mut values = scores.iter().zip(&self.now).map(|(score, price)| score - price);
            values.position(|value| value == worth).map(|e| (worth, e as u32))
        } else {
            (!exact).then_some((0.0, Assignment::EMPTY))
        };
        for &(e, price) in &self.hidden {
            self.now[e] = price;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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

    /// The definition.
    fn by_looking(
        instance: &Instance,
        prices: &[f32],
        room: &[i64],
        held: &[u32],
    ) -> Option<(f32, u32)> {
        let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        let mut best = (floor, Assignment::EMPTY);
        for (e, score) in (0..).zip(instance.scores(0)) {
            let worth = score - prices[e as usize];
            if worth > best.0 && room[e as usize] > 0 && !held.contains(&e) {
                best = (worth, e);
            }
        }
        (best.0 > f32::NEG_INFINITY).then_some(best)
    }

    proptest! {
        #[test]
        fn the_best_with_room_is_found(
            cells in prop::collection::vec((-4i8..12, 0i8..8, -1i64..3), 2..70),
            held in prop::collection::btree_set(0u32..70, 0..6),
            exact: bool,
        ) {
            let score = |&(s, ..): &(i8, i8, i64)| if s < -2 { f32::NEG_INFINITY } else { f32::from(s) / 4.0 };
            let scores: Vec<f32> = cells.iter().map(score).collect();
            let prices: Vec<f32> = cells.iter().map(|c| f32::from(c.1) / 4.0).collect();
            let room: Vec<i64> = cells.iter().map(|c| c.2).collect();
            let mut held: Vec<u32> = held.into_iter().filter(|&e| (e as usize) < cells.len()).collect();
            held.push(Assignment::EMPTY);
            let demand = if exact { Demand::Exactly(1) } else { Demand::AtMost(1) };
            let table = ndarray::Array2::from_shape_vec((1, cells.len()), scores).unwrap();
            let instance = instance(table, vec![1; cells.len()], demand);
            let mut open = Open::new(&instance, &prices, &room);
            // What a token holds is hidden from it alone.
            for held in [&held[..], &[]] {
                prop_assert_eq!(open.best(0, held), by_looking(&instance, &prices, &room, held));
            }
        }
    }
}
