//! A text that is read line by line and knows where it is.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crate::Error;

/// Longer lines are refused: the formats are made of short ones, and a line is held in memory.
const LONGEST_LINE: u64 = 1 << 20;

/// Bytes between two reports of progress.
const REPORT: u64 = 1 << 18;

/// The lines of a text: where it comes from, and how far it was read.
pub(super) struct Lines<'a, R> {
    reader: R,
    path: PathBuf,
    progress: &'a mut dyn FnMut(u64),
    reported: u64,
    bytes: u64,
    number: usize,
    text: Vec<u8>,
    /// Where the last line ends.
    column: usize,
    notes: Vec<String>,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn new(path: &Path, reader: R, progress: &'a mut dyn FnMut(u64)) -> Self {
        Self {
            reader,
            path: path.to_owned(),
            progress,
            reported: 0,
            bytes: 0,
            number: 0,
            text: Vec::new(),
            column: 1,
            notes: Vec::new(),
        }
    }

    /// An error if the text begins with a byte-order mark: it would be read as part of the first word.
    pub(super) fn refuse_mark(&mut self) -> Result<(), Error> {
        let start = self.reader.fill_buf().map_err(|error| Error::file(&self.path, &error))?;
        let begins = |mark: &[u8]| {
            !start.is_empty() && mark.starts_with(&start[..start.len().min(mark.len())])
        };
        if [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"].into_iter().any(begins) {
            return Err(self.at(1, 1, "a byte-order mark; save the file as UTF-8 without one"));
        }
        Ok(())
    }

    /// Something that was passed over or changed in reading, and that whoever reads should know.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What was noted.
    pub(super) fn notes(self) -> Vec<String> {
        self.notes
    }

    /// The next line that is not blank, or `None` at the end.
    pub(super) fn line(&mut self) -> Result<Option<Line<'_>>, Error> {
        loop {
            self.text.clear();
            let read = self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut self.text);
            let read = read.map_err(|error| Error::file(&self.path, &error))? as u64;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.column = self.text.trim_ascii_end().len().max(1);
            self.count(read);
            if read == LONGEST_LINE {
                return Err(self.error(1, format!("a line of {LONGEST_LINE} bytes or more")));
            }
            if !self.text.iter().all(u8::is_ascii_whitespace) {
                let Self { path, number, text, .. } = self;
                return Ok(Some(Line { path, number: *number, text }));
            }
        }
    }

    fn count(&mut self, read: u64) {
        self.bytes += read;
        if self.bytes - self.reported >= REPORT {
            self.reported = self.bytes;
            (self.progress)(self.bytes);
        }
    }

    /// Bytes read so far: what memory may be in proportion to.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// An error in the line that was read last.
    pub(super) fn error(&self, column: usize, reason: impl Into<String>) -> Error {
        self.at(self.number.max(1), column, reason)
    }

    /// An error at a place that was read before.
    pub(super) fn at(&self, line: usize, column: usize, reason: impl Into<String>) -> Error {
        Error::Syntax { path: self.path.clone(), line, column, reason: reason.into() }
    }

    /// Line and column of what was read last.
    pub(super) fn position(&self) -> (usize, usize) {
        (self.number.max(1), self.column)
    }

    /// What a JSON parser says; it names no place for what it finds after the end.
    pub(super) fn json(&self, error: &serde_json::Error) -> Error {
        let text = error.to_string();
        if error.is_io() {
            return Error::File { path: self.path.clone(), reason: text };
        }
        if error.line() == 0 {
            return self.end(text);
        }
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = text.strip_suffix(&*place).unwrap_or(&text);
        self.at(error.line(), error.column().max(1), reason)
    }

    /// Something that can be said only at the end: at the last line.
    pub(super) fn end(&self, reason: impl Into<String>) -> Error {
        let (line, column) = self.position();
        self.at(line, column, reason)
    }
}

/// As a reader: for a parser that does its own splitting. Lines are counted all the same.
impl<R: BufRead> Read for Lines<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.number = self.number.max(1);
        for &byte in &buffer[..read] {
            if byte == b'\n' {
                self.number += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.count(read as u64);
        Ok(read)
    }
}

