//! When a repair has to end.

use std::time::Duration;

use spinroute_core::{Clock, Run};

use super::table::Table;

/// When the time is up.
#[derive(Clone, Copy)]
pub(super) struct Limit(Option<(Clock, Duration)>);

impl Limit {
    /// No limit.
    pub(super) const NONE: Self = Self(None);

    /// The limit of a run.
    pub(super) fn of(run: &Run<'_>) -> Self {
        Self(run.time_left().map(|left| (Clock::start(), left)))
    }

    /// Whether there is only just time to place so many open units of a table.
    pub(super) fn is_near(self, table: &Table<'_>, open: usize) -> bool {
        self.is_within(table.quick_cost(open), Duration::ZERO)
    }

    /// Whether no time is left.
    pub(super) fn is_over(self) -> bool {
        self.0.is_some_and(|(clock, left)| clock.elapsed() >= left)
    }

    /// Whether less time is left than `cost`, if the answer may be so late.
    pub(super) fn is_within(self, cost: Duration, late: Duration) -> bool {
        self.0.is_some_and(|(clock, left)| {
            left.saturating_add(late).saturating_sub(clock.elapsed()) < cost
        })
    }
}
