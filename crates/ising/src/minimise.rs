//! The one trait that every minimiser implements, and the reference minimisers.

mod anneal;
mod entry;
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
///
/// ```
/// use std::ops::ControlFlow;
///
/// use spinroute_core::{Best, Run, Stop};
/// use spinroute_ising::{Error, Ising, Minimiser, Samples, Sparse, Vartype};
///
/// /// Flips what lowers the energy, from all spins up.
/// struct Descent;
///
/// impl Minimiser for Descent {
///     fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
///         let mut states = vec![1; model.variables()];
///         let mut stop = Stop::Finished;
///         while let Some(i) = (0..states.len()).find(|&i| model.change(&states, i) < 0.0) {
///             states[i] = -states[i];
///             let objective = Some(model.energy(&states));
///             if let ControlFlow::Break(why) = run.tick(Best { objective, bound: None }) {
///                 stop = why;
///                 break;
///             }
///         }
///         let energies = vec![model.energy(&states)];
///         Ok(Samples { states, energies, vartype: Vartype::Spin, steps: run.steps(), stop })
///     }
/// }
///
/// let model = Ising::new(vec![1.0; 2], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// assert_eq!(Descent.minimise(&model, &mut Run::new(1))?.energies, [-1.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Minimiser: Send + Sync {
    /// Looks for states of low energy; the samples are spins.
    ///
    /// # Errors
    /// If a parameter is out of its range or the model is not supported. Running out of budget is
    /// no error.
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error>;
}
