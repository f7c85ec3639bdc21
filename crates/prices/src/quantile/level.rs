//! The token half of a round: what each token gets from the best expert that it leaves.

use spinroute_core::Demand;

use crate::pass::Selection;

/// What `α` is where a token has no expert left that it may take: all up to its k-th largest reduced score
/// minimise the dual.
///
/// ```
/// use spinroute_prices::quantile::Unbounded;
///
/// // What a solver chooses that needs finite levels; `levels` has the numbers of both.
/// assert_ne!(Unbounded::Taken, Unbounded::Silent);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbounded {
    /// The upper end, its k-th largest: finite.
    Taken,
    /// `∞`, as if the token were not there: it pays any price, and so says nothing about prices.
    Silent,
}

/// `α`, one a token.
///
/// ```
/// use spinroute_core::Demand;
/// use spinroute_prices::Selection;
/// use spinroute_prices::quantile::{Unbounded, levels};
///
/// let mut selection = Selection::default();
/// selection.fill(&[0.9, 0.4, 0.7, f32::NEG_INFINITY], &[0.0, 0.0], 1);
/// let alpha = |unbounded| levels(Demand::Exactly(1), &selection, unbounded);
/// assert_eq!(alpha(Unbounded::Taken), [0.4, 0.7]);
/// assert_eq!(alpha(Unbounded::Silent), [0.4, f32::INFINITY]);
/// ```
#[must_use]
pub fn levels(demand: Demand, selection: &Selection, unbounded: Unbounded) -> Vec<f32> {
    let ends = selection.left.iter().zip(&selection.taken);
    if !demand.is_exact() {
        // A token that takes nothing has taken = ∞.
        let level = |(&left, &taken): (&f32, &f32)| {
            if taken == f32::INFINITY { taken } else { left.max(0.0) }
        };
        return ends.map(level).collect();
    }
    let level = |(&left, &taken): (&f32, &f32)| match unbounded {
        _ if left > f32::NEG_INFINITY => left,
        Unbounded::Silent => f32::INFINITY,
        Unbounded::Taken if taken > f32::NEG_INFINITY => taken,
        // Prices so large that a reduced score is -∞. Any level will do.
        Unbounded::Taken => 0.0,
    };
    ends.map(level).collect()
}
