//! Many reads of a sparse integer model at once, one a lane of a vector.
//!
//! The fields and spins of a variable stand side by side for `L` reads, so that a proposal is a
//! handful of vector operations without a branch, and a neighbour is loaded once for all reads that
//! flip. What a read does is the Metropolis rule of [`super::sweep`] with random numbers of its own:
//! `rise ≤ −ln(u) / 2 β` accepts with the probability `exp(−2 β rise)`, and lets the logarithm of all
//! lanes be computed at once where a table would be looked up lane by lane.
//!
//! 1,000 sweeps of G22 in one thread (Xeon, AVX-512): 1 read alone 17 ms, 8 reads together 45 ms, 16
//! reads 51 ms. Not kept: 32 lanes, whose 226 ms for 32 reads are more than two rounds of 16 (the
//! state of the generator no longer fits the registers); rows of bytes for G1, 98 ms for 8 reads
//! against 25 ms.
//!
//! The portable code is the definition, and compiled for several processors by [`spinroute_simd`].
#![allow(clippy::inline_always)] // a body is compiled into its copies, or the copies are worth nothing

use std::array::from_fn;
use std::f32::consts::LN_2;
use std::ops::Range;

use spinroute_simd::{Work, widest};

use super::form::Form;
use super::kernel::{Graph, Kernel};
use super::sweep::{Read, descend};
use crate::Ising;
use crate::SplitMix64;

/// Variables after which the sums of rises are taken to 64 bits: each rise fits 15 bits.
const BLOCK: usize = 1 << 15;

/// `L` reads at a time.
pub(super) struct Lanes<'a, const L: usize> {
    model: &'a Ising,
    graph: Graph<'a, i32>,
    /// The coupling of all pairs, where it is the same.
    equal: Option<i16>,
}

impl<'a, const L: usize> Lanes<'a, L> {
    pub(super) fn new(model: &'a Ising, graph: Graph<'a, i32>) -> Self {
        let equal = graph.equal().map(|coupling| coupling as i16);
        Self { model, graph, equal }
    }
}

/// `L` reads, some perhaps unused.
#[derive(Clone)]
pub(super) struct Reads<const L: usize> {
    used: usize,
    fields: Vec<[i16; L]>,
    spins: Vec<[i16; L]>,
    random: Xoshiro<L>,
    energy: [f64; L],
    best: [f64; L],
    states: Vec<[i8; L]>,
}

impl<const L: usize> Form for Lanes<'_, L> {
    type Reads = Reads<L>;
    /// `ln 2 / 2 β` in units.
    type Rule = f32;
    const EXACT: bool = true;
    const WIDTH: usize = L;

    fn start(&self, seed: u64, reads: Range<usize>) -> Reads<L> {
        let n = self.model.variables();
        let mut group = Reads {
            used: reads.len(),
            fields: vec![[0; L]; n],
            spins: vec![[0; L]; n],
            random: Xoshiro { state: [[0; L]; 4] },
            energy: [0.0; L],
            best: [f64::INFINITY; L],
            states: vec![[0; L]; n],
        };
        for lane in 0..L {
            // A lane that no read uses runs along, and is not looked at.
            let mut stream = SplitMix64::new(seed, reads.start.saturating_add(lane) as u64);
            let spins = stream.spins(n);
            for (i, field) in self.graph.keep(&spins).into_iter().enumerate() {
                group.fields[i][lane] = field as i16;
                group.spins[i][lane] = i16::from(spins[i]);
                group.states[i][lane] = spins[i];
            }
            group.energy[lane] = self.model.energy(&spins);
            group.random.seed(lane, &mut stream);
        }
        group.best[..group.used].copy_from_slice(&group.energy[..group.used]);
        group
    }

    fn rule(&self, beta: f64) -> f32 {
        let reach = f64::from(LN_2) / (2.0 * self.graph.unit() * beta);
        reach.min(f64::from(f32::MAX) / 64.0) as f32
    }

    fn sweep(&self, reach: &f32, reads: &mut Reads<L>) {
        let rises = widest(Sweep { lanes: self, reach: *reach, reads });
        let mut better = [false; L];
        for lane in 0..reads.used {
            reads.energy[lane] += self.graph.energy(rises[lane]);
            better[lane] = reads.energy[lane] < reads.best[lane];
            if better[lane] {
                reads.best[lane] = reads.energy[lane];
            }
        }
        if better.contains(&true) {
            for (state, spins) in reads.states.iter_mut().zip(&reads.spins) {
                for lane in 0..L {
                    state[lane] = if better[lane] { spins[lane] as i8 } else { state[lane] };
                }
            }
        }
    }

    fn refresh(&self, _: &mut Reads<L>) {}

    fn best(&self, reads: &Reads<L>) -> f64 {
        reads.best.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn finish(&self, reads: Reads<L>) -> Vec<i8> {
        let mut states = Vec::with_capacity(reads.used * reads.states.len());
        for lane in 0..reads.used {
            let state: Vec<i8> = reads.states.iter().map(|state| state[lane]).collect();
            let mut read = Read::new(&self.graph, reads.best[lane], state, SplitMix64::new(0, 0));
            descend(&self.graph, &mut read);
            states.extend(read.state());
        }
        states
    }
}

