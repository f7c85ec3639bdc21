//! Who is told of better points.

use std::ops::ControlFlow;

use spinroute_core::{Best, Stop};

use crate::dual::Dual;

/// Told every improvement on all tokens.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use spinroute_prices::{Dual, Watch};
///
/// let mut better = 0;
/// let mut improved = |_: &Dual| {
///     better += 1;
///     if better < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(spinroute_core::Stop::TargetGap) }
/// };
/// let watch = Watch::new(None, &mut improved); // for `search`, which then stops at the third better point
/// assert_eq!(watch.best.bound, None);
/// ```
pub struct Watch<'w> {
    /// The bound that a dual proves, if somebody wants to know.
    bound: Option<&'w dyn Fn(&Dual) -> f64>,
    /// May stop the search.
    improved: &'w mut dyn FnMut(&Dual) -> ControlFlow<Stop>,
    /// What an observer is told.
    pub best: Best,
}

impl<'w> Watch<'w> {
    /// Tells `improved`, which may stop the search, and, if somebody wants to know, the lowest `bound`.
    pub fn new(
        bound: Option<&'w dyn Fn(&Dual) -> f64>,
        improved: &'w mut dyn FnMut(&Dual) -> ControlFlow<Stop>,
    ) -> Self {
        Self { bound, improved, best: Best::default() }
    }

    /// Takes note of a better point on all tokens.
    pub(crate) fn see(&mut self, dual: &Dual) -> ControlFlow<Stop> {
        if let Some(bound) = self.bound {
            let bound = bound(dual);
            self.best.bound = Some(self.best.bound.map_or(bound, |best| best.min(bound)));
        }
        (self.improved)(dual)
    }
}
