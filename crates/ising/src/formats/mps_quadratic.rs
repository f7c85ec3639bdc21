//! The quadratic sections of an MPS file: `QUADOBJ`, `QSECTION` and `QMATRIX`.
//!
//! All of them list entries of the symmetric Q of `x'Qx / 2`. `QUADOBJ` and `QSECTION` list one triangle,
//! either of them, pair by pair; `QMATRIX` lists all of Q, and must be symmetric. A triangle of which every
//! pair stands twice, in both orders and with equal values, is read as all of Q: so some programs write it,
//! though solvers that add up what is listed see twice the couplings, which a note says. Whatever else
//! could be read in two ways is an error that names both lines: an entry twice, two mirror entries that
//! differ, some pairs in one order and some in both, and two such sections in one file.

use std::io::BufRead;

use super::lines::{Lines, Word};
use super::variables::Variables;
use crate::Error;

/// An entry of Q.
#[derive(Clone, Copy)]
struct Entry {
    /// Row and column, the smaller first.
    pair: (u32, u32),
    /// Whether they stood the other way round.
    mirrored: bool,
    value: f64,
    line: usize,
    column: usize,
}

/// What is listed so far.
#[derive(Default)]
pub(super) struct Quadratic {
    /// The section that holds something, and the line of its heading.
    section: Option<(&'static str, usize)>,
    entries: Vec<Entry>,
}

impl Quadratic {
    /// Adds an entry of a section, whose heading stands in that line.
    pub(super) fn push(
        &mut self,
        section: (&'static str, usize),
        at: Word<'_>,
        (i, j): (u32, u32),
        value: f64,
    ) -> Result<(), Error> {
        let (heading, line) = *self.section.get_or_insert(section);
        if line != section.1 {
            let reason = format!(
                "a second quadratic section: `{heading}` in line {line} holds the objective's terms"
            );
            return Err(at.error(reason));
        }
        let (line, column) = at.place();
        self.entries.push(Entry {
            pair: (i.min(j), i.max(j)),
            mirrored: i > j,
            value,
            line,
            column,
        });
        Ok(())
    }

    /// Puts the terms of the objective to the others.
    pub(super) fn finish<R: BufRead>(
        mut self,
        variables: &mut Variables,
        lines: &mut Lines<'_, R>,
    ) -> Result<(), Error> {
        let Some((heading, _)) = self.section else { return Ok(()) };
        let whole = heading == "QMATRIX";
        // In the order of the file within a pair: a stable sort.
        self.entries.sort_by_key(|entry| entry.pair);
        let (mut single, mut double): (Option<Entry>, Option<Entry>) = (None, None);
        for group in self.entries.chunk_by(|a, b| a.pair == b.pair) {
            let (first, mirror) = (group[0], group.get(1).copied());
            if let Some((at, reason)) = fault(group, heading, &variables.names) {
                return Err(lines.at(at.line, at.column, reason));
            }
            let (i, j) = first.pair;
            if i == j {
                variables.terms.pairs.push((i, j, first.value / 2.0));
                continue;
            }
            variables.terms.pairs.push((i, j, first.value));
            match mirror {
                Some(mirror) => double = double.or(Some(mirror)),
                None => single = single.or(Some(first)),
            }
        }
        match (whole, single, double) {
            (false, Some(single), Some(double)) => {
                let reason = format!(
                    "a pair in both orders, and one in line {} in one: `{heading}` lists one triangle",
                    single.line
                );
                Err(lines.at(double.line, double.column, reason))
            }
            (false, None, Some(double)) => {
                lines.note(format!(
                    "`{heading}` lists every pair in both orders, as in line {}: read as the whole matrix, though \
                     some solvers add them up",
                    double.line
                ));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What is wrong with the entries of one pair, and where.
fn fault(group: &[Entry], heading: &str, names: &[String]) -> Option<(Entry, String)> {
    let first = group[0];
    let (i, j) = first.pair;
    let pair = format!("({}, {})", names[i as usize], names[j as usize]);
    let mut others = group.iter().skip(1);
    let again = others.find(|entry| i == j || entry.mirrored == first.mirrored);
    // Of three, two stand in the same order.
    if let Some(&again) = again.or(group.get(2)) {
        let line = first.line;
        return Some((again, format!("{pair} stands twice in `{heading}`, first in line {line}")));
    }
    match group.get(1) {
        Some(&second) if second.value != first.value => Some((
            second,
            format!(
                "{pair} is {} here and {} in line {}: `{heading}` is not symmetric",
                second.value, first.value, first.line
            ),
        )),
        None if heading == "QMATRIX" && i != j && first.value != 0.0 => Some((
            first,
            format!("{pair} has no mirror entry: `QMATRIX` lists both triangles, `QUADOBJ` one"),
        )),
        _ => None,
    }
}
