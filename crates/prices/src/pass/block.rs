//! Blocks of tokens: what one task reads and writes.

/// Tokens a block: what one task works on, whatever the number of threads.
pub(crate) const BLOCK: usize = 1024;

/// Experts on a list, at most: one vector.
pub(crate) const LISTED: usize = 16;

/// Where a block of rows writes its part of a [`Selection`].
pub(crate) struct Block<'a> {
    pub(crate) experts: &'a mut [u32],
    pub(crate) taken: &'a mut [f32],
    pub(crate) last: &'a mut [u32],
    pub(crate) left: &'a mut [f32],
    pub(crate) next: &'a mut [u32],
    pub(crate) worth: &'a mut [f32],
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
        // Where there is no list, the pass may be out of range.
        if self.floor[t] == f32::INFINITY {
            return f32::INFINITY;
        }
        let (floor, fall) = (self.floor[t], self.falls[self.pass[t] as usize]);
        // What rounding can hide: in the reduced score then, in it now, and in the fall.
        let hidden = (floor.abs() + fall.abs()) * 2f32.powi(-22) + f32::MIN_POSITIVE;
        if floor == f32::NEG_INFINITY { floor } else { floor + fall + hidden }
    }

    /// Marks what the list of `t`, just made, is good for.
    pub(crate) fn date(&mut self, t: usize, floor: f32) {
        self.floor[t] = floor;
        self.pass[t] = self.falls.len() as u32 - 1;
    }
}
