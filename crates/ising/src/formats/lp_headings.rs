//! The headings of LP files: those that a QUBO has, and those of other readers, which it has not.
//!
//! A heading begins a line, in any case. What no heading of any reader is taken for is a variable, so
//! that a heading that were missing here would become a binary: IBM CPLEX, Gurobi, HiGHS and SCIP are
//! covered, with the spellings that their manuals give and those with blanks, hyphens or nothing between
//! words.

use super::lp_letters::in_name;

/// A heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Minimize,
    Maximize,
    Constraints,
    Bounds,
    Binary,
    General,
    Foreign(&'static Foreign),
    End,
}

/// A section that a QUBO has not: passed over where it is empty, else refused by name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) heading: &'static str,
    /// What it holds.
    pub(super) what: &'static str,
}

const SEMI: Foreign = Foreign { heading: "semi-continuous", what: "semi-continuous variables" };
const SOS: Foreign = Foreign { heading: "SOS", what: "special ordered sets" };
const LAZY: Foreign = Foreign { heading: "lazy constraints", what: "constraints" };
const CUTS: Foreign = Foreign { heading: "user cuts", what: "constraints" };
const PIECES: Foreign = Foreign { heading: "PWLObj", what: "piecewise linear terms" };
const RELATIONS: Foreign = Foreign { heading: "general constraints", what: "constraints" };
const OBJECTIVES: Foreign = Foreign { heading: "multi-objectives", what: "second objective" };
const SCENARIOS: Foreign = Foreign { heading: "scenario", what: "scenarios" };
const INDICATORS: Foreign = Foreign { heading: "indicators", what: "constraints" };
const RANGES: Foreign = Foreign { heading: "ranges", what: "constraints" };
const SETS: Foreign = Foreign { heading: "sets", what: "sets of variables" };

/// A heading in lower case. A blank stands for blanks, a hyphen for blanks, hyphens and underscores, or
/// none of them.
struct Pattern {
    words: &'static str,
    section: Section,
    /// A word that is a variable's name too, and a heading only where it has its line for itself or a
    /// number behind it.
    alone: bool,
}

const fn pattern(words: &'static str, section: Section) -> Pattern {
    Pattern { words, section, alone: false }
}

const fn foreign(words: &'static str, foreign: &'static Foreign) -> Pattern {
    Pattern { words, section: Section::Foreign(foreign), alone: false }
}

const fn alone(words: &'static str, foreign: &'static Foreign) -> Pattern {
    Pattern { words, section: Section::Foreign(foreign), alone: true }
}

const HEADINGS: &[Pattern] = &[
    pattern("minimize", Section::Minimize),
    pattern("minimise", Section::Minimize),
    pattern("minimum", Section::Minimize),
    pattern("min", Section::Minimize),
    pattern("maximize", Section::Maximize),
    pattern("maximise", Section::Maximize),
    pattern("maximum", Section::Maximize),
    pattern("max", Section::Maximize),
    pattern("subject to", Section::Constraints),
    pattern("such that", Section::Constraints),
    pattern("s.t.", Section::Constraints),
    pattern("st.", Section::Constraints),
    pattern("st", Section::Constraints),
    pattern("bounds", Section::Bounds),
    pattern("bound", Section::Bounds),
    pattern("binary", Section::Binary),
    pattern("binaries", Section::Binary),
    pattern("bin", Section::Binary),
    pattern("general", Section::General),
    pattern("generals", Section::General),
    pattern("gen", Section::General),
    pattern("integer", Section::General),
    pattern("integers", Section::General),
    pattern("int", Section::General),
    pattern("end", Section::End),
    foreign("semi-continuous", &SEMI),
    foreign("semi-continuous-variables", &SEMI),
    foreign("semi-integer", &SEMI),
    foreign("semi-integers", &SEMI),
    foreign("semis", &SEMI),
    foreign("semi", &SEMI),
    foreign("sos", &SOS),
    foreign("special-ordered-sets", &SOS),
    foreign("lazy-constraints", &LAZY),
    foreign("lazy-constraint", &LAZY),
    foreign("lazy-cons", &LAZY),
    foreign("user-cuts", &CUTS),
    foreign("user-cut", &CUTS),
    foreign("pwl-obj", &PIECES),
    foreign("pwl-objs", &PIECES),
    foreign("pwl-objective", &PIECES),
    foreign("pwl-objectives", &PIECES),
    foreign("piecewise-linear-objective", &PIECES),
    foreign("piecewise-linear-objectives", &PIECES),
    foreign("general-constraints", &RELATIONS),
    foreign("general-constraint", &RELATIONS),
    foreign("general-constrs", &RELATIONS),
    foreign("general-cons", &RELATIONS),
    foreign("gen-constraints", &RELATIONS),
    foreign("gen-constraint", &RELATIONS),
    foreign("gen-constrs", &RELATIONS),
    foreign("gen-constr", &RELATIONS),
    foreign("gen-cons", &RELATIONS),
    foreign("multi-objectives", &OBJECTIVES),
    foreign("multi-objective", &OBJECTIVES),
    foreign("multi-obj", &OBJECTIVES),
    foreign("indicator-constraints", &INDICATORS),
    foreign("indicator-constraint", &INDICATORS),
    foreign("quadratic-constraints", &INDICATORS),
    alone("sos1", &SOS),
    alone("sos2", &SOS),
    alone("sos-1", &SOS),
    alone("sos-2", &SOS),
    alone("scenario", &SCENARIOS),
    alone("scenarios", &SCENARIOS),
    alone("multi-scenario", &SCENARIOS),
    alone("multi-scenarios", &SCENARIOS),
    alone("indicator", &INDICATORS),
    alone("indicators", &INDICATORS),
    alone("ranges", &RANGES),
    alone("sets", &SETS),
    alone("lazy", &LAZY),
    alone("cuts", &CUTS),
    alone("pwl", &PIECES),
];

