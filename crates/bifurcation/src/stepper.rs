//! Many agents in step: the batch and what advances it.
//!
//! Agents do not see each other. They stand side by side in groups of up to [`WIDTH`]: a row of the
//! couplings is read once for all of a group, and groups are independent, so that they advance
//! several steps without waiting for each other; a large group is cut by rows as well. None of this
//! changes a bit: an agent's path depends on the model, the constants, the seed and its number.
//!
//! A step costs one product with the couplings and one pass over positions and momenta.
//!
//! ```
//! use spinroute_bifurcation::{Forces, Mode, Step, Stepper};
//! use spinroute_qubo::{Ising, Sparse};
//!
//! let pair = Sparse::from_triplets(2, [(0, 1, 1.0)])?;
//! let forces = Forces::new(&Ising::new(vec![0.0; 2], pair, 0.0)?);
//! let mut stepper = Stepper::new(&forces, Mode::Ballistic, 1, 7);
//! let step = Step { time_step: 0.5, stiffness: 0.0, strength: 0.5, heat: 0.0 };
//! stepper.advance(&forces, &[step; 40]);
//! let position = |variable| stepper.position(0, variable);
//! assert_eq!(position(0), -position(1)); // at opposite walls
//! # Ok::<(), spinroute_qubo::Error>(())
//! ```

use rayon::prelude::*;

use crate::noise::Noise;
use crate::product::{Forces, LANES, Table, zeros};
use crate::symplectic::{Step, Variant, sign};
use crate::variant::{Adiabatic, Ballistic, Discrete, Mode};
use crate::widest::{Work, widest};

/// Agents of a group, at most.
const WIDTH: usize = 4 * LANES;

/// Positions and momenta start within ± this.
const START: f32 = 0.1;

/// Values in a pass below which it is not worth waking other threads.
const SMALL: usize = 1 << 17;

/// Values of a table that are worked on together, to stay in the first cache.
const CHUNK: usize = 1 << 12;

/// A batch of agents. The model is passed with every call, and may change between calls.
#[derive(Clone, Debug)]
pub struct Stepper {
    mode: Mode,
    agents: usize,
    groups: Vec<Group>,
}

impl Stepper {
    /// Agents at their start: positions and momenta uniform in ±0.1, drawn for every agent from the
    /// seed and its number.
    #[must_use]
    pub fn new(forces: &Forces, mode: Mode, agents: usize, seed: u64) -> Self {
        let width = width(forces, agents);
        let groups = (0..agents.div_ceil(width)).into_par_iter().map(|group| {
            let first = group * width;
            Group::new(forces, mode, first..agents.min(first + width), seed)
        });
        Self { mode, agents, groups: groups.collect() }
    }

    /// Number of agents.
    #[must_use]
    pub fn agents(&self) -> usize {
        self.agents
    }

    /// Takes one step after another.
    pub fn advance(&mut self, forces: &Forces, steps: &[Step]) {
        match self.mode {
            Mode::Adiabatic => self.advance_as::<Adiabatic>(forces, steps),
            Mode::Ballistic => self.advance_as::<Ballistic>(forces, steps),
            Mode::Discrete => self.advance_as::<Discrete>(forces, steps),
        }
    }

    /// Takes steps of any variant; its signals must be those of the mode.
    pub fn advance_as<V: Variant>(&mut self, forces: &Forces, steps: &[Step]) {
        let each = |group: &mut Group| steps.iter().for_each(|step| group.step::<V>(forces, step));
        self.each(forces, each);
    }

    /// Works on all groups, in several threads where that pays.
    fn each(&mut self, forces: &Forces, work: impl Fn(&mut Group) + Sync + Send) {
        if self.agents * forces.work() < SMALL {
            self.groups.iter_mut().for_each(work);
        } else {
            self.groups.par_iter_mut().for_each(work);
        }
    }

    /// The position of a variable of an agent.
    ///
    /// # Panics
    /// If there is no such agent or variable.
    #[must_use]
    pub fn position(&self, agent: usize, variable: usize) -> f32 {
        let (group, lane) = self.place(agent);
        group.position[variable * group.lanes + lane]
    }

    /// The positions of an agent.
    ///
    /// # Panics
    /// If there is no such agent.
    pub fn positions(&self, agent: usize) -> impl Iterator<Item = f32> + '_ {
        let (group, lane) = self.place(agent);
        group.position.chunks_exact(group.lanes).map(move |values| values[lane])
    }

    /// The group of an agent and its lane there.
    fn place(&self, agent: usize) -> (&Group, usize) {
        assert!(agent < self.agents, "agent {agent} of {}", self.agents);
        let width = self.groups[0].agents.max(1);
        (&self.groups[agent / width], agent % width)
    }

    /// Looks at the spins of every agent: computes their energies and keeps what is best.
    ///
    /// Discrete dynamics have the product of the spins at the start of the last step at hand, and look
    /// at these; after `fresh`, and in the other modes, the present ones cost a product.
    pub fn sample(&mut self, forces: &Forces, fresh: bool) {
        let fresh = fresh || !self.mode.is_discrete();
        self.each(forces, |group| group.sample(forces, fresh));
    }

    /// The energies that the last sample saw, in units of [`Forces::scale`], without the offset.
    pub fn energies(&self) -> impl Iterator<Item = f64> + '_ {
        self.groups.iter().flat_map(|group| group.energies[..group.agents].iter().copied())
    }

    /// The lowest energy of every agent so far, in the same unit.
    pub fn lowest(&self) -> impl Iterator<Item = f64> + '_ {
        self.groups.iter().flat_map(|group| group.lowest[..group.agents].iter().copied())
    }

    /// The spins of the lowest energy, agent after agent; 1 everywhere before the first sample.
    #[must_use]
    pub fn best(&self) -> Vec<i8> {
        let lanes = |group: &Group| (0..group.agents).collect::<Vec<_>>();
        let agents =
            self.groups.iter().flat_map(|group| lanes(group).into_iter().map(move |l| (group, l)));
        agents
            .flat_map(|(group, lane)| group.best.iter().skip(lane).step_by(group.lanes))
            .copied()
            .collect()
    }
}

