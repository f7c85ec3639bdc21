//! What prices prove, read off the selection under them.
use rayon::prelude::*;
use spinroute_core::{Certificate, Instance};
use spinroute_prices::Selection;

/// Tokens a block: summed in order.
const BLOCK: usize = 256;

/// Two roundings to `f32`, relative.
const ROUNDING: f64 = 2.0 * f32::EPSILON as f64;

/// The dual value at `prices`, from the selection under them: an upper bound on the objective.
///
/// The selection compares reduced scores rounded to `f32`, so each may be short of the true best
/// by two roundings; that much is added. [`Certificate`](spinroute_core::Certificate) is sharper by
/// that, and reads the whole table. Time O(T·k).
///
/// Where scores are kept in `f64` the selection, which has seen them narrowed, bounds nothing: then it is
/// the certificate's bound, in O(T·E).
///
/// # Panics
/// If the selection is of another instance.
#[must_use]
pub fn dual_bound(instance: &Instance, selection: &Selection, prices: &[f32]) -> f64 {
    if instance.wide().is_some() {
        let prices = prices.iter().copied().map(f64::from).collect();
        // What is no price proves nothing.
        return Certificate::new(instance, prices).map_or(f64::INFINITY, |proof| proof.bound());
    }
    let k = instance.demand().k();
    let rent: f64 =
        instance.capacity().iter().zip(prices).map(|(&c, &p)| f64::from(c) * f64::from(p)).sum();
    let surplus: Vec<f64> = selection
        .experts
        .par_chunks(BLOCK * k)
        .zip(instance.flat().par_chunks(BLOCK * instance.experts()))
        .map(|(chosen, rows)| {
            let tokens = chosen.chunks_exact(k).zip(rows.chunks_exact(instance.experts()));
            let reduced = tokens.flat_map(|(chosen, row)| {
                chosen.iter().map(|&e| f64::from(row[e as usize]) - f64::from(prices[e as usize]))
            });
            let floor = if instance.demand().is_exact() { f64::NEG_INFINITY } else { 0.0 };
            let rounding = |r: f64| if r.is_finite() { r.abs() * ROUNDING } else { 0.0 };
            reduced.map(|r| r.max(floor) + rounding(r)).sum()
        })
        .collect();
    rent + surplus.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_core::{Certificate, Demand};

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
            let mut selection = Selection::default();
            selection.fill(instance.flat(), &prices, k as usize);
            let bound = dual_bound(&instance, &selection, &prices);
            let wide = prices.iter().copied().map(f64::from).collect();
            let sharp = Certificate::new(&instance, wide).unwrap().bound();
            prop_assert!(bound == sharp || (sharp - 1e-12..sharp + 1e-5).contains(&bound), "{bound} {sharp}");
        }
    }

    #[test]
    fn bounds_scores_in_f64_as_they_are() {
        let scores = ndarray::array![[16_777_216.0, 16_777_217.0], [16_777_216.0, 16_777_217.0]];
        let instance = Instance::from_f64(scores, vec![2; 2], Demand::Exactly(1)).unwrap();
        let mut selection = Selection::default();
        selection.fill(instance.flat(), &[0.0; 2], 1);
        assert_eq!(dual_bound(&instance, &selection, &[0.0; 2]), 33_554_434.0);
    }
}
