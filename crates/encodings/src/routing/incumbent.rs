//! The best that a run has seen, and where it comes from.

use spinroute_core::{Assignment, Best};

/// Which part of a solver an answer comes from.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_encodings::{SbFull, routing::Origin};
///
/// let scores = Array2::from_shape_fn((32, 4), |(t, e)| ((t * 7 + e * 5) % 13) as f32 / 13.0);
/// let instance = Instance::new(scores, vec![9; 4], Demand::Exactly(1))?;
/// let plain = SbFull { dynamics: false, looks: 4, ..SbFull::default() };
/// let (_, origin) = plain.solve_and_tell(&instance, &mut Run::new(0))?;
/// assert_ne!(origin, Origin::Dynamics); // there are none
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// The starting prices and the repair: quantile balancing.
    Start,
    /// Prices that were moved during the run, and the repair: no dynamics in it.
    Prices,
    /// A state of the dynamics, and the repair.
    Dynamics,
}

/// The best that was seen: an assignment, prices, and where the assignment comes from.
pub(super) struct Incumbent {
    pub(super) assignment: Assignment,
    pub(super) objective: f64,
    pub(super) origin: Origin,
    /// Prices of the lowest bound.
    pub(super) prices: Vec<f64>,
    pub(super) bound: f64,
}

impl Incumbent {
    /// Keeps a feasible assignment if it is better.
    pub(super) fn offer(&mut self, assignment: Assignment, objective: f64, origin: Origin) {
        if objective > self.objective {
            (self.assignment, self.objective, self.origin) = (assignment, objective, origin);
        }
    }

    /// Keeps prices if they prove more.
    pub(super) fn prove(&mut self, prices: &[f32], bound: f64) {
        if bound < self.bound {
            self.bound = bound;
            self.prices.clear();
            self.prices.extend(prices.iter().copied().map(f64::from));
        }
    }

    /// What an observer is told.
    pub(super) fn best(&self) -> Best {
        Best { objective: Some(self.objective), bound: Some(self.bound) }
    }
}
