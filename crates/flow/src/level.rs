//! Price steps on some or all of the tokens.
//!
//! The Newton step's window is the margin quantile that matches the units out of place; steps are
//! clipped to a few windows (undamped they diverge), but an expert far out of balance may go half
//! as far as it alone would have to: the specialists, which few tokens rank near their margin,
//! would otherwise never arrive. A step stands if it lowers the dual; else it is taken back, and
//! the next one is shorter and has a narrower window.
//!
//! Tried and not kept: to judge a step by the units out of place (ties make them meaningless, and
//! a step that brings far experts home may put near ones out: twice as many searches on the
//! collapsed routers); a window of its own for every expert (6 to 10 times as many units left,
//! wide windows take second-best margins for first); the whole of the way for experts far out
//! (the others answer: it overshoots).

use std::ops::ControlFlow;
use std::time::Duration;

use spinroute_core::{Best, Clock, Demand, Run, Stop};
use spinroute_prices::{Candidates, Selection, row};

use crate::dual::{Dual, Watch};
use crate::laplacian::{Edge, GROUND, Laplacian};
use crate::settle;

/// Halvings that find an order statistic: a start needs no more than three digits.
const BISECTIONS: usize = 12;
/// Conjugate-gradient steps a Newton step.
const GRADIENT_STEPS: usize = 30;
/// Largest price change of a step, in windows.
const CLIP: f64 = 5.0;
/// Largest share of the tokens in a window.
const WINDOW_SHARE: f64 = 0.4;
/// Units out of balance from which an expert counts as far out, and how much of its way it goes.
const FAR: f64 = 4.0;
const FAR_SHARE: f64 = 0.02;
const REACH: f64 = 0.5;
/// Tokens that this is measured on, at least, where there are so many.
const FAR_TOKENS: usize = 1024;
/// Largest share left out: specialists have few tokens.
const FAR_STRIDE: usize = 4;
/// A step whose best part is less than this overshot; what the next is cut to, at least.
const OVERSHOT: f64 = 0.15;
const SHORTEST: f64 = 0.03;
/// A step that leaves more than this share of the units gained little.
const FAST: f64 = 0.97;
/// Prices stay below, far from overflow.
const HIGHEST: f64 = 1e37;
/// Most rent, in magnitudes of what the tokens choose, of prices to start from.
const PLAUSIBLE: f64 = 1e4;

/// Some tokens of an instance, and the state of the search on them.
pub(crate) struct Level<'a> {
    scores: &'a [f32],
    /// Capacities scaled to the share of tokens looked at.
    capacity: Vec<f64>,
    demand: Demand,
    /// The best prices so far.
    pub(crate) best: Dual,
    /// The loads under these prices.
    load: Vec<f64>,
    candidates: Candidates,
    laplacian: Laplacian,
    edges: Vec<Edge>,
    /// How many tokens stand for each of these.
    share: usize,
    /// How long the last step took; before the first, twice as long as the choice.
    pace: Duration,
}

/// When to stop stepping.
pub(crate) struct Patience {
    /// Steps in a row that may gain little.
    pub(crate) slow: u32,
    /// Units out of place that are few enough.
    pub(crate) enough: f64,
}

impl<'a> Level<'a> {
    /// `scores` row-major, one `capacity` an expert; each token stands for `share` of them.
    pub(crate) fn new(scores: &'a [f32], capacity: Vec<f64>, demand: Demand, share: usize) -> Self {
        let (prices, selection) = (vec![0.0; capacity.len()], Selection::default());
        let best = Dual { prices, selection, units: f64::INFINITY, value: f64::INFINITY };
        let (laplacian, edges, load) = (Laplacian::default(), Vec::new(), Vec::new());
        let candidates = Candidates::default();
        let pace = Duration::ZERO;
        Self { scores, capacity, demand, best, load, candidates, laplacian, edges, share, pace }
    }

    /// Whether the time left only just does for what follows without this step: on a sample a
    /// choice of all tokens, then settling it.
    fn is_late(&self, run: &Run<'_>) -> bool {
        let Some(left) = run.time_left() else { return false };
        let (experts, share) = (self.capacity.len(), self.share);
        let tokens = self.scores.len() / experts * share;
        let units = self.best.units * share as f64;
        let all = if share > 1 { self.pace * share as u32 } else { Duration::ZERO };
        left < self.pace + all + settle::cost(tokens, experts, self.demand.k(), units)
    }

    /// Tokens that `e` holds too many; negative where there is room.
    fn over(&self, e: usize) -> f64 {
        self.load[e] - self.capacity[e]
    }

    /// Lets every token choose at the present prices.
    pub(crate) fn look(&mut self) {
        let began = Clock::start();
        let Dual { prices, selection, .. } = &mut self.best;
        self.candidates.fill(selection, self.scores, prices, self.demand.k());
        self.count();
        self.pace = 2 * began.elapsed();
    }

