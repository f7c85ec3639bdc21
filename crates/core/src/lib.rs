//! The problem, its answers, and the proof of how good an answer is.
//!
//! An [`Instance`] asks which experts each token takes: maximise the retained score, `k` experts
//! a token, at most `c[e]` tokens an expert. A [`Solver`] answers with an [`Assignment`] and, where
//! its method has a dual side, with expert prices. This crate alone says how good the answer is:
//! [`Instance::objective`] checks every constraint, [`Certificate`] turns *any* prices into an
//! upper bound on the optimum, and [`evaluate`] puts the two together. No solver is believed.
//!
//! ```
//! use ndarray::array;
//! use spinroute_core::{Certificate, Demand, Instance};
//!
//! // Two tokens both prefer expert 0, which holds one of them.
//! let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
//! let bound = Certificate::new(&instance, vec![0.1, 0.0])?.bound();
//! assert!((bound - 1.5).abs() < 1e-6); // token 1 takes expert 0, token 0 takes expert 1
//! # Ok::<(), spinroute_core::Error>(())
//! ```
mod assignment;
mod builder;
mod certificate;
mod clock;
mod contradiction;
mod cut;
mod deficiency;
mod demand;
mod error;
mod evaluate;
mod feature;
mod groups;
mod instance;
mod limits;
mod load;
mod many;
pub mod registry;
mod run;
mod scores;
mod share;
mod solver;
mod sum;
mod workspace;

pub use assignment::Assignment;
pub use builder::Builder;
pub use certificate::{Certificate, gap};
pub use clock::Clock;
pub use deficiency::{Deficiency, Shortfall};
pub use demand::Demand;
pub use error::{Error, Violation};
pub use evaluate::{Evaluation, evaluate};
pub use feature::Feature;
pub use groups::Groups;
pub use instance::Instance;
pub use limits::{Limits, Overflow, Reward};
pub use load::{GroupLoad, Load};
pub use many::solve_many;
pub use run::{Best, Budget, Observer, Progress, Run, Stop};
pub use scores::Scores;
pub use solver::{Solution, Solver};
pub use workspace::Workspace;
