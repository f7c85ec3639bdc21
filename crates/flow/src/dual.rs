//! Good prices fast: quantile rounds on a few tokens, then Newton steps on more and more of them.
//!
//! The dual `D(p) = Σ_e c[e] p[e] + Σ_t (sum of the k largest s[t,e] − p[e])` is convex and, with
//! many tokens, almost smooth: its gradient is `capacity − load`, its curvature the
//! [`Laplacian`] of the tokens near their margin. What counts here is not `D` but how many units
//! are out of place, since each costs the exact solver a path:
//!
//! 1. A few rounds of quantile balancing (J. Su, kexue.fm 11619, 2026; prices clipped at 0) on a
//!    strided sample. It needs no step size and finds prices from nothing, but creeps near the
//!    end.
//! 2. Newton steps on that sample, then on four times as many tokens, …, then on all. The window
//!    is the margin quantile that matches the units out of place; steps are clipped to a few
//!    windows (undamped they diverge); a step that makes things worse is taken back and the next
//!    one is shorter.
//!
//! A step on all tokens leaves about `√(U·E)` of `U` units, since the window then holds a few
//! margins an expert: below about E units out of place paths are the better tool.
//!
//! Tried and not kept: 16 quantile rounds a level (slower, and leave more); a window of its own
//! for every expert (6 to 10 times as many units left: wide windows see second-best margins as
//! first); moving the worst experts by their own quantile (fewer searches, more units).

use std::ops::ControlFlow;

use spinroute_core::{Best, Demand, Instance, Run, Stop};
use spinroute_select::{Selection, row};

use crate::laplacian::{Edge, GROUND, Laplacian};

/// Tokens of the first sample, at least, and at least this many times the experts.
const SAMPLE: usize = 256;
const SAMPLE_PER_EXPERT: usize = 2;
/// Quantile rounds on the first sample.
const QUANTILE_ROUNDS: usize = 6;
/// Newton steps on a sample, and on all tokens.
const SAMPLE_STEPS: usize = 8;
const STEPS: usize = 8;
/// Halvings that find an order statistic.
const BISECTIONS: usize = 12;
/// Conjugate-gradient steps a Newton step.
const GRADIENT_STEPS: usize = 30;
/// Largest price change of a step, in windows.
const CLIP: f64 = 5.0;
/// Largest share of the tokens in a window.
const WINDOW_SHARE: f64 = 0.4;

/// Most rent, in magnitudes of what the tokens choose, of prices to start from.
const PLAUSIBLE: f64 = 1e4;

/// The prices found, and the choices that they make.
pub(crate) struct Dual {
    /// One price per expert.
    pub(crate) prices: Vec<f32>,
    /// Every token's choice at these prices.
    pub(crate) selection: Selection,
    /// Units out of place: the larger of what is over capacity and what priced experts lack.
    pub(crate) units: f64,
}

/// Some tokens of an instance, and the state of the search on them.
struct Level<'a> {
    scores: &'a [f32],
    /// Capacities scaled to the share of tokens looked at.
    capacity: Vec<f64>,
    demand: Demand,
    selection: Selection,
    load: Vec<f64>,
    laplacian: Laplacian,
    edges: Vec<Edge>,
}

/// What the search tells its caller at every state on all tokens.
pub(crate) type Watch<'w> = dyn FnMut(&Selection, &[f32], f64) -> ControlFlow<Stop> + 'w;

/// Searches prices, from `warm` ones if given. Every step ends with a tick of `run`; states on
/// all tokens are shown to `watch`. Either may stop the search, whose best prices then stand.
pub(crate) fn search(
    instance: &Instance,
    warm: Option<&[f64]>,
    run: &mut Run<'_>,
    watch: &mut Watch<'_>,
) -> (Dual, Option<Stop>) {
    let capacity = instance.capacity().iter().map(|&c| f64::from(c)).collect();
    let mut level = Level::new(instance.flat(), capacity, instance.demand());
    let mut prices = vec![0f32; instance.experts()];
    let mut stop = None;
    if let Some(warm) = warm {
        prices.iter_mut().zip(warm).for_each(|(p, &w)| *p = w.clamp(0.0, 1e30) as f32);
    }
    let mut units = if warm.is_some() { level.look(&prices) } else { f64::INFINITY };
    if warm.is_none() || !level.plausible(&prices) {
        prices.fill(0.0);
        stop = from_nothing(instance, &mut prices, run).break_value();
        units = level.look(&prices);
    }
    let steps = if stop.is_some() { 0 } else { STEPS };
    if stop.is_none() {
        stop = watch(&level.selection, &prices, units).break_value();
    }
    if stop.is_none() {
        stop = level.newton(&mut prices, &mut units, steps, run, watch).break_value();
    }
    (Dual { prices, selection: level.selection, units }, stop)
}

