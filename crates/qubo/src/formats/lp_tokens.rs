//! The words of an LP file: numbers, names, signs, and the headings of its sections.

use std::collections::VecDeque;
use std::io::BufRead;

use super::source::{Line, Source};
use crate::Error;

/// A heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Minimize,
    Maximize,
    Constraints,
    Bounds,
    Binary,
    General,
    End,
}

/// Headings in lower case; a line that begins with one opens its section.
const HEADINGS: [(&str, Section); 24] = [
    ("minimize", Section::Minimize),
    ("minimise", Section::Minimize),
    ("minimum", Section::Minimize),
    ("min", Section::Minimize),
    ("maximize", Section::Maximize),
    ("maximise", Section::Maximize),
    ("maximum", Section::Maximize),
    ("max", Section::Maximize),
    ("subject to", Section::Constraints),
    ("such that", Section::Constraints),
    ("s.t.", Section::Constraints),
    ("st.", Section::Constraints),
    ("st", Section::Constraints),
    ("bounds", Section::Bounds),
    ("bound", Section::Bounds),
    ("binary", Section::Binary),
    ("binaries", Section::Binary),
    ("bin", Section::Binary),
    ("general", Section::General),
    ("generals", Section::General),
    ("gen", Section::General),
    ("integer", Section::General),
    ("integers", Section::General),
    ("end", Section::End),
];

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
    source: &'s mut Source<'p, R>,
    waiting: VecDeque<Token>,
}

impl<'s, 'p, R: BufRead> Tokens<'s, 'p, R> {
    pub(super) fn new(source: &'s mut Source<'p, R>) -> Self {
        Self { source, waiting: VecDeque::new() }
    }

    pub(super) fn source(&self) -> &Source<'p, R> {
        self.source
    }

    /// The word to come; it stays to come.
    pub(super) fn peek(&mut self) -> Result<&Kind, Error> {
        self.fill()?;
        Ok(self.waiting.front().map_or(&Kind::Nothing, |token| &token.kind))
    }

    pub(super) fn next(&mut self) -> Result<Token, Error> {
        self.fill()?;
        let (line, column) = self.source.position();
        Ok(self.waiting.pop_front().unwrap_or(Token { kind: Kind::Nothing, line, column }))
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
        self.source.at(token.line, token.column, reason)
    }

    fn fill(&mut self) -> Result<(), Error> {
        while self.waiting.is_empty() {
            match self.source.line()? {
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
    if let Some((section, length)) = heading(&text[at..]) {
        push(Kind::Section(section), at);
        at += length;
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
                push(Kind::Number(value), at);
                length
            }
            _ => {
                let length = rest.iter().position(|&b| !in_name(b)).unwrap_or(rest.len());
                match std::str::from_utf8(&rest[..length]) {
                    Ok(name) if length > 0 => push(Kind::Name(name.to_owned()), at),
                    _ => return Err(line.error(at + 1, "a character that LP files do not have")),
                }
                length
            }
        };
        at += length;
    }
    Ok(())
}

/// Whether a byte may stand in a name. Those of other scripts may.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"!\"#$%&(),.;?@_'`{}|~".contains(&byte)
}

/// Whether a name can be written to an LP file and is read back as itself.
pub(super) fn is_name(name: &str) -> bool {
    let first = name.bytes().next();
    let begins = first.is_some_and(|b| !b.is_ascii_digit() && b != b'.' && b != b'e' && b != b'E');
    begins && name.len() <= 255 && name.bytes().all(in_name) && heading(name.as_bytes()).is_none()
}

/// The heading that a line begins with, and its length.
fn heading(text: &[u8]) -> Option<(Section, usize)> {
    let begins = |heading: &str| {
        let ends = text.get(heading.len()).is_none_or(|&b| !in_name(b) && b != b':');
        text.len() >= heading.len()
            && text[..heading.len()].eq_ignore_ascii_case(heading.as_bytes())
            && ends
    };
    let found = HEADINGS.iter().find(|(heading, _)| begins(heading))?;
    Some((found.1, found.0.len()))
}

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
