//! Instances with a proven optimum, committed as TOML files in `golden/`.
//!
//! A file holds what a hand needs to check it:
//!
//! ```toml
//! note = "Two tokens prefer expert 0, which holds one."
//! demand = { exactly = 1 }            # or { at-most = 1 }
//! capacity = [1, 1]
//! scores = [[0.75, 0.5], [1.0, -inf]] # a row per token; -inf forbids the pair
//! # precision = "f64"                 # these decimals mean the nearest f64, not the nearest f32
//!
//! [expected.optimum]                  # either this
//! value = 1.5
//! prices = [0.25, 0.0]                # they prove the value: see `Certificate`
//!
//! # [expected.deficiency]             # or this: no assignment exists, see `Deficiency`
//! # tokens = [0, 1]
//! # experts = [0]
//! ```

use std::fmt::Write as _;

use ndarray::Array2;
use spinroute_core::{Demand, Error, Instance, Overflow, Reward, Scores};

use crate::asked::{Family, extras};

/// An instance and what is known about it.
///
/// ```
/// use spinroute_testkit::golden::{self, Expected, Golden};
///
/// let contest: Golden = golden::all().into_iter().find(|golden| golden.name == "contest").unwrap();
/// assert!(matches!(contest.expected, Expected::Optimum { .. }));
/// ```
#[derive(Clone, Debug)]
pub struct Golden {
    /// The name of its file, without the ending.
    pub name: String,
    /// What it shows.
    pub note: String,
    /// The instance.
    pub instance: Instance,
    /// What a right solver answers.
    pub expected: Expected,
}

/// What a right solver answers.
///
/// ```
/// use spinroute_core::Certificate;
/// use spinroute_testkit::golden::{self, Expected};
///
/// for golden in golden::all() {
///     if let Expected::Optimum { value, prices } = golden.expected {
///         let bound = Certificate::new(&golden.instance, prices)?.bound();
///         assert!(bound - value <= 1e-9 * value.abs(), "{}", golden.name);
///     }
/// }
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Expected {
    /// The objective of every optimal assignment, and prices that prove it.
    Optimum {
        /// The objective.
        value: f64,
        /// One price per expert.
        prices: Vec<f64>,
    },
    /// No assignment exists; these sets prove it, though others may too.
    Deficiency {
        /// The tokens of a [`spinroute_core::Deficiency`].
        tokens: Vec<u32>,
        /// Its experts.
        experts: Vec<u32>,
        /// Its groups.
        #[serde(default)]
        groups: Vec<u32>,
        /// Whether minimums lack tokens, not tokens room.
        #[serde(default)]
        lacks_tokens: bool,
    },
}

/// A golden file that cannot be used.
///
/// ```
/// use spinroute_testkit::golden::{Golden, GoldenError};
///
/// let error: GoldenError = Golden::parse("mine", "note = 'no scores'").unwrap_err();
/// assert!(error.to_string().starts_with("golden file mine: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// It is not in the format.
    #[error("golden file {name}: {cause}")]
    Format {
        /// The file.
        name: String,
        /// What the parser says.
        cause: Box<toml::de::Error>,
    },
    /// Its rows differ in length.
    #[error("golden file {name}: row {row} has {got} scores, the first has {want}")]
    Ragged {
        /// The file.
        name: String,
        /// The row.
        row: usize,
        /// Its length.
        got: usize,
        /// The length of the first.
        want: usize,
    },
    /// It is no instance.
    #[error("golden file {name}: {cause}")]
    Instance {
        /// The file.
        name: String,
        /// What is wrong.
        cause: Error,
    },
}

/// What the decimals of the scores mean.
#[derive(Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Precision {
    #[default]
    F32,
    F64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    note: String,
    demand: Demand,
    capacity: Vec<u32>,
    #[serde(default)]
    precision: Precision,
    demands: Option<Vec<u32>>,
    #[serde(default)]
    minimum: Vec<u32>,
    #[serde(default)]
    overflow: Overflow,
    #[serde(default)]
    reward: Reward,
    groups: Option<Family>,
    scores: Vec<Vec<f64>>,
    expected: Expected,
}

