//! Simulated annealing with restarts.
//!
//! A read starts from random spins and makes `sweeps` passes over the spins in order, each proposed
//! to flip once a pass and accepted with probability `min(1, exp(−β ΔE))` (Metropolis et al. 1953;
//! Kirkpatrick, Gelatt, Vecchi, Science 220 (1983) 671-680), β rising from sweep to sweep. What it
//! returns is the best state seen at the end of a sweep, after a descent to a local minimum.
//!
//! Reads advance together, a sweep a step, each with random numbers of its own stream: the answer
//! does not depend on the threads. A proposal costs O(1), a flip O(n) with dense couplings,
//! O(degree) with sparse ones and O(blocks of the spin) with structured ones.
//!
//! [`kernel`] holds the forms of the inner loop, [`lanes`] the one that advances many reads at once,
//! and [`choose`] says which is taken.

mod choose;
mod form;
mod kernel;
mod lanes;
mod schedule;
mod sweep;

use std::ops::ControlFlow;

use rayon::prelude::*;
use spinroute_core::registry::{Parameters, defaults};
use spinroute_core::{Best, Run, Stop, param, parameters};

use self::choose::{Choice, choose};
use self::form::Form;
use self::lanes::Lanes;
use self::sweep::Single;
use super::Minimiser;
use super::entry::{Entry, build};
use crate::{Error, Ising, Samples, Vartype};

pub use schedule::Schedule;

parameters! {
    /// Simulated annealing. A step is one sweep of every read.
    ///
    /// ```
    /// use spinroute_core::Run;
    /// use spinroute_ising::{Anneal, Minimiser, instances};
    ///
    /// let g1 = instances::find("G1").ok_or("unknown")?.graph()?;
    /// let anneal = Anneal { sweeps: 100, ..Anneal::default() };
    /// let samples = anneal.minimise(&g1.ising()?, &mut Run::new(1))?;
    /// let best = samples.best().ok_or("no read")?;
    /// assert!(g1.cut(samples.state(best)) > Some(11_500.0)); // of 11,624
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Anneal {
        /// independent runs
        ///
        /// Each gives a sample.
        pub reads: usize => 1 to "2^24",
        /// proposals to every spin in a read
        pub sweeps: usize => "at least 1",
        /// of beta: geometric or linear
        ///
        /// How it goes from the first to the last.
        pub schedule: Schedule,
        /// first and last inverse temperature
        ///
        /// How they follow from the coefficients says [`Anneal::range`].
        pub beta: Option<[f64; 2]> => "two positive numbers in order" + ", or null: from the model",
        /// stop at an energy this low, or null
        ///
        /// Its offset is included.
        pub target: Option<f64>,
    }
}

impl Default for Anneal {
    fn default() -> Self {
        Self { reads: 8, sweeps: 1000, schedule: Schedule::Geometric, beta: None, target: None }
    }
}

/// The most reads whose states are all held at once, 2²⁴. More is a slip, and would end in a failed
/// allocation instead of an error.
const MOST_READS: usize = 1 << 24;

/// Proposals in a step below which it is not worth waking other threads.
const SMALL: usize = 4096;

/// Sweeps after which what rounding drifted is computed anew.
const REFRESH: usize = 1024;

impl Anneal {
    /// The minimiser's line in a registry.
    pub const ENTRY: Entry = Entry {
        name: "anneal",
        summary: "simulated annealing from random states, the best state of every read",
        exact: false,
        facts: (),
        reference: "Kirkpatrick, Gelatt, Vecchi, Science 220 (1983) 671-680",
        params: Self::PARAMS,
        default_params: defaults::<Self>,
        builder: build::<Self>,
    };

    /// The first and last inverse temperature of a run on `model`.
    ///
    /// # Errors
    /// If those given are not positive, finite and in order.
    pub fn range(&self, model: &Ising) -> Result<[f64; 2], Error> {
        let Some([first, last]) = self.beta else { return Ok(schedule::range(model)) };
        if first > 0.0 && first <= last && last.is_finite() {
            return Ok([first, last]);
        }
        Err(param!(Self::beta).refuse(&format!("[{first}, {last}]")).into())
    }

    fn run<F: Form>(&self, form: &F, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
        let range = self.range(model)?;
        let (n, seed, groups) = (model.variables(), run.seed(), self.reads.div_ceil(F::WIDTH));
        let reads = |group: usize| group * F::WIDTH..((group + 1) * F::WIDTH).min(self.reads);
        let start = |group: usize| form.start(seed, reads(group));
        let mut groups: Vec<_> = (0..groups).into_par_iter().map(start).collect();
        let mut stop = Stop::Finished;
        for step in 1..=self.sweeps {
            if !F::EXACT && step % REFRESH == 0 {
                groups.par_iter_mut().for_each(|group| form.refresh(group));
            }
            let rule = form.rule(self.schedule.beta(range, step - 1, self.sweeps));
            if groups.len() == 1 || n * self.reads <= SMALL {
                for group in &mut groups {
                    form.sweep(&rule, group);
                }
            } else {
                groups.par_iter_mut().for_each(|group| form.sweep(&rule, group));
            }
            let best = groups.iter().map(|group| form.best(group)).fold(f64::INFINITY, f64::min);
            let ended = run.tick(Best { objective: Some(best), bound: None });
            if step == self.sweeps {
                break;
            }
            if let ControlFlow::Break(why) = ended {
                stop = why;
                break;
            }
            if self.target.is_some_and(|target| best <= target) {
                stop = Stop::Target;
                break;
            }
        }
        let states = groups.into_par_iter().flat_map_iter(|group| form.finish(group));
        let states: Vec<i8> = states.collect();
        let mut energies = model.energies(&states);
        energies.resize(self.reads, model.offset()); // without variables
        Ok(Samples { states, energies, vartype: Vartype::Spin, steps: run.steps(), stop })
    }
}

impl Minimiser for Anneal {
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
        param!(Self::reads).at_least_one(self.reads)?;
        param!(Self::reads).at_most(MOST_READS, self.reads)?;
        param!(Self::sweeps).at_least_one(self.sweeps)?;
        match choose(model, self.reads) {
            Choice::Bytes(kernel) => self.run(&Single { model, kernel }, model, run),
            Choice::Integers(kernel) => self.run(&Single { model, kernel }, model, run),
            Choice::Lanes8(graph) => self.run(&Lanes::<8>::new(model, graph), model, run),
            Choice::Lanes16(graph) => self.run(&Lanes::<16>::new(model, graph), model, run),
            Choice::Reals(kernel) => self.run(&Single { model, kernel }, model, run),
            Choice::Floats(kernel) => self.run(&Single { model, kernel }, model, run),
            Choice::Blocks(kernel) => self.run(&Single { model, kernel }, model, run),
        }
    }
}
