//! Graphs from seeds, in the manner of G. Rinaldi's `rudy`: written from the published parameters of the
//! instances and from the descriptions of the generators in the Stanford `GraphBase`.
//!
//! What makes a file equal to the published one is the order of its edges, since weights are drawn in
//! it: nodes ascend, and the edges from a node to later ones are listed newest first.

use std::collections::HashSet;

use super::subtractive::Subtractive;
use crate::Error;
use crate::graph::{Edge, Graph};

/// How a graph without weights is made.
///
/// ```
/// use spinroute_ising::instances::{Recipe, Shape};
///
/// let torus = Recipe { shape: Shape::Torus { rows: 4, columns: 5 }, signs: None };
/// assert_eq!(torus.graph()?.edges().len(), 40);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// Random pairs of nodes until `density` percent of all pairs are edges.
    Random {
        /// How many nodes.
        nodes: u32,
        /// Percent of all pairs, 0 to 100.
        density: f64,
        /// Seed of the pairs.
        seed: u32,
    },
    /// Two random planar triangulations on the same nodes, each thinned out to `density` percent of
    /// its 3(n - 2) edges; an edge of both counts once.
    TwoPlanar {
        /// How many nodes, at least 4.
        nodes: u32,
        /// Percent of the edges that are kept, 0 to 100.
        density: f64,
        /// Seed of each.
        seeds: [u32; 2],
    },
    /// A grid whose rows and columns are closed to rings.
    Torus {
        /// Nodes in a column, at least 3.
        rows: u32,
        /// Nodes in a row, at least 3.
        columns: u32,
    },
    /// Every pair.
    Clique {
        /// How many nodes.
        nodes: u32,
    },
}

/// A graph from seeds.
///
/// ```
/// use spinroute_ising::instances::{Recipe, Shape};
///
/// let recipe = Recipe { shape: Shape::Clique { nodes: 10 }, signs: Some(7) };
/// let graph = recipe.graph()?;
/// assert!(graph.edges().iter().all(|edge| edge.weight.abs() == 1.0));
/// assert_eq!(graph, recipe.graph()?);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Its edges.
    pub shape: Shape,
    /// The seed of weights ±1, drawn in the order of the edges; without it all weights are 1.
    pub signs: Option<u32>,
}

impl Recipe {
    /// Makes the graph.
    ///
    /// # Errors
    /// If a size or a density is out of its range.
    pub fn graph(&self) -> Result<Graph, Error> {
        self.check()?;
        let (nodes, pairs) = match self.shape {
            Shape::Random { nodes, density, seed } => (nodes, random(nodes, density, seed)),
            Shape::TwoPlanar { nodes, density, seeds: [a, b] } => {
                (nodes, union(nodes, &planar(nodes, density, a), &planar(nodes, density, b)))
            }
            Shape::Torus { rows, columns } => (rows * columns, torus(rows, columns)),
            Shape::Clique { nodes } => (nodes, clique(nodes)),
        };
        let edges = listed(nodes, &pairs);
        let edges = edges.into_iter().map(|(from, to)| Edge { from, to, weight: 1.0 }).collect();
        let mut graph = Graph::new(nodes as usize, edges)?;
        if let Some(seed) = self.signs {
            let mut random = Subtractive::new(seed);
            for weight in graph.weights_mut() {
                *weight = f64::from(random.below(2)) * 2.0 - 1.0;
            }
        }
        Ok(graph)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |name, value: String, mend| Err(Error::Parameter { name, value, mend });
        let percent = |density: f64| (0.0..=100.0).contains(&density);
        match self.shape {
            Shape::Random { density, .. } | Shape::TwoPlanar { density, .. }
                if !percent(density) =>
            {
                refuse("density", density.to_string(), "it is a percentage, from 0 to 100")
            }
            Shape::TwoPlanar { nodes, .. } if nodes < 4 => {
                refuse("nodes", nodes.to_string(), "a triangulation has at least 4")
            }
            Shape::Torus { rows, columns } if rows.min(columns) < 3 => {
                refuse("torus", format!("{rows} × {columns}"), "a ring has at least 3 nodes")
            }
            Shape::Torus { rows, columns } if rows.checked_mul(columns).is_none() => {
                refuse("torus", format!("{rows} × {columns}"), "nodes are counted in 32 bits")
            }
            _ => Ok(()),
        }
    }
}

/// A pair of nodes, in the order in which they were drawn.
type Pair = (u32, u32);

/// The pairs in the order of the file: by the lower node, and newest first. A counting sort.
fn listed(nodes: u32, pairs: &[Pair]) -> Vec<Pair> {
    let mut ends = vec![0usize; nodes as usize + 1];
    for &(u, v) in pairs {
        ends[u.min(v) as usize + 1] += 1;
    }
    for node in 0..nodes as usize {
        ends[node + 1] += ends[node];
    }
    // From the end of a node's range downwards, so that later pairs come first.
    let mut places = ends[1..].to_vec();
    let mut listed = vec![(0, 0); pairs.len()];
    for &(u, v) in pairs {
        let place = &mut places[u.min(v) as usize];
        *place -= 1;
        listed[*place] = (u.min(v), u.max(v));
    }
    listed
}

