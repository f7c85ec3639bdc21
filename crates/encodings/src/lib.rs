//! The assignment problem of a core [`Instance`](spinroute_core::Instance) as a QUBO, in two forms.
//!
//! | form | binaries | what its minimum is |
//! |---|---|---|
//! | [`Full`] | one a pair, `x[t,e]`, and slacks | the optimum, with penalties derived |
//! | [`CloseCalls`] | one a token whose last choice is near the next | the best balance that swaps buy |
//!
//! Each reads its states back as an [`Assignment`](spinroute_core::Assignment), which
//! [`repair`](spinroute_prices::repair) makes feasible, and states how its energy and the core
//! objective are related.
//!
//! The plain problem is a linear program with an integral optimum, and the exact solver
//! `spinroute-flow` finds that in less time than it takes to write the full form down. These forms
//! are for what has no such structure: terms between pairs, minimisers to be compared with a known
//! optimum, hardware that takes nothing else.
//!
//! The full form of T tokens and E experts couples `T E (E − 1) / 2 + E T (T − 1) / 2` pairs of
//! binaries, 1,394 million at T = 4,096 and E = 160. As [`Structured`](spinroute_ising::Structured) couplings
//! it is T + E weights.

mod answer;
mod close_calls;
mod direct;
mod error;
mod full;
mod pairs;
pub mod routing;

pub use answer::assignment;
pub use close_calls::{CloseCall, CloseCalls, CloseForm};
pub use error::Error;
pub use full::{Full, FullForm, Weights};
pub use pairs::{Pairs, Unusable};
pub use routing::{SbCloseCall, SbFull};
