//! Files of binary quadratic problems: read, written, converted.
//!
//! | [`Format`] | what it holds | offset | names |
//! |---|---|---|---|
//! | [`Qubo`](Format::Qubo) | qbsolv's `.qubo`: binaries | in a comment `c offset X` | numbers from 0 |
//! | [`Rudy`](Format::Rudy) | rudy's `.rud`, the G-set: a graph whose largest cut is sought | none | numbers from 1 |
//! | [`Coo`](Format::Coo) | dimod's coordinates: binaries or spins | in a comment `# offset=X` | numbers from 0 |
//! | [`Bqm`](Format::Bqm) | dimod's `to_serializable` as JSON: binaries or spins | yes | yes |
//! | [`Lp`](Format::Lp) | a quadratic objective in binaries, as CPLEX's LP files have it | as a variable fixed at 1 | yes |
//! | [`Mps`](Format::Mps) | the same as free MPS with a `QUADOBJ` section | yes | yes |
//!
//! Files are streamed: memory is that of the model, in proportion to the bytes read. Nothing is
//! allocated on the word of a header; a number of variables may exceed the bytes of the file by no
//! more than 65,536. Every error in a text names line and column, both counted from 1, columns in bytes.
//! What is written reads back as an equal model: no number is rounded, and one that `f64` cannot hold, above
//! or below, is an error (but for those below in JSON). So is a byte-order mark at the start.
//!
//! LP and MPS give other names to variables whose own not every reader takes: [`written_names`] says which.
//!
//! The readers and writers are our own: of the crates that read LP or MPS, none that we found takes a
//! quadratic objective (`lp-solvers` and `mps` are linear; `ommx` brings a runtime of its own), and none
//! reads the other formats.

mod bqm;
mod content;
mod coo;
mod duplicates;
mod format;
mod labels;
mod lines;
mod lp;
mod lp_bounds;
mod lp_headings;
mod lp_letters;
mod lp_tokens;
mod mps;
mod mps_quadratic;
mod pairs;
mod polynomial;
mod qbsolv;
mod rudy;
mod variables;
mod written_names;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

pub use content::{Content, Problem};
pub use format::Format;
pub use pairs::invalid;
pub use written_names::{CONSTANT, is_name};

use self::lines::Lines;
use crate::Error;

