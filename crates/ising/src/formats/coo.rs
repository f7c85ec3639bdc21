//! dimod's coordinates: a comment `# vartype=BINARY` or `SPIN`, then `i i bias` and `i j bias`.
//!
//! As dimod 0.12 reads it: variables are numbers, terms of the same variables add up in whichever order
//! they are named, other comments are passed over. The vartype is found anywhere in a comment, behind `=`
//! or `:`; where dimod wants no blanks, no quotes and capitals, this reader takes any (`# Vartype =
//! "spin"`, `# vartype=Vartype.SPIN`). Lines that dimod would pass over without a word (an exponent, a
//! comment behind a term) are numbers here, or an error.
//!
//! An offset that is not 0 is written as the comment `# offset=X`, alone in its line, which dimod passes
//! over and this reader understands; where X is no number it is a comment like any other. No exponents
//! are written, for dimod's sake; its writer rounds to six decimals, this one does not round.

use std::io::{self, BufRead, Write};

use super::duplicates::OffsetComment;
use super::lines::{Line, Lines};
use super::pairs::{Census, invalid, pairs};
use super::polynomial::Polynomial;
use super::{Content, Problem};
use crate::{AnyCouplings, Error, Vartype};

pub(super) fn read<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Problem, Error> {
    let mut terms = Polynomial::default();
    let mut vartype: Option<(Vartype, usize)> = None;
    let mut offset = OffsetComment::default();
    while let Some(line) = lines.line()? {
        if line.bytes().trim_ascii_start().first() == Some(&b'#') {
            let found = vartype_of(line, vartype)?;
            vartype = vartype.or(found.map(|found| (found, line.number())));
            take_offset(line, &mut offset)?;
            continue;
        }
        let [i, j, value] = line.exactly("`i j bias`")?;
        let end = u64::from(u32::MAX);
        terms.push(i.index(0, end)?, j.index(0, end)?, value.number()?);
    }
    terms.offset = offset.value();
    let variables = terms.variables();
    let content = match vartype {
        Some((Vartype::Binary, _)) => Content::Qubo(terms.qubo(variables, lines)?),
        Some((Vartype::Spin, _)) => Content::Ising(terms.ising(variables, lines)?),
        None => return Err(lines.end("no comment `# vartype=BINARY` or `# vartype=SPIN`")),
    };
    Ok(content.into())
}

/// The vartype that a comment states, which must be that of the one before.
fn vartype_of(line: Line<'_>, before: Option<(Vartype, usize)>) -> Result<Option<Vartype>, Error> {
    const KEY: &[u8] = b"vartype";
    let text = line.bytes().to_ascii_lowercase();
    let mut at = 0;
    while let Some(place) = text[at..].windows(KEY.len()).position(|window| window == KEY) {
        let key = at + place;
        at = key + KEY.len();
        let rest = text[at..].trim_ascii_start();
        let value = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b":"));
        // Without a sign between them it is a statement only if it says one of the two.
        let found = vartype_named(value.unwrap_or(rest));
        if value.is_none() && (found.is_none() || rest.len() == text[at..].len()) {
            continue;
        }
        let found = found.ok_or_else(|| line.error(key + 1, "the vartype is BINARY or SPIN"))?;
        if let Some((_, first)) = before.filter(|before| before.0 != found) {
            let reason = format!("a second vartype that differs from the first, in line {first}");
            return Err(line.error(key + 1, reason));
        }
        return Ok(Some(found));
    }
    Ok(None)
}

/// The vartype at the start of a text in small letters, as itself or as Python prints it.
fn vartype_named(text: &[u8]) -> Option<Vartype> {
    let mut text = text.trim_ascii_start();
    for before in [&b"<"[..], b"\"", b"'", b"dimod.", b"vartype."] {
        text = text.strip_prefix(before).unwrap_or(text);
    }
    let of_name = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let end = text.iter().position(|b| !of_name(b)).unwrap_or(text.len());
    match &text[..end] {
        b"binary" => Some(Vartype::Binary),
        b"spin" => Some(Vartype::Spin),
        _ => None,
    }
}

/// Takes `# offset=X`, also with blanks around the sign.
fn take_offset(line: Line<'_>, offset: &mut OffsetComment) -> Result<(), Error> {
    let text = line.bytes().trim_ascii_start();
    let body = text.iter().position(|&b| b != b'#').map_or(&[][..], |start| &text[start..]);
    let sign = |text: &'_ [u8]| text.first().is_some_and(|first| b"=:".contains(first));
    let value = body.trim_ascii_start().strip_prefix(b"offset").map(<[u8]>::trim_ascii_start);
    let Some(value) = value.filter(|text| sign(text)).map(|text| text[1..].trim_ascii()) else {
        return Ok(());
    };
    if value.is_empty() || value.iter().any(u8::is_ascii_whitespace) {
        return Ok(());
    }
    // The value ends the line.
    let end = line.bytes().trim_ascii_end().len();
    offset.take(line, line.word(end - value.len(), end))
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
