//! Every registered minimiser on every model, and presolve.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use crate::book::Book;
use crate::digest::{Answer, Digest};
use crate::house::{
    Budget, Couplings, Draws, Ising, MINIMISERS, Magnitude, Minimiser, Progress, QuboError, Run,
    Samples, Spectrum, estimate_spectrum, find_minimiser, presolve,
};
use crate::models::{self, Named};

/// How a minimiser is run.
#[derive(Clone, Copy)]
struct Setup {
    /// What differs from the default parameters, as JSON.
    params: &'static str,
    /// A budget of steps.
    steps: Option<u64>,
    /// The step after which the observer ends the run.
    until: Option<u64>,
}

const fn with(params: &'static str) -> Setup {
    Setup { params, steps: None, until: None }
}

impl Setup {
    fn name(&self) -> String {
        let steps = self.steps.map(|steps| format!(" steps={steps}")).unwrap_or_default();
        let until = self.until.map(|last| format!(" until={last}")).unwrap_or_default();
        format!("{}{steps}{until}", self.params)
    }
}

/// Models of as many variables are run as the registry says; larger ones would take seconds.
const DEFAULTS_UP_TO: usize = 70;

fn setups(name: &str) -> Vec<Setup> {
    let plain = with("{}");
    let own: &[Setup] = match name {
        "exhaustive" => &[with(r#"{"reads":5}"#)],
        "anneal" => &[
            with(r#"{"reads":3,"sweeps":20}"#),
            with(r#"{"reads":1,"sweeps":40,"schedule":"linear"}"#),
            with(r#"{"reads":40,"sweeps":12}"#),
            with(r#"{"reads":64,"sweeps":6,"beta":[0.1,3.0]}"#),
            with(r#"{"reads":4,"sweeps":30,"target":-3.0}"#),
            Setup { steps: Some(0), ..with(r#"{"reads":2,"sweeps":9}"#) },
            Setup { steps: Some(4), ..with(r#"{"reads":33,"sweeps":9}"#) },
            Setup { until: Some(3), ..with(r#"{"reads":9,"sweeps":9}"#) },
        ],
        "sb" => &[
            with(r#"{"agents":9,"steps":40}"#),
            with(r#"{"agents":5,"steps":40,"mode":"adiabatic"}"#),
            with(r#"{"agents":17,"steps":30,"mode":"ballistic","heated":0.06}"#),
            with(r#"{"agents":33,"steps":30,"mode":"discrete","period":7}"#),
            with(r#"{"agents":1,"steps":60,"mode":"discrete","pump":[0.2,0.9,0.5,1.0]}"#),
            with(r#"{"agents":8,"steps":50,"mode":"ballistic","time_step":0.1,"coupling":0.05}"#),
            with(r#"{"agents":8,"steps":200,"window":2,"period":5}"#),
            with(r#"{"agents":8,"steps":60,"target":-3.0}"#),
            Setup { steps: Some(2), ..with(r#"{"agents":6,"steps":60}"#) },
            Setup { until: Some(1), ..with(r#"{"agents":6,"steps":60}"#) },
        ],
        // A new minimiser is run as it comes.
        _ => &[],
    };
    [&[plain], own].concat()
}

/// The minimiser of that name, with parameters that differ from its own.
pub(crate) fn built(name: &str, params: &str) -> Box<dyn Minimiser> {
    let entry = find_minimiser(name).unwrap();
    let own: Map<String, Value> = serde_json::from_str(params).unwrap();
    let mut all = entry.defaults();
    all.extend(own);
    entry.build(&all).unwrap()
}

/// Runs all and writes down what they answer.
pub(crate) fn record(models: &[Named], book: &mut Book) {
    for entry in MINIMISERS {
        for setup in setups(entry.name) {
            let minimiser = built(entry.name, setup.params);
            let small = if setup.params == "{}" { DEFAULTS_UP_TO } else { usize::MAX };
            for (i, named) in models.iter().enumerate() {
                let asked = named.model.variables() <= small;
                let seed = 77 + i as u64;
                let answer = if asked {
                    minimised(&*minimiser, &named.model, setup, seed)
                } else {
                    Answer::error("too large for this test")
                };
                book.add(entry.name, &setup.name(), named.group, answer);
            }
        }
    }
    for (i, named) in models.iter().enumerate() {
        let answer = presolved(&named.model, i as u64).unwrap_or_else(Answer::error);
        book.add("presolve", "-", named.group, answer);
        book.add("couplings", "-", named.group, coupled(&named.model, i as u64));
    }
}

fn minimised(minimiser: &dyn Minimiser, model: &Ising, setup: Setup, seed: u64) -> Answer {
    let mut seen = Digest::default();
    let mut observe = |progress: &Progress| {
        seen = seen.whole(progress.step).maybe(progress.best.objective).maybe(progress.best.bound);
        let last = setup.until.unwrap_or(u64::MAX);
        if progress.step >= last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let budget = Budget { steps: setup.steps, time: None };
    let mut run = Run::new(seed).budget(budget).observer(&mut observe);
    let result = minimiser.minimise(model, &mut run);
    match result {
        Ok(samples) => sampled(&samples, seen),
        Err(error) => Answer::error(error),
    }
}

/// What samples hold.
pub(crate) fn sampled(samples: &Samples, seen: Digest) -> Answer {
    let vartype = serde_json::to_string(&samples.vartype).unwrap();
    let chosen = Digest::default().states(&samples.states).text(vartype).stop(samples.stop);
    Answer { chosen, figures: seen.reals(&samples.energies).whole(samples.steps) }
}

/// The kernel, two lifted states, and samples through it.
fn presolved(model: &Ising, seed: u64) -> Result<Answer, QuboError> {
    let presolved = presolve(model)?;
    let (counts, kernel) = (presolved.counts(), presolved.kernel());
    let gone = [counts.fixed, counts.substituted, counts.duplicates, counts.eliminated];
    let mut chosen = Digest::default().wholes(gone.map(|count| count as u64));
    for sign in [1, -1] {
        let state: Vec<i8> =
            (0..kernel.variables()).map(|i| if i % 3 == 0 { sign } else { -sign }).collect();
        chosen = chosen.states(&presolved.lift(&state));
    }
    for component in presolved.components() {
        chosen = chosen.wholes(component);
    }
    let anneal = built("anneal", r#"{"reads":3,"sweeps":10}"#);
    let samples = presolved.minimise(model, &*anneal, &mut Run::new(seed))?;
    let answer = sampled(&samples, Digest::default().whole(models::ising(kernel).value()));
    Ok(Answer { chosen: chosen.whole(answer.chosen.value()), ..answer })
}

/// What models say of themselves: bounds of eigenvalues, magnitudes, energies, the model in binaries.
fn coupled(model: &Ising, seed: u64) -> Answer {
    let couplings = model.couplings();
    let spectrum = [couplings.spectrum(), estimate_spectrum(couplings, 12, seed)];
    let mut draws = Draws::new(seed ^ 0xe0_0000);
    let spin = |draws: &mut Draws| if draws.below(2) == 0 { -1 } else { 1 };
    let state: Vec<i8> = (0..model.variables()).map(|_| spin(&mut draws)).collect();
    let mut figures = Digest::default().real(model.energy(&state));
    for Spectrum { lowest, highest } in spectrum {
        figures = figures.reals(&[lowest, highest]);
    }
    for magnitude in couplings.magnitudes() {
        let Magnitude { sum, square, least, largest } = magnitude;
        figures = figures.reals(&[sum, square, least, largest]);
    }
    for i in 0..model.variables() {
        figures = figures.real(model.change(&state, i));
    }
    figures = figures.whole(models::qubo(&model.to_qubo()).value());
    Answer { figures, ..Answer::default() }
}