    /// As [`Level::look`], for once: nothing is listed for the next time.
    pub(crate) fn look_once(&mut self) {
        let Dual { prices, selection, .. } = &mut self.best;
        selection.fill(self.scores, prices, self.demand.k());
        self.count();
    }

    /// What the choices are worth, and where they leave units out of place.
    fn count(&mut self) {
        let (experts, k) = (self.capacity.len(), self.demand.k());
        let Dual { prices, selection, .. } = &mut self.best;
        let mut load = vec![0u32; experts];
        let mut gain = 0.0;
        for (t, row) in selection.experts.chunks_exact(k).enumerate() {
            if self.demand.is_exact() || selection.taken[t] > 0.0 {
                gain += f64::from(selection.worth[t]);
                for &e in row {
                    load[e as usize] += 1;
                }
                continue;
            }
            let scores = &self.scores[t * experts..][..experts];
            for e in row.iter().map(|&e| e as usize).filter(|&e| scores[e] > prices[e]) {
                gain += f64::from(scores[e] - prices[e]);
                load[e] += 1;
            }
        }
        self.load.clear();
        self.load.extend(load.into_iter().map(f64::from));
        let rents = self.capacity.iter().zip(&*prices).map(|(c, &p)| c * f64::from(p));
        self.best.value = gain + rents.sum::<f64>();
        self.split_ties();
        let (mut over, mut short) = (0.0, 0.0);
        for e in 0..experts {
            over += self.over(e).max(0.0);
            short += if self.best.prices[e] > 0.0 { (-self.over(e)).max(0.0) } else { 0.0 };
        }
        self.best.units = f64::max(over, short);
    }

    /// Counts a token whose last expert taken and first one left are equal where there is room:
    /// which of them it takes costs nothing.
    fn split_ties(&mut self) {
        let Selection { taken, left, last, next, .. } = &self.best.selection;
        for t in (0..taken.len()).filter(|&t| taken[t] == left[t] && left[t] > f32::NEG_INFINITY) {
            let (from, to) = (last[t] as usize, next[t] as usize);
            let counted = self.demand.is_exact() || taken[t] > 0.0;
            if counted && self.over(from) > self.over(to) + 1.0 {
                self.load[from] -= 1.0;
                self.load[to] += 1.0;
            }
        }
    }

    /// Whether prices may be started from: rent far above what the tokens choose would cost the
    /// digits that the proof needs.
    pub(crate) fn plausible(&self) -> bool {
        let (experts, k) = (self.capacity.len(), self.demand.k());
        let choices = self.best.selection.experts.chunks_exact(k);
        let rows = choices.zip(self.scores.chunks_exact(experts));
        let chosen = rows.flat_map(|(row, scores)| row.iter().map(|&e| scores[e as usize]));
        let chosen: f64 = chosen.filter(|s| s.is_finite()).map(|s| f64::from(s.abs())).sum();
        let rents = self.capacity.iter().zip(&self.best.prices);
        let rents: f64 = rents.map(|(c, &p)| c.max(1.0) * f64::from(p)).sum();
        rents <= PLAUSIBLE * chosen
    }

    /// Up to `steps` Newton steps. A sample's dual proves nothing: there `watch` is none.
    pub(crate) fn newton(
        &mut self,
        steps: usize,
        patience: &Patience,
        run: &mut Run<'_>,
        mut watch: Option<&mut Watch<'_>>,
    ) -> ControlFlow<Stop> {
        let (mut damping, mut slow) = (1.0, 0);
        let mut step = Vec::new();
        let mut selection = Selection::default();
        for _ in 0..steps {
            let Dual { units, value, .. } = self.best;
            if self.is_late(run) {
                return ControlFlow::Break(Stop::TimeLimit);
            }
            let began = Clock::start();
            let done = units < patience.enough || slow >= patience.slow;
            if done || !self.direction(damping, &mut step) {
                break;
            }
            let moved = self.best.prices.iter().zip(&step);
            let prices =
                moved.map(|(&p, change)| (f64::from(p) + change).clamp(0.0, HIGHEST) as f32);
            let trial = Dual { prices: prices.collect(), selection, units, value };
            let before = std::mem::replace(&mut self.best, trial);
            // The dual's slope along the step: its gradient, capacity minus load, times the step.
            let pairs = before.prices.iter().zip(&self.best.prices).enumerate();
            let slope: f64 =
                pairs.map(|(e, (then, now))| self.over(e) * f64::from(then - now)).sum();
            let load = std::mem::take(&mut self.load);
            self.look();
            let better = self.best.value < value;
            slow = if better && self.best.units < FAST * units { 0 } else { slow + 1 };
            if better {
                damping = f64::min(1.0, damping * 2.0);
                selection = before.selection;
                if let Some(watch) = &mut watch {
                    watch.see(&self.best)?;
                }
            } else {
                // The least of the parabola through both values with that slope. Only where the
                // step went far beyond it, it says more than that the step was too long.
                let least = -0.5 * slope / (self.best.value - value - slope);
                if least < OVERSHOT {
                    damping *= least.max(SHORTEST);
                    slow -= 1;
                } else {
                    damping *= 0.5;
                }
                selection = std::mem::replace(&mut self.best, before).selection;
                self.load = load;
            }
            self.pace = began.elapsed();
            run.tick(watch.as_ref().map_or_else(Best::default, |watch| watch.best))?;
        }
        ControlFlow::Continue(())
    }

