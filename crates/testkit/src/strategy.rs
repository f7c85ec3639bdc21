//! Proptest strategies of instances.
//!
//! Each takes a [`Shape`] and shrinks towards few tokens, few experts, `k = 1` and simple scores:
//! a table is drawn at full size and cropped, so that fewer tokens or experts leave the other
//! scores as they are.
//!
//! ```
//! use proptest::prelude::*;
//! use spinroute_testkit::strategy::{self, Shape};
//!
//! proptest!(|(instance in strategy::tied(&Shape::default()))| {
//!     prop_assert!(instance.tokens() <= 10);
//! });
//! ```

use std::ops::RangeInclusive;

use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;
use spinroute_core::{Demand, Instance};

use crate::capacity::share_out;
use crate::scores::{Rounding, Wide, softmax};

/// The sizes to draw from. `k` is cut to the number of experts.
///
/// ```
/// use proptest::prelude::*;
/// use spinroute_testkit::strategy::{self, Shape};
///
/// let wide = Shape { experts: 1..=40, ..Shape::default() };
/// proptest!(ProptestConfig::with_cases(4), |(instance in strategy::loose(&wide))| {
///     prop_assert!(instance.experts() <= 40);
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Shape {
    /// Tokens, from 1.
    pub tokens: RangeInclusive<usize>,
    /// Experts, from 1.
    pub experts: RangeInclusive<usize>,
    /// Experts per token, from 1.
    pub k: RangeInclusive<usize>,
}

impl Default for Shape {
    /// Up to 10 tokens, 6 experts, `k = 4`: small enough to read, large enough for every case.
    fn default() -> Self {
        Self { tokens: 1..=10, experts: 1..=6, k: 1..=4 }
    }
}

impl Shape {
    /// Up to 4 tokens, 4 experts, `k = 3`: what [`crate::reference::brute_force`] can enumerate.
    #[must_use]
    pub fn tiny() -> Self {
        Self { tokens: 1..=4, experts: 1..=4, k: 1..=3 }
    }
}

/// What every family draws: sizes, a full table to crop, and how to share out the capacity.
#[derive(Clone, Debug)]
struct Draw<C> {
    tokens: usize,
    experts: usize,
    k: usize,
    exact: bool,
    stride: usize,
    cells: Vec<C>,
    rows: Vec<usize>,
    weights: Vec<u32>,
    /// Capacity in quarters of `T·k`, 4 or more where the demand is exact.
    fill: usize,
}

fn draw<C: Strategy>(shape: &Shape, cell: C) -> impl Strategy<Value = Draw<C::Value>> + use<C>
where
    C::Value: Clone,
{
    let (most, stride) = (*shape.tokens.end(), *shape.experts.end());
    let sizes = (shape.tokens.clone(), shape.experts.clone(), shape.k.clone(), any::<bool>());
    let fill = (vec(0..4u32, stride), 0..=7usize);
    let table = (vec(cell, most * stride), vec(0..most, most));
    (sizes, fill, table).prop_map(move |(sizes, (weights, fill), (cells, rows))| {
        let (tokens, experts, k, exact) = sizes;
        let k = k.min(experts);
        let fill = if exact { fill.max(4) } else { fill };
        Draw { tokens, experts, k, exact, stride, cells, rows, weights, fill }
    })
}

impl<C: Clone> Draw<C> {
    fn cell(&self, t: usize, e: usize) -> C {
        self.cells[t * self.stride + e].clone()
    }

    fn capacity(&self) -> Vec<u32> {
        let total = self.tokens * self.k * self.fill / 4;
        share_out(&self.weights[..self.experts], self.tokens, total)
    }

    fn demand(&self) -> Demand {
        let k = self.k as u32;
        if self.exact { Demand::Exactly(k) } else { Demand::AtMost(k) }
    }

    fn build(&self, capacity: Vec<u32>, mut score: impl FnMut(usize, usize) -> f32) -> Instance {
        let scores = Array2::from_shape_fn((self.tokens, self.experts), |(t, e)| score(t, e));
        Instance::new(scores, capacity, self.demand())
            .unwrap_or_else(|error| unreachable!("sizes and capacities fit: {error}"))
    }
}

