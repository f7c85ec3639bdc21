//! rudy's `.rud`, the format of the G-set: `nodes edges`, then `from to weight`, nodes counted from 1.

use std::io::{self, BufRead, Write};

use super::source::Source;
use super::terms::{bounded, invalid};
use super::{Content, Problem};
use crate::Error;
use crate::graph::{Edge, Graph};

pub(super) fn read<R: BufRead>(source: &mut Source<'_, R>) -> Result<Problem, Error> {
    let Some(line) = source.line()? else {
        return Err(source.end("an empty file; expected `nodes edges`"));
    };
    let [nodes, count] = line.exactly("`nodes edges`")?;
    let (first, count) = (nodes, count.count()?);
    let nodes = first.count()?;
    if nodes >= u64::from(u32::MAX) {
        return Err(first.error(format!("{nodes} nodes: at most {} are counted", u32::MAX - 1)));
    }
    let mut edges = Vec::new();
    while let Some(line) = source.line()? {
        let [from, to, weight] = line.exactly("`from to weight`")?;
        if edges.len() as u64 == count {
            return Err(from.error(format!("more edges than the {count} of the first line")));
        }
        let [u, v] = [from.index(1, nodes + 1)?, to.index(1, nodes + 1)?];
        if u == v {
            return Err(to.error("an edge from a node to itself is in no cut"));
        }
        edges.push(Edge { from: u, to: v, weight: weight.number()? });
    }
    if edges.len() as u64 != count {
        let found = edges.len();
        return Err(source.end(format!("the first line promises {count} edges, there are {found}")));
    }
    let nodes = bounded(nodes, source)?;
    let graph = Graph::new(nodes, edges).map_err(|error| source.end(error.to_string()))?;
    // Parallel edges must add up to something finite.
    if !graph.total().is_finite() {
        return Err(source.end("the weights add up to infinity"));
    }
    Ok(Content::Graph(graph).into())
}

pub(super) fn write(problem: &Problem, out: impl Write) -> io::Result<()> {
    match &problem.content {
        Content::Graph(graph) => graph.write_rudy(out),
        content => content.to_graph().map_err(invalid)?.write_rudy(out),
    }
}
