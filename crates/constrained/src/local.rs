//! Greedy and repair over the rows of a [`Separable`] problem.

use spinroute_core::Assignment;

use crate::error::Error;
use crate::separable::{Separable, assemble, check_tokens};

/// Stands for an empty slot in a move.
const NONE: u32 = Assignment::EMPTY;

/// Pairs in the order of falling score, each taken if the rules allow it and the token gains.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable, greedy};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// assert!(problem.objective(&greedy(&problem))? > 0.0);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
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
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable, repair};
/// use spinroute_core::{Assignment, Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let choices = Assignment::from_slots(2, vec![0, 2, 0, 1]); // two groups, and expert 0 twice
/// assert!(problem.objective(&choices).is_err() && problem.objective(&repair(&problem, &choices)?).is_ok());
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
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

    fn into_assignment(self) -> Assignment {
        assemble(self.rows.iter(), self.problem.instance().demand().k())
    }
}
