//! The compiled copies against the portable loops, in whole steps and looks: all loops of the crate.

use proptest::prelude::*;
use spinroute_ising::{Couplings, Ising};
use spinroute_simd::{Width, at_most};

use crate::product::tests::couplings;
use crate::{Mode, ScaledModel, Step, Stepper};

/// Bits of everything that a few steps and two looks leave; small enough to stay in one thread.
fn bits(width: Width, scaled: &ScaledModel, mode: Mode, agents: usize) -> Vec<u64> {
    let mut stepper = at_most(width, || Stepper::new(scaled, mode, agents, 5));
    let step = Step { time_step: 0.7, stiffness: 0.6, strength: 0.21, heat: 0.03 };
    let mut bits = Vec::new();
    at_most(width, || {
        for _ in 0..2 {
            stepper.advance(scaled, &[step; 4]);
            stepper.sample(scaled, false);
            bits.extend(stepper.energies().map(f64::to_bits));
        }
    });
    let positions = (0..agents).flat_map(|agent| stepper.positions(agent));
    bits.extend(positions.map(|x| u64::from(x.to_bits())));
    bits.extend(stepper.best().iter().map(|spin| *spin as u64));
    bits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn copies_give_the_same_bits(
        couplings in couplings(),
        mode in prop::sample::select(vec![Mode::Adiabatic, Mode::Ballistic, Mode::Discrete]),
        agents in prop::sample::select(vec![1usize, 3, 17, 33, 70]),
    ) {
        let n = couplings.variables();
        let field = (0..n).map(|i| (i * 29 % 13) as f64 / 13.0 - 0.4).collect();
        let scaled = ScaledModel::new(&Ising::new(field, couplings.scaled(0.123), 0.0).unwrap());
        let portable = bits(Width::Portable, &scaled, mode, agents);
        for width in [Width::Avx2, Width::Avx512] {
            if width > Width::here() {
                eprintln!("skipped: the processor has no {width:?}");
                continue;
            }
            prop_assert_eq!(&bits(width, &scaled, mode, agents), &portable);
        }
    }
}