/// xoshiro128++ (Blackman, Vigna, ACM Trans. Math. Softw. 47 (2021) 36) in every lane.
#[derive(Clone)]
struct Xoshiro<const L: usize> {
    state: [[u32; L]; 4],
}

impl<const L: usize> Xoshiro<L> {
    fn seed(&mut self, lane: usize, stream: &mut SplitMix64) {
        let (low, high) = (stream.bits(), stream.bits());
        let words = [low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32 | 1];
        for (state, word) in self.state.iter_mut().zip(words) {
            state[lane] = word;
        }
    }

    #[inline(always)]
    fn next(&mut self) -> [u32; L] {
        let [a, b, c, d] = &mut self.state;
        let bits = from_fn(|l| a[l].wrapping_add(d[l]).rotate_left(7).wrapping_add(a[l]));
        let shifted: [u32; L] = from_fn(|l| b[l] << 9);
        *c = from_fn(|l| c[l] ^ a[l]);
        *d = from_fn(|l| d[l] ^ b[l]);
        *b = from_fn(|l| b[l] ^ c[l]);
        *a = from_fn(|l| a[l] ^ d[l]);
        *c = from_fn(|l| c[l] ^ shifted[l]);
        *d = from_fn(|l| d[l].rotate_left(11));
        bits
    }
}

/// `−log2(u)` of a random `u` in (0, 1], from 32 random bits: a multiple of 2⁻²³, so at most 23.
/// The logarithm of the mantissa is a polynomial, within 1e-5.
#[inline(always)]
fn waiting(bits: u32) -> f32 {
    const TERMS: [f32; 6] =
        [1.442_682_5, -0.720_394_94, 0.468_859, -0.301_973_13, 0.144_612_35, -0.033_785_76];
    let u = 2.0 - f32::from_bits(bits >> 9 | 0x3f80_0000);
    let exponent = (u.to_bits() >> 23) as i32 - 127;
    let t = f32::from_bits(u.to_bits() & 0x007f_ffff | 0x3f80_0000) - 1.0;
    let mut sum = TERMS[5];
    for k in (0..5).rev() {
        sum = sum * t + TERMS[k];
    }
    let waiting = -(exponent as f32) - t * sum;
    if waiting > 0.0 { waiting } else { 0.0 }
}

/// One pass of proposals; the sums of the accepted rises.
struct Sweep<'a, 'm, const L: usize> {
    lanes: &'a Lanes<'m, L>,
    reach: f32,
    reads: &'a mut Reads<L>,
}

impl<const L: usize> Work for Sweep<'_, '_, L> {
    type Out = [i64; L];

    #[inline(always)]
    fn run(self) -> [i64; L] {
        pass(self.lanes, self.reach, self.reads)
    }
}

