//! Running the command, and a small batch to run it on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use spinroute::checkpoint::npy;
use tempfile::TempDir;

/// The command with its arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spinroute"));
    command.args(arguments);
    command
}

/// A finished run.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Its standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the command to its end.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    command(arguments).output().unwrap().into()
}

/// Runs it and expects success.
pub(crate) fn succeed(arguments: &[&str]) -> Ran {
    let ran = run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {ran}");
    ran
}

/// A directory with files of a test.
pub(crate) struct Files(TempDir);

impl Files {
    /// An empty directory.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A directory with `scores.npy`: 5 tokens × 3 experts, of which 4 like expert 0 best, and
    /// pair (4, 1) is forbidden.
    pub(crate) fn with_scores() -> Self {
        let no = f32::NEG_INFINITY;
        let scores = [
            [0.75, 0.125, 0.125],
            [0.5, 0.25, 0.25],
            [0.625, 0.25, 0.125],
            [0.5, 0.125, 0.375],
            [0.25, no, 0.5],
        ];
        let files = Self::new();
        files.write("scores.npy", &npy::encode_f32(&[5, 3], scores.as_flattened()));
        files
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file here, whether there or not.
    pub(crate) fn at(&self, name: &str) -> String {
        self.path().join(name).into_os_string().into_string().unwrap()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.path().join(name), bytes).unwrap();
        self.at(name)
    }

    /// The names of all files here, in order.
    pub(crate) fn names(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<PathBuf> =
            entries.map(|entry| entry.unwrap().file_name().into()).collect();
        names.sort();
        names
    }
}
