//! A round whose order statistics are found by bisection of all columns at once.

use super::level::{Unbounded, levels};
use super::nested;
use super::passes::{count_above, raise};
use crate::batch::Batch;
use crate::pass::Selection;
use crate::tree::Tree;

/// One round, from own `prices` to new ones that are at most the highest, found by so many halvings, for limits that
/// need not be whole (those of a sample). The selection is `memory` to be reused. O(T·E), a level of groups as much again.
///
/// ```
/// use spinroute_core::Demand;
/// use spinroute_prices::{Batch, Selection, Tree, quantile};
///
/// let scores = [0.9, 0.1, 0.8, 0.3, 0.7, 0.6];
/// let batch = Batch::new(&scores, 2, Demand::Exactly(1));
/// let mut prices = vec![0.0, 0.0];
/// quantile::bisected(batch, &Tree::plain(&[1.0, 1.0]), &mut prices, (1e37, 12), &mut Selection::default());
/// assert!((prices[0] - 0.5).abs() < 1e-3 && prices[1] == 0.0);
/// ```
pub fn bisected(
    batch: Batch<'_>,
    tree: &Tree,
    prices: &mut [f32],
    (highest, halvings): (f32, usize),
    memory: &mut Selection,
) {
    let experts = batch.experts();
    memory.fill_batch(batch, &tree.totals(prices)[..experts]);
    let level = levels(batch.demand(), memory, Unbounded::Silent);
    if !tree.is_plain() {
        nested::bisected(batch, tree, &level, prices, (highest, halvings));
        return;
    }
    let rows = || batch.scores().chunks_exact(experts).zip(&level);
    let mut high = vec![0f32; experts];
    for (row, &level) in rows() {
        raise(&mut high, row, level);
    }
    for high in &mut high {
        *high = high.min(highest);
    }
    let (mut low, mut middle) = (vec![0f32; experts], vec![0f32; experts]);
    let mut above = vec![0u32; experts];
    for _ in 0..halvings {
        for (middle, (low, high)) in middle.iter_mut().zip(low.iter().zip(&high)) {
            *middle = 0.5 * low + 0.5 * high;
        }
        above.fill(0);
        for (row, &level) in rows() {
            count_above(&mut above, row, level, &middle);
        }
        for e in 0..experts {
            let crowded = f64::from(above[e]) > tree.capacity(e);
            *(if crowded { &mut low[e] } else { &mut high[e] }) = middle[e];
        }
    }
    for ((price, low), high) in prices.iter_mut().zip(low).zip(high) {
        *price = if low == 0.0 { 0.0 } else { 0.5 * low + 0.5 * high };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_core::Demand;
    use spinroute_simd::{Width, at_most};

    use crate::quantile::Columns;

    proptest! {
        /// Whatever the processor: the same bits, and near the exact order statistic.
        #[test]
        fn copies_are_twins_and_near_the_exact_round(
            (experts, cells, capacity) in (1usize..40).prop_flat_map(|experts| (
                Just(experts),
                prop::collection::vec(0.0f32..1.0, experts * 12),
                prop::collection::vec(0u32..14, experts),
            )),
        ) {
            let batch = Batch::new(&cells, experts, Demand::AtMost(1));
            let scaled: Vec<f64> = capacity.iter().map(|&c| f64::from(c)).collect();
            let round = |width| at_most(width, || {
                let (mut prices, mut memory) = (vec![0.0; experts], Selection::default());
                bisected(batch, &Tree::plain(&scaled), &mut prices, (1e37, 12), &mut memory);
                (prices, memory)
            });
            let (portable, selection) = round(Width::Portable);
            for width in [Width::Avx2, Width::Avx512] {
                if width > Width::here() {
                    eprintln!("skipped: the processor has no {width:?}");
                    continue;
                }
                prop_assert_eq!(&round(width).0, &portable);
            }
            let level = levels(batch.demand(), &selection, Unbounded::Silent);
            let mut exact = Columns::new(vec![0.0; experts]);
            exact.update(&cells, &level, &capacity, &vec![0; experts]);
            for (near, exact) in portable.iter().zip(exact.prices()) {
                prop_assert!((near - exact).abs() < 1e-3, "{near} {exact}");
            }
        }
    }
}
