//! Who holds what, by expert, and how dearly.

use spinroute_core::{Assignment, Instance};
use spinroute_select::Selection;

/// All holdings of a choice at given prices, by node.
pub(crate) struct Holdings {
    start: Vec<u32>,
    /// The least cost of the holding's moves, and its token.
    entries: Vec<(f64, u32)>,
}

impl Holdings {
    /// Groups `table` by node. At exact prices the choice may differ from the selection's, which
    /// was made in `f32`: where the margin is within rounding the row of `table` is mended.
    pub(crate) fn new(
        instance: &Instance,
        prices: &[f64],
        table: &mut [u32],
        selection: &Selection,
    ) -> Self {
        let (experts, k) = (instance.experts(), instance.demand().k());
        let at_most = !instance.demand().is_exact();
        let highest = prices.iter().fold(0f64, |a, &b| a.max(b));
        let mut room: Vec<i64> = instance.capacity().iter().map(|&c| i64::from(c)).collect();
        let mut open = vec![0f64; instance.tokens()];
        let mut unsure = Vec::new();
        for (t, row) in table.chunks_exact(k).enumerate() {
            let (taken, left) = (f64::from(selection.taken[t]), f64::from(selection.left[t]));
            let slack = (highest + taken.abs()) * 2f64.powi(-21);
            // Not `<=`: where `f32` overflowed, nothing is sure either.
            let sure = taken - left > slack && (!at_most || taken > slack) && slack < f64::INFINITY;
            if !sure {
                unsure.push(t);
                continue;
            }
            for &e in row {
                room[e as usize] -= 1;
            }
            let next = selection.next[t];
            let most = instance.scores(t).get(next as usize);
            open[t] =
                most.map_or(f64::NEG_INFINITY, |&s| f64::from(s) - prices[next as usize] + slack);
        }
        let mut order = Vec::with_capacity(experts);
        for t in unsure {
            let row = &mut table[t * k..][..k];
            open[t] = choose(instance.scores(t), prices, row, at_most, &mut room, &mut order);
        }
        let mut start = vec![0u32; experts + 2];
        for (t, row) in table.chunks_exact(k).enumerate() {
            if at_most {
                open[t] = open[t].max(0.0);
            }
            for (i, &e) in row.iter().enumerate() {
                if e != Assignment::EMPTY {
                    start[e as usize + 1] += 1;
                } else if i == 0 || row[i - 1] != e {
                    start[experts + 1] += 1;
                }
            }
        }
        for node in 0..=experts {
            start[node + 1] += start[node];
        }
        let mut place = start.clone();
        let mut entries = vec![(0.0, 0); start[experts + 1] as usize];
        for (t, row) in table.chunks_exact(k).enumerate() {
            let scores = instance.scores(t);
            for (i, &e) in row.iter().enumerate() {
                let (node, reduced) = match e {
                    Assignment::EMPTY if i > 0 && row[i - 1] == e => continue,
                    Assignment::EMPTY => (experts, 0.0),
                    e => (e as usize, f64::from(scores[e as usize]) - prices[e as usize]),
                };
                entries[place[node] as usize] = (reduced - open[t], t as u32);
                place[node] += 1;
            }
        }
        Self { start, entries }
    }

    /// The holdings of `node`: least cost when made, token.
    pub(crate) fn of(&self, node: usize) -> &[(f64, u32)] {
        let end = self.start.get(node + 1).copied().unwrap_or(self.entries.len() as u32);
        let start = self.start.get(node).copied().unwrap_or(end);
        &self.entries[start as usize..end as usize]
    }
}

/// Fills `row` with the best experts at the exact prices, of equal ones those with the most room
/// (then the lower expert); returns the best value left. `room` is capacity minus load, kept.
fn choose(
    scores: &[f32],
    prices: &[f64],
    row: &mut [u32],
    at_most: bool,
    room: &mut [i64],
    order: &mut Vec<(f64, i64, u32)>,
) -> f64 {
    let k = row.len();
    order.clear();
    let values = scores.iter().zip(prices).zip(room.iter()).zip(0..);
    order.extend(values.map(|(((&s, p), &room), e)| (f64::from(s) - p, room, e)));
    let best = |a: &(f64, i64, u32), b: &(f64, i64, u32)| {
        b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2))
    };
    if k < order.len() {
        order.select_nth_unstable_by(k, best);
    }
    let worth = |value: f64| !at_most || value > 0.0;
    row.fill(Assignment::EMPTY);
    let mut left = order.get(k).map_or(f64::NEG_INFINITY, |next| next.0);
    let mut taken = 0;
    for &(value, _, e) in &order[..k] {
        if worth(value) {
            row[taken] = e;
            room[e as usize] -= 1;
            taken += 1;
        } else {
            left = left.max(value);
        }
    }
    left
}
