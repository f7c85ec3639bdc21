//! The Rust files of the workspace as tokens.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{TokenStream, TokenTree};

use crate::workspace::Workspace;

/// A Rust file.
pub(crate) struct RustFile {
    pub(crate) path: PathBuf,
    /// As people write it: from the root of the workspace.
    pub(crate) shown: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<TokenTree>,
}

impl RustFile {
    pub(crate) fn new(path: PathBuf, shown: String, text: String) -> Result<Self> {
        let tokens: TokenStream = text.parse().map_err(|e| anyhow!("{shown} is no Rust: {e}"))?;
        Ok(Self { path, shown, text, tokens: tokens.into_iter().collect() })
    }
}

/// All Rust files of all members, sorted.
pub(crate) fn rust_files(workspace: &Workspace) -> Result<Vec<RustFile>> {
    let mut paths = Vec::new();
    for member in &workspace.members {
        walk(member.folder(), &mut paths)?;
    }
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let shown = workspace.shown(&path);
            RustFile::new(path, shown, text)
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default();
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                walk(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Visits `tokens` and every group within, outer ones first.
pub(crate) fn visit(tokens: &[TokenTree], visitor: &mut dyn FnMut(&[TokenTree])) {
    visitor(tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            visit(&group.stream().into_iter().collect::<Vec<_>>(), visitor);
        }
    }
}

/// The line of a token, counted from 1.
pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

#[cfg(test)]
impl RustFile {
    /// A file `crates/a/src/x.rs` of this text.
    pub(crate) fn of(text: &str) -> Self {
        let shown = "crates/a/src/x.rs";
        Self::new(Path::new("/w").join(shown), shown.into(), text.into()).unwrap()
    }
}
