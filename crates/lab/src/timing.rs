//! One timed run, medians of several, pools of threads.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use spinroute_core::{Budget, Error, Instance, Observer, Run, Solution, Solver};

/// What a run is given beside the instance.
///
/// ```
/// use spinroute_core::Budget;
/// use spinroute_lab::Settings;
///
/// let seeded = Settings { seed: 7, ..Settings::default() };
/// assert!(seeded.budget.time.is_none() && seeded.warm_prices.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings<'a> {
    /// Seed of all randomness.
    pub seed: u64,
    /// Limits of the run.
    pub budget: Budget,
    /// Prices to start from.
    pub warm_prices: Option<&'a [f64]>,
}

/// A solution with the time that the solver alone took.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_lab::{Settings, TimedSolution, solve};
/// use spinroute_transport::Greedy;
///
/// let instance = Instance::new(array![[0.9, 0.8]], vec![1, 1], Demand::Exactly(1))?;
/// let TimedSolution { solution, wall } =
///     solve(&Greedy::default(), &instance, Settings::default(), None)?;
/// assert_eq!(solution.assignment.slots(), [0]);
/// println!("{wall:?}");
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TimedSolution {
    /// What the solver returned.
    pub solution: Solution,
    /// Wall-clock time of [`Solver::solve`].
    pub wall: Duration,
}

/// Runs a solver once.
///
/// # Errors
/// Of the solver.
pub fn solve<'a>(
    solver: &dyn Solver,
    instance: &Instance,
    settings: Settings<'a>,
    observer: Option<&'a mut Observer<'a>>,
) -> Result<TimedSolution, Error> {
    let mut run = Run::new(settings.seed).budget(settings.budget);
    if let Some(prices) = settings.warm_prices {
        run = run.warm_prices(prices);
    }
    if let Some(observer) = observer {
        run = run.observer(observer);
    }
    let start = Instant::now();
    let solution = solver.solve(instance, &mut run)?;
    Ok(TimedSolution { solution, wall: start.elapsed() })
}

/// Runs `work` once: its result and the wall-clock time in milliseconds.
///
/// ```
/// let (sum, milliseconds) = spinroute_lab::timing::time(|| (0..1000u64).sum::<u64>());
/// assert!(sum == 499_500 && milliseconds >= 0.0);
/// ```
pub fn time<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, milliseconds(start.elapsed()))
}

/// A time in milliseconds.
#[must_use]
pub fn milliseconds(wall: Duration) -> f64 {
    wall.as_secs_f64() * 1e3
}

/// Tokens routed a second.
#[must_use]
pub fn tokens_per_second(tokens: usize, wall: Duration) -> f64 {
    tokens as f64 / wall.as_secs_f64().max(1e-9)
}

/// A pool of `threads` workers: solvers run in the pool that calls them.
///
/// # Errors
/// If the system refuses the threads.
pub fn pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).build()
}

/// Times of one quantity, in milliseconds.
///
/// ```
/// let mut timings = spinroute_lab::Timings::default();
/// [9.0, 1.0, 2.0].into_iter().for_each(|milliseconds| timings.add(milliseconds));
/// assert_eq!(timings.median(), 2.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Timings(Vec<f64>);

impl Timings {
    /// Adds a time.
    pub fn add(&mut self, milliseconds: f64) {
        self.0.push(milliseconds);
    }

    /// The median, NaN of none.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        }
    }

    /// The least, infinite of none: what a noisy machine disturbed least.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// The run of median time, and the median: the mean of the two in the middle of an even number.
pub(crate) fn median(mut runs: Vec<TimedSolution>) -> Option<(Solution, Duration)> {
    runs.sort_by_key(|run| run.wall);
    let middle = runs.len() / 2;
    let wall = runs.get(middle)?.wall;
    let wall = if runs.len() % 2 == 1 { wall } else { (runs[middle - 1].wall + wall) / 2 };
    Some((runs.swap_remove(middle).solution, wall))
}

#[cfg(test)]
mod tests {
    use spinroute_core::{Assignment, Stop};

    use super::*;

    #[test]
    fn medians_of_odd_and_even_numbers_of_times() {
        assert!(Timings::default().median().is_nan());
        assert_eq!(Timings(vec![9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Timings(vec![9.0, 1.0, 2.0, 4.0]).median(), 3.0);
        assert_eq!(Timings(vec![9.0, 1.0, 2.0, 4.0]).least(), 1.0);
    }

    #[test]
    fn the_answer_of_the_median_run_counts() {
        let run = |milliseconds: u64| TimedSolution {
            solution: Solution {
                assignment: Assignment::from_slots(1, vec![milliseconds as u32]),
                prices: None,
                stop: Stop::Finished,
            },
            wall: Duration::from_millis(milliseconds),
        };
        let of = |runs: &[u64]| {
            let (solution, wall) = median(runs.iter().copied().map(run).collect())?;
            Some((solution.assignment.slots()[0], wall.as_millis()))
        };
        assert_eq!(of(&[9, 1, 2]), Some((2, 2)));
        assert_eq!(of(&[9, 1, 2, 4]), Some((4, 3)));
        assert_eq!(of(&[]), None);
    }
}
