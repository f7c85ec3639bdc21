//! CPLEX's LP format, as far as a QUBO needs it: a quadratic objective in binaries, no constraints.
//!
//! ```text
//! Minimize
//!  obj: 2 x0 - 3 x1 + [ 8 x0 * x1 ] / 2 + 5
//! Subject To
//! Binary
//!  x0 x1
//! End
//! ```
//!
//! Terms in the brackets are halved, as the format has it; squares are linear, since variables are
//! binary. A maximum is turned into a minimum. Variables are numbered as they first appear. (Format: IBM
//! CPLEX, *LP file format*; HiGHS, Gurobi, SCIP and dimod read what is written here.)

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use super::lp_tokens::{Kind, Section, Token, Tokens, is_name};
use super::source::Source;
use super::terms::{Terms, invalid, pairs};
use super::{Content, Problem};
use crate::Error;
use crate::graph::Number;

/// Names in the order of their first appearance, and the terms.
#[derive(Default)]
pub(super) struct Named {
    pub(super) numbers: HashMap<String, u32>,
    pub(super) names: Vec<String>,
    pub(super) binary: Vec<bool>,
    pub(super) terms: Terms,
}

impl Named {
    /// The number of a name.
    pub(super) fn variable(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        self.binary.push(false);
        number
    }

    /// The problem, if every variable is binary.
    pub(super) fn problem<R: BufRead>(
        mut self,
        maximise: bool,
        source: &Source<'_, R>,
    ) -> Result<Problem, Error> {
        if let Some(i) = self.binary.iter().position(|binary| !binary) {
            return Err(source.end(format!("variable {:?} is not binary", self.names[i])));
        }
        if maximise {
            let Terms { linear, pairs, offset } = &mut self.terms;
            for term in linear {
                term.1 = -term.1;
            }
            for pair in pairs {
                pair.2 = -pair.2;
            }
            *offset = 0.0 - *offset;
        }
        let content = Content::Qubo(self.terms.qubo(self.names.len() as u64, source)?);
        let counted = self.names.iter().enumerate().all(|(i, name)| *name == format!("x{i}"));
        Ok(Problem { content, names: (!counted).then_some(self.names) })
    }
}

pub(super) fn read<R: BufRead>(source: &mut Source<'_, R>) -> Result<Problem, Error> {
    let mut tokens = Tokens::new(source);
    let mut named = Named::default();
    let first = tokens.next()?;
    let maximise = match first.kind {
        Kind::Section(Section::Minimize) => false,
        Kind::Section(Section::Maximize) => true,
        _ => return Err(tokens.error(&first, "expected `Minimize` or `Maximize`")),
    };
    objective(&mut tokens, &mut named)?;
    let mut section = Section::Constraints;
    loop {
        let token = tokens.next()?;
        match (&token.kind, section) {
            (Kind::Section(Section::End), _) => break,
            (Kind::Section(Section::Minimize | Section::Maximize), _) => {
                return Err(tokens.error(&token, "a second objective"));
            }
            (Kind::Section(next), _) => section = *next,
            (Kind::Nothing, _) => return Err(tokens.error(&token, "expected `End`")),
            (Kind::Name(name), Section::Binary) => {
                let number = named.variable(name) as usize;
                named.binary[number] = true;
            }
            (_, Section::Binary) => return Err(tokens.error(&token, "expected a variable")),
            _ => return Err(tokens.error(&token, foreign(section))),
        }
    }
    let token = tokens.next()?;
    if token.kind != Kind::Nothing {
        return Err(tokens.error(&token, "something after `End`"));
    }
    named.problem(maximise, tokens.source())
}

/// What a QUBO has not.
fn foreign(section: Section) -> &'static str {
    match section {
        Section::Bounds => "a QUBO has no bounds: its variables are binary",
        Section::General => "a QUBO has no integers: its variables are binary",
        _ => "a QUBO has no constraints; put them into the objective as penalties",
    }
}

/// Everything up to the next heading.
fn objective<R: BufRead>(tokens: &mut Tokens<'_, '_, R>, named: &mut Named) -> Result<(), Error> {
    let mut first = true;
    if matches!(tokens.peek()?, Kind::Name(_)) {
        let token = tokens.next()?;
        // The objective's name; otherwise the name of the first variable.
        if !tokens.take(b':')? {
            let Kind::Name(name) = &token.kind else { return Ok(()) };
            let number = named.variable(name);
            named.terms.linear.push((number, 1.0));
            first = false;
        }
    }
    while !matches!(tokens.peek()?, Kind::Section(_) | Kind::Nothing) {
        let sign = sign(tokens, std::mem::take(&mut first))?;
        if tokens.take(b'[')? {
            brackets(tokens, named, sign)?;
            continue;
        }
        let (value, token) = coefficient(tokens)?;
        match token.kind {
            Kind::Name(name) => {
                let number = named.variable(&name);
                named.terms.linear.push((number, sign * value.unwrap_or(1.0)));
            }
            Kind::Number(constant) => named.terms.offset += sign * constant,
            _ => return Err(tokens.error(&token, "expected a term of the objective")),
        }
    }
    Ok(())
}

