//! CPLEX's LP format, as far as a QUBO needs it: a quadratic objective in binaries, no constraints.
//!
//! ```text
//! Minimize
//!  obj: 2 x0 - 3 x1 + 5 Constant + [ 8 x0 * x1 ] / 2
//! Subject To
//! Bounds
//!  Constant = 1
//! Binary
//!  x0 x1
//! End
//! ```
//!
//! Terms in the brackets are halved, as the format has it; squares are linear, since variables are
//! binary. Terms of the same variables add up. A maximum is turned into a minimum. Variables are numbered
//! as they first appear.
//!
//! Bounds may say what is so already, or fix a variable: then it is a constant. That is how an offset is
//! written, since it is what all readers agree on: a number alone is read as a constant here, by HiGHS,
//! CPLEX, SCIP and dimod, but by Gurobi as a variable of that name. Any other bound is refused, and so is
//! a section that a QUBO has not, if it holds something.
//!
//! (Format: IBM CPLEX, *LP file format*; HiGHS, Gurobi, CPLEX, SCIP and dimod read what is written here.)

use std::io::{self, BufRead, Write};

use super::lines::Lines;
use super::lp_bounds;
use super::lp_headings::{Section, is_word};
use super::lp_tokens::{Kind, Token, Tokens};
use super::pairs::{invalid, pairs};
use super::variables::{Domain, Variables};
use super::written_names::{CONSTANT, written};
use super::{Format, Problem};
use crate::Error;
use crate::number::Number;

pub(super) fn read<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Problem, Error> {
    let mut tokens = Tokens::new(lines);
    let mut variables = Variables::default();
    let first = tokens.next()?;
    let maximise = match first.kind {
        Kind::Section(Section::Minimize) => false,
        Kind::Section(Section::Maximize) => true,
        _ => return Err(tokens.error(&first, "expected `Minimize` or `Maximize`")),
    };
    objective(&mut tokens, &mut variables)?;
    let mut section = Section::Constraints;
    loop {
        if section == Section::Bounds {
            lp_bounds::read(&mut tokens, &mut variables)?;
        }
        let token = tokens.next()?;
        match (&token.kind, section) {
            (Kind::Section(Section::End), _) => break,
            (Kind::Section(Section::Minimize | Section::Maximize), _) => {
                return Err(tokens.error(&token, "a second objective"));
            }
            (Kind::Section(next), _) => section = *next,
            (Kind::Nothing, _) => return Err(tokens.error(&token, "expected `End`")),
            (Kind::Name(name), Section::Binary | Section::General) => {
                if is_word(name) {
                    let reason = format!(
                        "`{name}` is a word of the format, not a variable; a heading has its own line"
                    );
                    return Err(tokens.error(&token, reason));
                }
                declare(&mut variables, name, section);
            }
            (_, Section::Binary | Section::General) => {
                return Err(tokens.error(&token, "expected a variable"));
            }
            _ => return Err(tokens.error(&token, has_not(section))),
        }
    }
    let token = tokens.next()?;
    if token.kind != Kind::Nothing {
        return Err(tokens.error(&token, "something after `End`"));
    }
    variables.problem(maximise, tokens.lines())
}

/// Lists a variable as binary or, unless it is one already, as an integer.
fn declare(variables: &mut Variables, name: &str, section: Section) {
    let number = variables.number(name) as usize;
    let domain = &mut variables.declared[number].domain;
    match section {
        Section::Binary => *domain = Domain::Binary,
        _ if *domain == Domain::Continuous => *domain = Domain::Integer,
        _ => {}
    }
}

/// What a QUBO has not.
fn has_not(section: Section) -> String {
    match section {
        Section::Foreign(foreign) => {
            format!(
                "the section `{}` holds something: a QUBO has no {}",
                foreign.heading, foreign.what
            )
        }
        _ => "a QUBO has no constraints; put them into the objective as penalties".into(),
    }
}

/// Everything up to the next heading.
fn objective<R: BufRead>(
    tokens: &mut Tokens<'_, '_, R>,
    variables: &mut Variables,
) -> Result<(), Error> {
    let mut first = true;
    if matches!(tokens.peek()?, Kind::Name(_)) {
        let token = tokens.next()?;
        // The objective's name; otherwise the name of the first variable.
        if !tokens.take(b':')? {
            let Kind::Name(name) = &token.kind else { return Ok(()) };
            let number = variables.number(name);
            variables.terms.linear.push((number, 1.0));
            first = false;
        }
    }
    while !matches!(tokens.peek()?, Kind::Section(_) | Kind::Nothing) {
        let sign = sign(tokens, std::mem::take(&mut first))?;
        if tokens.take(b'[')? {
            brackets(tokens, variables, sign)?;
            continue;
        }
        let (value, token) = coefficient(tokens)?;
        match token.kind {
            Kind::Name(name) => {
                let number = variables.number(&name);
                variables.terms.linear.push((number, sign * value.unwrap_or(1.0)));
            }
            Kind::Number(constant) => variables.terms.offset += sign * constant,
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
    variables: &mut Variables,
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
        let i = variables.number(name);
        let j = if tokens.take(b'^')? {
            expect_two(tokens)?;
            i
        } else {
            let star = tokens.next()?;
            let other = tokens.next()?;
            match (star.kind == Kind::Symbol(b'*'), &other.kind) {
                (true, Kind::Name(name)) => variables.number(name),
                _ => return Err(tokens.error(&star, "expected `* variable` or `^ 2`")),
            }
        };
        variables.terms.pairs.push((i, j, half));
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

/// Terms that stand in one line, so that no reader's limit is met.
const TERMS_A_LINE: usize = 6;

pub(super) fn write(problem: &Problem, mut out: impl Write) -> io::Result<()> {
    let model = problem.content.to_qubo().map_err(invalid)?;
    let names = written(Format::Lp, problem);
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
    if model.offset() != 0.0 {
        separate(&mut out, model.offset())?;
        write!(out, " {CONSTANT}")?;
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
    write!(out, "\nSubject To")?;
    if model.offset() != 0.0 {
        write!(out, "\nBounds\n {CONSTANT} = 1")?;
    }
    write!(out, "\nBinary")?;
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
