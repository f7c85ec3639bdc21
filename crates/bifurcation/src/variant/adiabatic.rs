//! Adiabatic bifurcation: oscillators that stiffen with their square, without walls.
//!
//! `dy/dt = −(x² + 1 − a) x − c0 pull, dx/dt = y` (H. Goto, K. Tatsumura, A. R. Dixon, *Science
//! Advances* 5 (2019) eaav2372; Kerr coefficient 1). The local terms are stiffer than the couplings
//! and cost no product: they are integrated in [`PARTS`] shorter steps, as the authors do.

use crate::symplectic::{Step, Variant, euler, heat};

/// Steps of the local terms in a step of the couplings.
const PARTS: u16 = 2;

/// Adiabatic simulated bifurcation.
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
        (x, heat(step, momentum, y))
    }
}
