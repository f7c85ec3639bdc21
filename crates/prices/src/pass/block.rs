//! Blocks of tokens: what one task reads and writes.

use spinroute_core::Assignment;

/// Tokens a block: what one task works on, whatever the number of threads.
pub(crate) const BLOCK: usize = 1024;

/// Experts on a list, at most: one vector.
pub(crate) const LISTED: usize = 16;

/// How many experts each token takes.
#[derive(Clone, Copy)]
pub(crate) struct Slots<'a> {
    /// Slots of a row: the most that any token takes.
    pub(crate) width: usize,
    /// One number a token; empty where all take `width`.
    pub(crate) each: &'a [u32],
}

impl Slots<'_> {
    /// `k` for all.
    pub(crate) fn even(k: usize) -> Self {
        Self { width: k, each: &[] }
    }

    /// Those of block `i`.
    pub(crate) fn block(self, i: usize) -> Self {
        let end = self.each.len().min((i + 1) * BLOCK);
        Self { each: &self.each[end.min(i * BLOCK)..end], ..self }
    }

    /// How many token `t` takes.
    #[inline]
    pub(crate) fn of(self, t: usize) -> usize {
        if self.each.is_empty() { self.width } else { self.each[t] as usize }
    }
}

/// Where a block of rows writes its part of a [`Selection`].
pub(crate) struct Block<'a> {
    pub(crate) experts: &'a mut [u32],
    pub(crate) taken: &'a mut [f32],
    pub(crate) last: &'a mut [u32],
    pub(crate) left: &'a mut [f32],
    pub(crate) next: &'a mut [u32],
    pub(crate) worth: &'a mut [f32],
}

impl Block<'_> {
    /// Writes what token `t`, which takes nothing, takes: it wants no price to change.
    pub(crate) fn nothing(&mut self, t: usize, slots: Slots<'_>) {
        self.experts[t * slots.width..][..slots.width].fill(Assignment::EMPTY);
        (self.taken[t], self.last[t]) = (f32::INFINITY, u32::MAX);
        (self.left[t], self.next[t]) = (f32::NEG_INFINITY, u32::MAX);
        self.worth[t] = 0.0;
    }
}

/// A block's part of the lists.
pub(crate) struct Lists<'a> {
    pub(crate) scores: &'a mut [f32],
    pub(crate) experts: &'a mut [u32],
    pub(crate) floor: &'a mut [f32],
    pub(crate) pass: &'a mut [u32],
    /// By how much the price that fell most has fallen since each pass.
    pub(crate) falls: &'a [f32],
}

impl Lists<'_> {
    /// What an expert that is not on the list of `t` is worth now, at most.
    #[inline]
    pub(crate) fn others(&self, t: usize) -> f32 {
        others(self.floor[t], self.pass[t], self.falls)
    }

    /// Marks what the list of `t`, just made, is good for.
    pub(crate) fn date(&mut self, t: usize, floor: f32) {
        self.floor[t] = floor;
        self.pass[t] = self.falls.len() as u32 - 1;
    }
}

/// Which experts on the tokens' lists are looked for: those near enough to be taken or left.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    /// One an expert.
    pub(crate) prices: &'a [f32],
    /// One an expert: above 0 if its holders are looked for, below if those that do not hold it, 0 if neither.
    pub(crate) sides: &'a [f32],
    /// One a token: the reduced scores of the last expert taken and of the first one left.
    pub(crate) taken: &'a [f32],
    pub(crate) left: &'a [f32],
    /// Neither counts as less than this.
    pub(crate) floor: f32,
    /// One a token: those beyond `reach` are passed over.
    pub(crate) margins: &'a [f32],
    /// How much worse than taken, or better than left, an expert may be.
    pub(crate) reach: f32,
}

/// What an expert off a list is worth at most, where no other was worth more than `floor` at the prices of `pass` and
/// the price that fell most has fallen by as much as `falls` says since.
#[inline]
pub(crate) fn others(floor: f32, pass: u32, falls: &[f32]) -> f32 {
    // Where there is no list, the pass may be out of range.
    if floor == f32::INFINITY {
        return f32::INFINITY;
    }
    let fall = falls[pass as usize];
    // What rounding can hide: in the reduced score then, in it now, and in the fall.
    let hidden = (floor.abs() + fall.abs()) * 2f32.powi(-22) + f32::MIN_POSITIVE;
    if floor == f32::NEG_INFINITY { floor } else { floor + fall + hidden }
}