/// Quantile rounds on a first sample, then Newton steps on growing ones.
fn from_nothing(instance: &Instance, prices: &mut [f32], run: &mut Run<'_>) -> ControlFlow<Stop> {
    let tokens = instance.tokens();
    let mut size = SAMPLE.max(SAMPLE_PER_EXPERT * instance.experts()).min(tokens);
    let mut rounds = QUANTILE_ROUNDS;
    while rounds > 0 || size < tokens {
        let (scores, capacity) = sample(instance, size);
        let mut level = Level::new(&scores, capacity, instance.demand());
        for _ in 0..std::mem::take(&mut rounds) {
            level.quantile_round(prices);
        }
        if size < tokens {
            let mut units = level.look(prices);
            let mut keep_on = |_: &Selection, _: &[f32], _: f64| ControlFlow::Continue(());
            level.newton(prices, &mut units, SAMPLE_STEPS, run, &mut keep_on)?;
        }
        size = (size * 4).min(tokens);
    }
    ControlFlow::Continue(())
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

impl<'a> Level<'a> {
    fn new(scores: &'a [f32], capacity: Vec<f64>, demand: Demand) -> Self {
        Self {
            scores,
            capacity,
            demand,
            selection: Selection::default(),
            load: Vec::new(),
            laplacian: Laplacian::default(),
            edges: Vec::new(),
        }
    }

    /// Lets every token choose at `prices`; returns the units out of place.
    fn look(&mut self, prices: &[f32]) -> f64 {
        let (experts, k) = (prices.len(), self.demand.k());
        self.selection.fill(self.scores, prices, k);
        let mut load = vec![0u32; experts];
        for (t, row) in self.selection.experts.chunks_exact(k).enumerate() {
            let all = self.demand.is_exact() || self.selection.taken[t] > 0.0;
            let scores = &self.scores[t * experts..][..experts];
            for &e in row {
                let e = e as usize;
                load[e] += u32::from(all || scores[e] > prices[e]);
            }
        }
        self.load.clear();
        self.load.extend(load.into_iter().map(f64::from));
        self.split_ties();
        let (mut over, mut short) = (0.0, 0.0);
        for ((load, capacity), price) in self.load.iter().zip(&self.capacity).zip(prices) {
            if load > capacity {
                over += load - capacity;
            } else if *price > 0.0 {
                short += capacity - load;
            }
        }
        f64::max(over, short)
    }

    /// Counts a token whose last expert taken and first one left are equal where there is room:
    /// which of them it takes costs nothing.
    fn split_ties(&mut self) {
        let Selection { taken, left, last, next, .. } = &self.selection;
        for t in (0..taken.len()).filter(|&t| taken[t] == left[t] && left[t] > f32::NEG_INFINITY) {
            let (from, to) = (last[t] as usize, next[t] as usize);
            let counted = self.demand.is_exact() || taken[t] > 0.0;
            let over = |e: usize| self.load[e] - self.capacity[e];
            if counted && over(from) > over(to) + 1.0 {
                self.load[from] -= 1.0;
                self.load[to] += 1.0;
            }
        }
    }

    /// Whether prices may be started from: rent far above what the tokens choose would cost the
    /// digits that the proof needs.
    fn plausible(&self, prices: &[f32]) -> bool {
        let (experts, k) = (prices.len(), self.demand.k());
        let rows = self.selection.experts.chunks_exact(k).zip(self.scores.chunks_exact(experts));
        let chosen = rows.flat_map(|(row, scores)| row.iter().map(|&e| scores[e as usize]));
        let chosen: f64 = chosen.filter(|s| s.is_finite()).map(|s| f64::from(s.abs())).sum();
        let rents = self.capacity.iter().zip(prices).map(|(c, &p)| c.max(1.0) * f64::from(p));
        rents.sum::<f64>() <= PLAUSIBLE * chosen
    }

    /// Up to `steps` Newton steps from `prices`, where `units` are out of place. On return the
    /// selection is that of the best prices.
    fn newton(
        &mut self,
        prices: &mut [f32],
        units: &mut f64,
        steps: usize,
        run: &mut Run<'_>,
        watch: &mut Watch<'_>,
    ) -> ControlFlow<Stop> {
        let (mut step, mut trial) = (Vec::new(), prices.to_vec());
        let (mut kept, mut kept_load) = (Selection::default(), Vec::new());
        let mut damping = 1.0;
        for _ in 0..steps {
            if *units < 0.5 || !self.direction(prices, *units * damping, &mut step) {
                break;
            }
            for ((trial, &price), change) in trial.iter_mut().zip(prices.iter()).zip(&step) {
                *trial = (f64::from(price) + damping * change).max(0.0) as f32;
            }
            std::mem::swap(&mut kept, &mut self.selection);
            kept_load.clone_from(&self.load);
            let moved = self.look(&trial);
            if moved < *units {
                *units = moved;
                prices.copy_from_slice(&trial);
                damping = f64::min(1.0, damping * 2.0);
                watch(&self.selection, prices, moved)?;
            } else {
                damping *= 0.5;
                std::mem::swap(&mut kept, &mut self.selection);
                self.load.clone_from(&kept_load);
            }
            run.tick(Best::default())?;
        }
        ControlFlow::Continue(())
    }

    /// The clipped Newton step at the present choices, its window holding about `units` tokens;
    /// false if no price can move.
    fn direction(&mut self, prices: &[f32], units: f64, step: &mut Vec<f64>) -> bool {
        let tokens = self.selection.taken.len();
        let at_most = !self.demand.is_exact();
        let margins = self.selection.taken.iter().zip(&self.selection.left);
        // With `AtMost` an empty slot, worth 0, competes with the experts.
        let margin = |(&taken, &left): (&f32, &f32)| match at_most {
            true if taken <= 0.0 => -taken,
            true => taken - left.max(0.0),
            false => taken - left,
        };
        let mut margins: Vec<f32> = margins.map(margin).collect();
        let share = (WINDOW_SHARE * tokens as f64).max(1.0);
        // Ties are no measure of how far apart the rest is.
        let mut order: Vec<f32> =
            margins.iter().copied().filter(|m| *m > 0.0 && *m < 1e37).collect();
        if order.is_empty() {
            return false;
        }
        let rank = (units.max(prices.len() as f64).min(share) as usize).min(order.len()) - 1;
        let window = *order.select_nth_unstable_by(rank, f32::total_cmp).1;
        self.edges.clear();
        for (t, margin) in margins.drain(..).enumerate() {
            if margin <= window {
                let empty = at_most && self.selection.left[t] <= 0.0;
                let to = if empty { GROUND } else { self.selection.next[t] };
                self.edges.push(Edge { from: self.selection.last[t], to });
            }
        }
        let differences = || self.load.iter().zip(&self.capacity).map(|(l, c)| l - c);
        let free: Vec<bool> =
            differences().zip(prices).map(|(over, &p)| p > 0.0 || over > 0.0).collect();
        let right: Vec<f64> =
            differences().zip(&free).map(|(over, &free)| if free { over } else { 0.0 }).collect();
        self.laplacian.build(&mut self.edges, &free, 0.5 / f64::from(window));
        self.laplacian.solve(&right, GRADIENT_STEPS, step);
        let clip = CLIP * f64::from(window);
        for change in step.iter_mut() {
            *change = change.clamp(-clip, clip);
        }
        step.iter().any(|change| *change != 0.0)
    }

    /// One round of quantile balancing, `p[e] = max(0, (c[e]+1)-th largest of s[·,e] − α)` with
    /// `α[t]` the (k+1)-th largest of `s[t,·] − p`, the order statistics by bisection of all
    /// columns at once: a start needs no more than three digits.
    fn quantile_round(&mut self, prices: &mut [f32]) {
        let experts = prices.len();
        self.selection.fill(self.scores, prices, self.demand.k());
        let exact = self.demand.is_exact();
        // A token with nothing left pays any price; it says nothing about prices.
        let level = |&left: &f32| match exact {
            true if left == f32::NEG_INFINITY => f32::INFINITY,
            true => left,
            false => left.max(0.0),
        };
        let level: Vec<f32> = self.selection.left.iter().map(level).collect();
        let rows = || self.scores.chunks_exact(experts).zip(&level);
        let mut high = vec![0f32; experts];
        rows().for_each(|(row, &level)| row::raise(&mut high, row, level));
        for high in &mut high {
            *high = high.min(f32::MAX);
        }
        let mut low = vec![0f32; experts];
        let mut middle = vec![0f32; experts];
        let mut above = vec![0u32; experts];
        for _ in 0..BISECTIONS {
            for (middle, (low, high)) in middle.iter_mut().zip(low.iter().zip(&high)) {
                *middle = 0.5 * low + 0.5 * high;
            }
            above.fill(0);
            rows().for_each(|(row, &level)| row::count_above(&mut above, row, level, &middle));
            for e in 0..experts {
                let crowded = f64::from(above[e]) > self.capacity[e];
                *(if crowded { &mut low[e] } else { &mut high[e] }) = middle[e];
            }
        }
        for ((price, low), high) in prices.iter_mut().zip(low).zip(high) {
            *price = if low == 0.0 { 0.0 } else { 0.5 * low + 0.5 * high };
        }
    }
}