/// How wide groups are: one agent stands alone, the others fill vectors.
fn width(forces: &Forces, agents: usize) -> usize {
    match agents {
        0 | 1 => 1,
        _ if forces.is_dense() => agents.next_multiple_of(LANES).min(WIDTH),
        _ => agents.next_multiple_of(LANES).min(2 * LANES),
    }
}

/// Agents side by side: tables of `variables × lanes`.
#[derive(Clone, Debug)]
struct Group {
    agents: usize,
    lanes: usize,
    position: Table,
    momentum: Table,
    /// What the couplings see at the start of the next step.
    signal: Table,
    /// And at the start of the last one.
    before: Table,
    /// `J · before`.
    pull: Table,
    sums: Vec<f32>,
    energies: Vec<f64>,
    lowest: Vec<f64>,
    best: Vec<i8>,
}

impl Group {
    fn new(forces: &Forces, mode: Mode, agents: std::ops::Range<usize>, seed: u64) -> Self {
        let n = forces.variables();
        let lanes = if agents.len() == 1 && agents.start == 0 {
            1
        } else {
            agents.len().next_multiple_of(LANES)
        };
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
            sums: Vec::new(),
            energies: vec![f64::INFINITY; lanes],
            lowest: vec![f64::INFINITY; lanes],
            best: vec![1; n * lanes],
        }
    }

    /// Variables of a chunk: whole grains, and about [`CHUNK`] values.
    fn chunk(&self, forces: &Forces) -> usize {
        (CHUNK / self.lanes).next_multiple_of(forces.grain())
    }

    /// Whether a step is cut by rows into several threads.
    fn is_large(&self, forces: &Forces) -> bool {
        self.lanes * forces.work() >= SMALL && rayon::current_num_threads() > 1
    }

    fn step<V: Variant>(&mut self, forces: &Forces, step: &Step) {
        let (chunk, large, lanes) = (self.chunk(forces), self.is_large(forces), self.lanes);
        forces.sums(&self.signal, lanes, &mut self.sums);
        let (signal, sums) = (&self.signal, &self.sums);
        let work = |(c, part): (usize, Part<'_>)| {
            let first = c * chunk;
            let (((pull, position), momentum), next) = part;
            let rows = first..first + pull.len() / lanes;
            forces.rows(signal, sums, lanes, rows.clone(), pull);
            let field = &forces.field[rows];
            widest(Advance::<V> {
                step,
                field,
                pull,
                position,
                momentum,
                next,
                lanes,
                variant: std::marker::PhantomData,
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

    fn sample(&mut self, forces: &Forces, fresh: bool) {
        if fresh {
            let (chunk, lanes) = (self.chunk(forces), self.lanes);
            self.before.iter_mut().zip(self.position.iter()).for_each(|(s, x)| *s = sign(*x));
            forces.sums(&self.before, lanes, &mut self.sums);
            let (signal, sums) = (&self.before, &self.sums);
            let work = |(c, pull): (usize, &mut [f32])| {
                let rows = c * chunk..c * chunk + pull.len() / lanes;
                forces.rows(signal, sums, lanes, rows, pull);
            };
            if self.is_large(forces) {
                self.pull.par_chunks_mut(chunk * lanes).enumerate().for_each(work);
            } else {
                self.pull.chunks_mut(chunk * lanes).enumerate().for_each(work);
            }
        }
        let (field, lanes) = (&forces.field, self.lanes);
        self.energies.fill(0.0);
        widest(Energies {
            field,
            pull: &self.pull,
            spins: &self.before,
            lanes,
            energies: &mut self.energies,
        });
        let better: Vec<bool> =
            self.energies.iter().zip(&self.lowest).map(|(e, low)| e < low).collect();
        if better.iter().any(|better| *better) {
            self.lowest.iter_mut().zip(&self.energies).for_each(|(low, e)| *low = low.min(*e));
            widest(Keep { better: &better, spins: &self.before, best: &mut self.best });
        }
    }
}

type Part<'a> = (((&'a mut [f32], &'a mut [f32]), &'a mut [f32]), &'a mut [f32]);

/// The step of some variables, once their pull is known.
struct Advance<'a, V> {
    step: &'a Step,
    field: &'a [f32],
    pull: &'a [f32],
    position: &'a mut [f32],
    momentum: &'a mut [f32],
    next: &'a mut [f32],
    lanes: usize,
    variant: std::marker::PhantomData<V>,
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
struct Energies<'a> {
    field: &'a [f32],
    pull: &'a [f32],
    spins: &'a [f32],
    lanes: usize,
    energies: &'a mut [f64],
}

impl Work for Energies<'_> {
    type Out = ();

    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn run(self) {
        let Self { field, pull, spins, lanes, energies } = self;
        let rows = pull.chunks_exact(lanes).zip(spins.chunks_exact(lanes));
        for (&h, (pull, spins)) in field.iter().zip(rows) {
            for ((energy, pull), s) in energies.iter_mut().zip(pull).zip(spins) {
                *energy += f64::from(*s) * f64::from(0.5f32.mul_add(*pull, h));
            }
        }
    }
}

/// Keeps the spins of the lanes that are better.
struct Keep<'a> {
    better: &'a [bool],
    spins: &'a [f32],
    best: &'a mut [i8],
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
