//! The terms of a model in order, when its file is written.

use std::io;

use crate::{AnyCouplings, Couplings, Error};

/// Every coupled pair once, `i < j`, ascending. Structured couplings are expanded row by row.
pub(super) fn pairs(
    couplings: &AnyCouplings,
    mut visit: impl FnMut(usize, usize, f64) -> io::Result<()>,
) -> io::Result<()> {
    let mut row: Vec<(usize, f64)> = Vec::new();
    for i in 0..couplings.variables() {
        row.clear();
        couplings.neighbours(i, &mut |j, value| {
            if j > i && value != 0.0 {
                row.push((j, value));
            }
        });
        row.sort_by_key(|&(j, _)| j);
        for &(j, value) in &row {
            visit(i, j, value)?;
        }
    }
    Ok(())
}

/// What a header promises: how many pairs there are, and which variables no term names.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) pairs: u64,
    /// Whether a variable has a linear term or stands alone: such get a line of their own.
    pub(super) listed: Vec<bool>,
}

impl Census {
    pub(super) fn of(linear: &[f64], couplings: &AnyCouplings) -> io::Result<Self> {
        let mut count = 0;
        let mut coupled = vec![false; linear.len()];
        pairs(couplings, |i, j, _| {
            count += 1;
            coupled[i] = true;
            coupled[j] = true;
            Ok(())
        })?;
        let listed = linear.iter().zip(&coupled).map(|(&a, &coupled)| a != 0.0 || !coupled);
        Ok(Self { pairs: count, listed: listed.collect() })
    }

    /// How many variables get a line.
    pub(super) fn lines(&self) -> usize {
        self.listed.iter().filter(|&&listed| listed).count()
    }
}

/// A model that cannot be converted, as an error of writing.
#[must_use]
pub fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
