//! Elementwise passes over rows: written once in plain Rust, compiled for several processors.
//!
//! Nothing here reorders an operation, so every copy gives the same bits.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // a body is compiled into its copies, or the copies are worth nothing

/// Defines a function that runs the widest compiled copy of `$body` that the processor has.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident => $body:ident ( $($arg:ident : $type:ty),* ) $(-> $out:ty)?) => {
        $(#[$doc])*
        pub fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
                fn avx512($($arg: $type),*) $(-> $out)? { $body($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) $(-> $out)? { $body($($arg),*) }
                if std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has what the copy is compiled for.
                    return unsafe { avx512($($arg),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
                {
                    // SAFETY: the processor has what the copy is compiled for.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

widest! {
    /// Enters the costs `from − row[i]`, in `f64`, into the two smallest so far of every `i`;
    /// a `row[i]` of `-∞` changes nothing.
    lower => lower_body(least: &mut [f64], second: &mut [f64], from: f32, row: &[f32])
}

widest! {
    /// [`lower`] for scores in `f64`.
    lower_wide => lower_body(least: &mut [f64], second: &mut [f64], from: f64, row: &[f64])
}

#[inline(always)]
fn lower_body<S: Copy + Into<f64>>(least: &mut [f64], second: &mut [f64], from: S, row: &[S]) {
    let from = from.into();
    for ((least, second), &score) in least.iter_mut().zip(second).zip(row) {
        let cost = from - score.into();
        let larger = if cost < *least { *least } else { cost };
        *second = if larger < *second { larger } else { *second };
        *least = if cost < *least { cost } else { *least };
    }
}

widest! {
    /// Takes the costs `from − row[i]` out again: where one is the smallest, the second smallest
    /// takes its place, and stands for the second too until somebody looks. Sets the bits of
    /// `stale[i]` where that leaves it unknown which cost is the smallest.
    withdraw => withdraw_body(
        least: &mut [f64], second: &[f64], from: f32, row: &[f32], stale: &mut [u64]
    )
}

widest! {
    /// [`withdraw`] for scores in `f64`.
    withdraw_wide => withdraw_body(
        least: &mut [f64], second: &[f64], from: f64, row: &[f64], stale: &mut [u64]
    )
}

#[inline(always)]
fn withdraw_body<S: Copy + Into<f64>>(
    least: &mut [f64],
    second: &[f64],
    from: S,
    row: &[S],
    stale: &mut [u64],
) {
    let from = from.into();
    for (((least, &second), &score), stale) in least.iter_mut().zip(second).zip(row).zip(stale) {
        let gone = from - score.into() == *least;
        let unknown = gone & (second <= *least) & (*least < f64::INFINITY);
        *stale |= if unknown { u64::MAX } else { 0 };
        *least = if gone { second } else { *least };
    }
}

widest! {
    /// How many of the reduced scores `row[i] − prices[i]`, in `f64`, are above `level`.
    above => above_body(row: &[f32], prices: &[f64], level: f64) -> u64
}

widest! {
    /// [`above`] for scores in `f64`.
    above_wide => above_body(row: &[f64], prices: &[f64], level: f64) -> u64
}

#[inline(always)]
fn above_body<S: Copy + Into<f64>>(row: &[S], prices: &[f64], level: f64) -> u64 {
    let pairs = row.iter().zip(prices);
    pairs.map(|(&score, price)| u64::from(score.into() - price > level)).sum()
}

widest! {
    /// `most[i] = max(most[i], row[i] − level)`.
    raise => raise_body(most: &mut [f32], row: &[f32], level: f32)
}

#[inline(always)]
fn raise_body(most: &mut [f32], row: &[f32], level: f32) {
    for (most, &score) in most.iter_mut().zip(row) {
        let value = score - level;
        *most = if value > *most { value } else { *most };
    }
}

widest! {
    /// Adds 1 to `counts[i]` where `row[i] − level > thresholds[i]`.
    count_above => count_above_body(counts: &mut [u32], row: &[f32], level: f32, thresholds: &[f32])
}

#[inline(always)]
fn count_above_body(counts: &mut [u32], row: &[f32], level: f32, thresholds: &[f32]) {
    for ((count, &score), &threshold) in counts.iter_mut().zip(row).zip(thresholds) {
        *count += u32::from(score - level > threshold);
    }
}

/// The state of a shortest-path search that [`relax`] works on: one entry a node.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Bits of the distance, an order-preserving key since distances are not negative.
    pub distance: Vec<u64>,
    /// All ones where a node is finished, else 0.
    pub done: Vec<u64>,
    /// The node before it on the path.
    pub parent: Vec<u64>,
}

widest! {
    /// Relaxes the arcs of `node`, finished at distance `at`: the arc to `i` costs
    /// `costs[i] + prices[i] − prices[node]`, and not less than 0 whatever rounding says.
    /// Returns the smallest distance (as bits) of an unfinished node; `u64::MAX` if all are.
    relax => relax_body(labels: &mut Labels, costs: &[f64], prices: &[f64], node: usize, at: f64) -> u64
}

#[inline(always)]
fn relax_body(labels: &mut Labels, costs: &[f64], prices: &[f64], node: usize, at: f64) -> u64 {
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

widest! {
    /// The first unfinished node whose distance has the bits `key`; `usize::MAX` if none has.
    position => position_body(labels: &Labels, key: u64) -> usize
}

#[inline(always)]
fn position_body(labels: &Labels, key: u64) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn copies_are_twins(
            row in prop::collection::vec((-1.0f32..1.0, 0.0f64..1.0, 0.0f64..4.0), 1..70),
            node in 0usize..1000,
            at in 0.0f64..2.0,
        ) {
            let scores: Vec<f32> = row.iter().map(|r| r.0).collect();
            let prices: Vec<f64> = row.iter().map(|r| r.1).collect();
            let costs: Vec<f64> = row.iter().map(|r| r.2 - 0.1).collect();
            let node = node % row.len();
            let second: Vec<f64> = costs.iter().map(|c| c + 0.5).collect();
            let (mut one, mut other) = ((costs.clone(), second.clone()), (costs.clone(), second));
            lower(&mut one.0, &mut one.1, 0.5, &scores);
            lower_body(&mut other.0, &mut other.1, 0.5, &scores);
            prop_assert_eq!(&one, &other);
            let count = above(&scores, &prices, at - 1.0);
            prop_assert_eq!(count, above_body(&scores, &prices, at - 1.0));
            let wide: Vec<f64> = scores.iter().map(|&s| f64::from(s)).collect();
            prop_assert_eq!(count, above_wide(&wide, &prices, at - 1.0));
            let (mut least, mut next) = (costs.clone(), one.1.clone());
            lower_wide(&mut least, &mut next, 0.25, &wide);
            let (mut narrow, mut twin_next) = (costs.clone(), one.1.clone());
            lower(&mut narrow, &mut twin_next, 0.25, &scores);
            prop_assert_eq!((least, next), (narrow, twin_next));
            let (mut stale, mut twin) = (vec![0; row.len()], vec![0; row.len()]);
            for _ in 0..2 {
                withdraw(&mut one.0, &one.1, 0.5, &scores, &mut stale);
                withdraw_body(&mut other.0, &other.1, 0.5, &scores, &mut twin);
                prop_assert_eq!((&one, &stale), (&other, &twin));
            }
            let mut labels = Labels {
                distance: row.iter().map(|r| r.2.to_bits()).collect(),
                done: row.iter().map(|r| if r.0 > 0.5 { u64::MAX } else { 0 }).collect(),
                parent: vec![u64::MAX; row.len()],
            };
            let mut twins = labels.clone();
            let found = relax(&mut labels, &costs, &prices, node, at);
            prop_assert_eq!(found, relax_body(&mut twins, &costs, &prices, node, at));
            let keys = labels.distance.iter().zip(&labels.done).map(|(a, b)| a | b);
            let first = keys.clone().position(|key| key == found);
            prop_assert_eq!(position(&labels, found), first.unwrap_or(usize::MAX));
            prop_assert_eq!(position_body(&labels, found), first.unwrap_or(usize::MAX));
            prop_assert_eq!((labels.distance, labels.parent), (twins.distance, twins.parent));
        }
    }
}
