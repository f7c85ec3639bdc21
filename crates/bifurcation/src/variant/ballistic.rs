//! Ballistic bifurcation: linear oscillators between perfectly inelastic walls at ±1.
//!
//! `dy/dt = −(1 − a) x − c0 pull, dx/dt = y` (H. Goto et al., *Science Advances* 7 (2021) eabe7953).

use crate::symplectic::{Step, Variant, euler, heat, wall};

/// Ballistic simulated bifurcation.
///
/// ```
/// use spinroute_bifurcation::{Ballistic, Step, Variant};
///
/// // Walls at ±1 take all momentum.
/// let step = Step { time_step: 1.0, stiffness: 0.0, strength: 1.0, heat: 0.0 };
/// assert_eq!(Ballistic::step(&step, -100.0, 0.5, 0.0), (1.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballistic;

/// A step of linear oscillators between walls, whatever pulls them.
#[inline(always)]
#[allow(clippy::inline_always)]
pub(super) fn step(step: &Step, pull: f32, position: f32, momentum: f32) -> (f32, f32) {
    let force = (-step.strength).mul_add(pull, -(step.stiffness * position));
    let (x, y) = euler(step.time_step, force, position, momentum);
    let (x, y) = wall(x, y);
    (x, heat(step, momentum, y))
}

impl Variant for Ballistic {
    const DISCRETE: bool = false;

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn step(constants: &Step, pull: f32, position: f32, momentum: f32) -> (f32, f32) {
        step(constants, pull, position, momentum)
    }
}
