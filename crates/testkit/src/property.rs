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

use ndarray::Axis;
use spinroute_core::{Certificate, Error, Instance, Run, Solver};

use crate::generate::Draws;
use crate::reference::{brute_force, optimum};
use crate::truth::Truth;
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
    let truth = Truth::proven(instance, &optimum);
    if truth.excludes(optimum.value, Some(certificate.bound())) {
        let bound = certificate.bound();
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
    let Some(objective) = objective(solver, instance)? else { return Ok(()) };
    let truth = Truth::of(&judged(solver, instance));
    let wrong = if truth.excludes(objective, None) {
        Clause::Bound
    } else if exact && truth.misses(objective) {
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
    let Some(objective) = objective(solver, instance)? else { return Ok(()) };
    let judged = judged(solver, instance);
    let best = brute_force(&judged);
    if best.is_none_or(|best| (objective - best).abs() > Truth::of(&judged).slack(best)) {
        let detail = format!("objective {objective:e}, by enumeration {best:?}");
        return Err(Breach::new(Clause::Optimal, instance, detail));
    }
    Ok(())
}

/// An exact solver's objective does not depend on the order of the tokens.
///
/// # Errors
/// [`Clause::Permutation`]; otherwise as [`at_most_reference`].
pub fn permutation(solver: &dyn Solver, instance: &Instance, seed: u64) -> Outcome {
    let mut order: Vec<usize> = (0..instance.tokens()).collect();
    Draws::new(seed).shuffle(&mut order);
    let scores = instance.table().select(Axis(0), &order);
    let permuted = rebuilt(scores, instance.capacity().to_vec(), instance);
    let (before, after) = (objective(solver, instance)?, objective(solver, &permuted)?);
    let near = match (before, after) {
        (Some(before), Some(after)) => {
            let truth = Truth::of(&judged(solver, instance));
            (before - after).abs() <= 2.0 * truth.slack(before)
        }
        (before, after) => before == after,
    };
    if near {
        return Ok(());
    }
    let detail = format!("objective {before:?}, with the tokens in order {order:?} {after:?}");
    Err(Breach::new(Clause::Permutation, instance, detail))
}

/// Scores times 2ⁿ give the objective times 2ⁿ, to the bit: no rounding changes, so nothing in a
/// solver without absolute tolerances does. Passes if some score would leave the range of `f32`.
///
/// # Errors
/// [`Clause::Scaling`]; otherwise as [`at_most_reference`].
pub fn scaling(solver: &dyn Solver, instance: &Instance, n: i32) -> Outcome {
    let factor = 2f32.powi(n);
    let scores = instance.table().mapv(|score| score * factor);
    let lossless = |(&scaled, &score): (&f32, &f32)| scaled / factor == score;
    if !factor.is_normal() || !scores.iter().zip(instance.flat()).all(lossless) {
        return Ok(());
    }
    let scaled = rebuilt(scores, instance.capacity().to_vec(), instance);
    let (before, after) = (objective(solver, instance)?, objective(solver, &scaled)?);
    if before.map(|before| before * f64::from(factor)) == after {
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
    let looser = rebuilt(instance.table().to_owned(), capacity, instance);
    let (before, after) = (objective(solver, instance)?, objective(solver, &looser)?);
    let Some(tight) = before else { return Ok(()) };
    let slack = Truth::of(&judged(solver, instance)).slack(tight);
    if after.is_some_and(|after| after >= tight - 2.0 * slack) {
        return Ok(());
    }
    let detail = format!("objective {tight:e}, with one more unit for expert {expert} {after:?}");
    Err(Breach::new(Clause::Loosening, instance, detail))
}

fn rebuilt(scores: ndarray::Array2<f32>, capacity: Vec<u32>, like: &Instance) -> Instance {
    Instance::new(scores, capacity, like.demand())
        .unwrap_or_else(|error| unreachable!("as feasible as before: {error}"))
}

/// What the answer is judged on.
fn judged(solver: &dyn Solver, instance: &Instance) -> Instance {
    if solver.respects_capacity() { instance.clone() } else { instance.uncapped() }
}

/// The objective of a run without limits; `None` if the solver refuses or finds no assignment.
fn objective(solver: &dyn Solver, instance: &Instance) -> Result<Option<f64>, Box<Breach>> {
    match solver.solve(instance, &mut Run::new(0)) {
        Ok(solution) => judged(solver, instance)
            .objective(&solution.assignment)
            .map(Some)
            .map_err(|violation| Breach::new(Clause::Feasible, instance, violation.to_string())),
        Err(Error::Unsupported(_) | Error::Infeasible { .. } | Error::Deficient(_)) => Ok(None),
        Err(error) => Err(Breach::new(Clause::Refusal, instance, error.to_string())),
    }
}
