//! Timing: medians of interleaved samples, thread pools, the machine.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Serialize;

/// Runs `work` once: its result and the wall-clock time in milliseconds.
pub fn time<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, start.elapsed().as_secs_f64() * 1e3)
}

/// Samples of one quantity, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a sample.
    pub fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// The median, NaN without samples.
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
}

/// A pool of `threads` workers: solvers run in the pool that calls them.
///
/// # Errors
/// If the system refuses the threads.
pub fn pool(threads: usize) -> Result<ThreadPool> {
    Ok(ThreadPoolBuilder::new().num_threads(threads).build()?)
}

/// Where and of what the figures were taken.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Hardware threads in use.
    pub cores: usize,
    /// The code's commit, `+` if the working tree differs from it.
    pub commit: String,
    /// Day, UTC.
    pub date: String,
}

impl Machine {
    /// Asks the system; what it does not say is "unknown".
    #[must_use]
    pub fn here() -> Self {
        let processor = std::fs::read_to_string("/proc/cpuinfo")
            .ok()
            .and_then(|text| {
                let line = text.lines().find(|line| line.starts_with("model name"))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            })
            .unwrap_or_else(|| "unknown".to_owned());
        let dirty = !output("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
        let commit = output("git", &["rev-parse", "--short", "HEAD"]);
        Self {
            processor,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            commit: if dirty { commit + "+" } else { commit },
            date: output("date", &["-u", "+%F"]),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processor, cores, commit, date } = self;
        write!(f, "{processor}, {cores} cores, commit {commit}, {date}")
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    Command::new(program)
        .args(arguments)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn medians_of_odd_and_even_numbers_of_samples() {
        assert!(Samples::default().median().is_nan());
        assert_eq!(Samples(vec![9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(Samples(vec![9.0, 1.0, 2.0, 4.0]).median(), 3.0);
    }
}
