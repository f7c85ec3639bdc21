//! dimod's binary quadratic model as JSON: what `json.dumps(bqm.to_serializable())` gives (schema 3.0.0).
//!
//! Labels that are the numbers 0, 1, 2, … are no names; all others are kept as [`labels`](super::labels)
//! says, and two equal ones are an error. Terms of the same pair add up, as in dimod. A file with
//! `use_bytes` holds Python byte strings, which JSON has none of, and is refused.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read, Write};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny};
use serde::de::{MapAccess, Visitor};

use super::labels::{Label, Labels, labels, names};
use super::lines::Lines;
use super::pairs::{invalid, pairs};
use super::polynomial::{Polynomial, bounded};
use super::{Content, Problem};
use crate::number::Number;
use crate::{AnyCouplings, Error};

/// What is read of a file.
struct Bqm {
    use_bytes: bool,
    num_variables: Option<u64>,
    num_interactions: Option<u64>,
    variable_labels: Option<Vec<Label>>,
    variable_type: VariableType,
    offset: f64,
    linear_biases: Vec<f64>,
    quadratic_biases: Vec<f64>,
    quadratic_head: Vec<u32>,
    quadratic_tail: Vec<u32>,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum VariableType {
    Binary,
    Spin,
}

/// The class that wrote the file: all of them hold such a model.
#[derive(serde::Deserialize)]
enum Type {
    #[serde(alias = "DictBQM", alias = "Float32BQM", alias = "Float64BQM")]
    BinaryQuadraticModel,
}

pub(super) fn read<R: BufRead>(mut lines: Lines<'_, R>) -> Result<Problem, Error> {
    let bqm = parse(&mut lines)?;
    if let Err(reason) = check(&bqm) {
        return Err(lines.end(reason));
    }
    let variables = bqm.linear_biases.len();
    bounded(variables as u64, &lines)?;
    let names = bqm.variable_labels.and_then(names);
    let linear = (0..).zip(bqm.linear_biases).collect();
    let ends = bqm.quadratic_head.into_iter().zip(bqm.quadratic_tail);
    let pairs = ends.zip(bqm.quadratic_biases).map(|((i, j), bias)| (i, j, bias)).collect();
    let terms = Polynomial { linear, pairs, offset: bqm.offset };
    let content = match bqm.variable_type {
        VariableType::Binary => Content::Qubo(terms.qubo(variables as u64, &lines)?),
        VariableType::Spin => Content::Ising(terms.ising(variables as u64, &lines)?),
    };
    Ok(Problem { content, names })
}

fn parse<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Bqm, Error> {
    let (place, repeated) = (Cell::new((1, 1)), Cell::new(None));
    let mut parser = serde_json::Deserializer::from_reader(Counted { lines, place: &place });
    let object = Object(Labels { place: &place, repeated: &repeated });
    let bqm = object.deserialize(&mut parser).and_then(|bqm| parser.end().map(|()| bqm));
    bqm.map_err(|error| match (lines.json(&error), repeated.get()) {
        // The parser stands behind the list when it hears of the label.
        (Error::Syntax { reason, .. }, Some((line, column))) => lines.at(line, column, reason),
        (error, _) => error,
    })
}

/// A reader that tells line and column of the byte that it read last.
struct Counted<'s, 'a, R> {
    lines: &'s mut Lines<'a, R>,
    place: &'s Cell<(usize, usize)>,
}

impl<R: BufRead> Read for Counted<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.lines.read(buffer)?;
        let (line, column) = self.lines.position();
        self.place.set((line, column.saturating_sub(1).max(1)));
        Ok(read)
    }
}

/// Reads the whole object.
struct Object<'a>(Labels<'a>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Bqm;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bqm, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Bqm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a binary quadratic model as dimod writes it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bqm, A::Error> {
        let (mut class, mut use_bytes, mut labels) = (None::<Type>, None, None);
        let (mut num_variables, mut num_interactions) = (None, None);
        let (mut variable_type, mut offset, mut linear_biases) = (None, None, None);
        let (mut biases, mut head, mut tail) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "type" => once("type", &mut class, &mut map)?,
                "use_bytes" => once("use_bytes", &mut use_bytes, &mut map)?,
                "num_variables" => once("num_variables", &mut num_variables, &mut map)?,
                "num_interactions" => once("num_interactions", &mut num_interactions, &mut map)?,
                "variable_type" => once("variable_type", &mut variable_type, &mut map)?,
                "offset" => once("offset", &mut offset, &mut map)?,
                "linear_biases" => once("linear_biases", &mut linear_biases, &mut map)?,
                "quadratic_biases" => once("quadratic_biases", &mut biases, &mut map)?,
                "quadratic_head" => once("quadratic_head", &mut head, &mut map)?,
                "quadratic_tail" => once("quadratic_tail", &mut tail, &mut map)?,
                "variable_labels" if labels.is_some() => {
                    return Err(A::Error::duplicate_field("variable_labels"));
                }
                "variable_labels" => labels = Some(map.next_value_seed(self.0)?),
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        let absent = A::Error::missing_field;
        let Type::BinaryQuadraticModel = class.ok_or_else(|| absent("type"))?;
        Ok(Bqm {
            use_bytes: use_bytes.unwrap_or(false),
            num_variables,
            num_interactions,
            variable_labels: labels,
            variable_type: variable_type.ok_or_else(|| absent("variable_type"))?,
            offset: offset.ok_or_else(|| absent("offset"))?,
            linear_biases: linear_biases.ok_or_else(|| absent("linear_biases"))?,
            quadratic_biases: biases.ok_or_else(|| absent("quadratic_biases"))?,
            quadratic_head: head.ok_or_else(|| absent("quadratic_head"))?,
            quadratic_tail: tail.ok_or_else(|| absent("quadratic_tail"))?,
        })
    }
}

