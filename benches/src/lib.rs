//! What the benchmarks share: data, instances, peers and reports; timing is that of `spinroute-lab`.
//!
//! One binary of `src/bin` answers one question and prints a Markdown table; `--out FILE` writes
//! the same figures as JSON. Quality stands beside speed in every table, and what is compared is
//! measured alternately in one run, because machines drift.
pub mod data;
pub mod instances;
pub mod others;
pub mod peers;
pub mod report;
pub mod worker;

use spinroute_core::{Error, Instance, Run, Solution, Solver};

/// The exact solver under test, with its defaults.
#[must_use]
pub fn flow() -> spinroute_flow::Flow {
    spinroute_flow::Flow::default()
}

/// Builds the instance and solves it: what a caller with a table of scores in memory waits for,
/// and the counterpart of a peer's build + solve.
///
/// # Errors
/// Of [`Instance::new`] and of the solver.
pub fn build_and_solve(case: &instances::Case, solver: &dyn Solver) -> Result<Solution, Error> {
    solver.solve(&case.instance()?, &mut Run::new(0))
}

/// Objective and certified gap of a solution, recomputed from the instance.
///
/// # Errors
/// If the answer breaks a constraint.
pub fn objective_and_gap(instance: &Instance, solution: &Solution) -> Result<(f64, f64), Error> {
    let evaluation = spinroute_core::evaluate(instance, solution)?;
    Ok((evaluation.objective, evaluation.gap))
}