/// Softmax of logits plus a bias per expert, from balanced to collapsed (all tokens want the same
/// experts).
pub fn skewed(shape: &Shape) -> BoxedStrategy<Instance> {
    let bias = vec(-1.0..1.0f64, *shape.experts.end());
    let draws = draw(shape, -3.0..3.0f64);
    (draws, bias, prop::sample::select(vec![0.0, 1.0, 20.0]))
        .prop_map(|(draw, bias, skew)| {
            let rows = (0..draw.tokens).map(|t| {
                let logit = |e| draw.cell(t, e) + skew * bias[e];
                softmax(&(0..draw.experts).map(logit).collect::<Vec<_>>())
            });
            let rows: Vec<Vec<f64>> = rows.collect();
            draw.build(draw.capacity(), |t, e| rows[t][e] as f32)
        })
        .boxed()
}

/// Four distinct scores and repeated rows: many optima of the same value.
pub fn tied(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, prop::sample::select(vec![0.5f32, 0.0, 0.25, 1.0]))
        .prop_map(|draw| {
            draw.build(draw.capacity(), |t, e| draw.cell(draw.rows[t] % draw.tokens, e))
        })
        .boxed()
}

/// Capacities that differ, may be 0 and sum to exactly `T·k`.
pub fn tight(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, -1.0..1.0f32)
        .prop_map(|mut draw| {
            draw.fill = 4;
            draw.build(draw.capacity(), |t, e| draw.cell(t, e))
        })
        .boxed()
}

/// Capacities that never bind, up to the largest number: the optimum is plain top-k.
pub fn loose(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, -1.0..1.0f32)
        .prop_map(|draw| {
            let capacity =
                |e: usize| if draw.weights[e] == 3 { u32::MAX } else { draw.tokens as u32 };
            draw.build((0..draw.experts).map(capacity).collect(), |t, e| draw.cell(t, e))
        })
        .boxed()
}

/// About half of the experts hold nothing, unless the others cannot hold all.
pub fn zero_capacity(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, 0.0..1.0f32)
        .prop_map(|mut draw| {
            draw.k = draw.k.min(draw.experts.div_ceil(2));
            draw.fill = draw.fill.min(4);
            draw.weights.iter_mut().for_each(|weight| *weight /= 2);
            draw.build(draw.capacity(), |t, e| draw.cell(t, e))
        })
        .boxed()
}

/// All scores negative: an optional slot is better left empty, an obligatory one hurts.
pub fn negative(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, -1.0..0.0f32)
        .prop_map(|draw| draw.build(draw.capacity(), |t, e| draw.cell(t, e)))
        .boxed()
}

/// About half of the pairs forbidden, always feasible: a planted assignment stays allowed and
/// within capacity.
pub fn sparse(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, (-0.25..1.0f32, any::<bool>()))
        .prop_map(|mut draw| {
            // With k = E nothing could be forbidden.
            draw.k = draw.k.min(draw.experts.div_ceil(2));
            // Token t of the plant takes k experts in a row of the circle of experts.
            let planted = |t: usize, e: usize| {
                (e + draw.experts - draw.rows[t] % draw.experts) % draw.experts < draw.k
            };
            let mut capacity = draw.capacity();
            for (e, capacity) in capacity.iter_mut().enumerate() {
                let load = (0..draw.tokens).filter(|&t| planted(t, e)).count() as u32;
                *capacity = load.max(*capacity);
            }
            draw.build(capacity, |t, e| match draw.cell(t, e) {
                (_, true) if !planted(t, e) => f32::NEG_INFINITY,
                (score, _) => score,
            })
        })
        .boxed()
}

/// Most pairs forbidden, feasible or not: under `Exactly` many have no assignment.
pub fn forbidden(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, (-0.25..1.0f32, 0..3u8))
        .prop_map(|draw| {
            draw.build(draw.capacity(), |t, e| match draw.cell(t, e) {
                (score, 0) => score,
                _ => f32::NEG_INFINITY,
            })
        })
        .boxed()
}

