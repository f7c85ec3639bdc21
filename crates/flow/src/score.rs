//! Scores as the path phase takes them: `f32`, or `f64` where the instance has such.

/// A score type.
pub(crate) trait Score: Copy + PartialOrd + Into<f64> + Send + Sync + 'static {
    /// A forbidden pair.
    const NEVER: Self;
    /// An empty slot.
    const NOTHING: Self;
}

impl Score for f32 {
    const NEVER: Self = Self::NEG_INFINITY;
    const NOTHING: Self = 0.0;
}

impl Score for f64 {
    const NEVER: Self = Self::NEG_INFINITY;
    const NOTHING: Self = 0.0;
}
