//! What every way to run the reads has in common.

use std::ops::Range;

/// A way to run the reads: by itself each, or several together.
pub(super) trait Form: Sync {
    /// Reads that advance together.
    type Reads: Send;
    /// Which flips are accepted at a temperature.
    type Rule: Sync;
    /// Whether nothing that is kept drifts.
    const EXACT: bool;
    /// The most reads that advance together.
    const WIDTH: usize;

    /// Reads of those numbers from random states.
    fn start(&self, seed: u64, reads: Range<usize>) -> Self::Reads;

    /// The rule at inverse temperature `beta`.
    fn rule(&self, beta: f64) -> Self::Rule;

    /// Proposes to flip every spin of every read, and notes the best states.
    fn sweep(&self, rule: &Self::Rule, reads: &mut Self::Reads);

    /// Computes again what drifts.
    fn refresh(&self, reads: &mut Self::Reads);

    /// The lowest energy so far.
    fn best(&self, reads: &Self::Reads) -> f64;

    /// The best state of every read, after a descent.
    fn finish(&self, reads: Self::Reads) -> Vec<i8>;
}
