//! rudy's `.rud`, the format of the G-set: `nodes edges`, then `from to weight`, nodes counted from 1.
//!
//! Lines that begin with `#` (as at the top of `.mc` files of `MQLib`), `%` or the word `c` are comments,
//! wherever they stand: no other line begins so. Parallel edges add up: a cut that separates their ends
//! has both. An edge from a node to itself is an error.

use std::io::{self, BufRead, Write};

use super::lines::{Line, Lines};
use super::pairs::invalid;
use super::polynomial::bounded;
use super::{Content, Problem};
use crate::Error;
use crate::graph::{Edge, Graph};

pub(super) fn read<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Problem, Error> {
    let mut header = None;
    let mut edges = Vec::new();
    while let Some(line) = lines.line()? {
        if is_comment(line) {
            continue;
        }
        let Some((nodes, count)) = header else {
            header = Some(promise(line)?);
            continue;
        };
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
    let Some((nodes, count)) = header else {
        return Err(lines.end("no line `nodes edges`"));
    };
    if edges.len() as u64 != count {
        let found = edges.len();
        return Err(lines.end(format!("the first line promises {count} edges, there are {found}")));
    }
    let nodes = bounded(nodes, lines)?;
    let graph = Graph::new(nodes, edges).map_err(|error| lines.end(error.to_string()))?;
    // Parallel edges must add up to something finite.
    if !graph.total().is_finite() {
        return Err(lines.end("the weights add up to infinity"));
    }
    Ok(Content::Graph(graph).into())
}

/// Nodes and edges, as the first line counts them.
fn promise(line: Line<'_>) -> Result<(u64, u64), Error> {
    let [first, count] = line.exactly("`nodes edges`")?;
    let (nodes, count) = (first.count()?, count.count()?);
    if nodes >= u64::from(u32::MAX) {
        return Err(first.error(format!("{nodes} nodes: at most {} are counted", u32::MAX - 1)));
    }
    Ok((nodes, count))
}

fn is_comment(line: Line<'_>) -> bool {
    match line.bytes().trim_ascii_start() {
        [b'#' | b'%', ..] | b"c" => true,
        [b'c', next, ..] => next.is_ascii_whitespace(),
        _ => false,
    }
}

pub(super) fn write(problem: &Problem, out: impl Write) -> io::Result<()> {
    match &problem.content {
        Content::Graph(graph) => graph.write_rudy(out),
        content => content.to_graph().map_err(invalid)?.write_rudy(out),
    }
}
