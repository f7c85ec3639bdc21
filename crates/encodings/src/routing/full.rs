//! `sb-full`: a spin for every pair of token and expert.
//!
//! ```text
//! prices p ← quantile balancing                              (rounds; 0 starts from 0)
//! repeat    moves of p                                       (`prices.rs`)     
//!           choices ← k best scores under p, repaired; the best are kept
//!           period steps of the dynamics under p             (`field.rs`)
//!           choices ← k best positions of each token, repaired; the best are kept
//! ```
//!
//! Where constraints are carried by multipliers, ballistic dynamics between inelastic walls are a
//! heavy-ball method for the linear relaxation. With `prices = "multipliers"` the loads of the positions
//! move the prices, which is the method of multipliers (Bertsekas, *Constrained Optimization and
//! Lagrange Multiplier Methods*, 1982); with `"subgradient"`, Polyak's steps along the loads of the
//! choices do, and the path of prices is the same with dynamics and without: the dynamics add
//! candidates, and an answer with them is never worse than one without of as many looks.
//!
//! A step costs O(T·E), and so do a move and a look; the couplings are row and column sums.

mod dynamics;

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{Error, Feature, Instance, Run, Solution, Solver, param, parameters};

use self::dynamics::{Dynamics, Settings};
use super::prices::{Path, loads};
use crate::routing::checks::moderate;
use crate::routing::incumbent::{Incumbent, Origin};
use crate::routing::start::{solve_from, too_late};
use spinroute_bifurcation::{MOST_STEPS, Mode};

/// How the prices of [`SbFull`] move.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Instance, Run, Solver};
/// use spinroute_encodings::{SbFull, routing::PriceRule};
///
/// let scores = Array2::from_shape_fn((32, 4), |(t, e)| ((t * 7 + e * 5) % 13) as f32 / 13.0);
/// let instance = Instance::new(scores, vec![9; 4], Demand::Exactly(1))?;
/// let solver = SbFull { prices: PriceRule::Multipliers, looks: 4, ..SbFull::default() };
/// assert!(solver.solve(&instance, &mut Run::new(0))?.prices.is_some());
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PriceRule {
    /// Polyak's step along the loads of the choices under the prices.
    #[default]
    Subgradient,
    /// The method of multipliers: a step of fixed length along the loads of the positions; without
    /// dynamics, along those of the choices.
    Multipliers,
}

parameters! {
    /// Simulated bifurcation on all pairs, steered by prices.
    ///
    /// A step of the run is a round of quantile balancing, then a look. Needs finite parameters; any
    /// instance.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_encodings::SbFull;
    ///
    /// let scores = Array2::from_shape_fn((32, 4), |(t, e)| ((t * 7 + e * 5) % 13) as f32 / 13.0);
    /// let instance = Instance::new(scores, vec![9; 4], Demand::Exactly(1))?;
    /// let solution = SbFull { looks: 4, ..SbFull::default() }.solve(&instance, &mut Run::new(0))?;
    /// assert!(instance.objective(&solution.assignment)? > 0.0);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct SbFull {
        /// rounds of quantile balancing to start from
        ///
        /// 0 starts from 0, or from the run's warm prices.
        pub rounds: u32 => "at least 0",
        /// false leaves prices, decode and repair alone
        pub dynamics: bool,
        /// what moves prices: subgradient or multipliers
        pub prices: PriceRule,
        /// part of the rule's step that prices take
        pub rate: f64 => "1e-6 to 1e6",
        /// variant of the dynamics
        pub mode: Mode => "ballistic or discrete" because "positions need walls",
        /// decodes and repairs
        ///
        /// Each repairs a candidate of the prices and one of the dynamics.
        pub looks: u32 => "at least 0",
        /// subgradient moves of the prices in a look
        ///
        /// The method of multipliers moves once.
        pub moves: u32 => 1 to 1000 because "a limit or an interruption waits for the next look",
        /// steps of the dynamics in a look
        pub period: u32 => 1 to 1000 because "a limit or an interruption waits for the next look",
        /// weight of the demands in mean margins
        ///
        /// It is `k P`.
        pub row_weight: f64 => "1e-6 to 1e6",
        /// weight of the capacities in mean margins
        ///
        /// It is `c Q`.
        pub column_weight: f64 => "1e-6 to 1e6",
    }
}

impl Default for SbFull {
    fn default() -> Self {
        Self {
            rounds: 8,
            dynamics: true,
            prices: PriceRule::Subgradient,
            rate: 1.0,
            mode: Mode::Ballistic,
            looks: 20,
            moves: 8,
            period: 10,
            row_weight: 4.0,
            column_weight: 12.0,
        }
    }
}

