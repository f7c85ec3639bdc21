//! Weighted graphs and their cuts: max-cut is the Ising problem without fields.
//!
//! A cut puts every node on one of two sides, spins ±1, and is worth the weights of the edges
//! between the sides. With `J = w`, no fields and no offset,
//!
//! ```text
//! E(s) = Σ w[u,v] s[u] s[v] = W - 2·cut(s),   W = Σ w[u,v],   so   cut = (W - E) / 2
//! ```
//!
//! and the lowest energy is the largest cut. Edges keep the order in which they were given: it is
//! the order of a file, and the order in which generators draw weights. Parallel edges add up.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::number::Number;
use crate::samples::check_state;
use crate::{Error, Ising, Sparse};

/// An edge between two different nodes, counted from 0.
///
/// ```
/// use spinroute_ising::{Edge, Graph};
///
/// let edge = Edge { from: 0, to: 1, weight: 2.5 };
/// assert_eq!(Graph::new(2, vec![edge])?.total(), 2.5);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// One end.
    pub from: u32,
    /// The other.
    pub to: u32,
    /// What it adds to a cut that separates its ends.
    pub weight: f64,
}

/// A graph with weighted edges.
///
/// ```
/// use spinroute_ising::{Edge, Graph};
///
/// let edge = |from, to| Edge { from, to, weight: 1.0 };
/// let triangle = Graph::new(3, vec![edge(0, 1), edge(1, 2), edge(0, 2)])?;
/// assert_eq!(triangle.cut(&[1, -1, 1]), Some(2.0));
/// let energy = triangle.ising()?.energy(&[1, -1, 1]);
/// assert_eq!(triangle.cut_of_energy(energy), 2.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    nodes: usize,
    edges: Vec<Edge>,
}

impl Graph {
    /// A graph of `nodes` nodes.
    ///
    /// # Errors
    /// If there are more nodes than 32 bits count, an edge ends at none of them or where it began,
    /// or a weight is not finite.
    pub fn new(nodes: usize, edges: Vec<Edge>) -> Result<Self, Error> {
        if u32::try_from(nodes).is_err() {
            let most = u32::MAX as usize;
            return Err(Error::TooLarge { variables: nodes, most, what: "a graph" });
        }
        for (index, &Edge { from, to, weight }) in edges.iter().enumerate() {
            let variable = from.max(to) as usize;
            if variable >= nodes {
                return Err(Error::Variable { variable, variables: nodes });
            }
            if from == to {
                return Err(Error::SelfCoupling { variable });
            }
            if !weight.is_finite() {
                return Err(Error::NotFinite { what: "weight of edge", index, value: weight });
            }
        }
        Ok(Self { nodes, edges })
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// The edges, in the order in which they were given.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The weights, to be changed; the edges stay where they are.
    pub(crate) fn weights_mut(&mut self) -> impl Iterator<Item = &mut f64> {
        self.edges.iter_mut().map(|edge| &mut edge.weight)
    }

    /// The sum of all weights, W.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.edges.iter().fold(0.0, |total, edge| total + edge.weight)
    }

    /// The weight of the edges between nodes of different spins; `None` without one spin a node. The
    /// sides may also be 0 and 1.
    #[must_use]
    pub fn cut(&self, spins: &[i8]) -> Option<f64> {
        let apart = |edge: &&Edge| spins[edge.from as usize] != spins[edge.to as usize];
        check_state(spins, self.nodes)
            .is_ok()
            .then(|| self.edges.iter().filter(apart).fold(0.0, |cut, edge| cut + edge.weight))
    }

    /// The cut that belongs to an energy of [`Graph::ising`].
    #[must_use]
    pub fn cut_of_energy(&self, energy: f64) -> f64 {
        (self.total() - energy) / 2.0
    }

    /// The model whose lowest energy is the largest cut: couplings are the weights, no fields.
    ///
    /// # Errors
    /// If the weights of parallel edges add up to infinity.
    pub fn ising(&self) -> Result<Ising, Error> {
        let triplets = self.edges.iter().map(|edge| (edge.from, edge.to, edge.weight));
        let couplings = Sparse::from_triplets(self.nodes, triplets)?;
        Ising::new(vec![0.0; self.nodes], couplings, 0.0)
    }

    /// Writes rudy's text: `nodes edges`, then `from to weight` an edge, nodes counted from 1. The
    /// header ends in a blank, as that of the published files does: generated instances are equal
    /// to them to the last byte.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn write_rudy(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{} {} ", self.nodes, self.edges.len())?;
        for &Edge { from, to, weight } in &self.edges {
            writeln!(out, "{} {} {}", from + 1, to + 1, Number(weight))?;
        }
        Ok(())
    }

    /// The SHA-256 of what [`Graph::write_rudy`] writes.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = io::BufWriter::new(Hash(Sha256::new()));
        // A hash takes every byte.
        let _ = self.write_rudy(&mut hash);
        match hash.into_inner() {
            Ok(hash) => hash.0.finalize().into(),
            Err(_) => [0; 32],
        }
    }

    /// The same graph in one order of all: the lower node of an edge first, edges ascending,
    /// parallel ones as they stand. Two files of the same graph differ in the order only.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let mut edges: Vec<Edge> = self
            .edges
            .iter()
            .map(|&Edge { from, to, weight }| Edge { from: from.min(to), to: from.max(to), weight })
            .collect();
        edges.sort_by_key(|edge| (edge.from, edge.to));
        Self { nodes: self.nodes, edges }
    }
}

/// A writer into a hash.
struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edge(from: u32, to: u32, weight: f64) -> Edge {
        Edge { from, to, weight }
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        let graph = |edges: &[Edge]| Graph::new(3, edges.to_vec());
        assert!(graph(&[edge(0, 2, 1.0)]).is_ok());
        assert!(matches!(graph(&[edge(0, 3, 1.0)]), Err(Error::Variable { variable: 3, .. })));
        assert!(matches!(graph(&[edge(1, 1, 1.0)]), Err(Error::SelfCoupling { variable: 1 })));
        let infinite = graph(&[edge(0, 1, 1.0), edge(0, 1, f64::INFINITY)]);
        assert!(matches!(infinite, Err(Error::NotFinite { index: 1, .. })));
    }

    /// An empty sum of floats is -0: it must not be printed.
    #[test]
    fn no_edge_is_a_cut_of_plain_zero() {
        let graph = Graph::new(2, vec![edge(0, 1, 1.0)]).unwrap();
        assert_eq!(graph.cut(&[1, 1]).map(f64::to_bits), Some(0.0_f64.to_bits()));
        assert_eq!(Graph::new(2, Vec::new()).unwrap().total().to_bits(), 0.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn cut_and_energy_are_two_sides_of_one_thing(
            ends in proptest::collection::vec((0u32..9, 1u32..9, -8i32..9), 0..40),
            sides in proptest::collection::vec(any::<bool>(), 9),
        ) {
            let edges = ends.iter().map(|&(u, gap, w)| edge(u, (u + gap) % 9, f64::from(w)));
            let graph = Graph::new(9, edges.collect()).unwrap();
            let spins: Vec<i8> = sides.iter().map(|&side| if side { 1 } else { -1 }).collect();
            let energy = graph.ising().unwrap().energy(&spins);
            prop_assert_eq!(graph.cut(&spins), Some(graph.cut_of_energy(energy)));
            prop_assert_eq!(graph.cut(&spins[1..]), None);
            prop_assert_eq!(graph.sorted().cut(&spins), graph.cut(&spins));
        }
    }
}
