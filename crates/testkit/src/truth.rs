//! What is known about an instance, and how close is equal.

use std::fmt;

use spinroute_core::{Assignment, Certificate, Instance};

use crate::exact_objective::lead;
use crate::exact_sum::Unit;
use crate::reference::{Optimum, optimum};

/// The optimum of an instance, or what is known of it.
pub(crate) enum Truth {
    Infeasible,
    Optimum {
        optimum: Box<Optimum>,
        /// `Σ |s|` over its assignment: what its terms cancel from.
        scale: f64,
        /// Whether `f64` holds all that is between two scores: the optimum is then asked for
        /// without any tolerance.
        discrete: bool,
    },
    /// Too large for the reference.
    AtMost(f64),
}

/// The relative error that counts as none: the goal of the exact solver.
pub(crate) const RELATIVE: f64 = 1e-9;
/// The same, relative to `Σ |s|` over the pairs chosen, for scores that cancel: what prices in `f64`
/// can prove. A price carries a relative error of 2⁻⁵³, and so does each of the reduced scores that
/// it was found from; what is left is for paths of some hundred of them.
pub(crate) const CANCELLED: f64 = 1.0 / (1u64 << 44) as f64;
/// The same for what a solver reports while it runs: sums in `f64`, in whatever order.
const REPORTED: f64 = 1e-12;

/// Pairs up to which the reference is asked: some hundredths of a second.
pub(crate) const REFERENCE_PAIRS: usize = 2_000;

impl Truth {
    pub(crate) fn of(instance: &Instance) -> Self {
        if instance.tokens() * instance.experts() > REFERENCE_PAIRS {
            return Self::AtMost(Certificate::trivial(instance).bound());
        }
        match optimum(instance) {
            Ok(optimum) => Self::proven(instance, optimum),
            Err(_) => Self::Infeasible,
        }
    }

    pub(crate) fn proven(instance: &Instance, optimum: Optimum) -> Self {
        let scale = scale(instance, &optimum.assignment);
        let discrete = Unit::of(instance).fits_in_f64();
        Self::Optimum { optimum: Box::new(optimum), scale, discrete }
    }

    pub(crate) fn is_infeasible(&self) -> bool {
        matches!(self, Self::Infeasible)
    }

    /// The difference to the optimum that counts as none; to `objective` where it is not known.
    pub(crate) fn slack(&self, objective: f64) -> f64 {
        match self {
            Self::Optimum { optimum, scale, .. } => {
                RELATIVE * optimum.value.abs() + REPORTED * scale
            }
            Self::AtMost(bound) => RELATIVE * objective.abs().min(bound.abs()),
            Self::Infeasible => 0.0,
        }
    }

    /// Whether `objective ≤ optimum ≤ bound` fails for what core computed: all three are exact
    /// numbers rounded once, two to the nearest and the bound upwards, which keeps their order.
    pub(crate) fn excludes(&self, objective: f64, bound: Option<f64>) -> bool {
        self.excludes_beyond(objective, bound, 0.0)
    }

    /// The same for what a solver reports.
    pub(crate) fn excludes_report(&self, objective: f64, bound: Option<f64>) -> bool {
        self.excludes_beyond(objective, bound, self.slack(objective))
    }

    fn excludes_beyond(&self, objective: f64, bound: Option<f64>, slack: f64) -> bool {
        let below = |x: f64, y: f64| x <= y + slack;
        match self {
            Self::Infeasible => objective > f64::NEG_INFINITY,
            Self::Optimum { optimum, .. } => {
                let value = optimum.value;
                !below(objective, value) || bound.is_some_and(|bound| !below(value, bound))
            }
            Self::AtMost(most) => {
                !below(objective, *most) || bound.is_some_and(|bound| !below(objective, bound))
            }
        }
    }

    /// Whether `assignment`, which is feasible, is known to be worse than an optimal one: by more
    /// than a relative 1e-9; if `exactly`, by anything that `f64` can tell apart.
    pub(crate) fn misses(&self, judged: &Instance, assignment: &Assignment, exactly: bool) -> bool {
        let Self::Optimum { optimum, scale, discrete } = self else { return false };
        let lost = lead(judged, &optimum.assignment, assignment);
        if exactly {
            lost > if *discrete { 0.0 } else { tolerance(optimum.value, *scale) }
        } else {
            lost > RELATIVE * optimum.value.abs() + REPORTED * scale
        }
    }
}

/// `Σ |s|` over the pairs of an assignment, and the sizes of what limits of loads offer at a cost or gain, used or
/// not: the bound's terms cancel from all of it.
pub(crate) fn scale(instance: &Instance, assignment: &Assignment) -> f64 {
    let all = instance.slots() as u32;
    let offers = (0..instance.nodes()).map(|node| {
        let limits = instance.limits(node);
        f64::from(limits.overflow.up_to.min(all)) * limits.overflow.cost
            + f64::from(limits.reward.up_to.min(limits.capacity).min(all)) * limits.reward.gain
    });
    let sizes = (0..instance.tokens()).flat_map(|t| {
        let experts = assignment.experts(t).iter();
        experts.map(move |&e| instance.score(t, e as usize).abs())
    });
    sizes.sum::<f64>() + offers.sum::<f64>()
}

/// The gap between objective and bound up to which an exact solver has proven the optimum: 10⁻⁹ of
/// the objective or, where scores cancel, [`CANCELLED`] of `Σ |s|` over the pairs chosen, `scale`.
pub(crate) fn tolerance(objective: f64, scale: f64) -> f64 {
    (RELATIVE * objective.abs()).max(CANCELLED * scale)
}

/// The most that a certificate adds to the bound of `prices` so that rounding proves nothing.
#[cfg(test)]
pub(crate) fn bound_rounding(instance: &Instance, prices: &[f64]) -> f64 {
    let scores = instance.flat().iter().filter(|s| s.is_finite()).map(|s| f64::from(s.abs()));
    let most = instance.slots() as f64;
    let rent = (0..instance.nodes()).zip(prices).map(|(node, price)| {
        let limits = instance.limits(node);
        let units = f64::from(limits.highest()).min(most);
        units * (price.abs() + limits.overflow.cost + limits.reward.gain)
    });
    let paid = prices.iter().map(|p| instance.tokens() as f64 * p.abs());
    8.0 * f64::EPSILON * (scores.sum::<f64>() + rent.sum::<f64>() + paid.sum::<f64>())
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Infeasible => write!(f, "infeasible"),
            Self::Optimum { optimum, .. } => write!(f, "{:e}", optimum.value),
            Self::AtMost(bound) => write!(f, "at most {bound:e}"),
        }
    }
}
