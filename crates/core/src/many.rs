//! Many instances at once: layers and micro-batches.

use std::borrow::Borrow;
use std::sync::{Mutex, PoisonError};

use crate::{Budget, Error, Instance, Run, Solution, Solver, Workspace};

/// Solves many instances, in parallel over them first, and inside the last ones where threads are free.
///
/// The answers come in the order of the instances, each the same as that of its own
/// `Run::new(seed).budget(budget)`, for any number of threads of the current rayon pool. Instances are drawn from
/// the iterator as threads become free, so one that reads or builds them holds only as many as there are threads.
/// Each thread keeps one [`Workspace`].
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Budget, Demand, Error, Instance, Run, Solution, Solver, Stop, solve_many};
///
/// struct First;
/// impl Solver for First {
///     fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
///         let assignment = Assignment::from_slots(1, vec![0; instance.tokens()]);
///         Ok(Solution { assignment, prices: None, stop: Stop::Finished })
///     }
/// }
///
/// let layer = |score| Instance::new(array![[score, 0.5]], vec![1, 1], Demand::Exactly(1));
/// let layers = [layer(0.25)?, layer(0.75)?];
/// let solutions = solve_many(&First, &layers, 0, &Budget::default());
/// let objectives = layers.iter().zip(solutions).map(|(layer, solution)| {
///     Ok::<_, Error>(layer.objective(&solution?.assignment)?)
/// });
/// assert_eq!(objectives.collect::<Result<Vec<_>, _>>()?, [0.25, 0.75]);
/// # Ok::<(), Error>(())
/// ```
pub fn solve_many<I>(
    solver: &dyn Solver,
    instances: I,
    seed: u64,
    budget: &Budget,
) -> Vec<Result<Solution, Error>>
where
    I: IntoIterator,
    I::Item: Borrow<Instance>,
    I::IntoIter: Send,
{
    let waiting = Mutex::new(instances.into_iter().enumerate().fuse());
    let solved = Mutex::new(Vec::new());
    let work = || {
        let mut workspace = Workspace::default();
        loop {
            // A panic of a solver ends all: rayon carries it to the caller.
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, instance)) = next else { break };
            let mut run = Run::new(seed).budget(*budget).workspace(&mut workspace);
            let solution = solver.solve(instance.borrow(), &mut run);
            solved.lock().unwrap_or_else(PoisonError::into_inner).push((index, solution));
        }
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| work());
        }
    });
    let mut solved = solved.into_inner().unwrap_or_else(PoisonError::into_inner);
    solved.sort_unstable_by_key(|&(index, _)| index);
    solved.into_iter().map(|(_, solution)| solution).collect()
}
