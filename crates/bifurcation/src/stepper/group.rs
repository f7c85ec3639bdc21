//! Agents that stand side by side.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

use super::passes::{Advance, Energies, Keep};
use crate::noise::Noise;
use crate::product::{LANES, ScaledModel, SignCounts, Table, zeros};
use crate::symplectic::{Step, Variant, sign};
use crate::variant::Mode;
use spinroute_simd::widest;

/// Values of a table that are worked on together, to stay in the first cache.
const CHUNK: usize = 1 << 12;

/// Positions and momenta start within ± this.
const START: f32 = 0.1;

/// Values in a pass below which it is not worth waking other threads.
pub(super) const SMALL: usize = 1 << 17;

/// The pull, position, momentum and next signal of some variables.
type Part<'a> = (((&'a mut [f32], &'a mut [f32]), &'a mut [f32]), &'a mut [f32]);

/// Agents side by side: tables of `variables × lanes`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) agents: usize,
    pub(super) lanes: usize,
    pub(super) position: Table,
    pub(super) momentum: Table,
    /// What the couplings see at the start of the next step.
    signal: Table,
    /// And at the start of the last one.
    before: Table,
    /// `J · before`.
    pull: Table,
    /// `signal` as bytes, where these are counted.
    signs: Vec<i8>,
    pub(super) sums: Vec<f32>,
    /// Sums of columns over some rows of a grid, of the next step.
    pub(super) partial: Vec<f32>,
    pub(super) energies: Vec<f64>,
    pub(super) lowest: Vec<f64>,
    pub(super) best: Vec<i8>,
}

impl Group {
    pub(super) fn new(scaled: &ScaledModel, mode: Mode, agents: Range<usize>, seed: u64) -> Self {
        let n = scaled.variables();
        let alone = agents.len() == 1 && agents.start == 0;
        let lanes = if alone { 1 } else { agents.len().next_multiple_of(fill(scaled)) };
        let (mut position, mut momentum) = (zeros(n * lanes), zeros(n * lanes));
        for (lane, agent) in agents.clone().enumerate() {
            let noise = Noise::new(seed, agent);
            for i in 0..n {
                let [x, y] = noise.pair(i);
                (position[i * lanes + lane], momentum[i * lanes + lane]) = (START * x, START * y);
            }
        }
        let mut signal = position.clone();
        if mode.is_discrete() {
            signal.iter_mut().for_each(|x| *x = sign(*x));
        }
        let before = signal.clone();
        Self {
            agents: agents.len(),
            lanes,
            position,
            momentum,
            signal,
            before,
            pull: zeros(n * lanes),
            signs: Vec::new(),
            sums: Vec::new(),
            partial: Vec::new(),
            energies: vec![f64::INFINITY; lanes],
            lowest: vec![f64::INFINITY; lanes],
            best: vec![1; n * lanes],
        }
    }

    /// Puts the agent of a lane elsewhere.
    pub(super) fn place_at(
        &mut self,
        lane: usize,
        discrete: bool,
        start: impl Fn(usize) -> (f32, f32),
    ) {
        let places = (lane..self.position.len()).step_by(self.lanes);
        for (i, place) in places.enumerate() {
            let (x, y) = start(i);
            (self.position[place], self.momentum[place]) = (x, y);
            self.signal[place] = if discrete { sign(x) } else { x };
            self.before[place] = self.signal[place];
        }
    }

    /// Variables of a chunk: whole grains, and about [`CHUNK`] values, more where chunks have a cost.
    fn chunk(&self, scaled: &ScaledModel) -> usize {
        (CHUNK / self.lanes).max(scaled.share()).next_multiple_of(scaled.grain())
    }

    /// Whether a step is cut by rows into several threads.
    pub(super) fn is_large(&self, scaled: &ScaledModel) -> bool {
        self.lanes * scaled.work() >= SMALL && rayon::current_num_threads() > 1
    }