/// All scores equal: nothing to choose by.
pub fn constant(shape: &Shape) -> BoxedStrategy<Instance> {
    (draw(shape, Just(())), prop::sample::select(vec![0.0f32, 1.0, -1.0, 0.1]))
        .prop_map(|(draw, score)| draw.build(draw.capacity(), |_, _| score))
        .boxed()
}

/// `k = E`: every token takes all that it may.
pub fn full(shape: &Shape) -> BoxedStrategy<Instance> {
    draw(shape, -0.25..1.0f32)
        .prop_map(|mut draw| {
            draw.k = draw.experts;
            draw.build(draw.capacity(), |t, e| draw.cell(t, e))
        })
        .boxed()
}

/// One token or one expert.
pub fn single(shape: &Shape) -> BoxedStrategy<Instance> {
    (draw(shape, -0.25..1.0f32), any::<bool>())
        .prop_map(|(mut draw, token)| {
            if token {
                draw.tokens = 1;
            } else {
                (draw.experts, draw.k) = (1, 1);
            }
            draw.build(draw.capacity(), |t, e| draw.cell(t, e))
        })
        .boxed()
}

/// Scores of either sign over 30 orders of magnitude, with zeros and subnormal numbers: hard for
/// any absolute tolerance.
pub fn spread(shape: &Shape) -> BoxedStrategy<Instance> {
    let sizes = (1.0..10.0f32, -15..15i32).prop_map(|(m, exponent)| m * 10f32.powi(exponent));
    let subnormal = (1..1u32 << 23).prop_map(f32::from_bits);
    let size = prop_oneof![8 => sizes, 1 => subnormal, 1 => Just(0.0)];
    draw(shape, (size, any::<bool>()))
        .prop_map(|draw| {
            draw.build(draw.capacity(), |t, e| match draw.cell(t, e) {
                (size, true) => -size,
                (size, false) => size,
            })
        })
        .boxed()
}

/// Scores that round, of one [`Rounding`] kind.
pub fn rounding(shape: &Shape, kind: Rounding) -> BoxedStrategy<Instance> {
    let columns = vec(-6..=6i32, *shape.experts.end());
    (draw(shape, (0.0..1.0f64, 0..10u8)), columns)
        .prop_map(move |(draw, columns)| {
            draw.build(draw.capacity(), |t, e| {
                let (uniform, pick) = draw.cell(t, e);
                kind.score(uniform, pick, columns[e])
            })
        })
        .boxed()
}

/// Scores in `f64` that `f32` does not hold, of one [`Wide`] kind.
pub fn wide(shape: &Shape, kind: Wide) -> BoxedStrategy<Instance> {
    (draw(shape, (0.0..1.0f64, 0..10u8)), 0..4u8)
        .prop_map(move |(draw, variant)| {
            let cells = |t| (0..draw.experts).map(|e| draw.cell(t, e)).collect::<Vec<_>>();
            let rows = (0..draw.tokens).flat_map(|t| kind.row(&cells(t), variant)).collect();
            let scores = Array2::from_shape_vec((draw.tokens, draw.experts), rows);
            let scores = scores.unwrap_or_else(|error| unreachable!("all rows are full: {error}"));
            Instance::from_f64(scores, draw.capacity(), draw.demand())
                .unwrap_or_else(|error| unreachable!("sizes and capacities fit: {error}"))
        })
        .boxed()
}

/// Every family with its name.
#[must_use]
pub fn families(shape: &Shape) -> Vec<(&'static str, BoxedStrategy<Instance>)> {
    let mut families = families_in_f32(shape);
    families.extend(Wide::ALL.map(|kind| (kind.name(), wide(shape, kind))));
    families
}

/// Those families whose scores `f32` holds.
#[must_use]
pub fn families_in_f32(shape: &Shape) -> Vec<(&'static str, BoxedStrategy<Instance>)> {
    let mut families = vec![
        ("skewed", skewed(shape)),
        ("tied", tied(shape)),
        ("tight", tight(shape)),
        ("loose", loose(shape)),
        ("zero_capacity", zero_capacity(shape)),
        ("negative", negative(shape)),
        ("sparse", sparse(shape)),
        ("forbidden", forbidden(shape)),
        ("constant", constant(shape)),
        ("full", full(shape)),
        ("single", single(shape)),
        ("spread", spread(shape)),
    ];
    families.extend(Rounding::ALL.map(|kind| (kind.name(), rounding(shape, kind))));
    families
}

