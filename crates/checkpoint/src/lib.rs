//! Reading score tables, router weights with hidden states, sparse candidates, assignments, prices,
//! limits, masks and groups from `.npy` and `.safetensors` files.
//!
//! | file | read by |
//! |---|---|
//! | scores or logits, tokens × experts | [`read_table`] |
//! | router weights and the hidden states that enter them | [`read_router`] |
//! | a few candidates a token with their weights | [`read_sparse`] |
//! | an assignment, prices | [`read_assignment`], [`read_prices`] |
//! | capacities, minimums and groups of experts | [`read_capacities`], [`read_minimums`], [`read_groups`] |
//! | how many experts each token takes, which tokens take part | [`read_demands`], [`read_mask`] |
//!
//! Everything is checked where it is read: an [`Error`] names the file, the place and the mend. A
//! file's header is never believed: nothing is allocated that its bytes do not back. Files are
//! mapped, see [`File`], and decoded in parallel; no result depends on the number of threads.
//!
//! ```no_run
//! use spinroute_checkpoint::{File, Rows, Transform, read_table};
//!
//! let file = File::open("scores.npy")?;
//! let scores = read_table(&file, None, Transform::None, Rows::ALL)?; // tokens × experts
//! # Ok::<(), spinroute_checkpoint::Error>(())
//! ```
mod array;
mod error;
mod file;
mod lists;
pub mod npy;
mod router;
mod rows;
mod sparse;
mod table;
mod tensors;
mod transform;
mod vectors;

pub use error::{Argument, Error, Mend};
pub use file::File;
pub use lists::{read_capacities, read_demands, read_groups, read_mask, read_minimums};
pub use router::{Router, read_router, router_layers};
pub use rows::Rows;
pub use sparse::{MAX_DERIVED_EXPERTS, Sparse, read_sparse};
pub use table::{Table, read_table};
pub use transform::Transform;
pub use vectors::{read_assignment, read_prices};
