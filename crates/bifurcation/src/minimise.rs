//! Simulated bifurcation as a minimiser of any model.

use std::ops::ControlFlow;

use spinroute_core::{Best, Run, Stop};
use spinroute_ising::{
    Error as ModelError, Ising, Minimiser, Samples, Vartype,
    registry::{self, Entry, Param},
};

use crate::control::{Control, Settings};
use crate::error::Error;
use crate::product::ScaledModel;
use crate::pump::Pump;
use crate::stepper::Stepper;
use crate::symplectic::Step;
use crate::trace::Trace;
use crate::variant::Mode;

/// Simulated bifurcation. A step of the run is a sampling period; a sample is an agent's best state.
///
/// ```
/// use spinroute_bifurcation::{Bifurcation, Mode, Pump};
/// use spinroute_core::Run;
/// use spinroute_ising::{Ising, Minimiser, Sparse};
///
/// let model = Ising::new(vec![0.5; 2], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// let pump = Pump::Through(vec![0.2, 1.0]);
/// let bifurcation =
///     Bifurcation { mode: Some(Mode::Ballistic), agents: 16, pump, ..Bifurcation::default() };
/// let samples = bifurcation.minimise(&model, &mut Run::new(1))?;
/// assert_eq!(samples.reads(), 16);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bifurcation {
    /// The variant of the dynamics; `None` takes discrete ones, and ballistic ones where fields drive a
    /// mode whose eigenvalue stands out, as those of penalties do.
    pub mode: Option<Mode>,
    /// The coefficient of heat `γ`, 0 to 1; 0 for none, 0.06 in the literature.
    pub heated: f64,
    /// Independent agents, 1 to 2²⁴, and 2²⁸ spins in all; a sample each.
    pub agents: usize,
    /// Steps of the integration, at least 1.
    pub steps: usize,
    /// The time step `Δt`; `None` takes one that fits the spectrum.
    pub time_step: Option<f64>,
    /// The coupling constant `c0`; `None` takes one that fits the couplings, see [`coupling`](crate::coupling()).
    pub coupling: Option<f64>,
    /// How the pump goes from step to step.
    pub pump: Pump,
    /// Steps of a sampling period, 1 to 1,000: energies are computed, and limits and interruptions seen,
    /// at its end.
    pub period: usize,
    /// Sampling periods in a row without a change of any energy that end the run, at least 1; `None` goes on to the
    /// end.
    pub window: Option<usize>,
    /// An energy, offset included, at or below which the run ends.
    pub target: Option<f64>,
}

impl Default for Bifurcation {
    fn default() -> Self {
        Self {
            mode: None,
            heated: 0.0,
            agents: 64,
            steps: 1000,
            time_step: None,
            coupling: None,
            pump: Pump::Linear,
            period: 10,
            window: None,
            target: None,
        }
    }
}

/// The most agents, 2²⁴: more is a slip, and would end in a failed allocation.
const MOST_AGENTS: usize = 1 << 24;

/// The most spins of all agents, 2²⁸, 13 bytes each.
const MOST_SPINS: usize = 1 << 28;

/// The most steps of a sampling period: within it nothing can end a run.
pub const MOST_STEPS: usize = 1000;

/// What a run with more than [`MOST_STEPS`] is told.
pub const FEWER_STEPS: &str =
    "it is at most 1000: a limit or an interruption waits for the next look";

impl Bifurcation {
    /// Mode, time step and coupling constant of a run on a model, as given or chosen.
    ///
    /// # Errors
    /// If those given are out of range or unstable.
    pub fn control(&self, model: &Ising, scaled: &ScaledModel) -> Result<Control, Error> {
        let Self { mode, heated, time_step, coupling, .. } = *self;
        let pump = self.pump.lowest();
        Control::new(model, scaled, &Settings { mode, heated, pump, time_step, coupling })
    }

