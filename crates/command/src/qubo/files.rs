//! Problems from files and into files.

use std::fs;
use std::io::{self, BufReader, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use spinroute::ising::formats::{self, Content, Format, Problem};
use spinroute::ising::{Couplings, Error, Ising};

use crate::args::FileArgs;
use crate::exit::Failure;
use crate::output;

/// Files of this size are read at once; larger ones show a bar.
const QUIET: u64 = 4 << 20;

/// Reads the file; on a terminal, a bar shows how far a large one was read. Notes on what was passed over
/// go to standard error.
pub(super) fn open(args: &FileArgs) -> Result<(Format, Problem), Failure> {
    let path = &args.file;
    let format = format(path, args.from, "--from")?;
    let failed = |error: std::io::Error| {
        Failure::Files(format!("{}: {error}; check the path", path.display()))
    };
    let file = fs::File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let bar = if length < QUIET { ProgressBar::hidden() } else { bar(length) };
    let reader = BufReader::with_capacity(1 << 18, file);
    let read = formats::read_with_notes(format, path, reader, &mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let (problem, notes) = read?;
    for note in notes {
        // A note that cannot be written is no reason to fail.
        let _ = writeln!(io::stderr(), "note: {}: {note}", path.display());
    }
    Ok((format, problem))
}

/// The problem in spins; an error, such as of sums that overflow, names the file.
pub(super) fn ising(args: &FileArgs, content: &Content) -> Result<Ising, Failure> {
    let file = args.file.display();
    let model = content.to_ising().map_err(|error| Failure::Input(format!("{file}: {error}")))?;
    let pairs = model.couplings().magnitudes().iter().map(|variable| variable.sum).sum::<f64>();
    let fields = model.field().iter().map(|h| h.abs()).sum::<f64>();
    if (pairs + fields + model.offset().abs()).is_finite() {
        return Ok(model);
    }
    let mend = "divide all of them by a power of ten";
    Err(Failure::Input(format!("{file}: the coefficients add up to infinity; {mend}")))
}

/// A bar on standard error, if that is a terminal.
fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} reading") {
        bar.set_style(style);
    }
    bar
}

/// The format that the option or else the ending says.
pub(super) fn format(path: &Path, given: Option<Format>, option: &str) -> Result<Format, Failure> {
    given.or_else(|| Format::of_path(path)).ok_or_else(|| {
        let error = Error::Format { path: path.to_owned() };
        Failure::Usage(format!("{error}; or say it with {option}"))
    })
}

/// Writes a problem, all of it or nothing.
pub(super) fn save(path: &Path, format: Format, problem: &Problem) -> Result<(), Failure> {
    output::write_one(path, |out| formats::write(format, problem, out))
}
