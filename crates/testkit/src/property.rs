//! Properties that hold by definition, each as one function of a solver and an instance: call them
//! from property tests with the [strategies](crate::strategy).
//!
//! An instance that the solver refuses as unsupported or reports as infeasible satisfies them all;
//! [`crate::Conformance`] is what tells whether it may. They compare to a relative 1e-9 unless they
//! say otherwise.
//!
//! ```
//! use proptest::prelude::*;
//! use spinroute_testkit::strategy::{self, Shape};
//! use spinroute_testkit::{property, reference::Reference};
//!
//! proptest!(ProptestConfig::with_cases(16), |(instance in strategy::tight(&Shape::tiny()))| {
//!     property::equals_brute_force(&Reference, &instance)?;
//! });
//! ```

use ndarray::{Array2, Axis};
use spinroute_core::{Builder, Certificate, Error, Instance, Run, Scores, Solution, Solver};

use crate::generate::Draws;
use crate::reference::{Reference, brute_force, optimum};
use crate::truth::{Truth, scale, tolerance};
use crate::{Breach, Clause};

type Outcome = Result<(), Box<Breach>>;

/// Weak duality: whatever the prices, the bound that they prove is not below the optimum.
///
/// # Errors
/// [`Clause::Bound`]; [`Clause::Prices`] if these are no prices.
pub fn weak_duality(instance: &Instance, prices: &[f64]) -> Outcome {
    let certificate = Certificate::new(instance, prices.to_vec())
        .map_err(|error| Breach::new(Clause::Prices, instance, error.to_string()))?;
    let Ok(optimum) = optimum(instance) else { return Ok(()) };
    let (value, bound) = (optimum.value, certificate.bound());
    let truth = Truth::proven(instance, optimum);
    if truth.excludes(value, Some(bound)) {
        let detail = format!("prices {prices:?} bound {bound:e}, below optimum {truth}");
        return Err(Breach::new(Clause::Bound, instance, detail));
    }
    Ok(())
}

/// No answer is above the optimum of [`optimum`]: heuristic ≤ exact.
///
/// # Errors
/// [`Clause::Bound`]; [`Clause::Feasible`] or [`Clause::Refusal`] if there is no usable answer.
pub fn at_most_reference(solver: &dyn Solver, instance: &Instance) -> Outcome {
    against_reference(solver, instance, false)
}

/// The answer reaches the optimum of [`optimum`].
///
/// # Errors
/// [`Clause::Optimal`]; otherwise as [`at_most_reference`].
pub fn equals_reference(solver: &dyn Solver, instance: &Instance) -> Outcome {
    against_reference(solver, instance, true)
}

fn against_reference(solver: &dyn Solver, instance: &Instance, exact: bool) -> Outcome {
    let Some(solution) = answer(solver, instance, 0)? else { return Ok(()) };
    let judged = judged(solver, instance);
    let (objective, truth) = (value(&judged, &solution)?, truth(&judged));
    let wrong = if truth.excludes(objective, None) {
        Clause::Bound
    } else if exact && truth.misses(&judged, &solution.assignment, false) {
        Clause::Optimal
    } else {
        return Ok(());
    };
    Err(Breach::new(wrong, instance, format!("objective {objective:e}, optimum {truth}")))
}

/// The answer reaches the optimum of [`brute_force`]; for tiny instances.
///
/// # Errors
/// [`Clause::Optimal`]; otherwise as [`at_most_reference`].
pub fn equals_brute_force(solver: &dyn Solver, instance: &Instance) -> Outcome {
    let Some(objective) = objective(solver, instance, 0)? else { return Ok(()) };
    let judged = judged(solver, instance);
    let best = brute_force(&judged);
    if best.is_none_or(|best| (objective - best).abs() > truth(&judged).slack(best)) {
        let detail = format!("objective {objective:e}, by enumeration {best:?}");
        return Err(Breach::new(Clause::Optimal, instance, detail));
    }
    Ok(())
}

