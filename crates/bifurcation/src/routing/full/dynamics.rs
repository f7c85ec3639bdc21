//! The dynamics of a run: positions of all pairs, steered by prices.

use spinroute_core::{Assignment, Error, Instance};
use spinroute_select::Selection;

use super::SbFull;
use super::prices::Prices;
use crate::control::bound;
use crate::noise::Noise;
use crate::product::Forces;
use crate::routing::as_core;
use crate::routing::decode::choices;
use crate::routing::field::{Field, Steering, column_sums};
use crate::stepper::Stepper;
use crate::symplectic::Step;

/// Positions and momenta start within this of where prices put them.
const NOISE: f32 = 0.1;

/// Part of the stability bound that the time step keeps to.
const SAFETY: f64 = 0.7;

/// The longest time step.
const LONGEST: f64 = 1.0;

/// The coupling constant, in inverse mean margins.
const COUPLING: f64 = 0.5;

/// Positions, momenta and what moves them.
pub(super) struct Dynamics<'a> {
    field: Field<'a>,
    forces: Forces,
    stepper: Stepper,
    time_step: f64,
    /// Steps so far, and in all.
    steps: (u64, u64),
    /// Positions, and what pairs are ranked by.
    table: Vec<f32>,
    ranked: Selection,
}

impl<'a> Dynamics<'a> {
    pub(super) fn new(
        solver: &SbFull,
        instance: &'a Instance,
        prices: &Prices<'_>,
        seed: u64,
    ) -> Result<Self, Error> {
        let (rows, columns) = (solver.row_weight, solver.column_weight);
        let mut field = Field::new(instance, &prices.selection, rows, columns);
        field.steer(prices.steering());
        let forces = Forces::new(&field.model().map_err(as_core)?);
        let mut stepper = Stepper::new(&forces, solver.mode, 1, seed);
        let noise = Noise::new(seed, 0);
        stepper.place_at(0, |i| {
            let [x, y] = noise.pair(i);
            (NOISE.mul_add(x, field.start(i)).clamp(-1.0, 1.0), NOISE * y)
        });
        let highest = COUPLING * field.highest();
        let time_step = (SAFETY * bound(0.5 + highest, 0.0)).min(LONGEST);
        let all = u64::from(solver.looks) * u64::from(solver.moves) * u64::from(solver.period);
        let (table, ranked) = (Vec::new(), Selection::default());
        Ok(Self { field, forces, stepper, time_step, steps: (0, all), table, ranked })
    }

    /// Takes some steps. The pump goes from 1/2 to 1 over all of the run.
    pub(super) fn advance(&mut self, period: u32) {
        let strength = (COUPLING * self.forces.scale()) as f32;
        let time_step = self.time_step as f32;
        let (from, all) = self.steps;
        self.steps.0 += u64::from(period);
        let step = |i: u64| {
            let stiffness = (0.5 * (1.0 - i as f64 / all as f64)) as f32;
            Step { time_step, stiffness, strength, heat: 0.0 }
        };
        let steps: Vec<Step> = (from..self.steps.0).map(step).collect();
        self.stepper.advance(&self.forces, &steps);
    }

    /// The sums of columns of the positions, as loads.
    pub(super) fn loads(&mut self, instance: &Instance) -> Vec<f64> {
        self.copy();
        column_sums(&self.table, instance.experts())
    }

    /// A new field for new prices.
    pub(super) fn steer(&mut self, instance: &Instance, prices: &Prices<'_>) {
        let loads = self.loads(instance);
        self.field.steer(Steering { loads: &loads, ..prices.steering() });
        self.field.write(self.forces.scale(), &mut self.forces.field);
    }

    /// The k best positions of every token.
    pub(super) fn choices(&mut self, instance: &Instance, prices: &Prices<'_>) -> Assignment {
        self.copy();
        self.field.rank(&mut self.table);
        let free = vec![0.0; instance.experts()];
        self.ranked.fill(&self.table, &free, instance.demand().k());
        choices(instance, &self.ranked, &prices.values)
    }

    fn copy(&mut self) {
        self.table.clear();
        self.table.extend(self.stepper.positions(0));
    }
}
