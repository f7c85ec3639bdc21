//! Upper bounds that anyone can recheck.

use rayon::prelude::*;

use crate::sum::Sum;
use crate::{Demand, Error, Instance};

/// Tokens a block: summed in order, so the bits do not depend on the number of threads.
const BLOCK: usize = 256;

/// Expert prices and the upper bound on the objective that they prove.
///
/// For *any* prices `p ≥ 0`, weak duality gives
///
/// ```text
/// OPT ≤ Σ_e c[e] p[e] + Σ_t (sum of the k largest s[t,e] − p[e])
/// ```
///
/// where `AtMost` counts positive terms only. The bound is computed here, from the instance, so it
/// holds whichever solver supplied the prices. Time O(T·E).
///
/// It also holds in floating point: sums are compensated `f64`, and what rounding may have taken
/// away is added, about 2e-16 of the magnitudes summed. The gap of an optimal assignment under
/// optimal prices is therefore not 0 but some 1e-16, and prices far above the scores prove
/// nothing.
///
/// Reference: Ahuja, Magnanti, Orlin, *Network Flows* (1993), chapter 16 (Lagrangian relaxation).
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Certificate {
    prices: Vec<f64>,
    bound: f64,
}

impl Certificate {
    /// Computes the bound that `prices` prove. Negative prices count as 0. The bound is `-∞` if a
    /// token has fewer than `k` allowed experts under `Exactly(k)`: nothing is feasible then.
    ///
    /// # Errors
    /// If there is not one finite price per expert.
    pub fn new(instance: &Instance, mut prices: Vec<f64>) -> Result<Self, Error> {
        let (got, experts) = (prices.len(), instance.experts());
        let bad = prices.iter().position(|p| !p.is_finite());
        if got != experts || bad.is_some() {
            return Err(Error::Prices { experts, got, bad });
        }
        for price in &mut prices {
            *price = price.max(0.0);
        }
        let surpluses: Vec<(f64, f64)> = instance
            .flat()
            .par_chunks(BLOCK * experts)
            .flat_map_iter(|block| {
                let mut reduced = vec![0.0; experts];
                let (prices, demand) = (&prices, instance.demand());
                block.chunks_exact(experts).map(move |row| {
                    let mut exact = true;
                    for ((r, &s), p) in reduced.iter_mut().zip(row).zip(prices) {
                        let s = f64::from(s);
                        *r = s - p;
                        // What the difference lost (Knuth's two-sum); NaN for a forbidden pair.
                        let back = s - *r;
                        let lost = (s - (*r + back)) + (back - p);
                        exact &= lost == 0.0 || s == f64::NEG_INFINITY;
                    }
                    surplus(&mut reduced, demand, exact)
                })
            })
            .collect();
        let rents = instance.capacity().iter().zip(&prices).map(|(&c, &p)| {
            let (capacity, rent) = (f64::from(c), f64::from(c) * p);
            (rent, if capacity.mul_add(p, -rent) == 0.0 { 0.0 } else { rent })
        });
        let (mut total, mut rounded) = (Sum::default(), Sum::default());
        for (term, size) in rents.chain(surpluses) {
            total.add(term);
            rounded.add(size);
        }
        if !total.is_exact() {
            rounded.add(total.value().abs());
        }
        // What was rounded is off by half a unit in its last place at most, compensated sums by
        // one; where nothing was, nothing is added.
        let rounding = 2.0 * f64::EPSILON * rounded.value();
        let bound = total.value() + if rounding.is_finite() { rounding } else { 0.0 };
        // Prices so large that the sums overflow prove nothing.
        Ok(Self { prices, bound: if bound.is_nan() { f64::INFINITY } else { bound } })
    }

    /// The bound of zero prices: every token takes its `k` best experts.
    #[must_use]
    pub fn trivial(instance: &Instance) -> Self {
        Self::new(instance, vec![0.0; instance.experts()])
            .unwrap_or_else(|_| unreachable!("one finite price per expert"))
    }

