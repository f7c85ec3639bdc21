//! Plain top-k: what every router does when nobody counts.
//!
//! Token `t` takes the `k[t]` experts of largest `s[t,e]`, ties to the lower expert. Optimal without
//! limits of loads, and the baseline for everything else: it looks at none of them, so it takes every
//! instance. One pass, O(T·E), without steps: no limit of a run
//! can end it.
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{Assignment, Error, Instance, Run, Solution, Solver, Stop, parameters};
use spinroute_prices::{Batch, Selection, choice};

parameters! {
    /// The `k[t]` best experts of every token, whatever the capacities, minimums, groups and costs of loads. A
    /// masked token takes none.
    ///
    /// The answer satisfies every constraint of [`Instance::uncapped`] and is optimal there. Under
    /// `AtMost` only positive scores are taken; a forbidden pair never is.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_transport::TopK;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = TopK {}.solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [0, 0]); // both want expert 0, which holds one
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct TopK {}
}

impl TopK {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "topk",
        summary: "the k best experts of every token, whatever the capacities: the baseline",
        exact: false,
        facts: Facts { prices: false, capacity: false },
        reference: "Shazeer et al. 2017, arXiv 1701.06538",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for TopK {
    /// # Errors
    /// [`Error::Deficient`] if a token must take `k` experts and has fewer that are allowed.
    fn solve(&self, instance: &Instance, _run: &mut Run<'_>) -> Result<Solution, Error> {
        let assignment = choose(instance)?;
        Ok(Solution { assignment, prices: None, stop: Stop::Finished })
    }

    fn respects_capacity(&self) -> bool {
        false
    }
}

/// The top-k choices of every token at zero prices.
///
/// # Errors
/// [`Error::Deficient`] as for [`TopK`].
pub(crate) fn choose(instance: &Instance) -> Result<Assignment, Error> {
    let (mut selection, free) = (Selection::default(), vec![0.0; instance.experts()]);
    selection.fill_batch(Batch::of(instance), &free);
    choice::enough_allowed(instance, &selection)?;
    Ok(choice::table(Batch::of(instance), &selection, &free))
}
