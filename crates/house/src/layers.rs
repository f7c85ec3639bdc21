//! No arrow back between crates.
//!
//! Cargo allows no circle, but any other arrow. The order of the rooms is written here, and which
//! rooms must stay ignorant of which. A rule whose crates do not exist says nothing.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::workspace::{Member, Workspace};

/// A room uses only rooms above itself.
pub const ROOMS: &[&str] = &[
    "core",
    "simd",
    "prices",
    "flow",
    "transport",
    "ising",
    "modelling",
    "bifurcation",
    "encodings",
    "constrained",
    "placement",
    "checkpoint",
    "testkit",
    "lab",
    "spinroute",
    "command",
];

/// What a room must not depend on, through others either, and why.
pub const NEVER: &[(&str, &[&str], &str)] = &[
    ("simd", &["core"], "it compiles loops and knows no problem"),
    ("ising", &["prices", "flow", "transport"], "a model of spins knows no token"),
    ("modelling", &["flow", "transport"], "the language knows no solver of assignments"),
    ("bifurcation", &["prices", "flow", "transport"], "a minimiser knows no token and no prices"),
    (
        "checkpoint",
        &["prices", "flow", "transport", "ising", "modelling", "bifurcation", "encodings"],
        "files are read without any solver",
    ),
    ("testkit", &["prices", "flow", "transport"], "a referee shares no code with whom it judges"),
];

/// Who alone may depend on a room.
pub const ONLY: &[(&str, &[&str])] = &[
    ("command", &[]),
    ("benches", &[]),
    ("house", &[]),
    ("testkit", &["spinroute", "lab", "benches"]),
    ("lab", &["spinroute", "command", "benches"]),
    ("spinroute", &["command", "benches"]),
];

/// What the command alone brings in: a library that depends on the facade builds none of it.
pub const COAT: &[&str] = &["clap", "comfy-table", "ctrlc", "humantime", "indicatif", "plotters"];

/// Arrows that the rules forbid.
#[must_use]
pub fn layers(workspace: &Workspace) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in &workspace.members {
        let from = member.short();
        let near: BTreeSet<&str> =
            workspace.needed(member).into_iter().map(|needed| needed.member.short()).collect();
        let far: BTreeSet<&str> = closure(workspace, member).iter().map(|m| m.short()).collect();
        for to in &near {
            if let (Some(user), Some(used)) = (room(from), room(to))
                && used > user
            {
                found.push(arrow(from, to, "it stands below, see ROOMS"));
            }
            if let Some((_, users)) = ONLY.iter().find(|(room, _)| room == to)
                && !users.contains(&from)
            {
                found.push(arrow(from, to, "see ONLY"));
            }
        }
        for (_, never, why) in NEVER.iter().filter(|(room, ..)| *room == from) {
            for to in never.iter().filter(|to| far.contains(**to)) {
                found.push(arrow(from, to, why));
            }
        }
    }
    found.extend(coat(workspace));
    found
}

fn room(name: &str) -> Option<usize> {
    ROOMS.iter().position(|room| *room == name)
}

fn arrow(from: &str, to: &str, why: &str) -> Finding {
    let key = format!("{from} → {to}");
    let text =
        format!("crates/{from}/Cargo.toml: no arrow {key}: {why} (crates/house/src/layers.rs)");
    Finding::new(key, text)
}

/// The members that `member` depends on, through others too.
fn closure<'a>(workspace: &'a Workspace, member: &'a Member) -> Vec<&'a Member> {
    let mut reached = vec![member];
    let mut at = 0;
    while at < reached.len() {
        for needed in workspace.needed(reached[at]) {
            if reached.iter().all(|known| known.name != needed.member.name) {
                reached.push(needed.member);
            }
        }
        at += 1;
    }
    reached.remove(0);
    reached
}

/// What the facade brings of the command, once the command is a crate of its own.
fn coat(workspace: &Workspace) -> Vec<Finding> {
    let named = |name: &str| workspace.members.iter().find(|member| member.short() == name);
    let (Some(facade), Some(_)) = (named("spinroute"), named("command")) else { return Vec::new() };
    let mut library = closure(workspace, facade);
    library.push(facade);
    let mut found = Vec::new();
    for member in library {
        for needed in member.dependencies.iter().filter(|needed| needed.kind.is_none()) {
            if COAT.contains(&needed.name.as_str()) {
                found.push(arrow(member.short(), &needed.name, "it belongs to the command alone"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(members: &[(&str, &[&str])]) -> Vec<String> {
        layers(&Workspace::of(members)).into_iter().map(|finding| finding.key).collect()
    }

    #[test]
    fn arrows_go_up_the_list() {
        assert_eq!(keys(&[("core", &[]), ("prices", &["core"])]), [""; 0]);
        assert_eq!(keys(&[("core", &["prices"]), ("prices", &[])]), ["core → prices"]);
        assert_eq!(keys(&[("other", &["core"]), ("core", &[])]), [""; 0]);
    }

    #[test]
    fn a_detour_is_an_arrow_too() {
        let members: &[(&str, &[&str])] =
            &[("prices", &[]), ("other", &["prices"]), ("ising", &["other"])];
        assert_eq!(keys(members), ["ising → prices"]);
    }

    #[test]
    fn nothing_depends_on_the_command() {
        assert_eq!(keys(&[("command", &[]), ("benches", &["command"])]), ["benches → command"]);
    }

    #[test]
    fn the_facade_takes_off_the_coat() {
        assert_eq!(keys(&[("spinroute", &["clap"])]), [""; 0]);
        let apart: &[(&str, &[&str])] =
            &[("command", &["clap"]), ("spinroute", &["lab2"]), ("lab2", &["clap"])];
        assert_eq!(keys(apart), ["lab2 → clap"]);
    }
}
