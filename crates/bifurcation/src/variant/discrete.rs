//! Discrete bifurcation: ballistic, but the couplings see the signs of the positions (H. Goto et
//! al., *Science Advances* 7 (2021) eabe7953), so that the pull is that of a state of spins.

use super::ballistic;
use crate::symplectic::{Step, Variant};

/// Discrete simulated bifurcation.
///
/// ```
/// use spinroute_bifurcation::{Ballistic, Discrete, Step, Variant};
///
/// // The step is the ballistic one; what differs is what the couplings see.
/// let step = Step { time_step: 0.5, stiffness: 0.5, strength: 1.0, heat: 0.0 };
/// assert_eq!(Discrete::step(&step, 0.3, 0.5, 0.1), Ballistic::step(&step, 0.3, 0.5, 0.1));
/// assert!(Discrete::DISCRETE && !Ballistic::DISCRETE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discrete;

impl Variant for Discrete {
    const DISCRETE: bool = true;

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn step(constants: &Step, pull: f32, position: f32, momentum: f32) -> (f32, f32) {
        ballistic::step(constants, pull, position, momentum)
    }
}
