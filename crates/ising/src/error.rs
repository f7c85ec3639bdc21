//! What can go wrong.

use std::path::{Path, PathBuf};

use spinroute_core::registry::OutOfRange;

/// A model, parameters or file that cannot be used.
///
/// ```
/// use spinroute_ising::{Error, Sparse};
///
/// let error = Sparse::from_triplets(2, [(0, 2, 1.0)]).unwrap_err();
/// assert!(matches!(error, Error::Variable { variable: 2, variables: 2 }));
/// assert_eq!(error.to_string(), "variable 2 does not exist: there are 2");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A vector of the wrong length.
    #[error("{what}: expected {want} values, got {got}")]
    Length {
        /// Which vector.
        what: &'static str,
        /// Length expected.
        want: usize,
        /// Length found.
        got: usize,
    },
    /// A value that a state of binaries or spins cannot have.
    #[error("the value of a state at {index} is {value}; {mend}")]
    State {
        /// Its place in the state, from 0.
        index: usize,
        /// The value.
        value: i8,
        /// What is allowed.
        mend: &'static str,
    },
    /// A coefficient that is NaN or infinite.
    #[error("{what} {index} is {value}; coefficients are finite")]
    NotFinite {
        /// Which kind of coefficient.
        what: &'static str,
        /// Its place: variable, row or position in the input.
        index: usize,
        /// What stands there.
        value: f64,
    },
    /// A variable that does not exist.
    #[error("variable {variable} does not exist: there are {variables}")]
    Variable {
        /// What was given.
        variable: usize,
        /// How many there are.
        variables: usize,
    },
    /// A variable coupled to itself.
    #[error(
        "variable {variable} is coupled to itself; its square is a constant (spins) or linear (binaries)"
    )]
    SelfCoupling {
        /// The variable.
        variable: usize,
    },
    /// A variable twice in one block.
    #[error("variable {variable} is twice in one block; add up its coefficients")]
    Repeated {
        /// The variable.
        variable: usize,
    },
    /// A dense matrix that is not square.
    #[error("the coupling matrix is {rows} × {columns}; it must be square")]
    Shape {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// A dense matrix that is not symmetric.
    #[error("couplings ({row}, {column}) and ({column}, {row}) differ")]
    NotSymmetric {
        /// Row of the first difference.
        row: usize,
        /// Column of it.
        column: usize,
    },
    /// More variables than 32 bits count, or than a method accepts.
    #[error("{variables} variables are too many; {what} takes at most {most}")]
    TooLarge {
        /// What was given.
        variables: usize,
        /// The limit.
        most: usize,
        /// Whose limit it is.
        what: &'static str,
    },
    /// A parameter out of its range.
    #[error("parameter `{name}` is {value}; {mend}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        mend: &'static str,
    },
    /// A parameter in its range that does not suit the model, as a minimiser of another crate says it.
    #[error("{reason}")]
    Unsuited {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// Why it does not suit, and the mend.
        reason: String,
    },
    /// A name or a parameter that no minimiser has.
    #[error(transparent)]
    Registry(#[from] spinroute_core::registry::Error),
    /// A text that is not of its format, or is no problem.
    #[error("{}, line {line}, column {column}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file whose name does not say its format.
    #[error("{}: the format is not known from its name; endings are .qubo, .rud, .coo, .json, .lp and .mps", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A minimiser or a compilation found itself wrong: a defect of the program, not of the model.
    #[error("{0}: a defect of the program; please report it with the model")]
    Defect(String),
}

impl Error {
    /// A file that cannot be read.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason: error.to_string() }
    }
}

impl From<OutOfRange> for Error {
    fn from(OutOfRange { name, value, mend }: OutOfRange) -> Self {
        Self::Parameter { name, value, mend }
    }
}
