//! The options, a file for each kind of problem.

mod limits;
mod qubo;
mod routing;
mod shared;

use clap::{Parser, Subcommand};

use super::exit::EXIT_CODES;

pub(crate) use limits::{GroupsOption, Levels, LimitArgs};
pub(crate) use qubo::{
    ConvertArgs, FileArgs, GenerateArgs, InfoArgs, MinimiseArgs, QuboArgs, QuboCommand, TraceArgs,
};
pub(crate) use routing::{
    CompareArgs, DemandName, InputArgs, ProblemArgs, SolveArgs, SolversArgs, VerifyArgs,
};

/// Assign tokens to experts under capacity, exactly or fast, with a proof of how far from optimal.
///
/// A router scores every token for every expert. Each token takes k experts, each expert holds only
/// so many tokens; spinroute maximises the sum of the scores that are kept. Every answer comes with
/// an upper bound that expert prices prove, so its gap to the optimum is known, not guessed.
///
/// Begin with `spinroute compare`: it routes the built-in sample of 4,096 tokens with every solver.
#[derive(Debug, Parser)]
#[command(name = "spinroute", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Solve(SolveArgs),
    Compare(CompareArgs),
    Verify(VerifyArgs),
    Solvers(SolversArgs),
    Qubo(QuboArgs),
}

impl Command {
    /// `--threads`, where the subcommand has it.
    pub(crate) fn threads(&self) -> Option<usize> {
        match self {
            Self::Solve(args) => args.run.threads,
            Self::Compare(args) => args.run.threads,
            Self::Verify(args) => args.threads,
            Self::Solvers(_) => None,
            Self::Qubo(args) => args.threads(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }
}
