//! Problems whose objective is a sum over tokens, coupled by the capacities of experts alone.
//!
//! ```text
//! maximise Σ_t value(t, row[t])   subject to   Σ_t [e in row[t]] ≤ c[e],  |row[t]| ≤ k
//! ```
//!
//! Every part of an allowed row must be allowed: a repair takes experts away.

use spinroute_core::{Assignment, Instance, Run, Solver, Violation};
use spinroute_flow::Flow;

use crate::error::Error;

/// What the best row of a token is worth at some prices.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Priced, Separable};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let best = problem.best(0, &[0.125, 0.0, 0.0, 0.0]); // expert 0 costs 0.125
/// assert_eq!(best, Priced { bound: 0.5, row: vec![0, 1] });
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// No row is worth more: `bound ≥ value(t, row) − Σ_{e in row} p[e]` for every row.
    pub bound: f64,
    /// A good row; of worth `bound` unless its search was cut short.
    pub row: Vec<u32>,
}

/// A routing problem that is a sum over tokens but for the capacities.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// assert_eq!(problem.value(0, &[0, 1]), 0.625);
/// assert_eq!(problem.value(0, &[0, 2]), f64::NEG_INFINITY); // two groups
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
pub trait Separable: Sync {
    /// Scores, capacities and demand `AtMost(k)`.
    fn instance(&self) -> &Instance;

    /// What `row`, distinct experts, is worth to token `t`; `-∞` if it is not allowed. The empty
    /// row is worth 0.
    fn value(&self, t: usize, row: &[u32]) -> f64;

    /// The best row of token `t` when a unit of expert `e` costs `prices[e] ≥ 0`.
    fn best(&self, t: usize, prices: &[f64]) -> Priced;

    /// A plain instance whose optimum is no lower: what [`relaxed`] solves exactly.
    ///
    /// # Errors
    /// If its scores overflow `f32`.
    fn relaxation(&self) -> Result<Instance, Error>;

    /// The objective of a feasible assignment: the only way to one, and it checks every rule.
    ///
    /// # Errors
    /// The first rule that is broken.
    fn objective(&self, assignment: &Assignment) -> Result<f64, Error>;

    /// A feasible assignment near `choices`, which may break every rule:
    /// [`repair_and_improve`](crate::repair_and_improve), where a problem has no better way.
    ///
    /// # Errors
    /// If `choices` is for another number of tokens, or a solver underneath fails.
    fn complete(&self, choices: &Assignment) -> Result<Assignment, Error>;
}

/// The optimum of the plain relaxation, by the exact flow solver: an upper bound, the prices that
/// prove it and its assignment, which need not be allowed.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, relaxed};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let (bound, prices, _) = relaxed(&problem)?; // without the groups
/// assert!(bound >= 1.125 && prices.len() == 4);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
///
/// # Errors
/// If the relaxation cannot be built.
pub fn relaxed(problem: &(impl Separable + ?Sized)) -> Result<(f64, Vec<f64>, Assignment), Error> {
    let instance = problem.relaxation()?;
    let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
    let prices = solution.prices.unwrap_or_else(|| vec![0.0; instance.experts()]);
    let certificate = spinroute_core::Certificate::new(&instance, prices.clone())?;
    Ok((certificate.bound(), prices, solution.assignment))
}

/// Refuses an `Exactly` demand.
pub(crate) fn check_demand(instance: &Instance) -> Result<(), Error> {
    instance.supported("a side constraint", &[])?;
    if instance.demand().is_exact() { Err(Error::Demand) } else { Ok(()) }
}

/// Refuses an assignment for another number of tokens.
pub(crate) fn check_tokens(instance: &Instance, assignment: &Assignment) -> Result<(), Error> {
    let (got, want) = (assignment.tokens(), instance.tokens());
    if got == want {
        return Ok(());
    }
    Err(spinroute_core::Error::Violation(Violation::Tokens { got, want }).into())
}

/// The smallest `f32` that is at least `value`.
pub(crate) fn ceiling(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

/// Rows of at most `k` experts as a table, which may break capacities.
pub(crate) fn assemble<'a>(
    rows: impl ExactSizeIterator<Item = &'a Vec<u32>>,
    k: usize,
) -> Assignment {
    let mut assignment = Assignment::empty(rows.len(), k);
    for (t, row) in rows.enumerate() {
        for &e in row {
            assignment.push(t, e);
        }
    }
    assignment
}
