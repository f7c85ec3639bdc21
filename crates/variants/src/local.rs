//! Greedy, repair and local search over the rows of a [`Separable`] problem.
//!
//! Moves: a token adds, drops or replaces an expert; two tokens exchange, or one takes over an
//! expert that another drops. Each is taken only if the objective rises, so the search ends. A pass
//! over the exchanges costs `O(T k E c)` evaluations of a row, with `c` the capacity.

use spinroute_core::Assignment;

use crate::separable::check_tokens;
use crate::{Error, Separable};

/// Gains below this share of the objective's scale are rounding.
const EPSILON: f64 = 1e-12;
/// Passes after which the search ends in any case.
const PASSES: usize = 200;
/// Stands for an empty slot in a move.
const NONE: u32 = Assignment::EMPTY;

/// Pairs in the order of falling score, each taken if the rules allow it and the token gains.
#[must_use]
pub fn greedy(problem: &(impl Separable + ?Sized)) -> Assignment {
    let instance = problem.instance();
    let (experts, flat) = (instance.experts(), instance.flat());
    let mut order: Vec<u32> = (0..flat.len() as u32).collect();
    order.sort_by(|&a, &b| flat[b as usize].total_cmp(&flat[a as usize]).then(a.cmp(&b)));
    let mut table = Table::new(problem, vec![Vec::new(); instance.tokens()]);
    for pair in order {
        let (t, e) = (pair as usize / experts, pair % experts as u32);
        if table.has_room(e) && table.change(t, NONE, e) > 0.0 {
            table.apply(t, NONE, e);
        }
    }
    table.into_assignment()
}

/// Takes away what breaks a rule: what a row may not hold, then from every overfull expert the
/// tokens that lose least. Nothing is added.
///
/// # Errors
/// If `choices` is for another number of tokens.
pub fn repair(
    problem: &(impl Separable + ?Sized),
    choices: &Assignment,
) -> Result<Assignment, Error> {
    let instance = problem.instance();
    check_tokens(instance, choices)?;
    let clean = |t: usize| {
        let scores = instance.scores(t);
        let mut row: Vec<u32> = Vec::new();
        let mut wanted = choices.experts(t).to_vec();
        wanted.retain(|&e| scores.get(e as usize).is_some_and(|s| *s > f32::NEG_INFINITY));
        wanted.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        for e in wanted {
            if !row.contains(&e) {
                row.push(e);
                if problem.value(t, &row) == f64::NEG_INFINITY {
                    row.pop();
                }
            }
        }
        row
    };
    let mut table = Table::new(problem, (0..instance.tokens()).map(clean).collect());
    for e in 0..instance.experts() as u32 {
        while table.holders[e as usize].len() > instance.capacity()[e as usize] as usize {
            let losses = table.holders[e as usize].iter().map(|&t| (table.change(t, e, NONE), t));
            let least = losses.reduce(|a, b| if b.0 > a.0 { b } else { a });
            let Some((_, t)) = least else { break };
            table.apply(t, e, NONE);
        }
    }
    Ok(table.into_assignment())
}

/// A local optimum of the moves from a feasible `start`: never worse than it.
#[must_use]
pub fn improve(problem: &(impl Separable + ?Sized), start: &Assignment) -> Assignment {
    let rows = (0..start.tokens()).map(|t| start.experts(t).to_vec()).collect();
    let mut table = Table::new(problem, rows);
    for _ in 0..PASSES {
        let mut changed = false;
        for t in 0..start.tokens() {
            while table.move_alone(t) {
                changed = true;
            }
            changed |= table.exchange(t);
        }
        if !changed {
            break;
        }
    }
    table.into_assignment()
}

/// Rows, and who holds every expert.
struct Table<'a, P: Separable + ?Sized> {
    problem: &'a P,
    rows: Vec<Vec<u32>>,
    holders: Vec<Vec<usize>>,
}

impl<'a, P: Separable + ?Sized> Table<'a, P> {
    fn new(problem: &'a P, rows: Vec<Vec<u32>>) -> Self {
        let mut holders = vec![Vec::new(); problem.instance().experts()];
        for (t, row) in rows.iter().enumerate() {
            for &e in row {
                holders[e as usize].push(t);
            }
        }
        Self { problem, rows, holders }
    }

    fn has_room(&self, e: u32) -> bool {
        let e = e as usize;
        self.holders[e].len() < self.problem.instance().capacity()[e] as usize
    }

    /// What token `t` gains by giving `from` and taking `to`.
    fn change(&self, t: usize, from: u32, to: u32) -> f64 {
        let mut row = self.rows[t].clone();
        row.retain(|&e| e != from);
        if to != NONE {
            row.push(to);
        }
        self.problem.value(t, &row) - self.problem.value(t, &self.rows[t])
    }

    fn apply(&mut self, t: usize, from: u32, to: u32) {
        if from != NONE {
            self.rows[t].retain(|&e| e != from);
            self.holders[from as usize].retain(|&holder| holder != t);
        }
        if to != NONE {
            self.rows[t].push(to);
            self.holders[to as usize].push(t);
        }
    }

    /// What token `t` can give: its experts, or an empty slot.
    fn gives(&self, t: usize) -> Vec<u32> {
        let mut gives = self.rows[t].clone();
        if gives.len() < self.problem.instance().demand().k() {
            gives.push(NONE);
        }
        gives
    }

    /// Makes the best move of token `t` alone, if one gains.
    fn move_alone(&mut self, t: usize) -> bool {
        let (mut best, mut gain) = ((NONE, NONE), EPSILON);
        let experts = self.holders.len() as u32;
        for from in self.gives(t) {
            let open = (0..experts).filter(|&e| self.has_room(e) && !self.rows[t].contains(&e));
            for to in open.chain([NONE]) {
                let change = self.change(t, from, to);
                if change > gain {
                    (best, gain) = ((from, to), change);
                }
            }
        }
        if gain > EPSILON {
            self.apply(t, best.0, best.1);
        }
        gain > EPSILON
    }

    /// Makes the best exchange of token `t` with another one, if one gains.
    fn exchange(&mut self, t: usize) -> bool {
        let (mut best, mut gain) = (None, EPSILON);
        for give in self.gives(t) {
            for take in (0..self.holders.len() as u32).filter(|e| !self.rows[t].contains(e)) {
                let own = self.change(t, give, take);
                if own == f64::NEG_INFINITY {
                    continue;
                }
                for &other in &self.holders[take as usize] {
                    let back = give != NONE && !self.rows[other].contains(&give);
                    for returned in [back.then_some(give), Some(NONE)].into_iter().flatten() {
                        let change = own + self.change(other, take, returned);
                        if change > gain {
                            (best, gain) = (Some((give, take, other, returned)), change);
                        }
                    }
                }
            }
        }
        let Some((give, take, other, returned)) = best else { return false };
        self.apply(other, take, returned);
        self.apply(t, give, take);
        true
    }

    fn into_assignment(self) -> Assignment {
        let k = self.problem.instance().demand().k();
        let mut assignment = Assignment::empty(self.rows.len(), k);
        for (t, row) in self.rows.into_iter().enumerate() {
            for e in row {
                assignment.push(t, e);
            }
        }
        assignment
    }
}
