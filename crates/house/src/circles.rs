//! No circle between files: whoever reads a file must not have to read it first.
//!
//! A file uses another if it names what that one defines: by import, by a path in code, or by a
//! re-export, which counts as the file behind it. `mod x;` and re-exports of what lies below a
//! module are no uses, code under `#[cfg(test)]` is not looked at. A module file with code that its
//! parts use, while it uses them, is a circle.

mod components;
mod resolve;
mod tokens;
mod tree;
mod uses;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use components::{components, least_arrows, least_names};
use tree::Tree;
use uses::arrows;

use crate::finding::Finding;
use crate::workspace::Workspace;

pub use tree::Read;

/// One file that uses another, and the names by which it does.
pub struct Arrow {
    /// The file that uses.
    pub from: PathBuf,
    /// The file that defines.
    pub to: PathBuf,
    /// Each name with the first line that uses it.
    pub names: Vec<(String, usize)>,
}

/// Files of which each uses each other, directly or through others.
pub struct Circle {
    /// Sorted.
    pub files: Vec<PathBuf>,
    /// All arrows among them.
    pub arrows: Vec<Arrow>,
    /// The fewest arrows without which the circle is open, as indices into `arrows`; empty if
    /// more than a few are needed.
    pub cut: Vec<usize>,
    /// The fewest definitions, each as file and name, that would open the circle if they stood in
    /// files of their own; empty if more than a few are needed.
    pub ties: Vec<(PathBuf, String)>,
}

/// The circles in the target whose root file is `root`.
///
/// # Errors
///
/// A file that is declared but cannot be read, or that is not Rust.
pub fn circles(root: &Path, read: Read) -> Result<Vec<Circle>> {
    let tree = Tree::read(root, read)?;
    let found = arrows(&tree);
    let all: Vec<&uses::Arrow> = found.keys().collect();
    let circles = components(tree.files.len(), &all).into_iter().map(|files| {
        let inside: Vec<&uses::Arrow> = all
            .iter()
            .filter(|arrow| files.contains(&arrow.from) && files.contains(&arrow.to))
            .copied()
            .collect();
        let mut arrows: Vec<Arrow> = Vec::new();
        for arrow in &inside {
            let (from, to) = (tree.files[arrow.from].clone(), tree.files[arrow.to].clone());
            let name = (arrow.name.clone(), found[*arrow]);
            match arrows.last_mut() {
                Some(last) if last.from == from && last.to == to => last.names.push(name),
                _ => arrows.push(Arrow { from, to, names: vec![name] }),
            }
        }
        let ties = least_names(tree.files.len(), &inside);
        let mut names: Vec<PathBuf> = files.iter().map(|&file| tree.files[file].clone()).collect();
        names.sort();
        Circle {
            files: names,
            arrows,
            cut: least_arrows(tree.files.len(), &inside),
            ties: ties.into_iter().map(|(to, name)| (tree.files[to].clone(), name)).collect(),
        }
    });
    Ok(circles.collect())
}

/// The circles in all targets of a workspace, each known by its files.
///
/// # Errors
///
/// As [`circles`].
pub fn all_circles(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for root in workspace.roots() {
        for mut circle in circles(&root, &|path| std::fs::read_to_string(path).ok())? {
            circle.rename(|path| workspace.shown(path).into());
            let files = circle.files.iter().map(|file| file.display().to_string());
            found.push(Finding::new(files.collect::<Vec<_>>().join(" "), circle.to_string()));
        }
    }
    Ok(found)
}

impl Circle {
    fn rename(&mut self, name: impl Fn(&Path) -> PathBuf) {
        let arrows = self.arrows.iter_mut().flat_map(|arrow| [&mut arrow.from, &mut arrow.to]);
        let ties = self.ties.iter_mut().map(|(file, _)| file);
        for file in self.files.iter_mut().chain(arrows).chain(ties) {
            *file = name(file);
        }
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(out, "a circle of {} files:", self.files.len())?;
        for arrow in &self.arrows {
            writeln!(out, "  {arrow}")?;
        }
        if !self.cut.is_empty() {
            writeln!(out, "  open without:")?;
        }
        for &arrow in &self.cut {
            writeln!(out, "    {}", self.arrows[arrow])?;
        }
        if !self.ties.is_empty() {
            let ties = self.ties.iter().map(|(file, name)| format!("{name} ({})", file.display()));
            writeln!(
                out,
                "  open if these stood in files of their own: {}",
                ties.collect::<Vec<_>>().join(", ")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Arrow {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{} → {}:", self.from.display(), self.to.display())?;
        for (name, line) in &self.names {
            write!(out, " {name}:{line}")?;
        }
        Ok(())
    }
}
