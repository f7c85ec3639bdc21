//! The command `spinroute`: arguments, then a job, its run, and a report.
//!
//! | step | files |
//! |---|---|
//! | arguments | `args`, one file a kind of problem |
//! | job | `problem`: an instance from score files; `qubo/files`: a model from its file |
//! | run | `solve`, `compare`, `verify`, `solvers`, `qubo/…`: one file a subcommand |
//! | report | `report`: text; `output`: files; `exit`: errors and exit codes |

mod args;
mod compare;
mod exit;
mod interrupt;
mod layers;
mod output;
mod problem;
mod qubo;
mod report;
mod solve;
mod solvers;
mod verify;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

use args::{Cli, Command};
use exit::Failure;

/// Parses the arguments, runs the subcommand and turns its result into an exit code.
fn main() -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => guarded(|| run(&cli.command)),
        Err(help) if !help.use_stderr() => help.print().map_err(Failure::from),
        Err(error) if error.kind() == DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
        Err(error) => Err(Failure::from(error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Runs, with a panic as what it is: a bug. The panic hook has told where it happened.
fn guarded(run: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Err(Failure::Internal(format!("panic: {}", text.unwrap_or("of no words"))))
    })
}

fn run(command: &Command) -> Result<(), Failure> {
    let go = || match command {
        Command::Solve(args) => solve::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Solvers(args) => solvers::run(args),
        Command::Qubo(args) => qubo::run(args),
    };
    match command.threads() {
        None => go(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Failure::Usage(format!("--threads {threads}: {error}; take fewer")))?
            .install(go),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_of_ours() {
        let held = std::hint::black_box([1]);
        let beyond = std::hint::black_box(1);
        let failure = guarded(|| panic!("{} of {}", held[beyond], held.len())).unwrap_err();
        assert!(matches!(&failure, Failure::Internal(message) if message.contains("index")));
        assert!(guarded(|| Ok(())).is_ok());
    }
}
