//! Reading score tables, router weights with hidden states, sparse candidates, assignments, prices
//! and capacities from `.npy` and `.safetensors` files.
//!
//! | file | read by |
//! |---|---|
//! | scores or logits, tokens × experts | [`read_table`] |
//! | router weights and the hidden states that enter them | [`read_router`] |
//! | a few candidates a token with their weights | [`read_sparse`] |
//! | an assignment, prices, capacities | [`read_assignment`], [`read_prices`], [`read_capacities`] |
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
pub use router::{Router, read_router};
pub use rows::Rows;
pub use sparse::{MAX_DERIVED_EXPERTS, Sparse, read_sparse};
pub use table::{Table, read_table};
pub use transform::Transform;
pub use vectors::{read_assignment, read_capacities, read_prices};
