//! Exact routing with proof: prices, then augmenting paths on a graph of experts.
//!
//! ```
//! use ndarray::array;
//! use spinroute_core::{Demand, Instance, Run, Solver, evaluate};
//! use spinroute_flow::Flow;
//!
//! let scores = array![[0.9, 0.8], [0.7, 0.1]]; // 2 tokens × 2 experts
//! let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
//! let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
//! let evaluation = evaluate(&instance, &solution)?;
//! assert!(evaluation.gap < 1e-12); // proven by its own prices
//! # Ok::<(), spinroute_core::Error>(())
//! ```
//!
//! - [`Flow`]: the exact solver, at the speed of a heuristic.
//! - `Lp`, with the feature `lp` (a default): the linear program through a general solver, for small
//!   instances.
mod cycles;
mod finish;
mod flow;
mod holdings;
#[cfg(feature = "lp")]
mod lp;
mod memory;
mod outflow;
mod passes;
mod proof;
mod residual;
mod score;
mod search;
mod settle;
mod view;

pub use flow::Flow;
#[cfg(feature = "lp")]
pub use lp::Lp;
