//! The workspace as cargo sees it: members, targets, dependencies.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A workspace: where it is, and its members.
#[derive(Deserialize)]
pub struct Workspace {
    /// The folder of its `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Sorted by name.
    #[serde(rename = "packages")]
    pub members: Vec<Member>,
}

/// A package of the workspace.
#[derive(Deserialize)]
pub struct Member {
    /// The name of the package.
    pub name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// The registries that it may go to: none given means any, an empty list none.
    pub publish: Option<Vec<String>>,
    /// Of all kinds.
    pub dependencies: Vec<Dependency>,
    /// Library, programs, tests, examples, benchmarks.
    pub targets: Vec<Target>,
}

/// A line of `[dependencies]` or its kin.
#[derive(Deserialize)]
pub struct Dependency {
    /// The name of the package.
    pub name: String,
    /// The version required; `*` if none is.
    pub req: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub kind: Option<String>,
    /// Whether a feature adds it.
    pub optional: bool,
    /// The folder, if it is here.
    pub path: Option<PathBuf>,
}

/// What cargo compiles as one.
#[derive(Deserialize)]
pub struct Target {
    /// Its root file.
    pub src_path: PathBuf,
}

impl Workspace {
    /// Asks cargo for the workspace that `folder` lies in.
    ///
    /// # Errors
    ///
    /// If cargo does not run, or finds fault with a manifest.
    pub fn read(folder: &Path) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
            .current_dir(folder)
            .output()
            .context("cannot run cargo")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut workspace: Self = serde_json::from_slice(&output.stdout)?;
        workspace.members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(workspace)
    }

    /// The workspace that this crate is built in.
    ///
    /// # Errors
    ///
    /// As [`Workspace::read`].
    pub fn own() -> Result<Self> {
        Self::read(Path::new(env!("CARGO_MANIFEST_DIR")))
    }

    /// `path` as people write it: from the root, with slashes.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string().replace('\\', "/")
    }

    /// The root files of all targets, sorted.
    #[must_use]
    pub fn roots(&self) -> Vec<PathBuf> {
        let targets = self.members.iter().flat_map(|member| &member.targets);
        let mut roots: Vec<PathBuf> = targets.map(|target| target.src_path.clone()).collect();
        roots.sort();
        roots.dedup();
        roots
    }
}

impl Member {
    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new(""))
    }

    /// Its short name: that of its folder.
    #[must_use]
    pub fn short(&self) -> String {
        let name = self.folder().file_name();
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Whether it may go to a registry.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}
