//! Elementwise passes over rows, compiled for several processors.

use spinroute_simd::widest;

widest! {
    /// `most[i] = max(most[i], row[i] − level)`.
    pub(super) fn raise(most: &'a mut [f32], row: &'a [f32], level: f32) {
        for (most, &score) in most.iter_mut().zip(row) {
            let value = score - level;
            *most = if value > *most { value } else { *most };
        }
    }

    /// Adds 1 to `counts[i]` where `row[i] − level > thresholds[i]`.
    pub(super) fn count_above(counts: &'a mut [u32], row: &'a [f32], level: f32, thresholds: &'a [f32]) {
        for ((count, &score), &threshold) in counts.iter_mut().zip(row).zip(thresholds) {
            *count += u32::from(score - level > threshold);
        }
    }

    /// `least[i] = min(least[i], row[i] − level)`, where that is finite.
    pub(super) fn sink(least: &'a mut [f32], row: &'a [f32], level: f32) {
        for (least, &score) in least.iter_mut().zip(row) {
            let value = score - level;
            *least = if value < *least && value > f32::NEG_INFINITY { value } else { *least };
        }
    }
}
