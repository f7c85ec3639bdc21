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
use crate::dual::Dual;
use crate::newton::{Descent, HIGHEST, Patience};
use crate::pass::Selection;
use crate::point::Point;
use crate::quantile;
use crate::watch::Watch;

/// Tokens of the first sample, at least, and at least this many times the experts.
const SAMPLE: usize = 256;
const SAMPLE_PER_EXPERT: usize = 2;
/// Quantile rounds on the first sample.
const QUANTILE_ROUNDS: usize = 6;
/// Newton steps on a sample, and at most on all tokens.
const SAMPLE_STEPS: usize = 12;
const STEPS: usize = 20;
/// On all tokens: steps in a row that may gain little, and units an expert that are few enough.
const SLOW_STEPS: u32 = 5;
const ENOUGH: f64 = 1.5;
/// Units an expert, and share of all, that only ties leave; and rounds against them.
const TIED: f64 = 3.0;
const TIED_SHARE: f64 = 0.01;
const SNAPS: usize = 3;

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
    let capacity: Vec<f64> = instance.capacity().iter().map(|&c| f64::from(c)).collect();
    let descent = |prices| Descent::new(batch, capacity.clone(), 1, reserve, prices);
    let mut stop = run.begin().break_value();
    let warm = warm.map(|warm| warm.iter().map(|p| p.clamp(0.0, HIGHEST) as f32).collect());
    let warm = warm.map(descent);
    let warm = warm.filter(|descent| is_plausible(batch, &capacity, descent.best().point()));
    let mut descent = if let Some(warm) = warm {
        warm
    } else {
        let mut prices = vec![0.0; instance.experts()];
        if stop.is_none() {
            (prices, stop) = from_nothing(instance, reserve, run);
        }
        if stop.is_some() {
            // No further step is allowed: the choices at these prices, for once.
            let point = Point::at(batch, &capacity, prices, Selection::default(), None);
            return (Dual::new(point, batch, &capacity), stop);
        }
        descent(prices)
    };
    if stop.is_none() {
        stop = watch.see(descent.best()).break_value();
    }
    if stop.is_none() {
        let patience = Patience { slow: SLOW_STEPS, enough: ENOUGH * instance.experts() as f64 };
        stop = descent.newton(STEPS, &patience, run, Some(watch)).break_value();
        let slots = (instance.tokens() * instance.demand().k()) as f64;
        let tied = f64::max(TIED * instance.experts() as f64, TIED_SHARE * slots);
        if stop.is_none() && descent.best().units() > tied {
            stop = descent.snap(SNAPS, run, watch).break_value();
        }
    }
    (descent.into_best(), stop)
}

/// Whether prices may be started from: rent far above what the tokens choose would cost the
/// digits that the proof needs.
fn is_plausible(batch: Batch<'_>, capacity: &[f64], point: &Point) -> bool {
    let choices = point.selection().experts.chunks_exact(batch.demand().k());
    let rows = choices.zip(batch.scores().chunks_exact(batch.experts()));
    let chosen = rows.flat_map(|(row, scores)| row.iter().map(|&e| scores[e as usize]));
    let chosen: f64 = chosen.filter(|s| s.is_finite()).map(|s| f64::from(s.abs())).sum();
    let rents = capacity.iter().zip(point.prices());
    let rents: f64 = rents.map(|(c, &p)| c.max(1.0) * f64::from(p)).sum();
    rents <= PLAUSIBLE * chosen
}

/// Quantile rounds on a first sample, then Newton steps on growing ones.
fn from_nothing(
    instance: &Instance,
    reserve: &dyn Fn(f64) -> Duration,
    run: &mut Run<'_>,
) -> (Vec<f32>, Option<Stop>) {
    let (tokens, experts) = (instance.tokens(), instance.experts());
    let mut prices = vec![0.0; experts];
    let mut size = SAMPLE.max(SAMPLE_PER_EXPERT * experts).min(tokens);
    let mut rounds = QUANTILE_ROUNDS;
    let mut memory = Selection::default();
    while rounds > 0 || size < tokens {
        let (scores, capacity) = sample(instance, size);
        let batch = Batch::new(&scores, experts, instance.demand());
        let share = tokens.div_ceil(size);
        let mut stop = None;
        for _ in 0..std::mem::take(&mut rounds) {
            quantile::bisected(batch, &capacity, &mut prices, HIGHEST as f32, &mut memory);
            stop = run.tick(Best::default()).break_value();
            if stop.is_some() {
                break;
            }
        }
        if stop.is_none() && size < tokens {
            let mut descent = Descent::new(batch, capacity, share, reserve, prices);
            // Steps are cheap here, and what seems stuck is mostly noise.
            let patience = Patience { slow: u32::MAX, enough: 0.5 };
            stop = descent.newton(SAMPLE_STEPS, &patience, run, None).break_value();
            (prices, memory) = descent.into_best().into_point().into_parts();
        }
        if stop.is_some() {
            return (prices, stop);
        }
        size = (size * 4).min(tokens);
    }
    (prices, None)
}

/// Every `T/size`-th token, and the capacities that this share of the tokens may use.
fn sample(instance: &Instance, size: usize) -> (Vec<f32>, Vec<f64>) {
    let tokens = instance.tokens();
    let mut scores = Vec::with_capacity(size * instance.experts());
    for i in 0..size {
        scores.extend_from_slice(instance.scores(i * tokens / size));
    }
    let share = size as f64 / tokens as f64;
    (scores, instance.capacity().iter().map(|&c| f64::from(c) * share).collect())
}