    /// The clipped and damped Newton step at the present choices; false if no price can move.
    fn direction(&mut self, damping: f64, step: &mut Vec<f64>) -> bool {
        let experts = self.capacity.len();
        let margins = self.margins();
        // Ties are no measure of how far apart the rest is.
        let apart = |m: &f32| *m > 0.0 && *m < 1e37;
        let mut order: Vec<f32> = margins.iter().copied().filter(apart).collect();
        if order.is_empty() {
            return false;
        }
        let share = (WINDOW_SHARE * margins.len() as f64).max(1.0);
        let rank = (self.best.units * damping).max(experts as f64).min(share) as usize;
        let rank = rank.clamp(1, order.len()) - 1;
        let window = *order.select_nth_unstable_by(rank, f32::total_cmp).1;
        let Dual { prices, selection, .. } = &self.best;
        self.edges.clear();
        for (t, _) in margins.iter().enumerate().filter(|(_, margin)| **margin <= window) {
            let empty = !self.demand.is_exact() && selection.left[t] <= 0.0;
            let to = if empty { GROUND } else { selection.next[t] };
            self.edges.push(Edge { from: selection.last[t], to });
        }
        let free: Vec<bool> = (0..experts).map(|e| prices[e] > 0.0 || self.over(e) > 0.0).collect();
        let right: Vec<f64> =
            (0..experts).map(|e| if free[e] { self.over(e) } else { 0.0 }).collect();
        self.laplacian.build(&mut self.edges, &free, 0.5 / f64::from(window));
        self.laplacian.solve(&right, GRADIENT_STEPS, step);
        for (change, far) in step.iter_mut().zip(self.far(&margins)) {
            let clip = f64::max(CLIP * f64::from(window), REACH * f64::from(far));
            *change = damping * change.clamp(-clip, clip);
        }
        step.iter().any(|change| *change != 0.0)
    }

    /// What parts each token's last expert taken from the first one left. With `AtMost` an empty
    /// slot, worth 0, competes with the experts.
    fn margins(&self) -> Vec<f32> {
        let at_most = !self.demand.is_exact();
        let pairs = self.best.selection.taken.iter().zip(&self.best.selection.left);
        let margin = |(&taken, &left): (&f32, &f32)| match at_most {
            true if taken <= 0.0 => -taken,
            true => taken - left.max(0.0),
            false => taken - left,
        };
        pairs.map(margin).collect()
    }

    /// How far the price of each expert far out of balance would have to go, all others fixed, to
    /// bring its load to capacity: the margin of that rank among its holders or, short of tokens,
    /// among those that would take it next.
    fn far(&self, margins: &[f32]) -> Vec<f32> {
        let (experts, k) = (self.capacity.len(), self.demand.k());
        let Dual { prices, selection, .. } = &self.best;
        let out = |e: usize| self.over(e) / (FAR + FAR_SHARE * self.capacity[e]);
        let far_out: Vec<i8> =
            (0..experts).map(|e| out(e).trunc().clamp(-1.0, 1.0) as i8).collect();
        if far_out.iter().all(|&out| out == 0) {
            return vec![0.0; experts];
        }
        // Every `stride`-th token is enough to tell how far.
        let stride = (margins.len() / FAR_TOKENS).clamp(1, FAR_STRIDE);
        let mut near: Vec<Vec<f32>> = vec![Vec::new(); experts];
        for (t, row) in selection.experts.chunks_exact(k).enumerate().step_by(stride) {
            for e in row.iter().map(|&e| e as usize).filter(|&e| far_out[e] > 0) {
                let reduced = self.scores[t * experts + e] - prices[e];
                near[e].push(reduced - selection.left[t]);
            }
            let next = selection.next[t] as usize;
            if next < experts && far_out[next] < 0 {
                near[next].push(margins[t]);
            }
        }
        let far = |(e, own): (usize, &mut Vec<f32>)| {
            let rank = (self.over(e).abs() as usize / stride).min(own.len().checked_sub(1)?);
            let far = *own.select_nth_unstable_by(rank, f32::total_cmp).1;
            (far.is_finite() && far > 0.0).then_some(far)
        };
        near.iter_mut().enumerate().map(|pair| far(pair).unwrap_or(0.0)).collect()
    }