/// A line, without judging its end.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    path: &'a Path,
    number: usize,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    /// The words between blanks.
    pub(super) fn words(self) -> impl Iterator<Item = Word<'a>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + self.text[at..].iter().position(|b| !b.is_ascii_whitespace())?;
            let rest = &self.text[start..];
            let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            at = start + length;
            Some(Word { line: self, column: start + 1, bytes: &rest[..length] })
        })
    }

    /// The bytes `start..end` as a word.
    pub(super) fn word(self, start: usize, end: usize) -> Word<'a> {
        Word { line: self, column: start + 1, bytes: &self.text[start..end] }
    }

    /// Exactly `N` words.
    pub(super) fn exactly<const N: usize>(self, what: &str) -> Result<[Word<'a>; N], Error> {
        let mut words = self.words();
        let mut found = [Word { line: self, column: 1, bytes: &[] }; N];
        for word in &mut found {
            *word = words.next().ok_or_else(|| {
                self.error(self.text.trim_ascii_end().len() + 1, format!("expected {what}"))
            })?;
        }
        match words.next() {
            None => Ok(found),
            Some(word) => Err(word.error(format!("more than {what}"))),
        }
    }

    /// Its number, from 1.
    pub(super) fn number(self) -> usize {
        self.number
    }

    /// The bytes, to be looked at as a whole.
    pub(super) fn bytes(self) -> &'a [u8] {
        self.text
    }

    /// An error in this line.
    pub(super) fn error(self, column: usize, reason: impl Into<String>) -> Error {
        let (path, line) = (self.path.to_owned(), self.number);
        Error::Syntax { path, line, column, reason: reason.into() }
    }
}

/// A run of bytes in a line.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    line: Line<'a>,
    column: usize,
    bytes: &'a [u8],
}

impl<'a> Word<'a> {
    pub(super) fn is(self, word: &str) -> bool {
        self.bytes == word.as_bytes()
    }

    /// The line in which it stands, and its column.
    pub(super) fn place(self) -> (usize, usize) {
        (self.line.number, self.column)
    }

    /// The text.
    pub(super) fn text(self) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes).map_err(|_| self.error("not UTF-8"))
    }

    /// A finite number.
    pub(super) fn number(self) -> Result<f64, Error> {
        let number = self.text().ok().and_then(|text| Some((text, text.parse().ok()?)));
        match number {
            Some((text, x)) if vanishes(text, x) => {
                Err(self.error(format!("{} {VANISHES}", self.quoted())))
            }
            Some((_, x)) if f64::is_finite(x) => Ok(x),
            _ => Err(self.error(format!("{} is not a finite number", self.quoted()))),
        }
    }

    /// A finite number, or `None` where the word is none; one beyond `f64` is an error, `inf` a word.
    pub(super) fn number_if_any(self) -> Result<Option<f64>, Error> {
        let digits = self.bytes.iter().any(u8::is_ascii_digit);
        match self.text().ok().and_then(|text| text.parse::<f64>().ok()) {
            Some(_) if digits => self.number().map(Some),
            _ => Ok(None),
        }
    }

    /// A whole number.
    pub(super) fn count(self) -> Result<u64, Error> {
        let number = self.text().ok().and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.error(format!("{} is not a whole number", self.quoted())))
    }

    /// An index below `end`, of which the first is `first`.
    pub(super) fn index(self, first: u64, end: u64) -> Result<u32, Error> {
        let number = self.count()?;
        let index = number.checked_sub(first).filter(|_| number < end);
        index.and_then(|index| u32::try_from(index).ok()).ok_or_else(|| {
            self.error(match end.checked_sub(1) {
                Some(last) if first <= last => {
                    format!("{number} is not a variable: they are {first} to {last}")
                }
                _ => format!("{number} is not a variable: there are none"),
            })
        })
    }

    /// The word for a message, cut off where it is long.
    fn quoted(self) -> String {
        let text = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(40)]);
        format!("{text:?}")
    }

    /// An error at this word.
    pub(super) fn error(self, reason: impl Into<String>) -> Error {
        self.line.error(self.column, reason)
    }
}

/// Whether a number that is not 0 was read as 0.
fn vanishes(text: &str, value: f64) -> bool {
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    value == 0.0 && digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

/// What is said of it.
const VANISHES: &str = "is too small: it would be read as 0; write 0, or scale the model";
