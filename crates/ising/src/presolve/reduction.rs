//! The model while variables are taken out of it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::{Couplings, Ising};

/// How one variable was taken out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Removal {
    /// It has this value.
    Fixed { variable: u32, spin: i8 },
    /// It is another times a sign.
    Substituted { variable: u32, by: u32, sign: i8 },
    /// It follows from its neighbours: the sign against `field + Σ J s`.
    Eliminated { variable: u32, field: f64, neighbours: Vec<(u32, f64)> },
}

/// How many variables went by which rule.
///
/// ```
/// use spinroute_ising::{Ising, Sparse, presolve::presolve};
///
/// let model = Ising::new(vec![5.0, 0.0], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// assert_eq!(presolve(&model)?.counts().fixed, 2);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Variables whose linear term dominates their couplings, or that stand alone.
    pub fixed: usize,
    /// Variables of which one coupling dominates all else.
    pub substituted: usize,
    /// Variables that behave as another does.
    pub duplicates: usize,
    /// Variables that follow from two or three neighbours.
    pub eliminated: usize,
}

/// Rows of couplings that shrink and grow; every neighbour stands in both rows, ascending.
pub(super) struct Reduction {
    pub(super) offset: f64,
    pub(super) field: Vec<f64>,
    pub(super) rows: Vec<Vec<(u32, f64)>>,
    pub(super) alive: Vec<bool>,
    pub(super) removals: Vec<Removal>,
    pub(super) counts: Counts,
    /// Variables whose terms changed, last first.
    queue: Vec<u32>,
    queued: Vec<bool>,
}

impl Reduction {
    pub(super) fn new(model: &Ising) -> Self {
        let variables = model.variables();
        let rows = (0..variables).map(|i| {
            let mut row = Vec::new();
            model.couplings().neighbours(i, &mut |j, value| {
                if value != 0.0 {
                    row.push((j as u32, value));
                }
            });
            row.sort_by_key(|pair| pair.0);
            row
        });
        Self {
            offset: model.offset(),
            field: model.field().to_vec(),
            rows: rows.collect(),
            alive: vec![true; variables],
            removals: Vec::new(),
            counts: Counts::default(),
            queue: (0..variables as u32).rev().collect(),
            queued: vec![true; variables],
        }
    }

    /// Applies the rules until none applies.
    pub(super) fn run(&mut self) {
        loop {
            while let Some(i) = self.queue.pop() {
                self.queued[i as usize] = false;
                if self.alive[i as usize] {
                    self.reduce(i);
                }
            }
            if !self.merge_duplicates() {
                return;
            }
        }
    }

    /// Tries the rules on a variable.
    fn reduce(&mut self, i: u32) {
        let (field, row) = (self.field[i as usize], &self.rows[i as usize]);
        let sum: f64 = row.iter().map(|pair| pair.1.abs()).sum();
        if field.abs() >= sum {
            self.counts.fixed += 1;
            self.fix(i, against(field));
            return;
        }
        let largest = row.iter().copied().reduce(|a, b| if b.1.abs() > a.1.abs() { b } else { a });
        let Some((j, value)) = largest else { return };
        let others: f64 = row.iter().filter(|pair| pair.0 != j).map(|pair| pair.1.abs()).sum();
        if value.abs() >= field.abs() + others {
            self.counts.substituted += 1;
            self.substitute(i, j, against(value));
        } else if row.len() == 2 || (row.len() == 3 && field == 0.0) {
            self.counts.eliminated += 1;
            self.eliminate(i);
        }
    }

    fn fix(&mut self, i: u32, spin: i8) {
        self.offset += self.field[i as usize] * f64::from(spin);
        for (j, value) in self.take(i) {
            self.field[j as usize] += value * f64::from(spin);
        }
        self.removals.push(Removal::Fixed { variable: i, spin });
    }

    /// Replaces `s[i]` by `sign · s[j]`.
    fn substitute(&mut self, i: u32, j: u32, sign: i8) {
        let factor = f64::from(sign);
        self.field[j as usize] += factor * self.field[i as usize];
        for (k, value) in self.take(i) {
            if k == j {
                self.offset += factor * value;
            } else {
                self.add(j, k, factor * value);
            }
        }
        self.wake(j);
        self.removals.push(Removal::Substituted { variable: i, by: j, sign });
    }