    /// Snaps prices to the points where tokens change sides, as long as that lowers the dual.
    ///
    /// Where many tokens tie (repeated tokens, scores of few values), the best prices of many
    /// experts differ by exactly nothing or exactly a score. Near them is not good enough: the
    /// cheapest of those experts gets all that is indifferent. Newton steps have no margins to go
    /// by there, and bisection is not exact.
    pub(crate) fn snap(
        &mut self,
        rounds: usize,
        run: &mut Run<'_>,
        watch: &mut Watch<'_>,
    ) -> ControlFlow<Stop> {
        for _ in 0..rounds {
            if self.is_late(run) {
                return ControlFlow::Break(Stop::TimeLimit);
            }
            let prices = self.quantiles();
            let Dual { units, value, .. } = self.best;
            let trial = Dual { prices, selection: Selection::default(), units, value };
            let before = std::mem::replace(&mut self.best, trial);
            let load = std::mem::take(&mut self.load);
            self.look();
            let better = self.best.value < before.value;
            if better {
                watch.see(&self.best)?;
            } else {
                self.best = before;
                self.load = load;
            }
            run.tick(watch.best)?;
            if !better {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    /// The prices of a round of quantile balancing at the present choices, exactly.
    fn quantiles(&self) -> Vec<f32> {
        const TOGETHER: usize = 16;
        let (experts, level) = (self.capacity.len(), self.levels());
        let column = || Vec::with_capacity(level.len());
        let mut columns: Vec<Vec<f32>> = std::iter::repeat_with(column).take(TOGETHER).collect();
        let mut prices = Vec::with_capacity(experts);
        for first in (0..experts).step_by(TOGETHER) {
            let last = experts.min(first + TOGETHER);
            for (row, level) in self.scores.chunks_exact(experts).zip(&level) {
                for (column, score) in columns.iter_mut().zip(&row[first..last]) {
                    column.push(score - level);
                }
            }
            for (column, capacity) in columns.iter_mut().zip(&self.capacity[first..last]) {
                let rank = *capacity as usize;
                let price = (rank < column.len())
                    .then(|| *column.select_nth_unstable_by(rank, |a, b| b.total_cmp(a)).1);
                prices.push(price.unwrap_or(0.0).clamp(0.0, HIGHEST as f32));
                column.clear();
            }
        }
        prices
    }

    /// What each token gets from the best expert that it leaves: it takes another one only for
    /// more.
    fn levels(&self) -> Vec<f32> {
        let exact = self.demand.is_exact();
        // A token with nothing left pays any price; it says nothing about prices.
        let level = |&left: &f32| match exact {
            true if left == f32::NEG_INFINITY => f32::INFINITY,
            true => left,
            false => left.max(0.0),
        };
        self.best.selection.left.iter().map(level).collect()
    }

    /// One round of quantile balancing, `p[e] = max(0, (c[e]+1)-th largest of s[·,e] − α)` with
    /// `α[t]` the (k+1)-th largest of `s[t,·] − p`, the order statistics by bisection of all
    /// columns at once.
    pub(crate) fn quantile_round(&mut self) {
        let Dual { prices, selection, .. } = &mut self.best;
        let experts = prices.len();
        selection.fill(self.scores, prices, self.demand.k());
        let level = self.levels();
        let mut high = vec![0f32; experts];
        for (row, &level) in self.scores.chunks_exact(experts).zip(&level) {
            row::raise(&mut high, row, level);
        }
        for high in &mut high {
            *high = high.min(HIGHEST as f32);
        }
        let (mut low, mut middle) = (vec![0f32; experts], vec![0f32; experts]);
        let mut above = vec![0u32; experts];
        for _ in 0..BISECTIONS {
            for (middle, (low, high)) in middle.iter_mut().zip(low.iter().zip(&high)) {
                *middle = 0.5 * low + 0.5 * high;
            }
            above.fill(0);
            for (row, &level) in self.scores.chunks_exact(experts).zip(&level) {
                row::count_above(&mut above, row, level, &middle);
            }
            for e in 0..experts {
                let crowded = f64::from(above[e]) > self.capacity[e];
                *(if crowded { &mut low[e] } else { &mut high[e] }) = middle[e];
            }
        }
        for ((price, low), high) in self.best.prices.iter_mut().zip(low).zip(high) {
            *price = if low == 0.0 { 0.0 } else { 0.5 * low + 0.5 * high };
        }
    }
}
