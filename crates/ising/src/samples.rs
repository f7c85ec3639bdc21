//! What a minimiser returns.

use spinroute_core::Stop;

use crate::Error;

/// The values of a variable.
///
/// ```
/// use spinroute_ising::Vartype;
///
/// assert_eq!(serde_json::to_string(&Vartype::Binary)?, "\"binary\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vartype {
    /// −1 and +1.
    Spin,
    /// 0 and 1.
    Binary,
}

/// Checks that a state is one of binaries or one of spins: 0 and 1, or −1 and 1, one a variable.
///
/// ```
/// use spinroute_ising::check_state;
///
/// assert!(check_state(&[0, 1, 1], 3).is_ok());
/// assert!(check_state(&[0, -1, 1], 3).is_err()); // neither binaries nor spins
/// ```
///
/// # Errors
/// If it is neither.
pub fn check_state(state: &[i8], want: usize) -> Result<(), Error> {
    if state.len() != want {
        return Err(Error::Length { what: "a state", want, got: state.len() });
    }
    let refused = |index: usize, mend| Err(Error::State { index, value: state[index], mend });
    if let Some(index) = state.iter().position(|value| !(-1..=1).contains(value)) {
        return refused(index, "values are 0 and 1, or -1 and 1");
    }
    let first = |wanted| state.iter().position(|&value| value == wanted);
    match (first(0), first(-1)) {
        (Some(zero), Some(minus)) => refused(
            zero.max(minus),
            "and another is the other of 0 and -1: values are 0 and 1, or -1 and 1, not both",
        ),
        _ => Ok(()),
    }
}

/// The best state of every read.
///
/// ```
/// use spinroute_core::Run;
/// use spinroute_ising::{Exhaustive, Ising, Minimiser, Sparse, Vartype};
///
/// let model = Ising::new(vec![0.0, 1.0], Sparse::from_triplets(2, [(0, 1, 2.0)])?, 0.0)?;
/// let samples = Exhaustive { reads: 2 }.minimise(&model, &mut Run::new(1))?;
/// assert_eq!((samples.reads(), samples.best()), (2, Some(0)));
/// assert_eq!((samples.state(0), samples.energies[0]), (&[1, -1][..], -3.0));
/// assert_eq!(samples.into_vartype(Vartype::Binary).state(0), [1, 0]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Read after read, one value a variable.
    pub states: Vec<i8>,
    /// The energy of every read, offset included.
    pub energies: Vec<f64>,
    /// What the values are.
    pub vartype: Vartype,
    /// Steps that the run took, as [`spinroute_core::Run::steps`] counts them.
    pub steps: u64,
    /// Why the run ended.
    pub stop: Stop,
}

impl Samples {
    /// Number of reads.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.energies.len()
    }

    /// The state of a read.
    ///
    /// # Panics
    /// If there is no such read, or the states are not as long as each other.
    #[must_use]
    pub fn state(&self, read: usize) -> &[i8] {
        let whole = self.states.len().is_multiple_of(self.reads().max(1));
        assert!(whole, "samples have one state a read, of one value a variable");
        let variables = self.states.len() / self.reads().max(1);
        &self.states[read * variables..(read + 1) * variables]
    }

    /// The read of the lowest energy, the first on ties; `None` without any read.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        let reads = 0..self.reads();
        reads.reduce(
            |best, read| {
                if self.energies[read] < self.energies[best] { read } else { best }
            },
        )
    }

    /// The same states with values of `vartype`; energies do not change.
    #[must_use]
    pub fn into_vartype(mut self, vartype: Vartype) -> Self {
        match (self.vartype, vartype) {
            (Vartype::Spin, Vartype::Binary) => {
                self.states.iter_mut().for_each(|v| *v = i8::from(*v > 0));
            }
            (Vartype::Binary, Vartype::Spin) => {
                self.states.iter_mut().for_each(|v| *v = if *v > 0 { 1 } else { -1 });
            }
            _ => {}
        }
        self.vartype = vartype;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_read_is_the_first_of_the_lowest() {
        let samples = Samples {
            states: vec![1, -1, -1, 1, 1, 1],
            energies: vec![2.0, -1.0, -1.0],
            vartype: Vartype::Spin,
            steps: 0,
            stop: Stop::Finished,
        };
        assert_eq!(samples.best(), Some(1));
        assert_eq!(samples.state(1), [-1, 1]);
        let binary = samples.clone().into_vartype(Vartype::Binary);
        assert_eq!(binary.states, [1, 0, 0, 1, 1, 1]);
        assert_eq!(binary.into_vartype(Vartype::Spin), samples);
    }
}
