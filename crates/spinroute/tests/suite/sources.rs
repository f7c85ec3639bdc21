//! Rules of the workspace that are read off its sources.

use std::path::{Path, PathBuf};

/// The Rust files under a directory of the repository.
fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Only core divides by an objective: what is a gap is defined once.
#[test]
fn gaps_come_from_core_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    assert!(files.len() > 100, "{} files", files.len());
    for path in files.iter().filter(|path| !path.starts_with(root.join("crates/core"))) {
        let text = std::fs::read_to_string(path).unwrap();
        let text: String = text.split_whitespace().collect();
        let divides = text.match_indices("objective.abs()").any(|(at, _)| {
            let before =
                text[..at].trim_end_matches(|c: char| c.is_alphanumeric() || "._".contains(c));
            before.ends_with('/')
        });
        assert!(!divides, "{}: ask spinroute_core::gap", path.display());
    }
}
