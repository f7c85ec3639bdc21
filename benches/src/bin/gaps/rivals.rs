//! Minimisers around minimisers: timed, of equal time, and without any dynamics.

use std::sync::Mutex;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spinroute_bifurcation::Bifurcation;
use spinroute_core::{Run, Stop};
use spinroute_ising::{Error, Ising, Minimiser, Samples, Vartype};

use crate::config::Dynamics;

/// Simulated bifurcation as configured.
pub(crate) fn dynamics(config: &Dynamics, agents: usize, steps: usize) -> Bifurcation {
    let Dynamics { mode, heated, time_step, coupling } = *config;
    Bifurcation { mode, heated, time_step, coupling, agents, steps, ..Bifurcation::default() }
}

/// Notes how long a minimiser takes.
pub(crate) struct Timed<'a> {
    inner: &'a dyn Minimiser,
    spent: Mutex<f64>,
}

impl<'a> Timed<'a> {
    pub(crate) fn new(inner: &'a dyn Minimiser) -> Self {
        Self { inner, spent: Mutex::new(0.0) }
    }

    /// Seconds spent so far.
    pub(crate) fn seconds(&self) -> f64 {
        self.spent.lock().map_or(f64::NAN, |spent| *spent)
    }
}

impl Minimiser for Timed<'_> {
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
        let start = Instant::now();
        let samples = self.inner.minimise(model, run);
        if let Ok(mut spent) = self.spent.lock() {
            *spent += start.elapsed().as_secs_f64();
        }
        samples
    }
}

/// Simulated bifurcation with as many steps as fit some seconds, by the rate of a short run.
pub(crate) struct EqualTime {
    pub(crate) inner: Bifurcation,
    pub(crate) seconds: f64,
    pub(crate) steps: Mutex<usize>,
}

/// Steps of the runs that the rate is taken from.
const TRIALS: [usize; 2] = [20, 120];

impl Minimiser for EqualTime {
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
        let trial = |steps: usize| {
            let start = Instant::now();
            let minimiser = Bifurcation { steps, ..self.inner.clone() };
            minimiser.minimise(model, &mut Run::new(run.seed()))?;
            Ok::<f64, Error>(start.elapsed().as_secs_f64())
        };
        let [short, long] = [trial(TRIALS[0])?, trial(TRIALS[1])?];
        let rate = ((long - short) / (TRIALS[1] - TRIALS[0]) as f64).max(1e-7);
        let steps = ((self.seconds - short) / rate + TRIALS[0] as f64).clamp(20.0, 1e6) as usize;
        if let Ok(mut noted) = self.steps.lock() {
            *noted = steps;
        }
        Bifurcation { steps, ..self.inner.clone() }.minimise(model, run)
    }
}

/// Random states: what completion and moves reach by themselves.
pub(crate) struct Random {
    pub(crate) reads: usize,
    /// Part of the spins that are up.
    pub(crate) up: f64,
}

impl Minimiser for Random {
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
        let mut random = ChaCha8Rng::seed_from_u64(run.seed());
        let count = self.reads * model.variables();
        let states: Vec<i8> =
            (0..count).map(|_| if random.random_bool(self.up) { 1 } else { -1 }).collect();
        let energies = (0..self.reads)
            .map(|read| model.energy(&states[read * model.variables()..][..model.variables()]))
            .collect();
        Ok(Samples { states, energies, vartype: Vartype::Spin, steps: 1, stop: Stop::Finished })
    }
}
