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

use spinroute_core::{Best, Clock, Run, Stop};

use crate::batch::Batch;
use crate::dual::Dual;
use crate::laplacian::{Edge, GROUND, Laplacian};
use crate::pass::{Candidates, Selection};
use crate::point::Point;
use crate::quantile::{Columns, Unbounded, levels};
use crate::tree::Tree;
use crate::watch::Watch;

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
pub(crate) const HIGHEST: f64 = 1e37;
/// How far prices are expected to fall when they snap, as a share of them.
const SNAP: f32 = 0.25;

/// What descents use, kept from one to the next.
#[derive(Default)]
pub(crate) struct Memory {
    lists: Candidates,
    laplacian: Laplacian,
    edges: Vec<Edge>,
    /// Selections of points that nobody needs any more.
    selections: Vec<Selection>,
    near: Vec<Vec<f32>>,
}

impl Memory {
    /// A selection, to be written over.
    pub(crate) fn selection(&mut self) -> Selection {
        self.selections.pop().unwrap_or_default()
    }

    /// Takes back a selection that nobody needs any more.
    pub(crate) fn spare(&mut self, selection: Selection) {
        self.selections.push(selection);
    }
}

/// A descent of the dual on some tokens of an instance.
pub(crate) struct Descent<'a> {
    batch: Batch<'a>,
    /// Limits scaled to the share of tokens looked at.
    tree: Tree,
    /// How many tokens stand for each of these.
    share: usize,
    /// How long what follows on all tokens takes, once so many of their units are out of place.
    reserve: &'a dyn Fn(f64) -> Duration,
    /// The best point so far.
    best: Dual,
    memory: Memory,
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

impl<'a> Descent<'a> {
    /// Starts at own `prices` under the limits of `tree`, where each token stands for `share` of them.
    pub(crate) fn new(
        batch: Batch<'a>,
        tree: Tree,
        share: usize,
        reserve: &'a dyn Fn(f64) -> Duration,
        prices: Vec<f32>,
        mut memory: Memory,
    ) -> Self {
        let began = Clock::start();
        memory.lists.reset();
        let selection = memory.selection();
        let point = Point::under(batch, &tree, prices, selection, Some(&mut memory.lists));
        let best = Dual::new(point, batch, &tree);
        let pace = 2 * began.elapsed();
        Self { batch, tree, share, reserve, best, memory, pace }
    }

    /// The best point so far.
    pub(crate) fn best(&self) -> &Dual {
        &self.best
    }

    /// The best point, and the memory.
    pub(crate) fn into_best(self) -> (Dual, Memory) {
        (self.best, self.memory)
    }

    /// Whether the time left only just does for what follows without this step: on a sample a
    /// choice of all tokens, then what is held in reserve.
    fn is_late(&self, run: &Run<'_>) -> bool {
        let Some(left) = run.time_left() else { return false };
        let units = self.best.units() * self.share as f64;
        let all = if self.share > 1 { self.pace * self.share as u32 } else { Duration::ZERO };
        left < self.pace + all + (self.reserve)(units)
    }

    /// What `node` holds more than its price asks for; negative where it lacks that.
    fn over(&self, node: usize) -> f64 {
        self.best.excess()[node]
    }

    /// The point at other prices.
    fn at(&mut self, prices: Vec<f32>) -> Dual {
        let began = Clock::start();
        let selection = self.memory.selection();
        let lists = Some(&mut self.memory.lists);
        let point = Point::under(self.batch, &self.tree, prices, selection, lists);
        let dual = Dual::new(point, self.batch, &self.tree);
        self.pace = 2 * began.elapsed();
        dual
    }

