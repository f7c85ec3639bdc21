//! Close calls between whole rows: prices carry the capacities, a minimiser decides the rest.
//!
//! Once prices are found, most tokens have one row that is clearly their best. The others have, beside
//! the best, rows that are hardly worth less and use other experts. For each of these alternatives
//! there is a binary `z`, and no constraint of rows or groups is left to be a penalty:
//!
//! ```text
//! minimise  Σ lost[t,r] z[t,r]  +  q Σ_e (load[e](z) − c[e])²  +  2 q Σ_t Σ_{r<s} z[t,r] z[t,s]
//! ```
//!
//! over the experts that have a price (by complementary slackness they are full) or are overfull. With one
//! alternative a token the last sum is empty. Alternatives are rows that were best for their token at the prices
//! of some round of [`Lagrangian`], so nothing is known here of what the rule is.
//!
//! Every read is completed ([`Separable::complete`]) and improved by moves; the answer of the prices is
//! kept if no read is better.
//!
//! Tried and not kept: three alternatives a token instead of one (two batches of e64: better in none of the
//! group-limited problems with annealing, 0.038 against 0.027 % on one), `q` of 0.3 and 3 mean losses (the same
//! within the spread). Figures with and without dynamics are in docs/constrained.md.

use spinroute_core::{Assignment, Run, Stop};
use spinroute_ising::Minimiser;
use spinroute_modelling::{CouplingForm, Expr, Model, Options, Penalty, Variable, at_most_k, dot};

use crate::error::Error;
use crate::lagrangian::{Bounded, Lagrangian};
use crate::moves::improve;
use crate::separable::Separable;

/// Prices, then a minimiser over the rows that are close calls.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{CloseRows, GroupLimited};
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_ising::Exhaustive;
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let minimiser = Exhaustive::default();
/// let found = CloseRows::default().solve(&problem, &minimiser, &mut Run::new(0))?;
/// assert!(found.answer.objective <= found.answer.bound);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloseRows {
    /// How prices are found.
    pub prices: Lagrangian,
    /// The most alternatives of a token; at least 1.
    pub alternatives: usize,
    /// The most alternatives of all tokens, those that lose least; at least 1.
    pub most: usize,
    /// What a unit of squared imbalance costs, `q`, in mean losses of an alternative; positive.
    pub balance: f64,
}

impl Default for CloseRows {
    fn default() -> Self {
        Self { prices: Lagrangian::default(), alternatives: 1, most: 1024, balance: 1.0 }
    }
}

/// An answer, and what prices alone had reached.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{CloseRows, GroupLimited};
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_ising::Exhaustive;
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let minimiser = Exhaustive::default();
/// let found = CloseRows::default().solve(&problem, &minimiser, &mut Run::new(0))?;
/// assert!(found.answer.objective >= found.priced); // prices alone are never better
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CloseRowsAnswer {
    /// The answer and the bound of its prices.
    pub answer: Bounded,
    /// The objective before the minimiser.
    pub priced: f64,
    /// Binaries of the model.
    pub variables: usize,
    /// Tokens that have an alternative.
    pub tokens: usize,
}

/// Another row for a token.
struct Alternative {
    token: usize,
    row: Vec<u32>,
    lost: f64,
}

/// Rows by token: the best first, then the others by falling worth at some prices.
type Pool = Vec<Vec<(Vec<u32>, f64)>>;

