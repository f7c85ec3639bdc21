//! The optimum by trying everything: the witness of the witness.

use spinroute_core::{Demand, Instance};

use crate::exact_objective::{cost, node_loads};
use crate::exact_sum::{ExactSum, Unit, WIDE};

/// The largest objective over all assignments, by enumeration of each token's subsets of experts;
/// `None` if no assignment is feasible.
///
/// Every constraint is looked at once all tokens are decided, but that no expert is overfull before.
/// Time O(Π over tokens of the number of subsets of at most `k` experts).
///
/// ```
/// use ndarray::array;
/// use spinroute_core::Instance;
/// use spinroute_testkit::reference::brute_force;
///
/// let scores = array![[0.75, 0.5], [1.0, 0.25]];
/// let instance = Instance::builder(scores).minimum(vec![0, 2]).build()?;
/// assert_eq!(brute_force(&instance), Some(0.75)); // both tokens must take expert 1
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[must_use]
pub fn brute_force(instance: &Instance) -> Option<f64> {
    let low = Unit::of(instance).low;
    let mut search =
        Search { instance, low, load: vec![0; instance.experts()], best: None::<ExactSum<WIDE>> };
    search.decide(0, 0, instance.k(0), ExactSum::ZERO);
    search.best.map(|best| best.value(low))
}

struct Search<'a> {
    instance: &'a Instance,
    low: i32,
    load: Vec<u32>,
    best: Option<ExactSum<WIDE>>,
}

impl Search<'_> {
    /// Every completion once the tokens before `t` and, for `t`, the experts before `e` are decided for a total
    /// score of `score`, and `t` has `slots` left.
    fn decide(&mut self, t: usize, e: usize, slots: usize, score: ExactSum<WIDE>) {
        let instance = self.instance;
        if t == instance.tokens() {
            return self.finish(score);
        }
        if e == instance.experts() {
            if slots == 0 || matches!(instance.demand(), Demand::AtMost(_)) {
                let next = if t + 1 < instance.tokens() { instance.k(t + 1) } else { 0 };
                self.decide(t + 1, 0, next, score);
            }
            return;
        }
        self.decide(t, e + 1, slots, score);
        let own = instance.score(t, e);
        if slots > 0 && self.load[e] < instance.limits(e).highest() && own > f64::NEG_INFINITY {
            self.load[e] += 1;
            self.decide(t, e + 1, slots - 1, score + ExactSum::of(own, self.low));
            self.load[e] -= 1;
        }
    }

    /// All tokens are decided: keeps the total if all loads are allowed and it is the largest.
    fn finish(&mut self, score: ExactSum<WIDE>) {
        let loads = node_loads(self.instance, &self.load);
        let allowed = loads.iter().enumerate().all(|(node, &load)| {
            let limits = self.instance.limits(node);
            let most = u64::from(limits.capacity) + u64::from(limits.overflow.up_to);
            load >= limits.minimum && u64::from(load) <= most
        });
        if allowed {
            let total = score - cost(self.instance, &loads, self.low);
            self.best = self.best.max(Some(total));
        }
    }
}
