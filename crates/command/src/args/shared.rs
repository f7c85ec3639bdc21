//! Options of both kinds of problem: parameters of a solver, seed, limits, threads.

use std::time::Duration;

use clap::Args;
use serde_json::{Map, Value};
use spinroute::Budget;

use crate::exit::Failure;

/// The parameters of a solver.
#[derive(Debug, Args)]
pub(crate) struct ParameterArgs {
    /// A parameter of the solver; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting, help_heading = "Solver")]
    pub(crate) set: Vec<(String, Value)>,
}

impl ParameterArgs {
    /// As one map.
    pub(crate) fn map(&self) -> Result<Map<String, Value>, Failure> {
        settings(&self.set).map_err(Failure::Usage)
    }
}

/// How solvers run.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct RunArgs {
    /// Seed of all randomness
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true,
        help_heading = "Solver"
    )]
    pub(crate) seed: u64,
    /// Stop a run after this time (200ms, 2s, 1m) with the best so far
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Solver")]
    pub(crate) time_limit: Option<Duration>,
    /// Threads to use [default: all cores]; answers do not depend on it
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true, help_heading = "Solver")]
    pub(crate) threads: Option<usize>,
}

impl RunArgs {
    /// The limit on a run.
    pub(crate) fn budget(self) -> Budget {
        Budget { steps: None, time: self.time_limit }
    }
}

/// `key=value`, where the value is JSON if it reads as JSON, and a word otherwise.
fn setting(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            let value = value.trim();
            let word = || Value::String(value.to_owned());
            Ok((key.trim().to_owned(), serde_json::from_str(value).unwrap_or_else(|_| word())))
        }
        _ => Err("write it as key=value, as in rounds=8".into()),
    }
}

/// More threads than any machine for this has cores would only take its memory.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|n| (1..=1024).contains(n));
    threads.ok_or_else(|| "give a whole number from 1 to 1024".into())
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it as 200ms, 2s or 1m"))
}

/// The settings as one map.
fn settings(set: &[(String, Value)]) -> Result<Map<String, Value>, String> {
    let mut map = Map::new();
    for (key, value) in set {
        if map.insert(key.clone(), value.clone()).is_some() {
            return Err(format!("--set {key} is given twice; give it once"));
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_json_or_words() {
        assert_eq!(setting("rounds=8"), Ok(("rounds".into(), Value::from(8))));
        assert_eq!(setting("gap = 1e-3"), Ok(("gap".into(), Value::from(1e-3))));
        assert_eq!(setting("drop=probs"), Ok(("drop".into(), Value::from("probs"))));
        assert!(setting("rounds").is_err() && setting("=8").is_err());
        let twice = [("a".into(), Value::from(1)), ("a".into(), Value::from(1))];
        assert!(settings(&twice).is_err());
    }

    #[test]
    fn durations() {
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        assert!(duration("2").is_err());
    }
}
