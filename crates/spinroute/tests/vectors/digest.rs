//! Hashes of answers: FNV-1a with 64 bits (G. Fowler, L. C. Noll, K.-P. Vo), a byte at a time.
//!
//! Numbers enter by their bits, so that −0 is not 0 and the last place counts. Every list enters with
//! its length, so that two lists cannot be cut elsewhere and look the same.

use std::fmt::Display;

use crate::house::{Assignment, Stop};

/// A hash in the making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// The hash so far.
    pub(crate) fn value(self) -> u64 {
        self.0
    }

    /// Its upper half folded on the lower one, and again: for lines where the whole would be too long.
    pub(crate) fn short(self) -> u16 {
        let folded = self.0 ^ self.0 >> 32;
        (folded ^ folded >> 16) as u16
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    pub(crate) fn whole(self, value: u64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(crate) fn real(self, value: f64) -> Self {
        self.whole(value.to_bits())
    }

    pub(crate) fn maybe(self, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.whole(1).real(value),
            None => self.whole(0),
        }
    }

    pub(crate) fn reals<'a>(self, values: impl IntoIterator<Item = &'a f64>) -> Self {
        let (all, count) = values
            .into_iter()
            .fold((self, 0), |(digest, count), &value| (digest.real(value), count + 1));
        all.whole(count)
    }

    pub(crate) fn wholes(self, values: impl IntoIterator<Item = impl Into<u64>>) -> Self {
        let (all, count) = values
            .into_iter()
            .fold((self, 0), |(digest, count), value| (digest.whole(value.into()), count + 1));
        all.whole(count)
    }

    pub(crate) fn states(self, states: &[i8]) -> Self {
        self.wholes(states.iter().map(|&value| value as u8))
    }

    pub(crate) fn text(self, text: impl Display) -> Self {
        let text = text.to_string();
        self.bytes(text.as_bytes()).whole(text.len() as u64)
    }

    /// The word for a stop, which files and messages have too.
    pub(crate) fn stop(self, stop: Stop) -> Self {
        self.text(serde_json::to_string(&stop).expect("a word"))
    }

    /// Slot by slot: the order of the experts of a token counts as well.
    pub(crate) fn assignment(self, assignment: &Assignment) -> Self {
        self.whole(assignment.k() as u64).wholes(assignment.slots().iter().copied())
    }
}

/// What is remembered of an answer, in two parts that are told apart when they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What was chosen: assignment or states, why the run ended, the text of an error.
    pub(crate) chosen: Digest,
    /// Every number with it: prices, energies, bounds, what an observer saw.
    pub(crate) figures: Digest,
}

impl Answer {
    /// An error by its text.
    pub(crate) fn error(error: impl Display) -> Self {
        let chosen = Digest::default().text("error").text(error);
        Self { chosen, figures: Digest::default() }
    }

    /// Both parts in 16 bits.
    pub(crate) fn short(self) -> u16 {
        self.chosen.whole(self.figures.value()).short()
    }
}
