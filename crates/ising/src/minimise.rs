//! The one trait that every minimiser implements, and the reference minimisers.

mod anneal;
mod exhaustive;
pub mod registry;

use spinroute_core::Run;

use crate::{Error, Ising, Samples};

pub use anneal::{Anneal, Schedule};
pub use exhaustive::Exhaustive;

/// An algorithm with its parameters, the number of reads among them.
///
/// The contract: equal model, parameters, seed and step budget give equal samples, for any number
/// of threads; the energies are those of the states; every step ends with [`Run::tick`], told the
/// lowest energy so far as its objective, and a `Break` ends the run.
pub trait Minimiser: Send + Sync {
    /// Looks for states of low energy; the samples are spins.
    ///
    /// # Errors
    /// If a parameter is out of its range or the model is not supported. Running out of budget is
    /// no error.
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error>;
}

/// Refuses runs without a read.
fn check_reads(reads: usize) -> Result<(), Error> {
    if reads > 0 {
        return Ok(());
    }
    Err(Error::Parameter { name: "reads", value: "0".into(), mend: "it is at least 1" })
}

/// The most reads whose states are all held at once, 2²⁴. More is a slip, and would end in a failed
/// allocation instead of an error.
const MOST_READS: usize = 1 << 24;

/// Refuses more than [`MOST_READS`].
fn check_held(reads: usize) -> Result<(), Error> {
    if reads <= MOST_READS {
        return Ok(());
    }
    Err(Error::Parameter { name: "reads", value: reads.to_string(), mend: "it is at most 2^24" })
}
