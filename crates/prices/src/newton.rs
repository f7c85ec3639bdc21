//! The Newton step on the prices of some or all of the tokens.
//!
//! The window is the margin quantile that matches the units out of place. Steps are clipped to a few windows (undamped
//! they diverge), but not what all prices move by together: that changes nothing between experts that move, and where
//! hardly any capacity is left over, everything waits for the price level at which the few idle experts take the rest.
//! A step that would not go down, as clipping each price by itself can turn it, loses the parts that go up.
//!
//! Tried and not kept: a window of its own for every expert (6 to 10 times as many units left, wide windows take
//! second-best margins for first); the whole of the way for experts far out (the others answer: it overshoots); a
//! trust region that grows while steps gain what their slope promises (no difference beside the common move).

use crate::batch::Batch;
use crate::dual::Dual;
use crate::laplacian::{Edge, GROUND, Laplacian};
use crate::tree::Tree;

/// Conjugate-gradient steps a Newton step.
const GRADIENT_STEPS: usize = 30;
/// Largest price change of a step in windows, beside the common move, and of that.
const CLIP: f64 = 3.0;
const COMMON: f64 = 15.0;
/// Where no rounds find the prices of experts that few tokens rank near their margin: a wider clip, and how much of the
/// way that it alone would have to go an expert far out may go.
const WIDE_CLIP: f64 = 5.0;
const REACH: f64 = 0.5;
/// Largest share of the tokens in a window.
const WINDOW_SHARE: f64 = 0.4;
/// Units out of balance from which an expert counts as far out.
const FAR: f64 = 4.0;
const FAR_SHARE: f64 = 0.02;
/// Tokens that this is measured on, at least, where there are so many.
const FAR_TOKENS: usize = 1024;
/// Largest share left out: specialists have few tokens.
const FAR_STRIDE: usize = 4;

/// What a step is made from.
#[derive(Clone, Copy)]
pub(crate) struct Newton<'a> {
    pub(crate) batch: Batch<'a>,
    pub(crate) tree: &'a Tree,
    /// Where it starts.
    pub(crate) at: &'a Dual,
    /// Whether rounds of coordinate steps stand beside it.
    pub(crate) rounds: bool,
}

/// What steps use, kept from one to the next.
#[derive(Default)]
pub(crate) struct Memory {
    laplacian: Laplacian,
    edges: Vec<Edge>,
    margins: Vec<f32>,
    order: Vec<f32>,
    near: Vec<Vec<f32>>,
}

