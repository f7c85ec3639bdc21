//! `sb-full`: a spin for every pair of token and expert.
//!
//! ```text
//! prices p ← quantile balancing                     (rounds; 0 starts from 0)
//! repeat    period steps of the dynamics on the augmented Lagrangian of `field.rs`
//!           choices ← k best positions of each token, repaired; the best are kept
//!           p[e] ← max(0, p[e] + rate · Q · (load[e] − c[e])), load the column sum of positions
//!           choices ← k best scores under p, repaired; the best are kept, and the best prices
//! ```
//!
//! Where constraints are carried by multipliers, ballistic dynamics between inelastic walls are a
//! heavy-ball method for the linear relaxation, and the update of `p` is the method of multipliers
//! (Bertsekas, *Constrained Optimization and Lagrange Multiplier Methods*, 1982). With `dynamics` off
//! loads are those of the choices under `p`, which makes it the subgradient method with the step length
//! of Polyak (1969).
//!
//! A step costs O(T·E), and so does a look; the couplings are row and column sums.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use spinroute_core::{Error, Instance, Run, Solution, Solver, Stop, repair};
use spinroute_select::Selection;

use super::decode::{choices, loads};
use super::field::{Field, sums};
use super::{Incumbent, Origin, as_core, balance, positive};
use crate::control::bound;
use crate::noise::Noise;
use crate::product::Forces;
use crate::stepper::Stepper;
use crate::symplectic::Step;
use crate::variant::Mode;

/// Simulated bifurcation on all pairs, steered by prices.
///
/// A step of the run is a round of quantile balancing, then a look. Needs finite parameters; any
/// instance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SbFull {
    /// Rounds of quantile balancing that the multipliers start from; 0 starts from 0 (or from the
    /// run's warm prices).
    pub rounds: u32,
    /// Whether there are dynamics; without them multipliers, decode and repair are left.
    pub dynamics: bool,
    /// The variant of the dynamics, ballistic or discrete.
    pub mode: Mode,
    /// Looks: each decodes, repairs and moves the multipliers.
    pub looks: u32,
    /// Steps of the dynamics before each look, at least 1.
    pub period: u32,
    /// Weight of the demands, `k P` in mean margins; positive.
    pub row_weight: f64,
    /// Weight of the capacities, `c Q` in mean margins; positive.
    pub column_weight: f64,
    /// What part of the method of multipliers' step prices take; positive.
    pub rate: f64,
}

impl Default for SbFull {
    fn default() -> Self {
        Self {
            rounds: 8,
            dynamics: true,
            mode: Mode::Ballistic,
            looks: 20,
            period: 10,
            row_weight: 4.0,
            column_weight: 12.0,
            rate: 1.0,
        }
    }
}

/// Positions and momenta start within this of where prices put them.
const NOISE: f32 = 0.1;

/// Part of the stability bound that the time step keeps to.
const SAFETY: f64 = 0.7;

/// The longest time step.
const LONGEST: f64 = 1.0;

/// The coupling constant, in inverse mean margins.
const COUPLING: f64 = 0.5;

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
        self.check()?;
        let (mut best, mut stop) = balance(instance, run, self.rounds)?;
        if stop.is_none() {
            let mut search = Search::new(self, instance, &best, run.seed())?;
            for look in 0..self.looks {
                if !search.look(self, look, &mut best)? {
                    break;
                }
                if let ControlFlow::Break(why) = run.tick(best.best()) {
                    stop = Some(why);
                    break;
                }
            }
        }
        let stop = stop.unwrap_or(Stop::Finished);
        let solution = Solution { assignment: best.assignment, prices: Some(best.prices), stop };
        Ok((solution, best.origin))
    }

    fn check(&self) -> Result<(), Error> {
        positive("row_weight", self.row_weight)?;
        positive("column_weight", self.column_weight)?;
        positive("rate", self.rate)?;
        if self.period == 0 {
            let (name, value) = ("period", "0".into());
            return Err(Error::Parameter { name, value, mend: "it is at least 1" });
        }
        if self.mode == Mode::Adiabatic {
            let (name, value) = ("mode", "adiabatic".into());
            let mend = "it is ballistic or discrete: positions need walls";
            return Err(Error::Parameter { name, value, mend });
        }
        Ok(())
    }
}

impl Solver for SbFull {
    /// # Errors
    /// [`Error::Deficient`] if an `Exactly` demand cannot be met, [`Error::Prices`] if the warm prices
    /// are unusable, [`Error::Parameter`] if a parameter is out of its range.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        self.solve_and_tell(instance, run).map(|(solution, _)| solution)
    }
}

/// The multipliers, and the dynamics if there are any.
struct Search<'a> {
    instance: &'a Instance,
    prices: Vec<f64>,
    selection: Selection,
    /// Loads of the choices under the prices.
    loads: Vec<f64>,
    /// What the prices prove.
    bound: f64,
    dynamics: Option<Dynamics<'a>>,
}

struct Dynamics<'a> {
    field: Field<'a>,
    forces: Forces,
    stepper: Stepper,
    positions: Vec<f32>,
    keys: Vec<f32>,
    ranked: Selection,
}

impl<'a> Search<'a> {
    fn new(
        solver: &SbFull,
        instance: &'a Instance,
        best: &Incumbent,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut selection = Selection::default();
        let prices = best.prices.clone();
        let single = narrow(&prices);
        selection.fill(instance.flat(), &single, instance.demand().k());
        let loads = loads(instance, &choices(instance, &selection, &single));
        let dynamics = solver
            .dynamics
            .then(|| Dynamics::new(solver, instance, &single, &selection, &loads, seed))
            .transpose()?;
        Ok(Self { instance, prices, selection, loads, bound: best.bound, dynamics })
    }

