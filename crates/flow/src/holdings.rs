//! Who holds what, by expert, and how dearly.

use spinroute_core::{Assignment, Instance};
use spinroute_prices::Selection;

use crate::score::Score;

/// All holdings of a choice at given prices, by node.
///
/// The *key* of a holding is at most what any move out of it costs at these prices, and at least 0:
/// nothing may be cheaper than free, or the listing by keys would pass it over at every radius.
pub(crate) struct Holdings {
    start: Vec<u32>,
    /// The key of the holding, and its token.
    entries: Vec<(f64, u32)>,
    /// Kept for their memory.
    place: Vec<u32>,
    open: Vec<f64>,
}

/// What holdings are made of, kept from one to the next.
#[derive(Default)]
pub(crate) struct Memory {
    start: Vec<u32>,
    place: Vec<u32>,
    entries: Vec<(f64, u32)>,
    open: Vec<f64>,
}

/// What a row of scores is worth at the prices, and where it is placed.
struct Choice<'a> {
    prices: &'a [f64],
    at_most: bool,
    /// Capacity minus load of every expert, kept.
    room: Vec<i64>,
    order: Vec<(f64, i64, u32)>,
}

impl Holdings {
    /// Groups `table` by node. At exact prices the choice may differ from the selection's, which
    /// was made in `f32`: where the margin is within rounding the row of `table` is mended;
    /// without `margins` every row is chosen anew.
    pub(crate) fn new<S: Score>(
        instance: &Instance,
        scores: &[S],
        prices: &[f64],
        table: &mut [u32],
        margins: Option<&Selection>,
        memory: Memory,
    ) -> Self {
        let Memory { mut start, mut place, mut entries, mut open } = memory;
        let (experts, k) = (instance.experts(), instance.demand().k());
        mend(instance, scores, prices, table, margins, &mut open);
        start.clear();
        start.resize(experts + 2, 0u32);
        for (t, row) in table.chunks_exact(k).enumerate() {
            let row = &row[..instance.k(t)];
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
        place.clone_from(&start);
        entries.clear();
        entries.resize(start[experts + 1] as usize, (0.0, 0));
        let rows = table.chunks_exact(k).zip(scores.chunks_exact(experts));
        for ((t, (row, scores)), open) in (0u32..).zip(rows).zip(&open) {
            let row = &row[..instance.k(t as usize)];
            for (i, &e) in row.iter().enumerate() {
                let (node, reduced) = match e {
                    Assignment::EMPTY if i > 0 && row[i - 1] == e => continue,
                    Assignment::EMPTY => (experts, 0.0),
                    e => (e as usize, scores[e as usize].into() - prices[e as usize]),
                };
                // `open` holds a slack for what `f32` rounded: the difference may be below 0.
                entries[place[node] as usize] = ((reduced - open).max(0.0), t);
                place[node] += 1;
            }
        }
        debug_assert!(entries.iter().all(|&(key, _)| key >= 0.0), "a key is below 0");
        Self { start, entries, place, open }
    }

    /// The memory.
    pub(crate) fn into_memory(self) -> Memory {
        let Self { start, entries, place, open } = self;
        Memory { start, place, entries, open }
    }

    /// The holdings of `node`: least cost when made, token.
    pub(crate) fn of(&self, node: usize) -> &[(f64, u32)] {
        let end = self.start.get(node + 1).copied().unwrap_or(self.entries.len() as u32);
        let start = self.start.get(node).copied().unwrap_or(end);
        &self.entries[start as usize..end as usize]
    }
}

/// Puts every row of `table` that is not surely the best at the exact prices right; puts to `open`
/// what each token could get, at most, from an expert that it does not hold.
///
/// A selection at prices that `f32` holds is right where its margin is not 0, as rounding keeps the
/// order of differences; the slack is for the experts behind the first one left, of which one may
/// be worth more than it before rounding.
fn mend<S: Score>(
    instance: &Instance,
    scores: &[S],
    prices: &[f64],
    table: &mut [u32],
    margins: Option<&Selection>,
    open: &mut Vec<f64>,
) {
    let (experts, k) = (instance.experts(), instance.demand().k());
    let at_most = !instance.demand().is_exact();
    let highest = prices.iter().fold(0f64, |a, b| a.max(b.abs()));
    let room = instance.capacity().iter().map(|&c| i64::from(c)).collect();
    let mut choice = Choice { prices, at_most, room, order: Vec::with_capacity(experts) };
    open.clear();
    open.resize(instance.tokens(), 0f64);
    let mut unsure = Vec::new();
    for (t, row) in table.chunks_exact(k).enumerate() {
        let row = &row[..instance.k(t)];
        if row.is_empty() {
            open[t] = f64::NEG_INFINITY;
            continue;
        }
        let Some(Selection { taken, left, next, .. }) = margins else {
            unsure.push(t);
            continue;
        };
        let (taken, left, next) = (f64::from(taken[t]), f64::from(left[t]), next[t] as usize);
        let slack = (highest + taken.abs()) * 2f64.powi(-21);
        let first = scores[t * experts..][..experts].get(next).map(|&s| s.into());
        // Where `f32` overflowed nothing is sure.
        let overflow = left == f64::NEG_INFINITY && first.is_some_and(f64::is_finite);
        let sure = taken - left > slack && (!at_most || taken > slack) && slack < f64::INFINITY;
        if !sure || overflow {
            unsure.push(t);
            continue;
        }
        for &e in row {
            choice.room[e as usize] -= 1;
        }
        open[t] = first.map_or(f64::NEG_INFINITY, |first| first - prices[next] + slack);
    }
    for t in unsure {
        let row = &mut table[t * k..][..instance.k(t)];
        open[t] = choice.fill(&scores[t * experts..][..experts], row);
    }
    if at_most {
        for open in open {
            *open = open.max(0.0);
        }
    }
}

impl Choice<'_> {
    /// Fills `row` with the best experts at the exact prices, of equal ones those with the most
    /// room (then the lower expert); returns the best value left.
    fn fill<S: Score>(&mut self, scores: &[S], row: &mut [u32]) -> f64 {
        let (k, order) = (row.len(), &mut self.order);
        order.clear();
        let values = scores.iter().zip(self.prices).zip(&self.room).zip(0..);
        order.extend(values.map(|(((&s, p), &room), e)| (s.into() - p, room, e)));
        let best = |a: &(f64, i64, u32), b: &(f64, i64, u32)| {
            b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2))
        };
        if k < order.len() {
            order.select_nth_unstable_by(k, best);
        }
        row.fill(Assignment::EMPTY);
        let mut left = order.get(k).map_or(f64::NEG_INFINITY, |next| next.0);
        let mut taken = 0;
        for &(value, _, e) in &order[..k] {
            if !self.at_most || value > 0.0 {
                row[taken] = e;
                self.room[e as usize] -= 1;
                taken += 1;
            } else {
                left = left.max(value);
            }
        }
        left
    }
}
