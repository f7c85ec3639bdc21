//! CONTRIBUTING names the commands of `.ci/run`, and no others.

use std::path::Path;

use anyhow::{Context, Result};

use crate::finding::Finding;

/// The commands that only one of the two names, or their order.
///
/// # Errors
///
/// If one of the two files cannot be read.
pub fn commands(root: &Path) -> Result<Vec<Finding>> {
    let read = |name: &str| {
        std::fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"))
    };
    Ok(compared(&read(".ci/run")?, &read("CONTRIBUTING.md")?))
}

fn compared(script: &str, page: &str) -> Vec<Finding> {
    let block = page.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```"));
    let named = lines(block.map_or("", |(block, _)| block));
    let run = lines(script);
    let mut found = Vec::new();
    for command in run.iter().filter(|command| !named.contains(command)) {
        let text = format!("CONTRIBUTING.md: the first `sh` block lacks `{command}` of .ci/run");
        found.push(Finding::new(command.clone(), text));
    }
    for command in named.iter().filter(|command| !run.contains(command)) {
        let text = format!("CONTRIBUTING.md: `{command}` is not in .ci/run");
        found.push(Finding::new(command.clone(), text));
    }
    if found.is_empty() && run != named {
        let text = "CONTRIBUTING.md: its commands stand in another order than in .ci/run";
        found.push(Finding::new("order", text));
    }
    found
}

/// The commands of a script: without comments, settings and `cd`, a continued line as one.
fn lines(script: &str) -> Vec<String> {
    let whole = script.replace("\\\n", " ");
    let words = whole.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let skipped = |line: &String| {
        line.is_empty()
            || line.starts_with('#')
            || line.starts_with("set ")
            || line.starts_with("cd ")
    };
    words.filter(|line| !skipped(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_compared_in_order() {
        let script = "#!/bin/bash\n# Why.\nset -e\ncd x\n\na --b\nc \\\n  d\n";
        assert_eq!(compared(script, "It runs\n```sh\na --b\nc d\n```\nmore").len(), 0);
        assert_eq!(compared(script, "```sh\nc d\na --b\n```").len(), 1);
        assert_eq!(compared(script, "```sh\na\nc d\n```").len(), 2);
        assert_eq!(compared(script, "no block").len(), 2);
    }
}
