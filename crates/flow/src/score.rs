//! Scores as the path phase takes them: `f32`, or `f64` where the instance has such.

use spinroute_prices::row;

/// A score type, and the passes over its rows.
pub(crate) trait Score: Copy + PartialOrd + Into<f64> + Send + Sync {
    /// A forbidden pair.
    const NEVER: Self;
    /// An empty slot.
    const NOTHING: Self;

    /// See [`row::lower`].
    fn lower(least: &mut [f64], second: &mut [f64], from: Self, row: &[Self]);

    /// See [`row::withdraw`].
    fn withdraw(least: &mut [f64], second: &[f64], from: Self, row: &[Self], stale: &mut [u64]);

    /// See [`row::above`].
    fn above(row: &[Self], prices: &[f64], level: f64) -> u64;
}

impl Score for f32 {
    const NEVER: Self = Self::NEG_INFINITY;
    const NOTHING: Self = 0.0;

    fn lower(least: &mut [f64], second: &mut [f64], from: Self, row: &[Self]) {
        row::lower(least, second, from, row);
    }

    fn withdraw(least: &mut [f64], second: &[f64], from: Self, row: &[Self], stale: &mut [u64]) {
        row::withdraw(least, second, from, row, stale);
    }

    fn above(row: &[Self], prices: &[f64], level: f64) -> u64 {
        row::above(row, prices, level)
    }
}

impl Score for f64 {
    const NEVER: Self = Self::NEG_INFINITY;
    const NOTHING: Self = 0.0;

    fn lower(least: &mut [f64], second: &mut [f64], from: Self, row: &[Self]) {
        row::lower_wide(least, second, from, row);
    }

    fn withdraw(least: &mut [f64], second: &[f64], from: Self, row: &[Self], stale: &mut [u64]) {
        row::withdraw_wide(least, second, from, row, stale);
    }

    fn above(row: &[Self], prices: &[f64], level: f64) -> u64 {
        row::above_wide(row, prices, level)
    }
}
