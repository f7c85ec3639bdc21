//! Every minimiser of QUBO and Ising models by name: the list that the command goes by.
//!
//! ```
//! let entry = spinroute::minimisers::find("exhaustive")?;
//! assert!(entry.exact);
//! # Ok::<(), spinroute::registry::Error>(())
//! ```

#[cfg(feature = "bifurcation")]
use spinroute_bifurcation::Bifurcation;
use spinroute_ising::registry::{self, Entry, Error};
use spinroute_ising::{Anneal, Exhaustive};

/// Every minimiser that the features give: those of `spinroute-ising`, then simulated bifurcation.
pub const MINIMISERS: &[Entry] = &[
    Exhaustive::ENTRY,
    Anneal::ENTRY,
    #[cfg(feature = "bifurcation")]
    Bifurcation::ENTRY,
];

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
        let names: Vec<&str> = MINIMISERS.iter().map(|entry| entry.name).collect();
        let mut want: Vec<&str> =
            spinroute_ising::MINIMISERS.iter().map(|entry| entry.name).collect();
        if cfg!(feature = "bifurcation") {
            want.push("sb");
        }
        assert_eq!(names, want);
    }
}
