//! A point of the dual: prices, and what follows from them.

use spinroute_core::Instance;

use crate::batch::Batch;
use crate::choice;
use crate::pass::{Candidates, Selection};

/// Prices, every token's choice under them, the loads of these choices and the value of the dual.
///
/// All of it belongs together: a point is made whole and never changed, so nothing in it is stale.
/// Other prices are another point, which may take over the [memory](Point::into_memory).
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_prices::Point;
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let free = Point::of(&instance, vec![0.0, 0.0]);
/// assert_eq!(free.loads(), [2, 0]); // both want expert 0
/// let priced = Point::of(&instance, vec![0.2, 0.0]);
/// assert_eq!(priced.loads(), [1, 1]);
/// assert!(priced.value() < free.value());
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Point {
    prices: Vec<f32>,
    selection: Selection,
    loads: Vec<u32>,
    value: f64,
}

impl Point {
    /// The point of all tokens of an instance at `prices`, one an expert, at least 0.
    ///
    /// # Panics
    /// If there is not one price an expert.
    #[must_use]
    pub fn of(instance: &Instance, prices: Vec<f32>) -> Self {
        let capacity: Vec<f64> = instance.capacity().iter().map(|&c| f64::from(c)).collect();
        Self::at(Batch::of(instance), &capacity, prices, Selection::default(), None)
    }

    /// The point of some tokens at `prices`, for capacities scaled to their number. The selection is
    /// written over `memory`, with the help of the tokens' `lists` if there are any: O(T·E), less with lists.
    ///
    /// # Panics
    /// If there is not one price and one capacity an expert, or the lists are of other tokens.
    #[must_use]
    pub fn at(
        batch: Batch<'_>,
        capacity: &[f64],
        prices: Vec<f32>,
        mut memory: Selection,
        lists: Option<&mut Candidates>,
    ) -> Self {
        let k = batch.demand().k();
        assert!(prices.len() == batch.experts() && capacity.len() == batch.experts());
        match lists {
            Some(lists) => lists.fill(&mut memory, batch.scores(), &prices, k),
            None => memory.fill(batch.scores(), &prices, k),
        }
        let selection = memory;
        let loads = choice::loads(batch, &selection, &prices);
        let rents: f64 = capacity.iter().zip(&prices).map(|(c, &p)| c * f64::from(p)).sum();
        let value = gain(batch, &selection, &prices) + rents;
        Self { prices, selection, loads, value }
    }

    /// The prices, one an expert.
    #[must_use]
    pub fn prices(&self) -> &[f32] {
        &self.prices
    }

    /// The prices as a repair and a certificate take them.
    #[must_use]
    pub fn wide_prices(&self) -> Vec<f64> {
        self.prices.iter().copied().map(f64::from).collect()
    }

    /// Every token's `k` best experts at the prices.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// How many tokens take each expert ([`choice::loads`]).
    #[must_use]
    pub fn loads(&self) -> &[u32] {
        &self.loads
    }

    /// The value of the dual, but for the rounding of choices and their sums in `f32`: to go down by. What is
    /// proven is [`value::bound`](crate::value::bound).
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The selection, as memory for the next point.
    #[must_use]
    pub fn into_memory(self) -> Selection {
        self.selection
    }

    /// Prices and selection.
    #[must_use]
    pub fn into_parts(self) -> (Vec<f32>, Selection) {
        (self.prices, self.selection)
    }
}

/// What the tokens' choices are worth to them beyond the prices.
fn gain(batch: Batch<'_>, selection: &Selection, prices: &[f32]) -> f64 {
    let k = batch.demand().k();
    let mut gain = 0.0;
    for (t, row) in selection.experts.chunks_exact(k).enumerate() {
        if batch.demand().is_exact() || selection.taken[t] > 0.0 {
            gain += f64::from(selection.worth[t]);
            continue;
        }
        let scores = batch.row(t);
        for e in row.iter().map(|&e| e as usize).filter(|&e| scores[e] > prices[e]) {
            gain += f64::from(scores[e] - prices[e]);
        }
    }
    gain
}
