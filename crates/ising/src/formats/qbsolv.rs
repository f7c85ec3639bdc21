//! qbsolv's `.qubo`: `c` comments, `p qubo 0 nodes diagonals couplers`, then `i i a` and `i j b`.
//!
//! A node has one diagonal term and a pair one coupler, at most: the format says that a duplicate is an
//! error, and so it is here, with both lines. It asks for `i < j` as well; a coupler `j i` is read as
//! the one of `i j`, of which it is a duplicate.
//!
//! The format has no offset; one that is not 0 is written as the comment `c offset X`, which other
//! readers pass over and this one understands, so that energies survive; where X is no number it is a
//! comment like any other. (Format: M. Booth, S. Reinhardt, A. Roy, *Partitioning optimization problems
//! for hybrid classical/quantum execution*, D-Wave TR 14-1006A, 2017, and the manual page of `qbsolv`.)

use std::io::{self, BufRead, Write};

use super::duplicates::{Duplicates, OffsetComment};
use super::lines::{Line, Lines};
use super::pairs::{Census, invalid, pairs};
use super::polynomial::Polynomial;
use super::{Content, Problem};
use crate::Error;
use crate::number::Number;

/// What the `p` line promises.
struct Header {
    nodes: u64,
    diagonals: u64,
    couplers: u64,
}

pub(super) fn read<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Problem, Error> {
    let mut terms = Polynomial::default();
    let mut header: Option<Header> = None;
    let (mut offset, mut diagonals, mut couplers) =
        (OffsetComment::default(), Duplicates::new(), Duplicates::new());
    while let Some(line) = lines.line()? {
        match (line.bytes().trim_ascii_start().first(), &header) {
            (Some(b'c'), _) => take_offset(line, &mut offset)?,
            (Some(b'p'), None) => header = Some(promise(line)?),
            (Some(b'p'), Some(_)) => return Err(line.error(1, "a second `p` line")),
            (_, None) => return Err(line.error(1, "expected `p qubo 0 nodes diagonals couplers`")),
            (_, Some(header)) => {
                let [i, j, value] = line.exactly("`i j value`")?;
                let [a, b] = [i.index(0, header.nodes)?, j.index(0, header.nodes)?];
                terms.push(a, b, value.number()?);
                let once = if a == b { &mut diagonals } else { &mut couplers };
                once.push(a, b, line.number());
            }
        }
    }
    let header = header.ok_or_else(|| lines.end("no line `p qubo 0 nodes diagonals couplers`"))?;
    diagonals.check("diagonal term", lines)?;
    couplers.check("coupler", lines)?;
    let found = (terms.linear.len() as u64, terms.pairs.len() as u64);
    if found != (header.diagonals, header.couplers) {
        return Err(lines.end(format!(
            "the header promises {} diagonal terms and {} couplers, the file holds {} and {}",
            header.diagonals, header.couplers, found.0, found.1
        )));
    }
    terms.offset = offset.value();
    Ok(Content::Qubo(terms.qubo(header.nodes, lines)?).into())
}

fn promise(line: Line<'_>) -> Result<Header, Error> {
    let what = "`p qubo 0 nodes diagonals couplers`";
    let [p, qubo, topology, nodes, diagonals, couplers] = line.exactly(what)?;
    for (word, right) in [
        (p, p.is("p")),
        (qubo, qubo.is("qubo")),
        (topology, topology.is("0") || topology.is("unconstrained")),
    ] {
        if !right {
            return Err(word.error(format!("expected {what}")));
        }
    }
    let most = u64::from(u32::MAX);
    let header = Header {
        nodes: nodes.count()?,
        diagonals: diagonals.count()?,
        couplers: couplers.count()?,
    };
    if header.nodes > most {
        return Err(nodes.error(format!("{} nodes: at most {most} are counted", header.nodes)));
    }
    Ok(header)
}

/// Takes `c offset X`.
fn take_offset(line: Line<'_>, found: &mut OffsetComment) -> Result<(), Error> {
    let mut words = line.words();
    match [words.next(), words.next(), words.next(), words.next()] {
        [Some(c), Some(offset), Some(value), None] if c.is("c") && offset.is("offset") => {
            found.take(line, value)
        }
        _ => Ok(()),
    }
}

pub(super) fn write(problem: &Problem, mut out: impl Write) -> io::Result<()> {
    let model = problem.content.to_qubo().map_err(invalid)?;
    let census = Census::of(model.linear(), model.couplings())?;
    if model.offset() != 0.0 {
        writeln!(out, "c offset {}", Number(model.offset()))?;
    }
    let (nodes, lines) = (model.variables(), census.lines());
    writeln!(out, "p qubo 0 {nodes} {lines} {}", census.pairs)?;
    for (i, &a) in model.linear().iter().enumerate().filter(|&(i, _)| census.listed[i]) {
        writeln!(out, "{i} {i} {}", Number(a))?;
    }
    pairs(model.couplings(), |i, j, b| writeln!(out, "{i} {j} {}", Number(b)))
}
