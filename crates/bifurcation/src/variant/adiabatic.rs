//! Adiabatic bifurcation: oscillators that stiffen with their square, without walls.
//!
//! `dy/dt = −(x² + 1 − a) x − c0 pull, dx/dt = y` (H. Goto, K. Tatsumura, A. R. Dixon, *Science
//! Advances* 5 (2019) eaav2372; Kerr coefficient 1). The local terms are stiffer than the couplings
//! and cost no product: they are integrated in [`PARTS`] shorter steps, as the authors do.
//!
//! Heat has nothing to lose itself in without walls: what it adds would grow until the local terms
//! are unstable, `Δt² (3 x² + 1 − a) > 4 PARTS²`. An inelastic wall at ±[`REACH`], beyond what unheated
//! motion reaches at the chosen coupling, keeps within it.

use crate::symplectic::{Step, Variant, euler, heat};

/// Steps of the local terms in a step of the couplings.
const PARTS: u16 = 2;

/// No position is beyond this.
const REACH: f32 = 2.0;

/// The time step at which the local terms become unstable, at the end of their reach.
pub(crate) fn largest_stable_time_step(pump: f64) -> f64 {
    let reach = f64::from(REACH);
    f64::from(PARTS) * (4.0 / (3.0 * reach * reach + (1.0 - pump).max(0.0))).sqrt()
}

/// Adiabatic simulated bifurcation.
///
/// ```
/// use spinroute_bifurcation::{Adiabatic, Step, Variant};
///
/// // Nothing passes ±2, however hard it is pulled.
/// let step = Step { time_step: 1.0, stiffness: 0.0, strength: 1.0, heat: 0.0 };
/// let (position, momentum) = Adiabatic::step(&step, -100.0, 0.5, 0.0);
/// assert_eq!((position.abs(), momentum), (2.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adiabatic;

impl Variant for Adiabatic {
    const DISCRETE: bool = false;

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn step(step: &Step, pull: f32, position: f32, momentum: f32) -> (f32, f32) {
        let part = step.time_step / f32::from(PARTS);
        let push = -(step.time_step * step.strength);
        let (mut x, mut y) = (position, push.mul_add(pull, momentum));
        for _ in 0..PARTS {
            let stiffness = x.mul_add(x, step.stiffness);
            (x, y) = euler(part, -(stiffness * x), x, y);
        }
        if x.abs() > REACH {
            (x, y) = (REACH.copysign(x), 0.0);
        }
        (x, heat(step, momentum, y))
    }
}
