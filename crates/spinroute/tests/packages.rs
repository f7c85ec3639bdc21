//! What a crate that depends on the library pulls in.

#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::collections::BTreeSet;
use std::process::Command;

/// What belongs to the command.
const FORBIDDEN: [&str; 5] = ["clap", "comfy-table", "ctrlc", "indicatif", "plotters"];

/// Names of the packages in the normal tree of `spinroute` with features, itself among them.
fn packages(features: &[&str]) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", "spinroute", "--prefix", "none"])
        .args(["--edges", "normal", "--format", "{p}"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn the_exact_solver_alone_is_what_the_crate_documentation_lists() {
    let packages = packages(&["--no-default-features", "--features", "flow"]);
    let documentation = include_str!("../src/lib.rs");
    let section = documentation.split("//! # ").find(|section| section.starts_with("What `flow`"));
    let rows = section.unwrap().lines().filter_map(|line| line.strip_prefix("//! | `"));
    let listed: BTreeSet<String> = rows
        .flat_map(|row| row.split(" |").next().unwrap().split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    assert_eq!(packages, listed);
    // One less than the goal of 40, for the crate that depends on it.
    assert!(packages.len() < 40, "{} packages", packages.len());
}

#[test]
fn nothing_of_the_command_is_in_the_library() {
    let packages = packages(&["--all-features"]);
    assert!(packages.contains("spinroute-testkit") && packages.contains("good_lp"));
    let found: Vec<_> = packages.iter().filter(|name| FORBIDDEN.contains(&&***name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Major and minor of a version.
fn version(text: &str) -> Vec<u32> {
    text.split('.').take(2).map(|part| part.parse().unwrap()).collect()
}

#[test]
fn no_package_needs_a_newer_compiler_than_the_workspace() {
    let compiler = Command::new("rustc").arg("-vV").output().unwrap();
    let compiler = String::from_utf8(compiler.stdout).unwrap();
    let host = compiler.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let oldest = version(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    for package in packages {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(version(needed) <= oldest, "{} needs Rust {needed}", package["name"]);
        }
    }
}
