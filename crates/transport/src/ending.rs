//! What the rules of others leave open, closed: the end of every solver that follows one.

use spinroute_core::{Assignment, Error, Feature, Instance, Run, Solution, Stop};
use spinroute_prices::repair_in_time;

/// The solution with these choices: as they are where a rule keeps all limits and slots may stay empty, else
/// repaired in the time that is left.
///
/// `broken` says that capacities may be exceeded.
///
/// # Errors
/// [`Error::Deficient`] if there is no assignment.
pub(crate) fn feasible(
    instance: &Instance,
    mut assignment: Assignment,
    mut stop: Stop,
    broken: bool,
    run: &Run<'_>,
) -> Result<Solution, Error> {
    let limited = instance.features().iter().any(|feature| *feature != Feature::Demands);
    if broken || limited || instance.demand().is_exact() {
        let (repaired, cut) = repair_in_time(instance, assignment, None, run)?;
        (assignment, stop) = (repaired, cut.unwrap_or(stop));
    }
    Ok(Solution { assignment, prices: None, stop })
}
