//! Good prices fast: quantile rounds on a few tokens, then Newton steps on more and more of them.
//!
//! The dual `D(p) = Σ_e c[e] p[e] + Σ_t (sum of the k largest s[t,e] − p[e])` is convex and, with
//! many tokens, almost smooth: its gradient is `capacity − load`, its curvature the
//! [`Laplacian`](crate::laplacian::Laplacian) of the tokens near their margin.
//!
//! 1. A few rounds of quantile balancing (J. Su, kexue.fm 11619, 2026; prices clipped at 0) on a
//!    strided sample. It needs no step size and finds prices from nothing, but creeps near the
//!    end.
//! 2. Newton steps on that sample, then on four times as many tokens, …, then on all.
//!
//! Newton steps leave about `√(U·E)` of `U` units out of place, since their window then holds a
//! few margins an expert: below about E units paths are the better tool, and each unit costs the
//! exact solver one.

use std::time::Duration;

use spinroute_core::{Best, Instance, Run, Stop};

use crate::batch::Batch;
use crate::descent::{self, Descent, HIGHEST, Patience};
use crate::dual::Dual;
use crate::pass::Selection;
use crate::point::Point;
use crate::quantile;
use crate::tree::Tree;
use crate::watch::Watch;

/// Tokens of the first sample, at least, and not fewer than experts.
const SAMPLE: usize = 256;
/// How samples grow; a larger share of all saves nothing.
const GROWTH: usize = 4;
const LARGEST_SAMPLE: f64 = 0.4;
/// Quantile rounds on the first sample, and the halvings that find a price: two digits are enough for a start.
const QUANTILE_ROUNDS: usize = 5;
const HALVINGS: usize = 8;
/// Newton steps on a sample; and units that are few enough there, in multiples of the sum of the roots of the
/// capacities: what lies within the sample's own noise is not worth a step.
const SAMPLE_STEPS: usize = 5;
const NOISE: f64 = 0.4;
/// Steps on all tokens, at most, and steps in a row that may gain little.
const STEPS: usize = 20;
const SLOW: u32 = 2;
/// What is little: paths take time for a unit as the experts' square, steps as the tokens. A gain is worth a step from
/// about this many units times tokens over experts squared on.
const WORTH: f64 = 200.0;
/// Where Newton steps are alone ([`Descent`]): the same, and units an expert that are few enough.
const SAMPLE_STEPS_ALONE: usize = 12;
const SLOW_ALONE: u32 = 5;
const ENOUGH_ALONE: f64 = 1.5;

/// Most rent, in magnitudes of what the tokens choose, of prices to start from.
const PLAUSIBLE: f64 = 1e4;

/// Searches prices, from `warm` ones if given. Every step ends with a tick of `run`. Either of
/// `run` and `watch` may stop the search, whose best point then stands. No step begins that would
/// leave less time than `reserve` says of the units then out of place.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::time::Duration;
///
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_prices::{Point, Watch, search};
///
/// let scores = Array2::from_shape_fn((600, 8), |(t, e)| ((t * 37 + e * 101) % 997) as f32 / 1e3);
/// let instance = Instance::new(scores, vec![80; 8], Demand::Exactly(1))?;
/// let mut improved = |_: &_| ControlFlow::Continue(());
/// let mut watch = Watch::new(None, &mut improved);
/// let reserve = |_: f64| Duration::ZERO;
/// let (dual, stop) = search(&instance, None, &reserve, &mut Run::new(0), &mut watch);
/// let free = Point::of(&instance, vec![0.0; 8]);
/// assert!(stop.is_none() && dual.point().value() < free.value()); // a lower bound than without prices
/// # Ok::<(), spinroute_core::Error>(())
/// ```
pub fn search(
    instance: &Instance,
    warm: Option<&[f64]>,
    reserve: &dyn Fn(f64) -> Duration,
    run: &mut Run<'_>,
    watch: &mut Watch<'_>,
) -> (Dual, Option<Stop>) {
    let batch = Batch::of(instance);
    let tree = Tree::of(instance);
    let mut memory: Memory = run.take();
    let descent = |prices, memory| Descent::new(batch, tree.clone(), 1, reserve, prices, memory);
    let mut stop = run.begin().break_value();
    let lowest = |node: usize| instance.limits(node).lowest_price().max(-HIGHEST);
    let warm = warm.map(|warm| {
        let warm = warm.iter().enumerate();
        warm.map(|(node, p)| p.clamp(lowest(node), HIGHEST) as f32).collect()
    });
    let warm = warm.map(|warm| descent(warm, std::mem::take(&mut memory.descent)));
    let warm = warm.filter(|descent| is_plausible(instance, descent.best().point()));
    let mut descent = if let Some(warm) = warm {
        warm
    } else {
        let mut prices = vec![0.0; tree.nodes()];
        if stop.is_none() {
            (prices, stop) = from_nothing(instance, &tree, reserve, run, &mut memory);
        }
        if stop.is_some() {
            // No further step is allowed: the choices at these prices, for once.
            let point = Point::under(batch, &tree, prices, Selection::default(), None);
            return (Dual::new(point, batch, &tree), stop);
        }
        descent(prices, std::mem::take(&mut memory.descent))
    };
    if stop.is_none() {
        stop = watch.see(descent.best()).break_value();
    }
    if stop.is_none() {
        let patience = on_all(instance, &tree);
        stop = descent.descend(STEPS, &patience, run, Some(watch)).break_value();
        if stop.is_none() {
            stop = descent.settle(&patience, run, watch).break_value();
        }
    }
    let (best, kept) = descent.into_best();
    memory.descent = kept;
    run.keep(memory);
    (best, stop)
}

