//! Output: Markdown for a reader, JSON for a machine, one set of options for all.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

use spinroute_lab::{Machine, markdown};

/// What every benchmark understands.
#[derive(Clone, Debug, clap::Parser)]
pub struct Options {
    /// Fewer instances and one repetition: to see that it works, not for figures.
    #[arg(long)]
    pub quick: bool,
    /// Repetitions; medians are reported [default: 5, quick: 1].
    #[arg(long)]
    pub repeat: Option<usize>,
    /// Only instances whose family or name contains this.
    #[arg(long, default_value = "")]
    pub only: String,
    /// Also write the figures here, as JSON.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

impl Options {
    /// How often to repeat each measurement.
    #[must_use]
    pub fn repetitions(&self) -> usize {
        self.repeat.unwrap_or(if self.quick { 1 } else { 5 }).max(1)
    }

    /// Whether a case was asked for.
    #[must_use]
    pub fn wants(&self, family: &str, name: &str) -> bool {
        format!("{family} {name}").contains(&self.only)
    }

    /// Writes `figures` with the machine and the command line, if a file was named.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, machine: &Machine, figures: &impl Serialize) -> Result<()> {
        let Some(path) = &self.out else { return Ok(()) };
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let record = serde_json::json!({
            "machine": machine,
            "arguments": arguments,
            "figures": figures,
        });
        let text = serde_json::to_string_pretty(&record)? + "\n";
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }
}

/// Prints one row of a Markdown table.
pub fn row(cells: &[String]) {
    print!("{}", markdown::row(cells));
}

/// Prints the head of a Markdown table; columns after the first are aligned to the right.
pub fn head(cells: &[&str]) {
    print!("{}", markdown::head(cells));
}
