//! `spinroute qubo convert`.

use std::io::Write;

use spinroute::qubo::formats::{Content, Format, Problem};

use super::args::ConvertArgs;
use super::{files, info};
use crate::cli::exit::Failure;

pub(crate) fn run(args: &ConvertArgs) -> Result<(), Failure> {
    let to = files::format(&args.out, args.to, "--to")?;
    let (_, problem) = files::open(&args.input)?;
    files::save(&args.out, to, &problem)?;
    let line = format!("{}: {}\n", args.out.display(), info::title(to, &problem.content));
    let notes = losses(to, &problem).into_iter().map(|note| format!("note: {note}\n"));
    let text = std::iter::once(line).chain(notes).collect::<String>();
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// What a format cannot hold.
fn losses(to: Format, problem: &Problem) -> Vec<String> {
    let mut notes = Vec::new();
    if problem.names.is_some() && matches!(to, Format::Qubo | Format::Rudy | Format::Coo) {
        notes.push("the names of the variables are lost; they are numbered in their order".into());
    }
    let offset = match &problem.content {
        Content::Graph(_) => return notes,
        Content::Ising(model) => model.offset(),
        Content::Qubo(model) => model.to_ising().offset(),
        _ => 0.0,
    };
    if to == Format::Rudy {
        notes.push(format!("energy = {offset} + W - 2·cut, where W is the sum of the weights"));
    }
    notes
}
