//! What `cargo package` of every published crate needs, without the minutes that it takes.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::TokenTree;

use crate::files::{RustFile, line, rust_files, visit};
use crate::finding::Finding;
use crate::workspace::{Member, Workspace};

/// Faults of manifests, and files that a crate takes from outside of its folder.
///
/// # Errors
///
/// A file that cannot be read.
pub fn packaging(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let files = rust_files(workspace)?;
    for member in &workspace.members {
        let shown = workspace.shown(&member.manifest_path);
        let manifest = std::fs::read_to_string(&member.manifest_path)
            .with_context(|| format!("cannot read {shown}"))?;
        if !takes_lints(&manifest) {
            let text = format!(
                "{shown}: without the lints of the workspace: `[lints]`, `workspace = true`"
            );
            found.push(Finding::new(format!("{shown} lints"), text));
        }
        if member.is_published() {
            found.extend(manifest_faults(workspace, member, &shown));
            let own = files.iter().filter(|file| file.path.starts_with(member.folder()));
            found.extend(own.flat_map(|file| outside(file, member.folder())));
        }
    }
    Ok(found)
}

fn takes_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim);
    lines.by_ref().any(|line| line == "[lints]")
        && lines.find(|line| !line.is_empty()) == Some("workspace = true")
}

fn manifest_faults(workspace: &Workspace, member: &Member, shown: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut fault = |text: String| found.push(Finding::new(text.clone(), text));
    for (name, value) in [("description", &member.description), ("license", &member.license)] {
        if value.as_ref().is_none_or(|value| value.trim().is_empty()) {
            fault(format!("{shown}: no {name}, which a registry demands"));
        }
    }
    // A dev-dependency without a version is left out of the package.
    for needed in member.dependencies.iter().filter(|needed| needed.kind.as_deref() != Some("dev"))
    {
        if needed.path.is_some() && needed.req == "*" {
            fault(format!("{shown}: {} has no version, which a package needs", needed.name));
        }
        let here = workspace.members.iter().find(|member| member.name == needed.name);
        if needed.path.is_some() && here.is_some_and(|here| !here.is_published()) {
            fault(format!("{shown}: {} is not published, so this crate cannot be", needed.name));
        }
    }
    found
}

/// Files that code includes from outside `folder`.
fn outside(file: &RustFile, folder: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    visit(&file.tokens, &mut |tokens| {
        for (at, token) in tokens.iter().enumerate() {
            let Some(path) = included(tokens, at) else { continue };
            let beside = file.path.parent().unwrap_or(Path::new(""));
            if !plain(&beside.join(&path)).starts_with(folder) {
                let text = format!(
                    "{}:{}: {path} lies outside of the crate, so its package lacks it: move it inside, \
                     or this to a crate that is not published",
                    file.shown,
                    line(token)
                );
                found.push(Finding::new(format!("{} {path}", file.shown), text));
            }
        }
    });
    found
}

/// The file that the macro or `#[path]` at `at` takes: all that is literal of it.
fn included(tokens: &[TokenTree], at: usize) -> Option<String> {
    let TokenTree::Ident(ident) = &tokens[at] else { return None };
    let literal = |tokens: Vec<TokenTree>| match tokens.first() {
        Some(TokenTree::Literal(literal)) => {
            Some(literal.to_string().trim_matches('"').to_string())
        }
        _ => None,
    };
    let inside = |at: usize| match tokens.get(at) {
        Some(TokenTree::Group(group)) => Some(group.stream().into_iter().collect::<Vec<_>>()),
        _ => None,
    };
    let sign = tokens.get(at + 1)?.to_string();
    if ident == "path" && sign == "=" && at == 0 {
        return literal(tokens[2..].to_vec());
    }
    let is_macro = ["include", "include_str", "include_bytes"].iter().any(|name| ident == name);
    if !is_macro || sign != "!" {
        return None;
    }
    let mut argument = inside(at + 2)?;
    while let [TokenTree::Ident(name), _, TokenTree::Group(group), ..] = argument.as_slice()
        && name == "concat"
    {
        argument = group.stream().into_iter().collect();
    }
    literal(argument)
}

/// `path` without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_from_outside_is_found() {
        let folder = Path::new("/w/crates/a");
        for text in [
            "const A: &str = include_str!(\"../../b/x\");",
            "const A: &[u8] = include_bytes!(\"../../../x\");",
            "include!(\"../../x.rs\");",
            "#[doc = include_str!(\"../../../README.md\")] struct A;",
            "macro_rules! m { ($n:literal) => { include_str!(concat!(\"../../b/\", $n)) } }",
            "#[path = \"../../b/src/x.rs\"] mod x;",
        ] {
            assert_eq!(outside(&RustFile::of(text), folder).len(), 1, "{text}");
        }
        for text in ["const A: &str = include_str!(\"../x\");", "fn path(x: u8) { include(x) }"] {
            assert_eq!(outside(&RustFile::of(text), folder).len(), 0, "{text}");
        }
    }

    #[test]
    fn a_manifest_says_what_a_package_needs() {
        let faults = |change: fn(&mut Workspace)| {
            let mut workspace = Workspace::of(&[("a", &["b", "serde"]), ("b", &[])]);
            change(&mut workspace);
            let found = manifest_faults(&workspace, &workspace.members[0], "a/Cargo.toml");
            found.into_iter().map(|finding| finding.text).collect::<Vec<_>>()
        };
        assert_eq!(faults(|_| ()), [""; 0]);
        assert_eq!(faults(|w| w.members[0].description = None).len(), 1);
        assert_eq!(faults(|w| w.members[0].license = Some(" ".into())).len(), 1);
        assert_eq!(faults(|w| w.members[0].dependencies[0].req = "*".into()).len(), 1);
        assert_eq!(faults(|w| w.members[1].publish = Some(Vec::new())).len(), 1);
        let dev = faults(|w| {
            w.members[0].dependencies[0].req = "*".into();
            w.members[0].dependencies[0].kind = Some("dev".into());
        });
        assert_eq!(dev, [""; 0]);
    }

    #[test]
    fn lints_are_taken_from_the_workspace() {
        assert!(takes_lints("[package]\n[lints]\nworkspace = true\n"));
        assert!(!takes_lints("[package]\nworkspace = true\n"));
        assert!(!takes_lints("[lints]\n[lints.rust]\nworkspace = true"));
    }
}
