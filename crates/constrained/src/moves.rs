//! Local search over the rows of a [`Separable`] problem.
//!
//! Moves: a token adds, drops or replaces an expert; two tokens exchange, or one takes over an
//! expert that another drops. Each is taken only if the objective rises, so the search ends.
//!
//! What every change of every row is worth is kept, `T (k + 1) (E + 1)` numbers, and made again for the
//! one or two rows that a move changes: `O(k E)` evaluations of a row. So is, for every expert, the
//! most that any holder gains by giving it for another: `O(k c E)` comparisons a move, with `c` the capacity. A
//! pass that finds nothing is then `O(T k E)`.

use spinroute_core::Assignment;

use crate::error::Error;
use crate::local::repair;
use crate::separable::{Separable, assemble};

/// Gains below this are rounding.
const EPSILON: f64 = 1e-12;
/// Passes after which the search ends in any case.
const PASSES: usize = 200;

/// A local optimum of the moves from a feasible `start`: never worse than it.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable, improve};
/// use spinroute_core::{Assignment, Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let better = improve(&problem, &Assignment::empty(2, 2));
/// assert!(problem.objective(&better)? > 0.0);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[must_use]
pub fn improve(problem: &(impl Separable + ?Sized), start: &Assignment) -> Assignment {
    let rows = (0..start.tokens()).map(|t| start.experts(t).to_vec()).collect();
    let mut search = Search::new(problem, rows);
    for _ in 0..PASSES {
        let mut changed = false;
        for t in 0..start.tokens() {
            while search.move_alone(t) {
                changed = true;
            }
            changed |= search.exchange(t);
        }
        if !changed {
            break;
        }
    }
    assemble(search.rows.iter(), problem.instance().demand().k())
}

/// What breaks a rule taken away by [`repair`], and the rest improved by moves.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable, repair, repair_and_improve};
/// use spinroute_core::{Assignment, Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let choices = Assignment::from_slots(2, vec![0, 2, 0, 1]); // two groups, and expert 0 twice
/// let (mended, better) = (repair(&problem, &choices)?, repair_and_improve(&problem, &choices)?);
/// assert!(problem.objective(&better)? >= problem.objective(&mended)?);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
///
/// # Errors
/// If `choices` is for another number of tokens.
pub fn repair_and_improve(
    problem: &(impl Separable + ?Sized),
    choices: &Assignment,
) -> Result<Assignment, Error> {
    Ok(improve(problem, &repair(problem, choices)?))
}

/// Rows, who holds every expert, and what changes are worth.
struct Search<'a, P: Separable + ?Sized> {
    problem: &'a P,
    rows: Vec<Vec<u32>>,
    holders: Vec<Vec<u32>>,
    /// What token `t` gains by giving the expert of a slot (the last: none) and taking an expert (the
    /// last: none); `-∞` where it cannot.
    changes: Vec<f64>,
    /// The most that any holder of an expert gains by giving it and taking another (the last: none).
    gains: Vec<f64>,
    /// Experts whose gains are to be made again.
    stale: Vec<bool>,
    k: usize,
    experts: usize,
}

/// An exchange: token `t` gives a slot's expert to `other` (or drops it) and takes one from it.
#[derive(Clone, Copy)]
struct Exchange {
    give: usize,
    take: usize,
    other: usize,
    returned: usize,
}

impl<'a, P: Separable + ?Sized> Search<'a, P> {
    fn new(problem: &'a P, rows: Vec<Vec<u32>>) -> Self {
        let instance = problem.instance();
        let (experts, k) = (instance.experts(), instance.demand().k());
        let mut holders = vec![Vec::new(); experts];
        for (t, row) in rows.iter().enumerate() {
            for &e in row {
                holders[e as usize].push(t as u32);
            }
        }
        let changes = vec![f64::NEG_INFINITY; rows.len() * (k + 1) * (experts + 1)];
        let gains = vec![f64::NEG_INFINITY; experts * (experts + 1)];
        let stale = vec![true; experts];
        let mut search = Self { problem, rows, holders, changes, gains, stale, k, experts };
        for t in 0..search.rows.len() {
            search.weigh(t);
        }
        search
    }

    /// Where the changes of a slot of token `t` begin.
    fn at(&self, t: usize, slot: usize) -> usize {
        (t * (self.k + 1) + slot) * (self.experts + 1)
    }

    /// The slots that token `t` can give: those of its experts, and an empty one if it has room.
    fn slots(&self, t: usize) -> impl Iterator<Item = usize> + use<P> {
        let held = self.rows[t].len();
        (0..held).chain((held < self.k).then_some(self.k))
    }

    /// The expert of a slot of token `t`; one past the last if it is empty.
    fn expert(&self, t: usize, slot: usize) -> usize {
        self.rows[t].get(slot).map_or(self.experts, |&e| e as usize)
    }

