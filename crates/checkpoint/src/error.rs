//! What can be wrong with a file: which file, where in it, and what mends it.
//!
//! What mends it is often an argument of the reader, which callers know by another name: an option,
//! a field of a request. [`Error::naming`] says the same in their words.
//!
//! ```
//! use spinroute_checkpoint::{Argument, File, Rows, Transform, read_table};
//!
//! // A .npy file of 2 × 2 scores, of which tokens 0 to 7 are asked for.
//! let bytes = spinroute_checkpoint::npy::encode_f32(&[2, 2], &[0.5, 0.25, 0.5, 0.75]);
//! let file = File::from_bytes("scores.npy", bytes);
//! let error = read_table(&file, None, Transform::None, "8".parse()?).unwrap_err();
//! assert!(error.to_string().starts_with("rows 0..8 asks for tokens beyond the 2"));
//! let told = error.naming(|argument| match argument {
//!     Argument::Rows => "--tokens",
//!     other => other.name(),
//! });
//! assert!(told.starts_with("--tokens 0..8 asks"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

/// An argument of a reader that an error may be about, such as a field of
/// [`Sparse`](super::Sparse).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument {
    /// The tensor of a table.
    Tensor,
    /// The tensor of the candidates.
    IdsTensor,
    /// The tensor of the candidates' weights.
    WeightsTensor,
    /// The layer.
    Layer,
    /// The number of experts.
    Experts,
    /// The tokens to take.
    Rows,
}

impl Argument {
    /// Its name in this library.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tensor => "tensor",
            Self::IdsTensor => "ids_tensor",
            Self::WeightsTensor => "weights_tensor",
            Self::Layer => "layer",
            Self::Experts => "experts",
            Self::Rows => "rows",
        }
    }
}

/// What mends an input: words, with an argument of the reader among them or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    before: String,
    argument: Option<(Argument, String)>,
}

impl Mend {
    /// Words that name an argument, and those after it.
    pub(crate) fn with(
        before: impl Into<String>,
        argument: Argument,
        after: impl Into<String>,
    ) -> Self {
        Self { before: before.into(), argument: Some((argument, after.into())) }
    }

    /// The argument that mends it, if one does.
    #[must_use]
    pub fn argument(&self) -> Option<Argument> {
        self.argument.as_ref().map(|(argument, _)| *argument)
    }

    fn naming<'n>(&self, name: impl Fn(Argument) -> &'n str) -> String {
        match &self.argument {
            None => self.before.clone(),
            Some((argument, after)) => format!("{}{}{after}", self.before, name(*argument)),
        }
    }
}

impl<S: Into<String>> From<S> for Mend {
    fn from(words: S) -> Self {
        Self { before: words.into(), argument: None }
    }
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.naming(Argument::name))
    }
}

/// An input that cannot be used.
///
/// ```
/// use spinroute_checkpoint::{Error, File, read_capacities};
///
/// let file = File::from_bytes("capacities.txt", b"2\nmany\n".to_vec());
/// let error: Error = read_capacities(&file).unwrap_err();
/// assert!(error.to_string().starts_with("capacities.txt, line 2: \"many\""));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Neither of the formats that are read here.
    #[error("{}: neither a .npy nor a .safetensors file (it begins with {begins:?}); save it with numpy.save or safetensors", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its first bytes, unprintable ones replaced.
        begins: String,
    },
    /// A `.npy` header or body that breaks the format.
    #[error("{}, byte {offset}: {reason}; save the array again with numpy.save", path.display())]
    Npy {
        /// The file.
        path: PathBuf,
        /// Where, in bytes from the start of the file.
        offset: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A `.safetensors` file that breaks the format.
    #[error("{}: broken safetensors file: {reason}; save or download it again", path.display())]
    SafeTensors {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No tensor of that name, or more than one that could be meant.
    #[error("{}", tensor(path, problem, &mend.to_string()))]
    Tensor {
        /// The file.
        path: PathBuf,
        /// What was looked for and how it failed.
        problem: String,
        /// How to choose, and which names there are.
        mend: Mend,
    },
    /// Elements of a type that does not fit the purpose.
    #[error("{place}: elements are {got}; give {want}")]
    Elements {
        /// File and tensor.
        place: String,
        /// The type found.
        got: String,
        /// The types that are read.
        want: &'static str,
    },
    /// A shape that does not fit the purpose.
    #[error("{}", shape(place, got, &want.to_string()))]
    Shape {
        /// File and tensor.
        place: String,
        /// The shape found.
        got: Vec<usize>,
        /// What is expected.
        want: Mend,
    },
    /// A value that does not fit the purpose.
    #[error("{}", of_value(place, value, &mend.to_string()))]
    Value {
        /// File, tensor, element and byte.
        place: String,
        /// What stands there.
        value: String,
        /// What is allowed.
        mend: Mend,
    },
    /// Rows that the table does not have.
    #[error("{}", beyond(Argument::Rows.name(), rows, place, *tokens))]
    Rows {
        /// The range asked for.
        rows: String,
        /// File and tensor.
        place: String,
        /// Rows that there are.
        tokens: usize,
    },
}

impl Error {
    /// The message with the caller's names for the arguments of the readers; what `Display` says
    /// has those of [`Argument::name`].
    pub fn naming<'n>(&self, name: impl Fn(Argument) -> &'n str) -> String {
        match self {
            Self::Tensor { path, problem, mend } => tensor(path, problem, &mend.naming(name)),
            Self::Shape { place, got, want } => shape(place, got, &want.naming(name)),
            Self::Value { place, value, mend } => of_value(place, value, &mend.naming(name)),
            Self::Rows { rows, place, tokens } => {
                beyond(name(Argument::Rows), rows, place, *tokens)
            }
            other => other.to_string(),
        }
    }
}

fn tensor(path: &Path, problem: &str, mend: &str) -> String {
    format!("{}: {problem}; {mend}", path.display())
}

fn shape(place: &str, got: &[usize], want: &str) -> String {
    format!("{place}: shape {got:?}; {want}")
}

fn of_value(place: &str, value: &str, mend: &str) -> String {
    format!("{place}: {value}; {mend}")
}

fn beyond(argument: &str, rows: &str, place: &str, tokens: usize) -> String {
    let mend = format!("choose a range within 0..{tokens}");
    format!("{argument} {rows} asks for tokens beyond the {tokens} in {place}; {mend}")
}
