//! A point of the dual beside the capacities: how far it is from balance.

use crate::batch::Batch;
use crate::pass::Selection;
use crate::point::Point;
use crate::tree::Tree;

/// A point, and the units that its choices leave out of place.
#[derive(Clone, Debug)]
pub struct Dual {
    point: Point,
    /// What each node's load exceeds what its price asks for, ties split to where there is room.
    excess: Vec<f64>,
    units: f64,
}

impl Dual {
    /// Weighs a point of some tokens, for limits scaled to their number.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance};
    /// use spinroute_prices::{Batch, Dual, Point, Tree};
    ///
    /// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
    /// let tree = Tree::of(&instance);
    /// let dual = |prices| Dual::new(Point::of(&instance, prices), Batch::of(&instance), &tree);
    /// assert_eq!(dual(vec![0.0, 0.0]).units(), 1.0); // expert 0 is wanted twice
    /// assert_eq!(dual(vec![0.2, 0.0]).units(), 0.0);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(point: Point, batch: Batch<'_>, tree: &Tree) -> Self {
        let mut load: Vec<f64> = point.loads().iter().map(|&load| f64::from(load)).collect();
        split_ties(&mut load, point.selection(), batch, tree);
        let excess = tree.excess(&load, point.own());
        let (mut over, mut short) = (0.0, 0.0);
        for excess in &excess {
            over += excess.max(0.0);
            short += (-excess).max(0.0);
        }
        Self { point, excess, units: f64::max(over, short) }
    }

    /// The point.
    #[must_use]
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// What each node's load exceeds what its price asks for, negative where it lacks that
    /// ([`Tree::excess`]); choices that cost the same are counted where there is room.
    #[must_use]
    pub fn excess(&self) -> &[f64] {
        &self.excess
    }

    /// Units out of place: the larger of what is over what prices ask for and what is lacking. With one capacity
    /// an expert, what is over capacity and what priced experts lack.
    #[must_use]
    pub fn units(&self) -> f64 {
        self.units
    }

    /// The point.
    #[must_use]
    pub fn into_point(self) -> Point {
        self.point
    }
}

/// Counts a token whose last expert taken and first one left are equal where there is room:
/// which of them it takes costs nothing.
fn split_ties(load: &mut [f64], selection: &Selection, batch: Batch<'_>, tree: &Tree) {
    let Selection { taken, left, last, next, .. } = selection;
    for t in (0..taken.len()).filter(|&t| taken[t] == left[t] && left[t] > f32::NEG_INFINITY) {
        let (from, to) = (last[t] as usize, next[t] as usize);
        let counted = batch.demand().is_exact() || taken[t] > 0.0;
        let over = |e: usize| load[e] - tree.capacity(e);
        if counted && over(from) > over(to) + 1.0 {
            load[from] -= 1.0;
            load[to] += 1.0;
        }
    }
}