/// An exact solver's answer is its own proof: the gap between its objective and the bound of its
/// prices, both as core computes them, is at most 10⁻⁹ of the objective or, where scores cancel,
/// 2⁻⁴⁴ of `Σ |s|` over the pairs chosen (and what prices of groups lose where they are summed). No other solver is asked, so it holds at any size.
///
/// `instance` is what the answer is judged on, see [`Instance::uncapped`].
///
/// # Errors
/// [`Clause::Proof`]; [`Clause::Feasible`] or [`Clause::Prices`] if there is nothing to compare.
pub fn proven(instance: &Instance, solution: &Solution) -> Outcome {
    let objective = value(instance, solution)?;
    let Some(prices) = solution.prices.clone() else {
        return Err(Breach::new(Clause::Proof, instance, "an exact solver returns prices"));
    };
    let lost = lost_in_sums(instance, &prices);
    let bound = Certificate::new(instance, prices)
        .map_err(|error| Breach::new(Clause::Prices, instance, error.to_string()))?
        .bound();
    let gap = bound - objective;
    // Not a number if the bound is none.
    if gap <= tolerance(objective, scale(instance, &solution.assignment)) + lost {
        return Ok(());
    }
    let detail = format!("objective {objective:e}, but the prices prove {bound:e} only");
    Err(Breach::new(Clause::Proof, instance, detail))
}

/// What prices that are summed along groups lose in `f64`, where large ones cancel: four units in the last place of
/// the largest for every slot. Without groups nothing is summed.
fn lost_in_sums(instance: &Instance, prices: &[f64]) -> f64 {
    if instance.groups().is_none() {
        return 0.0;
    }
    let largest = prices.iter().fold(0.0, |largest, price| f64::max(largest, price.abs()));
    4.0 * f64::EPSILON * largest * instance.slots() as f64
}

/// An exact solver's objective does not depend on the order of the tokens, which `seed` draws; it
/// is also that of the runs.
///
/// # Errors
/// [`Clause::Permutation`]; otherwise as [`at_most_reference`].
pub fn permutation(solver: &dyn Solver, instance: &Instance, seed: u64) -> Outcome {
    let mut order: Vec<usize> = (0..instance.tokens()).collect();
    Draws::new(seed).shuffle(&mut order);
    let scores = all_scores(instance).select(Axis(0), &order);
    let demands: Vec<u32> = order.iter().map(|&t| instance.k(t) as u32).collect();
    let permuted = instance.rebuild().scores(Scores::wide(scores)).demands(&demands);
    let permuted = as_feasible(permuted);
    let (before, after) = (objective(solver, instance, seed)?, objective(solver, &permuted, seed)?);
    let near = match (before, after) {
        (Some(before), Some(after)) => {
            (before - after).abs() <= 2.0 * truth(&judged(solver, instance)).slack(before)
        }
        (before, after) => before == after,
    };
    if near {
        return Ok(());
    }
    let detail = format!("objective {before:?}, with the tokens in order {order:?} {after:?}");
    Err(Breach::new(Clause::Permutation, instance, detail))
}

/// Scores and costs times 2ⁿ give the objective times 2ⁿ, to the bit: no rounding changes, so nothing in a
/// solver without absolute tolerances does. Passes if some score would leave the range of `f32`.
///
/// # Errors
/// [`Clause::Scaling`]; otherwise as [`at_most_reference`].
pub fn scaling(solver: &dyn Solver, instance: &Instance, n: i32) -> Outcome {
    let factor = 2f64.powi(n);
    let narrow = |scaled: f64, score: f32| f64::from(scaled as f32) == f64::from(score) * factor;
    let lossless = |&score: &f32| score.is_infinite() || narrow(f64::from(score) * factor, score);
    if !(factor as f32).is_normal() || !instance.flat().iter().all(lossless) {
        return Ok(());
    }
    let scaled = all_scores(instance).mapv(|score| score * factor);
    let costs = (instance.overflow(), instance.reward());
    let scaled = instance.rebuild().scores(Scores::wide(scaled));
    let scaled = scaled.overflow(costs.0.cost * factor, costs.0.up_to);
    let scaled = scaled.reward(costs.1.gain * factor, costs.1.up_to);
    let scaled = match instance.groups().filter(|groups| !groups.is_empty()) {
        Some(groups) => {
            let overflow = groups.limits(0).overflow;
            scaled.groups(groups.clone().overflow(overflow.cost * factor, overflow.up_to))
        }
        None => scaled,
    };
    // Costs may leave the range of scores.
    let Ok(scaled) = scaled.build() else { return Ok(()) };
    let (before, after) = (objective(solver, instance, 0)?, objective(solver, &scaled, 0)?);
    if before.map(|before| before * factor) == after {
        return Ok(());
    }
    let detail = format!("objective {before:?}, with all scores times 2^{n} {after:?}");
    Err(Breach::new(Clause::Scaling, instance, detail))
}

