//! Simulated bifurcation: Ising models as classical oscillators whose positions bifurcate to ±1.
//!
//! A pump slowly softens a network of oscillators, coupled as the model's spins are, until they fall
//! to one side or the other (H. Goto and others, *Science Advances* 5 (2019) eaav2372 and 7 (2021)
//! eabe7953). Their signs are a state of low energy. Many agents run side by side, from starts of
//! their own; each keeps its best state.
//!
//! [`Bifurcation`] is the minimiser; [`Stepper`] advances a batch of agents for those who steer it
//! themselves, [`symplectic`] is the integrator, and [`Control`] says which time steps are stable.
//!
//! ```
//! use spinroute_bifurcation::Bifurcation;
//! use spinroute_core::Run;
//! use spinroute_ising::{Ising, Minimiser, Sparse};
//!
//! // A ring of five spins that want to differ: one edge must be left out of the cut.
//! let ring = (0..5).map(|i| (i, (i + 1) % 5, 1.0));
//! let model = Ising::new(vec![0.0; 5], Sparse::from_triplets(5, ring)?, 0.0)?;
//! let samples = Bifurcation::default().minimise(&model, &mut Run::new(1))?;
//! assert_eq!(samples.best().map(|best| samples.energies[best]), Some(-3.0));
//! # Ok::<(), spinroute_ising::Error>(())
//! ```

mod control;
#[cfg(test)]
mod copies;
mod error;
mod minimise;
mod noise;
mod parameters;
mod product;
mod pump;
mod spectrum;
mod stepper;
pub mod symplectic;
mod trace;
mod variant;

pub use control::{Control, Settings, coupling, largest_stable_time_step};
pub use error::Error;
pub use noise::Noise;
pub use parameters::{Bifurcation, MOST_STEPS};
pub use product::{LANES, ScaledModel};
pub use pump::Pump;
pub use spectrum::{SpectrumEnds, spectrum_ends};
pub use stepper::Stepper;
pub use symplectic::{Step, Variant};
pub use trace::{Snapshot, Trace};
pub use variant::{Adiabatic, Ballistic, Discrete, Mode};
