//! Multipliers and feasible points for [`weights`](crate::weights): what proves small penalties.
//!
//! For a component, a part of the problem that nothing couples to the rest, with bits `x`, rows `g_c = 0` or
//! `g_c ≤ 0` and an objective bounded below by `k + Σ c_i x_i` (negative products split evenly among
//! their bits, positive ones and squares by their least value),
//!
//! ```text
//! B(λ) = k + Σ_c λ_c (constant of g_c) + Σ_i min(0, c_i + Σ_c λ_c a_ci)
//! ```
//!
//! Polyak's step on `λ` ([`polyak`]), O(entries of the rows) a round; the feasible point by repair of
//! the minimiser: flip, in a violated row, what lowers the total violation most, cheapest at the multipliers first, a
//! flipped bit resting for some steps. Everything is deterministic.

use std::collections::VecDeque;

use spinroute_prices::subgradient::polyak;

use crate::function::Function;
use crate::lower::{Item, Row};
use crate::sets::Sets;

/// Rounds of the subgradient method.
const ROUNDS: usize = 240;
/// Rounds after which a minimiser is repaired, besides the first.
const REPAIRS: usize = 60;
/// Steps for which a flipped bit rests.
const REST: usize = 7;

/// A part of the problem that nothing couples to the rest, proven: `U − B`, rounding allowed for.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    /// `U − B`, at least 0; infinite without a feasible point.
    pub(crate) gap: f64,
    upper: f64,
    lower: f64,
    /// Sum of `|a|`, for what rounding may amount to.
    scale: f64,
    /// The items in it.
    items: Vec<usize>,
    /// No penalty of it lacks a row.
    usable: bool,
}

/// The problem, split into components.
pub(crate) struct Dual<'a> {
    objective: &'a Function,
    items: &'a [Item],
    /// Largest `|λ|` of every item.
    limits: Vec<f64>,
    components: Vec<Component>,
    component_of: Vec<u32>,
    /// Linear lower bound of the objective: coefficient a bit, constant a component.
    costs: Vec<f64>,
    constants: Vec<f64>,
    /// Rows of every bit: item and coefficient.
    rows_of: Vec<Vec<(u32, f64)>>,
}

impl<'a> Dual<'a> {
    pub(crate) fn new(
        objective: &'a Function,
        items: &'a [Item],
        weights: &[f64],
        bits: usize,
    ) -> Self {
        let mut sets = Sets::new(bits);
        for item in items {
            sets.join(&item.members);
        }
        objective.visit_ranges(&mut |bits, _| sets.join(bits));
        let mut number = vec![u32::MAX; bits];
        let mut components = Vec::new();
        let mut component_of = Vec::with_capacity(bits);
        for bit in 0..bits as u32 {
            let root = sets.find(bit) as usize;
            if number[root] == u32::MAX {
                number[root] = components.len() as u32;
                components.push(Component {
                    gap: f64::INFINITY,
                    upper: f64::INFINITY,
                    lower: f64::NEG_INFINITY,
                    scale: 0.0,
                    items: Vec::new(),
                    usable: true,
                });
            }
            component_of.push(number[root]);
        }
        let mut dual = Self {
            objective,
            items,
            limits: vec![0.0; items.len()],
            constants: vec![0.0; components.len()],
            components,
            component_of,
            costs: vec![0.0; bits],
            rows_of: vec![Vec::new(); bits],
        };
        dual.bound_objective();
        for (index, item) in items.iter().enumerate() {
            let Some(&first) = item.members.first() else { continue };
            let component = &mut dual.components[dual.component_of[first as usize] as usize];
            component.items.push(index);
            component.usable &= item.row.is_some();
            dual.limits[index] = item.step.map_or(0.0, |step| weights[index].max(0.0) * step);
            for (bit, a) in item.row.iter().flat_map(|row| row.linear.terms()) {
                dual.rows_of[bit as usize].push((index as u32, a));
            }
        }
        dual
    }

