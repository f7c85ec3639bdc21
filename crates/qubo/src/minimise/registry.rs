//! Every minimiser by name, as the assignment solvers have it.
//!
//! ```
//! use spinroute_qubo::registry::{self, MINIMISERS};
//!
//! let entry = registry::find(MINIMISERS, "anneal")?;
//! let minimiser = entry.build(&entry.defaults())?;
//! # let _ = minimiser;
//! # Ok::<(), spinroute_qubo::Error>(())
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Anneal, Error, Exhaustive, Minimiser};

/// A parameter of a minimiser. Its default is in [`Entry::defaults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Param {
    /// Its key.
    pub name: &'static str,
    /// What it means, with unit and range.
    pub help: &'static str,
}

/// Makes a minimiser of its parameters, or says why not.
pub type Build = fn(Map<String, Value>) -> Result<Box<dyn Minimiser>, String>;

/// A minimiser. Other crates write entries of their own with [`defaults`] and [`build`].
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name, the same everywhere.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Whether an uninterrupted run proves the minimum.
    pub exact: bool,
    /// Where the algorithm comes from.
    pub reference: &'static str,
    /// Its parameters, one for each key of the defaults.
    pub params: &'static [Param],
    /// [`defaults`] of its type.
    pub default_params: fn() -> Map<String, Value>,
    /// [`build`] of its type.
    pub builder: Build,
}

impl Entry {
    /// The parameters with their defaults.
    #[must_use]
    pub fn defaults(&self) -> Map<String, Value> {
        (self.default_params)()
    }

    /// Builds the minimiser; parameters that are left out keep their defaults.
    ///
    /// # Errors
    /// If a parameter is unknown or its value of the wrong type.
    pub fn build(&self, params: &Map<String, Value>) -> Result<Box<dyn Minimiser>, Error> {
        for (name, value) in params {
            let Some(param) = self.params.iter().find(|param| param.name == name) else {
                let known = self.params.iter().map(|param| param.name).collect::<Vec<_>>();
                let (minimiser, name, known) = (self.name, name.clone(), known.join(", "));
                return Err(Error::UnknownParameter { minimiser, name, known });
            };
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            (self.builder)(alone).map_err(|reason| self.refuse(name, reason, param.help))?;
        }
        let all = (self.builder)(params.clone());
        all.map_err(|reason| self.refuse("(all)", reason, "as documented"))
    }

    fn refuse(&self, name: &str, reason: String, help: &'static str) -> Error {
        Error::ParameterValue { minimiser: self.name, name: name.into(), reason, help }
    }
}

/// The entry of that name.
///
/// # Errors
/// If there is none.
pub fn find(entries: &'static [Entry], name: &str) -> Result<&'static Entry, Error> {
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
        Error::UnknownMinimiser { name: name.into(), known: known.join(", ") }
    })
}

/// The default parameters of a minimiser as a map.
#[must_use]
pub fn defaults<M: Default + Serialize>() -> Map<String, Value> {
    match serde_json::to_value(M::default()) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Builds a minimiser from a map of its parameters.
///
/// # Errors
/// If a value is of the wrong type or a parameter unknown.
pub fn build<M>(params: Map<String, Value>) -> Result<Box<dyn Minimiser>, String>
where
    M: Minimiser + DeserializeOwned + 'static,
{
    match serde_json::from_value::<M>(Value::Object(params)) {
        Ok(minimiser) => Ok(Box::new(minimiser)),
        Err(error) => Err(error.to_string()),
    }
}

/// The minimisers of this crate.
pub const MINIMISERS: &[Entry] = &[
    Entry {
        name: "exhaustive",
        summary: "every state, up to 26 variables: the proven minimum",
        exact: true,
        reference: "Gray code: F. Gray, US patent 2632058, 1953",
        params: &[Param { name: "reads", help: "how many of the lowest states, at least 1" }],
        default_params: defaults::<Exhaustive>,
        builder: build::<Exhaustive>,
    },
    Entry {
        name: "anneal",
        summary: "simulated annealing from random states, the best state of every read",
        exact: false,
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
    },
];

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
        assert!(matches!(error, Error::ParameterValue { name, .. } if name == "reads"));
    }
}
