//! The prices of capacity, and how they move.
//!
//! Under prices `p` every token takes its k best reduced scores; `g[e] = load[e] − c[e]` of these choices
//! is a subgradient of the dual (0 where `p[e] = 0` would fall). Two rules move the prices along loads:
//!
//! ```text
//! subgradient   p ← max(0, p + rate · (bound(p) − goal) / |g|² · g)   loads of the choices
//! multipliers   p ← max(0, p + rate · m Q · (load − c))               loads of positions, else of choices
//! ```
//!
//! The first is Polyak's (*USSR Comput. Math. Math. Phys.* 9 (1969) 14), with the best objective that
//! prices have led to as its goal, so that the path of prices does not depend on what else is looked at.
//! The second is the method of multipliers for the weight `Q` of the capacities.
//!
//! A move costs a selection, O(T·E); repairs are rare beside moves, and made at the lowest bound since the
//! last one: at the last prices instead, the mean gap of the tuning batches was 0.022 % instead of 0.017 %.

use spinroute_core::{Assignment, Error, Instance};
use spinroute_prices::{Selection, repair};
use spinroute_transport::dual_bound;

use super::Incumbent;
use super::decode::{choices, loads, mean_margin};

/// Prices, and what follows from them.
pub(super) struct Point {
    pub(super) prices: Vec<f32>,
    pub(super) selection: Selection,
    /// Loads of the choices under the prices.
    pub(super) loads: Vec<f64>,
    /// What the prices prove.
    bound: f64,
}

impl Point {
    fn new(prices: Vec<f32>) -> Self {
        let (selection, loads) = (Selection::default(), Vec::new());
        Self { prices, selection, loads, bound: f64::INFINITY }
    }

    /// Selects under the prices.
    fn read(&mut self, instance: &Instance) {
        self.selection.fill(instance.flat(), &self.prices, instance.demand().k());
        self.loads = loads(instance, &self.selection, &self.prices);
        self.bound = dual_bound(instance, &self.selection, &self.prices);
    }

    /// The prices as a repair takes them.
    pub(super) fn wide(&self) -> Vec<f64> {
        self.prices.iter().copied().map(f64::from).collect()
    }
}

/// A path of prices.
pub(super) struct Path<'a> {
    instance: &'a Instance,
    now: Point,
    /// The point of the lowest bound since the last look.
    lowest: Point,
    /// The best objective that prices have led to.
    goal: f64,
    /// The excess of the last move.
    excess: Vec<f64>,
}

impl<'a> Path<'a> {
    /// Starts from the incumbent's prices.
    pub(super) fn new(instance: &'a Instance, best: &mut Incumbent) -> Self {
        let start: Vec<f32> =
            best.prices.iter().map(|&p| p.min(f64::from(f32::MAX)) as f32).collect();
        let (now, lowest) = (Point::new(start.clone()), Point::new(start));
        let mut path = Self { instance, now, lowest, goal: best.objective, excess: Vec::new() };
        path.read(best);
        path
    }

    /// The point of the lowest bound since the last look.
    pub(super) fn point(&self) -> &Point {
        &self.lowest
    }

    /// What a move of the method of multipliers takes, `m Q` in the units of scores.
    pub(super) fn length(&self, column_weight: f64) -> f64 {
        let mean = self.instance.supply() as f64 / self.instance.experts() as f64;
        mean_margin(&self.lowest.selection) * column_weight / mean.max(1.0)
    }

    /// Moves by Polyak's rule; false if that is no move.
    pub(super) fn descend(&mut self, rate: f64, moves: u32, best: &mut Incumbent) -> bool {
        self.lowest.bound = f64::INFINITY;
        let mut moved = false;
        for _ in 0..moves {
            let loads = std::mem::take(&mut self.now.loads);
            self.set_excess(&loads);
            self.now.loads = loads;
            let square: f64 = self.excess.iter().map(|g| g * g).sum();
            if !self.shift(rate * (self.now.bound - self.goal) / square) {
                break;
            }
            moved = true;
            self.read(best);
        }
        moved
    }

    /// Moves by a step of given length along loads; false if that is no move.
    pub(super) fn follow(&mut self, loads: &[f64], length: f64, best: &mut Incumbent) -> bool {
        self.lowest.bound = f64::INFINITY;
        self.set_excess(loads);
        let moved = self.shift(length);
        self.read(best);
        moved
    }

    /// The choices of [`Path::point`], repaired.
    pub(super) fn candidate(&mut self) -> Result<(Assignment, f64), Error> {
        let Point { prices, selection, .. } = &self.lowest;
        let found = choices(self.instance, selection, prices);
        let found = repair(self.instance, found, Some(&self.lowest.wide()))?;
        let objective = self.instance.objective(&found)?;
        self.goal = self.goal.max(objective);
        Ok((found, objective))
    }

    /// How far loads are above the capacities; 0 where a price of 0 would fall.
    fn set_excess(&mut self, loads: &[f64]) {
        let tokens = self.instance.tokens() as f64;
        let experts = self.instance.capacity().iter().zip(loads).zip(&self.now.prices);
        self.excess.clear();
        self.excess.extend(experts.map(|((&c, load), p)| {
            let excess = load - f64::from(c).min(tokens);
            if excess < 0.0 && *p == 0.0 { 0.0 } else { excess }
        }));
    }

    fn shift(&mut self, length: f64) -> bool {
        let moves = length > 0.0 && length.is_finite() && self.excess.iter().any(|g| *g != 0.0);
        if moves {
            for (price, excess) in self.now.prices.iter_mut().zip(&self.excess) {
                let moved = f64::from(*price) + length * excess;
                *price = moved.clamp(0.0, f64::from(f32::MAX)) as f32;
            }
        }
        moves
    }

    /// Selects under the present prices. The present point goes on from a copy of the lowest, whose
    /// selection nobody needs.
    fn read(&mut self, best: &mut Incumbent) {
        self.now.read(self.instance);
        best.prove(&self.now.prices, self.now.bound);
        if self.now.bound < self.lowest.bound || self.lowest.bound == f64::INFINITY {
            std::mem::swap(&mut self.now, &mut self.lowest);
            self.now.prices.clone_from(&self.lowest.prices);
            self.now.loads.clone_from(&self.lowest.loads);
            self.now.bound = self.lowest.bound;
        }
    }
}
