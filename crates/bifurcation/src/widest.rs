//! Inner loops: written once in plain Rust, compiled for several processors.
//!
//! Nothing is reordered and fused operations are written as such, so every copy gives the same bits.
#![allow(unsafe_code)]

/// A loop over arrays; `run` is `#[inline(always)]`, or its copies are worth nothing.
pub(crate) trait Work {
    /// What it returns.
    type Out;

    /// Does it.
    fn run(self) -> Self::Out;
}

/// What a copy is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    /// Any processor: the definition.
    Portable,
    Avx2,
    Avx512,
}

impl Width {
    /// The widest that the processor has.
    fn here() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") {
                let wide = has!("avx512f") && has!("avx512dq") && has!("avx512vl");
                return if wide && has!("avx512bw") { Self::Avx512 } else { Self::Avx2 };
            }
        }
        Self::Portable
    }
}

/// Runs the widest compiled copy of the loop that the processor has.
pub(crate) fn widest<W: Work>(work: W) -> W::Out {
    let width = Width::here();
    #[cfg(test)]
    let width = width.min(tests::LIMIT.get());
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
        fn avx512<W: Work>(work: W) -> W::Out {
            work.run()
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<W: Work>(work: W) -> W::Out {
            work.run()
        }
        match width {
            // SAFETY: the processor has what the copy is compiled for; a limit only makes it narrower.
            Width::Avx512 => return unsafe { avx512(work) },
            // SAFETY: the same.
            Width::Avx2 => return unsafe { avx2(work) },
            Width::Portable => {}
        }
    }
    let _ = width;
    work.run()
}

#[cfg(test)]
mod tests {
    //! The copies against the portable loops, in whole steps and looks: all loops of the crate.

    use std::cell::Cell;

    use proptest::prelude::*;
    use spinroute_qubo::{Couplings, Ising};

    use super::Width;
    use crate::product::tests::couplings;
    use crate::{Forces, Mode, Step, Stepper};

    std::thread_local! {
        /// No copy that is wider is run by this thread.
        pub(super) static LIMIT: Cell<Width> = const { Cell::new(Width::Avx512) };
    }

    /// Bits of everything that a few steps and two looks leave; small enough to stay in one thread.
    fn bits(width: Width, forces: &Forces, mode: Mode, agents: usize) -> Vec<u64> {
        LIMIT.set(width);
        let mut stepper = Stepper::new(forces, mode, agents, 5);
        let step = Step { time_step: 0.7, stiffness: 0.6, strength: 0.21, heat: 0.03 };
        let mut bits = Vec::new();
        for _ in 0..2 {
            stepper.advance(forces, &[step; 4]);
            stepper.sample(forces, false);
            bits.extend(stepper.energies().map(f64::to_bits));
        }
        LIMIT.set(Width::Avx512);
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
            let forces = Forces::new(&Ising::new(field, couplings.scaled(0.123), 0.0).unwrap());
            let portable = bits(Width::Portable, &forces, mode, agents);
            for width in [Width::Avx2, Width::Avx512] {
                if width > Width::here() {
                    eprintln!("skipped: the processor has no {width:?}");
                    continue;
                }
                prop_assert_eq!(&bits(width, &forces, mode, agents), &portable);
            }
        }
    }
}
