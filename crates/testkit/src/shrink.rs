//! Smaller instances that still show a fault: for those that no strategy drew.

use ndarray::{Array2, Axis};
use spinroute_core::{Demand, Instance};

/// The smallest instance found for which `fails` holds as it does for `instance`: with fewer tokens
/// and experts, smaller `k` and capacities, and plainer scores. `fails` is asked at most `asked`
/// times.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Instance};
///
/// let scores = Array2::from_shape_fn((40, 9), |(t, e)| (t * e) as f32 / 64.0);
/// let instance = Instance::new(scores, vec![10; 9], Demand::Exactly(2)).unwrap();
/// let least = spinroute_testkit::smallest(&instance, 500, |it| it.tokens() * it.experts() > 11);
/// assert_eq!(least.tokens() * least.experts(), 12);
/// ```
pub fn smallest(
    instance: &Instance,
    asked: usize,
    mut fails: impl FnMut(&Instance) -> bool,
) -> Instance {
    let mut search = Search { best: instance.clone(), left: asked };
    loop {
        let before = search.left;
        let mut smaller = search.without(Axis(0), &mut fails);
        smaller |= search.without(Axis(1), &mut fails);
        smaller |= search.with_less(&mut fails);
        smaller |= search.plainer(&mut fails);
        if !smaller || search.left == 0 || search.left == before {
            return search.best;
        }
    }
}

struct Search {
    best: Instance,
    left: usize,
}

impl Search {
    /// Keeps `smaller` if it is an instance and fails.
    fn try_out(
        &mut self,
        smaller: Option<Instance>,
        fails: &mut impl FnMut(&Instance) -> bool,
    ) -> bool {
        let Some(smaller) = smaller.filter(|_| self.left > 0) else { return false };
        self.left -= 1;
        let kept = fails(&smaller);
        if kept {
            self.best = smaller;
        }
        kept
    }

    /// Blocks of tokens or experts left out, halves first.
    fn without(&mut self, axis: Axis, fails: &mut impl FnMut(&Instance) -> bool) -> bool {
        let length = |instance: &Instance| instance.table().len_of(axis);
        let (mut block, mut any) = (length(&self.best).div_ceil(2), false);
        while block > 0 {
            let mut start = 0;
            while start < length(&self.best) {
                let kept: Vec<usize> = (0..length(&self.best))
                    .filter(|i| !(start..start + block).contains(i))
                    .collect();
                let smaller = part(&self.best, axis, &kept);
                if self.try_out(smaller, fails) {
                    any = true;
                } else {
                    start += block;
                }
            }
            block /= 2;
        }
        any
    }

    /// A smaller `k`; less capacity.
    fn with_less(&mut self, fails: &mut impl FnMut(&Instance) -> bool) -> bool {
        let mut any = false;
        loop {
            let k = self.best.demand().k() as u32 - 1;
            let demand =
                if self.best.demand().is_exact() { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let smaller = rebuilt(&self.best, self.best.capacity().to_vec(), demand);
            if k == 0 || !self.try_out(smaller, fails) {
                break;
            }
            any = true;
        }
        for e in 0..self.best.experts() {
            let most = self.best.tokens() as u32;
            for less in [most, self.best.capacity()[e] / 2, self.best.capacity()[e].max(1) - 1] {
                let mut capacity = self.best.capacity().to_vec();
                if less < capacity[e] {
                    capacity[e] = less;
                    let smaller = rebuilt(&self.best, capacity, self.best.demand());
                    any |= self.try_out(smaller, fails);
                }
            }
        }
        any
    }

    /// Scores of 0, or of few digits, one after the other; of small instances only.
    fn plainer(&mut self, fails: &mut impl FnMut(&Instance) -> bool) -> bool {
        let mut any = false;
        for i in 0..self.best.flat().len().min(64) {
            let (t, e) = (i / self.best.experts(), i % self.best.experts());
            let score = self.best.score(t, e);
            for plain in [0.0, (score * 8.0).round() / 8.0, (score * 512.0).round() / 512.0] {
                if score.is_finite() && score != 0.0 && plain != score {
                    let mut scores = table(&self.best);
                    scores[[t, e]] = plain;
                    let plainer = build(scores, &self.best, self.best.capacity().to_vec());
                    if self.try_out(plainer, fails) {
                        any = true;
                        break;
                    }
                }
            }
        }
        any
    }
}

/// All scores as they were given.
fn table(instance: &Instance) -> Array2<f64> {
    Array2::from_shape_fn(instance.table().dim(), |(t, e)| instance.score(t, e))
}

fn build(scores: Array2<f64>, like: &Instance, capacity: Vec<u32>) -> Option<Instance> {
    let k = like.demand().k().min(scores.ncols()) as u32;
    let demand = if like.demand().is_exact() { Demand::Exactly(k) } else { Demand::AtMost(k) };
    Instance::from_f64(scores, capacity, demand).ok()
}

/// The tokens or experts `kept` of `instance`.
fn part(instance: &Instance, axis: Axis, kept: &[usize]) -> Option<Instance> {
    let scores = table(instance).select(axis, kept);
    let capacity = match axis {
        Axis(0) => instance.capacity().to_vec(),
        _ => kept.iter().map(|&e| instance.capacity()[e]).collect(),
    };
    build(scores, instance, capacity)
}

/// The same scores with other capacities and demand.
fn rebuilt(like: &Instance, capacity: Vec<u32>, demand: Demand) -> Option<Instance> {
    Instance::from_f64(table(like), capacity, demand).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn what_fails_is_left_and_nothing_else() {
        let instance = generate::skewed(50, 12, 3, 1.0, 4).unwrap();
        // Some token prefers its last expert by much.
        let fails = |it: &Instance| {
            (0..it.tokens()).any(|t| {
                it.scores(t).last() > it.scores(t).first() && it.capacity().iter().sum::<u32>() > 2
            })
        };
        assert!(fails(&instance));
        let least = smallest(&instance, 2_000, fails);
        assert!(fails(&least));
        let sizes = (least.tokens(), least.experts(), least.demand().k());
        assert_eq!(sizes, (1, 2, 1));
        assert_eq!(least.capacity().iter().sum::<u32>(), 3);
        assert_eq!(smallest(&instance, 0, fails).tokens(), 50);
    }
}