    /// Goes on from a better point.
    fn take(&mut self, better: Dual) {
        let before = std::mem::replace(&mut self.best, better);
        self.memory.spare(before.into_point().into_memory());
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
        for _ in 0..steps {
            let (units, value) = (self.best.units(), self.best.point().value());
            if self.is_late(run) {
                return ControlFlow::Break(Stop::TimeLimit);
            }
            let began = Clock::start();
            let done = units < patience.enough || slow >= patience.slow;
            if done || !self.direction(damping, &mut step) {
                break;
            }
            let moved = self.best.point().own().iter().zip(&step).enumerate();
            let moved = moved.map(|(node, (&p, change))| {
                self.tree.step(node, p, f64::from(p) + change, HIGHEST)
            });
            let trial = self.at(moved.collect());
            let better = trial.point().value() < value;
            slow = if better && trial.units() < FAST * units { 0 } else { slow + 1 };
            if better {
                damping = f64::min(1.0, damping * 2.0);
                self.take(trial);
                if let Some(watch) = &mut watch {
                    watch.see(&self.best)?;
                }
            } else {
                // The least of the parabola through both values with that slope. Only where the
                // step went far beyond it, it says more than that the step was too long.
                let slope = self.slope(&trial);
                let least = -0.5 * slope / (trial.point().value() - value - slope);
                if least < OVERSHOT {
                    damping *= least.max(SHORTEST);
                    slow -= 1;
                } else {
                    damping *= 0.5;
                }
                self.memory.spare(trial.into_point().into_memory());
            }
            self.pace = began.elapsed();
            run.tick(watch.as_ref().map_or_else(Best::default, |watch| watch.best))?;
        }
        ControlFlow::Continue(())
    }

    /// The dual's slope along the step to a trial: its gradient in the totals, minus the excess, times the step.
    fn slope(&self, trial: &Dual) -> f64 {
        let totals = |dual: &Dual| self.tree.totals(dual.point().own());
        let (then, now) = (totals(&self.best), totals(trial));
        let pairs = then.iter().zip(&now).enumerate();
        pairs.map(|(node, (then, now))| self.over(node) * f64::from(then - now)).sum()
    }

    /// The clipped and damped Newton step of every own price at the present choices; false if none can move.
    fn direction(&mut self, damping: f64, step: &mut Vec<f64>) -> bool {
        let experts = self.tree.experts();
        let margins = self.margins();
        // Ties are no measure of how far apart the rest is.
        let apart = |m: &f32| *m > 0.0 && *m < 1e37;
        let mut order: Vec<f32> = margins.iter().copied().filter(apart).collect();
        if order.is_empty() {
            return false;
        }
        let share = (WINDOW_SHARE * margins.len() as f64).max(1.0);
        let rank = (self.best.units() * damping).max(experts as f64).min(share) as usize;
        let rank = rank.clamp(1, order.len()) - 1;
        let window = *order.select_nth_unstable_by(rank, f32::total_cmp).1;
        let free = self.free();
        let heads = self.heads(&free);
        let selection = self.best.point().selection();
        self.memory.edges.clear();
        for (t, _) in margins.iter().enumerate().filter(|(_, margin)| **margin <= window) {
            let empty = !self.batch.demand().is_exact() && selection.left[t] <= 0.0;
            let head = |e: u32| heads.get(e as usize).copied().unwrap_or(GROUND);
            let (from, next) = (head(selection.last[t]), head(selection.next[t]));
            let to = if empty { GROUND } else { next };
            if from != to {
                self.memory.edges.push(Edge { from, to });
            }
        }
        let right =
            free.iter().enumerate().map(|(node, &free)| if free { self.over(node) } else { 0.0 });
        let right: Vec<f64> = right.collect();
        self.memory.laplacian.build(&mut self.memory.edges, &free, 0.5 / f64::from(window));
        self.memory.laplacian.solve(&right, GRADIENT_STEPS, step);
        let mut near = std::mem::take(&mut self.memory.near);
        let far = self.far(&margins, &heads, &mut near);
        self.memory.near = near;
        for (change, far) in step.iter_mut().zip(far) {
            let clip = f64::max(CLIP * f64::from(window), REACH * f64::from(far));
            *change = damping * change.clamp(-clip, clip);
        }
        // From totals to own prices: a node above moves those below along.
        for node in 0..step.len() {
            let around = self.tree.around(node);
            match around {
                Some(around) if free[node] => {
                    let head = heads[around] as usize;
                    step[node] -= if free[head] { step[head] } else { 0.0 };
                }
                _ => {}
            }
        }
        step.iter().any(|change| *change != 0.0)
    }

    /// Which nodes' own prices may move: those whose loads are not what their price asks for, or whose price
    /// is not where a piece ends, and so asks for one load alone.
    fn free(&self) -> Vec<bool> {
        let own = self.best.point().own();
        let free = |node: usize| {
            let (least, most) = self.tree.right(node, own[node]);
            least == most || self.over(node) != 0.0
        };
        (0..self.tree.nodes()).map(free).collect()
    }