impl Golden {
    /// Reads the text of a golden file, which is called `name` in errors.
    ///
    /// # Errors
    /// If it is not in the format or no instance. What it expects is believed: it is for tests to
    /// check, as this crate's do.
    pub fn parse(name: &str, text: &str) -> Result<Self, GoldenError> {
        let file: File = toml::from_str(text)
            .map_err(|cause| GoldenError::Format { name: name.into(), cause: Box::new(cause) })?;
        let want = file.scores.first().map_or(0, Vec::len);
        if let Some(row) = file.scores.iter().position(|row| row.len() != want) {
            let got = file.scores[row].len();
            return Err(GoldenError::Ragged { name: name.into(), row, got, want });
        }
        let shape = (file.scores.len(), want);
        let scores = Array2::from_shape_vec(shape, file.scores.concat())
            .unwrap_or_else(|_| unreachable!("all rows have the same length"));
        let scores = match file.precision {
            Precision::F64 => Scores::wide(scores),
            // A decimal with the digits of an `f32` is that one on the way through `f64`, too.
            Precision::F32 => scores.mapv(|s| s as f32).into(),
        };
        let refuse = |cause| GoldenError::Instance { name: name.into(), cause };
        let mut builder = Instance::builder(scores)
            .demand(file.demand)
            .capacity(file.capacity)
            .minimum(file.minimum)
            .overflow(file.overflow.cost, file.overflow.up_to)
            .reward(file.reward.gain, file.reward.up_to);
        if let Some(demands) = &file.demands {
            builder = builder.demands(demands);
        }
        if let Some(groups) = file.groups {
            builder = builder.groups(groups.groups().map_err(refuse)?);
        }
        let instance = builder.build().map_err(refuse)?;
        Ok(Self { name: name.into(), note: file.note, instance, expected: file.expected })
    }
}

/// `demand`, `capacity` and `scores` of an instance in the format of the golden files, to be
/// pasted into one. All scores read back as they are, in `f32` or `f64`.
#[must_use]
pub fn to_toml(instance: &Instance) -> String {
    let k = instance.demand().k();
    let demand = if instance.demand().is_exact() { "exactly" } else { "at-most" };
    let mut text = format!("demand = {{ {demand} = {k} }}\n");
    let _ = writeln!(text, "capacity = {:?}", instance.capacity());
    if instance.wide().is_some() {
        text += "precision = \"f64\"\n";
    }
    text += &extras(instance);
    let _ = writeln!(text, "scores = [");
    // `{:?}` is the shortest text that reads back as the same number, always with a point.
    for t in 0..instance.tokens() {
        let _ = match instance.wide() {
            Some(wide) => {
                writeln!(text, "  {:?},", &wide[t * instance.experts()..][..instance.experts()])
            }
            None => writeln!(text, "  {:?},", instance.scores(t)),
        };
    }
    text + "]\n"
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../golden/", $name, ".toml")))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "contest",
    "ties",
    "constant",
    "zero-capacity",
    "no-capacity",
    "forbidden",
    "forbidden-optional",
    "nothing-allowed",
    "negative",
    "negative-optional",
    "full",
    "one-expert",
    "one-token",
    "large-and-small",
    "subnormal",
    "largest",
    "cancelling",
    "deficient-crowd",
    "deficient-token",
    "deficient-mixed",
    "random-skewed",
    "random-collapsed",
    "random-tied",
    "random-tight",
    "random-sparse",
    "random-spread",
    "random-optional",
    "random-negative",
    "random-deficient",
    "close-pair",
    "price-to-the-bit",
    "wide-whole",
    "wide-quarters",
];

const GENERAL: &[(&str, &str)] = files![
    "general-mask",
    "general-uneven",
    "general-minimum",
    "general-group",
    "general-nested",
    "general-group-minimum",
    "general-overflow",
    "general-reward",
    "general-room",
    "general-tokens",
];

/// The golden instances that ask for more than one `k` and one capacity an expert.
///
/// # Panics
/// Never: this crate's tests read every file.
#[must_use]
pub fn general() -> Vec<Golden> {
    let golden = |&(name, text): &(&str, &str)| {
        Golden::parse(name, text).unwrap_or_else(|error| unreachable!("{error}"))
    };
    GENERAL.iter().map(golden).collect()
}

