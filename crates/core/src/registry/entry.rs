//! The entry of an algorithm: what is told of it, and how it is built.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::parameter::Param;

/// What cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No algorithm of that name.
    #[error("there is no {kind} {name:?}; choose among {known}")]
    Name {
        /// What was looked for, such as "solver".
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// No parameter of that name.
    #[error("{owner} has no parameter {name:?}; it has {known}")]
    Parameter {
        /// The algorithm.
        owner: &'static str,
        /// What was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A value that the parameter does not take.
    #[error("parameter {name:?} of {owner}: {reason}; it is {help}")]
    Value {
        /// The algorithm.
        owner: &'static str,
        /// The parameter.
        name: String,
        /// Why not.
        reason: String,
        /// What it takes.
        help: &'static str,
    },
}

/// Makes an algorithm of its parameters, or says why not.
pub type Build<T> = fn(Map<String, Value>) -> Result<Box<T>, String>;

/// An algorithm.
pub struct Entry<T: ?Sized + 'static, F = ()> {
    /// Its name, the same everywhere.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Whether an uninterrupted run with the default parameters proves the optimum.
    pub exact: bool,
    /// What else is told of algorithms of this kind.
    pub facts: F,
    /// Where the algorithm comes from.
    pub reference: &'static str,
    /// Its parameters, one for each key of the defaults.
    pub params: &'static [Param],
    /// [`defaults`] of its type.
    pub default_params: fn() -> Map<String, Value>,
    /// [`parse`] of its type, in a box.
    pub builder: Build<T>,
}

impl<T: ?Sized, F: Clone> Clone for Entry<T, F> {
    fn clone(&self) -> Self {
        Self { facts: self.facts.clone(), ..*self }
    }
}

impl<T: ?Sized, F: Copy> Copy for Entry<T, F> {}

impl<T: ?Sized, F> std::fmt::Debug for Entry<T, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T: ?Sized, F> Entry<T, F> {
    /// The parameters with their defaults.
    #[must_use]
    pub fn defaults(&self) -> Map<String, Value> {
        (self.default_params)()
    }

    /// Builds the algorithm; parameters that are left out keep their defaults.
    ///
    /// # Errors
    /// If a parameter is unknown or its value of the wrong type.
    pub fn build(&self, params: &Map<String, Value>) -> Result<Box<T>, Error> {
        for (name, value) in params {
            let Some(param) = self.params.iter().find(|param| param.name == name) else {
                let known: Vec<&str> = self.params.iter().map(|param| param.name).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(Error::Parameter { owner: self.name, name: name.clone(), known });
            };
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            (self.builder)(alone).map_err(|reason| self.refuse(name, reason, param.help))?;
        }
        let all = (self.builder)(params.clone());
        all.map_err(|reason| self.refuse("(all)", reason, "as documented"))
    }

    fn refuse(&self, name: &str, reason: String, help: &'static str) -> Error {
        Error::Value { owner: self.name, name: name.into(), reason, help }
    }
}

/// The entry of that name; `kind` says what is missing where there is none.
///
/// # Errors
/// If there is none.
pub fn find<T: ?Sized, F>(
    entries: &'static [Entry<T, F>],
    kind: &'static str,
    name: &str,
) -> Result<&'static Entry<T, F>, Error> {
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
        Error::Name { kind, name: name.into(), known: known.join(", ") }
    })
}

/// The default parameters of an algorithm as a map.
#[must_use]
pub fn defaults<A: Default + Serialize>() -> Map<String, Value> {
    match serde_json::to_value(A::default()) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// An algorithm from a map of its parameters.
///
/// # Errors
/// If a value is of the wrong type or a parameter unknown.
pub fn parse<A: DeserializeOwned>(params: Map<String, Value>) -> Result<A, String> {
    serde_json::from_value(Value::Object(params)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::registry::Parameters;

    crate::parameters! {
        #[derive(Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Counter {
            /// a number
            first: u8 => "up to 255",
        }
    }

    const ENTRIES: &[Entry<Counter>] = &[
        Entry {
            name: "up",
            summary: "counts",
            exact: false,
            facts: (),
            reference: "none",
            params: Counter::PARAMS,
            default_params: defaults::<Counter>,
            builder: |params| parse(params).map(Box::new),
        },
        Entry {
            name: "still",
            summary: "does not",
            exact: true,
            facts: (),
            reference: "none",
            params: &[],
            default_params: Map::new,
            builder: |_| Ok(Box::default()),
        },
    ];

    fn build(name: &str, key: &str, value: impl Into<Value>) -> Result<u8, Error> {
        let params = Map::from_iter([(key.to_owned(), value.into())]);
        Ok(find(ENTRIES, "counter", name)?.build(&params)?.first)
    }

    #[test]
    fn what_is_given_is_built_or_refused_with_the_mend() {
        assert_eq!(build("up", "first", 7), Ok(7));
        let message = |result: Result<u8, Error>| result.unwrap_err().to_string();
        assert_eq!(
            message(build("down", "first", 7)),
            "there is no counter \"down\"; choose among up, still"
        );
        assert_eq!(message(build("up", "last", 7)), "up has no parameter \"last\"; it has first");
        assert_eq!(
            message(build("still", "last", 7)),
            "still has no parameter \"last\"; it has none"
        );
        let refused = message(build("up", "first", 256));
        assert!(refused.starts_with("parameter \"first\" of up: "), "{refused}");
        assert!(refused.ends_with("; it is a number, up to 255"), "{refused}");
        assert_eq!(ENTRIES[0].defaults(), Map::from_iter([("first".to_owned(), Value::from(0))]));
    }
}
