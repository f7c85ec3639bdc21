//! The price half of a quantile round: one order statistic of every column of the score table.
//!
//! Wanted are `p[e] = max(0, (c[e]+1)-th largest over t of s[t,e] − α[t])`, all columns of a
//! row-major table. Selecting from whole columns means a transposed copy; instead one pass over
//! the rows gathers, for every column, only the values above a threshold, and the order statistic
//! is taken from those. The threshold is the last price: the entries above it are precisely the
//! pairs just selected under that price, `T·k` in all. An expert with more than `c[e]` of them
//! finds its new price there. One with fewer gets a threshold lower by a few times its last
//! change; where that was not low enough, its column is read alone.
//!
//! Thresholds decide what is read, never the result. O(T·E) for the pass, O(T·k) for the rest.
use rayon::prelude::*;

/// Tokens a block of the parallel pass.
const BLOCK: usize = 256;

/// Experts that are compared at once.
const LANES: usize = 32;

/// How far below the last price a falling price is looked for, in multiples of the last change.
const REACH: f32 = 2.0;

/// Prices of all experts, updated round by round.
///
/// ```
/// use spinroute_prices::quantile::Columns;
///
/// // Three tokens, two experts that hold one token each.
/// let scores = [0.9, 0.1, 0.8, 0.3, 0.7, 0.6];
/// let mut columns = Columns::new(vec![0.0, 0.0]);
/// columns.update(&scores, &[0.1, 0.3, 0.6], &[1, 1], &[3, 0]);
/// assert_eq!(columns.prices(), [0.5, 0.0]); // the second largest of 0.8, 0.5, 0.1
/// ```
#[derive(Clone, Debug)]
pub struct Columns {
    /// The prices, `p ≥ 0`.
    prices: Vec<f32>,
    /// No price is higher.
    highest: f32,
    /// How much each price changed in the last round.
    change: Vec<f32>,
    /// Only values above are gathered.
    threshold: Vec<f32>,
    gathered: Gathered,
}

impl Columns {
    /// Columns that start from given prices.
    #[must_use]
    pub fn new(prices: Vec<f32>) -> Self {
        let change = vec![0.0; prices.len()];
        let threshold = change.clone();
        Self { prices, highest: f32::MAX, change, threshold, gathered: Gathered::default() }
    }

    /// Sets what no price is above.
    #[must_use]
    pub fn highest(mut self, highest: f32) -> Self {
        self.highest = highest;
        self
    }

    /// Sets what prices are expected to have changed by in the round before: how far below the last prices
    /// the new ones are looked for at first.
    #[must_use]
    pub fn expecting(mut self, change: Vec<f32>) -> Self {
        self.change = change;
        self
    }

    /// The prices, one an expert.
    #[must_use]
    pub fn prices(&self) -> &[f32] {
        &self.prices
    }

    /// The prices.
    #[must_use]
    pub fn into_prices(self) -> Vec<f32> {
        self.prices
    }

    /// Sets every price to the order statistic of its column.
    ///
    /// `scores` is row-major, one row a token; `level` is `α`, one a token; `load[e]` says
    /// how many tokens chose expert `e` under the present prices (it only guides the search).
    ///
    /// # Panics
    /// If the lengths do not fit.
    pub fn update(&mut self, scores: &[f32], level: &[f32], capacity: &[u32], load: &[u32]) {
        let (tokens, experts) = (level.len(), capacity.len());
        for e in 0..experts {
            self.threshold[e] = if capacity[e] as usize >= tokens {
                f32::INFINITY
            } else if load[e] > capacity[e] {
                self.prices[e]
            } else {
                (self.prices[e] - REACH * self.change[e]).max(0.0)
            };
        }
        self.gathered.fill(scores, level, &self.threshold);
        let (threshold, gathered, highest) = (&self.threshold, &mut self.gathered, self.highest);
        gathered
            .columns()
            .into_par_iter()
            .zip(&mut self.prices)
            .zip(&mut self.change)
            .enumerate()
            .for_each(|(e, ((values, price), change))| {
                let rank = capacity[e] as usize;
                let found = if rank >= tokens {
                    0.0
                } else if rank < values.len() {
                    nth_largest(values, rank)
                } else if threshold[e] == 0.0 {
                    0.0
                } else {
                    let column = scores[e..].iter().step_by(experts);
                    let mut values: Vec<f32> =
                        column.zip(level).map(|(s, a)| s - a).filter(|v| *v > 0.0).collect();
                    if rank < values.len() { nth_largest(&mut values, rank) } else { 0.0 }
                };
                let found = found.min(highest);
                *change = (found - *price).abs();
                *price = found;
            });
    }
}

