//! Where and of what figures were taken.

use std::fmt;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, the code and the day.
///
/// ```
/// use spinroute_lab::Machine;
///
/// let here = Machine::here();
/// assert!(here.cores >= 1);
/// println!("{here}"); // processor, cores, commit, day
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
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
        let unknown = || "unknown".to_owned();
        let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = information.lines().find(|line| line.starts_with("model name"));
        let name = name.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim());
        let dirty = said("git", &["status", "--porcelain", "--untracked-files=no"]).is_some();
        let mut commit = said("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(unknown);
        if dirty {
            commit.push('+');
        }
        Self {
            processor: name.map_or_else(unknown, str::to_owned),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            commit,
            date: said("date", &["-u", "+%F"]).unwrap_or_else(unknown),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, commit, date } = self;
        write!(f, "{processor}, {cores} cores, commit {commit}, {date}")
    }
}

/// What a program prints; nothing if it prints nothing or is not there.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}
