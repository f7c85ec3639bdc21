//! A file in memory: mapped where that works, read where it does not.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// A named run of bytes. Large files are mapped, not copied.
///
/// A mapped file must not be truncated while it is open (the system then ends the process with
/// `SIGBUS`, as for every program that maps files).
///
/// ```
/// use spinroute_checkpoint::{File, read_capacities};
///
/// let file = File::from_bytes("capacities.txt", b"2\n2\n1\n".to_vec());
/// assert_eq!(read_capacities(&file)?, [2, 2, 1]);
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl File {
    /// Opens a file. What cannot be mapped (a pipe, an empty file) is read instead.
    ///
    /// # Errors
    /// If it cannot be opened or read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let bytes = (|| {
            let file = fs::File::open(&path)?;
            if file.metadata()?.is_file()
                && let Ok(map) = map(&file)
            {
                return Ok(Bytes::Mapped(map));
            }
            fs::read(&path).map(Bytes::Owned)
        })();
        match bytes {
            Ok(bytes) => Ok(Self { path, bytes }),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Bytes that are in memory already, under a name for messages.
    #[must_use]
    pub fn from_bytes(name: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        Self { path: name.into(), bytes: Bytes::Owned(bytes) }
    }

    /// Where it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

/// The one place where this crate is `unsafe`; its safe twin is the `fs::read` above.
#[allow(unsafe_code)]
fn map(file: &fs::File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the map is private and read-only, and nothing here writes to an input. Another
    // process that changes the file meanwhile changes only values, each of which is checked where
    // it is decoded to an owned number, and no reference into the map is kept as anything but
    // bytes. Truncation ends the process, see `File`.
    unsafe { memmap2::Mmap::map(file) }
}

#[cfg(test)]
mod tests {
    use crate::File;

    #[test]
    fn mapped_and_read_files_hold_the_same_bytes() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"scores").unwrap();
        assert_eq!(File::open(file.path()).unwrap().bytes(), std::fs::read(file.path()).unwrap());
    }

    #[test]
    fn an_empty_file_is_no_error_yet_and_a_missing_one_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(File::open(file.path()).unwrap().bytes(), b"");
        let error = File::open("no/such/file.npy").unwrap_err().to_string();
        assert!(error.starts_with("no/such/file.npy: "), "{error}");
    }
}
