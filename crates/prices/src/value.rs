//! The value of the dual at a point: what it proves.
//!
//! `D(p) = Σ_e c[e] p[e] + Σ_t (sum of the k largest s[t,e] − p[e])` is an upper bound on every
//! objective (under `AtMost` with the positive terms only). A [`Point`] knows it but for the rounding of
//! choices in `f32`, which is enough to go down by; [`bound`] is what it proves, and so is [`sharp`].
//! [`Certificate`] is sharper, reads the whole table, and is core's: the two are independent.

use rayon::prelude::*;
use spinroute_core::{Assignment, Certificate, Instance};

use crate::point::Point;

/// Tokens a block: summed in order.
const BLOCK: usize = 256;

/// Two roundings to `f32`, relative.
const ROUNDING: f64 = 2.0 * f32::EPSILON as f64;

/// The upper bound on the objective that the prices of a point prove, from its choices.
///
/// The selection compares reduced scores rounded to `f32`, so each may be short of the true best
/// by two roundings; that much is added. Time O(T·k).
///
/// Where scores are kept in `f64` the selection, which has seen them narrowed, bounds nothing: then it is
/// the certificate's bound, in O(T·E).
///
/// # Panics
/// If the point is of another instance.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_prices::{Point, value};
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let point = Point::of(&instance, vec![0.1, 0.0]);
/// assert!((value::bound(&instance, &point) - 1.5).abs() < 1e-5);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[must_use]
pub fn bound(instance: &Instance, point: &Point) -> f64 {
    let prices = point.prices();
    if instance.wide().is_some() {
        let prices = point.wide_prices();
        // What is no price proves nothing.
        return Certificate::new(instance, prices).map_or(f64::INFINITY, |proof| proof.bound());
    }
    let k = instance.demand().k();
    let mut rent = 0.0;
    add_rents(instance, point, &mut rent, &mut 0.0);
    let surplus: Vec<f64> = point
        .selection()
        .experts
        .par_chunks(BLOCK * k)
        .zip(instance.flat().par_chunks(BLOCK * instance.experts()))
        .map(|(chosen, rows)| {
            let tokens = chosen.chunks_exact(k).zip(rows.chunks_exact(instance.experts()));
            let reduced = tokens.flat_map(|(chosen, row)| {
                let chosen = chosen.iter().filter(|&&e| e != Assignment::EMPTY);
                chosen.map(|&e| f64::from(row[e as usize]) - f64::from(prices[e as usize]))
            });
            let floor = if instance.demand().is_exact() { f64::NEG_INFINITY } else { 0.0 };
            let rounding = |r: f64| if r.is_finite() { r.abs() * ROUNDING } else { 0.0 };
            reduced.map(|r| r.max(floor) + rounding(r)).sum()
        })
        .collect();
    rent + surplus.iter().sum::<f64>()
}

/// As [`bound`], nearer to the certificate's.
///
/// Rounding keeps the order of reduced scores, so where the last one taken and the first one left
/// differ they are the best; where they are equal, another choice is worth more by what rounding can
/// take from `k` of them at most. What the sum can have lost is added. Time O(T·k), in one thread.
///
/// Of scores kept in `f64` it bounds the instance narrowed to `f32`. Every token must have `k` experts that
/// it may take.
///
/// # Panics
/// If the point is of another instance.
#[must_use]
pub fn sharp(instance: &Instance, point: &Point) -> f64 {
    let (prices, selection, demand) = (point.prices(), point.selection(), instance.demand());
    let (mut value, mut size, mut hidden) = (0.0, 0.0, 0.0);
    for (t, row) in selection.experts.chunks_exact(demand.k()).enumerate() {
        let scores = instance.scores(t);
        let k = instance.k(t);
        for e in row[..k].iter().map(|&e| e as usize) {
            let (score, price) = (f64::from(scores[e]), f64::from(prices[e]));
            if demand.is_exact() || score > price {
                value += score - price;
                size += score.abs() + price.abs();
            }
        }
        let tied = selection.taken[t] == selection.left[t];
        // Forbidden pairs, worth -∞, tie too: nothing is hidden there.
        if tied && selection.taken[t] > f32::NEG_INFINITY {
            hidden += k as f64 * f64::from(selection.taken[t].abs());
        }
    }
    add_rents(instance, point, &mut value, &mut size);
    value + (hidden * 2f64.powi(-22) + lost(selection.experts.len(), size))
}

/// Adds what the limits of loads are worth at the prices of a point, and the sizes of its terms.
fn add_rents(instance: &Instance, point: &Point, value: &mut f64, size: &mut f64) {
    let own = point.wide_prices();
    for (node, &own) in own.iter().enumerate() {
        let limits = instance.limits(node);
        let mut start = 0;
        for (end, cost) in limits.pieces() {
            let forced = end.min(limits.minimum).saturating_sub(start);
            let free = end.saturating_sub(start.max(limits.minimum));
            let units = if own > cost { forced + free } else { forced };
            if units > 0 {
                *value += f64::from(units) * (own - cost);
                *size += f64::from(units) * (own.abs() + cost.abs());
            }
            start = start.max(end);
        }
    }
}

/// What a sum of so many terms, of that size together, can have lost.
///
/// ```
/// assert!(spinroute_prices::value::lost(1000, 1.0) < 1e-12);
/// ```
#[must_use]
pub fn lost(terms: usize, size: f64) -> f64 {
    (terms + 8) as f64 * f64::EPSILON * size
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_core::Demand;

    proptest! {
        #[test]
        fn no_sharper_than_the_certificate_and_hardly_blunter(
            cells in proptest::collection::vec(prop_oneof![4 => -1.0f32..1.0, 1 => Just(f32::NEG_INFINITY)], 40),
            prices in proptest::collection::vec(0.0f32..1.0, 5),
            k in 1u32..4,
            exact: bool,
        ) {
            let scores = ndarray::Array2::from_shape_vec((8, 5), cells).unwrap();
            let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let instance = Instance::new(scores, vec![8; 5], demand).unwrap();
            let point = Point::of(&instance, prices.clone());
            let bound = bound(&instance, &point);
            let wide = prices.iter().copied().map(f64::from).collect();
            let sharp = Certificate::new(&instance, wide).unwrap().bound();
            let near = |bound: f64| bound == sharp || (sharp - 1e-12..sharp + 1e-5).contains(&bound);
            prop_assert!(near(bound), "{bound} {sharp}");
            if sharp.is_finite() {
                let sharper = super::sharp(&instance, &point);
                prop_assert!(near(sharper), "{sharper} {sharp}");
                prop_assert!((point.value() - sharp).abs() < 1e-4, "{} {sharp}", point.value());
            }
        }
    }

    #[test]
    fn bounds_scores_in_f64_as_they_are() {
        let scores = ndarray::array![[16_777_216.0, 16_777_217.0], [16_777_216.0, 16_777_217.0]];
        let instance = Instance::from_f64(scores, vec![2; 2], Demand::Exactly(1)).unwrap();
        assert_eq!(bound(&instance, &Point::of(&instance, vec![0.0; 2])), 33_554_434.0);
    }
}
