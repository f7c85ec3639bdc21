//! What can be wrong with a file: which file, where in it, and what mends it.

use std::path::PathBuf;

/// An input that cannot be used.
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
    #[error("{}: {problem}; {mend}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// What was looked for and how it failed.
        problem: String,
        /// Which names there are.
        mend: String,
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
    #[error("{place}: shape {got:?}; {want}")]
    Shape {
        /// File and tensor.
        place: String,
        /// The shape found.
        got: Vec<usize>,
        /// What is expected.
        want: String,
    },
    /// A value that does not fit the purpose.
    #[error("{place}: {value}; {mend}")]
    Value {
        /// File, tensor, element and byte.
        place: String,
        /// What stands there.
        value: String,
        /// What is allowed.
        mend: &'static str,
    },
    /// Rows that the table does not have.
    #[error(
        "--tokens {rows} asks for tokens beyond the {tokens} in {place}; choose a range within 0..{tokens}"
    )]
    Rows {
        /// The range asked for.
        rows: String,
        /// File and tensor.
        place: String,
        /// Rows that there are.
        tokens: usize,
    },
}