/// Reads a problem. `name` stands in messages; `progress` is told, now and then, how many bytes were
/// read so far.
///
/// ```
/// use std::path::Path;
///
/// use spinroute_ising::formats::{self, Format};
///
/// let text = "c two binaries\np qubo 0 2 2 1\n0 0 -1\n1 1 -1\n0 1 3\n";
/// let problem = formats::read(Format::Qubo, Path::new("text"), text.as_bytes(), &mut |_| {})?;
/// assert_eq!(problem.content.to_qubo()?.energy(&[1, 1]), 1.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
///
/// # Errors
/// [`Error::Syntax`] with line and column if the text is not of that format or is no problem,
/// [`Error::File`] if it cannot be read.
pub fn read(
    format: Format,
    name: &Path,
    reader: impl BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<Problem, Error> {
    read_with_notes(format, name, reader, progress).map(|(problem, _)| problem)
}

/// Reads a problem, and says what was passed over or changed in reading: variables of an LP or MPS file
/// that its bounds fix, further `RHS` vectors, free rows.
///
/// ```
/// use std::path::Path;
///
/// use spinroute_ising::formats::{self, Format};
///
/// let text = "min\n obj: 2 x + y\nbounds\n y = 3\nbinary\n x\nend\n";
/// let path = Path::new("text");
/// let (problem, notes) = formats::read_with_notes(Format::Lp, path, text.as_bytes(), &mut |_| {})?;
/// assert_eq!(problem.content.variables(), 1);
/// assert_eq!(notes, ["fixed by its bounds and no variable of the problem: y = 3"]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
///
/// # Errors
/// As [`read`].
pub fn read_with_notes(
    format: Format,
    name: &Path,
    reader: impl BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<(Problem, Vec<String>), Error> {
    let mut lines = Lines::new(name, reader, progress);
    lines.refuse_mark()?;
    let problem = match format {
        Format::Qubo => qbsolv::read(&mut lines),
        Format::Rudy => rudy::read(&mut lines),
        Format::Coo => coo::read(&mut lines),
        Format::Bqm => return Ok((bqm::read(lines)?, Vec::new())),
        Format::Lp => lp::read(&mut lines),
        Format::Mps => mps::read(&mut lines),
    };
    Ok((problem?, lines.notes()))
}

/// The names that the variables have in a file of the format: their own in JSON, and in LP and MPS where
/// every reader takes them for names; numbers in the others.
///
/// ```
/// use spinroute_ising::{Qubo, Sparse, formats::{Content, Format, Problem, written_names}};
///
/// let model = Qubo::new(vec![-1.0], Sparse::none(1), 0.0)?;
/// let problem = Problem { content: Content::Qubo(model), names: Some(vec!["x[0]".into()]) };
/// assert_eq!(written_names(Format::Mps, &problem), ["x[0]"]);
/// assert_eq!(written_names(Format::Lp, &problem), ["x_0"]); // no brackets in LP files
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[must_use]
pub fn written_names(format: Format, problem: &Problem) -> Vec<String> {
    let first = usize::from(format == Format::Rudy);
    match (format, &problem.names) {
        (Format::Lp | Format::Mps, _) => written_names::written(format, problem),
        (Format::Bqm, Some(names)) => names.clone(),
        _ => (first..first + problem.content.variables()).map(|i| i.to_string()).collect(),
    }
}

/// Reads a file in the format that its ending says.
///
/// ```
/// use std::path::Path;
///
/// use spinroute_ising::{Error, formats};
///
/// assert!(matches!(formats::read_file(Path::new("model.txt")), Err(Error::Format { .. })));
/// ```
///
/// # Errors
/// As [`read`], and if the ending says none.
pub fn read_file(path: &Path) -> Result<Problem, Error> {
    let format = Format::of_path(path).ok_or_else(|| Error::Format { path: path.to_owned() })?;
    let file = File::open(path).map_err(|error| Error::file(path, &error))?;
    read(format, path, BufReader::new(file), &mut |_| {})
}

/// Writes a problem, converted if the format needs it: [`Format::Qubo`], [`Format::Lp`] and
/// [`Format::Mps`] hold binaries; [`Format::Rudy`] a graph, see [`Content::to_graph`].
///
/// ```
/// use spinroute_ising::{Qubo, Sparse, formats::{self, Content, Format, Problem}};
///
/// let model = Qubo::new(vec![-1.0, 2.0], Sparse::from_triplets(2, [(0, 1, 0.5)])?, 0.0)?;
/// let mut text = Vec::new();
/// formats::write(Format::Qubo, &Problem::from(Content::Qubo(model)), &mut text)?;
/// assert!(text.ends_with(b"0 1 0.5\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If `out` fails, the numbers of the converted model are not finite, or there is not one name a
/// variable, each once ([`io::ErrorKind::InvalidData`]).
pub fn write(format: Format, problem: &Problem, out: impl Write) -> io::Result<()> {
    let variables = problem.content.variables();
    if let Some(got) = problem.names.as_ref().map(Vec::len).filter(|&got| got != variables) {
        let error = Error::Length { what: "names, one a variable", want: variables, got };
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    match format {
        Format::Qubo => qbsolv::write(problem, out),
        Format::Rudy => rudy::write(problem, out),
        Format::Coo => coo::write(problem, out),
        Format::Bqm => bqm::write(problem, out),
        Format::Lp => lp::write(problem, out),
        Format::Mps => mps::write(problem, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_read_are_errors() {
        assert!(matches!(read_file(Path::new("x.bqm")), Err(Error::Format { .. })));
        assert!(matches!(read_file(Path::new("no/such.lp")), Err(Error::File { .. })));
    }
}
