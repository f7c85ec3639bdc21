//! The one trait that every solver implements.

use crate::{Assignment, Error, Instance, Run, Stop};

/// An algorithm with its parameters.
///
/// The contract, which `spinroute_testkit::conformance` checks for every registered solver:
///
/// - the assignment satisfies every constraint of the instance, whatever stopped the run (but see
///   [`Solver::respects_capacity`]);
/// - equal instance, parameters, seed and step budget give an equal solution, for any number of
///   threads;
/// - every step ends with [`Run::tick`], and a `Break` ends the run (a single-pass solver has no
///   steps);
/// - prices, where given, are one finite number per expert.
pub trait Solver: Send + Sync {
    /// Solves `instance`.
    ///
    /// # Errors
    /// If no assignment exists, if this solver does not support the instance, or if its device
    /// fails. Running out of budget is not an error.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error>;

    /// False for a baseline that ignores the capacities, as plain top-k does. Its answer
    /// satisfies every constraint of [`Instance::uncapped`].
    fn respects_capacity(&self) -> bool {
        true
    }
}

/// What a solver returns. It claims nothing about quality: [`crate::evaluate`] measures that.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// A feasible assignment.
    pub assignment: Assignment,
    /// Expert prices, if the method has a dual side.
    pub prices: Option<Vec<f64>>,
    /// Why the run ended.
    pub stop: Stop,
}
