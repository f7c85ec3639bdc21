//! Random exchanges, then swaps, and back if that is worse: iterated local search.
//!
//! The simplest of the searches here, and the best on average on OLMoE's counts in the time of the others
//! (docs/placement.md).

use std::ops::ControlFlow;

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spinroute_core::{Best, Run, Stop};

use crate::Error;
use crate::{Placed, Placement};

/// Swaps again and again from a disturbed placement. A step of the run is one disturbance.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::Run;
/// use spinroute_placement::{Kicks, Placement};
///
/// // A layer of four experts on two devices, two each.
/// let problem = Placement::new(array![[4.0, 3.0, 2.0, 1.0]], vec![], 2, 0.0)?;
/// let kicks = Kicks { rounds: 10, exchanges: 1 };
/// let (placed, _) = kicks.solve(&problem, array![[0, 0, 1, 1]], &mut Run::new(0))?;
/// assert_eq!(placed.cost.busiest, 5.0);
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kicks {
    /// Disturbances; a budget of the run may end them earlier.
    pub rounds: usize,
    /// Random exchanges of two experts of a layer in each.
    pub exchanges: usize,
}

impl Default for Kicks {
    fn default() -> Self {
        Self { rounds: 1000, exchanges: 4 }
    }
}

impl Kicks {
    /// A placement that is never worse than `start` after swaps.
    ///
    /// # Errors
    /// If `start` is no placement.
    pub fn solve(
        &self,
        problem: &Placement,
        start: Array2<u32>,
        run: &mut Run<'_>,
    ) -> Result<(Placed, Stop), Error> {
        let mut random = ChaCha8Rng::seed_from_u64(run.seed());
        let mut best = problem.improve(start)?;
        for _ in 0..self.rounds {
            let mut devices = best.devices.clone();
            for _ in 0..self.exchanges {
                let layer = random.random_range(0..problem.layers());
                let a = random.random_range(0..problem.experts());
                let b = random.random_range(0..problem.experts());
                devices.swap([layer, a], [layer, b]);
            }
            let placed = problem.improve(devices)?;
            if placed.cost.total <= best.cost.total {
                best = placed;
            }
            let known = Best { objective: Some(-best.cost.total), bound: None };
            if let ControlFlow::Break(stop) = run.tick(known) {
                return Ok((best, stop));
            }
        }
        Ok((best, Stop::Finished))
    }
}
