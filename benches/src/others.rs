//! Other exact solvers on instances of one expert a token, under a limit of time: `peers/exact_others.py`.
//!
//! None of them is believed: core recomputes what an answer is worth, and refuses one that breaks a constraint.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use spinroute_core::{Assignment, Instance};

use crate::instances::Case;
use crate::peers::write_case;
use crate::worker::Worker;

/// A solver of `peers/exact_others.py`.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its name there.
    pub name: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// What it may miss of a token's score by the tolerance that it states: of the largest score for OR-tools, whose
    /// costs are whole numbers; absolutely for HiGHS, which allows reduced costs of the wrong sign.
    tolerance: Tolerance,
}

#[derive(Clone, Copy, Debug)]
enum Tolerance {
    OfLargest(f64),
    Absolute(f64),
}

/// The peers, in the order of tables.
pub const PEERS: [Peer; 7] = [
    peer("ortools", "OR-tools", Tolerance::OfLargest(1e-9)),
    peer("pot", "POT", Tolerance::Absolute(0.0)),
    peer("scipy", "SciPy", Tolerance::Absolute(0.0)),
    peer("scipy-sparse", "SciPy sparse", Tolerance::Absolute(0.0)),
    peer("lapx", "LAPX", Tolerance::Absolute(0.0)),
    peer("highs-simplex", "HiGHS simplex", Tolerance::Absolute(1e-7)),
    peer("highs-ipm", "HiGHS IPM", Tolerance::Absolute(1e-7)),
];

const fn peer(name: &'static str, title: &'static str, tolerance: Tolerance) -> Peer {
    Peer { name, title, tolerance }
}

impl Peer {
    /// What its objective may miss of the optimum: 1e-9 of it, and its own tolerance for every token.
    #[must_use]
    pub fn tolerance(&self, instance: &Instance, optimum: f64) -> f64 {
        let token = match self.tolerance {
            Tolerance::OfLargest(part) => {
                let largest = instance.flat().iter().fold(0.0_f32, |most, s| s.abs().max(most));
                part * f64::from(largest)
            }
            Tolerance::Absolute(score) => score,
        };
        1e-9 * optimum.abs() + token * instance.tokens() as f64
    }
}

/// What a peer answered, and how long it took.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The expert of each token, unchecked; see [`worth`].
    pub experts: Vec<u32>,
    /// From scores and capacities to the form that it wants, milliseconds.
    pub build_ms: f64,
    /// Its solve, milliseconds.
    pub solve_ms: f64,
}

#[derive(Deserialize)]
struct Times {
    build_ms: f64,
    solve_ms: f64,
}

/// The peers in a Python process of their own, which is another one after each time that a limit has passed.
pub struct Others {
    worker: Option<Worker>,
    folder: tempfile::TempDir,
    loaded: usize,
    /// Their versions.
    pub versions: Value,
}

impl Others {
    /// Starts the worker.
    ///
    /// # Errors
    /// If the environment is missing (`peers/setup.sh` makes it) or the process fails.
    pub fn start() -> Result<Self> {
        let worker = start()?;
        let versions = worker.hello.clone();
        Ok(Self { worker: Some(worker), folder: tempfile::tempdir()?, loaded: 0, versions })
    }

    /// Writes a case where the worker reads it: the folder to pass to [`Others::solve`].
    ///
    /// # Errors
    /// If it cannot be written, asks for more than one expert a token or forbids a pair, which the worker does not know.
    pub fn load(&mut self, case: &Case) -> Result<PathBuf> {
        let one = case.demand.is_exact() && case.demand.k() == 1;
        ensure!(one, "{}: the worker knows exactly one expert a token", case.name);
        let finite = case.scores.iter().all(|score| score.is_finite());
        ensure!(finite, "{}: the worker knows no forbidden pair", case.name);
        self.loaded += 1;
        let folder = self.folder.path().join(self.loaded.to_string());
        write_case(&folder, case)?;
        Ok(folder)
    }

    /// Solves a loaded case; `None` where that takes longer than `limit`.
    ///
    /// # Errors
    /// If the worker or the peer fails.
    pub fn solve(&mut self, folder: &Path, peer: Peer, limit: Duration) -> Result<Option<Answer>> {
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => start()?,
        };
        let file = folder.join("assignment.npy");
        let request =
            serde_json::json!({ "folder": folder, "solver": peer.name, "assignment": file });
        let Some(times) = worker.ask_within::<Times>(&request, limit).context(peer.title)? else {
            return Ok(None);
        };
        self.worker = Some(worker);
        let experts: ndarray::Array1<u32> = ndarray_npy::read_npy(file).context(peer.title)?;
        let Times { build_ms, solve_ms } = times;
        Ok(Some(Answer { experts: experts.to_vec(), build_ms, solve_ms }))
    }
}

