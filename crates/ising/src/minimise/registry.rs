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

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use spinroute_core::registry;

pub use spinroute_core::registry::{Error, Param, defaults};

use crate::{Anneal, Exhaustive, Minimiser};

/// A minimiser. Other crates write entries of their own with [`defaults`] and [`build`].
///
/// ```
/// use spinroute_ising::registry::{ANNEAL, Entry};
///
/// const MINE: Entry = Entry { name: "slow", ..ANNEAL };
/// assert_eq!(MINE.params[0].name, "reads");
/// ```
pub type Entry = registry::Entry<dyn Minimiser>;

/// The entry of that name.
///
/// # Errors
/// If there is none.
pub fn find(entries: &'static [Entry], name: &str) -> Result<&'static Entry, Error> {
    registry::find(entries, "minimiser", name)
}

/// Builds a minimiser from a map of its parameters.
///
/// # Errors
/// If a value is of the wrong type or a parameter unknown.
pub fn build<M>(params: Map<String, Value>) -> Result<Box<dyn Minimiser>, String>
where
    M: Minimiser + DeserializeOwned + 'static,
{
    Ok(Box::new(registry::parse::<M>(params)?))
}

/// [`Exhaustive`].
pub const EXHAUSTIVE: Entry = Entry {
    name: "exhaustive",
    summary: "every state, up to 26 variables: the proven minimum",
    exact: true,
    facts: (),
    reference: "Gray code: F. Gray, US patent 2632058, 1953",
    params: &[Param { name: "reads", help: "how many of the lowest states, at least 1" }],
    default_params: defaults::<Exhaustive>,
    builder: build::<Exhaustive>,
};

/// [`Anneal`].
pub const ANNEAL: Entry = Entry {
    name: "anneal",
    summary: "simulated annealing from random states, the best state of every read",
    exact: false,
    facts: (),
    reference: "Kirkpatrick, Gelatt, Vecchi, Science 220 (1983) 671-680",
    params: &[
        Param { name: "reads", help: "independent runs, 1 to 2^24" },
        Param { name: "sweeps", help: "proposals to every spin in a read, at least 1" },
        Param { name: "schedule", help: "of beta: geometric or linear" },
        Param {
            name: "beta",
            help: "first and last inverse temperature, positive and in order, or null: from \
                   the model",
        },
        Param { name: "target", help: "stop at an energy this low, or null" },
    ],
    default_params: defaults::<Anneal>,
    builder: build::<Anneal>,
};

/// The minimisers of this crate.
pub const MINIMISERS: &[Entry] = &[EXHAUSTIVE, ANNEAL];

#[cfg(test)]
mod tests {
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