/// The pass. References of its own are what tells the compiler that nothing overlaps.
#[inline(always)]
fn pass<const L: usize>(lanes: &Lanes<'_, L>, reach: f32, reads: &mut Reads<L>) -> [i64; L] {
    let Reads { fields, spins, random, .. } = reads;
    let mut rng = random.clone();
    let mut total = [0_i64; L];
    for first in (0..spins.len()).step_by(BLOCK) {
        let mut risen = [0_i32; L];
        for i in first..(first + BLOCK).min(spins.len()) {
            let bits = rng.next();
            let mut turn = [0_i16; L];
            for l in 0..L {
                let rise = -spins[i][l] * fields[i][l];
                let accepted = f32::from(rise) <= waiting(bits[l]) * reach;
                turn[l] = if accepted { -2 * spins[i][l] } else { 0 };
                risen[l] += if accepted { i32::from(rise) } else { 0 };
            }
            // Twice a coupling may leave 16 bits, but the new field does not: sums wrap to it.
            if turn.iter().fold(0, |any, turn| any | turn) != 0 {
                for l in 0..L {
                    spins[i][l] += turn[l];
                }
                if let Some(coupling) = lanes.equal {
                    let turn = turn.map(|turn| turn.wrapping_mul(coupling));
                    for &j in lanes.graph.columns(i) {
                        let field = &mut fields[j as usize];
                        for l in 0..L {
                            field[l] = field[l].wrapping_add(turn[l]);
                        }
                    }
                } else {
                    for &(j, coupling) in lanes.graph.row(i) {
                        let field = &mut fields[j as usize];
                        for l in 0..L {
                            field[l] = field[l].wrapping_add(turn[l].wrapping_mul(coupling as i16));
                        }
                    }
                }
            }
        }
        for l in 0..L {
            total[l] += i64::from(risen[l]);
        }
    }
    *random = rng;
    total
}

#[cfg(test)]
mod tests {
    use spinroute_simd::{Width, at_most};

    use super::*;

    /// A graph of three neighbours a spin, and reads of it.
    fn reads<const L: usize>(model: &Ising) -> (Lanes<'_, L>, Reads<L>) {
        let crate::AnyCouplings::Sparse(sparse) = model.couplings() else { unreachable!() };
        let units = crate::integers::CommonUnit::of(model).unwrap();
        let graph = Graph::new(model, sparse, units, |value| units.integer(value));
        let lanes = Lanes::new(model, graph);
        let reads = lanes.start(5, 3..3 + L);
        (lanes, reads)
    }

    #[test]
    fn copies_give_the_same_bits() {
        for weights in [[1.0, 1.0], [2.0, -3.0], [16_000.0, 201.0]] {
            let pairs = (0..200_u32).flat_map(|i| [(i, (i + 1) % 200, 0), (i, (i + 7) % 200, 1)]);
            let pairs = pairs.map(|(i, j, weight)| (i, j, weights[weight]));
            let couplings = crate::Sparse::from_triplets(200, pairs).unwrap();
            let model = Ising::new(vec![1.0; 200], couplings, 0.0).unwrap();
            let (lanes, mut reads) = reads::<16>(&model);
            let scale = f64::abs(weights[0]);
            for step in 0..20 {
                let twins = Width::ALL.map(|_| reads.clone());
                let reach = lanes.rule(0.05 * f64::from(step + 1) / scale);
                let rises = widest(Sweep { lanes: &lanes, reach, reads: &mut reads });
                for (width, mut twin) in Width::ALL.into_iter().zip(twins) {
                    let work = Sweep { lanes: &lanes, reach, reads: &mut twin };
                    assert_eq!(at_most(width, || widest(work)), rises, "{width:?}");
                    assert!(reads.spins == twin.spins && reads.fields == twin.fields, "{width:?}");
                }
            }
            // What is kept is true.
            for lane in 0..16 {
                let spins: Vec<i8> = reads.spins.iter().map(|spins| spins[lane] as i8).collect();
                let fields = lanes.graph.keep(&spins);
                assert!((0..200).all(|i| i32::from(reads.fields[i][lane]) == fields[i]));
            }
        }
    }

    #[test]
    fn the_logarithm_is_right_over_all_of_its_range() {
        for step in 0..1_u32 << 15 {
            let bits = step << 17 | 0x1_5555;
            let u = 1.0 - f64::from(bits >> 9) / f64::from(1 << 23);
            let error = f64::from(waiting(bits)) + u.log2();
            assert!(error.abs() < 2e-5, "{u}: {error}");
        }
        assert_eq!((waiting(0), waiting(u32::MAX)), (0.0, 23.0));
    }

    #[test]
    fn lanes_draw_as_the_generator_alone_does() {
        // The first outputs of xoshiro128++ from the state 1, 2, 3, 4.
        let mut rng = Xoshiro::<2> { state: [[1, 0], [2, 0], [3, 0], [4, 1]] };
        let expected = [641, 1_573_767, 3_222_811_527, 3_517_856_514];
        assert_eq!([(); 4].map(|()| rng.next()[0]), expected);
    }
}
