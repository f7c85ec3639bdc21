//! The same question put to others: a worker process that answers lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use spinroute_core::{Demand, Instance};

use crate::instances::Case;

/// What OR-tools answers; see `peers/ortools_flow.py`.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// `OPTIMAL`, or why not.
    pub status: String,
    /// What went wrong, under the status `ERROR`.
    pub error: Option<String>,
    /// Objective of its assignment, summed in `f64` from the scores.
    pub objective: Option<f64>,
    /// Score to integer cost.
    pub scale: Option<f64>,
    /// Time to build the network, milliseconds.
    pub build_ms: Option<f64>,
    /// Time to solve it, milliseconds.
    pub solve_ms: Option<f64>,
}

/// A proven optimum by OR-tools, and what it took.
#[derive(Clone, Copy, Debug)]
pub struct Optimum {
    /// Objective, at most `slots / scale` below the optimum.
    pub objective: f64,
    /// Score to integer cost.
    pub scale: f64,
    /// Build and solve, milliseconds.
    pub milliseconds: f64,
}

/// OR-tools `SimpleMinCostFlow` in a Python process of its own.
pub struct OrTools {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    loaded: usize,
    /// Its version.
    pub version: String,
}

impl OrTools {
    /// Starts the worker.
    ///
    /// # Errors
    /// If the environment is missing (`peers/setup.sh` makes it) or the process fails.
    pub fn start() -> Result<Self> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let python = peers.join(".venv/bin/python");
        ensure!(python.exists(), "no {}: run benches/peers/setup.sh", python.display());
        let mut process = Command::new(python)
            .arg(peers.join("ortools_flow.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().context("piped above")?);
        let mut hello = String::new();
        answers.read_line(&mut hello)?;
        let hello: serde_json::Value =
            serde_json::from_str(&hello).context("the worker's hello")?;
        let version = hello["ortools"].as_str().unwrap_or("unknown").to_owned();
        let folder = tempfile::tempdir()?;
        Ok(Self { process, requests, answers, folder, loaded: 0, version })
    }

    /// Writes a case where the worker reads it: the folder to pass to [`OrTools::solve`].
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn load(&mut self, case: &Case) -> Result<PathBuf> {
        self.loaded += 1;
        let folder = self.folder.path().join(self.loaded.to_string());
        write_case(&folder, case)?;
        Ok(folder)
    }

    /// Writes an instance where the worker reads it, with demands, minimums, groups and overflow.
    ///
    /// # Errors
    /// If it cannot be written, or has rewards, which the worker does not know.
    pub fn load_instance(&mut self, instance: &Instance) -> Result<PathBuf> {
        ensure!(instance.reward().up_to == 0, "the worker knows no rewards");
        self.loaded += 1;
        let folder = self.folder.path().join(self.loaded.to_string());
        std::fs::create_dir(&folder)?;
        ndarray_npy::write_npy(folder.join("scores.npy"), &instance.table())?;
        let capacity = ndarray::Array1::from_vec(instance.capacity().to_vec());
        ndarray_npy::write_npy(folder.join("capacity.npy"), &capacity)?;
        if let Some(demands) = instance.demands() {
            let demands = ndarray::Array1::from_vec(demands.to_vec());
            ndarray_npy::write_npy(folder.join("demands.npy"), &demands)?;
        }
        let slots = instance.slots() as u32;
        let nodes = ndarray::Array2::from_shape_fn((instance.nodes(), 5), |(node, what)| {
            let limits = instance.limits(node);
            match what {
                0 => instance.parent(node).map_or(-1.0, |around| around as f64),
                1 => f64::from(limits.minimum),
                2 => f64::from(limits.capacity.min(slots)),
                3 => f64::from(limits.overflow.up_to.min(slots)),
                _ => limits.overflow.cost,
            }
        });
        ndarray_npy::write_npy(folder.join("nodes.npy"), &nodes)?;
        Ok(folder)
    }

    /// Solves a loaded case with scores as integers of about `resolution` in the largest.
    ///
    /// # Errors
    /// If the worker fails or does not reach the optimum.
    pub fn solve(&mut self, folder: &Path, case: &Case, resolution: f64) -> Result<Optimum> {
        self.solve_demand(folder, case.demand, resolution).with_context(|| case.name.clone())
    }

    /// As [`OrTools::solve`], of any instance loaded.
    ///
    /// # Errors
    /// As [`OrTools::solve`].
    pub fn solve_demand(
        &mut self,
        folder: &Path,
        demand: Demand,
        resolution: f64,
    ) -> Result<Optimum> {
        let request = serde_json::json!({
            "folder": folder,
            "demand": if demand.is_exact() { "exactly" } else { "at-most" },
            "k": demand.k(),
            "resolution": resolution,
        });
        writeln!(self.requests.as_mut().context("open until dropped")?, "{request}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Answer = serde_json::from_str(&line).context("the worker's answer")?;
        match (answer.objective, answer.scale, answer.build_ms, answer.solve_ms) {
            (Some(objective), Some(scale), Some(build), Some(solve)) => {
                Ok(Optimum { objective, scale, milliseconds: build + solve })
            }
            _ => bail!("{} {}", answer.status, answer.error.unwrap_or_default()),
        }
    }
}

/// Writes scores and capacities of a case into a new folder, where a worker reads them.
///
/// # Errors
/// If it cannot be written.
pub fn write_case(folder: &Path, case: &Case) -> Result<()> {
    std::fs::create_dir(folder)?;
    ndarray_npy::write_npy(folder.join("scores.npy"), &case.scores)?;
    let capacity = ndarray::Array1::from_vec(case.capacity.clone());
    ndarray_npy::write_npy(folder.join("capacity.npy"), &capacity)?;
    Ok(())
}

impl Drop for OrTools {
    fn drop(&mut self) {
        self.requests = None; // the end of its input ends the worker
        if let Err(error) = self.process.wait() {
            eprintln!("the OR-tools worker did not end: {error}");
        }
    }
}
