//! Rounds of quantile balancing: prices from order statistics.
//!
//! The dual of the assignment problem is, over levels `α` and prices `p ≥ 0`,
//!
//! ```text
//! minimise  k Σ_t α[t] + Σ_e c[e] p[e] + Σ_{t,e} max(0, s[t,e] − α[t] − p[e])
//! ```
//!
//! with `α` free under `Exactly` and `α ≥ 0` under `AtMost`. A round minimises it exactly over
//! `α`, then over `p`:
//!
//! ```text
//! α[t] = (k+1)-th largest over e of s[t,e] − p[e]               (AtMost: at least 0)
//! p[e] = max(0, (c[e]+1)-th largest over t of s[t,e] − α[t])    (c[e] ≥ T: 0)
//! ```
//!
//! Each is the lower end of an interval of minimisers. Where there is no (k+1)-th allowed expert that
//! end is `-∞`, and [`Unbounded`] says what `α[t]` is instead. The dual value never rises, but the dual is
//! not smooth, so rounds may stall above the optimum.
//!
//! With equality in both constraints and free prices this is the quantile balancing of J. Su
//! (<https://kexue.fm/archives/11619>, 2026); with inequalities in both, the balancing by binary
//! integer programming of arXiv 2502.15451. Prices here are clipped at 0 because only then do
//! they prove a bound where capacity is left over.
//!
//! [`levels`] is the first half. The second is exact in [`Columns`]; [`bisected`] is a whole round with prices
//! to three digits, for a start on a small sample, where capacities are fractions.

mod bisection;
mod columns;
mod level;
mod nested;
mod passes;

pub use bisection::bisected;
pub use columns::Columns;
pub use level::{Unbounded, levels};
