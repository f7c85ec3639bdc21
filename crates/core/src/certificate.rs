//! Upper bounds that anyone can recheck.

use rayon::prelude::*;

use crate::sum::{Sum, difference};
use crate::{Error, Instance};

/// Tokens a block.
const BLOCK: usize = 256;

/// Prices of the experts and groups, and the upper bound on the objective that they prove.
///
/// For *any* prices `p[e] ≥ 0` of a plain instance, weak duality gives
///
/// ```text
/// OPT ≤ Σ_e c[e] p[e] + Σ_t (sum of the k largest s[t,e] − p[e])
/// ```
///
/// where `AtMost` counts positive terms only. With minimums prices may have either sign, groups have prices too,
/// and a token pays those of all groups around an expert, `P[e] = p[e] + Σ_{g ∋ e} q[g]`:
///
/// ```text
/// OPT ≤ Σ_e (c[e] p⁺ − l[e] p⁻) + Σ_g (C[g] q⁺ − L[g] q⁻) + Σ_t (sum of the k[t] largest s[t,e] − P[e])
/// ```
///
/// where `p⁺ = max(p, 0)` and `p⁻ = max(−p, 0)`, and units that cost (or gain) something of their own count
/// with their price less that ([`Limits`](crate::Limits)). `docs/certificates.md` derives it. The bound is
/// computed here, from the instance, so it holds whichever solver supplied the prices. Time O(T·E).
///
/// It is the exact value of the right-hand side for the scores as they were given and for these
/// prices, rounded up once: differences, products and sums lose nothing before, and which terms are
/// the largest is decided on exact differences. So neither terms that cancel nor the order of the
/// tokens matter, and the gap of an optimal assignment under optimal prices is a unit in the last
/// place of the objective at most. (With groups, sums `P` are rounded down to `f64`, which
/// raises the bound by a unit in their last place at most.)
///
/// Reference: Ahuja, Magnanti, Orlin, *Network Flows* (1993), chapter 16 (Lagrangian relaxation).
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Certificate, Demand, Groups, Instance};
///
/// // Both experts lie in one group, which holds one token; the other token is dropped.
/// let groups = Groups::of(vec![0, 0])?.capacity(vec![1])?;
/// let scores = array![[0.75, 0.5], [0.25, 0.125]];
/// let instance = Instance::builder(scores).demand(Demand::AtMost(1)).groups(groups).build()?;
/// let certificate = Certificate::new(&instance, vec![0.0, 0.0, 0.25])?; // two experts, one group
/// assert_eq!((certificate.bound(), certificate.group_prices()), (0.75, &[0.25][..]));
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Certificate {
    prices: Vec<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    group_prices: Vec<f64>,
    bound: f64,
}

impl Certificate {
    /// Computes the bound that `prices` prove: one an expert, then one a group if there are any (all may be left
    /// out: then they are 0). A price that is too low to prove anything counts as the lowest that does (0 for an expert without a minimum). The bound
    /// is `-∞` if a token has fewer than `k[t]` allowed experts under `Exactly`: nothing is feasible then.
    ///
    /// # Errors
    /// If there is not one finite price per expert and group.
    pub fn new(instance: &Instance, mut prices: Vec<f64>) -> Result<Self, Error> {
        let (nodes, experts) = (instance.nodes(), instance.experts());
        if prices.len() == experts {
            prices.resize(nodes, 0.0);
        }
        let got = prices.len();
        let bad = prices.iter().position(|p| !p.is_finite());
        if got != nodes || bad.is_some() {
            return Err(Error::Prices { experts: nodes, got, bad });
        }
        for (node, price) in prices.iter_mut().enumerate() {
            *price = price.max(instance.limits(node).lowest_price());
        }
        let totals = totals(instance, &prices);
        let mut total = match instance.wide() {
            Some(wide) => surpluses(instance, wide, &totals[..experts]),
            None => surpluses(instance, instance.flat(), &totals[..experts]),
        };
        for (node, &price) in prices.iter().enumerate() {
            rents(instance, node, price, &mut total);
        }
        // Prices so large that products overflow prove nothing.
        let bound = total.upwards();
        let group_prices = prices.split_off(experts);
        Ok(Self { prices, group_prices, bound: if bound.is_nan() { f64::INFINITY } else { bound } })
    }

    /// The bound of zero prices: every token takes its `k` best experts.
    #[must_use]
    pub fn trivial(instance: &Instance) -> Self {
        Self::new(instance, vec![0.0; instance.nodes()])
            .unwrap_or_else(|_| unreachable!("one finite price per expert and group"))
    }

    /// The price of each expert: the value of one more unit of its capacity or, below 0, what one unit of its
    /// minimum costs.
    #[must_use]
    pub fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// The price of each group, in the same sense.
    #[must_use]
    pub fn group_prices(&self) -> &[f64] {
        &self.group_prices
    }

