//! Capacity factors.

use crate::Error;

/// `⌈F · slots · members / all⌉`.
pub(crate) fn share(slots: u64, members: usize, all: usize, factor: f64) -> Result<u32, Error> {
    if !(factor > 0.0 && factor.is_finite()) {
        return Err(Error::CapacityFactor { factor });
    }
    // F·T·k/E can fall a hair above a whole number by rounding, which must not add a slot.
    let exact = factor * (slots as f64 * members as f64) / all as f64;
    let whole = exact.round();
    let capacity = if (exact - whole).abs() <= 1e-9 * whole { whole } else { exact.ceil() };
    Ok(capacity.min(f64::from(u32::MAX - 1)) as u32)
}
