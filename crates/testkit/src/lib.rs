//! Tests for solvers of the token-to-expert assignment problem: yours, too.
//!
//! ```
//! use spinroute_testkit::{Conformance, reference::Reference};
//!
//! // In a test, with your solver in the place of `Reference`:
//! let report = Conformance::feasible().assert(&Reference);
//! assert!(report.solved["golden contest"] == 1);
//! ```
//!
//! - [`Conformance`] tries a [`Solver`](spinroute_core::Solver) on everything below and names the
//!   first clause of the contract that it breaks, with the smallest instance that shows it:
//!   [`feasible`](Conformance::feasible) for any solver, [`exact`](Conformance::exact) for one that
//!   claims the optimum.
//! - [`smallest`]: a smaller instance that shows the same fault.
//! - [`golden`]: small instances with proven optima, in TOML.
//! - [`strategy`]: proptest strategies of instances; [`generate`]: seeded ones of any size.
//! - [`property`]: properties that hold by definition, as functions for your own property tests.
//! - [`mod@reference`]: two slow, independent exact solvers to compare with.
mod asked;
mod attempt;
mod breach;
mod capacity;
mod conformance;
mod enumerate;
mod exact_objective;
mod exact_sum;
pub mod general;
pub mod generate;
pub mod golden;
pub mod property;
pub mod reference;
mod scores;
mod shrink;
pub mod strategy;
mod trial;
mod truth;

pub use breach::{Breach, Clause, SEED_VARIABLE};
pub use conformance::{Conformance, Report, conformance};
pub use shrink::smallest;
