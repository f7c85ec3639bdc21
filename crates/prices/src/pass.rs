//! The top-k pass: for every token, the `k` best experts under prices, and the margin to the next.
//!
//! Every router starts here, and every round of a price method repeats it, at memory speed. Values
//! come first, equal values by lower expert: the order is total. The portable path is the definition; the
//! others give the same bits, and the processor decides at run time which one runs.
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod candidates;
mod path;
mod portable;
mod selection;

pub(crate) use block::{Look, Slots};
pub use candidates::Candidates;
pub use selection::Selection;