    /// Minimises, and records what there is to plot.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn traced(&self, model: &Ising, run: &mut Run<'_>) -> Result<(Samples, Trace), Error> {
        let mut trace = Trace::default();
        let samples = self.solve(model, run, Some(&mut trace))?;
        Ok((samples, trace))
    }

    fn solve(
        &self,
        model: &Ising,
        run: &mut Run<'_>,
        mut trace: Option<&mut Trace>,
    ) -> Result<Samples, Error> {
        self.check(model.variables())?;
        let scaled = ScaledModel::new(model);
        let control = self.control(model, &scaled)?;
        let mut stepper = Stepper::new(&scaled, control.mode, self.agents, run.seed());
        let energy = |low: f64| model.offset() + scaled.scale() * low;
        let mut convergence = Convergence::new(self.agents);
        let mut stop = Stop::Finished;
        let mut done = 0;
        if let Some(trace) = trace.as_deref_mut() {
            stepper.sample(&scaled, true);
            trace.record(model, &scaled, &stepper, 0, self.pump.at(0, self.steps));
        }
        while done < self.steps {
            // Only a period's: steps may be more than memory holds, with a limit of time.
            let end = done + self.period.min(self.steps - done);
            let steps: Vec<Step> = (done..end).map(|t| self.step(&control, &scaled, t)).collect();
            stepper.advance(&scaled, &steps);
            done = end;
            let last = done == self.steps;
            stepper.sample(&scaled, last || trace.is_some());
            if let Some(trace) = trace.as_deref_mut() {
                let pump = self.pump.at(done - 1, self.steps);
                trace.record(model, &scaled, &stepper, done, pump);
            }
            let best = energy(stepper.lowest().fold(f64::INFINITY, f64::min));
            let ended = run.tick(Best { objective: Some(best), bound: None });
            if last {
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
            if self.window.is_some_and(|window| convergence.unchanged(stepper.energies()) >= window)
            {
                break;
            }
        }
        let states = stepper.best();
        let mut energies = model.energies(&states);
        energies.resize(self.agents, model.offset()); // without variables
        Ok(Samples { states, energies, vartype: Vartype::Spin, steps: run.steps(), stop })
    }

    /// The constants of a step.
    fn step(&self, control: &Control, scaled: &ScaledModel, t: usize) -> Step {
        Step {
            time_step: control.time_step as f32,
            stiffness: (1.0 - self.pump.at(t, self.steps)) as f32,
            strength: (control.coupling * scaled.scale()) as f32,
            heat: (control.time_step * self.heated) as f32,
        }
    }

    fn check(&self, variables: usize) -> Result<(), ModelError> {
        let window = self.window.unwrap_or(1);
        let counts = [
            ("agents", self.agents),
            ("steps", self.steps),
            ("period", self.period),
            ("window", window),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(ModelError::Parameter {
                name,
                value: "0".into(),
                mend: "it is at least 1",
            });
        }
        if self.agents > MOST_AGENTS {
            let (name, value) = ("agents", self.agents.to_string());
            return Err(ModelError::Parameter { name, value, mend: "it is at most 2^24" });
        }
        if self.agents.saturating_mul(variables) > MOST_SPINS {
            let (name, value) = ("agents", self.agents.to_string());
            let mend = "agents times variables are at most 2^28";
            return Err(ModelError::Parameter { name, value, mend });
        }
        if self.period > MOST_STEPS {
            let (name, value) = ("period", self.period.to_string());
            return Err(ModelError::Parameter { name, value, mend: FEWER_STEPS });
        }
        if !(0.0..=1.0).contains(&self.heated) {
            let value = self.heated.to_string();
            let mend = "it is 0 to 1";
            return Err(ModelError::Parameter { name: "heated", value, mend });
        }
        self.pump.check()
    }
}

/// The minimiser's line in a registry.
///
/// ```
/// use spinroute_ising::registry::{self, Entry};
///
/// const MINIMISERS: &[Entry] = &[registry::ANNEAL, spinroute_bifurcation::ENTRY];
/// assert!(!registry::find(MINIMISERS, "sb")?.exact);
/// # Ok::<(), registry::Error>(())
/// ```
pub const ENTRY: Entry = Entry {
    name: "sb",
    summary: "simulated bifurcation: many agents of coupled oscillators, the best state of each",
    exact: false,
    facts: (),
    reference: "Goto et al., Science Advances 7 (2021) eabe7953",
    params: &[
        Param { name: "mode", help: "adiabatic, ballistic or discrete, or null: from the model" },
        Param { name: "heated", help: "the coefficient of heat, 0 to 1; 0 for none" },
        Param {
            name: "agents",
            help: "independent agents, 1 to 2^24 and 2^28 spins in all; a sample each",
        },
        Param { name: "steps", help: "steps of the integration, at least 1" },
        Param { name: "time_step", help: "positive and stable, or null: from the spectrum" },
        Param { name: "coupling", help: "coupling constant, positive, or null: from the model" },
        Param { name: "pump", help: "\"linear\", or a list of values to go through" },
        Param { name: "period", help: "steps between looks at the energies, 1 to 1000" },
        Param {
            name: "window",
            help: "looks without any change that end the run, at least 1, or null",
        },
        Param { name: "target", help: "an energy at or below which the run ends, or null" },
    ],
    default_params: registry::defaults::<Bifurcation>,
    builder: registry::build::<Bifurcation>,
};

impl Minimiser for Bifurcation {
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, ModelError> {
        Ok(self.solve(model, run, None)?)
    }
}

/// For how many sampling periods no energy has changed.
struct Convergence {
    energies: Vec<f64>,
    periods: usize,
}

impl Convergence {
    fn new(agents: usize) -> Self {
        Self { energies: vec![f64::NAN; agents], periods: 0 }
    }

    fn unchanged(&mut self, energies: impl Iterator<Item = f64>) -> usize {
        let mut same = true;
        for (old, new) in self.energies.iter_mut().zip(energies) {
            same &= *old == new;
            *old = new;
        }
        self.periods = if same { self.periods + 1 } else { 0 };
        self.periods
    }
}
