//! Time that passes, also where there is no clock.

use std::time::{Duration, Instant};

/// Wall-clock time since a moment: the only place of the solvers that reads a clock.
///
/// `wasm32-unknown-unknown` has none, and asking the standard library for one panics there. On such
/// a platform no time passes: [`Clock::elapsed`] is 0, and of limits of time only one of 0 ends a run.
/// Limits of steps and observers work everywhere.
///
/// ```
/// use spinroute_core::Clock;
///
/// let clock = Clock::start();
/// let (first, second) = (clock.elapsed(), clock.elapsed());
/// assert!(first <= second);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock(Option<Instant>);

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        let none = cfg!(all(target_family = "wasm", target_os = "unknown"));
        if none { Self::still() } else { Self(Some(Instant::now())) }
    }

    /// The clock of a platform without one.
    pub(crate) const fn still() -> Self {
        Self(None)
    }

    /// The time since it began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.map_or(Duration::ZERO, |start| start.elapsed())
    }
}
