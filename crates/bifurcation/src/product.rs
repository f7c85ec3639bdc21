//! What the couplings do to a batch of agents: `pull = h + J · signal` in `f32`, all agents at once.
//!
//! A batch is a table of `variables × lanes` values, the agents of a variable side by side; `lanes`
//! is 1 or a multiple of [`LANES`]. Every value is one sum in a fixed order, which depends neither on
//! the rows that are asked for together nor on the number of agents or threads.

mod codes;
mod dense;
mod few_values;
mod scaled_model;
mod sign_counts;
mod sparse;
mod structured;
mod table;
#[cfg(test)]
pub(crate) mod tests;

pub use scaled_model::ScaledModel;
pub(crate) use sign_counts::SignCounts;
pub(crate) use structured::{CHUNK, Grid, pairwise, term};
pub use table::LANES;
pub(crate) use table::{Table, zeros};
