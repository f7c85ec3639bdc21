//! The words of an LP file: numbers, names, signs, and the headings of its sections.
//!
//! A name that runs into a `[`, as Gurobi's `x[0]`, is refused: in CPLEX's format a bracket opens the
//! quadratic terms.

use std::collections::VecDeque;
use std::io::BufRead;

use super::lines::{Line, Lines};
use super::lp_headings::{Section, heading};
use super::lp_letters::in_name;
use crate::Error;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Section(Section),
    Number(f64),
    Name(String),
    /// One of `+ - * ^ / [ ] : < > =`.
    Symbol(u8),
    /// The file is over.
    Nothing,
}

/// A word with its place.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Words, one after the other.
pub(super) struct Tokens<'s, 'p, R> {
    lines: &'s mut Lines<'p, R>,
    waiting: VecDeque<Token>,
}

impl<'s, 'p, R: BufRead> Tokens<'s, 'p, R> {
    pub(super) fn new(lines: &'s mut Lines<'p, R>) -> Self {
        Self { lines, waiting: VecDeque::new() }
    }

    /// The text itself, once its words are read.
    pub(super) fn lines(&mut self) -> &mut Lines<'p, R> {
        self.lines
    }

    /// The word to come; it stays to come.
    pub(super) fn peek(&mut self) -> Result<&Kind, Error> {
        self.fill()?;
        Ok(self.waiting.front().map_or(&Kind::Nothing, |token| &token.kind))
    }

    pub(super) fn next(&mut self) -> Result<Token, Error> {
        self.fill()?;
        let (line, column) = self.lines.position();
        Ok(self.waiting.pop_front().unwrap_or(Token { kind: Kind::Nothing, line, column }))
    }

    /// A word without meaning where the word to come stands, which stays to come.
    pub(super) fn next_place(&mut self) -> Result<Token, Error> {
        self.fill()?;
        let (line, column) = self.lines.position();
        let place = self.waiting.front().map_or((line, column), |token| (token.line, token.column));
        Ok(Token { kind: Kind::Nothing, line: place.0, column: place.1 })
    }

    /// Takes the word to come if it is this symbol.
    pub(super) fn take(&mut self, symbol: u8) -> Result<bool, Error> {
        let is = *self.peek()? == Kind::Symbol(symbol);
        if is {
            self.next()?;
        }
        Ok(is)
    }

    /// An error at a word.
    pub(super) fn error(&self, token: &Token, reason: impl Into<String>) -> Error {
        self.lines.at(token.line, token.column, reason)
    }

    fn fill(&mut self) -> Result<(), Error> {
        while self.waiting.is_empty() {
            match self.lines.line()? {
                Some(line) => split(line, &mut self.waiting)?,
                None => break,
            }
        }
        Ok(())
    }
}

fn split(line: Line<'_>, tokens: &mut VecDeque<Token>) -> Result<(), Error> {
    let number = line.number();
    // A comment begins with a backslash.
    let text = line.bytes().split(|&b| b == b'\\').next().unwrap_or_default();
    let mut at = text.len() - text.trim_ascii_start().len();
    let mut push = |kind, at| tokens.push_back(Token { kind, line: number, column: at + 1 });
    // `Minimize multi-objectives` are two.
    while let Some((section, length)) = heading(&text[at..]) {
        push(Kind::Section(section), at);
        at += length;
        at += text[at..].len() - text[at..].trim_ascii_start().len();
    }
    while at < text.len() {
        let rest = &text[at..];
        let first = rest[0];
        let length = match first {
            _ if first.is_ascii_whitespace() => 1,
            b'+' | b'-' | b'*' | b'^' | b'/' | b'[' | b']' | b':' | b'<' | b'>' | b'=' => {
                push(Kind::Symbol(first), at);
                1
            }
            b'0'..=b'9' | b'.' => {
                let length = numeral(rest);
                let value = std::str::from_utf8(&rest[..length]).ok().and_then(|t| t.parse().ok());
                let value = value.filter(|value| f64::is_finite(*value));
                let value = value.ok_or_else(|| line.error(at + 1, "not a finite number"))?;
                if value == 0.0 {
                    line.word(at, at + length).number()?; // it may be one that is not 0
                }
                push(Kind::Number(value), at);
                length
            }
            _ => {
                let length = rest.iter().position(|&b| !in_name(b)).unwrap_or(rest.len());
                match std::str::from_utf8(&rest[..length]) {
                    Ok(name) if length > 0 => push(Kind::Name(name.to_owned()), at),
                    _ => return Err(line.error(at + 1, "a character that LP files do not have")),
                }
                if rest.get(length) == Some(&b'[') {
                    return Err(line.error(at + length + 1, BRACKET));
                }
                length
            }
        };
        at += length;
    }
    Ok(())
}

/// What is said of `x[0]`.
const BRACKET: &str = "a `[` in a name, which LP files do not have; write x_0 for x[0], or use MPS";

/// The length of digits, point and exponent.
fn numeral(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if text.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(text.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}
