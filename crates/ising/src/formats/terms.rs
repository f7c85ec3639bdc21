//! The terms of a model while its file is read, and in order when it is written.

use std::io::{self, BufRead};

use super::source::Source;
use crate::{AnyCouplings, Couplings, Error, Ising, Qubo, Sparse};

/// Variables that a file may have beyond one a byte.
const SPARE: u64 = 1 << 16;

/// Linear and quadratic terms, as they come; those of the same variables add up.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub(super) linear: Vec<(u32, f64)>,
    pub(super) pairs: Vec<(u32, u32, f64)>,
    pub(super) offset: f64,
}

impl Terms {
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
        source: &Source<'_, R>,
    ) -> Result<(Vec<f64>, Sparse, f64), Error> {
        let variables = bounded(variables, source)?;
        let mut linear = vec![0.0; variables];
        for (i, value) in self.linear {
            linear[i as usize] += value;
        }
        let sparse = Sparse::from_triplets(variables, self.pairs);
        Ok((linear, sparse.map_err(|error| source.end(error.to_string()))?, self.offset))
    }

    pub(super) fn qubo<R: BufRead>(
        self,
        variables: u64,
        source: &Source<'_, R>,
    ) -> Result<Qubo, Error> {
        let (linear, couplings, offset) = self.parts(variables, source)?;
        Qubo::new(linear, couplings, offset).map_err(|error| source.end(error.to_string()))
    }

    pub(super) fn ising<R: BufRead>(
        self,
        variables: u64,
        source: &Source<'_, R>,
    ) -> Result<Ising, Error> {
        let (field, couplings, offset) = self.parts(variables, source)?;
        Ising::new(field, couplings, offset).map_err(|error| source.end(error.to_string()))
    }
}

/// A number of variables that the bytes read so far back.
pub(super) fn bounded<R: BufRead>(variables: u64, source: &Source<'_, R>) -> Result<usize, Error> {
    let most = source.bytes() + SPARE;
    if variables > most || variables > u64::from(u32::MAX) {
        let bytes = source.bytes();
        return Err(source.end(format!(
            "{variables} variables in a file of {bytes} bytes: at most {most} are believed"
        )));
    }
    Ok(variables as usize)
}

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
pub fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
