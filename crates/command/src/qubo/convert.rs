//! `spinroute qubo convert`.

use std::io::{self, Write};
use std::path::Path;

use spinroute::ising::formats::{self, Content, Format, Problem};

use super::{files, info};
use crate::args::ConvertArgs;
use crate::exit::Failure;
use crate::output;

pub(crate) fn run(args: &ConvertArgs) -> Result<(), Failure> {
    let to = files::format(&args.out, args.to, "--to")?;
    if let Some(names) = &args.names
        && [&args.out, &args.input.file].into_iter().any(|other| is_same(names, other))
    {
        let names = names.display();
        return Err(Failure::Usage(format!(
            "--names {names} is the file of the model; give it a file of its own"
        )));
    }
    let (_, problem) = files::open(&args.input)?;
    files::save(&args.out, to, &problem)?;
    if let Some(path) = &args.names {
        output::write_one(path, |out| names(to, &problem, out))?;
    }
    let line = format!("{}: {}\n", args.out.display(), info::title(to, &problem.content));
    let notes = losses(to, &problem).into_iter().map(|note| format!("note: {note}\n"));
    let text = std::iter::once(line).chain(notes).collect::<String>();
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// Whether two paths name one file, there or not yet.
fn is_same(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        path.canonicalize().ok().or_else(|| Some(folder.ok()?.join(path.file_name()?)))
    };
    a == b || whole(a).is_some_and(|a| Some(a) == whole(b))
}

/// What a format cannot hold.
fn losses(to: Format, problem: &Problem) -> Vec<String> {
    let mut notes = Vec::new();
    if problem.names.is_some() && matches!(to, Format::Qubo | Format::Rudy | Format::Coo) {
        notes.push("the names of the variables are lost; they are numbered in their order".into());
    }
    notes.extend(renames(to, problem));
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

/// Names that the format or its other readers do not take, and what stands for them.
fn renames(to: Format, problem: &Problem) -> Option<String> {
    let own = problem.names.as_ref().filter(|_| matches!(to, Format::Lp | Format::Mps))?;
    let written = formats::written_names(to, problem);
    let mut changed = own.iter().zip(&written).filter(|(own, written)| own != written);
    let (own, written) = changed.next()?;
    let more = match changed.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    Some(format!(
        "names changed, since not every reader takes them: {own:?} is {written}{more}; --names FILE lists all"
    ))
}

/// A JSON object: the names in the file, each with what the variable was called: its name, or its number
/// where it had none.
fn names(to: Format, problem: &Problem, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{{")?;
    let written = formats::written_names(to, problem);
    for (i, name) in written.iter().enumerate() {
        let old = match &problem.names {
            Some(names) => serde_json::Value::from(&*names[i]),
            None => serde_json::Value::from(i),
        };
        let end = if i + 1 < written.len() { "," } else { "" };
        writeln!(out, "  {}: {old}{end}", serde_json::Value::from(&**name))?;
    }
    writeln!(out, "}}")
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn paths_to_one_file_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(is_same(&path("new.lp"), &path("./new.lp")));
        assert!(!is_same(&path("new.lp"), &path("new.json")));
        std::fs::write(path("model.lp"), "").unwrap();
        assert!(is_same(&path("model.lp"), &path("../").join(path("model.lp"))));
    }
}