/// All golden instances, in a fixed order.
#[must_use]
pub fn all() -> Vec<Golden> {
    let read = |&(name, text): &(&str, &str)| {
        Golden::parse(name, text).unwrap_or_else(|error| unreachable!("tested: {error}"))
    };
    FILES.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use crate::general::any_general_instance;
    use proptest::prelude::*;
    use spinroute_core::{Certificate, Deficiency, Shortfall};

    use super::*;
    use crate::reference::{brute_force, optimum};
    use crate::strategy::{Shape, any_instance};
    use crate::truth::bound_rounding;

    /// Equal to the last bits of what the instance's own scores can show.
    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-15 * a.abs().max(b.abs())
    }

    #[test]
    fn each_is_proven_and_what_the_reference_says() {
        for Golden { name, instance, expected, .. } in all().into_iter().chain(general()) {
            let small = instance.tokens() * instance.experts() <= 16;
            match (expected, optimum(&instance)) {
                (Expected::Optimum { value, prices }, Ok(found)) => {
                    let rounding = bound_rounding(&instance, &prices);
                    let bound = Certificate::new(&instance, prices).unwrap().bound();
                    let objective = instance.objective(&found.assignment).unwrap();
                    let proven = near(bound, value) || (0.0..=rounding).contains(&(bound - value));
                    assert!(proven, "{name}: bound {bound:e}, not {value:e}");
                    assert!(near(objective, value), "{name}: reaches {objective:e}");
                    assert!(near(found.value, value), "{name}: optimum {:e}", found.value);
                    assert!(!small || brute_force(&instance).is_some_and(|best| near(best, value)));
                }
                (Expected::Deficiency { tokens, experts, groups, lacks_tokens }, Err(found)) => {
                    let short = if lacks_tokens { Shortfall::Tokens } else { Shortfall::Room };
                    let deficiency = Deficiency::new(&instance, short, tokens, experts, groups);
                    assert!(deficiency.is_some_and(|deficiency| deficiency.proves(&instance)));
                    assert!(found.proves(&instance), "{name}");
                    assert!(!small || brute_force(&instance).is_none());
                }
                (expected, found) => panic!("{name}: {expected:?}, not {found:?}"),
            }
        }
    }

    #[test]
    fn every_file_is_listed() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).unwrap();
        assert_eq!(files.count(), all().len() + general().len());
    }

    #[test]
    fn refuses_what_is_not_golden_with_the_name_of_the_file() {
        let text = |scores: &str, more: &str| {
            let head = "note = ''\ndemand = { exactly = 1 }\ncapacity = [1, 1]";
            format!(
                "{head}\nscores = {scores}\n[expected.optimum]\nvalue = 1.0\nprices = []\n{more}"
            )
        };
        let error = |text: String| Golden::parse("it", &text).unwrap_err();
        assert!(Golden::parse("it", &text("[[1.0, 2]]", "")).is_ok());
        assert!(matches!(
            error(text("[[1.0], [1.0, 2.0]]", "")),
            GoldenError::Ragged { row: 1, .. }
        ));
        assert!(matches!(error(text("[[1.0, nan]]", "")), GoldenError::Instance { .. }));
        assert!(matches!(error(text("[]", "")), GoldenError::Instance { .. }));
        assert!(matches!(error(text("[[1.0, 1.0]]", "price = 1")), GoldenError::Format { .. }));
        assert!(error(String::new()).to_string().starts_with("golden file it: "));
    }

    proptest! {
        #[test]
        fn no_text_panics(file: prop::sample::Index, at: prop::sample::Index, noise in ".{0,3}") {
            let text = FILES[file.index(FILES.len())].1;
            let mut chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len());
            chars.splice(at..(at + 2).min(chars.len()), noise.chars());
            let _ = Golden::parse("it", &chars.into_iter().collect::<String>());
        }

        #[test]
        fn printed_instances_read_back(instance in any_instance(&Shape::default())) {
            let expected = "\n[expected.deficiency]\ntokens = []\nexperts = []\n";
            let text = format!("note = ''\n{}{expected}", to_toml(&instance));
            let back = Golden::parse("it", &text).unwrap().instance;
            prop_assert_eq!(back.table(), instance.table());
            prop_assert_eq!(back.wide(), instance.wide());
            prop_assert_eq!(back.capacity(), instance.capacity());
            prop_assert_eq!(back.demand(), instance.demand());
        }

        #[test]
        fn printed_general_instances_read_back(instance in any_general_instance(&Shape::default())) {
            let expected = "\n[expected.deficiency]\ntokens = []\nexperts = []\n";
            let text = format!("note = ''\n{}{expected}", to_toml(&instance));
            let back = Golden::parse("it", &text).unwrap().instance;
            prop_assert_eq!(back.features(), instance.features());
            prop_assert_eq!((back.demands(), back.minimums()), (instance.demands(), instance.minimums()));
            let limits = |it: &Instance| {
                (0..it.nodes()).map(|node| (it.parent(node), it.limits(node))).collect::<Vec<_>>()
            };
            prop_assert_eq!(limits(&back), limits(&instance));
        }
    }
}
