//! A point of the dual: prices, and what follows from them.

use spinroute_core::Instance;

use crate::batch::Batch;
use crate::choice;
use crate::pass::{Candidates, Selection};
use crate::tree::Tree;

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
    /// What tokens pay, one an expert.
    prices: Vec<f32>,
    /// Where there are groups, own prices of all nodes.
    own: Option<Own>,
    selection: Selection,
    loads: Vec<u32>,
    value: f64,
}

/// Own prices of all nodes of a tree with groups.
#[derive(Clone, Debug)]
struct Own {
    narrow: Vec<f32>,
    /// As the totals differ.
    wide: Vec<f64>,
}

impl Point {
    /// The point of all tokens of an instance at own `prices`, one an expert, then one a group; those of all
    /// groups may be left out.
    ///
    /// # Panics
    /// If there is not one price an expert and group.
    #[must_use]
    pub fn of(instance: &Instance, mut prices: Vec<f32>) -> Self {
        if prices.len() == instance.experts() {
            prices.resize(instance.nodes(), 0.0);
        }
        Self::under(Batch::of(instance), &Tree::of(instance), prices, Selection::default(), None)
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
        memory: Selection,
        lists: Option<&mut Candidates>,
    ) -> Self {
        Self::under(batch, &Tree::plain(capacity), prices, memory, lists)
    }

    /// As [`Point::at`] under any limits of loads, at own prices.
    ///
    /// # Panics
    /// If there is not one price a node of the tree, or that is of other experts.
    #[must_use]
    pub fn under(
        batch: Batch<'_>,
        tree: &Tree,
        own: Vec<f32>,
        mut memory: Selection,
        lists: Option<&mut Candidates>,
    ) -> Self {
        assert!(own.len() == tree.nodes() && tree.experts() == batch.experts());
        let rents = tree.rents(&own);
        let (prices, own) = if tree.nodes() == tree.experts() {
            (own, None)
        } else {
            let mut totals = tree.totals(&own);
            let price = |node: usize| {
                let around = tree.around(node).map_or(0.0, |around| totals[around]);
                f64::from(totals[node]) - f64::from(around)
            };
            let wide = (0..totals.len()).map(price).collect();
            totals.truncate(tree.experts());
            (totals, Some(Own { narrow: own, wide }))
        };
        match lists {
            Some(lists) => lists.fill_batch(&mut memory, batch, &prices),
            None => memory.fill_batch(batch, &prices),
        }
        let selection = memory;
        let loads = choice::loads(batch, &selection, &prices);
        let value = gain(batch, &selection, &prices) + rents;
        Self { prices, own, selection, loads, value }
    }

    /// What tokens pay, one price an expert.
    #[must_use]
    pub fn prices(&self) -> &[f32] {
        &self.prices
    }

    /// The own prices of experts and groups.
    #[must_use]
    pub fn own(&self) -> &[f32] {
        self.own.as_ref().map_or(&self.prices, |own| &own.narrow)
    }

    /// The own prices as a repair and a certificate take them, such that tokens pay what they paid here.
    #[must_use]
    pub fn wide_prices(&self) -> Vec<f64> {
        match &self.own {
            Some(own) => own.wide.clone(),
            None => self.prices.iter().copied().map(f64::from).collect(),
        }
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

    /// Own prices and selection.
    #[must_use]
    pub fn into_parts(self) -> (Vec<f32>, Selection) {
        (self.own.map_or(self.prices, |own| own.narrow), self.selection)
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
        let (scores, row) = (batch.row(t), &row[..batch.k(t)]);
        for e in row.iter().map(|&e| e as usize).filter(|&e| scores[e] > prices[e]) {
            gain += f64::from(scores[e] - prices[e]);
        }
    }
    gain
}
