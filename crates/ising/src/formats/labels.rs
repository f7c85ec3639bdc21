//! Labels of variables in JSON and their names, one to one.
//!
//! A text is its own name; every other label has its JSON text for a name: `1`, `true`, `[0,"a"]`. A text
//! that would read as such a name keeps its quotes: the label `"1"` is named `"1"`, the label `1` is
//! named `1`, so that neither turns into the other on its way through a [`Problem`](super::Problem).
//!
//! Labels are keys of a Python `dict`: two are the same where Python's `==` says so, as for 1, 1.0 and
//! `true`.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;

/// A label, as dimod's JSON has it. A float that is whole is the integer that Python holds it to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Label {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A tuple.
    List(Vec<Label>),
}

impl Label {
    /// The label of that name.
    pub(super) fn of_name(name: &str) -> Self {
        Self::parse(name).unwrap_or_else(|| Self::Text(name.to_owned()))
    }

    /// The label whose JSON text this is, to the last byte.
    fn parse(text: &str) -> Option<Self> {
        // Most names are no JSON: no parser need look at them.
        let first = text.bytes().next()?;
        if !(first.is_ascii_digit() || b"-\"[tfn".contains(&first)) {
            return None;
        }
        let label: Self = serde_json::from_str(text).ok()?;
        (label.to_string() == text).then_some(label)
    }

    /// The name of this label, which no other has.
    pub(super) fn into_name(self) -> String {
        match self {
            Self::Text(text) if Self::parse(&text).is_none() => text,
            label => label.to_string(),
        }
    }

    /// Equal for labels that are equal in Python.
    fn key(&self) -> String {
        match self {
            Self::Bool(value) => i64::from(*value).to_string(),
            Self::List(items) => {
                let keys: Vec<String> = items.iter().map(Self::key).collect();
                format!("[{}]", keys.join(","))
            }
            label => label.to_string(),
        }
    }
}

/// As JSON.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => Value::from(*value).fmt(f),
            Self::Text(text) => Value::from(&**text).fmt(f),
            Self::List(items) => {
                f.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if place > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyLabel)
    }
}

struct AnyLabel;

impl<'de> Visitor<'de> for AnyLabel {
    type Value = Label;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label: a text, a number, true, false, null or a list of those")
    }

    fn visit_unit<E: Error>(self) -> Result<Label, E> {
        Ok(Label::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Label, E> {
        Ok(Label::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Label, E> {
        Ok(Label::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Label, E> {
        i64::try_from(value).map(Label::Int).map_err(|_| E::custom(TOO_LARGE))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Label, E> {
        // Integers beyond 64 bits come as floats, rounded: two of them might look the same.
        if value.abs() >= 2.0_f64.powi(63) {
            return Err(E::custom(TOO_LARGE));
        }
        let whole = value.fract() == 0.0;
        Ok(if whole { Label::Int(value as i64) } else { Label::Float(value) })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Label, E> {
        Ok(Label::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Label, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Label::List(list))
    }
}

const TOO_LARGE: &str = "a label that is a number must be less than 2^63 in size";

/// Reads a list of labels, all different.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    /// Line and column of the byte that the parser read last.
    pub(super) place: &'a Cell<(usize, usize)>,
    /// Where the label stands that is one of those before, once there is such.
    pub(super) repeated: &'a Cell<Option<(usize, usize)>>,
}

impl<'de> DeserializeSeed<'de> for Labels<'_> {
    type Value = Vec<Label>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Label>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Labels<'_> {
    type Value = Vec<Label>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of labels")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Label>, A::Error> {
        let mut labels: Vec<Label> = Vec::new();
        let mut seen = HashMap::new();
        while let Some((label, place)) = items.next_element_seed(Placed(self.place))? {
            let now = (labels.len(), place.0);
            match seen.entry(label.key()) {
                Entry::Vacant(place) => _ = place.insert(now),
                Entry::Occupied(before) => {
                    let (index, line) = *before.get();
                    self.repeated.set(Some(place));
                    let first = &labels[index];
                    let same = if *first == label { "" } else { " (which equals it in Python)" };
                    return Err(A::Error::custom(format!(
                        "variable {} has the label {label}, but so has variable {index} in line \
                         {line}: {first}{same}; every variable needs its own",
                        now.0
                    )));
                }
            }
            labels.push(label);
        }
        Ok(labels)
    }
}

/// A label and where it begins.
struct Placed<'a>(&'a Cell<(usize, usize)>);

impl<'de> DeserializeSeed<'de> for Placed<'_> {
    type Value = (Label, (usize, usize));

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // Now: the parser has seen the first byte of the label and nothing behind it.
        let place = self.0.get();
        Ok((Label::deserialize(deserializer)?, place))
    }
}

/// The names of labels; `None` where they count from 0.
pub(super) fn names(labels: Vec<Label>) -> Option<Vec<String>> {
    let counted = (0..).zip(&labels).all(|(i, label)| *label == Label::Int(i));
    (!counted).then(|| labels.into_iter().map(Label::into_name).collect())
}

/// The labels of names, all different in Python; the names themselves, as texts, where those that they
/// stand for are not. An error if two names are the same.
pub(super) fn labels(names: &[String]) -> Result<Vec<Label>, String> {
    for label in [Label::of_name as fn(&str) -> Label, |name| Label::Text(name.to_owned())] {
        let labels: Vec<Label> = names.iter().map(|name| label(name)).collect();
        let keys: std::collections::HashSet<String> = labels.iter().map(Label::key).collect();
        if keys.len() == labels.len() {
            return Ok(labels);
        }
    }
    let mut seen = std::collections::HashSet::new();
    let twice = names.iter().find(|name| !seen.insert(*name));
    Err(format!("two variables have the name {:?}", twice.map_or("", |name| name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Label {
        Label::Text(text.into())
    }

    #[test]
    fn every_label_has_a_name_of_its_own() {
        let all = [
            (Label::Null, "null"),
            (Label::Bool(true), "true"),
            (Label::Int(1), "1"),
            (Label::Int(-3), "-3"),
            (Label::Float(0.5), "0.5"),
            (Label::List(vec![]), "[]"),
            (Label::List(vec![Label::Int(0), text("a")]), "[0,\"a\"]"),
            (Label::List(vec![Label::List(vec![text("1")]), Label::Null]), "[[\"1\"],null]"),
            (text(""), ""),
            (text("x"), "x"),
            (text("1"), "\"1\""),
            (text("01"), "01"),
            (text("1.0"), "1.0"),
            (text(" 1"), " 1"),
            (text("null"), "\"null\""),
            (text("[0,\"a\"]"), "\"[0,\\\"a\\\"]\""),
            (text("[0, \"a\"]"), "[0, \"a\"]"),
            (text("\"1\""), "\"\\\"1\\\"\""),
            (text("\"1"), "\"1"),
        ];
        for (label, name) in all {
            assert_eq!(label.clone().into_name(), name);
            assert_eq!(Label::of_name(name), label, "{name}");
        }
    }

    #[test]
    fn names_that_python_would_take_for_equal_labels_stay_texts() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|&n| n.into()).collect() };
        assert_eq!(labels(&names(&["1", "x"])), Ok(vec![Label::Int(1), text("x")]));
        assert_eq!(labels(&names(&["1", "true"])), Ok(vec![text("1"), text("true")]));
        assert!(labels(&names(&["a", "b", "a"])).is_err_and(|error| error.contains("\"a\"")));
    }
}
