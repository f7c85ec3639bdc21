//! Whether prices prove an assignment optimal: the check at the end of a solve, in one pass.
//!
//! For a feasible assignment and prices `p ≥ 0` the bound of the prices exceeds the objective by
//!
//! ```text
//! Σ_e p[e] (c[e] − load[e])  +  Σ_t (sum of its k largest s[t,e] − p[e]  −  what it holds)
//! ```
//!
//! (and where loads have minimums, groups or costs, the first sum is what the limits of each expert and group are
//! worth at its price less what its load pays there)
//!
//! in which no term is negative: nothing cancels, and a token that holds its best adds nothing.
//! So one vectorised count a row decides nearly all of it. Where this sum, with what rounding can
//! have hidden, is not far below the tolerance, [`spinroute_core`] has the last word, exactly.

use rayon::prelude::*;
use spinroute_core::{Assignment, Certificate, Instance};

use crate::outflow::totals;
use crate::passes::above;
use crate::score::Score;

/// The gap, relative to the objective, that counts as none.
const RELATIVE: f64 = 1e-9;
/// The same where the objective's terms cancel, relative to the sum of their sizes.
const CANCELLED: f64 = 1.0 / (1u64 << 48) as f64;
/// What rounding parts, relative to the numbers it parts, counts as equal.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// Tokens a block, for any number of threads.
const BLOCK: usize = 512;

/// Whether `table` is feasible and within 10⁻⁹ of the objective of the bound that `prices` prove
/// (or, where terms cancel, within 2⁻⁴⁸ of the sum of their sizes).
pub(crate) fn proven<S: Score>(
    instance: &Instance,
    scores: &[S],
    table: &[u32],
    prices: &[f64],
) -> bool {
    let (experts, k) = (instance.experts(), instance.demand().k());
    let mut totals = totals(instance, prices);
    totals.truncate(experts);
    let highest = totals.iter().fold(0.0, |highest, p| f64::max(highest, p.abs()));
    let sums: Vec<Sums> = table
        .par_chunks(BLOCK * k)
        .zip(scores.par_chunks(BLOCK * experts))
        .enumerate()
        .map(|(block, (table, scores))| {
            let mut sums = Sums::default();
            let rows = table.chunks_exact(k).zip(scores.chunks_exact(experts));
            for (t, (row, scores)) in (block * BLOCK..).zip(rows) {
                let row = &row[..instance.k(t)];
                sums.token(row, scores, (&totals, highest), instance.demand().is_exact());
            }
            sums
        })
        .collect();
    let mut load = vec![0u32; experts];
    for &e in table.iter().filter(|&&e| e != Assignment::EMPTY) {
        load[e as usize] += 1;
    }
    let mut total = Sums::default();
    for sums in sums {
        total.objective += sums.objective;
        total.loss += sums.loss;
        total.size += sums.size;
    }
    for (node, (load, &price)) in instance.node_loads(&load).into_iter().zip(prices).enumerate() {
        let limits = instance.limits(node);
        if load > limits.highest() || load < limits.minimum {
            return false;
        }
        let right = load.clamp(limits.least_at(price), limits.most_at(price));
        let (cost, right_cost) = (limits.cost(load), limits.cost(right));
        total.loss += (f64::from(right) - f64::from(load)) * price - (right_cost - cost);
        total.objective -= cost;
        total.size += f64::from(load.max(right)) * price.abs() + cost.abs() + right_cost.abs();
    }
    if total.loss + ROUNDING * total.size <= 0.5 * RELATIVE * total.objective.abs() {
        return true;
    }
    exactly(instance, scores, table, prices)
}

/// Decides by the certificate.
fn exactly<S: Score>(instance: &Instance, scores: &[S], table: &[u32], prices: &[f64]) -> bool {
    let (experts, k) = (instance.experts(), instance.demand().k());
    let assignment = Assignment::from_slots(k, table.to_vec());
    let Ok(objective) = instance.objective(&assignment) else { return false };
    let Ok(certificate) = Certificate::new(instance, prices.to_vec()) else { return false };
    let rows = table.chunks_exact(k).zip(scores.chunks_exact(experts));
    let held = rows.flat_map(|(row, scores)| row.iter().filter_map(|&e| scores.get(e as usize)));
    let size: f64 = held.map(|&s| s.into().abs()).sum();
    let tolerance = f64::max(RELATIVE * objective.abs(), CANCELLED * size);
    certificate.bound() - objective <= tolerance
}

