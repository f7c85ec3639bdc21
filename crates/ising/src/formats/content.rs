//! What a file holds.

use crate::{AnyCouplings, Couplings, Edge, Error, Graph, Ising, Qubo, Vartype};

use super::pairs::pairs;

/// A problem in the form in which its file states it.
///
/// ```
/// use spinroute_ising::{Edge, Graph, Vartype, formats::Content};
///
/// let content = Content::Graph(Graph::new(2, vec![Edge { from: 0, to: 1, weight: 1.0 }])?);
/// assert_eq!((content.vartype(), content.variables()), (Vartype::Spin, 2));
/// assert_eq!(content.to_qubo()?.energy(&[0, 1]), -1.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A graph whose largest cut is sought.
    Graph(Graph),
    /// A model in spins, to be minimised.
    Ising(Ising),
    /// A model in binaries, to be minimised.
    Qubo(Qubo),
}

/// A problem with the names of its variables.
///
/// ```
/// use spinroute_ising::{Qubo, Sparse, formats::{Content, Problem}};
///
/// let model = Qubo::new(vec![-1.0], Sparse::none(1), 0.0)?;
/// let mut problem = Problem::from(Content::Qubo(model));
/// problem.names = Some(vec!["take".into()]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The problem.
    pub content: Content,
    /// A name a variable; `None` where the file numbers them.
    pub names: Option<Vec<String>>,
}

impl From<Content> for Problem {
    fn from(content: Content) -> Self {
        Self { content, names: None }
    }
}

impl Content {
    /// The values of its variables.
    #[must_use]
    pub fn vartype(&self) -> Vartype {
        match self {
            Self::Graph(_) | Self::Ising(_) => Vartype::Spin,
            Self::Qubo(_) => Vartype::Binary,
        }
    }

    /// Number of variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        match self {
            Self::Graph(graph) => graph.nodes(),
            Self::Ising(model) => model.variables(),
            Self::Qubo(model) => model.variables(),
        }
    }

    /// Number of coupled pairs; of edges in a graph.
    #[must_use]
    pub fn interactions(&self) -> u64 {
        match self {
            Self::Graph(graph) => graph.edges().len() as u64,
            Self::Ising(model) => model.couplings().interactions(),
            Self::Qubo(model) => model.couplings().interactions(),
        }
    }

    /// The model in spins: of a graph with `J = w`, so that `cut = (W - E) / 2`.
    ///
    /// # Errors
    /// If a number of it is beyond `f64`.
    pub fn to_ising(&self) -> Result<Ising, Error> {
        match self {
            Self::Graph(graph) => graph.ising(),
            Self::Ising(model) => Ok(model.clone()),
            Self::Qubo(model) => {
                let model = model.to_ising();
                finite(model.field(), model.couplings(), model.offset())?;
                Ok(model)
            }
        }
    }

    /// The model in binaries.
    ///
    /// # Errors
    /// As [`Content::to_ising`].
    pub fn to_qubo(&self) -> Result<Qubo, Error> {
        let model = match self {
            Self::Graph(graph) => graph.ising()?.to_qubo(),
            Self::Ising(model) => model.to_qubo(),
            Self::Qubo(model) => return Ok(model.clone()),
        };
        finite(model.linear(), model.couplings(), model.offset())?;
        Ok(model)
    }

    /// The graph whose cuts are the states: of a model with fields it has one node more, the last,
    /// which is joined to every spin that has a field and whose own spin counts as +1.
    ///
    /// Then `E = offset + W - 2·cut`, where W is the sum of all weights; the offset itself has no
    /// place in a graph.
    ///
    /// # Errors
    /// If a number of the model in spins is not finite.
    pub fn to_graph(&self) -> Result<Graph, Error> {
        let converted;
        let model = match self {
            Self::Graph(graph) => return Ok(graph.clone()),
            Self::Ising(model) => model,
            Self::Qubo(_) => {
                converted = self.to_ising()?;
                &converted
            }
        };
        let mut edges = edges(model.couplings());
        let last = model.variables() as u32;
        let fields = model.field().iter().enumerate().filter(|(_, h)| **h != 0.0);
        edges.extend(fields.map(|(i, &h)| Edge { from: i as u32, to: last, weight: h }));
        let more = usize::from(edges.iter().any(|edge| edge.to == last));
        Graph::new(model.variables() + more, edges)
    }
}

/// Refuses a conversion that went beyond `f64`.
fn finite(linear: &[f64], couplings: &AnyCouplings, offset: f64) -> Result<(), Error> {
    let mut numbers = linear.iter().chain([&offset]);
    if let Some(&value) = numbers.find(|x| !x.is_finite()) {
        return Err(Error::NotFinite { what: "converted term", index: 0, value });
    }
    let couplings = match couplings {
        AnyCouplings::Sparse(sparse) => sparse.values(),
        _ => &[],
    };
    match couplings.iter().position(|x| !x.is_finite()) {
        Some(index) => {
            Err(Error::NotFinite { what: "converted coupling", index, value: couplings[index] })
        }
        None => Ok(()),
    }
}

fn edges(couplings: &AnyCouplings) -> Vec<Edge> {
    let mut edges = Vec::new();
    let done = pairs(couplings, |i, j, weight| {
        edges.push(Edge { from: i as u32, to: j as u32, weight });
        Ok(())
    });
    // Pushing to a vector does not fail.
    let _ = done;
    edges
}
