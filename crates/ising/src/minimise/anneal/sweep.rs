//! Sweeps of a read: written once in plain Rust, compiled for several processors by
//! [`spinroute_simd`], whose copies give the same bits.
#![allow(clippy::inline_always)] // a body is compiled into its copies, or the copies are worth nothing

use std::ops::Range;

use spinroute_simd::{Work, widest};

use super::form::Form;
use super::kernel::{Kernel, Rule};
use crate::Ising;
use crate::SplitMix64;

/// A read: its state, what the kernel keeps, and the best so far.
pub(super) struct Read<K: Kernel> {
    spins: Vec<i8>,
    kept: K::Kept,
    stream: SplitMix64,
    energy: f64,
    best: f64,
    state: Vec<i8>,
}

impl<K: Kernel> Read<K> {
    pub(super) fn new(kernel: &K, energy: f64, spins: Vec<i8>, stream: SplitMix64) -> Self {
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
        let mut stream = SplitMix64::new(seed, reads.start as u64);
        let spins = stream.spins(self.model.variables());
        Read::new(&self.kernel, self.model.energy(&spins), spins, stream)
    }

    fn rule(&self, beta: f64) -> K::Rule {
        self.kernel.rule(beta)
    }

    fn sweep(&self, rule: &K::Rule, read: &mut Read<K>) {
        widest(Sweep { kernel: &self.kernel, rule, read });
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
struct Sweep<'a, K: Kernel> {
    kernel: &'a K,
    rule: &'a K::Rule,
    read: &'a mut Read<K>,
}

impl<K: Kernel> Work for Sweep<'_, K> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        pass(self.kernel, self.rule, self.read);
    }
}

/// The pass. References of its own are what tells the compiler that nothing overlaps.
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
    use spinroute_simd::{Width, at_most};

    use super::super::kernel::{Bytes, Floats};
    use super::*;
    use crate::integers::CommonUnit;
    use crate::{AnyCouplings, Dense};

    fn model(unit: f64) -> Ising {
        let coupling = |(i, j): (usize, usize)| {
            if i == j { 0.0 } else { ((i * j + i + j) % 15) as f64 - 7.0 }
        };
        let matrix = Array2::from_shape_fn((99, 99), coupling) * unit;
        Ising::new(vec![unit; 99], Dense::new(matrix).unwrap(), 0.0).unwrap()
    }

    fn agree<K: Kernel>(model: &Ising, kernel: &K) {
        let mut stream = SplitMix64::new(1, 2);
        let spins = stream.spins(99);
        let start = || Read::new(kernel, model.energy(&spins), spins.clone(), stream);
        let (mut read, mut twins) = (start(), Width::ALL.map(|_| start()));
        for step in 1..30 {
            let rule = kernel.rule(0.002 * f64::from(step));
            widest(Sweep { kernel, rule: &rule, read: &mut read });
            for (width, twin) in Width::ALL.into_iter().zip(&mut twins) {
                at_most(width, || widest(Sweep { kernel, rule: &rule, read: twin }));
                assert!(read.spins == twin.spins && read.energy == twin.energy, "{width:?}");
            }
            assert!((read.energy - model.energy(&read.spins)).abs() < 1e-2);
        }
    }

    #[test]
    fn copies_give_the_same_bits() {
        let integers = model(1.0);
        agree(&integers, &Bytes::new(&integers, CommonUnit::of(&integers).unwrap()));
        let reals = model(1.1);
        let AnyCouplings::Dense(dense) = reals.couplings() else { unreachable!() };
        agree(&reals, &Floats::new(&reals, dense));
    }
}