    /// The upper bound on the objective.
    #[must_use]
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// The relative optimality [`gap`] of an objective of the same instance, whichever solver
    /// reached it.
    #[must_use]
    pub fn gap(&self, objective: f64) -> f64 {
        gap(self.bound, objective)
    }
}

/// The relative optimality gap `(bound − objective) / |objective|`, a fraction, at least 0: the one
/// definition, for every objective that is maximised under a bound.
///
/// 0 if both are equal, infinite if only the objective is 0 (the convention of Gurobi's `MIPGap`).
///
/// ```
/// assert_eq!(spinroute_core::gap(1.25, 1.0), 0.25);
/// assert_eq!(spinroute_core::gap(-1.0, -2.0), 0.5);
/// assert_eq!(spinroute_core::gap(0.0, 0.0), 0.0);
/// ```
#[must_use]
pub fn gap(bound: f64, objective: f64) -> f64 {
    let gap = (bound - objective).max(0.0);
    if gap == 0.0 { 0.0 } else { gap / objective.abs() }
}

/// What a token pays for each node: its price and those of all groups around it, rounded down.
fn totals(instance: &Instance, prices: &[f64]) -> Vec<f64> {
    let mut totals = prices.to_vec();
    // A node is numbered below the one around it.
    for node in (0..prices.len()).rev() {
        if let Some(parent) = instance.parent(node) {
            let (sum, lost) = difference(totals[node], -totals[parent]);
            totals[node] = if lost < 0.0 { sum.next_down() } else { sum };
        }
    }
    totals
}

/// Adds what the capacities of a node earn at most, and its minimum at least, at its price.
fn rents(instance: &Instance, node: usize, price: f64, sum: &mut Sum) {
    let limits = instance.limits(node);
    // No load is larger than all slots: a group without a capacity of its own, or an overflow without end, would
    // multiply what rounding has left of a price.
    let all = u32::try_from(instance.slots()).unwrap_or(u32::MAX);
    let (mut start, mut pieces) = (0, limits.pieces());
    let soft = usize::from(node < instance.experts()) * 2;
    for (end, _) in &mut pieces[soft..] {
        *end = (*end).min(all.max(if soft > 0 { limits.capacity } else { 0 }));
    }
    for (end, cost) in pieces {
        let forced = end.min(limits.minimum).saturating_sub(start);
        let free = end.saturating_sub(start.max(limits.minimum));
        let units = f64::from(if price > cost { forced + free } else { forced });
        for worth in [price, -cost] {
            if units > 0.0 && worth != 0.0 {
                sum.add_product(units, worth);
            }
        }
        start = start.max(end);
    }
}

/// What all tokens together can earn at most: the sum of their `k[t]` largest reduced scores.
fn surpluses<S: Copy + Into<f64> + Sync>(instance: &Instance, scores: &[S], prices: &[f64]) -> Sum {
    let block = |(block, rows): (usize, &[S])| {
        let mut total = Sum::default();
        let mut reduced = Vec::with_capacity(prices.len());
        for (i, row) in rows.chunks_exact(prices.len()).enumerate() {
            let k = instance.k(block * BLOCK + i);
            if k == 0 {
                continue;
            }
            reduced.clear();
            reduced.extend(row.iter().zip(prices).map(|(&s, p)| s.into() - p));
            surplus(row, prices, &mut reduced, (k, instance.demand().is_exact()), &mut total);
        }
        total
    };
    let merged = |mut a: Sum, b: Sum| {
        a.merge(&b);
        a
    };
    let blocks = scores.par_chunks(BLOCK * prices.len()).enumerate();
    blocks.map(block).reduce(Sum::default, merged)
}

