//! dimod's coordinates: a comment `# vartype=BINARY` or `SPIN`, then `i i bias` and `i j bias`.
//!
//! As dimod 0.12 reads it: variables are numbers, terms of the same variables add up, other comments
//! are passed over. An offset that is not 0 is written as the comment `# offset=X`, which dimod passes
//! over and this reader understands. dimod's reader takes no exponents (it passes over lines that have
//! one), so that none are written; its writer rounds to six decimals, this one does not round.

use std::io::{self, BufRead, Write};

use super::source::{Line, Source};
use super::terms::{Census, Terms, invalid, pairs};
use super::{Content, Problem};
use crate::{AnyCouplings, Error, Vartype};

pub(super) fn read<R: BufRead>(source: &mut Source<'_, R>) -> Result<Problem, Error> {
    let mut terms = Terms::default();
    let mut vartype = None;
    while let Some(line) = source.line()? {
        if line.bytes().trim_ascii_start().first() == Some(&b'#') {
            comment(line, &mut vartype, &mut terms.offset)?;
            continue;
        }
        let [i, j, value] = line.exactly("`i j bias`")?;
        let end = u64::from(u32::MAX);
        terms.push(i.index(0, end)?, j.index(0, end)?, value.number()?);
    }
    let variables = terms.variables();
    let content = match vartype {
        Some(Vartype::Binary) => Content::Qubo(terms.qubo(variables, source)?),
        Some(Vartype::Spin) => Content::Ising(terms.ising(variables, source)?),
        None => return Err(source.end("no comment `# vartype=BINARY` or `# vartype=SPIN`")),
    };
    Ok(content.into())
}

fn comment(line: Line<'_>, vartype: &mut Option<Vartype>, offset: &mut f64) -> Result<(), Error> {
    for word in line.words() {
        let text = word.text()?.trim_start_matches('#');
        match text.split_once(['=', ':']) {
            Some(("vartype", value)) => {
                let found = match value {
                    "BINARY" => Vartype::Binary,
                    "SPIN" => Vartype::Spin,
                    _ => return Err(word.error("the vartype is BINARY or SPIN")),
                };
                if vartype.replace(found).is_some_and(|before| before != found) {
                    return Err(word.error("a second vartype that differs from the first"));
                }
            }
            Some(("offset", value)) => {
                let value: Option<f64> = value.parse().ok();
                *offset += value
                    .filter(|value| value.is_finite())
                    .ok_or_else(|| word.error("the offset is not a finite number"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn write(problem: &Problem, out: impl Write) -> io::Result<()> {
    match &problem.content {
        Content::Qubo(model) => {
            triplets("BINARY", model.linear(), model.couplings(), model.offset(), out)
        }
        content => {
            let model = content.to_ising().map_err(invalid)?;
            triplets("SPIN", model.field(), model.couplings(), model.offset(), out)
        }
    }
}

fn triplets(
    vartype: &str,
    linear: &[f64],
    couplings: &AnyCouplings,
    offset: f64,
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "# vartype={vartype}")?;
    if offset != 0.0 {
        writeln!(out, "# offset={offset}")?;
    }
    let census = Census::of(linear, couplings)?;
    for (i, value) in linear.iter().enumerate().filter(|&(i, _)| census.listed[i]) {
        writeln!(out, "{i} {i} {value}")?;
    }
    pairs(couplings, |i, j, value| writeln!(out, "{i} {j} {value}"))
}