impl CloseRows {
    /// Solves a problem.
    ///
    /// # Errors
    /// If a parameter is out of range, the relaxation cannot be built or the minimiser refuses the model.
    pub fn solve(
        &self,
        problem: &(impl Separable + ?Sized),
        minimiser: &dyn Minimiser,
        run: &mut Run<'_>,
    ) -> Result<CloseRowsAnswer, Error> {
        self.check()?;
        let mut seen: Vec<Vec<Vec<u32>>> = vec![Vec::new(); problem.instance().tokens()];
        let mut answer = self.prices.search(problem, run, |rows| {
            for (seen, priced) in seen.iter_mut().zip(rows) {
                let mut row = priced.row.clone();
                row.sort_unstable();
                if !seen.contains(&row) {
                    seen.push(row);
                }
            }
        })?;
        let pool = ranked(problem, seen, &answer);
        let alternatives = self.alternatives(&pool);
        let tokens = pool.iter().filter(|rows| rows.len() > 1).count();
        let priced = answer.objective;
        let variables = alternatives.len();
        if variables > 0 && answer.stop == Stop::Finished {
            self.decide(problem, minimiser, run, (&pool, &alternatives), &mut answer)?;
        }
        Ok(CloseRowsAnswer { answer, priced, variables, tokens })
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |name, value: String, mend| {
            Err(spinroute_core::Error::Parameter { name, value, mend }.into())
        };
        let counts = [("alternatives", self.alternatives), ("most", self.most)];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return refuse(name, "0".into(), "it is at least 1");
        }
        if !(self.balance > 0.0 && self.balance.is_finite()) {
            return refuse("balance", self.balance.to_string(), "it is positive and finite");
        }
        Ok(())
    }

    /// The alternatives that lose least, by token.
    fn alternatives(&self, pool: &Pool) -> Vec<Alternative> {
        let mut all = Vec::new();
        for (token, rows) in pool.iter().enumerate() {
            for (row, worth) in rows.iter().skip(1).take(self.alternatives) {
                all.push(Alternative { token, row: row.clone(), lost: rows[0].1 - worth });
            }
        }
        all.sort_by(|a, b| a.lost.total_cmp(&b.lost).then(a.token.cmp(&b.token)));
        all.truncate(self.most);
        all.sort_by_key(|alternative| alternative.token);
        all
    }

    /// Minimises over the alternatives and keeps the best completed read.
    fn decide(
        &self,
        problem: &(impl Separable + ?Sized),
        minimiser: &dyn Minimiser,
        run: &mut Run<'_>,
        (pool, alternatives): (&Pool, &[Alternative]),
        answer: &mut Bounded,
    ) -> Result<(), Error> {
        let (model, z) = self.model(problem, pool, alternatives, &answer.prices);
        let compiled = model.compile(&Options::default().form(CouplingForm::Structured))?;
        let samples = minimiser.minimise(&compiled.to_ising(), run)?;
        answer.stop = samples.stop;
        for state in compiled.decode_samples(&samples)? {
            let mut rows: Vec<&[u32]> = pool.iter().map(|rows| &rows[0].0[..]).collect();
            let mut lost = vec![f64::INFINITY; rows.len()];
            for (alternative, &z) in alternatives.iter().zip(&z) {
                let token = alternative.token;
                if state[z] > 0.5 && alternative.lost < lost[token] {
                    (rows[token], lost[token]) = (&alternative.row, alternative.lost);
                }
            }
            let mut choices = Assignment::empty(rows.len(), problem.instance().demand().k());
            for (t, row) in rows.iter().enumerate() {
                for &e in *row {
                    choices.push(t, e);
                }
            }
            let assignment = improve(problem, &problem.complete(&choices)?);
            let objective = problem.objective(&assignment).map_err(Error::in_method)?;
            if objective > answer.objective {
                (answer.objective, answer.assignment) = (objective, assignment);
            }
        }
        Ok(())
    }

    fn model(
        &self,
        problem: &(impl Separable + ?Sized),
        pool: &Pool,
        alternatives: &[Alternative],
        prices: &[f64],
    ) -> (Model, Vec<Variable>) {
        let mut model = Model::new();
        let z = model.binary_array("z", alternatives.len()).to_vec();
        let mean = alternatives.iter().map(|a| a.lost).sum::<f64>() / alternatives.len() as f64;
        let unit = self.balance * if mean.is_normal() { mean } else { 1.0 };
        let mut cost = dot(alternatives.iter().map(|a| a.lost), z.iter().copied());
        let mut excess: Vec<f64> =
            problem.instance().capacity().iter().map(|&c| -f64::from(c)).collect();
        for &e in pool.iter().flat_map(|rows| &rows[0].0) {
            excess[e as usize] += 1.0;
        }
        // What an alternative changes, by expert.
        let mut changes: Vec<Vec<(f64, Variable)>> = vec![Vec::new(); excess.len()];
        for (alternative, &z) in alternatives.iter().zip(&z) {
            let first = &pool[alternative.token][0].0;
            for &e in alternative.row.iter().filter(|e| !first.contains(e)) {
                changes[e as usize].push((1.0, z));
            }
            for &e in first.iter().filter(|e| !alternative.row.contains(e)) {
                changes[e as usize].push((-1.0, z));
            }
        }
        for ((changes, &excess), &price) in changes.iter().zip(&excess).zip(prices) {
            if !changes.is_empty() && (price > 0.0 || excess > 0.0) {
                let load: Expr = dot(changes.iter().map(|c| c.0), changes.iter().map(|c| c.1));
                cost += unit * (load + excess).squared();
            }
        }
        model.minimise(cost);
        for group in by_token(alternatives).filter(|group| group.len() > 1) {
            let name = format!("token {}", alternatives[group.start].token);
            let rule = at_most_k(z[group].iter().copied(), 1).penalty(Penalty::Fixed(2.0 * unit));
            model.constrain(name, rule);
        }
        (model, z)
    }
}

/// The runs of alternatives of the same token.
fn by_token(alternatives: &[Alternative]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    alternatives.chunk_by(|a, b| a.token == b.token).map(move |group| {
        start += group.len();
        start - group.len()..start
    })
}

/// What was seen and what was answered, ranked by worth at the best prices.
fn ranked(
    problem: &(impl Separable + ?Sized),
    mut seen: Vec<Vec<Vec<u32>>>,
    answer: &Bounded,
) -> Pool {
    let rank = |(t, rows): (usize, &mut Vec<Vec<u32>>)| {
        let mut row = answer.assignment.experts(t).to_vec();
        row.sort_unstable();
        if !rows.contains(&row) {
            rows.push(row);
        }
        let rent = |row: &[u32]| row.iter().map(|&e| answer.prices[e as usize]).sum::<f64>();
        let worth = |row: Vec<u32>| (problem.value(t, &row) - rent(&row), row);
        let mut ranked: Vec<_> =
            rows.drain(..).map(worth).map(|(worth, row)| (row, worth)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        ranked
    };
    seen.iter_mut().enumerate().map(rank).collect()
}
