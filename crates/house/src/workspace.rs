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

/// A member that another needs, dev-dependencies aside.
pub(crate) struct Needed<'a> {
    pub(crate) member: &'a Member,
    /// Whether only a feature adds it.
    pub(crate) optional: bool,
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

    /// The members that `member` needs itself, to be built.
    pub(crate) fn needed(&self, member: &Member) -> Vec<Needed<'_>> {
        let mut needed: Vec<Needed> = Vec::new();
        for line in &member.dependencies {
            let here = self.members.iter().find(|other| other.name == line.name);
            let (Some(member), true) = (here, line.path.is_some()) else { continue };
            if line.kind.as_deref() == Some("dev") {
                continue;
            }
            match needed.iter_mut().find(|known| known.member.name == member.name) {
                Some(known) => known.optional &= line.optional,
                None => needed.push(Needed { member, optional: line.optional }),
            }
        }
        needed
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
    pub fn short(&self) -> &str {
        self.folder().file_name().and_then(|name| name.to_str()).unwrap_or(&self.name)
    }

    /// Whether it may go to a registry.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|registries| !registries.is_empty())
    }
}

#[cfg(test)]
impl Workspace {
    /// Members in `/w/crates`, each with what it depends on; a name that is no member's is foreign.
    pub(crate) fn of(members: &[(&str, &[&str])]) -> Self {
        let here = |name: &str| members.iter().any(|(member, _)| *member == name);
        let folder = |name: &str| Path::new("/w/crates").join(name);
        let member = |(name, needs): &(&str, &[&str])| Member {
            name: (*name).into(),
            description: Some("as tested".into()),
            license: Some("MIT".into()),
            manifest_path: folder(name).join("Cargo.toml"),
            publish: None,
            dependencies: needs
                .iter()
                .map(|name| Dependency {
                    name: (*name).into(),
                    req: "^1".into(),
                    kind: None,
                    optional: false,
                    path: here(name).then(|| folder(name)),
                })
                .collect(),
            targets: Vec::new(),
        };
        Self { root: "/w".into(), members: members.iter().map(member).collect() }
    }
}
