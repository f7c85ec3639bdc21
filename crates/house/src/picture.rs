//! The picture of the crates, in docs/architecture.md and crates/README.md, is the true one.
//!
//! The picture is the first block ```` ```text ```` of the page, one line a crate: its folder's name,
//! an arrow, and the crates that it needs, `?` after one that only a feature adds. Every line stands
//! below those that it names. Dev-dependencies are not in it.

use std::path::Path;

use anyhow::{Context, Result};

use crate::finding::Finding;
use crate::workspace::{Member, Workspace};

/// What a crate that needs no other has behind its arrow.
const NOTHING: &str = "nothing";

/// A crate and what it needs.
type Line = (String, Vec<String>);

/// Differences between the pictures and the manifests.
///
/// # Errors
///
/// If a page cannot be read.
pub fn picture(workspace: &Workspace) -> Result<Vec<Finding>> {
    let read = |name: &str| {
        let path = workspace.root.join(Path::new(name));
        std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))
    };
    let (architecture, list) = (read("docs/architecture.md")?, read("crates/README.md")?);
    Ok(compared(&architecture, &list, workspace))
}

fn compared(architecture: &str, list: &str, workspace: &Workspace) -> Vec<Finding> {
    let mut found = Vec::new();
    let drawn = drawn(architecture);
    let order: Vec<&str> = drawn.iter().map(|(name, _)| name.as_str()).collect();
    let truth = in_order(workspace, &order);
    if drawn != truth {
        let wanted: Vec<String> = truth.iter().map(written).collect();
        let text = format!(
            "docs/architecture.md: the picture is not what Cargo.toml says. It should be\n\n{}\n",
            wanted.join("\n")
        );
        found.push(Finding::new("picture", text));
    }
    let listed: Vec<&str> = list.lines().filter_map(listed).collect();
    let crates = |name: &str| {
        let named = |member: &&Member| member.short() == name;
        let member = workspace.members.iter().find(named);
        member.is_some_and(|member| member.folder().starts_with(workspace.root.join("crates")))
    };
    let wanted: Vec<&str> =
        in_order_names(workspace, &listed).into_iter().filter(|name| crates(name)).collect();
    if listed != wanted {
        let text = format!(
            "crates/README.md: each crate once, below those that it needs; for example {}",
            wanted.join(", ")
        );
        found.push(Finding::new("list", text));
    }
    found
}

/// The lines of the first text block.
fn drawn(page: &str) -> Vec<Line> {
    let block = page.split_once("```text\n").and_then(|(_, rest)| rest.split_once("```"));
    let lines = block.map_or("", |(block, _)| block).lines();
    let lines = lines.filter_map(|line| line.split_once('→'));
    lines
        .map(|(name, needs)| {
            let needs = needs.split(',').map(|need| need.trim().to_string());
            (name.trim().to_string(), needs.filter(|need| need != NOTHING).collect())
        })
        .collect()
}

fn written((name, needs): &Line) -> String {
    let needs = if needs.is_empty() { NOTHING.to_string() } else { needs.join(", ") };
    format!("{name:<12} → {needs}")
}

/// The name at the start of a list entry: "- `core`: the problem".
fn listed(line: &str) -> Option<&str> {
    line.strip_prefix("- `")?.split_once('`').map(|(name, _)| name)
}

/// All members in an order of dependency, as near to `wish` as one can be.
fn in_order_names<'a>(workspace: &'a Workspace, wish: &[&str]) -> Vec<&'a str> {
    let place = |name: &str| wish.iter().position(|wished| *wished == name);
    let mut left: Vec<&Member> = workspace.members.iter().collect();
    left.sort_by_key(|member| place(member.short()).unwrap_or(usize::MAX));
    let mut order = Vec::new();
    while !left.is_empty() {
        let waits = |member: &Member| {
            let needed = workspace.needed(member);
            needed.iter().any(|need| left.iter().any(|other| other.name == need.member.name))
        };
        // Cargo allows no circle, so one of them waits for none.
        let next = left.iter().position(|member| !waits(member)).unwrap_or(0);
        order.push(left.remove(next).short());
    }
    order
}

/// The true picture, crates and needs in that order.
fn in_order(workspace: &Workspace, wish: &[&str]) -> Vec<Line> {
    let order = in_order_names(workspace, wish);
    let place = |name: &str| order.iter().position(|other| *other == name);
    let line = |name: &&str| {
        let member = workspace.members.iter().find(|member| member.short() == *name);
        let mut needed = member.map_or_else(Vec::new, |member| workspace.needed(member));
        needed.sort_by_key(|need| place(need.member.short()));
        let sign = |optional: bool| if optional { "?" } else { "" };
        let needs = needed
            .iter()
            .map(|need| format!("{}{}", need.member.short(), sign(need.optional)))
            .collect();
        ((*name).to_string(), needs)
    };
    order.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n```text\nflow → nothing\ncore → nothing\nall → flow, core\n```\n";
    const LIST: &str = "# C\n- `core`: a\n- `flow`: b\n- `all`: c";

    fn keys(page: &str, list: &str) -> Vec<String> {
        let workspace = Workspace::of(&[("all", &["core", "flow"]), ("core", &[]), ("flow", &[])]);
        compared(page, list, &workspace).into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn the_true_picture_passes_in_any_order_of_dependency() {
        assert_eq!(keys(PAGE, LIST), [""; 0]);
    }

    #[test]
    fn every_difference_is_seen() {
        for (old, new) in [
            ("flow, core", "core"),
            ("flow, core", "flow, core?"),
            ("flow, core", "core, flow"),
            ("core → nothing", "core → flow"),
            ("core → nothing\nall → flow, core", "all → flow, core\ncore → nothing"),
            ("core → nothing\n", ""),
            ("core → nothing\n", "core → nothing\nmore → core\n"),
            ("core → nothing\n", "core → nothing\ncore → nothing\n"),
        ] {
            assert_eq!(keys(&PAGE.replace(old, new), LIST), ["picture"], "{new}");
        }
    }

    #[test]
    fn the_list_names_each_once_in_order() {
        for list in ["- `core`: a\n- `all`: c", "- `core`: a\n- `all`: c\n- `flow`: b"] {
            assert_eq!(keys(PAGE, list), ["list"]);
        }
        assert_eq!(keys(PAGE, &format!("{LIST}\n- `core`: again")), ["list"]);
    }
}
