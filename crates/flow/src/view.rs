//! An instance as the price steps see it: scores in `f32`.
//!
//! Where scores were given in `f64` that `f32` does not hold, an obligatory token's row is shifted
//! so that its largest score is 0: which experts it prefers, and all prices, stay the same, and
//! the digits that matter are kept. With optional slots an empty one is worth 0, so rows stay.

use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use spinroute_core::{Error, Instance};
use spinroute_prices::{Point, value};

/// Tokens a block, for any number of threads.
const BLOCK: usize = 256;

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
        let exact = instance.demand().is_exact();
        let mut narrow = Array2::zeros((tokens, experts));
        let rows = narrow.axis_chunks_iter_mut(Axis(0), BLOCK).into_par_iter();
        let rows = rows.zip(wide.par_chunks(BLOCK * experts)).enumerate();
        let k = |t: usize| instance.k(t) as f64;
        let narrowed = |(block, (out, wide))| narrowed(out, wide, exact, |t| k(block * BLOCK + t));
        let blocks: Vec<(f64, f64)> = rows.map(narrowed).collect();
        let shift = blocks.iter().map(|block| block.0).sum::<f64>();
        let largest = blocks.iter().map(|block| block.1).fold(0.0, f64::max);
        let slots = instance.slots() as f64;
        let half_a_unit = largest * f64::from(f32::EPSILON) + f64::from(f32::MIN_POSITIVE);
        // Also what the sum of the shifts was rounded by.
        let narrowing = slots * half_a_unit + 2.0 * f64::EPSILON * slots * shift.abs();
        let view = instance.rebuild().scores(narrow).build()?;
        Ok(Self { instance: view, shift, narrowing })
    }

    /// The upper bound that a point's prices prove, from its choices: O(T·k).
    pub(crate) fn bound(&self, point: &Point) -> f64 {
        value::sharp(&self.instance, point) + self.shift + self.narrowing
    }
}

/// Narrows a block of rows, each shifted by its largest score if the demand is exact; returns the sum of
/// the shifts, of each as many as its token takes, and the largest size of what is left.
fn narrowed(
    mut out: ArrayViewMut2<'_, f32>,
    wide: &[f64],
    exact: bool,
    k: impl Fn(usize) -> f64,
) -> (f64, f64) {
    let (mut shift, mut largest) = (0.0, 0f64);
    let experts = out.ncols();
    for (t, (mut out, row)) in
        out.rows_mut().into_iter().zip(wide.chunks_exact(experts)).enumerate()
    {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let base = if exact && most.is_finite() { most } else { 0.0 };
        shift += k(t) * base;
        for (out, &score) in out.iter_mut().zip(row) {
            *out = f32::NEG_INFINITY;
            if score > f64::NEG_INFINITY {
                let shifted = (score - base).max(f64::from(f32::MIN));
                largest = largest.max(shifted.abs());
                *out = shifted as f32;
            }
        }
    }
    (shift, largest)
}
