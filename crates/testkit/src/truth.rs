//! What is known about an instance, and how close is equal.

use std::fmt;

use spinroute_core::{Certificate, Instance};

use crate::reference::{Optimum, Reference, optimum};

/// The optimum of an instance, or what is known of it.
pub(crate) enum Truth {
    Infeasible,
    Optimum {
        value: f64,
        /// `Σ |s|` over an optimal assignment: what its terms cancel from.
        scale: f64,
    },
    /// Too large for the reference.
    AtMost(f64),
}

/// The relative error that counts as none: the goal of the exact solver.
const RELATIVE: f64 = 1e-9;
/// The same for terms that cancel: what sums and prices in `f64` can keep.
const CANCELLED: f64 = 1e-12;

impl Truth {
    pub(crate) fn of(instance: &Instance) -> Self {
        if instance.tokens() * instance.experts() > Reference::MAX_PAIRS {
            return Self::AtMost(Certificate::trivial(instance).bound());
        }
        match optimum(instance) {
            Ok(optimum) => Self::proven(instance, &optimum),
            Err(_) => Self::Infeasible,
        }
    }

    pub(crate) fn proven(instance: &Instance, optimum: &Optimum) -> Self {
        let sizes = (0..instance.tokens()).flat_map(|t| {
            let experts = optimum.assignment.experts(t).iter();
            experts.map(move |&e| f64::from(instance.scores(t)[e as usize]).abs())
        });
        Self::Optimum { value: optimum.value, scale: sizes.sum() }
    }

    pub(crate) fn is_infeasible(&self) -> bool {
        matches!(self, Self::Infeasible)
    }

    /// The difference to the optimum that counts as none; to `objective` where it is not known.
    pub(crate) fn slack(&self, objective: f64) -> f64 {
        match self {
            Self::Optimum { value, scale } => RELATIVE * value.abs() + CANCELLED * scale,
            Self::AtMost(bound) => RELATIVE * objective.abs().min(bound.abs()),
            Self::Infeasible => 0.0,
        }
    }

    /// Whether `objective ≤ optimum ≤ bound` fails.
    pub(crate) fn excludes(&self, objective: f64, bound: Option<f64>) -> bool {
        let slack = self.slack(objective);
        let below = |x: f64, y: f64| x <= y + slack;
        match self {
            Self::Infeasible => objective > f64::NEG_INFINITY,
            Self::Optimum { value, .. } => {
                !below(objective, *value) || bound.is_some_and(|bound| !below(*value, bound))
            }
            Self::AtMost(most) => {
                !below(objective, *most) || bound.is_some_and(|bound| !below(objective, bound))
            }
        }
    }

    /// Whether `objective` is known to be below the optimum.
    pub(crate) fn misses(&self, objective: f64) -> bool {
        match self {
            Self::Optimum { value, .. } => objective < value - self.slack(objective),
            Self::Infeasible | Self::AtMost(_) => false,
        }
    }
}

/// What rounding may leave between objective and bound where the objective is about 0: a few
/// units in the last place of the largest score, for every slot.
pub(crate) fn rounding(instance: &Instance) -> f64 {
    let finite = instance.flat().iter().filter(|s| s.is_finite());
    let largest = finite.fold(0f32, |largest, s| largest.max(s.abs()));
    let slots = instance.tokens() * instance.demand().k();
    16.0 * f64::EPSILON * slots as f64 * f64::from(largest)
}

/// The most that a certificate adds to the bound of `prices` so that rounding proves nothing.
#[cfg(test)]
pub(crate) fn bound_rounding(instance: &Instance, prices: &[f64]) -> f64 {
    let scores = instance.flat().iter().filter(|s| s.is_finite()).map(|s| f64::from(s.abs()));
    let rent = instance.capacity().iter().zip(prices).map(|(&c, p)| f64::from(c) * p);
    let prices = prices.iter().map(|p| instance.tokens() as f64 * p);
    4.0 * f64::EPSILON * (scores.sum::<f64>() + rent.sum::<f64>() + prices.sum::<f64>())
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Infeasible => write!(f, "infeasible"),
            Self::Optimum { value, .. } => write!(f, "{value:e}"),
            Self::AtMost(bound) => write!(f, "at most {bound:e}"),
        }
    }
}