    /// The price of each expert: the value of one more unit of its capacity.
    #[must_use]
    pub fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// The upper bound on the objective.
    #[must_use]
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// The relative optimality gap `(bound − objective) / |objective|`, a fraction, at least 0.
    ///
    /// 0 if both are equal, infinite if only the objective is 0 (the convention of Gurobi's
    /// `MIPGap`).
    #[must_use]
    pub fn gap(&self, objective: f64) -> f64 {
        let gap = (self.bound - objective).max(0.0);
        if gap == 0.0 { 0.0 } else { gap / objective.abs() }
    }
}

/// The most that one token can earn, the sum of its `k` largest reduced scores; and the sum of
/// their magnitudes if anything was rounded, else 0. `exact` says that no difference was.
fn surplus(reduced: &mut [f64], demand: Demand, exact: bool) -> (f64, f64) {
    let k = demand.k();
    if k < reduced.len() {
        reduced.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    }
    let (mut total, mut magnitude) = (Sum::default(), 0.0);
    for &r in reduced[..k].iter().filter(|r| demand.is_exact() || **r > 0.0) {
        total.add(r);
        magnitude += r.abs();
    }
    (total.value(), if exact && total.is_exact() { 0.0 } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn bounds_by_hand() {
        let scores = array![[0.5, 0.25], [0.5, -0.25]];
        let exact = Instance::new(scores.clone(), vec![1, 1], Demand::Exactly(1)).unwrap();
        let is = |certificate: Certificate, bound: f64| {
            assert!((bound..bound + 1e-15).contains(&certificate.bound()), "{certificate:?}");
        };
        is(Certificate::trivial(&exact), 1.0);
        is(Certificate::new(&exact, vec![0.25, -9.0]).unwrap(), 0.75);
        let at_most = Instance::new(scores, vec![1, 1], Demand::AtMost(2)).unwrap();
        is(Certificate::trivial(&at_most), 1.25);
    }

    #[test]
    fn rounding_proves_nothing() {
        // In exact arithmetic the bound is 0.5; s − p loses every digit of s.
        let instance = Instance::new(array![[0.5]], vec![1], Demand::AtMost(1)).unwrap();
        assert!(Certificate::new(&instance, vec![1e9]).unwrap().bound() > 0.5);
        let exact = Instance::new(array![[0.5]], vec![1], Demand::Exactly(1)).unwrap();
        assert!(Certificate::new(&exact, vec![1e30]).unwrap().bound() > 0.5);
    }

    #[test]
    fn a_token_without_enough_experts_bounds_at_minus_infinity() {
        let scores = array![[0.5, f32::NEG_INFINITY], [0.5, 0.5]];
        let demand = Demand::Exactly(2);
        let instance = Instance::new(scores, vec![2, 2], demand).unwrap();
        assert_eq!(Certificate::trivial(&instance).bound(), f64::NEG_INFINITY);
    }

    #[test]
    fn prices_that_overflow_bound_nothing() {
        let scores = array![[0.5, 0.25], [0.5, 0.25]];
        let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1)).unwrap();
        let certificate = Certificate::new(&instance, vec![1.7e308; 2]).unwrap();
        assert_eq!((certificate.bound(), certificate.gap(1.0)), (f64::INFINITY, f64::INFINITY));
    }

    #[test]
    fn refuses_prices_that_are_not_prices() {
        let instance = Instance::new(array![[0.5, 0.5]], vec![1, 1], Demand::AtMost(1)).unwrap();
        let error = |prices| Certificate::new(&instance, prices).unwrap_err();
        assert_eq!(error(vec![0.0]), Error::Prices { experts: 2, got: 1, bad: None });
        assert_eq!(error(vec![0.0, f64::NAN]), Error::Prices { experts: 2, got: 2, bad: Some(1) });
    }

    #[test]
    fn gap_conventions() {
        let instance = Instance::new(array![[1.0]], vec![1], Demand::AtMost(1)).unwrap();
        let certificate = Certificate::trivial(&instance);
        assert!(certificate.gap(1.0) < 1e-15);
        assert!((certificate.gap(0.5) - 1.0).abs() < 1e-15);
        assert_eq!(certificate.gap(0.0), f64::INFINITY);
        assert_eq!(certificate.gap(2.0), 0.0);
    }
}
