//! Sinkhorn as Megatron-LM's routers run it in training: balanced in the mean, without capacities.
//!
//! The plan is what the router calls `norm_logits`; every token takes the `k` largest of its row. Weights are made
//! from the scores afterwards, and are no part of an assignment. With `c[t,e] = exp(s[t,e])` in `f32`:
//!
//! ```text
//! d1 = 1
//! repeat:  d0[t] = 1/T / (Σ_e d1[e] c[t,e] + 1e-8)
//!          d1[e] = 1/E / (Σ_t d0[t] c[t,e] + 1e-8)      until  mean |change of d1| ≤ 1e-4
//! plan[t,e] = d1[e] c[t,e] d0[t]
//! ```
//!
//! That is Sinkhorn's scaling (Annals of Mathematical Statistics 35 (1964) 876-879) to rows of `1/T` and columns of
//! `1/E`, with temperature 1. A plan that is balanced is not rounded to loads that are: top-`k` of its rows knows
//! no capacity, so this is a baseline that ignores them. At evaluation Megatron-LM takes top-`k` of the scores.
//!
//! Three of its properties are kept and named here. `exp` is taken without a shift, so that scores above 88.7
//! overflow: it then goes on with NaN, and this is an error instead. The tolerance is of `d1` itself, not
//! relative: where experts differ by many powers of `e`, `d1` is large and the mean change does not get that small
//! before the last bit stands still, after hundreds of thousands of iterations or never (Megatron-LM has no limit;
//! here `rounds` is one). And where scores are softmax probabilities already, `exp` flattens them: see
//! [`MegatronScores`].
//!
//! An iteration is a step: O(T·E). Sums are `f64` here, `f32` there: plans agree to about 1e-6 of a value.
use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Best, Error, Instance, Run, Solution, Solver, Stop, param, parameters,
};
use spinroute_prices::{Batch, Selection, choice};

use crate::topk;

/// Tokens a block of the column sums.
const BLOCK: usize = 256;
/// What keeps the divisions from 0.
const EPSILON: f32 = 1e-8;
/// The mean change of `d1` that ends the iteration.
const TOLERANCE: f32 = 1e-4;

/// What the scores of an instance are to [`SinkhornMegatron`].
///
/// ```
/// use spinroute_transport::{MegatronScores, SinkhornMegatron};
///
/// assert_eq!(SinkhornMegatron::default().scores, MegatronScores::Logits);
/// assert_eq!(serde_json::to_value(MegatronScores::Probabilities)?, "probabilities");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MegatronScores {
    /// Logits, as the router gives them: `c = exp(s)`.
    #[default]
    Logits,
    /// Probabilities or other numbers of at least 0: `c = s`, as for the logits `ln s`. A factor of a row has
    /// no say in the limit, so that softmax of logits and the logits themselves tend to one plan.
    Probabilities,
}

parameters! {
    /// Top-`k` of Megatron-LM's Sinkhorn plan, whatever the capacities, minimums, groups and costs of loads.
    ///
    /// A masked token takes no part. Equal values go to the lower expert. A forbidden pair is never taken, and
    /// under `AtMost` only scores above 0 are.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_transport::SinkhornMegatron;
    ///
    /// // Expert 0 is everybody's first choice; the plan sends half of the tokens away.
    /// let scores = array![[2.0, 1.0], [3.0, 1.0], [2.0, 1.5], [2.5, 2.2]];
    /// let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1))?;
    /// let solution = SinkhornMegatron::default().solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [0, 0, 1, 1]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct SinkhornMegatron {
        /// what the scores are: logits (exp is taken) or probabilities (as they are)
        pub scores: MegatronScores,
        /// the most iterations
        ///
        /// Megatron-LM has no limit. 0 is the top-k of the scores.
        pub rounds: u32 => "at least 0",
    }
}

impl Default for SinkhornMegatron {
    fn default() -> Self {
        Self { scores: MegatronScores::Logits, rounds: 10_000 }
    }
}