    /// A step in place of some variables that see sums and themselves only. Signals and pulls live in
    /// the first cache.
    pub(super) fn step_local<V: Variant>(
        &mut self,
        scaled: &ScaledModel,
        step: &Step,
        variables: Range<usize>,
    ) {
        let (chunk, large, lanes) = (self.chunk(scaled), self.is_large(scaled), self.lanes);
        let sums = &self.sums;
        let work =
            |scratch: &mut [Table; 2],
             (c, (position, momentum)): (usize, (&mut [f32], &mut [f32]))| {
                let first = variables.start + c * chunk;
                let rows = first..first + position.len() / lanes;
                let [signal, pull] = scratch;
                let (signal, pull) = (&mut signal[..position.len()], &mut pull[..position.len()]);
                for (s, x) in signal.iter_mut().zip(&*position) {
                    *s = if V::DISCRETE { sign(*x) } else { *x };
                }
                scaled.rows(signal, sums, lanes, rows.clone(), pull);
                let (field, next, variant) = (&scaled.field[rows], signal, PhantomData::<V>);
                widest(Advance { step, field, pull, position, momentum, next, lanes, variant });
            };
        let (size, range) = (chunk * lanes, variables.start * lanes..variables.end * lanes);
        let (position, momentum) = (&mut self.position[range.clone()], &mut self.momentum[range]);
        let tables = position.par_chunks_mut(size).zip(momentum.par_chunks_mut(size)).enumerate();
        let tables = tables.with_min_len(if large { 1 } else { usize::MAX });
        tables.for_each_init(|| [zeros(size), zeros(size)], work);
    }

    /// A step where rows see all signals: these are written to a second table.
    pub(super) fn step_all<V: Variant>(&mut self, scaled: &ScaledModel, step: &Step) {
        let (chunk, large, lanes) = (self.chunk(scaled), self.is_large(scaled), self.lanes);
        scaled.sums(&self.signal, lanes, false, &mut self.sums);
        let (signal, sums) = (&self.signal, &self.sums);
        let sign_counts = scaled.sign_counts().filter(|_| V::DISCRETE && lanes > 1);
        if sign_counts.is_some() {
            SignCounts::pack(signal, &mut self.signs);
        }
        let signs = &self.signs;
        let work = |(c, part): (usize, Part<'_>)| {
            let first = c * chunk;
            let (((pull, position), momentum), next) = part;
            let rows = first..first + pull.len() / lanes;
            match sign_counts {
                Some(sign_counts) => sign_counts.rows(signs, lanes, rows.clone(), pull),
                None => scaled.rows(signal, sums, lanes, rows.clone(), pull),
            }
            let field = &scaled.field[rows];
            widest(Advance::<V> {
                step,
                field,
                pull,
                position,
                momentum,
                next,
                lanes,
                variant: PhantomData,
            });
        };
        let size = chunk * lanes;
        if large {
            let tables = self.pull.par_chunks_mut(size).zip(self.position.par_chunks_mut(size));
            let tables = tables.zip(self.momentum.par_chunks_mut(size));
            tables.zip(self.before.par_chunks_mut(size)).enumerate().for_each(work);
        } else {
            let tables = self.pull.chunks_mut(size).zip(self.position.chunks_mut(size));
            let tables = tables.zip(self.momentum.chunks_mut(size));
            tables.zip(self.before.chunks_mut(size)).enumerate().for_each(work);
        }
        std::mem::swap(&mut self.signal, &mut self.before);
    }

    pub(super) fn sample(&mut self, scaled: &ScaledModel, fresh: bool) {
        if fresh || scaled.is_local() {
            let (chunk, lanes) = (self.chunk(scaled), self.lanes);
            self.before.iter_mut().zip(self.position.iter()).for_each(|(s, x)| *s = sign(*x));
            scaled.sums(&self.before, lanes, false, &mut self.sums);
            let (signal, sums) = (&self.before, &self.sums);
            let work = |(c, pull): (usize, &mut [f32])| {
                let rows = c * chunk..c * chunk + pull.len() / lanes;
                scaled.rows(scaled.seen(signal, lanes, &rows), sums, lanes, rows, pull);
            };
            if self.is_large(scaled) {
                self.pull.par_chunks_mut(chunk * lanes).enumerate().for_each(work);
            } else {
                self.pull.chunks_mut(chunk * lanes).enumerate().for_each(work);
            }
        }
        let (field, lanes) = (&scaled.field, self.lanes);
        self.energies.fill(0.0);
        widest(Energies {
            field,
            pull: &self.pull,
            spins: &self.before,
            lanes,
            sums: &mut self.energies,
        });
        let better: Vec<bool> =
            self.energies.iter().zip(&self.lowest).map(|(e, low)| e < low).collect();
        if better.iter().any(|better| *better) {
            self.lowest.iter_mut().zip(&self.energies).for_each(|(low, e)| *low = low.min(*e));
            widest(Keep { better: &better, spins: &self.before, best: &mut self.best });
        }
    }
}

/// Lanes that a group is filled up to: a tile of the matrix product is two vectors wide (16
/// agents in tiles of one took longer a step than 32 in tiles of two).
pub(super) fn fill(scaled: &ScaledModel) -> usize {
    if scaled.is_dense() { 2 * LANES } else { LANES }
}
