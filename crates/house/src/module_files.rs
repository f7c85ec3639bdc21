//! One style of module files: `foo.rs` beside `foo/`, no `mod.rs`.
//!
//! In `tests`, `examples` and `benches` cargo takes every file for a target, so there
//! `common/mod.rs` is the way to share.

use anyhow::Result;

use crate::files::rust_files;
use crate::finding::Finding;
use crate::workspace::Workspace;

/// The `mod.rs` of all `src` folders.
///
/// # Errors
///
/// A file that cannot be read.
pub fn module_files(workspace: &Workspace) -> Result<Vec<Finding>> {
    let files = rust_files(workspace)?;
    Ok(files.iter().filter_map(|file| breach(&file.shown)).collect())
}

fn breach(path: &str) -> Option<Finding> {
    let folder = path.strip_suffix("/mod.rs")?;
    let in_source = path.split('/').any(|part| part == "src");
    in_source.then(|| Finding::new(path, format!("{path}: move it to {folder}.rs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mod_rs_is_for_tests_only() {
        assert!(breach("crates/a/src/b/mod.rs").is_some_and(|f| f.text.ends_with("src/b.rs")));
        assert!(breach("crates/a/src/b.rs").is_none());
        assert!(breach("crates/a/src/b/amod.rs").is_none());
        assert!(breach("crates/a/tests/common/mod.rs").is_none());
    }
}
