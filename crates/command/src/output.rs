//! Results on disk: all files or none.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::exit::Failure;

/// Writes files into a directory, which is made if need be.
///
/// Each is written beside its place under a temporary name and synchronised; only when all are
/// there are they renamed. If a rename fails, those done are taken back and the files that they
/// replaced put back, so that the directory holds all of the new files or none.
pub(crate) fn write_all(directory: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), Failure> {
    let made = missing(directory);
    let result = fs::create_dir_all(directory)
        .map_err(|error| failure(directory, &error))
        .and_then(|()| files.iter().map(|(name, bytes)| stage(directory, name, bytes)).collect())
        .and_then(commit);
    if result.is_err() {
        // Only directories that this call made, and only while they are empty.
        for directory in made {
            let _ = fs::remove_dir(directory);
        }
    }
    result
}

/// Writes one file, all of it or nothing: under a temporary name beside its place, then renamed.
///
/// A place that is taken by anything but a file is refused: a rename would put a file where a
/// directory, a pipe or a device such as `/dev/stdout` is.
pub(crate) fn write_one(
    place: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let refuse = |what: &str| Err(Failure::Files(format!("{}: {what}", place.display())));
    if fs::metadata(place).is_ok_and(|metadata| !metadata.is_file()) {
        return refuse("not a file that can be replaced; choose another place");
    }
    let directory = place.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if !directory.is_dir() {
        return refuse("its directory does not exist; make it or choose another place");
    }
    let file = (|| {
        let mut out = BufWriter::new(temporary().tempfile_in(directory)?);
        write(&mut out)?;
        let file = out.into_inner()?;
        file.as_file().sync_all()?;
        Ok(file)
    })();
    let file = file.map_err(|error: io::Error| match error.kind() {
        // What is to be written cannot be: no other place would help.
        io::ErrorKind::InvalidData => Failure::Input(format!("{}: {error}", place.display())),
        _ => failure(place, &error),
    })?;
    commit(vec![Staged { file, place: place.to_owned() }])
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    let mend = "choose another --out or free the place";
    Failure::Files(format!("{}: {error}; {mend}", path.display()))
}

/// The directories above a path that do not exist yet, innermost first.
fn missing(directory: &Path) -> Vec<PathBuf> {
    let above = directory.ancestors().filter(|path| !path.as_os_str().is_empty());
    above.take_while(|path| !path.exists()).map(Path::to_owned).collect()
}

/// A file under its temporary name, and its place.
struct Staged {
    file: NamedTempFile,
    place: PathBuf,
}

/// Temporary files with the permissions of any other file: what the umask leaves.
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".spinroute-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn stage(directory: &Path, name: &str, bytes: &[u8]) -> Result<Staged, Failure> {
    let place = directory.join(name);
    let file = (|| {
        let mut file = temporary().tempfile_in(directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    })();
    match file {
        Ok(file) => Ok(Staged { file, place }),
        Err(error) => Err(failure(&place, &error)),
    }
}

fn commit(staged: Vec<Staged>) -> Result<(), Failure> {
    let mut done: Vec<(PathBuf, Option<NamedTempFile>)> = Vec::new();
    for Staged { file, place } in staged {
        let renamed = set_aside(&place).and_then(|old| match file.persist(&place) {
            Ok(_) => Ok(old),
            Err(error) => {
                put_back(&place, old);
                Err(error.error)
            }
        });
        match renamed {
            Ok(old) => done.push((place, old)),
            Err(error) => {
                for (place, old) in done {
                    let _ = fs::remove_file(&place);
                    put_back(&place, old);
                }
                return Err(failure(&place, &error));
            }
        }
    }
    Ok(())
}

/// Moves the file that stands at `place` to a temporary name beside it.
fn set_aside(place: &Path) -> std::io::Result<Option<NamedTempFile>> {
    let Some(directory) = place.parent().filter(|_| place.symlink_metadata().is_ok()) else {
        return Ok(None);
    };
    let aside = temporary().tempfile_in(directory)?;
    fs::rename(place, aside.path())?;
    Ok(Some(aside))
}

fn put_back(place: &Path, old: Option<NamedTempFile>) {
    if let Some(old) = old {
        let _ = old.persist(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(directory: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let bytes = fs::read(entry.path()).unwrap_or_default();
                (entry.file_name().into_string().unwrap(), bytes)
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn writes_into_a_new_directory_and_over_old_files() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("a/b");
        for version in [b"1", b"2"] {
            write_all(&out, &[("x", version.to_vec()), ("y", version.to_vec())]).unwrap();
            let want = ["x", "y"].map(|name| (name.to_owned(), version.to_vec()));
            assert_eq!(listing(&out), want);
        }
    }

    #[test]
    fn one_file_is_written_or_nothing() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("x");
        for version in [b"1", b"2"] {
            write_one(&place, |out| out.write_all(version)).unwrap();
            assert_eq!(listing(root.path()), [("x".to_owned(), version.to_vec())]);
        }
        let failed = write_one(&place, |out| {
            out.write_all(b"3")?;
            Err(io::Error::other("full"))
        });
        assert!(matches!(failed, Err(Failure::Files(_))));
        assert_eq!(listing(root.path()), [("x".to_owned(), b"2".to_vec())]);
        assert!(write_one(&root.path().join("no/x"), |_| Ok(())).is_err());
        let data = || Err(io::Error::new(io::ErrorKind::InvalidData, "too large"));
        assert!(matches!(write_one(&place, |_| data()), Err(Failure::Input(_))));
    }

    /// A directory or a device is not replaced by a file.
    #[cfg(unix)]
    #[test]
    fn only_a_file_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let (link, empty) = (root.path().join("link"), root.path().join("empty"));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        fs::create_dir(&empty).unwrap();
        for place in [&link, &empty] {
            let result = write_one(place, |out| out.write_all(b"new"));
            assert!(
                matches!(result, Err(Failure::Files(message)) if message.contains("not a file"))
            );
        }
        assert!(link.is_symlink() && empty.is_dir());
    }

    #[test]
    fn a_place_that_is_taken_leaves_everything_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("x"), b"old").unwrap();
        // A directory that is not empty cannot be replaced by a file.
        fs::create_dir(root.path().join("y")).unwrap();
        fs::write(root.path().join("y/z"), b"kept").unwrap();
        let before = listing(root.path());
        let files = [("w", b"new".to_vec()), ("x", b"new".to_vec()), ("y", b"new".to_vec())];
        assert!(matches!(write_all(root.path(), &files), Err(Failure::Files(_))));
        assert_eq!(listing(root.path()), before);
        assert_eq!(fs::read(root.path().join("y/z")).unwrap(), b"kept");
    }

    #[test]
    fn an_impossible_directory_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), b"").unwrap();
        let out = root.path().join("file/inside");
        assert!(write_all(&out, &[("x", Vec::new())]).is_err());
        assert_eq!(listing(root.path()).len(), 1);
    }
}