/// Adds the sum of the `k` largest reduced scores of one token; `reduced` is their nearest `f64`s.
fn surplus<S: Copy + Into<f64>>(
    row: &[S],
    prices: &[f64],
    reduced: &mut [f64],
    (k, exact): (usize, bool),
    total: &mut Sum,
) {
    let last = if k < reduced.len() {
        *reduced.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1
    } else {
        f64::NEG_INFINITY
    };
    // Rounding keeps the order, but may make differences equal: those at the k-th place are told
    // apart by what it lost.
    let (mut missing, mut at_last) = (k, Vec::new());
    for (&s, &p) in row.iter().zip(prices) {
        let (head, tail) = difference(s.into(), p);
        if head < last || !exact && head <= 0.0 {
            continue;
        }
        if head > last {
            total.add(head);
            total.add(tail);
            missing -= 1;
        } else {
            at_last.push(tail);
        }
    }
    if at_last.len() > missing {
        at_last.sort_unstable_by(|a, b| b.total_cmp(a));
        at_last.truncate(missing);
    }
    for tail in at_last {
        total.add(last);
        total.add(tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Assignment, Demand};
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
    fn prices_far_above_the_scores_lose_no_digit() {
        // s − p as `f64` loses every digit of s.
        let instance = Instance::new(array![[0.5]], vec![1], Demand::AtMost(1)).unwrap();
        assert_eq!(Certificate::new(&instance, vec![1e9]).unwrap().bound(), 1e9);
        let exact = Instance::new(array![[0.5]], vec![1], Demand::Exactly(1)).unwrap();
        assert_eq!(Certificate::new(&exact, vec![1e30]).unwrap().bound(), 0.5);
    }

    #[test]
    fn what_rounding_made_equal_is_told_apart() {
        // s − p rounds to −1e16 for both experts; the larger is −1e16 + 0.5. One of them is free.
        let instance = Instance::new(array![[0.0, 0.5]], vec![1, 0], Demand::Exactly(1)).unwrap();
        assert_eq!(Certificate::new(&instance, vec![1e16; 2]).unwrap().bound(), 0.5);
        let both = Instance::new(array![[0.0, 0.5]], vec![1; 2], Demand::Exactly(2)).unwrap();
        assert_eq!(Certificate::new(&both, vec![1e16; 2]).unwrap().bound(), 0.5);
    }

    #[test]
    fn terms_that_cancel_leave_no_gap() {
        let scores = array![[1e9f32, 0.0], [0.0, -1e9], [0.25, 0.125]];
        let instance = Instance::new(scores, vec![2, 1], Demand::Exactly(1)).unwrap();
        let assignment = Assignment::from_slots(1, vec![0, 1, 0]);
        let objective = instance.objective(&assignment).unwrap();
        let certificate = Certificate::new(&instance, vec![0.0, 0.0]).unwrap();
        assert_eq!(objective, 0.25);
        assert!(certificate.bound() > 1e9 - 1.0); // these prices prove little
        let certificate = Certificate::new(&instance, vec![1e9, 0.0]).unwrap();
        assert_eq!(
            (certificate.bound(), certificate.gap(objective)),
            (1e9 + 0.125, (1e9 + 0.125 - 0.25) / 0.25)
        );
    }

    #[test]
    fn the_bound_is_about_the_scores_as_given() {
        let scores = array![[16_777_216.0, 16_777_217.0], [16_777_216.0, 16_777_215.0]];
        let instance = Instance::from_f64(scores, vec![1; 2], Demand::Exactly(1)).unwrap();
        assert!(instance.wide().is_some());
        let bound = |prices| Certificate::new(&instance, prices).unwrap().bound();
        assert_eq!(bound(vec![0.0, 1.0]), 33_554_433.0);
        assert_eq!(bound(vec![0.0, 0.5]), 33_554_433.0);
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
    fn prices_of_every_sign_by_hand() {
        use crate::{Groups, Overflow, Reward};
        let scores = array![[0.5, 0.25], [1.0, -0.25]];
        let base = Instance::builder(scores).demand(Demand::Exactly(1));
        let bound = |instance: &Instance, prices: &[f64]| {
            Certificate::new(instance, prices.to_vec()).unwrap().bound()
        };
        // Expert 1 must get a token: token 0 goes there at a loss of 0.25.
        let minimum = base.clone().minimum(vec![0, 1]).build().unwrap();
        assert_eq!(bound(&minimum, &[0.0, -0.25]), 1.25);
        assert_eq!(bound(&minimum, &[0.0, 0.25]), 2.0 * 0.25 + 1.5);
        // A group of both: its price is paid by all, and its capacity earns it.
        let groups = Groups::of(vec![0, 0]).unwrap().capacity(vec![2]).unwrap();
        let grouped = base.clone().groups(groups).build().unwrap();
        assert_eq!(bound(&grouped, &[0.0, 0.0, 8.0]), 1.5);
        assert_eq!(bound(&grouped, &[0.0, 0.0, -8.0]), 1.5); // proves no less than 0
        // One place at expert 0, a second for 0.125, both taken: 0.5 + 1 − 0.125.
        let soft = base.clone().capacity(vec![1, 1]).overflow(0.125, 1).build().unwrap();
        assert_eq!(soft.overflow(), Overflow { cost: 0.125, up_to: 1 });
        assert_eq!(bound(&soft, &[0.125, 0.0]), 1.375);
        // A reward of 0.5 for the first token of each: 0.25 + 1 + 1.
        let reward = base.reward(0.5, 1).build().unwrap();
        assert_eq!(reward.reward(), Reward { gain: 0.5, up_to: 1 });
        assert_eq!(bound(&reward, &[0.0, -0.25]), 2.25);
        let both = Assignment::from_slots(1, vec![1, 0]);
        assert_eq!(reward.objective(&both), Ok(2.25));
        assert_eq!(soft.objective(&Assignment::from_slots(1, vec![0, 0])), Ok(1.375));
        assert_eq!(soft.cost_of_loads(&[2, 0]), 0.125);
    }

    #[test]
    fn a_masked_token_earns_nothing() {
        let scores = array![[9.0, 8.0], [1.0, 0.5]];
        let instance = Instance::builder(scores).demands(&[0, 1]).build().unwrap();
        assert_eq!(Certificate::trivial(&instance).bound(), 1.0);
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