    /// Some steps, two decodes, one move of the multipliers. False if there is nothing to move.
    fn look(&mut self, solver: &SbFull, look: u32, best: &mut Incumbent) -> Result<bool, Error> {
        let instance = self.instance;
        let moved = if let Some(dynamics) = &mut self.dynamics {
            dynamics.advance(solver, look);
            let found = dynamics.decode(instance, &narrow(&self.prices));
            let found = repair(instance, found, Some(&self.prices))?;
            best.offer(instance, found, Origin::Dynamics)?;
            let (_, columns) = sums(&dynamics.positions, instance.experts());
            let length = solver.rate * dynamics.field.columns * dynamics.field.unit;
            self.shift(&columns, length)
        } else {
            let gap = self.bound - best.objective;
            let loads = self.loads.clone();
            let square: f64 = self.excess(&loads).map(|g| g * g).sum();
            self.shift(&loads, solver.rate * gap / square)
        };
        if !moved {
            return Ok(self.dynamics.is_some());
        }
        let single = narrow(&self.prices);
        self.selection.fill(instance.flat(), &single, instance.demand().k());
        self.bound = best.prove(instance, &self.prices)?;
        let found = choices(instance, &self.selection, &single);
        self.loads = loads(instance, &found);
        let found = repair(instance, found, Some(&self.prices))?;
        best.offer(instance, found, Origin::Prices)?;
        if let Some(dynamics) = &mut self.dynamics {
            dynamics.steer(&single, &self.selection, instance.experts());
        }
        Ok(true)
    }

    /// How far loads are above the capacities; 0 where a price of 0 would fall.
    fn excess<'b>(&'b self, loads: &'b [f64]) -> impl Iterator<Item = f64> + 'b {
        let tokens = self.instance.tokens() as f64;
        self.instance.capacity().iter().zip(loads).zip(&self.prices).map(move |((&c, load), p)| {
            let excess = load - f64::from(c).min(tokens);
            if excess < 0.0 && *p == 0.0 { 0.0 } else { excess }
        })
    }

    /// Moves the prices along the excess; false if that is no move.
    fn shift(&mut self, loads: &[f64], length: f64) -> bool {
        let excess: Vec<f64> = self.excess(loads).collect();
        if !(length > 0.0 && length.is_finite()) || excess.iter().all(|g| *g == 0.0) {
            return false;
        }
        for (price, excess) in self.prices.iter_mut().zip(excess) {
            *price = f64::from((*price + length * excess).clamp(0.0, f64::from(f32::MAX)) as f32);
        }
        true
    }
}

impl<'a> Dynamics<'a> {
    fn new(
        solver: &SbFull,
        instance: &'a Instance,
        prices: &[f32],
        selection: &Selection,
        loads: &[f64],
        seed: u64,
    ) -> Result<Self, Error> {
        let mut field = Field::new(instance, selection, solver.row_weight, solver.column_weight);
        let rows = vec![instance.demand().k() as f64; instance.tokens()];
        field.set(prices, selection, &rows, loads);
        let forces = Forces::new(&field.model().map_err(as_core)?);
        let mut stepper = Stepper::new(&forces, solver.mode, 1, seed);
        let noise = Noise::new(seed, 0);
        stepper.place_at(0, |i| {
            let [x, y] = noise.pair(i);
            (NOISE.mul_add(x, field.start(i)).clamp(-1.0, 1.0), NOISE * y)
        });
        let positions = stepper.positions(0).collect();
        let (keys, ranked) = (Vec::new(), Selection::default());
        Ok(Self { field, forces, stepper, positions, keys, ranked })
    }

    /// The steps before a look. The pump goes from 1/2 to 1 over all of them.
    fn advance(&mut self, solver: &SbFull, look: u32) {
        let highest = COUPLING * self.field.highest();
        let time_step = (SAFETY * bound(0.5 + highest, 0.0)).min(LONGEST);
        let all = f64::from(solver.looks) * f64::from(solver.period);
        let step = |i: u32| {
            let done = f64::from(look) * f64::from(solver.period) + f64::from(i);
            Step {
                time_step: time_step as f32,
                stiffness: (0.5 * (1.0 - done / all)) as f32,
                strength: (COUPLING * self.forces.scale()) as f32,
                heat: 0.0,
            }
        };
        let steps: Vec<Step> = (0..solver.period).map(step).collect();
        self.stepper.advance(&self.forces, &steps);
        self.positions.clear();
        self.positions.extend(self.stepper.positions(0));
    }

    /// The k best positions of every token.
    fn decode(&mut self, instance: &Instance, prices: &[f32]) -> spinroute_core::Assignment {
        self.field.keys(&self.positions, &mut self.keys);
        self.ranked.fill(&self.keys, &vec![0.0; instance.experts()], instance.demand().k());
        choices(instance, &self.ranked, prices)
    }

    /// A new field for new prices.
    fn steer(&mut self, prices: &[f32], selection: &Selection, experts: usize) {
        let (rows, columns) = sums(&self.positions, experts);
        self.field.set(prices, selection, &rows, &columns);
        self.forces.set_field(self.field.values());
    }
}

/// Prices as the selection takes them.
fn narrow(prices: &[f64]) -> Vec<f32> {
    prices.iter().map(|&p| p.min(f64::from(f32::MAX)) as f32).collect()
}
