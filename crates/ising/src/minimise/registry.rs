//! Every minimiser by name, in the form of [`spinroute_core::registry`].
//!
//! ```
//! use spinroute_ising::registry::{self, MINIMISERS};
//!
//! let entry = registry::find(MINIMISERS, "anneal")?;
//! let minimiser = entry.build(&entry.defaults())?;
//! # let _ = minimiser;
//! # Ok::<(), spinroute_ising::Error>(())
//! ```

use spinroute_core::registry;

pub use spinroute_core::registry::{Error, Param, defaults};

use crate::{Anneal, Exhaustive};

pub use super::entry::{Entry, build};

/// The entry of that name.
///
/// # Errors
/// If there is none.
pub fn find(entries: &'static [Entry], name: &str) -> Result<&'static Entry, Error> {
    registry::find(entries, "minimiser", name)
}

/// The minimisers of this crate.
pub const MINIMISERS: &[Entry] = &[Exhaustive::ENTRY, Anneal::ENTRY];

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    fn params(pairs: &[(&str, Value)]) -> Map<String, Value> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
    }

    #[test]
    fn names_are_unique_and_every_parameter_is_documented() {
        for (i, entry) in MINIMISERS.iter().enumerate() {
            assert!(MINIMISERS[..i].iter().all(|other| other.name != entry.name));
            assert!(entry.build(&entry.defaults()).is_ok());
            let mut documented: Vec<&str> = entry.params.iter().map(|param| param.name).collect();
            documented.sort_unstable();
            let defaults = entry.defaults();
            let mut keys: Vec<&str> = defaults.keys().map(String::as_str).collect();
            keys.sort_unstable();
            assert_eq!(documented, keys, "{}", entry.name);
        }
    }

    #[test]
    fn unknown_names_are_refused_with_those_that_exist() {
        let error = find(MINIMISERS, "tabu").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no minimiser \"tabu\"; choose among exhaustive, anneal"
        );
        let exhaustive = find(MINIMISERS, "exhaustive").unwrap();
        let error = exhaustive.build(&params(&[("read", Value::from(3))])).err().unwrap();
        assert_eq!(error.to_string(), "exhaustive has no parameter \"read\"; it has reads");
        let error = exhaustive.build(&params(&[("reads", Value::from("x"))])).err().unwrap();
        assert!(matches!(error, Error::Value { name, .. } if name == "reads"));
    }
}
