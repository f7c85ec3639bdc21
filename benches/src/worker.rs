//! A peer in a Python process of its own, that answers lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The process, alive until this is dropped.
pub struct Worker {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it said first: its versions.
    pub hello: Value,
}

impl Worker {
    /// Starts `peers/SCRIPT`.
    ///
    /// # Errors
    /// If the environment is missing (`peers/setup.sh` makes it) or the process fails.
    pub fn start(script: &str) -> Result<Self> {
        Self::start_in(".venv", script)
    }

    /// Starts `peers/SCRIPT` in another environment that `peers/setup.sh` makes.
    ///
    /// # Errors
    /// If the environment is missing or the process fails.
    pub fn start_in(environment: &str, script: &str) -> Result<Self> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        let python = peers.join(environment).join("bin/python");
        ensure!(python.exists(), "no {}: run benches/peers/setup.sh", python.display());
        let mut process = Command::new(python)
            .arg(peers.join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().context("piped above")?);
        let mut worker = Self { process, requests, answers, hello: Value::Null };
        worker.hello = worker.answer().context("the worker's hello")?;
        Ok(worker)
    }

    /// Puts a question and waits for the answer.
    ///
    /// # Errors
    /// If the process ended, or answers `{"error": ...}` or something else than an `Answer`.
    pub fn ask<Answer: DeserializeOwned>(&mut self, request: &impl Serialize) -> Result<Answer> {
        self.put(request)?;
        read(self.answer()?)
    }

    /// As [`Worker::ask`], but ends the process where it takes longer than `limit`: no answer then, nor to any
    /// question that follows.
    ///
    /// # Errors
    /// As [`Worker::ask`].
    pub fn ask_within<Answer: DeserializeOwned>(
        &mut self,
        request: &impl Serialize,
        limit: Duration,
    ) -> Result<Option<Answer>> {
        self.put(request)?;
        let (answers, mut line) = (&mut self.answers, String::new());
        let (done, waiting) = channel();
        let late = thread::scope(|scope| -> Result<bool> {
            let line = &mut line;
            scope.spawn(move || done.send(answers.read_line(line)));
            match waiting.recv_timeout(limit) {
                Ok(read) => Ok(read.map(|_| false)?),
                Err(RecvTimeoutError::Disconnected) => bail!("nothing came from the worker"),
                // The end of the process ends the line that the thread waits for.
                Err(RecvTimeoutError::Timeout) => Ok(self.process.kill().map(|()| true)?),
            }
        })?;
        if late {
            return Ok(None);
        }
        read(serde_json::from_str(&line).context("the worker's answer")?).map(Some)
    }

    fn put(&mut self, request: &impl Serialize) -> Result<()> {
        let request = serde_json::to_string(request)?;
        Ok(writeln!(self.requests.as_mut().context("open until dropped")?, "{request}")?)
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).context("the worker's answer")
    }
}

/// The answer in a line, unless it is an error.
fn read<Answer: DeserializeOwned>(answer: Value) -> Result<Answer> {
    if let Some(error) = answer.get("error") {
        bail!("the worker: {error}");
    }
    Ok(serde_json::from_value(answer)?)
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.requests = None; // the end of its input ends the worker
        if let Err(error) = self.process.wait() {
            eprintln!("the worker did not end: {error}");
        }
    }
}
