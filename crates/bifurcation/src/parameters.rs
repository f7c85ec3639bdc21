//! The parameters of simulated bifurcation and their ranges.

use spinroute_core::{param, parameters};
use spinroute_ising::Error;

use crate::pump::Pump;
use crate::variant::Mode;

parameters! {
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
        /// adiabatic, ballistic or discrete, or null: from the model
        ///
        /// The variant of the dynamics; `None` takes discrete ones, and ballistic ones where fields drive a
        /// mode whose eigenvalue stands out, as those of penalties do.
        pub mode: Option<Mode>,
        /// the coefficient of heat
        ///
        /// It is `γ`, 0.06 in the literature.
        pub heated: f64 => "0 to 1" + "; 0 for none",
        /// independent agents
        pub agents: usize => 1 to "2^24" + " and 2^28 spins in all; a sample each",
        /// steps of the integration
        pub steps: usize => "at least 1",
        /// a stable time step
        ///
        /// It is `Δt`; `None` takes one that fits the spectrum.
        pub time_step: Option<f64> =>
            "positive and finite, or null to have it chosen" + " from the spectrum",
        /// coupling constant
        ///
        /// It is `c0`; `None` takes one that fits the couplings, see [`coupling`](crate::coupling()).
        pub coupling: Option<f64> =>
            "positive and finite, or null to have it chosen" + " from the model",
        /// how the pump goes from step to step
        pub pump: Pump => "\"linear\" or a list of one or more finite numbers" + " to go through",
        /// steps between looks at the energies
        ///
        /// A sampling period: energies are computed, and limits and interruptions seen, at its end.
        pub period: usize => 1 to 1000 because "a limit or an interruption waits for the next look",
        /// looks without any change that end the run
        ///
        /// Sampling periods in a row; `None` goes on to the end.
        pub window: Option<usize> => "at least 1" + ", or null",
        /// an energy at or below which the run ends, or null
        ///
        /// Its offset is included.
        pub target: Option<f64>,
    }
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

impl Bifurcation {
    /// Refuses what is out of its range for a model of so many variables.
    pub(crate) fn check(&self, variables: usize) -> Result<(), Error> {
        let window = self.window.unwrap_or(1);
        let counts = [
            (param!(Self::agents), self.agents),
            (param!(Self::steps), self.steps),
            (param!(Self::period), self.period),
            (param!(Self::window), window),
        ];
        counts.into_iter().try_for_each(|(param, count)| param.at_least_one(count))?;
        param!(Self::agents).at_most(MOST_AGENTS, self.agents)?;
        if self.agents.saturating_mul(variables) > MOST_SPINS {
            let (name, value) = ("agents", self.agents.to_string());
            let mend = "agents times variables are at most 2^28";
            return Err(Error::Parameter { name, value, mend });
        }
        param!(Self::period).at_most(MOST_STEPS, self.period)?;
        if !(0.0..=1.0).contains(&self.heated) {
            return Err(param!(Self::heated).refuse(&self.heated).into());
        }
        let unusable = |values: String| param!(Self::pump).refuse(&values);
        Ok(self.pump.check().map_err(unusable)?)
    }
}
