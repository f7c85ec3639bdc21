//! The `k` best of every row of a score table, at memory speed.
//!
//! Every router starts here, and every round of a price method repeats it: for each token, the
//! `k` largest of `s[t,e] − p[e]`, the value of the last one taken and of the first one left.
//! The order is total: larger values first, equal values by lower expert. All paths give the
//! same bits; which one runs is decided by the processor at run time.
//!
//! This is the only crate for the CPU that holds `unsafe` code: the vector paths, each beside a
//! portable twin that a test compares it with.
#[cfg(target_arch = "x86_64")]
mod avx512;
mod candidates;
mod portable;
mod repair;
pub mod row;
mod selection;

pub use candidates::Candidates;
pub use repair::{repair, repair_in_time};
pub use selection::Selection;
