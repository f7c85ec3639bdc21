//! Which tokens of a table to take.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::Error;

/// A range of tokens: `N` (the first N), `A..B`, `A..`, `..B`.
///
/// ```
/// use spinroute_checkpoint::Rows;
///
/// assert_eq!("512..1024".parse(), Ok(Rows::from(512..1024)));
/// assert_eq!("4096".parse(), Ok(Rows::from(0..4096)));
/// assert!("8..8".parse::<Rows>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    first: usize,
    end: Option<usize>,
}

impl Rows {
    /// Every token.
    pub const ALL: Self = Self { first: 0, end: None };

    /// The range within a table of `tokens` rows.
    pub(crate) fn within(self, tokens: usize, place: &str) -> Result<Range<usize>, Error> {
        let end = self.end.unwrap_or(tokens);
        if end > tokens || self.first >= end {
            return Err(Error::Rows { rows: self.to_string(), place: place.to_owned(), tokens });
        }
        Ok(self.first..end)
    }
}

impl From<Range<usize>> for Rows {
    fn from(rows: Range<usize>) -> Self {
        Self { first: rows.start, end: Some(rows.end) }
    }
}

impl FromStr for Rows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            let mend = "give a number of tokens (4096) or a range (4096..8192)";
            text.parse::<usize>().map_err(|_| format!("{text:?} is not a whole number; {mend}"))
        };
        let (first, end) = match text.split_once("..") {
            Some(range) => range,
            None => ("", number(text).map(|_| text)?),
        };
        let first = if first.is_empty() { 0 } else { number(first)? };
        let end = if end.is_empty() { None } else { Some(number(end)?) };
        if end.is_some_and(|end| end <= first) {
            return Err("the range is empty; its end must be beyond its beginning".into());
        }
        Ok(Self { first, end })
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            Some(end) => write!(f, "{}..{end}", self.first),
            None => write!(f, "{}..", self.first),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Rows;

    #[test]
    fn ranges_are_parsed_and_kept_within_the_table() {
        let range =
            |text: &str| text.parse::<Rows>().ok().and_then(|rows| rows.within(10, "x").ok());
        assert_eq!(range("4"), Some(0..4));
        assert_eq!(range("4..6"), Some(4..6));
        assert_eq!(range("4.."), Some(4..10));
        assert_eq!(range("..4"), Some(0..4));
        for wrong in ["", "0", "6..4", "11", "10..", "4..11", "-1", "1e3", "a..b"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
