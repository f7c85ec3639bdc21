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

use std::ops::ControlFlow;

use spinroute_core::{Best, Instance, Run, Stop};
use spinroute_prices::Selection;

use crate::finish::lower;
use crate::level::{Level, Patience};

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

/// The prices found, and the choices that they make.
pub(crate) struct Dual {
    /// One price per expert.
    pub(crate) prices: Vec<f32>,
    /// Every token's choice at these prices.
    pub(crate) selection: Selection,
    /// Units out of place: the larger of what is over capacity and what priced experts lack.
    pub(crate) units: f64,
    /// The value of the dual: a bound of the optimum but for the rounding of choices in `f32`.
    pub(crate) value: f64,
}

impl Dual {
    /// The prices as the exact search takes them.
    pub(crate) fn exact_prices(&self) -> Vec<f64> {
        self.prices.iter().map(|&p| f64::from(p)).collect()
    }
}

/// Told every improvement on all tokens.
pub(crate) struct Watch<'w> {
    /// The bound that a dual proves, if somebody wants to know.
    bound: Option<&'w dyn Fn(&Dual) -> f64>,
    /// May stop the search.
    improved: &'w mut dyn FnMut(&Dual) -> ControlFlow<Stop>,
    /// What an observer is told.
    pub(crate) best: Best,
}

impl<'w> Watch<'w> {
    pub(crate) fn new(
        bound: Option<&'w dyn Fn(&Dual) -> f64>,
        improved: &'w mut dyn FnMut(&Dual) -> ControlFlow<Stop>,
    ) -> Self {
        Self { bound, improved, best: Best::default() }
    }

    /// Takes note of a better dual on all tokens.
    pub(crate) fn see(&mut self, dual: &Dual) -> ControlFlow<Stop> {
        if let Some(bound) = self.bound {
            self.best.bound = Some(lower(self.best.bound, bound(dual)));
        }
        (self.improved)(dual)
    }
}

/// Searches prices, from `warm` ones if given. Every step ends with a tick of `run`. Either of
/// `run` and `watch` may stop the search, whose best prices then stand.
pub(crate) fn search(
    instance: &Instance,
    warm: Option<&[f64]>,
    run: &mut Run<'_>,
    watch: &mut Watch<'_>,
) -> (Dual, Option<Stop>) {
    let capacity = instance.capacity().iter().map(|&c| f64::from(c)).collect();
    let mut level = Level::new(instance.flat(), capacity, instance.demand(), 1);
    let mut stop = run.begin().break_value();
    if let Some(warm) = warm {
        level.best.prices = warm.iter().map(|p| p.clamp(0.0, 1e37) as f32).collect();
        level.look();
    }
    if stop.is_some() {
        // No step is allowed: the choices at these prices, or at none.
        if warm.is_none() || !level.plausible() {
            level.best.prices.fill(0.0);
            level.look_once();
        }
    } else if warm.is_none() || !level.plausible() {
        let (prices, reason) = from_nothing(instance, run);
        stop = reason;
        level.best.prices = prices;
        if stop.is_some() {
            level.look_once();
        } else {
            level.look();
        }
    }
    if stop.is_none() {
        stop = watch.see(&level.best).break_value();
    }
    if stop.is_none() {
        let patience = Patience { slow: SLOW_STEPS, enough: ENOUGH * instance.experts() as f64 };
        stop = level.newton(STEPS, &patience, run, Some(watch)).break_value();
        let slots = (instance.tokens() * instance.demand().k()) as f64;
        let tied = f64::max(TIED * instance.experts() as f64, TIED_SHARE * slots);
        if stop.is_none() && level.best.units > tied {
            stop = level.snap(SNAPS, run, watch).break_value();
        }
    }
    (level.best, stop)
}

/// Quantile rounds on a first sample, then Newton steps on growing ones.
fn from_nothing(instance: &Instance, run: &mut Run<'_>) -> (Vec<f32>, Option<Stop>) {
    let tokens = instance.tokens();
    let mut prices = vec![0.0; instance.experts()];
    let mut size = SAMPLE.max(SAMPLE_PER_EXPERT * instance.experts()).min(tokens);
    let mut rounds = QUANTILE_ROUNDS;
    while rounds > 0 || size < tokens {
        let (scores, capacity) = sample(instance, size);
        let share = tokens.div_ceil(size);
        let mut level = Level::new(&scores, capacity, instance.demand(), share);
        level.best.prices = prices;
        let mut stop = None;
        for _ in 0..std::mem::take(&mut rounds) {
            level.quantile_round();
            stop = run.tick(Best::default()).break_value();
            if stop.is_some() {
                break;
            }
        }
        if stop.is_none() && size < tokens {
            level.look();
            // Steps are cheap here, and what seems stuck is mostly noise.
            let patience = Patience { slow: u32::MAX, enough: 0.5 };
            stop = level.newton(SAMPLE_STEPS, &patience, run, None).break_value();
        }
        prices = level.best.prices;
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
