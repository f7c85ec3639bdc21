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

use spinroute_core::{Solver, registry};
#[cfg(feature = "bifurcation")]
use spinroute_encodings::{SbCloseCall, SbFull};
#[cfg(feature = "flow")]
use spinroute_flow::Flow;
#[cfg(feature = "lp")]
use spinroute_flow::Lp;
#[cfg(feature = "transport")]
use spinroute_transport::{CappedTopK, Greedy, Quantile, TopK};

pub use spinroute_core::registry::{Build, Entry, Error, Param, defaults};

/// What is told of a solver.
///
/// ```
/// let facts = spinroute::registry::find("flow")?.facts;
/// assert!(facts.prices && facts.capacity);
/// # Ok::<(), spinroute::registry::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether it returns prices, which prove a bound.
    pub prices: bool,
    /// Whether it respects the capacities.
    pub capacity: bool,
}

/// A solver.
///
/// ```
/// use spinroute::registry::{SOLVERS, SolverEntry};
///
/// let exact: Vec<&str> =
///     SOLVERS.iter().filter(|entry: &&SolverEntry| entry.exact).map(|entry| entry.name).collect();
/// assert_eq!(exact, ["flow", "lp"]);
/// ```
pub type SolverEntry = Entry<dyn Solver, Facts>;

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
    Entry {
        name: "flow",
        summary: "the optimum: prices by descent on the dual, then augmenting paths on the experts",
        exact: true,
        facts: Facts { prices: true, capacity: true },
        reference: "min-cost flow: Ahuja, Magnanti, Orlin 1993; see docs/flow.md",
        params: &[Param {
            name: "target_gap",
            help: "a relative gap, at least 0: stop once an answer is proven to be within it",
        }],
        default_params: defaults::<Flow>,
        builder: |params| Ok(Box::new(registry::parse::<Flow>(params)?)),
    },
    #[cfg(feature = "lp")]
    Entry {
        name: "lp",
        summary: "the linear relaxation by a simplex method: the reference, for small instances",
        exact: true,
        facts: Facts { prices: false, capacity: true },
        reference: "the relaxation is integral, Hoffman, Kruskal 1956; solved by good_lp with microlp",
        params: &[Param {
            name: "max_pairs",
            help: "the largest T·E that it accepts; the time grows faster than the square",
        }],
        default_params: defaults::<Lp>,
        builder: |params| Ok(Box::new(registry::parse::<Lp>(params)?)),
    },
    #[cfg(feature = "transport")]
    Entry {
        name: "quantile",
        summary: "prices by quantile balancing, then the best k under them, then a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "quantile balancing, Su 2026 (kexue.fm/archives/11619); \
                    inequality form: arXiv 2502.15451 (2025)",
        params: &[Param { name: "rounds", help: "a number of price updates, at least 0" }],
        default_params: defaults::<Quantile>,
        builder: |params| Ok(Box::new(registry::parse::<Quantile>(params)?)),
    },
    #[cfg(feature = "bifurcation")]
    Entry {
        name: "sb-full",
        summary: "simulated bifurcation of all pairs, steered by prices, then a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "ballistic bifurcation: Goto et al. 2021, Science Advances 7 eabe7953; \
                    see docs/sb-routing.md",
        params: &[
            Param {
                name: "rounds",
                help: "rounds of quantile balancing to start from, at least 0",
            },
            Param { name: "dynamics", help: "false leaves prices, decode and repair alone" },
            Param { name: "prices", help: "what moves prices: subgradient or multipliers" },
            Param { name: "rate", help: "part of the rule's step that prices take, above 0" },
            Param { name: "mode", help: "ballistic or discrete" },
            Param { name: "looks", help: "decodes and repairs, at least 0" },
            Param { name: "moves", help: "subgradient moves of the prices in a look, at least 1" },
            Param { name: "period", help: "steps of the dynamics in a look, at least 1" },
            Param { name: "row_weight", help: "weight of the demands in mean margins, above 0" },
            Param {
                name: "column_weight",
                help: "weight of the capacities in mean margins, above 0",
            },
        ],
        default_params: defaults::<SbFull>,
        builder: |params| Ok(Box::new(registry::parse::<SbFull>(params)?)),
    },
    #[cfg(feature = "bifurcation")]
    Entry {
        name: "sb-close-call",
        summary: "quantile balancing; simulated bifurcation of the close calls; a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "discrete bifurcation: Goto et al. 2021, Science Advances 7 eabe7953; \
                    see docs/sb-routing.md",
        params: &[
            Param { name: "rounds", help: "rounds of quantile balancing before, at least 0" },
            Param { name: "moves", help: "subgradient moves of the prices after, at least 0" },
            Param {
                name: "calls",
                help: "the most close calls, or null for a quarter of the tokens",
            },
            Param {
                name: "balance",
                help: "cost of squared imbalance in mean scores lost, above 0",
            },
            Param { name: "agents", help: "independent agents, at least 1" },
            Param { name: "steps", help: "steps of the integration, at least 1" },
            Param { name: "repairs", help: "states that are repaired, at least 1" },
        ],
        default_params: defaults::<SbCloseCall>,
        builder: |params| Ok(Box::new(registry::parse::<SbCloseCall>(params)?)),
    },
    #[cfg(feature = "transport")]
    Entry {
        name: "greedy",
        summary: "the best remaining pair of all, again and again",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "best-in greedy, at least half the optimum under at-most: Korte, Hausmann 1978",
        params: &[],
        default_params: defaults::<Greedy>,
        builder: |params| Ok(Box::new(registry::parse::<Greedy>(params)?)),
    },
    #[cfg(feature = "transport")]
    Entry {
        name: "capped-topk",
        summary: "top-k; then every overfull expert drops tokens",
        exact: false,
        facts: Facts { prices: false, capacity: true },
        reference: "drop policies of Megatron-LM; exactly-k is completed by augmenting paths",
        params: &[Param {
            name: "drop",
            help: "what an overfull expert drops: probs (its lowest scores) or position (its \
                   last tokens)",
        }],
        default_params: defaults::<CappedTopK>,
        builder: |params| Ok(Box::new(registry::parse::<CappedTopK>(params)?)),
    },
    #[cfg(feature = "transport")]
    Entry {
        name: "topk",
        summary: "the k best experts of every token, whatever the capacities: the baseline",
        exact: false,
        facts: Facts { prices: false, capacity: false },
        reference: "Shazeer et al. 2017, arXiv 1701.06538",
        params: &[],
        default_params: defaults::<TopK>,
        builder: |params| Ok(Box::new(registry::parse::<TopK>(params)?)),
    },
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
