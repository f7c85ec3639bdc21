//! `spinroute qubo`: files of binary quadratic problems.

mod convert;
mod files;
mod generate;
mod info;
mod solve;
mod trace;

use super::args::{QuboArgs, QuboCommand};
use super::exit::Failure;

pub(crate) fn run(args: &QuboArgs) -> Result<(), Failure> {
    match &args.command {
        QuboCommand::Info(args) => info::run(args),
        QuboCommand::Convert(args) => convert::run(args),
        QuboCommand::Solve(args) => solve::run(args),
        QuboCommand::Generate(args) => generate::run(args),
        QuboCommand::Trace(args) => trace::run(args),
    }
}
