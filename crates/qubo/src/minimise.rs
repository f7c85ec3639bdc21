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