fn nth_largest(values: &mut [f32], n: usize) -> f32 {
    *values.select_nth_unstable_by(n, |a, b| b.total_cmp(a)).1
}

/// Values of a table by column.
#[derive(Clone, Debug, Default)]
struct Gathered {
    values: Vec<f32>,
    /// Where each column starts in `values`, and the end.
    starts: Vec<usize>,
}

impl Gathered {
    /// Gathers `s[t,e] − level[t]` wherever it exceeds `threshold[e]`.
    fn fill(&mut self, scores: &[f32], level: &[f32], threshold: &[f32]) {
        let experts = threshold.len();
        let blocks: Vec<Vec<(u32, f32)>> = scores
            .par_chunks(BLOCK * experts)
            .zip(level.par_chunks(BLOCK))
            .map(|(rows, level)| {
                let (mut found, mut count) = (Vec::new(), 0);
                for (row, &level) in rows.chunks_exact(experts).zip(level) {
                    if found.len() < count + experts {
                        found.resize(2 * found.len() + experts, (0, 0.0));
                    }
                    count += gather(row, level, threshold, &mut found[count..]);
                }
                found.truncate(count);
                found
            })
            .collect();
        self.starts.clear();
        self.starts.resize(experts + 1, 0);
        for &(e, _) in blocks.iter().flatten() {
            self.starts[e as usize + 1] += 1;
        }
        for e in 0..experts {
            self.starts[e + 1] += self.starts[e];
        }
        let mut place = self.starts.clone();
        self.values.resize(self.starts[experts], 0.0);
        for &(e, value) in blocks.iter().flatten() {
            self.values[place[e as usize]] = value;
            place[e as usize] += 1;
        }
    }

    /// The values of every column.
    fn columns(&mut self) -> Vec<&mut [f32]> {
        let mut rest = self.values.as_mut_slice();
        let mut columns = Vec::with_capacity(self.starts.len());
        for ends in self.starts.windows(2) {
            let (column, after) = rest.split_at_mut(ends[1] - ends[0]);
            columns.push(column);
            rest = after;
        }
        columns
    }
}

/// Writes the entries of one row above the thresholds to the front of `found`, which has a place
/// for each; how many there are. One group of experts in three has any, which a vector comparison
/// tells; inside a group there are no branches.
fn gather(row: &[f32], level: f32, threshold: &[f32], found: &mut [(u32, f32)]) -> usize {
    let (mut base, mut count) = (0, 0);
    for (scores, thresholds) in row.chunks(LANES).zip(threshold.chunks(LANES)) {
        let pairs = scores.iter().zip(thresholds);
        if pairs.clone().fold(false, |any, (&s, &low)| any | (s - level > low)) {
            for (place, (&s, &low)) in pairs.enumerate() {
                let value = s - level;
                if let Some(slot) = found.get_mut(count) {
                    *slot = (base + place as u32, value);
                }
                count += usize::from(value > low);
            }
        }
        base += LANES as u32;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the last prices, changes and loads, the update is the order statistic.
        #[test]
        fn thresholds_never_change_the_result(
            (experts, scores, level, capacity, prices, load) in (1usize..40, 1usize..30)
                .prop_flat_map(|(experts, tokens)| {
                    let score = prop_oneof![
                        8 => (0i8..20).prop_map(|v| f32::from(v) / 4.0),
                        1 => Just(f32::NEG_INFINITY)
                    ];
                    let value = (0i8..20).prop_map(|v| f32::from(v) / 4.0);
                    (
                        Just(experts),
                        proptest::collection::vec(score, tokens * experts),
                        proptest::collection::vec(value.clone(), tokens),
                        proptest::collection::vec(0..tokens as u32 + 2, experts),
                        proptest::collection::vec(value, experts),
                        proptest::collection::vec(0..tokens as u32, experts),
                    )
                })
        ) {
            let mut columns = Columns::new(prices);
            for _ in 0..3 {
                columns.update(&scores, &level, &capacity, &load);
                for e in 0..experts {
                    let column = scores[e..].iter().step_by(experts);
                    let mut values: Vec<f32> = column.zip(&level).map(|(s, a)| s - a).collect();
                    values.sort_by(|a, b| b.total_cmp(a));
                    let want = values.get(capacity[e] as usize).map_or(0.0, |v| v.max(0.0));
                    prop_assert_eq!(columns.prices[e], want);
                }
            }
        }
    }
}
