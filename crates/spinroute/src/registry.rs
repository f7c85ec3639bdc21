//! Every solver by name: the one list that the command, the benches and the tests go by, in the form of
//! [`spinroute_core::registry`]. A feature of the crate adds its family's solvers; the order is the same
//! with any of them.
//!
//! ```
//! let entry = spinroute::registry::find("greedy")?;
//! let solver = entry.build(&entry.defaults())?;
//! assert!(solver.respects_capacity() && !entry.exact);
//! # Ok::<(), spinroute::registry::Error>(())
//! ```

use spinroute_core::registry;
#[cfg(feature = "bifurcation")]
use spinroute_encodings::{SbCloseCall, SbFull};
#[cfg(feature = "flow")]
use spinroute_flow::Flow;
#[cfg(feature = "lp")]
use spinroute_flow::Lp;
#[cfg(feature = "transport")]
use spinroute_transport::{
    Base, CappedTopK, ExpertChoice, Greedy, MaxScoreReleased, MaxScoreReroute, Quantile,
    QuantileHistogram, SinkhornMegatron, TopK,
};

pub use spinroute_core::registry::{Build, Entry, Error, Facts, Param, SolverEntry, defaults};

/// The solver of that name.
///
/// # Errors
/// If there is none.
pub fn find(name: &str) -> Result<&'static SolverEntry, Error> {
    registry::find(SOLVERS, "solver", name)
}

/// Every solver that the features give: the exact ones first, the baseline last.
pub const SOLVERS: &[SolverEntry] = &[
    #[cfg(feature = "flow")]
    Flow::ENTRY,
    #[cfg(feature = "lp")]
    Lp::ENTRY,
    #[cfg(feature = "transport")]
    Quantile::ENTRY,
    #[cfg(feature = "transport")]
    QuantileHistogram::ENTRY,
    #[cfg(feature = "bifurcation")]
    SbFull::ENTRY,
    #[cfg(feature = "bifurcation")]
    SbCloseCall::ENTRY,
    #[cfg(feature = "transport")]
    MaxScoreReleased::ENTRY,
    #[cfg(feature = "transport")]
    Greedy::ENTRY,
    #[cfg(feature = "transport")]
    ExpertChoice::ENTRY,
    #[cfg(feature = "transport")]
    Base::ENTRY,
    #[cfg(feature = "transport")]
    CappedTopK::ENTRY,
    #[cfg(feature = "transport")]
    MaxScoreReroute::ENTRY,
    #[cfg(feature = "transport")]
    SinkhornMegatron::ENTRY,
    #[cfg(feature = "transport")]
    TopK::ENTRY,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_defaults_build() {
        for (i, entry) in SOLVERS.iter().enumerate() {
            assert!(SOLVERS[..i].iter().all(|other| other.name != entry.name), "{}", entry.name);
            let solver = entry.build(&entry.defaults()).unwrap();
            assert_eq!(solver.respects_capacity(), entry.facts.capacity, "{}", entry.name);
        }
    }

    #[test]
    fn every_parameter_is_documented_and_no_other() {
        for entry in SOLVERS {
            let mut documented: Vec<&str> = entry.params.iter().map(|param| param.name).collect();
            documented.sort_unstable();
            let defaults = entry.defaults();
            let mut keys: Vec<&str> = defaults.keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(documented, keys, "{}", entry.name);
        }
    }

    #[cfg(feature = "transport")]
    #[test]
    fn unknown_names_are_refused_with_those_that_exist() {
        use serde_json::{Map, Value};
        let params = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        let message = find("simplex").unwrap_err().to_string();
        assert!(message.contains("simplex") && message.contains("greedy, "), "{message}");
        let quantile = find("quantile").unwrap();
        let error = quantile.build(&params("round", Value::from(3))).err().unwrap();
        assert_eq!(error.to_string(), "quantile has no parameter \"round\"; it has rounds");
        let error = quantile.build(&params("rounds", Value::from("many"))).err().unwrap();
        assert!(matches!(error, Error::Value { name, .. } if name == "rounds"));
        assert!(quantile.build(&params("rounds", Value::from(3))).is_ok());
    }
}
