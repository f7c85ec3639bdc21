//! The entry of a minimiser in a registry.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use spinroute_core::registry;

use super::Minimiser;

/// A minimiser. It stands beside the struct whose parameters it tells, as do those of other crates.
///
/// ```
/// use spinroute_ising::{Anneal, registry::Entry};
///
/// const MINE: Entry = Entry { name: "slow", ..Anneal::ENTRY };
/// assert_eq!(MINE.params[0].name, "reads");
/// ```
pub type Entry = registry::Entry<dyn Minimiser>;

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