    fn bound_objective(&mut self) {
        let component_of = &self.component_of;
        let scale = &mut self.components;
        self.objective.visit_ranges(&mut |bits, range| {
            if let Some(&bit) = bits.first() {
                scale[component_of[bit as usize] as usize].scale += range;
            }
        });
        for &(i, c) in &self.objective.linear {
            self.costs[i as usize] += c;
        }
        for &(i, j, c) in self.objective.pairs.iter().filter(|pair| pair.2 < 0.0) {
            self.costs[i as usize] += c / 2.0;
            self.costs[j as usize] += c / 2.0;
        }
        for (bits, c) in self.objective.higher.iter().filter(|term| term.1 < 0.0) {
            for &i in bits {
                self.costs[i as usize] += c / bits.len() as f64;
            }
        }
        for square in &self.objective.squares {
            if let Some(&bit) = square.linear.bits.first() {
                self.constants[self.component_of[bit as usize] as usize] += square.range().0;
            }
        }
    }

    /// Every usable component with a finite gap, and the multipliers of its items.
    pub(crate) fn solve(mut self, hint: Option<&[i8]>) -> Vec<(Component, Vec<(usize, f64)>)> {
        if let Some(state) = hint {
            self.note(state);
        }
        let mut multipliers = vec![0.0; self.items.len()];
        let mut best = multipliers.clone();
        for round in 0..ROUNDS {
            let state = self.round(&multipliers, &mut best);
            if round == 0 || (round + 1) % REPAIRS == 0 {
                self.repair(state.0.clone(), &multipliers);
            }
            self.step(&state, &mut multipliers, round);
        }
        let components = std::mem::take(&mut self.components);
        let proven = components
            .into_iter()
            .filter(|component| component.usable && component.upper.is_finite());
        proven
            .map(|mut component| {
                let rounding =
                    1e-9 * (component.scale + component.upper.abs() + component.lower.abs());
                component.gap = (component.upper - component.lower).max(0.0) + rounding;
                let multipliers = component.items.iter().map(|&item| (item, best[item])).collect();
                (component, multipliers)
            })
            .collect()
    }

    /// The minimiser at `multipliers`, and the left side of every row there. Where a component's bound
    /// rises, its multipliers go to `best`.
    fn round(&mut self, multipliers: &[f64], best: &mut [f64]) -> (Vec<i8>, Vec<f64>) {
        let mut bounds = self.constants.clone();
        let mut left: Vec<f64> = self
            .items
            .iter()
            .map(|item| item.row.as_ref().map_or(0.0, |row| row.linear.constant))
            .collect();
        for (index, item) in self.items.iter().enumerate() {
            if let Some(&bit) = item.members.first() {
                bounds[self.component_of[bit as usize] as usize] +=
                    multipliers[index] * left[index];
            }
        }
        let mut state = vec![0; self.costs.len()];
        for (bit, &cost) in self.costs.iter().enumerate() {
            let priced = self.rows_of[bit].iter().map(|&(row, a)| multipliers[row as usize] * a);
            let reduced = cost + priced.sum::<f64>();
            if reduced < 0.0 {
                state[bit] = 1;
                bounds[self.component_of[bit] as usize] += reduced;
                self.rows_of[bit].iter().for_each(|&(row, a)| left[row as usize] += a);
            }
        }
        for (component, bound) in self.components.iter_mut().zip(bounds) {
            if bound > component.lower {
                component.lower = bound;
                component.items.iter().for_each(|&item| best[item] = multipliers[item]);
            }
        }
        (state, left)
    }

    /// Polyak's step in every component, kept to signs and limits.
    fn step(&self, (_, left): &(Vec<i8>, Vec<f64>), multipliers: &mut [f64], round: usize) {
        for component in &self.components {
            if !component.usable {
                continue;
            }
            let aim = if component.upper.is_finite() {
                component.upper
            } else {
                component.lower + component.scale
            };
            let relax = 1.0 / (1.0 + round as f64 / 60.0);
            let sides: Vec<f64> = component.items.iter().map(|&item| left[item]).collect();
            let Some(length) = polyak(&sides, relax, aim - component.lower) else { continue };
            for &item in &component.items {
                let Some(Row { equality, .. }) = self.items[item].row else { continue };
                let limit = self.limits[item];
                let least = if equality { -limit } else { 0.0 };
                multipliers[item] = (multipliers[item] + length * left[item]).clamp(least, limit);
            }
        }
    }

