//! The files of vectors: written, read, compared.
//!
//! A line is, between tabs, what was run, with which parameters, on which group of inputs; the hash of
//! all that was chosen, the hash of all figures, and one short hash an input, in the order of the
//! group. The lines `input` name the inputs of a group, each with a hash of its own: where that differs, a
//! generator changed and not a solver.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use crate::digest::{Answer, Digest};

/// What is asked for to rewrite the files.
const VARIABLE: &str = "SPINROUTE_VECTORS";
/// Differing lines that a failure shows.
const SHOWN: usize = 20;
/// Differing inputs that a line of it shows.
const NAMED: usize = 4;

/// What was run, its parameters, the group of inputs.
type Key = (String, String, String);

#[derive(Clone, Debug, Default, PartialEq)]
struct Line {
    chosen: String,
    figures: String,
    shorts: Vec<String>,
}

/// Answers in the making: two hashes over all, and one each.
#[derive(Clone, Debug, Default)]
struct Sums {
    all: Answer,
    shorts: Vec<String>,
}

/// The vectors of a run, by line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    lines: BTreeMap<Key, Sums>,
}

impl Book {
    /// Adds the answer to the next input of its group.
    pub(crate) fn add(&mut self, what: &str, parameters: &str, group: &str, answer: Answer) {
        self.push(what, parameters, group, answer, format!("{:04x}", answer.short()));
    }

    /// Adds an input to its group.
    pub(crate) fn add_input(&mut self, group: &str, name: &str, input: Digest) {
        assert!(!name.contains(char::is_whitespace), "{name:?} is one word");
        let answer = Answer { chosen: input, figures: Digest::default() };
        self.push("input", "-", group, answer, format!("{name}={:04x}", input.short()));
    }

    fn push(&mut self, what: &str, parameters: &str, group: &str, answer: Answer, short: String) {
        let key = (what.to_owned(), parameters.to_owned(), group.to_owned());
        let sums = self.lines.entry(key).or_default();
        sums.all.chosen = sums.all.chosen.whole(answer.chosen.value());
        sums.all.figures = sums.all.figures.whole(answer.figures.value());
        sums.shorts.push(short);
    }

    fn lines(&self) -> BTreeMap<Key, Line> {
        let line = |sums: &Sums| Line {
            chosen: format!("{:016x}", sums.all.chosen.value()),
            figures: format!("{:016x}", sums.all.figures.value()),
            shorts: sums.shorts.clone(),
        };
        self.lines.iter().map(|(key, sums)| (key.clone(), line(sums))).collect()
    }

    /// Compares with the file of that name, or rewrites it if that is asked for.
    pub(crate) fn check(&self, name: &str) {
        let path = path(name);
        let lines = self.lines();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if std::env::var_os(VARIABLE).is_some_and(|value| value == "write") {
            std::fs::write(&path, written(&text, &lines)).expect("the file can be written");
            return;
        }
        let (mut known, mut lines) = (read(&text), lines);
        let group = "sample".to_owned();
        if !multiplies_alike() && known.get(&input_key(&group)) != lines.get(&input_key(&group)) {
            let aloud = format!(
                "{name}: another processor multiplies the sample otherwise: not compared\n"
            );
            std::io::stderr().write_all(aloud.as_bytes()).expect("a line can be said");
            known.retain(|(_, _, of), _| *of != group);
            lines.retain(|(_, _, of), _| *of != group);
        }
        let report = report(&known, &lines);
        assert!(
            report.is_empty(),
            "{} of {} lines of tests/vectors/{name} differ:\n{}\nIf that is meant, {VARIABLE}=write \
             cargo test -p spinroute --test vectors\nrewrites the files; say the reason in the first \
             lines of each that changed.",
            report.len(),
            known.len().max(lines.len()),
            shown(&report),
        );
    }