impl SinkhornMegatron {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "sinkhorn-megatron",
        summary: "top-k of Megatron-LM's Sinkhorn plan, whatever the capacities: a baseline",
        exact: false,
        facts: Facts { prices: false, capacity: false },
        reference: "moe_utils.sinkhorn of Megatron-LM; scaling: Sinkhorn 1964",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };

    /// The plan, `tokens × experts` in `f32`; rows of masked tokens are 0.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the numbers leave the range of `f32`, with the place where that is one score, or
    /// a probability is negative.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance};
    /// use spinroute_transport::SinkhornMegatron;
    ///
    /// let scores = array![[2.0, 1.0], [3.0, 1.0], [2.0, 1.5], [2.5, 2.2]];
    /// let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1))?;
    /// let plan = SinkhornMegatron::default().plan(&instance)?;
    /// assert!((plan.column(0).sum() - 0.5).abs() < 1e-4 && (plan.row(3).sum() - 0.25).abs() < 1e-4);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    pub fn plan(&self, instance: &Instance) -> Result<Array2<f32>, Error> {
        let (plan, _) = self.planned(instance, &mut Run::new(0))?;
        let mut table = Array2::zeros((instance.tokens(), instance.experts()));
        for (t, mut row) in table.rows_mut().into_iter().enumerate() {
            if instance.k(t) > 0 {
                row.iter_mut().zip(plan.row(t)).for_each(|(to, from)| *to = *from);
            }
        }
        Ok(table)
    }

    /// The plan, and why the iteration ended.
    fn planned(&self, instance: &Instance, run: &mut Run<'_>) -> Result<(Plan, Stop), Error> {
        let mut plan = Plan::new(instance, self.scores)?;
        let mut stop = run.begin().break_value();
        for _ in 0..self.rounds {
            if stop.is_some() {
                break;
            }
            let change = plan.iterate();
            stop = run.tick(Best::default()).break_value();
            if stop.is_none() && (change.is_nan() || change <= TOLERANCE) {
                break;
            }
        }
        Ok((plan.finish()?, stop.unwrap_or(Stop::Finished)))
    }
}

impl Solver for SinkhornMegatron {
    /// # Errors
    /// As [`SinkhornMegatron::plan`]; [`Error::Deficient`] if a token must take `k` experts and has fewer that are
    /// allowed.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        if instance.has_forbidden() {
            topk::choose(instance)?;
        }
        let (mut plan, stop) = self.planned(instance, run)?;
        for (value, &score) in plan.cost.iter_mut().zip(instance.flat()) {
            // Values of allowed pairs may be 0 too.
            if score == f32::NEG_INFINITY {
                *value = score;
            }
        }
        let free = vec![0.0; instance.experts()];
        let rows = Batch::new(&plan.cost, instance.experts(), instance.demand());
        let rows = instance.demands().map_or(rows, |demands| rows.with_demands(demands));
        let mut selection = Selection::default();
        selection.fill_batch(rows, &free);
        let assignment: Assignment =
            choice::allowed(Batch::of(instance), &selection.experts, &free);
        Ok(Solution { assignment, prices: None, stop })
    }

    fn respects_capacity(&self) -> bool {
        false
    }
}

/// The costs and their factors; the costs are the plan in the end.
struct Plan {
    /// `c`, all rows.
    cost: Vec<f32>,
    /// Of tokens; 0 if masked.
    d0: Vec<f32>,
    /// Of experts.
    d1: Vec<f32>,
    /// How many tokens are not masked.
    tokens: usize,
}

impl Plan {
    fn new(instance: &Instance, scores: MegatronScores) -> Result<Self, Error> {
        let experts = instance.experts();
        let mut cost = instance.flat().to_vec();
        if scores == MegatronScores::Logits {
            cost.par_iter_mut().for_each(|cost| *cost = libm::expf(*cost));
        }
        let taken = |t: usize| instance.k(t) > 0;
        for (place, cost) in cost.iter_mut().enumerate() {
            let (t, score) = (place / experts, instance.flat()[place]);
            if !taken(t) || score == f32::NEG_INFINITY {
                *cost = 0.0;
            } else if !(*cost >= 0.0 && *cost < f32::INFINITY) {
                return Err(refused(scores, t, place % experts, score));
            }
        }
        let d0: Vec<f32> = (0..instance.tokens()).map(|t| f32::from(u8::from(taken(t)))).collect();
        let tokens = d0.iter().filter(|&&d| d > 0.0).count();
        Ok(Self { cost, d0, d1: vec![1.0; experts], tokens })
    }

    fn row(&self, t: usize) -> &[f32] {
        &self.cost[t * self.d1.len()..][..self.d1.len()]
    }

