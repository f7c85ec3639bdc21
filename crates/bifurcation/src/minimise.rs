//! Simulated bifurcation as a minimiser of any model.

use std::ops::ControlFlow;

use spinroute_core::registry::Parameters;
use spinroute_core::{Best, Run, Stop};
use spinroute_ising::{
    Error as ModelError, Ising, Minimiser, Samples, Vartype,
    registry::{self, Entry},
};

use crate::control::{Control, Settings};
use crate::error::Error;
use crate::parameters::Bifurcation;
use crate::product::ScaledModel;
use crate::stepper::Stepper;
use crate::symplectic::Step;
use crate::trace::Trace;

impl Bifurcation {
    /// The minimiser's line in a registry.
    ///
    /// ```
    /// use spinroute_bifurcation::Bifurcation;
    /// use spinroute_ising::{Anneal, registry::{self, Entry}};
    ///
    /// const MINIMISERS: &[Entry] = &[Anneal::ENTRY, Bifurcation::ENTRY];
    /// assert!(!registry::find(MINIMISERS, "sb")?.exact);
    /// # Ok::<(), registry::Error>(())
    /// ```
    pub const ENTRY: Entry = Entry {
        name: "sb",
        summary: "simulated bifurcation: many agents of coupled oscillators, the best state of each",
        exact: false,
        facts: (),
        reference: "Goto et al., Science Advances 7 (2021) eabe7953",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::build::<Self>,
    };

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
        let mut energies = if scaled.has_exact_energies(model) {
            stepper.lowest().map(energy).collect()
        } else {
            model.energies(&states)
        };
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
}

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
