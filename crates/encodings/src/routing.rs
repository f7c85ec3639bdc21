//! Assignment solvers: simulated bifurcation between prices and a repair.
//!
//! | solver | variables | what the dynamics decide |
//! |---|---|---|
//! | [`SbFull`] | a spin a pair, T·E | everything, as far as positions go against prices |
//! | [`SbCloseCall`] | a switch a close call | the last choice of tokens that hardly mind |
//!
//! Both start from [`Quantile`](spinroute_transport::Quantile) balancing, end with [`spinroute_prices::repair`], and keep the best
//! feasible assignment that they saw, so that neither is ever worse than quantile balancing of as many
//! rounds. No step begins for which the time would not do, as far as the last one tells: the best that
//! was seen is an answer at any time. The plain problem is a linear program whose exact solver is faster
//! than either: what the dynamics add, and that it is little, is measured in `docs/sb-routing.md`.

mod checks;
mod close_call;
mod field;
mod full;
mod incumbent;
mod prices;
mod start;

pub use close_call::SbCloseCall;
pub use full::{PriceRule, SbFull};
pub use incumbent::Origin;
