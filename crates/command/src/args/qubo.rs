//! The options of `spinroute qubo`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use spinroute::ising::formats::Format;

use super::shared::{ParameterArgs, RunArgs};

/// QUBO, Ising and max-cut files: look at, convert, solve, generate.
///
/// Formats, by the ending of a file's name: .qubo (qbsolv), .rud (rudy, the G-set; max-cut), .coo and
/// .json (dimod), .lp and .mps (quadratic objective in binaries).
#[derive(Debug, Args)]
pub(crate) struct QuboArgs {
    #[command(subcommand)]
    pub(crate) command: QuboCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuboCommand {
    Info(InfoArgs),
    Convert(ConvertArgs),
    Solve(MinimiseArgs),
    Generate(GenerateArgs),
    Trace(TraceArgs),
}

impl QuboArgs {
    /// `--threads`, where the subcommand has it.
    pub(super) fn threads(&self) -> Option<usize> {
        match &self.command {
            QuboCommand::Solve(args) => args.run.threads,
            QuboCommand::Trace(args) => args.run.threads,
            _ => None,
        }
    }
}

/// Say what is in a file: variables, couplings, coefficients, and whether it is a known instance.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    #[command(flatten)]
    pub(crate) input: FileArgs,
    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Write a file in another format; energies stay the same.
///
/// A max-cut file becomes a model in spins whose energy is W - 2·cut, where W is the sum of all
/// weights. A model with fields becomes a graph with one node more, which stands for +1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spinroute qubo convert G1.rud G1.qubo
  spinroute qubo convert model.json model.lp --names names.json")]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) input: FileArgs,
    /// The file to write
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// Its format, if the ending does not say it
    #[arg(long, value_name = "FORMAT", value_parser = format, help_heading = "Output")]
    pub(crate) to: Option<Format>,
    /// Write a JSON object of the names in OUT, each with the name or number in FILE
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) names: Option<PathBuf>,
}

/// Look for a state of lowest energy; of a max-cut file, for a largest cut.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spinroute qubo solve G1.rud
  spinroute qubo solve model.qubo --solver exhaustive --json
  spinroute qubo solve K2000.rud --solver sb --set mode=discrete --set agents=32
  spinroute qubo solve G22.rud --reads 32 --set sweeps=5000 --seed 7 --time-limit 10s --out found

`spinroute solvers` lists the solvers and what --set takes; docs/cli.md describes the output.")]
pub(crate) struct MinimiseArgs {
    #[command(flatten)]
    pub(crate) input: FileArgs,
    /// Which minimiser; `spinroute solvers` lists them
    #[arg(long, value_name = "NAME", default_value = "anneal", help_heading = "Solver")]
    pub(crate) solver: String,
    #[command(flatten)]
    pub(crate) parameters: ParameterArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Independent runs, the best of which is the answer [default: the solver's]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = "Solver")]
    pub(crate) reads: Option<NonZeroUsize>,
    /// Give the solver the whole model, not the smaller one that presolve leaves
    #[arg(long, help_heading = "Solver")]
    pub(crate) no_presolve: bool,
    /// Write solution.npy and summary.json into this directory, both or none
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Write a published instance, made from its seeds; without a name, list them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  spinroute qubo generate
  spinroute qubo generate G22 --out G22.rud
  spinroute qubo generate K2000 --out K2000.qubo")]
pub(crate) struct GenerateArgs {
    /// The instance, such as G1 or K2000
    #[arg(value_name = "NAME", requires = "out")]
    pub(crate) name: Option<String>,
    /// The file to write; as .rud it is equal to the published one
    #[arg(long, value_name = "FILE", requires = "name", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Its format, if the ending does not say it
    #[arg(long, value_name = "FORMAT", value_parser = format, requires = "out", help_heading = "Output")]
    pub(crate) to: Option<Format>,
    /// List the instances as one JSON array
    #[arg(long, conflicts_with = "name", help_heading = "Output")]
    pub(crate) json: bool,
}

/// Plot how simulated bifurcation runs: positions of one agent, and energies, over the steps.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  spinroute qubo trace K2000.rud --set mode=ballistic --set agents=32 --out run.svg")]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    pub(crate) input: FileArgs,
    #[command(flatten)]
    pub(crate) parameters: ParameterArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The plot to write, an SVG
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: PathBuf,
}

/// The file to read.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The problem
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The format of FILE, if its ending does not say it: qubo, rud, coo, json, lp or mps
    #[arg(long, value_name = "FORMAT", value_parser = format, help_heading = "Input")]
    pub(crate) from: Option<Format>,
}

fn format(name: &str) -> Result<Format, String> {
    Format::find(name).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("choose among {}", names.join(", "))
    })
}