fn start() -> Result<Worker> {
    Worker::start_in(".venv-exact", "exact_others.py")
}

/// The objective of the expert of each token, by core.
///
/// # Errors
/// If it breaks a constraint.
pub fn worth(instance: &Instance, experts: Vec<u32>) -> Result<f64> {
    Ok(instance.objective(&Assignment::from_slots(1, experts))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use spinroute_core::Demand;

    /// Three tokens want the first expert, which has room for one, and there is one unit more than needed.
    fn case(scores: ndarray::Array2<f32>) -> Case {
        let (name, demand) = ("small".to_owned(), Demand::Exactly(1));
        let scores = scores.into_shared();
        Case { family: "test", name, scores, capacity: vec![1, 2, 1], demand }
    }

    fn small() -> Case {
        case(array![[0.9, 0.5, 0.125], [0.8, 0.25, 0.0], [0.7, 0.5, 0.5]])
    }

    #[test]
    fn no_answer_is_believed() {
        let instance = small().instance().unwrap();
        assert_eq!(worth(&instance, vec![1, 0, 1]).unwrap(), 0.5 + f64::from(0.8_f32) + 0.5);
        let refused = |experts: &[u32]| worth(&instance, experts.to_vec()).unwrap_err().to_string();
        for (experts, why) in [
            (&[0, 0, 1][..], "expert 0"),   // two tokens where one has room
            (&[1, 0], "2"),                 // a token too few
            (&[1, 0, 3], "expert 3"),       // there is none
            (&[1, 0, u32::MAX], "token 2"), // a token without an expert
        ] {
            assert!(refused(experts).contains(why), "{}", refused(experts));
        }
    }

    #[test]
    fn tolerances_are_those_stated() {
        let instance = small().instance().unwrap();
        let of = |i: usize| PEERS[i].tolerance(&instance, 2.0);
        let near = |x: f64, y: f64| (x - y).abs() < 1e-6 * y;
        assert!(near(of(0), 2e-9 + 3.0 * 0.9e-9), "{}", of(0));
        assert!(near(of(1), 2e-9) && near(of(5), 2e-9 + 3e-7), "{} {}", of(1), of(5));
    }

    #[test]
    fn every_peer_finds_the_optimum_of_small_instances() {
        let mut others = match Others::start() {
            Ok(others) => others,
            Err(error) if error.to_string().contains("setup.sh") => {
                eprintln!("skipped: {error}");
                return;
            }
            Err(error) => panic!("{error:?}"),
        };
        let tied = case(array![[0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]);
        let negative = case(array![[-1.0, -2.0, -4.0], [-1.0, -1.5, -8.0], [-1.0, -3.0, -3.5]]);
        for (case, optimum) in [(small(), 1.8), (tied, 1.5), (negative, -4.5)] {
            let (instance, folder) = (case.instance().unwrap(), others.load(&case).unwrap());
            for peer in PEERS {
                let answer = others.solve(&folder, peer, Duration::from_secs(60)).unwrap();
                let objective = worth(&instance, answer.unwrap().experts).unwrap();
                assert!((objective - optimum).abs() < 1e-6, "{}: {objective}", peer.title);
            }
        }
        // Nobody is as fast as that; what follows is answered by a process anew.
        let folder = others.load(&small()).unwrap();
        assert!(others.solve(&folder, PEERS[0], Duration::ZERO).unwrap().is_none());
        assert!(others.solve(&folder, PEERS[0], Duration::from_secs(60)).unwrap().is_some());
    }

    #[test]
    fn what_the_worker_does_not_know_is_refused() {
        let Ok(mut others) = Others::start() else {
            eprintln!("skipped: no peers");
            return;
        };
        let mut forbidden = small();
        forbidden.scores[[0, 0]] = f32::NEG_INFINITY;
        let two = Case { demand: Demand::Exactly(2), ..small() };
        for (case, why) in [(forbidden, "forbidden"), (two, "one expert")] {
            assert!(others.load(&case).unwrap_err().to_string().contains(why));
        }
    }
}
