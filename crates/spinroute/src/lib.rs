//! Capacity-constrained assignment of tokens to experts, exactly or fast, with a proof.
//!
//! A facade over the crates of the project: the problem, its answers and their certificates
//! (`spinroute-core`), the solvers ([`flow`], [`transport`], and all of them by name in [`registry`]),
//! and the files that they read ([`checkpoint`]); beside them binary quadratic problems ([`ising`], the language [`modelling`], their
//! solvers, [`bifurcation`] among them, by name in [`minimisers`]). The command `spinroute` is built on nothing else.
//!
//! ```
//! use ndarray::array;
//! use spinroute::{Demand, Instance, Run, Solver, evaluate, flow::Flow};
//!
//! // Three tokens, two experts that hold two tokens each, one expert a token.
//! let scores = array![[0.9, 0.1], [0.8, 0.3], [0.7, 0.6]];
//! let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1))?;
//! let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
//! let evaluation = evaluate(&instance, &solution)?; // checks every constraint, proves the gap
//! assert!((evaluation.objective - 2.3).abs() < 1e-6 && evaluation.gap <= 1e-9);
//! # Ok::<(), spinroute::Error>(())
//! ```
pub mod minimisers;
pub mod registry;

pub use spinroute_bifurcation as bifurcation;
pub use spinroute_checkpoint as checkpoint;
pub use spinroute_encodings as encodings;
pub use spinroute_flow as flow;
pub use spinroute_ising as ising;
pub use spinroute_modelling as modelling;
pub use spinroute_transport as transport;

pub use spinroute_core::{
    Assignment, Best, Budget, Certificate, Clock, Deficiency, Demand, Error, Evaluation, Instance,
    Load, Observer, Progress, Run, Solution, Solver, Stop, Violation, evaluate, gap,
};

/// The code of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/qubo.md")]
struct QuboChapter;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/penalties.md")]
struct PenaltiesChapter;