    /// One change of both factors; the mean change of `d1`.
    fn iterate(&mut self) -> f32 {
        let Self { cost, d0, d1, tokens } = self;
        let experts = d1.len();
        let share = 1.0 / *tokens as f32;
        let columns: Vec<Vec<f64>> = cost
            .par_chunks(BLOCK * experts)
            .zip(d0.par_chunks_mut(BLOCK))
            .map(|(rows, d0)| {
                let mut columns = vec![0.0; experts];
                for (row, d0) in rows.chunks_exact(experts).zip(d0).filter(|(_, d0)| **d0 > 0.0) {
                    let terms = row.iter().zip(&*d1).map(|(cost, d1)| f64::from(d1 * cost));
                    *d0 = share / (terms.sum::<f64>() as f32 + EPSILON);
                    let places = columns.iter_mut().zip(row);
                    places.for_each(|(sum, cost)| *sum += f64::from(*d0 * cost));
                }
                columns
            })
            .collect();
        let mut change = 0.0;
        for (e, d1) in d1.iter_mut().enumerate() {
            let sum: f64 = columns.iter().map(|block| block[e]).sum();
            let new = 1.0 / experts as f32 / (sum as f32 + EPSILON);
            change += f64::from((new - *d1).abs());
            *d1 = new;
        }
        (change / experts as f64) as f32
    }

    /// The plan in place of the costs.
    fn finish(mut self) -> Result<Self, Error> {
        let (experts, d1) = (self.d1.len(), &self.d1);
        let rows = self.cost.par_chunks_mut(experts).zip(&self.d0);
        rows.for_each(|(row, d0)| {
            row.iter_mut().zip(d1).for_each(|(cost, d1)| *cost = d1 * *cost * d0);
        });
        if self.cost.iter().all(|value| value.is_finite()) {
            return Ok(self);
        }
        let text = "sinkhorn-megatron computes in f32 as Megatron-LM does, and its factors leave that range for \
                    these scores; subtract a number from all scores so that the largest are near 0";
        Err(Error::Unsupported(text.to_owned()))
    }
}

/// What a score is told whose cost is no number of `f32`.
fn refused(scores: MegatronScores, token: usize, expert: usize, score: f32) -> Error {
    let place = format!("the score of token {token} for expert {expert} is {score}");
    Error::Unsupported(match scores {
        MegatronScores::Logits => format!(
            "sinkhorn-megatron takes exp of the scores in f32, which overflows above 88.7, and {place}; \
             subtract each token's largest score from its row"
        ),
        MegatronScores::Probabilities => format!(
            "sinkhorn-megatron with {} = probabilities takes scores of at least 0, and {place}; give \
             probabilities, or {0} = logits",
            param!(SinkhornMegatron::scores).name
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use spinroute_core::Demand;

    fn instance(scores: Array2<f32>) -> Instance {
        let capacity = vec![scores.nrows() as u32; scores.ncols()];
        Instance::new(scores, capacity, Demand::Exactly(1)).unwrap()
    }

    #[test]
    fn overflow_is_an_error_that_names_its_place() {
        let large = instance(array![[1.0, 2.0], [3.0, 89.0]]);
        let error = SinkhornMegatron::default().plan(&large).unwrap_err().to_string();
        assert!(error.contains("token 1 for expert 1 is 89") && error.contains("88.7"), "{error}");
        // Each exp is finite, their sums are not.
        let sums = instance(Array2::from_elem((3, 4), 88.5));
        let error = SinkhornMegatron::default().plan(&sums).unwrap_err().to_string();
        assert!(error.contains("leave that range"), "{error}");
        let negative = SinkhornMegatron { scores: MegatronScores::Probabilities, rounds: 9 };
        let error = negative.plan(&instance(array![[0.5, -0.5]])).unwrap_err().to_string();
        assert!(error.contains("scores = logits") && error.contains("expert 1 is -0.5"), "{error}");
    }

    #[test]
    fn no_iteration_is_top_k_and_tiny_values_are_no_nan() {
        let scores = array![[-1e4, -2e4], [1.0, 2.0], [-3e38, -3e38]];
        let none = SinkhornMegatron { rounds: 0, ..SinkhornMegatron::default() };
        let solution = none.solve(&instance(scores.clone()), &mut Run::new(0)).unwrap();
        assert_eq!(solution.assignment.slots(), [0, 1, 0]);
        let plan = SinkhornMegatron::default().plan(&instance(scores)).unwrap();
        assert!(plan.iter().all(|value| value.is_finite()));
    }

    #[test]
    fn softmax_and_logits_tend_to_one_plan() {
        let logits = array![[2.0f32, 1.0, 0.0], [1.5, 1.0, 0.5], [0.25, 0.0, 0.5]];
        let mut softmax = logits.mapv(f32::exp);
        for mut row in softmax.rows_mut() {
            let sum = row.sum();
            row.mapv_inplace(|value| value / sum);
        }
        let of = |scores| SinkhornMegatron { scores, rounds: 100 };
        let one = of(MegatronScores::Logits).plan(&instance(logits)).unwrap();
        let other = of(MegatronScores::Probabilities).plan(&instance(softmax)).unwrap();
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}