    /// The node that moves each node's total: itself, or the nearest free one around it; a node that is not free
    /// where none does.
    fn heads(&self, free: &[bool]) -> Vec<u32> {
        let mut heads: Vec<u32> = (0..free.len() as u32).collect();
        for node in (0..free.len()).rev().filter(|&node| !free[node]) {
            if let Some(around) = self.tree.around(node) {
                heads[node] = heads[around];
            }
        }
        heads
    }

    /// What parts each token's last expert taken from the first one left. With `AtMost` an empty
    /// slot, worth 0, competes with the experts.
    fn margins(&self) -> Vec<f32> {
        let at_most = !self.batch.demand().is_exact();
        let selection = self.best.point().selection();
        let pairs = selection.taken.iter().zip(&selection.left);
        let margin = |(&taken, &left): (&f32, &f32)| match at_most {
            true if taken <= 0.0 => -taken,
            true => taken - left.max(0.0),
            false => taken - left,
        };
        pairs.map(margin).collect()
    }

    /// How far the price of each node far out of balance would have to go, all others fixed, to
    /// bring its load to what it asks for: the margin of that rank among its holders or, short of tokens,
    /// among those that would take it next.
    fn far(&self, margins: &[f32], heads: &[u32], near: &mut Vec<Vec<f32>>) -> Vec<f32> {
        let k = self.batch.demand().k();
        let (prices, selection) = (self.best.point().prices(), self.best.point().selection());
        let out = |n: usize| self.over(n) / (FAR + FAR_SHARE * self.tree.capacity(n));
        let nodes = self.tree.nodes();
        let far_out: Vec<i8> = (0..nodes).map(|n| out(n).trunc().clamp(-1.0, 1.0) as i8).collect();
        if far_out.iter().all(|&out| out == 0) {
            return vec![0.0; nodes];
        }
        // Every `stride`-th token is enough to tell how far.
        let stride = (margins.len() / FAR_TOKENS).clamp(1, FAR_STRIDE);
        near.resize_with(nodes, Vec::new);
        near.iter_mut().for_each(Vec::clear);
        for (t, row) in selection.experts.chunks_exact(k).enumerate().step_by(stride) {
            let next = selection.next[t] as usize;
            let next = heads.get(next).copied().unwrap_or(GROUND) as usize;
            for e in row[..self.batch.k(t)].iter().map(|&e| e as usize) {
                let head = heads[e] as usize;
                if far_out[head] > 0 && head != next {
                    let reduced = self.batch.row(t)[e] - prices[e];
                    near[head].push(reduced - selection.left[t]);
                }
            }
            if next < nodes && far_out[next] < 0 {
                near[next].push(margins[t]);
            }
        }
        let far = |(n, own): (usize, &mut Vec<f32>)| {
            let rank = (self.over(n).abs() as usize / stride).min(own.len().checked_sub(1)?);
            let far = *own.select_nth_unstable_by(rank, f32::total_cmp).1;
            (far.is_finite() && far > 0.0).then_some(far)
        };
        near.iter_mut().enumerate().map(|pair| far(pair).unwrap_or(0.0)).collect()
    }

    /// Snaps prices to the points where tokens change sides, as long as that lowers the dual. On all
    /// tokens: capacities are whole, and there is nothing but them.
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
            let trial = self.at(self.quantiles());
            let better = trial.point().value() < self.best.point().value();
            if better {
                self.take(trial);
                watch.see(&self.best)?;
            } else {
                self.memory.spare(trial.into_point().into_memory());
            }
            run.tick(watch.best)?;
            if !better {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    /// The prices of a round of quantile balancing at the present choices.
    fn quantiles(&self) -> Vec<f32> {
        let point = self.best.point();
        let level = levels(self.batch.demand(), point.selection(), Unbounded::Silent);
        let capacity: Vec<u32> =
            (0..self.tree.experts()).map(|e| self.tree.capacity(e) as u32).collect();
        let change = point.prices().iter().map(|p| SNAP * p).collect();
        let mut columns =
            Columns::new(point.prices().to_vec()).highest(HIGHEST as f32).expecting(change);
        columns.update(self.batch.scores(), &level, &capacity, point.loads());
        columns.into_prices()
    }
}
