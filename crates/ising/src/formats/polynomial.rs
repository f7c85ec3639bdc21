//! The terms of a model while its file is read.

use std::io::BufRead;

use super::lines::Lines;
use crate::{Error, Ising, Qubo, Sparse};

/// Variables that a file may have beyond one a byte.
const SPARE: u64 = 1 << 16;

/// Linear and quadratic terms, as they come; those of the same variables add up.
#[derive(Debug, Default)]
pub(super) struct Polynomial {
    pub(super) linear: Vec<(u32, f64)>,
    pub(super) pairs: Vec<(u32, u32, f64)>,
    pub(super) offset: f64,
}

impl Polynomial {
    /// A term of one variable or of two.
    pub(super) fn push(&mut self, i: u32, j: u32, value: f64) {
        if i == j { self.linear.push((i, value)) } else { self.pairs.push((i, j, value)) }
    }

    /// One more than the largest variable.
    pub(super) fn variables(&self) -> u64 {
        let linear = self.linear.iter().map(|term| term.0);
        let pairs = self.pairs.iter().map(|pair| pair.0.max(pair.1));
        linear.chain(pairs).max().map_or(0, |largest| u64::from(largest) + 1)
    }

    /// The linear vector and the couplings.
    fn parts<R: BufRead>(
        self,
        variables: u64,
        lines: &Lines<'_, R>,
    ) -> Result<(Vec<f64>, Sparse, f64), Error> {
        let variables = bounded(variables, lines)?;
        let mut linear = vec![0.0; variables];
        for (i, value) in self.linear {
            linear[i as usize] += value;
        }
        let sparse = Sparse::from_triplets(variables, self.pairs);
        Ok((linear, sparse.map_err(|error| lines.end(error.to_string()))?, self.offset))
    }

    pub(super) fn qubo<R: BufRead>(
        self,
        variables: u64,
        lines: &Lines<'_, R>,
    ) -> Result<Qubo, Error> {
        let (linear, couplings, offset) = self.parts(variables, lines)?;
        Qubo::new(linear, couplings, offset).map_err(|error| lines.end(error.to_string()))
    }

    pub(super) fn ising<R: BufRead>(
        self,
        variables: u64,
        lines: &Lines<'_, R>,
    ) -> Result<Ising, Error> {
        let (field, couplings, offset) = self.parts(variables, lines)?;
        Ising::new(field, couplings, offset).map_err(|error| lines.end(error.to_string()))
    }
}

/// A number of variables that the bytes read so far back.
pub(super) fn bounded<R: BufRead>(variables: u64, lines: &Lines<'_, R>) -> Result<usize, Error> {
    let most = lines.bytes() + SPARE;
    if variables > most || variables > u64::from(u32::MAX) {
        let bytes = lines.bytes();
        return Err(lines.end(format!(
            "{variables} variables in a file of {bytes} bytes: at most {most} are believed"
        )));
    }
    Ok(variables as usize)
}
