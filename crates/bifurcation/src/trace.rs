//! What a run looked like: positions, energies and pump over the steps, for plots.

use spinroute_ising::Ising;

use crate::product::Forces;
use crate::stepper::Stepper;

/// Variables whose positions are recorded, at most.
const VARIABLES: usize = 64;

/// One look at a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Look {
    /// Steps so far.
    pub step: usize,
    /// The pump at the last of them.
    pub pump: f64,
    /// The mean over the agents of the energies of their present spins.
    pub mean: f64,
    /// The lowest energy so far of any agent.
    pub lowest: f64,
    /// The positions of the first agent: of the first 64 variables at most.
    pub positions: Vec<f32>,
}

/// The looks of a run, one a sampling period and one at the start.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Trace {
    /// In the order of time.
    pub looks: Vec<Look>,
}

impl Trace {
    pub(crate) fn record(
        &mut self,
        model: &Ising,
        forces: &Forces,
        stepper: &Stepper,
        step: usize,
        pump: f64,
    ) {
        let energy = |value: f64| model.offset() + forces.scale() * value;
        let mean = stepper.energies().sum::<f64>() / stepper.agents() as f64;
        self.looks.push(Look {
            step,
            pump,
            mean: energy(mean),
            lowest: energy(stepper.lowest().fold(f64::INFINITY, f64::min)),
            positions: stepper.positions(0).take(VARIABLES).collect(),
        });
    }
}
