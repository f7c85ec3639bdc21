//! Known max-cut instances, made from seeds: the G-set and K2000.
//!
//! The G-set (C. Helmberg, F. Rendl, *A spectral bundle method for semidefinite programming*, SIAM J.
//! Optim. 10, 2000) was made by G. Rinaldi's program `rudy`; K2000 (T. Inagaki et al., *Science* 354,
//! 2016) in the same way. No file is needed: a recipe of a few numbers gives the edges in the published
//! order, pinned here by SHA-256. How each is known to be the published one is its [`Evidence`];
//! instances of the set for which there was none are left out.
//!
//! ```
//! use spinroute_ising::instances;
//!
//! let g1 = instances::find("G1").ok_or("unknown")?;
//! let graph = g1.graph()?;
//! assert_eq!((graph.nodes(), graph.edges().len()), (800, 19_176));
//! assert_eq!(instances::recognise(&graph).map(|known| known.best), Some(11_624));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod known;
mod recipe;
mod subtractive;
mod table;

pub use known::{Evidence, Known};
pub use recipe::{Recipe, Shape};
pub use subtractive::Subtractive;
pub use table::KNOWN;

use std::fmt::Write as _;

use crate::Graph;

/// The instance of that name, in upper or lower case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// The instance that a graph is, whatever the order of its edges: found by its hash.
#[must_use]
pub fn recognise(graph: &Graph) -> Option<&'static Known> {
    let size = (graph.nodes(), graph.edges().len());
    let mut alike = KNOWN.iter().filter(|known| (known.nodes, known.edges) == size).peekable();
    alike.peek()?;
    let fingerprint = hexadecimal(&graph.sorted().sha256());
    alike.find(|known| known.fingerprint == fingerprint)
}

/// Bytes in hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instance_is_the_pinned_one() {
        for known in KNOWN {
            let graph = known.graph().unwrap();
            let size = (graph.nodes(), graph.edges().len());
            assert_eq!(size, (known.nodes, known.edges), "{}", known.name);
            assert_eq!(hexadecimal(&graph.sha256()), known.sha256, "{}", known.name);
            assert_eq!(hexadecimal(&graph.sorted().sha256()), known.fingerprint, "{}", known.name);
        }
    }

    #[test]
    fn the_hashes_of_the_published_files() {
        let published = [
            ("G1", "73bf704d8ffc55ba42260ab4cb659e3dcb6e729be70404d2cf476ba4e46d1665"),
            ("G22", "9baeee06eb147b1c9ca42b43be86592d4e6fc60784a85af9be5b63d1362ef28e"),
            ("G39", "daeeaf681937495345ca35519bf25b2e274e4bcbdbb2f16bf7f271f1d430ee13"),
            ("K2000", "9ed615e5e18726914f12740b7f9bedb6b69676477ed5958fac42c8ab0c252ba7"),
        ];
        for (name, sha256) in published {
            let known = find(name).unwrap();
            assert_eq!((known.sha256, known.evidence), (sha256, Evidence::Hash));
        }
        let hashes = KNOWN.iter().filter(|known| known.evidence == Evidence::Hash);
        assert_eq!(hashes.count(), published.len());
    }

    #[test]
    fn names_are_unique_and_cuts_possible() {
        for (i, known) in KNOWN.iter().enumerate() {
            assert!(KNOWN[..i].iter().all(|other| other.name != known.name), "{}", known.name);
            assert!((1..=known.edges as i64).contains(&known.best), "{}", known.name);
            if let Evidence::Cut(cut) = known.evidence {
                assert!(cut <= known.best && cut * 100 > known.best * 99, "{}", known.name);
            }
        }
    }

    #[test]
    fn a_graph_is_recognised_in_any_order_and_no_other_is() {
        let graph = find("g11").unwrap().graph().unwrap();
        let mut edges = graph.edges().to_vec();
        edges.reverse();
        for edge in edges.iter_mut().step_by(3) {
            (edge.from, edge.to) = (edge.to, edge.from);
        }
        let shuffled = Graph::new(graph.nodes(), edges.clone()).unwrap();
        assert_eq!(recognise(&shuffled).map(|known| known.name), Some("G11"));
        edges[5].weight = -edges[5].weight;
        assert_eq!(recognise(&Graph::new(graph.nodes(), edges).unwrap()), None);
        assert_eq!(recognise(&Graph::new(3, Vec::new()).unwrap()), None);
    }
}
