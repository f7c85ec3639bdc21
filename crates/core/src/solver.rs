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
/// - prices, where given, are one finite number per expert, then one per group (all groups may be left out: 0);
/// - what it does not honour it refuses, with what is missing ([`Instance::supported`]).
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Error, Instance, Run, Solution, Solver, Stop, evaluate};
///
/// /// Token `t` takes expert `t` modulo their number.
/// struct RoundRobin;
///
/// impl Solver for RoundRobin {
///     fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
///         let experts = instance.experts();
///         let slots = (0..instance.tokens()).map(|t| (t % experts) as u32).collect();
///         let assignment = Assignment::from_slots(1, slots);
///         Ok(Solution { assignment, prices: None, stop: Stop::Finished })
///     }
/// }
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let solution = RoundRobin.solve(&instance, &mut Run::new(0))?;
/// assert!(evaluate(&instance, &solution)?.gap > 0.3); // 1.0 of 1.5, and core says so
/// # Ok::<(), spinroute_core::Error>(())
/// ```
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
///
/// ```
/// use spinroute_core::{Assignment, Solution, Stop};
///
/// let assignment = Assignment::from_slots(1, vec![1, 0]);
/// let solution = Solution { assignment, prices: Some(vec![0.1, 0.0]), stop: Stop::Finished };
/// assert_eq!(solution.assignment.tokens(), 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// A feasible assignment.
    pub assignment: Assignment,
    /// Prices of the experts, then of the groups if there are any, if the method has a dual side.
    pub prices: Option<Vec<f64>>,
    /// Why the run ended.
    pub stop: Stop,
}
