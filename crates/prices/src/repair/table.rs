//! Choices under repair.

use std::time::Duration;

use spinroute_core::{Assignment, Instance};

/// What a slot costs to look at and a unit to place, in seconds: about twice what was measured, and
/// three times that where the scores are more than the caches hold.
const SLOT: f64 = 10e-9;
const UNIT: f64 = 60e-9;
const CACHED: usize = 1 << 21;

/// Clean choices under repair, and the load that they put on every expert.
pub(super) struct Table<'a> {
    pub(super) instance: &'a Instance,
    pub(super) choices: Assignment,
    pub(super) load: Vec<u32>,
}

impl<'a> Table<'a> {
    /// Cleans the choices and counts the loads.
    pub(super) fn new(instance: &'a Instance, choices: Assignment) -> Self {
        let floor = if instance.demand().is_exact() { f32::NEG_INFINITY } else { 0.0 };
        let (choices, load) = cleaned(instance, choices, floor);
        Self { instance, choices, load }
    }

    /// Units above capacity of expert `e`.
    pub(super) fn excess(&self, e: usize) -> u32 {
        self.load[e].saturating_sub(self.instance.capacity()[e])
    }

    /// Whether expert `e` can hold one more token.
    pub(super) fn has_room(&self, e: usize) -> bool {
        self.load[e] < self.instance.capacity()[e]
    }

    /// The experts with room, ascending.
    pub(super) fn room(&self) -> Vec<u32> {
        (0..self.load.len()).filter(|&e| self.has_room(e)).map(|e| e as u32).collect()
    }

    /// The number of empty slots of token `t`.
    pub(super) fn holes(&self, t: usize) -> usize {
        self.instance.k(t) - self.choices.experts(t).len()
    }

    /// Units over capacity and empty slots.
    pub(super) fn unsettled(&self) -> usize {
        let over: usize = (0..self.load.len()).map(|e| self.excess(e) as usize).sum();
        let held: usize = self.load.iter().map(|&load| load as usize).sum();
        over + self.instance.slots() as usize - held
    }

    /// What it takes to settle so many open units quickly.
    pub(super) fn quick_cost(&self, open: usize) -> Duration {
        let seconds = self.choices.slots().len() as f64 * SLOT + open as f64 * UNIT;
        let far = if self.instance.flat().len() > CACHED { 3.0 } else { 1.0 };
        Duration::from_secs_f64(far * seconds)
    }

    /// Moves token `t` from expert `from` to `to`; [`Assignment::EMPTY`] stands for an empty slot
    /// on either side.
    pub(super) fn shift(&mut self, t: u32, from: u32, to: u32) {
        let token = t as usize;
        match (from, to) {
            (Assignment::EMPTY, to) => _ = self.choices.push(token, to),
            (from, Assignment::EMPTY) => _ = self.choices.remove(token, from),
            (from, to) => _ = self.choices.replace(token, from, to),
        }
        if from != Assignment::EMPTY {
            self.load[from as usize] -= 1;
        }
        if to != Assignment::EMPTY {
            self.load[to as usize] += 1;
        }
    }
}

/// The choices without what can never stand, in rows of the demand's width, and the load that they put on every
/// expert. A pair stands whose score is above `floor`.
pub(super) fn cleaned(
    instance: &Instance,
    choices: Assignment,
    floor: f32,
) -> (Assignment, Vec<u32>) {
    let same = choices.k() == instance.demand().k();
    let mut choices = if same { choices } else { reshape(&choices, instance) };
    let mut load = vec![0; instance.experts()];
    for t in 0..instance.tokens() {
        if !is_clean(instance, t, choices.experts(t), floor) {
            clean(instance, t, &mut choices, floor);
        }
        for &e in choices.experts(t) {
            load[e as usize] += 1;
        }
    }
    (choices, load)
}

/// The same choices in rows of the demand's width: the best scores stay if there are too many.
fn reshape(choices: &Assignment, instance: &Instance) -> Assignment {
    let mut reshaped = Assignment::empty(choices.tokens(), instance.demand().k());
    for t in 0..choices.tokens() {
        let experts = instance.experts();
        let mut row: Vec<u32> = Vec::with_capacity(choices.k());
        for &e in choices.experts(t) {
            if (e as usize) < experts && !row.contains(&e) {
                row.push(e);
            }
        }
        for &e in kept(instance, t, &mut row) {
            reshaped.push(t, e);
        }
    }
    reshaped
}

/// As many of a row as its token takes: the best scores if there are too many.
fn kept<'a>(instance: &Instance, t: usize, row: &'a mut [u32]) -> &'a [u32] {
    let (k, scores) = (instance.k(t), instance.scores(t));
    if row.len() > k {
        row.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    }
    &row[..row.len().min(k)]
}

/// Whether token `t` may hold expert `e` at all.
fn may_hold(instance: &Instance, t: usize, e: u32, floor: f32) -> bool {
    instance.scores(t).get(e as usize).is_some_and(|&s| s > floor)
}

fn is_clean(instance: &Instance, t: usize, held: &[u32], floor: f32) -> bool {
    let plain = floor == f32::NEG_INFINITY && !instance.has_forbidden();
    let experts = instance.experts();
    held.len() <= instance.k(t)
        && held.iter().enumerate().all(|(i, &e)| {
            let stands =
                if plain { (e as usize) < experts } else { may_hold(instance, t, e, floor) };
            stands && !held[..i].contains(&e)
        })
}

/// Empties the slots of token `t` that can never stand.
fn clean(instance: &Instance, t: usize, choices: &mut Assignment, floor: f32) {
    let held = choices.experts(t).to_vec();
    let mut row: Vec<u32> = Vec::with_capacity(held.len());
    for &e in &held {
        choices.remove(t, e);
        if may_hold(instance, t, e, floor) && !row.contains(&e) {
            row.push(e);
        }
    }
    for &e in kept(instance, t, &mut row) {
        choices.push(t, e);
    }
}
