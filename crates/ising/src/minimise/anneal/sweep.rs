//! Sweeps of a read: written once in plain Rust, compiled for several processors.
//!
//! The copies run the same operations in the same order, so they give the same bits.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // a body is compiled into its copies, or the copies are worth nothing

use std::ops::Range;

use super::Form;
use super::kernel::{Kernel, Rule};
use crate::Ising;
use crate::stream::Stream;

/// A read: its state, what the kernel keeps, and the best so far.
pub(super) struct Read<K: Kernel> {
    spins: Vec<i8>,
    kept: K::Kept,
    stream: Stream,
    energy: f64,
    best: f64,
    state: Vec<i8>,
}

impl<K: Kernel> Read<K> {
    pub(super) fn new(kernel: &K, energy: f64, spins: Vec<i8>, stream: Stream) -> Self {
        let (kept, state) = (kernel.keep(&spins), spins.clone());
        Self { spins, kept, stream, energy, best: energy, state }
    }

    /// The state of the lowest energy so far.
    pub(super) fn state(&self) -> &[i8] {
        &self.state
    }

    /// Computes again what is kept, and the energy.
    fn refresh(&mut self, kernel: &K, model: &Ising) {
        self.kept = kernel.keep(&self.spins);
        self.energy = model.energy(&self.spins);
    }

    fn keep_best(&mut self) {
        if self.energy < self.best {
            self.best = self.energy;
            self.state.copy_from_slice(&self.spins);
        }
    }
}

/// A read alone, whatever its kernel.
pub(super) struct Single<'a, K> {
    pub(super) model: &'a Ising,
    pub(super) kernel: K,
}

impl<K: Kernel> Form for Single<'_, K> {
    type Reads = Read<K>;
    type Rule = K::Rule;
    const EXACT: bool = K::EXACT;
    const WIDTH: usize = 1;

    fn start(&self, seed: u64, reads: Range<usize>) -> Read<K> {
        let mut stream = Stream::new(seed, reads.start as u64);
        let spins = stream.spins(self.model.variables());
        Read::new(&self.kernel, self.model.energy(&spins), spins, stream)
    }

    fn rule(&self, beta: f64) -> K::Rule {
        self.kernel.rule(beta)
    }

    fn sweep(&self, rule: &K::Rule, read: &mut Read<K>) {
        sweep(&self.kernel, rule, read);
    }

    fn refresh(&self, read: &mut Read<K>) {
        read.refresh(&self.kernel, self.model);
    }

    fn best(&self, read: &Read<K>) -> f64 {
        read.best
    }

    fn finish(&self, mut read: Read<K>) -> Vec<i8> {
        descend(&self.kernel, &mut read);
        read.state
    }
}

/// One pass of proposals.
fn sweep<K: Kernel>(kernel: &K, rule: &K::Rule, read: &mut Read<K>) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<K: Kernel>(kernel: &K, rule: &K::Rule, read: &mut Read<K>) {
            pass(kernel, rule, read);
        }
        #[target_feature(enable = "avx2")]
        fn avx2<K: Kernel>(kernel: &K, rule: &K::Rule, read: &mut Read<K>) {
            pass(kernel, rule, read);
        }
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the processor has what the copy is compiled for.
            return unsafe { avx512(kernel, rule, read) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the copy is compiled for.
            return unsafe { avx2(kernel, rule, read) };
        }
    }
    pass(kernel, rule, read);
}

#[inline(always)]
fn pass<K: Kernel>(kernel: &K, rule: &K::Rule, read: &mut Read<K>) {
    let mut rises = K::Sum::default();
    let mut stream = read.stream;
    for i in 0..read.spins.len() {
        let rise = kernel.rise(&read.kept, &read.spins, i);
        if rule.accepts(rise, &mut stream) {
            kernel.flip(&mut read.kept, &mut read.spins, i);
            rises = rises + rise.into();
        }
    }
    read.stream = stream;
    read.energy += kernel.energy(rises);
    read.keep_best();
}

/// Takes the best state, and flips spins in order as long as that lowers the energy. A flip counts
/// only if it does so beyond doubt: with rises that are rounding, this would circle.
pub(super) fn descend<K: Kernel>(kernel: &K, read: &mut Read<K>) {
    read.spins.copy_from_slice(&read.state);
    read.energy = read.best;
    read.kept = kernel.keep(&read.spins);
    loop {
        let mut rises = K::Sum::default();
        for i in 0..read.spins.len() {
            let rise = kernel.rise(&read.kept, &read.spins, i);
            if kernel.falls(rise) {
                kernel.flip(&mut read.kept, &mut read.spins, i);
                rises = rises + rise.into();
            }
        }
        read.energy += kernel.energy(rises);
        // Not `>=`: energies that overflowed are NaN, and end this, too.
        if read.energy < read.best {
            read.keep_best();
        } else {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::kernel::{Bytes, Floats};
    use super::*;
    use crate::units::Units;
    use crate::{AnyCouplings, Dense};

    fn model(unit: f64) -> Ising {
        let coupling = |(i, j): (usize, usize)| {
            if i == j { 0.0 } else { ((i * j + i + j) % 15) as f64 - 7.0 }
        };
        let matrix = Array2::from_shape_fn((99, 99), coupling) * unit;
        Ising::new(vec![unit; 99], Dense::new(matrix).unwrap(), 0.0).unwrap()
    }

    fn agree<K: Kernel>(model: &Ising, kernel: &K) {
        let mut stream = Stream::new(1, 2);
        let spins = stream.spins(99);
        let start = || Read::new(kernel, model.energy(&spins), spins.clone(), stream);
        let (mut read, mut twin) = (start(), start());
        for step in 1..30 {
            let rule = kernel.rule(0.002 * f64::from(step));
            sweep(kernel, &rule, &mut read);
            pass(kernel, &rule, &mut twin);
            assert!(read.spins == twin.spins && read.energy == twin.energy);
            assert!((read.energy - model.energy(&read.spins)).abs() < 1e-2);
        }
    }

    #[test]
    fn the_compiled_copies_do_what_the_portable_code_does() {
        let integers = model(1.0);
        agree(&integers, &Bytes::new(&integers, Units::of(&integers).unwrap()));
        let reals = model(1.1);
        let AnyCouplings::Dense(dense) = reals.couplings() else { unreachable!() };
        agree(&reals, &Floats::new(&reals, dense));
    }
}
