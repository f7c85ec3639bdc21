//! What is run, and what is written.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use spinroute_bifurcation::Mode;
use spinroute_core::Instance;
use spinroute_lab::Machine;
use spinroute_modelling::{Options, Penalty};

/// `config.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) seeds: Vec<u64>,
    pub(crate) capacity_factor: f64,
    pub(crate) routers: Vec<Router>,
    pub(crate) routing: Routing,
    pub(crate) small: Small,
    pub(crate) anneal: Annealing,
    pub(crate) bifurcation: Dynamics,
    pub(crate) close_rows: Close,
    pub(crate) placement: Placing,
}

/// A trained router, and experts a token.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Router {
    pub(crate) name: String,
    pub(crate) folder: String,
    pub(crate) k: u32,
}

/// Group limits and affinity.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Routing {
    pub(crate) tokens: Vec<usize>,
    pub(crate) groups: usize,
    pub(crate) limits: Vec<usize>,
    pub(crate) affinity_k: u32,
    pub(crate) bonus: f64,
    pub(crate) penalty: f64,
    pub(crate) long_up_to: usize,
    pub(crate) long_seeds: usize,
    pub(crate) most_products: usize,
}

/// Instances small enough for a proof.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Small {
    pub(crate) tokens: usize,
    pub(crate) experts: usize,
    pub(crate) groups: usize,
    pub(crate) limit: usize,
    pub(crate) k: u32,
}

/// Annealing of penalty models.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Annealing {
    pub(crate) reads: usize,
    pub(crate) sweeps: Vec<usize>,
    /// Weights of the penalties in largest scores; those that provably suffice where it is not given.
    #[serde(default)]
    pub(crate) weight: Option<f64>,
}

impl Config {
    /// Whether a seed is one of the first, which long runs are made with.
    pub(crate) fn is_long(&self, seed: u64) -> bool {
        self.seeds.iter().take(self.routing.long_seeds).any(|first| *first == seed)
    }
}

impl Annealing {
    /// How a model of such an instance is compiled.
    pub(crate) fn options(&self, instance: &Instance) -> Options {
        let largest = instance.flat().iter().copied().fold(0.0, f32::max);
        let fixed = self.weight.map(|weight| Penalty::Fixed(weight * f64::from(largest)));
        Options::default().penalty(fixed.unwrap_or(Penalty::Tight))
    }
}

/// Simulated bifurcation; what is not given is chosen from the spectrum.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dynamics {
    #[serde(default)]
    pub(crate) mode: Option<Mode>,
    pub(crate) heated: f64,
    #[serde(default)]
    pub(crate) time_step: Option<f64>,
    #[serde(default)]
    pub(crate) coupling: Option<f64>,
}

/// Minimisers over close calls.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    pub(crate) most: usize,
    pub(crate) alternatives: usize,
    pub(crate) balance: f64,
    pub(crate) reads: usize,
    pub(crate) steps: usize,
}

/// Placement.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placing {
    pub(crate) file: String,
    pub(crate) weights: Vec<f64>,
    pub(crate) models: Vec<Counted>,
    pub(crate) squares: f64,
    pub(crate) pair_squares: f64,
    pub(crate) pair_reads: usize,
    pub(crate) pair_steps: usize,
    pub(crate) kicks: usize,
}

/// A model whose loads were counted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counted {
    pub(crate) name: String,
    pub(crate) layers: usize,
    pub(crate) devices: usize,
}

/// One method on one instance.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) problem: String,
    pub(crate) method: String,
    pub(crate) seed: u64,
    /// From the objective to the price bound (routing), from the lower bound to the cost (placement), or
    /// from the optimum (small instances), in percent; none where a method has no answer.
    pub(crate) gap: Option<f64>,
    /// Wall-clock time; of minimisers alone where `steps` is given.
    pub(crate) seconds: f64,
    /// Sweeps or steps of the minimiser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) steps: Option<usize>,
    /// Reads that were feasible without repair, of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) feasible: Option<[usize; 2]>,
}

/// The records of a section, with where they come from.
#[allow(clippy::struct_field_names)]
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Records {
    pub(crate) machine: Machine,
    pub(crate) config: Config,
    pub(crate) records: Vec<Record>,
}

/// Reads the configuration.
pub(crate) fn read(path: &Path) -> Result<Config> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("in {}", path.display()))
}