fn random(nodes: u32, density: f64, seed: u32) -> Vec<Pair> {
    let all = f64::from(nodes) * (f64::from(nodes) - 1.0);
    let count = (all * density / 200.0 + 0.5) as usize;
    let mut random = Subtractive::new(seed);
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    while pairs.len() < count {
        let u = random.below(nodes);
        let v = random.below(nodes);
        if u != v && seen.insert((u.min(v), u.max(v))) {
            pairs.push((u, v));
        }
    }
    pairs
}

/// A triangulation that grows by putting a node into a random face, one of `2w - 1` that are kept;
/// then random edges are taken out, the last one filling the gap.
fn planar(nodes: u32, density: f64, seed: u32) -> Vec<Pair> {
    let mut random = Subtractive::new(seed);
    let mut faces = vec![(0, 1, 2)];
    let mut pairs = vec![(0, 1), (0, 2), (1, 2)];
    for node in 3..nodes {
        let face = random.below(2 * (node - 2) - 1) as usize;
        let (a, b, c) = faces[face];
        pairs.extend([(a, node), (b, node), (c, node)]);
        faces[face] = (a, b, node);
        faces.extend([(a, c, node), (b, c, node)]);
    }
    let most = 3.0 * (f64::from(nodes) - 2.0);
    while pairs.len() as f64 > density * most / 100.0 {
        pairs.swap_remove(random.below(pairs.len() as u32) as usize);
    }
    pairs
}

/// The pairs of both, each once: node by node, those of `a` first, as a file lists them.
fn union(nodes: u32, a: &[Pair], b: &[Pair]) -> Vec<Pair> {
    let (a, b) = (listed(nodes, a), listed(nodes, b));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    for node in 0..nodes {
        for list in [&mut a, &mut b] {
            while let Some(&pair) = list.next_if(|pair| pair.0 == node) {
                if seen.insert(pair) {
                    pairs.push(pair);
                }
            }
        }
    }
    pairs
}

/// Rings of rows first, then rings of columns.
fn torus(rows: u32, columns: u32) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for row in (0..rows).map(|row| row * columns) {
        pairs.extend((1..columns).map(|column| (row + column - 1, row + column)));
        pairs.push((row, row + columns - 1));
    }
    for column in 0..columns {
        pairs.extend((1..rows).map(|r| ((r - 1) * columns + column, r * columns + column)));
        pairs.push((column, (rows - 1) * columns + column));
    }
    pairs
}

fn clique(nodes: u32) -> Vec<Pair> {
    (0..nodes).flat_map(|u| (u + 1..nodes).map(move |v| (u, v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(shape: Shape) -> Graph {
        Recipe { shape, signs: Some(7) }.graph().unwrap()
    }

    /// Every edge once, between ends in ascending order; weights ±1.
    fn is_simple(graph: &Graph) {
        let pairs: HashSet<Pair> = graph.edges().iter().map(|edge| (edge.from, edge.to)).collect();
        assert_eq!(pairs.len(), graph.edges().len());
        assert!(graph.edges().iter().all(|edge| edge.from < edge.to && edge.weight.abs() == 1.0));
        assert!(graph.edges().is_sorted_by_key(|edge| edge.from));
    }

    #[test]
    fn every_shape_has_its_edges() {
        let sizes = [
            (Shape::Random { nodes: 40, density: 10.0, seed: 3 }, 78),
            (Shape::Random { nodes: 12, density: 100.0, seed: 3 }, 66),
            (Shape::Random { nodes: 0, density: 10.0, seed: 3 }, 0),
            (Shape::TwoPlanar { nodes: 30, density: 100.0, seeds: [5, 5] }, 84),
            (Shape::TwoPlanar { nodes: 4, density: 50.0, seeds: [5, 5] }, 3),
            (Shape::Torus { rows: 4, columns: 7 }, 56),
            (Shape::Torus { rows: 3, columns: 3 }, 18),
            (Shape::Clique { nodes: 9 }, 36),
            (Shape::Clique { nodes: 0 }, 0),
        ];
        for (shape, edges) in sizes {
            let graph = graph(shape);
            is_simple(&graph);
            assert_eq!(graph.edges().len(), edges, "{shape:?}");
        }
    }

    #[test]
    fn two_planar_graphs_overlap_in_part() {
        let graph = graph(Shape::TwoPlanar { nodes: 30, density: 100.0, seeds: [5, 6] });
        is_simple(&graph);
        assert!((85..168).contains(&graph.edges().len()), "{}", graph.edges().len());
    }

    #[test]
    fn every_node_of_a_torus_has_four_neighbours() {
        let graph = graph(Shape::Torus { rows: 4, columns: 5 });
        let mut degree = [0; 20];
        for edge in graph.edges() {
            degree[edge.from as usize] += 1;
            degree[edge.to as usize] += 1;
        }
        assert_eq!(degree, [4; 20]);
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        let wrong = [
            Shape::Random { nodes: 4, density: 101.0, seed: 1 },
            Shape::Random { nodes: 4, density: f64::NAN, seed: 1 },
            Shape::TwoPlanar { nodes: 3, density: 50.0, seeds: [1, 2] },
            Shape::Torus { rows: 2, columns: 5 },
            Shape::Torus { rows: 1 << 16, columns: 1 << 16 },
        ];
        for shape in wrong {
            let error = Recipe { shape, signs: None }.graph().unwrap_err();
            assert!(matches!(error, Error::Parameter { .. }), "{shape:?}: {error}");
        }
    }
}