    /// Makes a state feasible, where that succeeds, and notes each component's objective. Of flips that
    /// mend as much, the one goes first that costs least at the multipliers.
    fn repair(&mut self, mut state: Vec<i8>, multipliers: &[f64]) {
        let priced = |(bit, rows): (usize, &Vec<(u32, f64)>)| {
            let prices = rows.iter().map(|&(row, a)| multipliers[row as usize] * a);
            self.costs[bit] + prices.sum::<f64>()
        };
        let costs: Vec<f64> = self.rows_of.iter().enumerate().map(priced).collect();
        let mut left = self.left_sides(&state);
        let mut rested = vec![0; state.len()];
        let rows: usize = self.items.iter().map(|item| item.members.len()).sum();
        let mut work = 200 * (rows + state.len()) + 100_000;
        let broken = |&item: &usize| self.amount(item, left[item]) > 0.0;
        let mut violated: VecDeque<usize> = (0..self.items.len()).filter(broken).collect();
        let mut now = REST;
        while let Some(item) = violated.pop_back() {
            if self.amount(item, left[item]) == 0.0 {
                continue;
            }
            now += 1;
            let Some(row) = &self.items[item].row else { continue };
            work = work.saturating_sub(row.linear.bits.len() * 4);
            let best = row
                .linear
                .terms()
                .filter(|&(bit, a)| {
                    let up = state[bit as usize] == 0;
                    rested[bit as usize] + REST < now && (left[item] > 0.0) == ((a > 0.0) != up)
                })
                .map(|(bit, _)| (self.change(bit, &costs, &state, &left), bit))
                .min_by(|(a, _), (b, _)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            violated.push_front(item);
            if work == 0 {
                break;
            }
            let Some((_, bit)) = best else { continue };
            let sign = f64::from(1 - 2 * state[bit as usize]);
            state[bit as usize] = 1 - state[bit as usize];
            rested[bit as usize] = now;
            for &(row, a) in &self.rows_of[bit as usize] {
                let row = row as usize;
                left[row] += sign * a;
                if row != item && self.amount(row, left[row]) > 0.0 {
                    violated.push_back(row);
                }
            }
        }
        self.note(&state);
    }

    /// How much a row is violated; rounding counts as nothing.
    fn amount(&self, item: usize, left: f64) -> f64 {
        let Some(row) = &self.items[item].row else { return 0.0 };
        let amount = if row.equality { left.abs() } else { left };
        if amount > 1e-6 * self.items[item].step.unwrap_or(0.0) { amount } else { 0.0 }
    }

    /// What flipping a bit does to the total violation, and to the cost.
    fn change(&self, bit: u32, costs: &[f64], state: &[i8], left: &[f64]) -> (f64, f64) {
        let sign = f64::from(1 - 2 * state[bit as usize]);
        let rows = self.rows_of[bit as usize].iter().map(|&(row, a)| {
            let row = row as usize;
            self.amount(row, left[row] + sign * a) - self.amount(row, left[row])
        });
        (rows.sum(), sign * costs[bit as usize])
    }

    fn left_sides(&self, state: &[i8]) -> Vec<f64> {
        let side = |item: &Item| {
            item.row.as_ref().map_or(0.0, |row| {
                let terms = row.linear.terms().map(|(bit, a)| a * f64::from(state[bit as usize]));
                row.linear.constant + terms.sum::<f64>()
            })
        };
        self.items.iter().map(side).collect()
    }

    /// Takes the objective of every component whose constraints a state satisfies.
    fn note(&mut self, state: &[i8]) {
        let left = self.left_sides(state);
        let mut values = vec![0.0; self.components.len()];
        let one = |bit: u32| f64::from(state[bit as usize]);
        let objective = self.objective;
        let component = |bit: u32| self.component_of[bit as usize] as usize;
        objective.linear.iter().for_each(|&(i, c)| values[component(i)] += c * one(i));
        objective.pairs.iter().for_each(|&(i, j, c)| values[component(i)] += c * one(i) * one(j));
        for (bits, c) in &objective.higher {
            values[component(bits[0])] += c * bits.iter().map(|&bit| one(bit)).product::<f64>();
        }
        for square in &objective.squares {
            if let Some(&bit) = square.linear.bits.first() {
                let terms = square.linear.terms().map(|(bit, a)| a * one(bit));
                let inner = square.linear.constant + terms.sum::<f64>();
                values[component(bit)] += square.weight * inner * inner;
            }
        }
        for (number, value) in values.into_iter().enumerate() {
            let holds = |&item: &usize| self.amount(item, left[item]) == 0.0;
            if self.components[number].items.iter().all(holds) {
                let component = &mut self.components[number];
                component.upper = component.upper.min(value);
            }
        }
    }
}
