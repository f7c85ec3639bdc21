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
//! use spinroute_bifurcation::{ScaledModel, Mode, Step, Stepper};
//! use spinroute_ising::{Ising, Sparse};
//!
//! let pair = Sparse::from_triplets(2, [(0, 1, 1.0)])?;
//! let scaled = ScaledModel::new(&Ising::new(vec![0.0; 2], pair, 0.0)?);
//! let mut stepper = Stepper::new(&scaled, Mode::Ballistic, 1, 7);
//! let step = Step { time_step: 0.5, stiffness: 0.0, strength: 0.5, heat: 0.0 };
//! stepper.advance(&scaled, &[step; 40]);
//! let position = |variable| stepper.position(0, variable);
//! assert_eq!(position(0), -position(1)); // at opposite walls
//! # Ok::<(), spinroute_ising::Error>(())
//! ```

mod grid;
mod group;
mod passes;

use rayon::prelude::*;

use self::group::{Group, SMALL, fill};
use crate::product::{LANES, ScaledModel};
use crate::symplectic::{Step, Variant};
use crate::variant::{Adiabatic, Ballistic, Discrete, Mode};

/// Agents of a group, at most.
const WIDTH: usize = 4 * LANES;

/// A batch of agents. The model is passed with every call, and may change between calls.
///
/// ```
/// use spinroute_bifurcation::{Mode, ScaledModel, Step, Stepper};
/// use spinroute_ising::{Ising, Sparse};
///
/// let pair = Sparse::from_triplets(2, [(0, 1, 1.0)])?;
/// let scaled = ScaledModel::new(&Ising::new(vec![0.0; 2], pair, 0.0)?);
/// let mut stepper = Stepper::new(&scaled, Mode::Discrete, 3, 7);
/// let step = Step { time_step: 0.5, stiffness: 0.0, strength: 0.5, heat: 0.0 };
/// stepper.advance(&scaled, &[step; 40]);
/// stepper.sample(&scaled, true);
/// assert!(stepper.lowest().all(|energy| energy == -1.0));
/// assert_eq!(stepper.best().len(), 3 * 2);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
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
    pub fn new(scaled: &ScaledModel, mode: Mode, agents: usize, seed: u64) -> Self {
        let width = width(scaled, agents);
        let groups = (0..agents.div_ceil(width)).into_par_iter().map(|group| {
            let first = group * width;
            Group::new(scaled, mode, first..agents.min(first + width), seed)
        });
        Self { mode, agents, groups: groups.collect() }
    }

    /// Number of agents.
    #[must_use]
    pub fn agents(&self) -> usize {
        self.agents
    }

    /// Takes one step after another.
    pub fn advance(&mut self, scaled: &ScaledModel, steps: &[Step]) {
        match self.mode {
            Mode::Adiabatic => self.advance_as::<Adiabatic>(scaled, steps),
            Mode::Ballistic => self.advance_as::<Ballistic>(scaled, steps),
            Mode::Discrete => self.advance_as::<Discrete>(scaled, steps),
        }
    }

    /// Takes steps of any variant; its signals must be those of the mode.
    pub fn advance_as<V: Variant>(&mut self, scaled: &ScaledModel, steps: &[Step]) {
        self.each(scaled, |group| group.advance::<V>(scaled, steps));
    }

    /// Works on all groups, in several threads where that pays.
    fn each(&mut self, scaled: &ScaledModel, work: impl Fn(&mut Group) + Sync + Send) {
        if self.agents * scaled.work() < SMALL {
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

    /// Puts an agent elsewhere: `start` gives position and momentum of every variable.
    ///
    /// # Panics
    /// If there is no such agent.
    pub fn place_at(&mut self, agent: usize, start: impl Fn(usize) -> (f32, f32)) {
        assert!(agent < self.agents, "agent {agent} of {}", self.agents);
        let (width, discrete) = (self.groups[0].agents.max(1), self.mode.is_discrete());
        self.groups[agent / width].place_at(agent % width, discrete, start);
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
    pub fn sample(&mut self, scaled: &ScaledModel, fresh: bool) {
        let fresh = fresh || !self.mode.is_discrete();
        self.each(scaled, |group| group.sample(scaled, fresh));
    }

    /// The energies that the last sample saw, in units of [`ScaledModel::scale`], without the offset.
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
fn width(scaled: &ScaledModel, agents: usize) -> usize {
    match agents {
        0 | 1 => 1,
        _ if scaled.is_dense() => agents.next_multiple_of(fill(scaled)).min(WIDTH),
        _ if scaled.grid().is_some() => LANES,
        _ => agents.next_multiple_of(fill(scaled)).min(2 * LANES),
    }
}

impl Group {
    /// Takes one step after another.
    fn advance<V: Variant>(&mut self, scaled: &ScaledModel, steps: &[Step]) {
        match scaled.grid() {
            Some(grid) => self.advance_grid::<V>(scaled, grid, steps),
            None if scaled.is_local() => {
                for step in steps {
                    scaled.sums(&self.position, self.lanes, V::DISCRETE, &mut self.sums);
                    self.step_local::<V>(scaled, step, 0..scaled.variables());
                }
            }
            None => steps.iter().for_each(|step| self.step_all::<V>(scaled, step)),
        }
    }
}
