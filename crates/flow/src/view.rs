//! An instance as the price steps see it: scores in `f32`.
//!
//! Where scores were given in `f64` that `f32` does not hold, an obligatory token's row is shifted
//! so that its largest score is 0: which experts it prefers, and all prices, stay the same, and
//! the digits that matter are kept. With optional slots an empty one is worth 0, so rows stay.

use spinroute_core::{Error, Instance};

use crate::dual::Dual;

/// The instance to search prices on, and what its dual is off by.
pub(crate) struct View {
    pub(crate) instance: Instance,
    /// What the shifts took from every objective.
    shift: f64,
    /// The most that narrowing can have changed an objective by.
    narrowing: f64,
}

impl View {
    pub(crate) fn new(instance: &Instance) -> Result<Self, Error> {
        let Some(wide) = instance.wide() else {
            return Ok(Self { instance: instance.clone(), shift: 0.0, narrowing: 0.0 });
        };
        let (tokens, experts) = (instance.tokens(), instance.experts());
        let k = instance.demand().k() as f64;
        let (mut shift, mut largest) = (0.0, 0f64);
        let mut narrow = ndarray::Array2::zeros((tokens, experts));
        for (mut out, row) in narrow.rows_mut().into_iter().zip(wide.chunks_exact(experts)) {
            let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let base = if instance.demand().is_exact() && most.is_finite() { most } else { 0.0 };
            shift += k * base;
            for (out, &score) in out.iter_mut().zip(row) {
                if score > f64::NEG_INFINITY {
                    let shifted = (score - base).max(f64::from(f32::MIN));
                    largest = largest.max(shifted.abs());
                    *out = shifted as f32;
                } else {
                    *out = f32::NEG_INFINITY;
                }
            }
        }
        let slots = tokens as f64 * k;
        let half_a_unit = largest * f64::from(f32::EPSILON) + f64::from(f32::MIN_POSITIVE);
        // Also what the sum of the shifts was rounded by.
        let narrowing = slots * half_a_unit + 2.0 * f64::EPSILON * slots * shift.abs();
        let view = Instance::new(narrow, instance.capacity().to_vec(), instance.demand())?;
        Ok(Self { instance: view, shift, narrowing })
    }

    /// The upper bound that the dual's value proves: with what choosing in `f32` can have hidden.
    pub(crate) fn bound(&self, dual: &Dual) -> f64 {
        let slots = (self.instance.tokens() * self.instance.demand().k()) as f64;
        let highest = dual.prices.iter().fold(0f64, |a, &p| a.max(f64::from(p)));
        let hidden = (slots * highest + dual.value.abs()) * 2f64.powi(-21);
        dual.value + hidden + self.shift + self.narrowing
    }
}
