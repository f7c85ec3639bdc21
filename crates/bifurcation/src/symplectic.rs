//! The integrator: position, momentum, force.
//!
//! Semi-implicit (symplectic) Euler for `H = y² / 2 + V(x)`: the momentum is moved by the force at
//! the old position, the position by the new momentum. On a spring of stiffness `Ω` it keeps a
//! quadratic form near the energy for ever if `Δt² Ω < 4`, and diverges beyond: its matrix has
//! determinant 1 and trace `2 − Δt² Ω` (see docs/bifurcation.md for couplings and heat).
//!
//! All functions are elementwise, in `f32`, with `+`, `·` and fused products in the order written:
//! the same bits wherever they run.
#![allow(clippy::inline_always)] // part of the inner loops, in every compiled copy of them

/// The numbers of one step, the same for every variable and agent. The detuning `a0` is 1.
///
/// ```
/// use spinroute_bifurcation::{Ballistic, Step, Variant};
///
/// let step = Step { time_step: 0.5, stiffness: 1.0, strength: 0.25, heat: 0.0 };
/// let (position, momentum) = Ballistic::step(&step, 2.0, 0.5, 0.0);
/// assert_eq!(momentum, 0.5 * (-0.25 * 2.0 - 1.0 * 0.5));
/// assert_eq!(position, 0.5 + 0.5 * momentum);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Time that passes, `Δt`.
    pub time_step: f32,
    /// Stiffness of a single oscillator, `1 − a(t)` with the pump `a`.
    pub stiffness: f32,
    /// What the pull of the couplings is multiplied by, `c0` times the scale of the model.
    pub strength: f32,
    /// Heat in a step, `Δt γ`; 0 for none.
    pub heat: f32,
}

/// A variant of the dynamics: one file each in `variant/`.
///
/// ```
/// use spinroute_bifurcation::symplectic::{euler, wall};
/// use spinroute_bifurcation::{Mode, ScaledModel, Step, Stepper, Variant};
/// use spinroute_ising::{Ising, Sparse};
///
/// /// Ballistic, with friction.
/// #[derive(Clone, Copy)]
/// struct Slowed;
///
/// impl Variant for Slowed {
///     const DISCRETE: bool = false;
///
///     fn step(step: &Step, pull: f32, position: f32, momentum: f32) -> (f32, f32) {
///         let force = -step.stiffness * position - step.strength * pull;
///         let (position, momentum) = euler(step.time_step, force, position, 0.9 * momentum);
///         wall(position, momentum)
///     }
/// }
///
/// let pair = Sparse::from_triplets(2, [(0, 1, 1.0)])?;
/// let scaled = ScaledModel::new(&Ising::new(vec![0.0; 2], pair, 0.0)?);
/// let mut stepper = Stepper::new(&scaled, Mode::Ballistic, 1, 7);
/// let step = Step { time_step: 0.5, stiffness: 0.0, strength: 0.5, heat: 0.0 };
/// stepper.advance_as::<Slowed>(&scaled, &[step; 100]);
/// assert_eq!(stepper.position(0, 0), -stepper.position(0, 1));
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
pub trait Variant: Copy + Send + Sync + 'static {
    /// Whether the couplings see the signs of the positions, not the positions.
    const DISCRETE: bool;

    /// Position and momentum after a step, from those before it and the pull
    /// `h[i] + Σ_j J[i,j] signal[j]` of the field and the couplings at its start.
    fn step(step: &Step, pull: f32, position: f32, momentum: f32) -> (f32, f32);
}

/// A step of semi-implicit Euler.
///
/// ```
/// use spinroute_bifurcation::symplectic::euler;
///
/// assert_eq!(euler(0.5, 2.0, 1.0, 0.0), (1.5, 1.0));
/// ```
#[inline(always)]
#[must_use]
pub fn euler(time_step: f32, force: f32, position: f32, momentum: f32) -> (f32, f32) {
    let momentum = time_step.mul_add(force, momentum);
    (time_step.mul_add(momentum, position), momentum)
}

/// Perfectly inelastic walls at ±1: what would pass stops there.
///
/// ```
/// use spinroute_bifurcation::symplectic::wall;
///
/// assert_eq!((wall(-1.5, 3.0), wall(0.5, 3.0)), ((-1.0, 0.0), (0.5, 3.0)));
/// ```
#[inline(always)]
#[must_use]
pub fn wall(position: f32, momentum: f32) -> (f32, f32) {
    if position.abs() > 1.0 { (1f32.copysign(position), 0.0) } else { (position, momentum) }
}

/// Heats by the momentum that there was before the step; by 0, nothing changes.
///
/// ```
/// use spinroute_bifurcation::{Step, symplectic::heat};
///
/// let step = Step { time_step: 0.5, stiffness: 0.0, strength: 0.0, heat: 0.25 };
/// assert_eq!(heat(&step, 4.0, 1.0), 2.0);
/// ```
#[inline(always)]
#[must_use]
pub fn heat(step: &Step, before: f32, momentum: f32) -> f32 {
    step.heat.mul_add(before, momentum)
}

/// The sign of a position, ±1; that of 0 is 1.
///
/// ```
/// use spinroute_bifurcation::symplectic::sign;
///
/// assert_eq!([-0.5, 0.0, 2.0].map(sign), [-1.0, 1.0, 1.0]);
/// ```
#[inline(always)]
#[must_use]
pub fn sign(position: f32) -> f32 {
    if position < 0.0 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest excursion of a spring of stiffness `omega` in 1,000 steps from 1.
    fn excursion(time_step: f32, omega: f32) -> f32 {
        let (mut x, mut y, mut most) = (1.0f32, 0.0, 0f32);
        for _ in 0..1000 {
            (x, y) = euler(time_step, -omega * x, x, y);
            most = most.max(x.abs());
        }
        most
    }

    #[test]
    fn springs_are_stable_up_to_the_bound_and_not_beyond() {
        for omega in [0.1, 1.0, 30.0] {
            let bound = (4.0f32 / omega).sqrt();
            assert!(excursion(0.5 * bound, omega) < 1.2);
            assert!(excursion(0.99 * bound, omega) < 20.0);
            assert!(excursion(1.01 * bound, omega) > 1e6);
        }
    }

    #[test]
    fn walls_stop_and_signs_are_spins() {
        assert_eq!(wall(1.5, 3.0), (1.0, 0.0));
        assert_eq!(wall(-1.5, 3.0), (-1.0, 0.0));
        assert_eq!(wall(1.0, 3.0), (1.0, 3.0));
        assert_eq!([sign(0.0), sign(-0.0), sign(-1e-30), sign(2.0)], [1.0, 1.0, -1.0, 1.0]);
    }
}
