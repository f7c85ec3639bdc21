//! The `Bounds` of an LP file: `0 <= x <= 1`, `x >= 1`, `x = 1`, `x free`.
//!
//! Of two bounds on the same side the last counts, as for every reader of the format.

use std::io::BufRead;

use super::lp_headings::is_word;
use super::lp_tokens::{Kind, Token, Tokens};
use super::variables::{Limit, Variable, Variables};
use crate::Error;

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    AtMost,
    AtLeast,
    Equal,
}

impl Relation {
    /// As seen from the other side.
    fn turned(self) -> Self {
        match self {
            Self::AtMost => Self::AtLeast,
            Self::AtLeast => Self::AtMost,
            Self::Equal => Self::Equal,
        }
    }
}

/// Everything up to the next heading.
pub(super) fn read<R: BufRead>(
    tokens: &mut Tokens<'_, '_, R>,
    variables: &mut Variables,
) -> Result<(), Error> {
    while !matches!(tokens.peek()?, Kind::Section(_) | Kind::Nothing) {
        bound(tokens, variables)?;
    }
    Ok(())
}

fn bound<R: BufRead>(
    tokens: &mut Tokens<'_, '_, R>,
    variables: &mut Variables,
) -> Result<(), Error> {
    let mut before = None;
    if let Some(value) = value(tokens)? {
        let relation = relation(tokens)?;
        before = Some((value, relation.turned()));
    }
    let token = tokens.next()?;
    let Kind::Name(name) = &token.kind else {
        return Err(tokens.error(&token, "expected a bound, as `0 <= x <= 1` or `x = 1`"));
    };
    if is_word(name) {
        return Err(
            tokens.error(&token, format!("`{name}` is a word of the format, not a variable"))
        );
    }
    let number = variables.number(name) as usize;
    let variable = &mut variables.declared[number];
    let free = matches!(tokens.peek()?, Kind::Name(word) if word.eq_ignore_ascii_case("free"));
    if free && before.is_none() {
        tokens.next()?;
        set(variable, f64::NEG_INFINITY, Relation::AtLeast, &token);
        set(variable, f64::INFINITY, Relation::AtMost, &token);
        return Ok(());
    }
    if let Some((value, relation)) = before {
        set(variable, value, relation, &token);
    }
    if matches!(tokens.peek()?, Kind::Symbol(b'<' | b'>' | b'=')) {
        let relation = relation(tokens)?;
        let place = tokens.next_place()?;
        let Some(value) = value(tokens)? else {
            return Err(tokens.error(&place, "expected a number"));
        };
        set(variable, value, relation, &token);
    } else if before.is_none() {
        let next = tokens.next()?;
        return Err(tokens.error(&next, "expected `<=`, `>=`, `=` or `free`"));
    }
    Ok(())
}

/// Sets the bounds of a variable to the left of the relation.
fn set(variable: &mut Variable, value: f64, relation: Relation, token: &Token) {
    let limit = Limit { value, line: token.line, column: token.column };
    if relation != Relation::AtMost {
        variable.low = Some(limit);
    }
    if relation != Relation::AtLeast {
        variable.high = Some(limit);
    }
}

/// `<`, `<=`, `=<`, `>`, `>=`, `=>` or `=`: `<` means `<=`.
fn relation<R: BufRead>(tokens: &mut Tokens<'_, '_, R>) -> Result<Relation, Error> {
    let token = tokens.next()?;
    let relation = match token.kind {
        Kind::Symbol(b'<') => Relation::AtMost,
        Kind::Symbol(b'>') => Relation::AtLeast,
        Kind::Symbol(b'=') if tokens.take(b'<')? => return Ok(Relation::AtMost),
        Kind::Symbol(b'=') if tokens.take(b'>')? => return Ok(Relation::AtLeast),
        Kind::Symbol(b'=') => return Ok(Relation::Equal),
        _ => return Err(tokens.error(&token, "expected `<=`, `>=` or `=`")),
    };
    tokens.take(b'=')?;
    Ok(relation)
}

/// A number with its signs, or an infinity, if one is to come.
fn value<R: BufRead>(tokens: &mut Tokens<'_, '_, R>) -> Result<Option<f64>, Error> {
    let mut sign = 1.0;
    let mut signs = false;
    loop {
        if tokens.take(b'-')? {
            sign = -sign;
        } else if !tokens.take(b'+')? {
            break;
        }
        signs = true;
    }
    let magnitude = match tokens.peek()? {
        Kind::Number(value) => *value,
        Kind::Name(name)
            if name.eq_ignore_ascii_case("inf") || name.eq_ignore_ascii_case("infinity") =>
        {
            f64::INFINITY
        }
        _ if signs => {
            let token = tokens.next()?;
            return Err(tokens.error(&token, "expected a number"));
        }
        _ => return Ok(None),
    };
    tokens.next()?;
    Ok(Some(sign * magnitude))
}