    /// Puts the minimum over `s[i]` into the terms of its two or three neighbours.
    fn eliminate(&mut self, i: u32) {
        let field = self.field[i as usize];
        let neighbours = self.take(i);
        match neighbours[..] {
            [(j, a), (k, b)] => {
                // The minimum where both are +1, and where one or both are -1.
                let low = |sj: f64, sk: f64| -(field + a * sj + b * sk).abs();
                let (pp, pm, mp, mm) =
                    (low(1.0, 1.0), low(1.0, -1.0), low(-1.0, 1.0), low(-1.0, -1.0));
                self.offset += (pp + pm + mp + mm) / 4.0;
                self.field[j as usize] += (pp + pm - mp - mm) / 4.0;
                self.field[k as usize] += (pp - pm + mp - mm) / 4.0;
                self.add(j, k, (pp - pm - mp + mm) / 4.0);
            }
            [(j, a), (k, b), (l, c)] => {
                // Even in the three spins together: the minimum where all are alike, and where
                // one differs.
                let low = |sj: f64, sk: f64, sl: f64| -(a * sj + b * sk + c * sl).abs();
                let all = low(1.0, 1.0, 1.0);
                let [dj, dk, dl] = [low(-1.0, 1.0, 1.0), low(1.0, -1.0, 1.0), low(1.0, 1.0, -1.0)];
                self.offset += (all + dj + dk + dl) / 4.0;
                self.add(j, k, (all - dj - dk + dl) / 4.0);
                self.add(j, l, (all - dj + dk - dl) / 4.0);
                self.add(k, l, (all + dj - dk - dl) / 4.0);
            }
            _ => {}
        }
        self.removals.push(Removal::Eliminated { variable: i, field, neighbours });
    }

    /// Takes a variable out of its neighbours' rows, and returns its own.
    fn take(&mut self, i: u32) -> Vec<(u32, f64)> {
        self.alive[i as usize] = false;
        let row = std::mem::take(&mut self.rows[i as usize]);
        for &(j, _) in &row {
            let other = &mut self.rows[j as usize];
            if let Ok(place) = other.binary_search_by_key(&i, |pair| pair.0) {
                other.remove(place);
            }
            self.wake(j);
        }
        row
    }

    /// Adds to a coupling, in both rows; one that becomes 0 is none.
    fn add(&mut self, j: u32, k: u32, value: f64) {
        for (from, to) in [(j, k), (k, j)] {
            let row = &mut self.rows[from as usize];
            match row.binary_search_by_key(&to, |pair| pair.0) {
                Ok(place) => {
                    row[place].1 += value;
                    if row[place].1 == 0.0 {
                        row.remove(place);
                    }
                }
                Err(place) if value != 0.0 => row.insert(place, (to, value)),
                Err(_) => {}
            }
            self.wake(from);
        }
    }

    fn wake(&mut self, i: u32) {
        if !std::mem::replace(&mut self.queued[i as usize], true) {
            self.queue.push(i);
        }
    }

    /// Merges variables of equal terms, or opposite ones; whether there were any.
    fn merge_duplicates(&mut self) -> bool {
        let mut first: HashMap<u64, u32> = HashMap::new();
        let mut merged = false;
        for i in (0..self.rows.len() as u32).filter(|&i| self.alive[i as usize]).collect::<Vec<_>>()
        {
            // A merger changes the rows of neighbours: those wait for the next pass.
            if self.queued[i as usize] || self.rows[i as usize].is_empty() {
                continue;
            }
            let key = self.key(i);
            let j = *first.entry(key).or_insert(i);
            if j == i || self.queued[j as usize] {
                continue;
            }
            if let Some(sign) = self.alike(i, j) {
                self.counts.duplicates += 1;
                self.substitute(i, j, sign);
                merged = true;
            }
        }
        merged
    }

    /// A hash that equal and opposite terms share.
    fn key(&self, i: u32) -> u64 {
        let row = &self.rows[i as usize];
        let factor = row.first().map_or(1.0, |pair| pair.1.signum());
        let mut hasher = DefaultHasher::new();
        // Adding 0 makes one zero of two.
        (self.field[i as usize] * factor + 0.0).to_bits().hash(&mut hasher);
        for &(j, value) in row {
            (j, (value * factor).to_bits()).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The sign σ with `h[i] = σ h[j]` and `J[i,k] = σ J[j,k]`; variables that are coupled differ.
    fn alike(&self, i: u32, j: u32) -> Option<i8> {
        let (a, b) = (&self.rows[i as usize], &self.rows[j as usize]);
        let sign = if a.first()?.1.signum() == b.first()?.1.signum() { 1i8 } else { -1 };
        let factor = f64::from(sign);
        let same = |(a, b): (&(u32, f64), &(u32, f64))| a.0 == b.0 && a.1 == factor * b.1;
        let rows = a.len() == b.len() && a.iter().zip(b).all(same);
        (rows && self.field[i as usize] == factor * self.field[j as usize]).then_some(sign)
    }
}

/// The spin that lowers `field · s`; +1 where both are equal.
pub(super) fn against(field: f64) -> i8 {
    if field > 0.0 { -1 } else { 1 }
}