impl Newton<'_> {
    /// What `node` holds more than its price asks for; negative where it lacks that.
    fn over(&self, node: usize) -> f64 {
        self.at.excess()[node]
    }

    /// The dual's slope along the step to a trial: its gradient in the totals, minus the excess, times the step.
    pub(crate) fn slope(&self, trial: &Dual) -> f64 {
        let totals = |dual: &Dual| self.tree.totals(dual.point().own());
        let (then, now) = (totals(self.at), totals(trial));
        let pairs = then.iter().zip(&now).enumerate();
        pairs.map(|(node, (then, now))| self.over(node) * f64::from(then - now)).sum()
    }

    /// The clipped and damped step of every own price; false if none can move.
    pub(crate) fn step(&self, damping: f64, memory: &mut Memory, step: &mut Vec<f64>) -> bool {
        self.margins(&mut memory.margins);
        let Some(window) = self.window(damping, &memory.margins, &mut memory.order) else {
            return false;
        };
        let free = self.free();
        let heads = self.heads(&free);
        self.edges(window, &heads, memory);
        let right =
            free.iter().enumerate().map(|(node, &free)| if free { self.over(node) } else { 0.0 });
        let right: Vec<f64> = right.collect();
        memory.laplacian.build(&mut memory.edges, &free, 0.5 / f64::from(window));
        memory.laplacian.solve(&right, GRADIENT_STEPS, step);
        self.clip(f64::from(window), (&free, &heads), memory, step);
        for change in step.iter_mut() {
            *change *= damping;
        }
        // From totals to own prices: a node above moves those below along.
        for node in 0..step.len() {
            match self.tree.around(node) {
                Some(around) if free[node] => {
                    let head = heads[around] as usize;
                    step[node] -= if free[head] { step[head] } else { 0.0 };
                }
                _ => {}
            }
        }
        step.iter().any(|change| *change != 0.0)
    }

    /// The margin that matches the units out of place.
    fn window(&self, damping: f64, margins: &[f32], order: &mut Vec<f32>) -> Option<f32> {
        // Ties are no measure of how far apart the rest is.
        let apart = |m: &f32| *m > 0.0 && *m < 1e37;
        order.clear();
        order.extend(margins.iter().copied().filter(apart));
        let share = (WINDOW_SHARE * margins.len() as f64).max(1.0);
        let least = self.tree.experts() as f64;
        let rank = (self.at.units() * damping).max(least).min(share) as usize;
        let rank = rank.clamp(1, order.len().max(1)) - 1;
        (!order.is_empty()).then(|| *order.select_nth_unstable_by(rank, f32::total_cmp).1)
    }

    /// The tokens in the window, as edges between what moves the prices of their ends.
    fn edges(&self, window: f32, heads: &[u32], memory: &mut Memory) {
        let selection = self.at.point().selection();
        let Memory { edges, margins, .. } = memory;
        edges.clear();
        for (t, _) in margins.iter().enumerate().filter(|(_, margin)| **margin <= window) {
            let empty = !self.batch.demand().is_exact() && selection.left[t] <= 0.0;
            let head = |e: u32| heads.get(e as usize).copied().unwrap_or(GROUND);
            let (from, next) = (head(selection.last[t]), head(selection.next[t]));
            let to = if empty { GROUND } else { next };
            if from != to {
                edges.push(Edge { from, to });
            }
        }
    }

    /// Clips a step of totals.
    fn clip(
        &self,
        window: f64,
        (free, heads): (&[bool], &[u32]),
        memory: &mut Memory,
        step: &mut [f64],
    ) {
        if !self.rounds {
            let far = self.far(&memory.margins, heads, &mut memory.near);
            for (change, far) in step.iter_mut().zip(far) {
                let clip = f64::max(WIDE_CLIP * window, REACH * f64::from(far));
                *change = change.clamp(-clip, clip);
            }
            return;
        }
        let common = common(step, free).clamp(-COMMON * window, COMMON * window);
        for (change, _) in step.iter_mut().zip(free).filter(|(_, free)| **free) {
            *change = common + (*change - common).clamp(-CLIP * window, CLIP * window);
        }
        let along = |step: &[f64]| -> f64 {
            step.iter().enumerate().map(|(node, change)| self.over(node) * change).sum()
        };
        if along(step) <= 0.0 {
            for (node, change) in step.iter_mut().enumerate() {
                if self.over(node) * *change < 0.0 {
                    *change = 0.0;
                }
            }
        }
    }

    /// Which nodes' own prices may move: those whose loads are not what their price asks for, or whose price
    /// is not where a piece ends, and so asks for one load alone.
    fn free(&self) -> Vec<bool> {
        let own = self.at.point().own();
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
    fn margins(&self, margins: &mut Vec<f32>) {
        let at_most = !self.batch.demand().is_exact();
        let selection = self.at.point().selection();
        let pairs = selection.taken.iter().zip(&selection.left);
        let margin = |(&taken, &left): (&f32, &f32)| match at_most {
            true if taken <= 0.0 => -taken,
            true => taken - left.max(0.0),
            false => taken - left,
        };
        margins.clear();
        margins.extend(pairs.map(margin));
    }

    /// How far the price of each node far out of balance would have to go, all others fixed, to
    /// bring its load to what it asks for: the margin of that rank among its holders or, short of tokens,
    /// among those that would take it next.
    fn far(&self, margins: &[f32], heads: &[u32], near: &mut Vec<Vec<f32>>) -> Vec<f32> {
        let k = self.batch.demand().k();
        let (prices, selection) = (self.at.point().prices(), self.at.point().selection());
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
}

/// What most free prices move by together: the middle one; 0 where none is free.
fn common(step: &[f64], free: &[bool]) -> f64 {
    let moves = step.iter().zip(free).filter(|(_, free)| **free);
    let mut moves: Vec<f64> = moves.map(|(change, _)| *change).collect();
    let middle = moves.len() / 2;
    if moves.is_empty() { 0.0 } else { *moves.select_nth_unstable_by(middle, f64::total_cmp).1 }
}