/// The product of the signs to come, of which only the first term may have none.
fn sign<R: BufRead>(tokens: &mut Tokens<'_, '_, R>, first: bool) -> Result<f64, Error> {
    let mut sign = 1.0;
    let mut none = true;
    loop {
        if tokens.take(b'-')? {
            sign = -sign;
        } else if !tokens.take(b'+')? {
            break;
        }
        none = false;
    }
    if none && !first {
        let token = tokens.next()?;
        return Err(tokens.error(&token, "expected a sign"));
    }
    Ok(sign)
}

/// A number, where there is one before a name, and the name; or a number alone.
fn coefficient<R: BufRead>(tokens: &mut Tokens<'_, '_, R>) -> Result<(Option<f64>, Token), Error> {
    let token = tokens.next()?;
    let Kind::Number(value) = token.kind else { return Ok((None, token)) };
    tokens.take(b'*')?;
    if matches!(tokens.peek()?, Kind::Name(_)) {
        return Ok((Some(value), tokens.next()?));
    }
    Ok((None, token))
}

/// `[ 4 x * y + 2 z ^ 2 ] / 2`, of which the opening bracket is read.
fn brackets<R: BufRead>(
    tokens: &mut Tokens<'_, '_, R>,
    named: &mut Named,
    outer: f64,
) -> Result<(), Error> {
    let mut first = true;
    while !tokens.take(b']')? {
        let sign = outer * sign(tokens, std::mem::take(&mut first))?;
        let (value, token) = coefficient(tokens)?;
        let half = sign * value.unwrap_or(1.0) / 2.0;
        let Kind::Name(name) = &token.kind else {
            return Err(tokens.error(&token, "expected a product of two variables, or a square"));
        };
        let i = named.variable(name);
        let j = if tokens.take(b'^')? {
            expect_two(tokens)?;
            i
        } else {
            let star = tokens.next()?;
            let other = tokens.next()?;
            match (star.kind == Kind::Symbol(b'*'), &other.kind) {
                (true, Kind::Name(name)) => named.variable(name),
                _ => return Err(tokens.error(&star, "expected `* variable` or `^ 2`")),
            }
        };
        named.terms.push(i, j, half);
    }
    let slash = tokens.next()?;
    if slash.kind != Kind::Symbol(b'/') {
        return Err(tokens.error(&slash, "expected `/ 2` after the brackets"));
    }
    expect_two(tokens)
}

fn expect_two<R: BufRead>(tokens: &mut Tokens<'_, '_, R>) -> Result<(), Error> {
    let token = tokens.next()?;
    if token.kind == Kind::Number(2.0) { Ok(()) } else { Err(tokens.error(&token, "expected 2")) }
}

/// The names to write: the problem's own where all can stand in a file and differ, else `x0`, `x1`, ….
pub(super) fn names(problem: &Problem, may: fn(&str) -> bool) -> Vec<String> {
    let own = problem.names.as_ref().filter(|names| {
        let mut seen = std::collections::HashSet::new();
        names.iter().all(|name| may(name) && seen.insert(name))
    });
    own.cloned()
        .unwrap_or_else(|| (0..problem.content.variables()).map(|i| format!("x{i}")).collect())
}

/// Terms that stand in one line, so that no reader's limit is met.
const TERMS_A_LINE: usize = 6;

pub(super) fn write(problem: &Problem, mut out: impl Write) -> io::Result<()> {
    let model = problem.content.to_qubo().map_err(invalid)?;
    let names = names(problem, is_name);
    let mut terms = 0;
    let mut separate = move |out: &mut dyn Write, value: f64| {
        let end = if terms % TERMS_A_LINE == 0 { "\n " } else { "" };
        terms += 1;
        write!(out, "{end} {} {}", if value < 0.0 { '-' } else { '+' }, Number(value.abs()))
    };
    write!(out, "Minimize\n obj:")?;
    for (name, &a) in names.iter().zip(model.linear()) {
        separate(&mut out, a)?;
        write!(out, " {name}")?;
    }
    let mut any = false;
    pairs(model.couplings(), |i, j, b| {
        if !std::mem::replace(&mut any, true) {
            write!(out, "\n  + [")?;
        }
        separate(&mut out, doubled(b)?)?;
        write!(out, " {} * {}", names[i], names[j])
    })?;
    if any {
        write!(out, "\n  ] / 2")?;
    }
    if model.offset() != 0.0 {
        separate(&mut out, model.offset())?;
    }
    write!(out, "\nSubject To\nBinary")?;
    for (i, name) in names.iter().enumerate() {
        write!(out, "{}{name}", if i % TERMS_A_LINE == 0 { "\n " } else { " " })?;
    }
    writeln!(out, "\nEnd")
}

/// Twice a coefficient.
fn doubled(b: f64) -> io::Result<f64> {
    let twice = 2.0 * b;
    if twice.is_finite() {
        return Ok(twice);
    }
    Err(invalid(Error::NotFinite { what: "twice the coupling of pair", index: 0, value: twice }))
}