/// The heading that a line begins with, and its length: the longest that fits.
pub(super) fn heading(text: &[u8]) -> Option<(Section, usize)> {
    let found = HEADINGS.iter().filter_map(|pattern| Some((pattern, length(pattern, text)?)));
    found.max_by_key(|&(_, length)| length).map(|(pattern, length)| (pattern.section, length))
}

/// Whether a name is one word of the format, in any case, and so no variable where variables are listed.
pub(super) fn is_word(name: &str) -> bool {
    const WORDS: [&str; 3] = ["free", "inf", "infinity"];
    let whole = |pattern: &&Pattern| length(pattern, name.as_bytes()) == Some(name.len());
    WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) || HEADINGS.iter().any(|p| whole(&p))
}

/// How much of the text a pattern covers, if the text begins with it.
fn length(pattern: &Pattern, text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for letter in pattern.words.bytes() {
        let gap = match letter {
            b' ' => text[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count(),
            b'-' => {
                text[at..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'-' | b'_')).count()
            }
            _ if text.get(at)?.eq_ignore_ascii_case(&letter) => 1,
            _ => return None,
        };
        if letter == b' ' && gap == 0 {
            return None;
        }
        at += gap;
    }
    let rest = &text[at..];
    if rest.first().is_some_and(|&b| in_name(b) || b == b':') {
        return None;
    }
    if !pattern.alone {
        return Some(at);
    }
    // The number belongs to the heading.
    rest.iter().all(|b| b.is_ascii_digit() || b.is_ascii_whitespace()).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&'static str> {
        match heading(text.as_bytes())?.0 {
            Section::Foreign(foreign) => Some(foreign.heading),
            _ => Some("own"),
        }
    }

    #[test]
    fn headings_are_found_in_every_spelling() {
        for (text, want) in [
            ("Semi", Some("semi-continuous")),
            ("SEMIS", Some("semi-continuous")),
            ("Semi-Continuous", Some("semi-continuous")),
            ("semi continuous z", Some("semi-continuous")),
            ("sos1", Some("SOS")),
            ("SOS2 ", Some("SOS")),
            ("sos1 x", None),
            ("sos1x", None),
            ("Lazy \t Constraints", Some("lazy constraints")),
            ("USER CUTS", Some("user cuts")),
            ("UserCuts", Some("user cuts")),
            ("PWLObj", Some("PWLObj")),
            ("General Constraints", Some("general constraints")),
            ("general", Some("own")),
            ("generally", None),
            ("GENERAL x", Some("own")),
            ("Multi-Objectives", Some("multi-objectives")),
            ("Scenario 0", Some("scenario")),
            ("scenario + x", None),
            ("SUBJECT   TO", Some("own")),
            ("subject", None),
            ("st: x", None),
        ] {
            assert_eq!(found(text), want, "{text}");
        }
    }
}