    /// Panics unless every line of another run is here too, which differs in `what` alone.
    pub(crate) fn assert_holds(&self, other: &Self, what: &str) {
        let (mut lines, others) = (self.lines(), other.lines());
        lines.retain(|key, _| others.contains_key(key));
        let report = report(&lines, &others);
        assert!(report.is_empty(), "{what} changes answers:\n{}", shown(&report));
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

/// The line that names the inputs of a group.
fn input_key(group: &str) -> Key {
    ("input".to_owned(), "-".to_owned(), group.to_owned())
}

/// Whether this is the platform of the files: the scores of the sample are a product of `f32`s and a
/// softmax, whose bits depend on the processor (with FMA or without) and on the platform's `exp`.
fn multiplies_alike() -> bool {
    #[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
    return is_x86_feature_detected!("fma");
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
    return false;
}

/// The text of a file: the comments at the head of the old one stay.
fn written(old: &str, lines: &BTreeMap<Key, Line>) -> String {
    let mut text = String::new();
    for comment in old.lines().take_while(|line| line.starts_with('#')) {
        let _ = writeln!(text, "{comment}");
    }
    for ((what, parameters, group), line) in lines {
        let Line { chosen, figures, shorts } = line;
        let shorts = shorts.join(" ");
        let _ = writeln!(text, "{what}\t{parameters}\t{group}\t{chosen}\t{figures}\t{shorts}");
    }
    text
}

fn read(text: &str) -> BTreeMap<Key, Line> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [what, parameters, group, chosen, figures, shorts] = fields[..] else {
                panic!("line {}: {} fields instead of 6", number + 1, fields.len())
            };
            let shorts = shorts.split(' ').map(str::to_owned).collect();
            let line = Line { chosen: chosen.into(), figures: figures.into(), shorts };
            ((what.into(), parameters.into(), group.into()), line)
        })
        .collect()
}

/// What differs, a line each.
fn report(known: &BTreeMap<Key, Line>, now: &BTreeMap<Key, Line>) -> Vec<String> {
    let keys: BTreeSet<&Key> = known.keys().chain(now.keys()).collect();
    let mut report = Vec::new();
    for key in keys {
        let (what, parameters, group) = key;
        let difference = match (known.get(key), now.get(key)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) => difference(old, new, &names(now, group)),
            (Some(_), None) => "in the file, but no longer run".into(),
            (None, _) => "run, but not in the file".into(),
        };
        let input = input_key(group);
        let other_input = what != "input" && known.get(&input) != now.get(&input);
        let note = if other_input { " (its inputs differ)" } else { "" };
        report.push(format!("{what} {parameters} on {group}: {difference}{note}"));
    }
    report
}

/// The names of the inputs of a group.
fn names(now: &BTreeMap<Key, Line>, group: &str) -> Vec<String> {
    let inputs = now.get(&input_key(group));
    let name = |short: &String| short.split('=').next().unwrap_or_default().to_owned();
    inputs.map(|line| line.shorts.iter().map(name).collect()).unwrap_or_default()
}

/// Which parts of a line differ, and on which inputs.
fn difference(old: &Line, new: &Line, names: &[String]) -> String {
    let mut parts = Vec::new();
    if old.chosen != new.chosen {
        parts.push("what is chosen");
    }
    if old.figures != new.figures {
        parts.push("figures");
    }
    if old.shorts.len() != new.shorts.len() {
        return format!("{} inputs instead of {}", new.shorts.len(), old.shorts.len());
    }
    let differing = (0..new.shorts.len()).filter(|&i| old.shorts[i] != new.shorts[i]);
    let named: Vec<&str> =
        differing.map(|i| names.get(i).map_or("unnamed", String::as_str)).collect();
    let more = if named.len() > NAMED { " …" } else { "" };
    let first = named[..named.len().min(NAMED)].join(", ");
    format!("{}; {} of {}: {first}{more}", parts.join(" and "), named.len(), new.shorts.len())
}

fn shown(report: &[String]) -> String {
    let mut text = report[..report.len().min(SHOWN)].join("\n");
    if report.len() > SHOWN {
        let _ = write!(text, "\n… and {} more", report.len() - SHOWN);
    }
    text
}
