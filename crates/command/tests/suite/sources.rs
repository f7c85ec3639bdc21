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

/// What `flow` costs is counted in one place, as its record has it.
#[test]
fn the_cost_of_flow_is_stated_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let page = read("docs/flow.md");
    let (_, cost) = page.split_once("## Cost\n").unwrap();
    let (_, link) = cost.split_once("(../").unwrap();
    let record = read(link.split_once(')').unwrap().0);
    let cells = |line: &str| -> Vec<String> {
        line.split('|').map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
    };
    let (_, families) = record.split_once("median top-k passes |\n").unwrap();
    let families = families.lines().skip(1).take_while(|line| line.starts_with('|')).map(cells);
    let recorded = families.map(|row| [row[0].clone(), row[row.len() - 1].clone()]);
    let (_, stated) = cost.split_once("|---|---:|\n").unwrap();
    let stated = stated.lines().take_while(|line| line.starts_with('|')).map(cells);
    assert_eq!(stated.collect::<Vec<_>>(), recorded.collect::<Vec<_>>());

    let mut files = Vec::new();
    for family in ["flow", "transport", "select", "prices"] {
        let directory = root.join("crates").join(family).join("src");
        if directory.is_dir() {
            sources(&directory, &mut files);
        }
    }
    assert!(!files.is_empty());
    let counts = ["ten", "tens of", "twenty", "thirty", "forty"];
    for path in files.into_iter().chain(["README.md", "docs/architecture.md"].map(|p| root.join(p)))
    {
        let text = std::fs::read_to_string(&path).unwrap().replace("//!", "").replace("///", "");
        let words: Vec<&str> = text.split_whitespace().collect();
        for at in 0..words.len().saturating_sub(2) {
            let (count, what) = (words[at], words[at + 1..at + 3].join(" "));
            let counted = count.parse::<f64>().is_ok_and(|n| n > 3.0) || counts.contains(&count);
            let passes =
                what.starts_with("passes") || what == "such passes." || what == "top-k passes";
            assert!(!(counted && passes), "{}: {count} {what}", path.display());
        }
    }
}

/// Options are the command's words: a library says what is wrong in its own.
#[test]
fn libraries_name_no_option() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let directory = entry.unwrap().path().join("src");
        let programs = ["crates/command", "crates/house"].map(|program| root.join(program));
        if directory.is_dir() && !programs.iter().any(|program| directory.starts_with(program)) {
            sources(&directory, &mut files);
        }
    }
    let of_command = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "cli");
    files.retain(|path| !of_command(path));
    assert!(files.len() > 100, "{} files", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        // Options of another program are its words.
        let code = code.filter(|line| !line.contains("\"git\", &["));
        for line in code {
            let option = line.match_indices("--").find(|(at, _)| {
                let (before, after) = (&line[..*at], &line[at + 2..]);
                let free = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
                free && after.starts_with(|c: char| c.is_ascii_lowercase())
            });
            assert!(option.is_none(), "{}: {line}", path.display());
        }
    }
}

/// A platform without a clock runs every solver: only core's clock asks for the time.
#[test]
fn solvers_read_no_clock_but_cores() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let directory = entry.unwrap().path();
        let name = directory.file_name().unwrap().to_string_lossy().into_owned();
        let measures = ["spinroute", "command", "lab", "testkit"].contains(&name.as_str());
        if !measures && directory.join("src").is_dir() {
            sources(&directory.join("src"), &mut files);
        }
    }
    let reads = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        ["Instant::now", "SystemTime::now"].iter().any(|call| text.contains(call))
    };
    files.retain(reads);
    assert_eq!(files, [root.join("crates/core/src/clock.rs")]);
}
