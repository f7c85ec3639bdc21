//! Every minimiser of QUBO and Ising models by name: the list that the command goes by.
//!
//! ```
//! let entry = spinroute::minimisers::find("exhaustive")?;
//! assert!(entry.exact);
//! # Ok::<(), spinroute::registry::Error>(())
//! ```

use spinroute_ising::registry::{self, Entry, Error};

/// Every minimiser: those of `spinroute-ising`, and simulated bifurcation.
pub const MINIMISERS: &[Entry] =
    &[registry::EXHAUSTIVE, registry::ANNEAL, spinroute_bifurcation::ENTRY];

/// The minimiser of that name.
///
/// # Errors
/// If there is none.
pub fn find(name: &str) -> Result<&'static Entry, Error> {
    registry::find(MINIMISERS, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_left_out() {
        for entry in spinroute_ising::MINIMISERS {
            assert!(MINIMISERS.iter().any(|here| here.name == entry.name), "{}", entry.name);
        }
    }
}
