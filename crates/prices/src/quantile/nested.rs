//! A round under limits of groups, minimums and costs: one more price update a level.
//!
//! From the outermost groups down to the experts, every node's total price is set such that what comes to it, with
//! all own prices below it at 0, is what its limits ask for: nothing is changed where that is so at the price
//! around it; else the total is found by bisection, all nodes of a level at once.

use super::passes::{count_above, raise, sink};
use crate::batch::Batch;
use crate::tree::Tree;

/// The new own prices at these levels of the tokens.
pub(super) fn bisected(
    batch: Batch<'_>,
    tree: &Tree,
    level: &[f32],
    own: &mut [f32],
    (highest, halvings): (f32, usize),
) {
    let experts = tree.experts();
    let mut columns = Columns::new(batch, level);
    let mut totals = vec![0f32; tree.nodes()];
    let around = |totals: &[f32], n: usize| tree.around(n).map_or(0.0, |around| totals[around]);
    let leaves: Vec<usize> = (0..experts).collect();
    for nodes in tree.levels().iter().chain([&leaves]) {
        for &n in nodes {
            totals[n] = around(&totals, n);
        }
        let here = columns.inflow(tree, nodes, &totals);
        // What each node looks for, and between which totals.
        let (mut brackets, mut open) = (Vec::new(), Vec::new());
        for &n in nodes {
            let (least, most) = tree.right(n, 0.0);
            let base = totals[n];
            if here[n] > most {
                open.push(n);
                brackets.push((base, columns.ends(tree, n).1.max(base).min(highest), most));
            } else if here[n] < least {
                open.push(n);
                brackets.push((columns.ends(tree, n).0.min(base).max(-highest), base, least));
            }
        }
        let bases: Vec<f32> = open.iter().map(|&n| totals[n]).collect();
        for _ in 0..if open.is_empty() { 0 } else { halvings } {
            for (&n, (low, high, _)) in open.iter().zip(&brackets) {
                totals[n] = 0.5 * low + 0.5 * high;
            }
            let inflow = columns.inflow(tree, &open, &totals);
            for (&n, (low, high, target)) in open.iter().zip(&mut brackets) {
                *(if inflow[n] > *target { low } else { high }) = totals[n];
            }
        }
        for ((&n, (low, high, _)), base) in open.iter().zip(&brackets).zip(&bases) {
            let to = f64::from(0.5 * low + 0.5 * high) - f64::from(*base);
            totals[n] = base + tree.step(n, 0.0, to, f64::from(highest));
        }
        for &n in nodes {
            own[n] = totals[n] - around(&totals, n);
        }
    }
}

/// The values `s − α` of a batch, by expert.
struct Columns<'a> {
    batch: Batch<'a>,
    level: &'a [f32],
    /// The least and the largest value of each expert.
    ends: Vec<(f32, f32)>,
    counts: Vec<u32>,
}

impl<'a> Columns<'a> {
    fn new(batch: Batch<'a>, level: &'a [f32]) -> Self {
        let experts = batch.experts();
        let (mut low, mut high) = (vec![f32::INFINITY; experts], vec![f32::NEG_INFINITY; experts]);
        for (row, &level) in batch.scores().chunks_exact(experts).zip(level) {
            raise(&mut high, row, level);
            sink(&mut low, row, level);
        }
        let ends = low.into_iter().zip(high).collect();
        Self { batch, level, ends, counts: vec![0; experts] }
    }

    /// The least and the largest value below a node.
    fn ends(&self, tree: &Tree, node: usize) -> (f32, f32) {
        let below = (0..self.ends.len()).filter(|&e| is_below(tree, e, node));
        let ends = below.map(|e| self.ends[e]);
        ends.fold((f32::INFINITY, f32::NEG_INFINITY), |a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// What comes to the nodes at these totals, own prices below them 0.
    fn inflow(&mut self, tree: &Tree, nodes: &[usize], totals: &[f32]) -> Vec<f64> {
        let experts = tree.experts();
        let mut at = vec![f32::INFINITY; tree.nodes()];
        for &n in nodes {
            at[n] = totals[n];
        }
        for n in (0..at.len()).rev() {
            if let Some(around) = tree.around(n)
                && at[n] == f32::INFINITY
            {
                at[n] = at[around];
            }
        }
        self.counts.fill(0);
        for (row, &level) in self.batch.scores().chunks_exact(experts).zip(self.level) {
            count_above(&mut self.counts, row, level, &at[..experts]);
        }
        let mut inflow: Vec<f64> = self.counts.iter().map(|&count| f64::from(count)).collect();
        inflow.resize(at.len(), 0.0);
        for n in 0..at.len() {
            let (least, most) = tree.right(n, 0.0);
            let passed = inflow[n].clamp(least, most);
            if let Some(around) = tree.around(n) {
                inflow[around] += passed;
            }
        }
        inflow
    }
}

/// Whether an expert is a node, or in it.
fn is_below(tree: &Tree, expert: usize, node: usize) -> bool {
    let mut at = Some(expert);
    while let Some(n) = at.filter(|&n| n <= node) {
        if n == node {
            return true;
        }
        at = tree.around(n);
    }
    false
}