impl SbFull {
    /// Solves, and says which part of the method the answer comes from.
    ///
    /// # Errors
    /// As [`Solver::solve`].
    pub fn solve_and_tell(
        &self,
        instance: &Instance,
        run: &mut Run<'_>,
    ) -> Result<(Solution, Origin), Error> {
        instance.supported("sb-full", &[Feature::Demands])?;
        self.check()?;
        run.start_prices(instance.nodes())?;
        solve_from(instance, run, self.rounds, |run, best| {
            if self.looks == 0 {
                return Ok(None);
            }
            if let ControlFlow::Break(why) = run.begin() {
                return Ok(Some(why));
            }
            let mut search = Search::new(self, instance, best, run.seed())?;
            let mut takes = Duration::ZERO;
            for _ in 0..self.looks {
                if let Some(why) = too_late(run, takes) {
                    return Ok(Some(why));
                }
                let start = run.elapsed();
                if !search.look(self, best)? {
                    break;
                }
                takes = run.elapsed().saturating_sub(start);
                if let ControlFlow::Break(why) = run.tick(best.best()) {
                    return Ok(Some(why));
                }
            }
            Ok(None)
        })
        .map_err(Error::in_solver)
    }

    fn check(&self) -> Result<(), Error> {
        moderate(param!(Self::row_weight), self.row_weight)?;
        moderate(param!(Self::column_weight), self.column_weight)?;
        moderate(param!(Self::rate), self.rate)?;
        let counts = [(param!(Self::period), self.period), (param!(Self::moves), self.moves)];
        for (param, count) in counts {
            param.at_least_one(count as usize)?;
            param.at_most(MOST_STEPS, count as usize)?;
        }
        if self.mode == Mode::Adiabatic {
            return Err(param!(Self::mode).refuse("adiabatic").into());
        }
        Ok(())
    }
}

impl SbFull {
    /// What the dynamics need to know of it.
    fn settings(&self) -> Settings {
        let Self { mode, looks, period, row_weight, column_weight, .. } = *self;
        Settings { mode, looks, period, row_weight, column_weight }
    }

    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "sb-full",
        summary: "simulated bifurcation of all pairs, steered by prices, then a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "ballistic bifurcation: Goto et al. 2021, Science Advances 7 eabe7953; \
                    see docs/sb-routing.md",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for SbFull {
    /// # Errors
    /// [`Error::Deficient`] if an `Exactly` demand cannot be met, [`Error::Prices`] if the warm prices
    /// are unusable, [`Error::Parameter`] if a parameter is out of its range.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        self.solve_and_tell(instance, run).map(|(solution, _)| solution)
    }
}

/// The prices, and the dynamics if there are any.
struct Search<'a> {
    instance: &'a Instance,
    path: Path<'a>,
    /// What a move of fixed length takes, `m Q`.
    length: f64,
    dynamics: Option<Dynamics<'a>>,
}

impl<'a> Search<'a> {
    fn new(
        solver: &SbFull,
        instance: &'a Instance,
        best: &mut Incumbent,
        seed: u64,
    ) -> Result<Self, Error> {
        let path = Path::new(instance, best);
        let length = solver.rate * path.length(solver.column_weight);
        let dynamics = solver
            .dynamics
            .then(|| Dynamics::new(&solver.settings(), instance, path.point(), seed))
            .transpose()?;
        Ok(Self { instance, path, length, dynamics })
    }

    /// Moves, steps, then two candidates. False if there is nothing to move.
    fn look(&mut self, solver: &SbFull, best: &mut Incumbent) -> Result<bool, Error> {
        let moved = match solver.prices {
            PriceRule::Subgradient => self.path.descend(solver.rate, solver.moves, best),
            PriceRule::Multipliers => {
                let positions = self.dynamics.as_ref().map(|dynamics| dynamics.loads.clone());
                let loads = positions.unwrap_or_else(|| loads(self.path.point()));
                self.path.follow(&loads, self.length, best)
            }
        };
        if moved {
            let (found, objective) = self.path.candidate()?;
            best.offer(found, objective, Origin::Prices);
        }
        if let Some(dynamics) = &mut self.dynamics {
            dynamics.steer(self.path.point());
            dynamics.advance(solver.period);
            let (found, objective) = dynamics.candidate(self.instance, self.path.point())?;
            best.offer(found, objective, Origin::Dynamics);
        }
        Ok(moved || self.dynamics.is_some())
    }
}