    /// Computes the changes of token `t`.
    fn weigh(&mut self, t: usize) {
        let now = self.problem.value(t, &self.rows[t]);
        let width = self.experts + 1;
        let begin = self.at(t, 0);
        let changes = &mut self.changes[begin..begin + (self.k + 1) * width];
        changes.fill(f64::NEG_INFINITY);
        let mut row = Vec::with_capacity(self.k + 1);
        let held = self.rows[t].len();
        for slot in (0..held).chain((held < self.k).then_some(self.k)) {
            row.clone_from(&self.rows[t]);
            if slot < held {
                row.remove(slot);
            }
            let changes = &mut changes[slot * width..][..width];
            changes[self.experts] = self.problem.value(t, &row) - now;
            for (e, change) in changes[..self.experts].iter_mut().enumerate() {
                if !self.rows[t].contains(&(e as u32)) {
                    row.push(e as u32);
                    *change = self.problem.value(t, &row) - now;
                    row.pop();
                }
            }
        }
    }

    /// Makes gains again where a holder changed.
    fn refresh(&mut self) {
        let width = self.experts + 1;
        for e in 0..self.experts {
            if !std::mem::take(&mut self.stale[e]) {
                continue;
            }
            let gains = &mut self.gains[e * width..][..width];
            gains.fill(f64::NEG_INFINITY);
            for &other in &self.holders[e] {
                let row = &self.rows[other as usize];
                let slot = row.iter().position(|&held| held as usize == e).unwrap_or(self.k);
                let begin = (other as usize * (self.k + 1) + slot) * width;
                for (gain, &change) in gains.iter_mut().zip(&self.changes[begin..begin + width]) {
                    *gain = gain.max(change);
                }
            }
        }
    }

    /// Gives the expert of a slot and takes one; either may be none.
    fn apply(&mut self, t: usize, slot: usize, take: usize) {
        let gives = self.expert(t, slot);
        for &e in &self.rows[t] {
            self.stale[e as usize] = true;
        }
        if gives < self.experts {
            self.rows[t].remove(slot);
            self.holders[gives].retain(|&holder| holder != t as u32);
        }
        if take < self.experts {
            self.rows[t].push(take as u32);
            self.holders[take].push(t as u32);
            self.stale[take] = true;
        }
        self.weigh(t);
    }

    /// Makes the best move of token `t` alone, if one gains.
    fn move_alone(&mut self, t: usize) -> bool {
        let (mut best, mut gain) = ((0, 0), EPSILON);
        let capacity = self.problem.instance().capacity();
        for slot in self.slots(t) {
            let changes = &self.changes[self.at(t, slot)..][..=self.experts];
            for (take, &change) in changes.iter().enumerate() {
                let room = |e: usize| self.holders[e].len() < capacity[e] as usize;
                if change > gain && (take == self.experts || room(take)) {
                    (best, gain) = ((slot, take), change);
                }
            }
        }
        if gain > EPSILON {
            self.apply(t, best.0, best.1);
        }
        gain > EPSILON
    }

    /// The slot in which token `t` has expert `e`.
    fn slot_of(&self, t: usize, e: usize) -> usize {
        self.rows[t].iter().position(|&held| held as usize == e).unwrap_or(self.k)
    }

    /// Makes the best exchange of token `t` with another one, if one gains.
    fn exchange(&mut self, t: usize) -> bool {
        let (mut best, mut gain) = (None, EPSILON);
        self.refresh();
        for give in self.slots(t) {
            let given = self.expert(t, give);
            let begin = self.at(t, give);
            for take in 0..self.experts {
                let own = self.changes[begin + take];
                let gains = &self.gains[take * (self.experts + 1)..][..=self.experts];
                // Also where the token cannot: its change is -∞.
                if own + gains[given].max(gains[self.experts]) <= gain {
                    continue;
                }
                for &other in &self.holders[take] {
                    let other = other as usize;
                    let back = self.at(other, self.slot_of(other, take));
                    for returned in [given, self.experts] {
                        let change = own + self.changes[back + returned];
                        if change > gain {
                            gain = change;
                            best = Some(Exchange { give, take, other, returned });
                        }
                    }
                }
            }
        }
        let Some(Exchange { give, take, other, returned }) = best else { return false };
        self.apply(other, self.slot_of(other, take), returned);
        self.apply(t, give, take);
        true
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use spinroute_core::{Demand, Instance};

    use super::*;
    use crate::{GroupLimited, greedy};

    #[test]
    #[allow(clippy::unwrap_used)]
    fn what_is_kept_is_what_rows_are_worth() {
        let scores = Array2::from_shape_fn((9, 6), |(t, e)| ((t * 11 + e * 7) % 17) as f32 / 16.0);
        let instance = Instance::new(scores, vec![3; 6], Demand::AtMost(3)).unwrap();
        let problem = GroupLimited::new(instance, vec![0, 0, 1, 1, 2, 2], 2).unwrap();
        let start = greedy(&problem);
        let rows = (0..9).map(|t| start.experts(t).to_vec()).collect();
        let mut search = Search::new(&problem, rows);
        for pass in 0..3 {
            for t in 0..9 {
                search.move_alone(t);
                search.exchange(t);
                let mut fresh = Search::new(&problem, search.rows.clone());
                assert_eq!(search.changes, fresh.changes, "pass {pass}");
                search.refresh();
                fresh.refresh();
                assert_eq!(search.gains, fresh.gains, "pass {pass}");
            }
        }
        let ended = improve(&problem, &start);
        let rows = (0..9).map(|t| ended.experts(t).to_vec()).collect();
        let mut ended = Search::new(&problem, rows);
        assert!((0..9).all(|t| !ended.move_alone(t) && !ended.exchange(t)));
    }
}
