//! A solution: which experts each token takes.

/// Up to `k` experts per token, stored as a `tokens × k` table.
///
/// Filled slots come first; the rest of a row is [`Assignment::EMPTY`]. The order of the filled
/// slots carries no meaning. The fixed stride is the layout that GPU kernels and NumPy (shape
/// `(T, k)`, `uint32`) read without a copy.
///
/// ```
/// use spinroute_core::Assignment;
///
/// let mut assignment = Assignment::empty(2, 2); // two tokens, up to two experts each
/// assert!(assignment.push(0, 3) && assignment.push(0, 1));
/// assert_eq!(assignment.experts(0), [3, 1]);
/// assert_eq!(assignment.slots(), [3, 1, Assignment::EMPTY, Assignment::EMPTY]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    k: usize,
    slots: Vec<u32>,
}

impl Assignment {
    /// Marks an empty slot.
    pub const EMPTY: u32 = u32::MAX;

    /// An assignment with every slot empty.
    ///
    /// # Panics
    /// If `k` is 0.
    #[must_use]
    pub fn empty(tokens: usize, k: usize) -> Self {
        assert!(k > 0, "an assignment has at least one slot a token");
        Self { k, slots: vec![Self::EMPTY; tokens * k] }
    }

    /// An assignment from a row-major `tokens × k` table. Empty slots may stand anywhere in a
    /// row; they are moved behind the filled ones, whose order is kept.
    ///
    /// Nothing else is checked here: [`crate::Instance::objective`] names what is wrong.
    ///
    /// # Panics
    /// If `k` is 0 or the table does not divide into rows of `k`.
    #[must_use]
    pub fn from_slots(k: usize, mut slots: Vec<u32>) -> Self {
        assert!(k > 0 && slots.len().is_multiple_of(k), "slots divide into rows of k");
        for row in slots.chunks_exact_mut(k) {
            let mut filled = 0;
            for slot in 0..k {
                if row[slot] != Self::EMPTY {
                    row.swap(filled, slot);
                    filled += 1;
                }
            }
        }
        Self { k, slots }
    }

    /// The number of tokens.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.slots.len() / self.k
    }

    /// The number of slots per token.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// The whole table, row-major, `tokens × k`.
    #[must_use]
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// The experts that token `t` takes.
    ///
    /// # Panics
    /// If there is no token `t`.
    #[must_use]
    pub fn experts(&self, t: usize) -> &[u32] {
        let row = &self.slots[t * self.k..][..self.k];
        &row[..row.iter().position(|&e| e == Self::EMPTY).unwrap_or(self.k)]
    }

    /// Gives expert `e` to token `t`; false if the token is full.
    ///
    /// # Panics
    /// If there is no token `t`.
    pub fn push(&mut self, t: usize, e: u32) -> bool {
        let row = &mut self.slots[t * self.k..][..self.k];
        match row.iter_mut().find(|slot| **slot == Self::EMPTY) {
            Some(slot) => {
                *slot = e;
                true
            }
            None => false,
        }
    }

    /// Takes expert `e` from token `t`; false if the token does not hold it.
    ///
    /// # Panics
    /// If there is no token `t`.
    pub fn remove(&mut self, t: usize, e: u32) -> bool {
        let filled = self.experts(t).len();
        let row = &mut self.slots[t * self.k..][..filled];
        match row.iter().position(|&held| held == e) {
            Some(slot) => {
                row.copy_within(slot + 1.., slot);
                row[filled - 1] = Self::EMPTY;
                true
            }
            None => false,
        }
    }

    /// Puts expert `new` into the slot where token `t` holds `old`; false if it does not hold it.
    ///
    /// # Panics
    /// If there is no token `t`.
    pub fn replace(&mut self, t: usize, old: u32, new: u32) -> bool {
        let row = &mut self.slots[t * self.k..][..self.k];
        match row.iter_mut().find(|slot| **slot == old) {
            Some(slot) if old != Self::EMPTY && new != Self::EMPTY => {
                *slot = new;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Assignment;

    const E: u32 = Assignment::EMPTY;

    #[test]
    fn empties_go_last() {
        let assignment = Assignment::from_slots(3, vec![E, 4, 2, 1, E, 0]);
        assert_eq!(assignment.slots(), [4, 2, E, 1, 0, E]);
        assert_eq!((assignment.experts(0), assignment.tokens()), (&[4, 2][..], 2));
    }

    #[test]
    fn push_fills_and_remove_empties() {
        let mut assignment = Assignment::empty(1, 2);
        assert!(assignment.push(0, 7) && assignment.push(0, 8) && !assignment.push(0, 9));
        assert!(assignment.remove(0, 7) && !assignment.remove(0, 7));
        assert_eq!(assignment.experts(0), [8]);
        assert!(assignment.replace(0, 8, 5) && !assignment.replace(0, 8, 6));
        assert!(!assignment.replace(0, Assignment::EMPTY, 6));
        assert_eq!(assignment.experts(0), [5]);
    }
}
