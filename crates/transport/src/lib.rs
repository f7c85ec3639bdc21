//! Fast token-to-expert assignment, without a search for the optimum.
//!
//! | solver | what it does | capacity | prices |
//! |---|---|---|---|
//! | [`TopK`] | the `k` best experts of every token | ignored | no |
//! | [`Greedy`] | the best remaining pair, again and again | kept | no |
//! | [`CappedTopK`] | top-k, then every overfull expert drops tokens | kept | no |
//! | [`Quantile`] | prices by quantile balancing, selection, repair | kept | yes |
//!
//! Each struct is its parameters; `docs/transport.md` has formulas, guarantees and measurements.
mod capped;
mod columns;
mod greedy;
mod quantile;
mod topk;

pub use capped::{CappedTopK, DropPolicy};
pub use greedy::Greedy;
pub use quantile::Quantile;
pub use topk::TopK;
