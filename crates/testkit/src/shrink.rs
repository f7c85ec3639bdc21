//! Smaller instances that still show a fault: for those that no strategy drew.

use ndarray::{Array2, Axis};
use spinroute_core::{Builder, Demand, Groups, Instance, Scores};

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
        smaller |= search.barer(&mut fails);
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

    /// Without one thing that it asks for after the other.
    fn barer(&mut self, fails: &mut impl FnMut(&Instance) -> bool) -> bool {
        let mut any = false;
        while barer(&self.best).into_iter().any(|smaller| self.try_out(Some(smaller), fails)) {
            any = true;
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
    let same = scores.dim() == like.table().dim();
    let all = |length: usize| (0..length).collect::<Vec<_>>();
    let (tokens, experts) = (all(scores.nrows()), all(scores.ncols()));
    dressed(scores, like, capacity, like.demand(), (&tokens, &experts)).filter(|_| same)
}

/// Scores with all that `like` asks for of the tokens and experts kept.
fn dressed(
    scores: Array2<f64>,
    like: &Instance,
    capacity: Vec<u32>,
    demand: Demand,
    (tokens, experts): (&[usize], &[usize]),
) -> Option<Instance> {
    let k = demand.k().min(scores.ncols()) as u32;
    let demand = if demand.is_exact() { Demand::Exactly(k) } else { Demand::AtMost(k) };
    let (overflow, reward) = (like.overflow(), like.reward());
    let mut builder = Instance::builder(Scores::wide(scores))
        .demand(demand)
        .capacity(capacity)
        .overflow(overflow.cost, overflow.up_to)
        .reward(reward.gain, reward.up_to);
    if let Some(demands) = like.demands() {
        let demands: Vec<u32> = tokens.iter().map(|&t| demands[t].min(k)).collect();
        builder = builder.demands(&demands);
    }
    if let Some(minimums) = like.minimums() {
        builder = builder.minimum(experts.iter().map(|&e| minimums[e]).collect());
    }
    if let Some(groups) = like.groups() {
        builder = builder.groups(groups_of(groups, experts)?);
    }
    builder.build().ok()
}

/// The groups of the experts kept, those that are left empty gone; none where an outer one is.
fn groups_of(groups: &Groups, experts: &[usize]) -> Option<Groups> {
    let levels = groups.levels();
    let inner = levels.first().map_or(0, Vec::len);
    let mut place = vec![Groups::NONE; groups.len()];
    let mut kept = Vec::new();
    for group in experts.iter().filter_map(|&e| groups.of_expert(e)) {
        if place[group] == Groups::NONE {
            place[group] = kept.len() as u32;
            kept.push(group);
        }
    }
    let of = experts.iter().map(|&e| groups.of_expert(e).map_or(Groups::NONE, |g| place[g]));
    if levels.len() > 1 && (kept.len() < inner || experts.len() < groups.experts()) {
        return None;
    }
    if levels.len() > 1 {
        return Some(groups.clone());
    }
    let limits = kept.iter().map(|&g| groups.limits(g));
    let (capacity, minimum) = limits.map(|limits| (limits.capacity, limits.minimum)).unzip();
    let smaller = Groups::of(of.collect()).ok()?.capacity(capacity).ok()?.minimum(minimum).ok()?;
    let over = groups.limits(0).overflow;
    Some(smaller.overflow(over.cost, over.up_to))
}

/// The tokens or experts `kept` of `instance`.
fn part(instance: &Instance, axis: Axis, kept: &[usize]) -> Option<Instance> {
    let scores = table(instance).select(axis, kept);
    let all = |length: usize| (0..length).collect::<Vec<_>>();
    let (tokens, experts) = match axis {
        Axis(0) => (kept.to_vec(), all(instance.experts())),
        _ => (all(instance.tokens()), kept.to_vec()),
    };
    let capacity = experts.iter().map(|&e| instance.capacity()[e]).collect();
    dressed(scores, instance, capacity, instance.demand(), (&tokens, &experts))
}

/// The same scores with other capacities and demand.
fn rebuilt(like: &Instance, capacity: Vec<u32>, demand: Demand) -> Option<Instance> {
    let all = |length: usize| (0..length).collect::<Vec<_>>();
    let kept = (all(like.tokens()), all(like.experts()));
    dressed(table(like), like, capacity, demand, (&kept.0, &kept.1))
}

/// The instance without one thing that it asks for, for each of them.
fn barer(like: &Instance) -> Vec<Instance> {
    let plain = |with: &dyn Fn(Builder) -> Builder| {
        let builder = Instance::builder(Scores::wide(table(like)));
        with(builder.demand(like.demand()).capacity(like.capacity().to_vec())).build().ok()
    };
    let demands = |b: Builder| like.demands().map_or(b.clone(), |demands| b.demands(demands));
    let minimums = |b: Builder| like.minimums().map_or(b.clone(), |l| b.minimum(l.to_vec()));
    let groups = |b: Builder| like.groups().map_or(b.clone(), |groups| b.groups(groups.clone()));
    let overflow = |b: Builder| b.overflow(like.overflow().cost, like.overflow().up_to);
    let reward = |b: Builder| b.reward(like.reward().gain, like.reward().up_to);
    let parts: [&dyn Fn(Builder) -> Builder; 5] =
        [&demands, &minimums, &groups, &overflow, &reward];
    let asked = like.features().len();
    let without = |left: usize| {
        let others = parts.iter().enumerate().filter(move |&(i, _)| i != left);
        plain(&|b| others.clone().fold(b, |b, (_, part)| part(b)))
    };
    let smaller = (0..parts.len()).filter_map(without);
    smaller.filter(|instance| instance.features().len() < asked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn what_an_instance_asks_for_is_left_if_it_matters() {
        use spinroute_core::Feature;
        let plain = generate::skewed(30, 8, 2, 2.0, 4).unwrap();
        let groups = Groups::consecutive(8, 4).unwrap().capacity(vec![16; 4]).unwrap();
        let instance = plain
            .rebuild()
            .demands(&[vec![2; 29], vec![0]].concat())
            .minimum(vec![1; 8])
            .groups(groups)
            .overflow(0.5, 3)
            .build()
            .unwrap();
        let least = smallest(&instance, 2_000, |it| it.features().contains(&Feature::Groups));
        let left = least.features();
        assert!(left.contains(&Feature::Groups) && !left.contains(&Feature::Demands), "{left:?}");
        assert!(least.experts() <= 2 && least.tokens() < 30);
        let least = smallest(&instance, 2_000, |it| it.features().contains(&Feature::Minimums));
        assert_eq!((least.features(), least.tokens()), (vec![Feature::Minimums], 1));
    }

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
