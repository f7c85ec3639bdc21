//! `sb-close-call`: dynamics for the tokens that hardly mind, prices for all others.
//!
//! Quantile balancing and subgradient moves of its prices choose; the tokens with the smallest margin
//! between the last expert chosen and the first rejected get a switch each; simulated bifurcation minimises load imbalance plus lost score
//! over the switches ([`crate::CloseCalls`]); every agent's state is read back and
//! repaired, and the best is kept, the start among them.
//!
//! Costs the rounds and moves, O(T·E) each, O(C) a step and agent for C close calls, and a repair for
//! each agent that is looked at.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::close_calls::{CloseCalls, CloseForm};
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Error, Feature, Instance, Progress, Run, Solution, Solver, Stop, param, parameters,
};
use spinroute_ising::{Minimiser, Samples};
use spinroute_modelling::CouplingForm;
use spinroute_prices::repair;

use super::prices::Path;
use crate::routing::checks::{as_core, positive};
use crate::routing::incumbent::{Incumbent, Origin};
use crate::routing::start::{forward, solve_from, too_late};
use spinroute_bifurcation::{Bifurcation, MOST_STEPS};

parameters! {
    /// Simulated bifurcation on close calls, between quantile balancing and a repair.
    ///
    /// A step of the run is a round of quantile balancing, then all moves of the prices, then a sampling
    /// period of the dynamics.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_encodings::SbCloseCall;
    ///
    /// let scores = Array2::from_shape_fn((32, 4), |(t, e)| ((t * 7 + e * 5) % 13) as f32 / 13.0);
    /// let instance = Instance::new(scores, vec![9; 4], Demand::Exactly(1))?;
    /// let solution = SbCloseCall { steps: 20, ..SbCloseCall::default() }.solve(&instance, &mut Run::new(0))?;
    /// assert!(instance.objective(&solution.assignment)? > 0.0);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct SbCloseCall {
        /// rounds of quantile balancing before
        pub rounds: u32 => "at least 0",
        /// subgradient moves of the prices after
        pub moves: u32 => 0 to 1000 because "a limit or an interruption waits for the next look",
        /// the most close calls, or null for a quarter of the tokens
        ///
        /// Those of the smallest margins are taken.
        pub calls: Option<usize>,
        /// cost of squared imbalance in mean scores lost
        ///
        /// What a unit of it costs, in mean scores lost by a switch.
        pub balance: f64 => "positive and finite",
        /// independent agents
        pub agents: usize => 1 to "2^24",
        /// steps of the integration
        pub steps: usize => "at least 1",
        /// states that are repaired
        ///
        /// Those of the agents with the lowest energies.
        pub repairs: usize => "at least 1",
    }
}

impl Default for SbCloseCall {
    fn default() -> Self {
        Self {
            rounds: 16,
            moves: 24,
            calls: None,
            balance: 1.0,
            agents: 16,
            steps: 100,
            repairs: 2,
        }
    }
}

impl SbCloseCall {
    /// Solves, and says which part of the method the answer comes from.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    pub fn solve_and_tell(
        &self,
        instance: &Instance,
        run: &mut Run<'_>,
    ) -> Result<(Solution, Origin), Error> {
        instance.supported("sb-close-call", &[Feature::Demands])?;
        self.check()?;
        run.start_prices(instance.nodes())?;
        solve_from(instance, run, self.rounds, |run, best| {
            if let ControlFlow::Break(why) = run.begin() {
                return Ok(Some(why));
            }
            if self.moves > 0 {
                let mut path = Path::new(instance, best);
                if path.descend(1.0, self.moves, best) {
                    let (found, objective) = path.candidate()?;
                    best.offer(found, objective, Origin::Prices);
                }
                if let ControlFlow::Break(why) = run.tick(best.best()) {
                    return Ok(Some(why));
                }
            }
            self.switch(instance, run, best)
        })
        .map_err(Error::in_solver)
    }

    /// Minimises over the switches and keeps the best repaired state.
    fn switch(
        &self,
        instance: &Instance,
        run: &mut Run<'_>,
        best: &mut Incumbent,
    ) -> Result<Option<Stop>, Error> {
        let tokens = instance.tokens();
        let calls = CloseCalls {
            margin: None,
            most: Some(self.calls.unwrap_or(tokens.div_ceil(4))),
            targets: Vec::new(),
        };
        let form = calls.build(instance, Some(&best.prices)).map_err(as_core)?;
        if form.calls().is_empty() {
            return Ok(None);
        }
        let (samples, stop) = self.sample(&form, run, best)?;
        let mut order: Vec<usize> = (0..samples.energies.len()).collect();
        order.sort_by(|&a, &b| samples.energies[a].total_cmp(&samples.energies[b]));
        let mut takes = Duration::ZERO;
        for &agent in order.iter().take(self.repairs) {
            if stop == Some(Stop::TimeLimit) || too_late(run, takes).is_some() {
                return Ok(Some(Stop::TimeLimit));
            }
            let start = run.elapsed();
            let choices = form.choices(samples.state(agent)).map_err(as_core)?;
            let repaired = repair(instance, choices, Some(&best.prices))?;
            let objective = instance.objective(&repaired)?;
            best.offer(repaired, objective, Origin::Dynamics);
            takes = run.elapsed().saturating_sub(start);
        }
        Ok(stop)
    }

    fn sample(
        &self,
        form: &CloseForm,
        run: &mut Run<'_>,
        best: &Incumbent,
    ) -> Result<(Samples, Option<Stop>), Error> {
        let lost: f64 = form.calls().iter().map(|call| call.lost.abs()).sum();
        let mean = lost / form.calls().len() as f64;
        let unit = if mean.is_normal() { mean } else { 1.0 };
        let model = form.compile(self.balance * unit, CouplingForm::Structured).map_err(as_core)?;
        let minimiser =
            Bifurcation { agents: self.agents, steps: self.steps, ..Bifurcation::default() };
        let (known, mut stop) = (best.best(), None);
        let seed = run.seed();
        let mut observe = |_: &Progress| -> ControlFlow<()> { forward(run, known, &mut stop) };
        let mut inner = Run::new(seed).observer(&mut observe);
        let samples = minimiser.minimise(&model.to_ising(), &mut inner).map_err(as_core)?;
        Ok((samples, stop))
    }

    fn check(&self) -> Result<(), Error> {
        positive(param!(Self::balance), self.balance)?;
        param!(Self::moves).at_most(MOST_STEPS, self.moves as usize)?;
        param!(Self::agents).at_least_one(self.agents)?;
        param!(Self::steps).at_least_one(self.steps)?;
        Ok(param!(Self::repairs).at_least_one(self.repairs)?)
    }
}

impl SbCloseCall {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "sb-close-call",
        summary: "quantile balancing; simulated bifurcation of the close calls; a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "discrete bifurcation: Goto et al. 2021, Science Advances 7 eabe7953; \
                    see docs/sb-routing.md",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for SbCloseCall {
    /// # Errors
    /// [`Error::Deficient`] if an `Exactly` demand cannot be met, [`Error::Prices`] if the warm prices
    /// are unusable, [`Error::Parameter`] if a parameter is out of its range,
    /// [`Error::Unsupported`] if scores are too large for the energies of the switches.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        self.solve_and_tell(instance, run).map(|(solution, _)| solution)
    }
}
