//! Every minimiser of QUBO and Ising models by name: the list that the command goes by.
//!
//! ```
//! let entry = spinroute::minimisers::find("exhaustive")?;
//! assert!(entry.exact);
//! # Ok::<(), spinroute::registry::Error>(())
//! ```

use spinroute_ising::registry::{self, Entry, Error};

/// Every minimiser that the features give: those of `spinroute-ising`, then simulated bifurcation.
pub const MINIMISERS: &[Entry] = &[
    registry::EXHAUSTIVE,
    registry::ANNEAL,
    #[cfg(feature = "bifurcation")]
    spinroute_bifurcation::ENTRY,
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