/// What is kept from one search to the next.
#[derive(Default)]
struct Memory {
    descent: descent::Memory,
    /// Scores and demands of a sample.
    scores: Vec<f32>,
    demands: Vec<u32>,
}

/// Whether prices may be started from: rent far above what the tokens choose would cost the
/// digits that the proof needs.
fn is_plausible(instance: &Instance, point: &Point) -> bool {
    let choices = point.selection().experts.chunks_exact(instance.demand().k());
    let rows = choices.zip(instance.flat().chunks_exact(instance.experts()));
    let chosen = rows.flat_map(|(row, scores)| row.iter().filter_map(|&e| scores.get(e as usize)));
    let chosen: f64 = chosen.filter(|s| s.is_finite()).map(|s| f64::from(s.abs())).sum();
    let rent = |(node, &p): (usize, &f32)| {
        // No more than there are units is ever rented.
        let units = u64::from(instance.limits(node).capacity).min(instance.slots());
        (units as f64).max(1.0) * f64::from(p.abs())
    };
    let rents: f64 = point.own().iter().enumerate().map(rent).sum();
    rents <= PLAUSIBLE * chosen
}

/// Quantile rounds on a first sample, then Newton steps on growing ones.
fn from_nothing(
    instance: &Instance,
    tree: &Tree,
    reserve: &dyn Fn(f64) -> Duration,
    run: &mut Run<'_>,
    memory: &mut Memory,
) -> (Vec<f32>, Option<Stop>) {
    let (tokens, experts) = (instance.tokens(), instance.experts());
    let mut prices = vec![0.0; tree.nodes()];
    let mut size = SAMPLE.max(experts).min(tokens);
    let mut rounds = QUANTILE_ROUNDS;
    let Memory { descent: kept, scores, demands } = memory;
    while rounds > 0 || size < tokens {
        sample(instance, size, scores, demands);
        let mut batch = Batch::new(scores, experts, instance.demand());
        if instance.demands().is_some() {
            batch = batch.with_demands(demands);
        }
        // By slots, where tokens differ: a sample that asks for more has more room.
        let asked: u64 = demands.iter().map(|&k| u64::from(k)).sum();
        let part = match instance.demands() {
            Some(_) if asked > 0 => asked as f64 / instance.slots() as f64,
            _ => size as f64 / tokens as f64,
        };
        let tree = tree.scaled(part);
        let share = tokens.div_ceil(size);
        let (mut stop, mut selection) = (None, kept.selection());
        for _ in 0..std::mem::take(&mut rounds) {
            let ends = (HIGHEST as f32, HALVINGS);
            quantile::bisected(batch, &tree, &mut prices, ends, &mut selection);
            stop = run.tick(Best::default()).break_value();
            if stop.is_some() {
                break;
            }
        }
        kept.spare(selection);
        if stop.is_none() && size < tokens {
            let taken = std::mem::take(kept);
            let (steps, patience) = on_sample(&tree);
            let mut descent = Descent::new(batch, tree, share, reserve, prices, taken);
            stop = descent.descend(steps, &patience, run, None).break_value();
            let (best, back) = descent.into_best();
            *kept = back;
            let (found, selection) = best.into_point().into_parts();
            prices = found;
            kept.spare(selection);
        }
        if stop.is_some() {
            return (prices, stop);
        }
        size *= GROWTH;
        // A sample of nearly all saves nothing.
        if size as f64 > LARGEST_SAMPLE * tokens as f64 {
            size = tokens;
        }
    }
    (prices, None)
}

/// When there are enough steps on all tokens.
fn on_all(instance: &Instance, tree: &Tree) -> Patience {
    let (tokens, experts) = (instance.tokens() as f64, instance.experts() as f64);
    if !tree.is_plain() {
        return Patience { slow: SLOW_ALONE, gain: None, enough: ENOUGH_ALONE * experts };
    }
    let gain = (WORTH * tokens / (experts * experts)).max(1.0);
    Patience { slow: SLOW, gain: Some(gain), enough: gain }
}

/// Most steps on a sample, and when there are enough: they are cheap, and what seems stuck is mostly noise.
fn on_sample(tree: &Tree) -> (usize, Patience) {
    let patience = |enough| Patience { slow: u32::MAX, gain: None, enough };
    if !tree.is_plain() {
        return (SAMPLE_STEPS_ALONE, patience(0.5));
    }
    let noise: f64 = (0..tree.experts()).map(|e| tree.capacity(e).sqrt()).sum();
    (SAMPLE_STEPS, patience(NOISE * noise))
}

/// The scores of every `T/size`-th token, and how many experts it takes.
fn sample(instance: &Instance, size: usize, scores: &mut Vec<f32>, demands: &mut Vec<u32>) {
    let tokens = instance.tokens();
    scores.clear();
    demands.clear();
    for t in (0..size).map(|i| i * tokens / size) {
        scores.extend_from_slice(instance.scores(t));
        demands.push(instance.k(t) as u32);
    }
}
