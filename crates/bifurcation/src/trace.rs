//! What a run looked like: positions, energies and pump over the steps, for plots.

use spinroute_ising::Ising;

use crate::product::ScaledModel;
use crate::stepper::Stepper;

/// Variables whose positions are recorded, at most.
const VARIABLES: usize = 64;

/// A run at one time.
///
/// ```
/// use spinroute_bifurcation::Bifurcation;
/// use spinroute_core::Run;
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![0.0; 2], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// let (_, trace) = Bifurcation::default().traced(&model, &mut Run::new(1))?;
/// let last = trace.snapshots.last().ok_or("no snapshot")?;
/// assert_eq!((last.step, last.pump, last.lowest), (1000, 1.0, -1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Snapshot {
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

/// The snapshots of a run, one a sampling period and one at the start.
///
/// ```
/// use spinroute_bifurcation::Bifurcation;
/// use spinroute_core::Run;
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![0.0; 2], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// let brief = Bifurcation { steps: 30, ..Bifurcation::default() };
/// let (_, trace) = brief.traced(&model, &mut Run::new(1))?;
/// assert_eq!(trace.snapshots.len(), 1 + 3); // the start, and every 10 steps
/// # Ok::<(), spinroute_bifurcation::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Trace {
    /// In the order of time.
    #[serde(rename = "looks")]
    pub snapshots: Vec<Snapshot>,
}

impl Trace {
    pub(crate) fn record(
        &mut self,
        model: &Ising,
        scaled: &ScaledModel,
        stepper: &Stepper,
        step: usize,
        pump: f64,
    ) {
        let energy = |value: f64| model.offset() + scaled.scale() * value;
        let mean = stepper.energies().sum::<f64>() / stepper.agents() as f64;
        self.snapshots.push(Snapshot {
            step,
            pump,
            mean: energy(mean),
            lowest: energy(stepper.lowest().fold(f64::INFINITY, f64::min)),
            positions: stepper.positions(0).take(VARIABLES).collect(),
        });
    }
}
