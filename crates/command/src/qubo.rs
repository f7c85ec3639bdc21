//! `spinroute qubo`: files of binary quadratic problems.

mod args;
mod convert;
mod files;
mod generate;
mod info;
mod solve;
mod trace;

pub(crate) use args::QuboArgs;

use super::exit::Failure;
use args::QuboCommand;

pub(crate) fn run(args: &QuboArgs) -> Result<(), Failure> {
    match &args.command {
        QuboCommand::Info(args) => info::run(args),
        QuboCommand::Convert(args) => convert::run(args),
        QuboCommand::Solve(args) => solve::run(args),
        QuboCommand::Generate(args) => generate::run(args),
        QuboCommand::Trace(args) => trace::run(args),
    }
}

impl QuboArgs {
    /// `--threads`, where the subcommand has it.
    pub(crate) fn threads(&self) -> Option<usize> {
        match &self.command {
            QuboCommand::Solve(args) => args.run.threads,
            QuboCommand::Trace(args) => args.run.threads,
            _ => None,
        }
    }
}
