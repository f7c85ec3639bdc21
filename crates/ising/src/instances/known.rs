//! A published instance, and how it is known to be that.

use super::recipe::Recipe;
use crate::{Error, Graph};

/// How an instance is known to be the published one.
///
/// ```
/// use spinroute_ising::instances::{self, Evidence};
///
/// let g22 = instances::find("G22").ok_or("unknown")?;
/// assert_eq!(g22.evidence, Evidence::Hash);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The SHA-256 is that of the published file.
    Hash,
    /// Length and last lines are those of a stored copy of the published file.
    File,
    /// The published number of edges, which depends on the seeds.
    Edges,
    /// The same rule and the next seeds as those of neighbours with better evidence; annealing reached
    /// this cut, at or just below the best known one, and none beyond it.
    Cut(i64),
}

/// A published instance.
///
/// ```
/// use spinroute_ising::instances;
///
/// let k2000 = instances::find("k2000").ok_or("unknown")?;
/// assert_eq!((k2000.nodes, k2000.edges, k2000.best), (2000, 1_999_000, 33_337));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Known {
    /// Its name in the literature.
    pub name: &'static str,
    /// How it is made.
    pub recipe: Recipe,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many edges it has.
    pub edges: usize,
    /// The best known cut: a lower bound of the largest.
    pub best: i64,
    /// How it is known to be the published instance.
    pub evidence: Evidence,
    /// The SHA-256 of its file, in hexadecimal.
    pub sha256: &'static str,
    /// The SHA-256 of its file with the edges in ascending order: the same for every order of edges.
    pub fingerprint: &'static str,
}

impl Known {
    /// Makes the graph.
    ///
    /// # Errors
    /// None for an entry of [`KNOWN`](super::KNOWN).
    pub fn graph(&self) -> Result<Graph, Error> {
        self.recipe.graph()
    }
}
