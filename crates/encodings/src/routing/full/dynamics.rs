//! The dynamics of a run: positions of all pairs, steered by prices.

use spinroute_core::{Assignment, Error, Instance};
use spinroute_prices::{Batch, Point, Selection, choice, repair};

use crate::routing::checks::as_core;
use crate::routing::field::{Field, Steering, sums};
use crate::routing::prices::loads;
use spinroute_bifurcation::{Mode, Noise, ScaledModel, Step, Stepper, largest_stable_time_step};

/// Positions and momenta start within this of where prices put them.
const NOISE: f32 = 0.1;

/// Part of the stability bound that the time step keeps to.
const SAFETY: f64 = 0.7;

/// The longest time step.
const LONGEST: f64 = 1.0;

/// The coupling constant, in inverse mean margins.
const COUPLING: f64 = 0.5;

/// The parameters of [`SbFull`](crate::SbFull) that the dynamics depend on.
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) looks: u32,
    pub(super) period: u32,
    pub(super) row_weight: f64,
    pub(super) column_weight: f64,
}

/// Positions, momenta and what moves them.
pub(super) struct Dynamics<'a> {
    field: Field<'a>,
    scaled: ScaledModel,
    stepper: Stepper,
    time_step: f64,
    /// Steps so far, and in all.
    steps: (u64, u64),
    /// Sums of columns of the positions as `b`; of the choices under the prices at the start.
    pub(super) loads: Vec<f64>,
    /// And of rows.
    taken: Vec<f32>,
    /// What pairs are ranked by.
    keys: Vec<f32>,
    ranked: Selection,
}

impl<'a> Dynamics<'a> {
    pub(super) fn new(
        solver: &Settings,
        instance: &'a Instance,
        start: &Point,
        seed: u64,
    ) -> Result<Self, Error> {
        let (rows, columns) = (solver.row_weight, solver.column_weight);
        let (prices, selection, loads) = (start.prices(), start.selection(), loads(start));
        let taken = (0..instance.tokens()).map(|t| instance.k(t) as f32).collect::<Vec<_>>();
        let mut field = Field::new(instance, selection, rows, columns);
        field.steer(Steering { prices, selection, loads: &loads, taken: &taken });
        let scaled = ScaledModel::new(&field.model().map_err(as_core)?);
        let mut stepper = Stepper::new(&scaled, solver.mode, 1, seed);
        let noise = Noise::new(seed, 0);
        stepper.place_at(0, |i| {
            let [x, y] = noise.pair(i);
            (NOISE.mul_add(x, field.start(i)).clamp(-1.0, 1.0), NOISE * y)
        });
        let highest = COUPLING * field.highest();
        let time_step = (SAFETY * largest_stable_time_step(0.5 + highest, 0.0)).min(LONGEST);
        let steps = (0, u64::from(solver.looks) * u64::from(solver.period));
        let (keys, ranked) = (Vec::new(), Selection::default());
        Ok(Self { field, scaled, stepper, time_step, steps, loads, taken, keys, ranked })
    }

    /// Takes some steps. The pump goes from 1/2 to 1 over all of the run.
    pub(super) fn advance(&mut self, period: u32) {
        let strength = (COUPLING * self.scaled.scale()) as f32;
        let time_step = self.time_step as f32;
        let (from, all) = self.steps;
        self.steps.0 += u64::from(period);
        let step = |i: u64| {
            let stiffness = (0.5 * (1.0 - i as f64 / all as f64)) as f32;
            Step { time_step, stiffness, strength, heat: 0.0 }
        };
        let steps: Vec<Step> = (from..self.steps.0).map(step).collect();
        self.stepper.advance(&self.scaled, &steps);
    }

    /// A new field for new prices.
    pub(super) fn steer(&mut self, point: &Point) {
        let (prices, selection) = (point.prices(), point.selection());
        let (loads, taken) = (&self.loads, &self.taken);
        self.field.steer(Steering { prices, selection, loads, taken });
        self.field.write(self.scaled.scale(), self.scaled.field_mut());
    }

    /// The k best positions of every token, repaired, and what they are worth.
    pub(super) fn candidate(
        &mut self,
        instance: &Instance,
        point: &Point,
    ) -> Result<(Assignment, f64), Error> {
        self.keys.clear();
        self.keys.extend(self.stepper.positions(0));
        (self.taken, self.loads) = sums(&self.keys, instance.experts());
        self.field.rank(&mut self.keys);
        let free = vec![0.0; instance.experts()];
        let batch = Batch::of(instance);
        let mut keys = Batch::new(&self.keys, instance.experts(), instance.demand());
        if let Some(demands) = instance.demands() {
            keys = keys.with_demands(demands);
        }
        self.ranked.fill_batch(keys, &free);
        let found = choice::allowed(batch, &self.ranked.experts, point.prices());
        let found = repair(instance, found, Some(&point.wide_prices()))?;
        let objective = instance.objective(&found)?;
        Ok((found, objective))
    }
}
