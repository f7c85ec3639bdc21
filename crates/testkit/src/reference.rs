//! Two independent exact solvers that are slow and obviously right.
//!
//! [`optimum`] is the textbook minimum-cost flow by successive shortest paths, found with the
//! queue form of Bellman-Ford on the full network from tokens through experts and groups (Ahuja, Magnanti, Orlin,
//! *Network Flows*, 1993, sections 5.4 and 9.7; 14.4 for convex costs). All path lengths are exact sums of the
//! scores and costs as they were given, in `f32` or `f64`, so no tolerance decides anything, at whatever spread.
//! What must carry flow comes first, in a count beside the cost; what stays short of it is a cut, by A. Hoffman's
//! circulation theorem (1960). Time O(T·k · (T+E) · T·E) at worst and near
//! O(T·k · T·E) in practice: 20 ms for 64 × 16 with k = 4, 7 s for 312 × 64 with k = 8. Meant for
//! up to [`Reference::MAX_PAIRS`] pairs.
//!
//! [`brute_force`] enumerates, and is the witness of the witness. Meant for up to about 16 pairs.
//!
//! Neither shares code with the solvers of this project.

mod network;
mod residual;

use spinroute_core::{Assignment, Deficiency, Error, Instance, Run, Solution, Solver, Stop};

pub use crate::enumerate::brute_force;
use crate::exact_objective::objective;
use crate::exact_sum::{NARROW, Unit, WIDE};
use network::Network;

/// The optimum of an instance, with its proof.
///
/// ```
/// use spinroute_core::Certificate;
/// use spinroute_testkit::generate;
///
/// let (instance, optimum) = generate::planted(12, 4, 2, 7)?; // an optimum that was chosen first
/// assert_eq!(instance.objective(&optimum.assignment)?, optimum.value);
/// assert_eq!(Certificate::new(&instance, optimum.prices)?.bound(), optimum.value);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The largest objective, rounded once to `f64`.
    pub value: f64,
    /// An assignment that reaches it.
    pub assignment: Assignment,
    /// The price of each expert, then of each group, that proves it, each rounded once to `f64`.
    pub prices: Vec<f64>,
}

/// The exact optimum of `instance`, or the tokens, experts and groups that prove that it has no
/// assignment.
///
/// # Errors
/// If some token is left short of an `Exactly` demand, or some load of its minimum.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_testkit::reference::optimum;
///
/// let instance = Instance::new(array![[0.75, 0.5], [1.0, 0.25]], vec![1, 1], Demand::Exactly(1))?;
/// assert_eq!(optimum(&instance).unwrap().value, 1.5);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
pub fn optimum(instance: &Instance) -> Result<Optimum, Deficiency> {
    let unit = Unit::of(instance);
    match unit.words() {
        0..=2 => solved::<2>(instance, unit),
        3..=NARROW => solved::<NARROW>(instance, unit),
        _ => solved::<WIDE>(instance, unit),
    }
}

fn solved<const W: usize>(instance: &Instance, unit: Unit) -> Result<Optimum, Deficiency> {
    let mut network = Network::<W>::new(instance, unit);
    network.fill();
    let residual = network.residual();
    if let Some((head, _)) = network.unmet() {
        let cut = residual.cut(instance, head);
        return Err(
            cut.unwrap_or_else(|| unreachable!("no path is open: what is reached is a cut"))
        );
    }
    let assignment = network.assignment();
    let value = objective::<W>(instance, &assignment, unit.low).value(unit.low);
    Ok(Optimum { value, assignment, prices: residual.prices(instance, unit.low) })
}

/// [`optimum`] as a [`Solver`], to be compared with others in the same harness. Single-pass: it
/// has no steps and ignores warm prices.
///
/// ```
/// use spinroute_core::{Run, Solver, evaluate};
/// use spinroute_testkit::{generate, reference::Reference};
///
/// let instance = generate::skewed(12, 4, 2, 1.0, 7)?;
/// let solution = Reference.solve(&instance, &mut Run::new(0))?;
/// assert!(evaluate(&instance, &solution)?.gap < 1e-12);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Reference {
    /// Larger instances (in pairs, T·E) are refused with [`Error::Unsupported`].
    pub const MAX_PAIRS: usize = 20_000;
}

impl Solver for Reference {
    fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
        let pairs = instance.tokens() * instance.experts();
        if pairs > Self::MAX_PAIRS {
            let limit = Self::MAX_PAIRS;
            let why = format!("the reference solver takes up to {limit} pairs, not {pairs}");
            return Err(Error::Unsupported(why));
        }
        match optimum(instance) {
            Ok(Optimum { assignment, prices, .. }) => {
                Ok(Solution { assignment, prices: Some(prices), stop: Stop::Finished })
            }
            Err(deficiency) => Err(Error::Deficient(Box::new(deficiency))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spinroute_core::Certificate;

    use super::*;
    use crate::strategy::{Shape, any_instance};
    use crate::truth::bound_rounding;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        /// One finds by augmenting what the other finds by trying all, and the prices prove it.
        #[test]
        fn flow_is_enumeration(instance in any_instance(&Shape::tiny())) {
            match optimum(&instance) {
                Ok(optimum) => {
                    prop_assert_eq!(brute_force(&instance), Some(optimum.value));
                    proves(&instance, &optimum)?;
                }
                Err(deficiency) => {
                    prop_assert_eq!(brute_force(&instance), None);
                    prop_assert!(deficiency.proves(&instance));
                }
            }
        }

        #[test]
        fn prices_prove_what_is_too_large_to_enumerate(instance in any_instance(&Shape::default())) {
            if let Ok(optimum) = optimum(&instance) {
                proves(&instance, &optimum)?;
            }
        }
    }

    fn proves(instance: &Instance, optimum: &Optimum) -> Result<(), TestCaseError> {
        let objective = instance.objective(&optimum.assignment);
        let bound = Certificate::new(instance, optimum.prices.clone()).unwrap().bound();
        prop_assert_eq!(objective, Ok(optimum.value));
        // What prices lose as they are rounded to `f64`.
        let rounding = bound_rounding(instance, &optimum.prices);
        let proven = optimum.value..=optimum.value + rounding;
        prop_assert!(proven.contains(&bound), "{bound:e} {:e}", optimum.value);
        Ok(())
    }
}
