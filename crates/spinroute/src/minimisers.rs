//! Every minimiser of QUBO and Ising models by name: the list that the command goes by.
//!
//! ```
//! use spinroute::{minimisers::MINIMISERS, qubo::registry};
//!
//! let entry = registry::find(MINIMISERS, "exhaustive")?;
//! assert!(entry.exact);
//! # Ok::<(), spinroute::qubo::Error>(())
//! ```

use spinroute_qubo::registry::Entry;

/// Every minimiser: those of `spinroute-qubo`.
pub const MINIMISERS: &[Entry] = spinroute_qubo::MINIMISERS;