/// One more unit of capacity of `expert` never lowers an exact solver's objective.
///
/// # Errors
/// [`Clause::Loosening`]; otherwise as [`at_most_reference`].
///
/// # Panics
/// If there is no such expert.
pub fn loosening(solver: &dyn Solver, instance: &Instance, expert: usize) -> Outcome {
    let mut capacity = instance.capacity().to_vec();
    capacity[expert] = capacity[expert].saturating_add(1);
    let Ok(looser) = instance.with_capacity(capacity) else { return Ok(()) };
    let (before, after) = (objective(solver, instance, 0)?, objective(solver, &looser, 0)?);
    let Some(tight) = before else { return Ok(()) };
    let slack = truth(&judged(solver, instance)).slack(tight);
    if after.is_some_and(|after| after >= tight - 2.0 * slack) {
        return Ok(());
    }
    let detail = format!("objective {tight:e}, with one more unit for expert {expert} {after:?}");
    Err(Breach::new(Clause::Loosening, instance, detail))
}

fn all_scores(instance: &Instance) -> Array2<f64> {
    Array2::from_shape_fn(instance.table().dim(), |(t, e)| instance.score(t, e))
}

fn as_feasible(builder: Builder) -> Instance {
    builder.build().unwrap_or_else(|error| unreachable!("as feasible as before: {error}"))
}

/// What the answer is judged on.
fn judged(solver: &dyn Solver, instance: &Instance) -> Instance {
    if solver.respects_capacity() { instance.clone() } else { instance.uncapped() }
}

/// The truth, whatever it takes up to the reference's own limit.
fn truth(judged: &Instance) -> Truth {
    let pairs = judged.tokens() * judged.experts();
    if pairs > Reference::MAX_PAIRS {
        return Truth::of(judged);
    }
    optimum(judged).map_or(Truth::Infeasible, |optimum| Truth::proven(judged, optimum))
}

/// The answer of a run without limits; `None` if the solver refuses or finds no assignment.
fn answer(
    solver: &dyn Solver,
    instance: &Instance,
    seed: u64,
) -> Result<Option<Solution>, Box<Breach>> {
    match solver.solve(instance, &mut Run::new(seed)) {
        Ok(solution) => Ok(Some(solution)),
        Err(error) if admits_defect(&error) => {
            Err(Breach::new(Clause::Defect, instance, error.to_string()))
        }
        Err(Error::Unsupported(_) | Error::Infeasible { .. } | Error::Deficient(_)) => Ok(None),
        Err(error) => Err(Breach::new(Clause::Refusal, instance, error.to_string())),
    }
}

/// Whether an error is the solver's own fault, by its kind or in other words.
pub(crate) fn admits_defect(error: &Error) -> bool {
    let text = error.to_string().to_lowercase();
    matches!(error, Error::Defect(_)) || ["please report", "a bug"].iter().any(|w| text.contains(w))
}

fn value(judged: &Instance, solution: &Solution) -> Result<f64, Box<Breach>> {
    judged
        .objective(&solution.assignment)
        .map_err(|violation| Breach::new(Clause::Feasible, judged, violation.to_string()))
}

/// The objective of [`answer`].
fn objective(
    solver: &dyn Solver,
    instance: &Instance,
    seed: u64,
) -> Result<Option<f64>, Box<Breach>> {
    let solution = answer(solver, instance, seed)?;
    solution.map(|solution| value(&judged(solver, instance), &solution)).transpose()
}
