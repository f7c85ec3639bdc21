//! What a format states at most once: terms of the same variables, an offset.

use std::io::BufRead;

use super::lines::{Line, Lines, Word};
use crate::Error;

/// The terms of a file, with their lines. 12 bytes a term.
#[derive(Debug)]
pub(super) struct Duplicates {
    /// Smaller variable, larger variable, line.
    terms: Vec<(u32, u32, u32)>,
    /// Whether they came in ascending order, so that none can be twice.
    ascending: bool,
}

impl Duplicates {
    pub(super) fn new() -> Self {
        Self { terms: Vec::new(), ascending: true }
    }

    /// Takes the term of `i` and `j`, in whichever order they stand.
    pub(super) fn push(&mut self, i: u32, j: u32, line: usize) {
        let (i, j) = (i.min(j), i.max(j));
        self.ascending &= self.terms.last().is_none_or(|&last| (last.0, last.1) < (i, j));
        self.terms.push((i, j, u32::try_from(line).unwrap_or(u32::MAX)));
    }

    /// An error at the first line that states a term again. O(n log n), O(1) if they came in order.
    pub(super) fn check<R: BufRead>(
        mut self,
        what: &str,
        lines: &Lines<'_, R>,
    ) -> Result<(), Error> {
        if self.ascending {
            return Ok(());
        }
        self.terms.sort_unstable();
        let again =
            self.terms.windows(2).filter(|two| (two[0].0, two[0].1) == (two[1].0, two[1].1));
        let Some(two) = again.min_by_key(|two| two[1].2) else { return Ok(()) };
        let ((i, j, first), line) = (two[0], two[1].2);
        Err(lines.at(
            line as usize,
            1,
            format!(
                "the {what} {i} {j} is in line {first} already; the format has each once: add them up"
            ),
        ))
    }
}

/// The offset that a comment of our own writers may hold, once.
#[derive(Debug, Default)]
pub(super) struct OffsetComment {
    /// The value and its line.
    found: Option<(f64, usize)>,
}

impl OffsetComment {
    /// Takes the word of a comment that stands where the offset does. A word that is no number makes
    /// it a comment like any other; a number beyond `f64` is an error.
    pub(super) fn take(&mut self, line: Line<'_>, word: Word<'_>) -> Result<(), Error> {
        let Some(value) = word.number_if_any()? else { return Ok(()) };
        if let Some((_, first)) = self.found {
            return Err(word.error(format!("a second offset; the first is in line {first}")));
        }
        self.found = Some((value, line.number()));
        Ok(())
    }

    /// The offset; 0 without one.
    pub(super) fn value(&self) -> f64 {
        self.found.map_or(0.0, |(value, _)| value)
    }
}