/// An instance of any family.
pub fn any_instance(shape: &Shape) -> BoxedStrategy<Instance> {
    any_of(families(shape))
}

/// An instance of any family whose scores `f32` holds.
pub fn any_instance_in_f32(shape: &Shape) -> BoxedStrategy<Instance> {
    any_of(families_in_f32(shape))
}

fn any_of(families: Vec<(&'static str, BoxedStrategy<Instance>)>) -> BoxedStrategy<Instance> {
    proptest::strategy::Union::new(families.into_iter().map(|(_, strategy)| strategy)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::optimum;

    /// The share of 200 instances of `strategy` that `is` describes.
    fn share(strategy: &BoxedStrategy<Instance>, is: impl Fn(&Instance) -> bool) -> f64 {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
        let instances: Vec<Instance> = (0..200).map(draw).collect();
        instances.iter().filter(|instance| is(instance)).count() as f64 / 200.0
    }

    fn slots(instance: &Instance) -> usize {
        instance.tokens() * instance.demand().k()
    }

    fn distinct(instance: &Instance) -> usize {
        instance.flat().iter().map(|s| s.to_bits()).collect::<std::collections::HashSet<_>>().len()
    }

    fn binds(instance: &Instance) -> bool {
        optimum(instance).is_ok_and(|optimum| optimum.prices.iter().any(|&price| price > 0.0))
    }

    #[test]
    fn families_are_what_they_say() {
        let shape = Shape::default();
        let sum = |i: &Instance| i.capacity().iter().map(|&c| c as usize).sum::<usize>();
        assert_eq!(share(&tied(&shape), |i| distinct(i) <= 4), 1.0);
        assert_eq!(share(&tight(&shape), |i| sum(i) == slots(i)), 1.0);
        assert_eq!(share(&loose(&shape), |i| !binds(i)), 1.0);
        assert_eq!(share(&negative(&shape), |i| i.flat().iter().all(|&s| s < 0.0)), 1.0);
        assert_eq!(share(&sparse(&shape), |i| optimum(i).is_ok()), 1.0);
        assert_eq!(share(&constant(&shape), |i| distinct(i) == 1), 1.0);
        assert_eq!(share(&full(&shape), |i| i.demand().k() == i.experts()), 1.0);
        assert_eq!(share(&single(&shape), |i| i.tokens() == 1 || i.experts() == 1), 1.0);
        for kind in Rounding::ALL {
            assert!(share(&rounding(&shape, kind), |i| i.wide().is_none()) == 1.0);
        }
        for kind in Wide::ALL {
            let wide = share(&wide(&shape, kind), |i| i.wide().is_some());
            assert!(wide > 0.7, "{kind:?}: {wide}");
        }
        let size = |i: &Instance| i.flat().iter().map(|s| s.abs()).fold(0.0, f32::max);
        assert!(share(&spread(&shape), |i| size(i) > 1e10) > 0.6);
        assert!(share(&spread(&shape), |i| i.flat().iter().any(|s| s.is_subnormal())) > 0.5);
        assert!(share(&zero_capacity(&shape), |i| i.capacity().contains(&0)) > 0.5);
        assert!(share(&sparse(&shape), Instance::has_forbidden) > 0.6);
        let infeasible = share(&forbidden(&shape), |i| optimum(i).is_err());
        assert!((0.2..0.8).contains(&infeasible), "{infeasible}");
    }

    #[test]
    fn capacity_binds_in_many_and_both_demands_come() {
        let any = any_instance(&Shape::default());
        let (binding, exact) = (share(&any, binds), share(&any, |i| i.demand().is_exact()));
        assert!(binding > 0.3, "{binding}");
        assert!((0.4..0.6).contains(&exact), "{exact}");
        assert!(share(&any, |i| i.supply() < slots(i) as u64) > 0.1);
    }
}
