//! The names that LP and MPS files give to variables.
//!
//! A variable keeps its name where every reader takes it for a name. Otherwise it gets one made of its
//! own, as `x_0_` of `x[0]`, and never one that another variable has or had: a solution's names mean the
//! variables that they meant before.

use std::collections::{HashMap, HashSet};

use super::lp_headings;
use super::lp_letters::in_name;
use super::{Format, Problem};

/// The variable that is 1 and whose coefficient is the offset of an LP file, as Gurobi writes it. A
/// constant alone, `- 5`, is no constant to Gurobi but the variable "5".
///
/// ```
/// use spinroute_ising::{Qubo, Sparse, formats::{self, CONSTANT, Content, Format, Problem}};
///
/// let problem = Problem::from(Content::Qubo(Qubo::new(vec![1.0], Sparse::none(1), 2.5)?));
/// let mut text = Vec::new();
/// formats::write(Format::Lp, &problem, &mut text)?;
/// assert!(String::from_utf8(text)?.contains(CONSTANT));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const CONSTANT: &str = "Constant";

/// Longer names are refused by other readers.
const LONGEST: usize = 255;

/// Words of one format or the other, in lower case: what a reader may take for something else than a
/// variable, in either format, so that a name survives a conversion.
const WORDS: &[&str] = &[
    "constant",
    "inf",
    "infinity",
    "infinite",
    "nan",
    "free",
    "subject",
    "such",
    "s.t",
    "s.t.",
    "st",
    "lazy",
    "user",
    "cuts",
    "constraints",
    "multi",
    "scenario",
    "scenarios",
    "int",
    "sec",
    "sin",
    "name",
    "objsense",
    "objsen",
    "objname",
    "rows",
    "lazycons",
    "usercuts",
    "modelcuts",
    "delayedrows",
    "columns",
    "marker",
    "intorg",
    "intend",
    "rhs",
    "ranges",
    "bounds",
    "quadobj",
    "qmatrix",
    "qsection",
    "qcmatrix",
    "csection",
    "indicators",
    "gencons",
    "pwlobj",
    "sets",
    "branch",
    "endata",
    "negate",
    "object",
    "bound",
    "obj",
    "min",
    "max",
];

/// Whether every reader of the format takes the name for that of a variable.
///
/// ```
/// use spinroute_ising::formats::{Format, is_name};
///
/// assert!(is_name(Format::Lp, "x_0") && !is_name(Format::Lp, "x[0]"));
/// assert!(!is_name(Format::Mps, "ROWS"));
/// ```
pub fn is_name(format: Format, name: &str) -> bool {
    let word =
        WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) || lp_headings::is_word(name);
    if word || name.is_empty() || name.len() > LONGEST || name.parse::<f64>().is_ok() {
        return false;
    }
    let first = name.as_bytes()[0];
    if format == Format::Mps {
        // Comments begin with `*` and `$`, markers with a quote; a sign may be part of a number.
        let plain = |c: char| c != '\u{7f}' && !c.is_whitespace() && !c.is_control();
        return !b"*$'\"+-:&".contains(&first) && name.chars().all(plain);
    }
    // `e5` continues a number, and for CPLEX `ee` does; dimod takes what begins like an infinity for one.
    // Brackets, commas, semicolons and quotes mean something to one reader or another.
    let second = name.as_bytes().get(1).map_or(b'0', u8::to_ascii_lowercase);
    let exponent =
        matches!(first, b'e' | b'E') && (second.is_ascii_digit() || b"e.".contains(&second));
    let number = ["inf", "nan"].iter().any(|word| starts_with(name, word));
    (first.is_ascii_alphabetic() || first == b'_' || !first.is_ascii())
        && !exponent
        && !number
        && name.bytes().all(|b| in_name(b) && !b"(),;\"'`|{}&".contains(&b))
}

/// Whether a name begins with a word, in any case.
fn starts_with(name: &str, word: &str) -> bool {
    name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// The names to write: of variables without names `x0`, `x1`, ….
pub(super) fn written(format: Format, problem: &Problem) -> Vec<String> {
    match &problem.names {
        None => (0..problem.content.variables()).map(|i| format!("x{i}")).collect(),
        Some(own) => renamed(own, |name| is_name(format, name), format),
    }
}

/// The names, with those changed that may not stand.
fn renamed(own: &[String], may: impl Fn(&str) -> bool, format: Format) -> Vec<String> {
    let originals: HashSet<&str> = own.iter().map(String::as_str).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut written = Vec::with_capacity(own.len());
    for name in own {
        let mut new = name.clone();
        // Of two of the same name the second is changed too.
        if !may(name) || taken.contains(name) {
            let base = base(name, format);
            let count = counts.entry(base.clone()).or_insert(1);
            new.clone_from(&base);
            while !may(&new) || taken.contains(&new) || originals.contains(&*new) {
                *count += 1;
                new = format!("{base}_{count}");
            }
        }
        taken.insert(new.clone());
        written.push(new);
    }
    written
}

/// Letters, digits, points and underscores of a name, behind a letter.
fn base(name: &str, format: Format) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' };
    let name = name.strip_suffix(']').unwrap_or(name);
    let mut base: String = name.chars().take(LONGEST - 40).map(plain).collect();
    let begins = base.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !is_name(format, &format!("{base}_2")) {
        base.insert(0, 'x');
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_names(format: Format, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        renamed(&names, |name| is_name(format, name), format)
    }

    #[test]
    fn no_name_comes_to_mean_another_variable() {
        assert_eq!(new_names(Format::Lp, &["x1", "x[0]"]), ["x1", "x_0"]);
        assert_eq!(new_names(Format::Lp, &["x[0]", "x_0"]), ["x_0_2", "x_0"]);
        assert_eq!(new_names(Format::Lp, &["x[0]", "x(0]", "x_0_2"]), ["x_0", "x_0_3", "x_0_2"]);
        assert_eq!(new_names(Format::Lp, &["1", "0", ""]), ["x1", "x0", "x"]);
        assert_eq!(new_names(Format::Mps, &["x[0]", "a b", "5"]), ["x[0]", "a_b", "x5"]);
        assert_eq!(new_names(Format::Lp, &["a", "a"]), ["a", "a_2"]);
    }

    #[test]
    fn words_of_the_formats_are_no_names() {
        let words = "semi Semis semi-continuous SOS sos1 free Inf infinite NaN st ST s.t. subject Bounds bin \
                     gen End e12 E ee1 Constant 1e5 min integers ENDATA Rhs";
        for word in words.split_whitespace() {
            for format in [Format::Lp, Format::Mps] {
                let name = &new_names(format, &[word])[0];
                assert!(is_name(format, name), "{word}: {name}");
                // What begins like an exponent is a number in LP files only.
                let kept = format == Format::Mps && matches!(word, "e12" | "E" | "ee1");
                assert_eq!(name == word, kept, "{word}: {name}");
            }
        }
        assert_eq!(new_names(Format::Lp, &["energy", "e_1", "E1"]), ["energy", "e_1", "xE1"]);
    }
}