/// Reads the value of a key, which must be its first.
fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    key: &'static str,
    slot: &mut Option<T>,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(A::Error::duplicate_field(key));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

/// Lengths that must agree.
fn check(bqm: &Bqm) -> Result<(), String> {
    if bqm.use_bytes {
        return Err("`use_bytes` is true; write it with `to_serializable(use_bytes=False)`".into());
    }
    let (variables, pairs) = (bqm.linear_biases.len(), bqm.quadratic_biases.len());
    let labels = bqm.variable_labels.as_ref().map_or(variables, Vec::len);
    let lengths = [
        ("num_variables", bqm.num_variables.unwrap_or(variables as u64), variables),
        ("variable_labels", labels as u64, variables),
        ("num_interactions", bqm.num_interactions.unwrap_or(pairs as u64), pairs),
        ("quadratic_head", bqm.quadratic_head.len() as u64, pairs),
        ("quadratic_tail", bqm.quadratic_tail.len() as u64, pairs),
    ];
    match lengths.iter().find(|(_, got, want)| *got != *want as u64) {
        Some((what, got, want)) => Err(format!("{what} is or has {got}, the biases are {want}")),
        None => Ok(()),
    }
}

pub(super) fn write(problem: &Problem, out: impl Write) -> io::Result<()> {
    let labels = match problem.names.as_deref().map(labels).transpose() {
        Ok(labels) => labels,
        Err(reason) => return Err(io::Error::new(io::ErrorKind::InvalidData, reason)),
    };
    let labels = labels.as_deref();
    match &problem.content {
        Content::Qubo(model) => {
            object("BINARY", labels, model.linear(), model.couplings(), model.offset(), out)
        }
        content => {
            let model = content.to_ising().map_err(invalid)?;
            object("SPIN", labels, model.field(), model.couplings(), model.offset(), out)
        }
    }
}

fn object(
    variable_type: &str,
    labels: Option<&[Label]>,
    linear: &[f64],
    couplings: &AnyCouplings,
    offset: f64,
    mut out: impl Write,
) -> io::Result<()> {
    let mut count = 0u64;
    pairs(couplings, |_, _, _| {
        count += 1;
        Ok(())
    })?;
    write!(
        out,
        "{{\"type\": \"BinaryQuadraticModel\", \"version\": {{\"bqm_schema\": \"3.0.0\"}}, \
         \"use_bytes\": false, \"index_type\": \"int32\", \"bias_type\": \"float64\",\n\
         \"num_variables\": {}, \"num_interactions\": {count},\n\
         \"variable_type\": \"{variable_type}\", \"offset\": {}, \"info\": {{}}",
        linear.len(),
        Number(offset)
    )?;
    let mut list = List::begin(&mut out, "variable_labels")?;
    for i in 0..linear.len() {
        match labels {
            Some(labels) => list.item(&labels[i])?,
            None => list.item(&i)?,
        }
    }
    list.end()?;
    let mut list = List::begin(&mut out, "linear_biases")?;
    linear.iter().try_for_each(|&bias| list.item(&Number(bias)))?;
    list.end()?;
    let mut list = List::begin(&mut out, "quadratic_biases")?;
    pairs(couplings, |_, _, bias| list.item(&Number(bias)))?;
    list.end()?;
    let mut list = List::begin(&mut out, "quadratic_head")?;
    pairs(couplings, |i, _, _| list.item(&i))?;
    list.end()?;
    let mut list = List::begin(&mut out, "quadratic_tail")?;
    pairs(couplings, |_, j, _| list.item(&j))?;
    list.end()?;
    writeln!(out, "}}")
}

/// A list under a key, written item by item.
struct List<'a, W> {
    out: &'a mut W,
    items: u64,
}

impl<'a, W: Write> List<'a, W> {
    fn begin(out: &'a mut W, key: &str) -> io::Result<Self> {
        write!(out, ",\n\"{key}\": [")?;
        Ok(Self { out, items: 0 })
    }

    fn item(&mut self, item: &dyn std::fmt::Display) -> io::Result<()> {
        // A line now and then, for those who look into the file.
        match self.items {
            0 => {}
            items if items % 64 == 0 => self.out.write_all(b",\n ")?,
            _ => self.out.write_all(b", ")?,
        }
        self.items += 1;
        write!(self.out, "{item}")
    }

    fn end(self) -> io::Result<()> {
        self.out.write_all(b"]")
    }
}
