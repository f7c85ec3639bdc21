//! What is told of the solvers of an [`Instance`](crate::Instance) in a registry of them.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::entry::{Entry, parse};
use crate::Solver;

/// What is told of a solver.
///
/// ```
/// use spinroute_core::registry::Facts;
///
/// const EXACT: Facts = Facts { prices: true, capacity: true };
/// assert!(EXACT.prices && EXACT.capacity);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether it returns prices, which prove a bound.
    pub prices: bool,
    /// Whether it respects the capacities.
    pub capacity: bool,
}

/// A solver. It stands beside the struct whose parameters it tells:
///
/// ```
/// use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
/// use spinroute_core::{Assignment, Error, Instance, Run, Solution, Solver, Stop, parameters};
///
/// parameters! {
///     /// Takes nothing.
///     #[derive(Default, serde::Serialize, serde::Deserialize)]
///     #[serde(default, deny_unknown_fields)]
///     pub struct Nothing {}
/// }
///
/// impl Nothing {
///     pub const ENTRY: SolverEntry = Entry {
///         name: "nothing",
///         summary: "no expert for no token, where a demand is at most",
///         exact: false,
///         facts: Facts { prices: false, capacity: true },
///         reference: "none",
///         params: Self::PARAMS,
///         default_params: registry::defaults::<Self>,
///         builder: registry::solver::<Self>,
///     };
/// }
///
/// impl Solver for Nothing {
///     fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
///         let assignment = Assignment::empty(instance.tokens(), instance.demand().k());
///         Ok(Solution { assignment, prices: None, stop: Stop::Finished })
///     }
/// }
///
/// assert!(Nothing::ENTRY.build(&Nothing::ENTRY.defaults())?.respects_capacity());
/// # Ok::<(), registry::Error>(())
/// ```
pub type SolverEntry = Entry<dyn Solver, Facts>;

/// A solver from a map of its parameters, in a box: the [`Entry::builder`] of its type.
///
/// # Errors
/// If a value is of the wrong type or a parameter unknown.
pub fn solver<S>(params: Map<String, Value>) -> Result<Box<dyn Solver>, String>
where
    S: Solver + DeserializeOwned + 'static,
{
    Ok(Box::new(parse::<S>(params)?))
}
