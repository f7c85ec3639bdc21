//! Branch and bound over tokens: the proven optimum of small problems, a witness for the rest.
//!
//! Tokens are decided in order. With prices `p` a node is worth no more than its value, plus
//! `Σ_e room[e] p[e]`, plus the best priced rows of the tokens left: the bound of
//! [`Lagrangian`](crate::Lagrangian) for what remains. Rows are tried in the order of their priced
//! worth, so the first that cannot do ends a level. The time is exponential in the tokens.

use spinroute_core::{Assignment, Run};

use crate::error::Error;
use crate::lagrangian::{self, Lagrangian};
use crate::separable::Separable;

/// Exhaustive search with a bound.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{BranchAndBound, GroupLimited};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let proof = BranchAndBound::default().solve(&problem)?;
/// assert!(proof.proven && proof.objective == 1.125); // groups 0 and 1: 0.625 + 0.25, or 0.375 + 0.75
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BranchAndBound {
    /// Nodes after which the search gives up its proof.
    pub nodes: u64,
}

impl Default for BranchAndBound {
    fn default() -> Self {
        Self { nodes: 10_000_000 }
    }
}

/// The best assignment of a search.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{BranchAndBound, GroupLimited, Separable};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let proof = BranchAndBound::default().solve(&problem)?;
/// assert_eq!(problem.objective(&proof.assignment)?, proof.objective);
/// assert!(proof.proven && proof.nodes >= 1);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The best assignment found.
    pub assignment: Assignment,
    /// Its objective.
    pub objective: f64,
    /// Whether no assignment is better, but for a relative 1e-12.
    pub proven: bool,
    /// Nodes visited.
    pub nodes: u64,
}

/// Most rows of a token.
const ROWS: usize = 1 << 16;

impl BranchAndBound {
    /// Searches.
    ///
    /// # Errors
    /// If a token has too many rows, or the first bound cannot be found.
    pub fn solve(&self, problem: &(impl Separable + ?Sized)) -> Result<Proof, Error> {
        let start = Lagrangian::default().solve(problem, &mut Run::new(0))?;
        let instance = problem.instance();
        let (_, best) = lagrangian::price(problem, &start.prices);
        let mut rest = vec![0.0; instance.tokens() + 1];
        for t in (0..instance.tokens()).rev() {
            rest[t] = rest[t + 1] + best[t].bound;
        }
        let mut tokens = Vec::with_capacity(instance.tokens());
        for t in 0..instance.tokens() {
            tokens.push(rows(problem, t, &start.prices)?);
        }
        let chosen = vec![0; tokens.len()];
        let (best, record) = (start.objective, start.assignment.clone());
        let rents = instance.capacity().iter().zip(&start.prices);
        let rent = rents.map(|(&c, p)| f64::from(c) * p).sum();
        let limit = self.nodes;
        let room = instance.capacity().to_vec();
        let prices = start.prices;
        let mut search =
            Search { tokens, rest, prices, room, chosen, best, record, limit, nodes: 0 };
        search.descend(0, 0.0, rent, instance.demand().k());
        let objective = problem.objective(&search.record).map_err(Error::in_method)?;
        let (assignment, nodes) = (search.record, search.nodes);
        Ok(Proof { assignment, objective, proven: nodes <= self.nodes, nodes })
    }
}

/// A row with its value and its worth at the prices.
type Row = (Vec<u32>, f64, f64);

/// The allowed rows of a token that its own scores make worth a try, best worth first.
fn rows(problem: &(impl Separable + ?Sized), t: usize, prices: &[f64]) -> Result<Vec<Row>, Error> {
    let (experts, k) = (problem.instance().experts() as u32, problem.instance().demand().k());
    let mut all: Vec<Row> = vec![(Vec::new(), 0.0, 0.0)];
    let mut next = 0;
    while next < all.len() {
        let row = all[next].0.clone();
        next += 1;
        if row.len() == k {
            continue;
        }
        for e in row.last().map_or(0, |last| last + 1)..experts {
            let mut longer = row.clone();
            longer.push(e);
            let value = problem.value(t, &longer);
            if value > f64::NEG_INFINITY {
                let rent: f64 = longer.iter().map(|&e| prices[e as usize]).sum();
                all.push((longer, value, value - rent));
            }
        }
        if all.len() > ROWS {
            let (method, unit) = ("branch and bound", "rows a token");
            return Err(Error::TooLarge { method, unit, limit: ROWS, got: all.len() });
        }
    }
    all.sort_by(|a, b| b.2.total_cmp(&a.2));
    Ok(all)
}

struct Search {
    tokens: Vec<Vec<Row>>,
    /// What the tokens from `t` on are worth at most, at the prices.
    rest: Vec<f64>,
    prices: Vec<f64>,
    room: Vec<u32>,
    chosen: Vec<usize>,
    best: f64,
    record: Assignment,
    limit: u64,
    nodes: u64,
}

impl Search {
    /// `rent` is what the room left costs.
    fn descend(&mut self, t: usize, value: f64, rent: f64, k: usize) {
        self.nodes += 1;
        if self.nodes > self.limit {
            return;
        }
        if t == self.tokens.len() {
            if value > self.best {
                self.best = value;
                self.record = Assignment::empty(t, k);
                for (t, &row) in self.chosen.iter().enumerate() {
                    for &e in &self.tokens[t][row].0 {
                        self.record.push(t, e);
                    }
                }
            }
            return;
        }
        let margin = 1e-12 * self.best.abs();
        for i in 0..self.tokens[t].len() {
            let (row, own, worth) = &self.tokens[t][i];
            if value + rent + worth + self.rest[t + 1] <= self.best + margin {
                break;
            }
            if row.iter().any(|&e| self.room[e as usize] == 0) {
                continue;
            }
            let (row, own) = (row.clone(), *own);
            let paid: f64 = row.iter().map(|&e| self.prices[e as usize]).sum();
            for &e in &row {
                self.room[e as usize] -= 1;
            }
            self.chosen[t] = i;
            self.descend(t + 1, value + own, rent - paid, k);
            for &e in &row {
                self.room[e as usize] += 1;
            }
        }
    }
}
