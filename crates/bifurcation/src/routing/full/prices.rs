//! The multipliers of the capacities, and how they move.
//!
//! Under prices `p` every token takes its k best reduced scores; `g[e] = load[e] − c[e]` of these choices
//! is a subgradient of the dual (0 where `p[e] = 0` would fall). Two rules move the prices along loads:
//!
//! ```text
//! subgradient   p ← max(0, p + rate · (bound(p) − goal) / |g|² · g)    loads of the choices
//! multipliers   p ← max(0, p + rate · m Q · (load − c))                 loads of positions, else of choices
//! ```
//!
//! The first is Polyak's (*USSR Comput. Math. Math. Phys.* 9 (1969) 14), with the best objective that
//! prices have led to as its goal, so that the path of prices does not depend on what else is looked at.
//! The second is the method of multipliers for the weight `Q` of the capacities.
//!
//! A move costs a selection, O(T·E).

use spinroute_core::{Assignment, Error, Instance, repair};
use spinroute_select::Selection;
use spinroute_transport::dual_bound;

use crate::routing::Incumbent;
use crate::routing::decode::{choices, loads, mean_margin};
use crate::routing::field::Steering;

/// Prices, and what follows from them.
pub(super) struct Prices<'a> {
    instance: &'a Instance,
    pub(super) values: Vec<f32>,
    pub(super) selection: Selection,
    /// The choices under the prices.
    choices: Assignment,
    /// Their loads.
    loads: Vec<f64>,
    /// What the prices prove.
    bound: f64,
    /// The best objective that prices have led to.
    goal: f64,
    /// The excess of the last move.
    excess: Vec<f64>,
}

impl<'a> Prices<'a> {
    /// Starts from the incumbent's prices.
    pub(super) fn new(instance: &'a Instance, best: &mut Incumbent) -> Self {
        let values = best.prices.iter().map(|&p| p.min(f64::from(f32::MAX)) as f32).collect();
        let mut prices = Self {
            instance,
            values,
            selection: Selection::default(),
            choices: Assignment::empty(0, 1),
            loads: Vec::new(),
            bound: f64::INFINITY,
            goal: best.objective,
            excess: Vec::new(),
        };
        prices.read(best);
        prices
    }

    /// Polyak's step; false if that is no move.
    pub(super) fn descend(&mut self, rate: f64, best: &mut Incumbent) -> bool {
        let loads = std::mem::take(&mut self.loads);
        self.set_excess(&loads);
        let square: f64 = self.excess.iter().map(|g| g * g).sum();
        self.shift(rate * (self.bound - self.goal) / square, best)
    }

    /// A step of given length along given loads, or those of the choices; false if that is no move.
    pub(super) fn follow(
        &mut self,
        loads: Option<&[f64]>,
        length: f64,
        best: &mut Incumbent,
    ) -> bool {
        let own = std::mem::take(&mut self.loads);
        self.set_excess(loads.unwrap_or(&own));
        self.loads = own;
        self.shift(length, best)
    }

    /// The choices under the prices, repaired.
    pub(super) fn candidate(&mut self) -> Result<(Assignment, f64), Error> {
        let repaired = repair(self.instance, self.choices.clone(), Some(&self.wide()))?;
        let objective = self.instance.objective(&repaired)?;
        self.goal = self.goal.max(objective);
        Ok((repaired, objective))
    }

    /// What a move of the method of multipliers takes, `m Q` in the units of scores.
    pub(super) fn length(&self, column_weight: f64) -> f64 {
        let mean = self.instance.supply() as f64 / self.instance.experts() as f64;
        mean_margin(&self.selection) * column_weight / mean.max(1.0)
    }

    /// What the dynamics are steered by.
    pub(super) fn steering(&self) -> Steering<'_> {
        let Self { values: prices, selection, choices, loads, .. } = self;
        Steering { prices, selection, choices, loads }
    }

    /// The prices as a repair takes them.
    pub(super) fn wide(&self) -> Vec<f64> {
        self.values.iter().copied().map(f64::from).collect()
    }

    /// How far loads are above the capacities; 0 where a price of 0 would fall.
    fn set_excess(&mut self, loads: &[f64]) {
        let tokens = self.instance.tokens() as f64;
        let experts = self.instance.capacity().iter().zip(loads).zip(&self.values);
        self.excess.clear();
        self.excess.extend(experts.map(|((&c, load), p)| {
            let excess = load - f64::from(c).min(tokens);
            if excess < 0.0 && *p == 0.0 { 0.0 } else { excess }
        }));
    }

    fn shift(&mut self, length: f64, best: &mut Incumbent) -> bool {
        let moves = length > 0.0 && length.is_finite() && self.excess.iter().any(|g| *g != 0.0);
        if moves {
            for (price, excess) in self.values.iter_mut().zip(&self.excess) {
                let moved = f64::from(*price) + length * excess;
                *price = moved.clamp(0.0, f64::from(f32::MAX)) as f32;
            }
        }
        self.read(best);
        moves
    }

    /// Selects under the present prices.
    fn read(&mut self, best: &mut Incumbent) {
        let instance = self.instance;
        self.selection.fill(instance.flat(), &self.values, instance.demand().k());
        self.choices = choices(instance, &self.selection, &self.values);
        self.loads = loads(instance, &self.choices);
        self.bound = dual_bound(instance, &self.selection, &self.values);
        best.prove(&self.values, self.bound);
    }
}
