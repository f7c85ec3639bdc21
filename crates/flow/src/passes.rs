//! Elementwise passes over the rows of a search, compiled for several processors.
//!
//! Nothing here reorders an operation, so every copy gives the same bits.

use spinroute_simd::widest;

use crate::score::Score;

/// The state of a shortest-path search that [`relax`] works on: one entry a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// Bits of the distance, an order-preserving key since distances are not negative.
    pub(crate) distance: Vec<u64>,
    /// All ones where a node is finished, else 0.
    pub(crate) done: Vec<u64>,
    /// The node before it on the path.
    pub(crate) parent: Vec<u64>,
}

widest! {
    /// Enters the costs `from − row[i]`, in `f64`, into the two smallest so far of every `i`;
    /// a `row[i]` of `-∞` changes nothing.
    pub(crate) fn lower<S: Score>(
        least: &'a mut [f64],
        second: &'a mut [f64],
        from: S,
        row: &'a [S],
    ) {
        let from = from.into();
        for ((least, second), &score) in least.iter_mut().zip(second).zip(row) {
            let cost = from - score.into();
            let larger = if cost < *least { *least } else { cost };
            *second = if larger < *second { larger } else { *second };
            *least = if cost < *least { cost } else { *least };
        }
    }

    /// Takes the costs `from − row[i]` out again: where one is the smallest, the second smallest
    /// takes its place, and stands for the second too until somebody looks. Sets the bits of
    /// `stale[i]` where that leaves it unknown which cost is the smallest.
    pub(crate) fn withdraw<S: Score>(
        least: &'a mut [f64],
        second: &'a [f64],
        from: S,
        row: &'a [S],
        stale: &'a mut [u64],
    ) {
        let from = from.into();
        let rows = least.iter_mut().zip(second).zip(row).zip(stale);
        for (((least, &second), &score), stale) in rows {
            let gone = from - score.into() == *least;
            let unknown = gone & (second <= *least) & (*least < f64::INFINITY);
            *stale |= if unknown { u64::MAX } else { 0 };
            *least = if gone { second } else { *least };
        }
    }

    /// How many of the reduced scores `row[i] − prices[i]`, in `f64`, are above `level`.
    pub(crate) fn above<S: Score>(row: &'a [S], prices: &'a [f64], level: f64) -> u64 {
        let pairs = row.iter().zip(prices);
        pairs.map(|(&score, price)| u64::from(score.into() - price > level)).sum()
    }

    /// The highest of the reduced scores `row[i] − prices[i]`; `-∞` if there is none.
    pub(crate) fn highest(row: &'a [f32], prices: &'a [f32]) -> f32 {
        const TOGETHER: usize = 16;
        let mut most = [f32::NEG_INFINITY; TOGETHER];
        for (row, prices) in row.chunks(TOGETHER).zip(prices.chunks(TOGETHER)) {
            for ((most, &score), &price) in most.iter_mut().zip(row).zip(prices) {
                let value = score - price;
                *most = if value > *most { value } else { *most };
            }
        }
        most.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    /// Relaxes the arcs of `node`, finished at distance `at`: the arc to `i` costs
    /// `costs[i] + prices[i] − prices[node]`, and not less than 0 whatever rounding says.
    /// Returns the smallest distance (as bits) of an unfinished node; `u64::MAX` if all are.
    pub(crate) fn relax(
        labels: &'a mut Labels,
        costs: &'a [f64],
        prices: &'a [f64],
        node: usize,
        at: f64,
    ) -> u64 {
        let price = prices[node];
        let nodes = costs.len();
        let (distance, done) = (&mut labels.distance[..nodes], &labels.done[..nodes]);
        let (parent, prices) = (&mut labels.parent[..nodes], &prices[..nodes]);
        let mut least = u64::MAX;
        for i in 0..nodes {
            let through = at + (costs[i] + prices[i] - price);
            let through = if through > at { through } else { at }.to_bits();
            let better = through < distance[i];
            distance[i] = if better { through } else { distance[i] };
            parent[i] = if better { node as u64 } else { parent[i] };
            least = least.min(distance[i] | done[i]);
        }
        least
    }

    /// The first unfinished node whose distance has the bits `key`; `usize::MAX` if none has.
    pub(crate) fn position(labels: &'a Labels, key: u64) -> usize {
        const TOGETHER: usize = 16;
        let chunks = labels.distance.chunks(TOGETHER).zip(labels.done.chunks(TOGETHER));
        for (chunk, (distance, done)) in chunks.enumerate() {
            let mut hit = false;
            for (distance, done) in distance.iter().zip(done) {
                hit |= distance | done == key;
            }
            if hit {
                let mut keys = distance.iter().zip(done).map(|(distance, done)| distance | done);
                return chunk * TOGETHER + keys.position(|other| other == key).unwrap_or(0);
            }
        }
        usize::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_simd::{Width, at_most};

    /// What all passes leave, one after the other.
    fn passes(rows: &[(f32, f64, f64)], node: usize, at: f64) -> Vec<u64> {
        let scores: Vec<f32> = rows.iter().map(|r| r.0).collect();
        let prices: Vec<f64> = rows.iter().map(|r| r.1).collect();
        let costs: Vec<f64> = rows.iter().map(|r| r.2 - 0.1).collect();
        let (mut least, mut second) = (costs.clone(), vec![0.5; rows.len()]);
        let mut stale = vec![0; rows.len()];
        lower(&mut least, &mut second, 0.5, &scores);
        let count = above(&scores, &prices, at - 1.0);
        let narrow: Vec<f32> = prices.iter().map(|&p| p as f32).collect();
        let most = highest(&scores, &narrow);
        assert_eq!(
            most,
            scores.iter().zip(&narrow).map(|(s, p)| s - p).fold(f32::NEG_INFINITY, f32::max)
        );
        for _ in 0..2 {
            withdraw(&mut least, &second, 0.5, &scores, &mut stale);
        }
        let mut labels = Labels {
            distance: rows.iter().map(|r| r.2.to_bits()).collect(),
            done: rows.iter().map(|r| if r.0 > 0.5 { u64::MAX } else { 0 }).collect(),
            parent: vec![u64::MAX; rows.len()],
        };
        let found = relax(&mut labels, &costs, &prices, node, at);
        let first = position(&labels, found);
        let mut keys = labels.distance.iter().zip(&labels.done).map(|(a, b)| a | b);
        assert_eq!(first, keys.position(|key| key == found).unwrap_or(usize::MAX));
        let bits = least.iter().chain(&second).map(|value| value.to_bits());
        let labels = labels.distance.into_iter().chain(labels.parent);
        bits.chain(stale).chain(labels).chain([count, found]).collect()
    }

    proptest! {
        #[test]
        fn copies_are_twins(
            rows in prop::collection::vec((-1.0f32..1.0, 0.0f64..1.0, 0.0f64..4.0), 1..70),
            node in 0usize..1000,
            at in 0.0f64..2.0,
        ) {
            let node = node % rows.len();
            let portable = at_most(Width::Portable, || passes(&rows, node, at));
            for width in [Width::Avx2, Width::Avx512] {
                if width > Width::here() {
                    eprintln!("skipped: the processor has no {width:?}");
                    continue;
                }
                prop_assert_eq!(&at_most(width, || passes(&rows, node, at)), &portable);
            }
        }

        #[test]
        fn f64_passes_are_those_of_f32(
            rows in prop::collection::vec((-1.0f32..1.0, 0.0f64..4.0), 1..70),
            level in -1.0f64..1.0,
        ) {
            let narrow: Vec<f32> = rows.iter().map(|r| r.0).collect();
            let wide: Vec<f64> = narrow.iter().map(|&s| f64::from(s)).collect();
            let prices: Vec<f64> = rows.iter().map(|r| r.1).collect();
            prop_assert_eq!(above(&narrow, &prices, level), above(&wide, &prices, level));
            let entered = |least: &mut Vec<f64>| least.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let (mut least, mut second) = (prices.clone(), prices.clone());
            lower(&mut least, &mut second, 0.25f32, &narrow);
            let (mut other, mut next) = (prices.clone(), prices);
            lower(&mut other, &mut next, 0.25f64, &wide);
            prop_assert_eq!(entered(&mut least), entered(&mut other));
            prop_assert_eq!(entered(&mut second), entered(&mut next));
        }
    }
}