/// Sums over tokens.
#[derive(Default)]
struct Sums {
    objective: f64,
    /// What tokens could gain at the prices.
    loss: f64,
    /// The sizes of the reduced scores that were compared.
    size: f64,
}

impl Sums {
    /// Adds the token that holds `row`.
    fn token<S: Score>(
        &mut self,
        row: &[u32],
        scores: &[S],
        (prices, highest): (&[f64], f64),
        exact: bool,
    ) {
        let held = row.iter().filter(|&&e| e != Assignment::EMPTY).map(|&e| e as usize);
        let (mut least, mut count) = (f64::INFINITY, 0);
        for e in held.clone() {
            let score: f64 = scores[e].into();
            self.objective += score;
            least = least.min(score - prices[e]);
            count += 1;
        }
        // What an expert must be worth to be missed.
        let level = if count < row.len() { 0.0 } else { least };
        if row.is_empty() {
            return;
        }
        let size = level.abs() + highest;
        let level = level + ROUNDING * size;
        self.size += row.len() as f64 * size;
        let reduced = |e: usize| scores[e].into() - prices[e];
        let better = held.clone().filter(|&e| reduced(e) > level).count() as u64;
        let missed = above(scores, prices, level) - better;
        if missed > 0 {
            // No more than as many times the best one: ties that rounding parted are many.
            let open = (0..scores.len()).filter(|&e| reduced(e) > level);
            let open = open.filter(|&e| !row.contains(&(e as u32)));
            let best = open.map(reduced).fold(level, f64::max);
            self.loss += missed as f64 * (best - level);
            self.size += row.len() as f64 * best.abs();
        }
        if !exact && least < 0.0 {
            self.loss += held.map(reduced).map(|r| (-r).max(0.0)).sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use spinroute_core::Demand;

    #[test]
    fn believes_optima_and_nothing_else() {
        let scores = array![[9.0, 8.0, 1.0], [9.0, 3.0, 8.5], [9.0, 1.0, 1.0]];
        let instance = Instance::new(scores, vec![1; 3], Demand::Exactly(1)).unwrap();
        let is = |table: &[u32], prices: &[f64]| {
            let wide: Vec<f64> = instance.flat().iter().map(|&s| f64::from(s)).collect();
            let narrow = proven(&instance, instance.flat(), table, prices);
            assert_eq!(narrow, proven(&instance, &wide, table, prices));
            narrow
        };
        assert!(is(&[1, 2, 0], &[1.0, 0.0, 0.0]));
        assert!(!is(&[1, 2, 0], &[0.5, 0.0, 0.0])); // token 0 would rather take expert 0
        assert!(!is(&[2, 1, 0], &[1.0, 0.0, 0.0])); // not the optimum
        assert!(!is(&[0, 2, 0], &[1.0, 0.0, 0.0])); // over capacity
        assert!(!is(&[1, 2, 0], &[1e17, 0.0, 0.0])); // proves nothing
    }

    #[test]
    fn optional_slots_lose_what_they_leave_or_take() {
        const NONE: u32 = Assignment::EMPTY;
        let scores = array![[2.0, -1.0], [1.0, 0.5]];
        let instance = Instance::new(scores, vec![2, 2], Demand::AtMost(2)).unwrap();
        let is = |table: &[u32]| proven(&instance, instance.flat(), table, &[0.0; 2]);
        assert!(is(&[0, NONE, 0, 1]));
        assert!(!is(&[0, 1, 0, 1])); // takes a loss
        assert!(!is(&[0, NONE, 0, NONE])); // leaves a gain
    }

    #[test]
    fn terms_that_cancel_are_judged_exactly() {
        let scores = array![[1e9f32, 0.0], [0.0, -1e9], [0.25, 0.125]];
        let instance = Instance::new(scores, vec![2, 1], Demand::Exactly(1)).unwrap();
        let is = |table: &[u32], price| proven(&instance, instance.flat(), table, &[price, 0.0]);
        assert!(is(&[0, 0, 1], 0.125)); // 1e9 + 0 + 0.125
        assert!(!is(&[0, 1, 0], 1e9)); // 0.25
    }
}
