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

/// Every minimiser: those of `spinroute-qubo`, and simulated bifurcation.
pub const MINIMISERS: &[Entry] =
    &[spinroute_qubo::MINIMISERS[0], spinroute_qubo::MINIMISERS[1], spinroute_bifurcation::ENTRY];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_left_out() {
        for entry in spinroute_qubo::MINIMISERS {
            assert!(MINIMISERS.iter().any(|here| here.name == entry.name), "{}", entry.name);
        }
    }
}
