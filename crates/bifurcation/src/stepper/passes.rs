//! The passes over tables of agents: what a step does once the pull is known, and looks at spins.

use std::marker::PhantomData;

use crate::product::LANES;
use crate::symplectic::{Step, Variant, sign};
use spinroute_simd::Work;

/// The step of some variables, once their pull is known.
pub(super) struct Advance<'a, V> {
    pub(super) step: &'a Step,
    pub(super) field: &'a [f32],
    pub(super) pull: &'a [f32],
    pub(super) position: &'a mut [f32],
    pub(super) momentum: &'a mut [f32],
    pub(super) next: &'a mut [f32],
    pub(super) lanes: usize,
    pub(super) variant: PhantomData<V>,
}

impl<V: Variant> Work for Advance<'_, V> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { step, field, pull, position, momentum, next, lanes, .. } = self;
        let one = |pull: f32, x: &mut f32, y: &mut f32, next: &mut f32| {
            (*x, *y) = V::step(step, pull, *x, *y);
            *next = if V::DISCRETE { sign(*x) } else { *x };
        };
        if lanes == 1 {
            let states = position.iter_mut().zip(momentum).zip(next);
            for ((h, pull), ((x, y), next)) in field.iter().zip(pull).zip(states) {
                one(h + pull, x, y, next);
            }
            return;
        }
        let vectors = lanes / LANES;
        let states = position.as_chunks_mut::<LANES>().0.iter_mut();
        let states = states.zip(momentum.as_chunks_mut::<LANES>().0);
        let states = states.zip(next.as_chunks_mut::<LANES>().0).zip(pull.as_chunks::<LANES>().0);
        let fields = field.iter().flat_map(|h| std::iter::repeat_n(h, vectors));
        for (h, (((x, y), next), pull)) in fields.zip(states) {
            for l in 0..LANES {
                one(h + pull[l], &mut x[l], &mut y[l], &mut next[l]);
            }
        }
    }
}

/// `Σ_i s[i] (h[i] + pull[i] / 2)` of every lane, in the order of the variables.
pub(super) struct Energies<'a> {
    pub(super) field: &'a [f32],
    pub(super) pull: &'a [f32],
    pub(super) spins: &'a [f32],
    pub(super) lanes: usize,
    pub(super) sums: &'a mut [f64],
}

impl Work for Energies<'_> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { field, pull, spins, lanes, sums } = self;
        let rows = pull.chunks_exact(lanes).zip(spins.chunks_exact(lanes));
        for (&h, (pull, spins)) in field.iter().zip(rows) {
            for ((energy, pull), s) in sums.iter_mut().zip(pull).zip(spins) {
                *energy += f64::from(*s) * f64::from(0.5f32.mul_add(*pull, h));
            }
        }
    }
}

/// Keeps the spins of the lanes that are better.
pub(super) struct Keep<'a> {
    pub(super) better: &'a [bool],
    pub(super) spins: &'a [f32],
    pub(super) best: &'a mut [i8],
}

impl Work for Keep<'_> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { better, spins, best } = self;
        let lanes = better.len();
        for (best, spins) in best.chunks_exact_mut(lanes).zip(spins.chunks_exact(lanes)) {
            for ((best, s), better) in best.iter_mut().zip(spins).zip(better) {
                let spin = if *s < 0.0 { -1 } else { 1 };
                *best = if *better { spin } else { *best };
            }
        }
    }
}
