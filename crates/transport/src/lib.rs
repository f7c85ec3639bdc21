//! Fast token-to-expert assignment, without a search for the optimum.
//!
//! | solver | what it does | capacity | prices |
//! |---|---|---|---|
//! | [`TopK`] | the `k` best experts of every token | ignored | no |
//! | [`Greedy`] | the best remaining pair, again and again | kept | no |
//! | [`CappedTopK`] | top-k, then every overfull expert drops tokens | kept | no |
//! | [`ExpertChoice`] | every expert takes its best tokens; not causal | kept | no |
//! | [`MaxScoreReleased`] | `k − 1` greedy choices by token, then an exact last one | kept | no |
//! | [`MaxScoreReroute`] | top-(k − 1) with a drop, then the last choice rerouted | kept | no |
//! | [`Base`] | experts bid for tokens, the auction of BASE layers; `k = 1` | kept | no |
//! | [`Quantile`] | prices by quantile balancing, selection, repair | kept | yes |
//! | [`QuantileHistogram`] | the same by histograms, as training stacks run it | kept | yes |
//! | [`SinkhornMegatron`] | top-k of Megatron-LM's Sinkhorn plan | ignored | no |
//!
//! ```
//! use ndarray::array;
//! use spinroute_core::{Demand, Instance, Run, Solver, evaluate};
//! use spinroute_transport::Quantile;
//!
//! let scores = array![[0.9, 0.8], [0.7, 0.1]]; // 2 tokens × 2 experts
//! let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
//! let solution = Quantile::default().solve(&instance, &mut Run::new(0))?;
//! assert!(evaluate(&instance, &solution)?.gap < 0.5); // feasible, and measured by its own prices
//! # Ok::<(), spinroute_core::Error>(())
//! ```
//!
//! Each struct is its parameters; `docs/transport.md` has formulas, guarantees and measurements.
mod base;
mod capped;
mod ending;
mod expert_choice;
mod greedy;
mod max_score;
mod max_score_reroute;
mod quantile;
mod quantile_histogram;
mod sinkhorn_megatron;
mod topk;

pub use base::Base;
pub use capped::{CappedTopK, DropPolicy};
pub use expert_choice::{ExpertChoice, expert_choices};
pub use greedy::Greedy;
pub use max_score::MaxScoreReleased;
pub use max_score_reroute::MaxScoreReroute;
pub use quantile::Quantile;
pub use quantile_histogram::QuantileHistogram;
pub use sinkhorn_megatron::{MegatronScores, SinkhornMegatron};
pub use topk::TopK;
