//! dimod's binary quadratic model as JSON: what `json.dumps(bqm.to_serializable())` gives (schema 3.0.0).
//!
//! Labels that are the numbers 0, 1, 2, … are no names; all others are kept as text. A file with
//! `use_bytes` holds Python byte strings, which JSON has none of, and is refused.

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::Value;

use super::source::Source;
use super::terms::{Terms, bounded, invalid, pairs};
use super::{Content, Problem};
use crate::graph::Number;
use crate::{AnyCouplings, Error};

#[derive(Deserialize)]
struct Bqm {
    r#type: Type,
    #[serde(default)]
    use_bytes: bool,
    num_variables: Option<u64>,
    num_interactions: Option<u64>,
    variable_labels: Option<Vec<Value>>,
    variable_type: VariableType,
    offset: f64,
    linear_biases: Vec<f64>,
    quadratic_biases: Vec<f64>,
    quadratic_head: Vec<u32>,
    quadratic_tail: Vec<u32>,
}

#[derive(Deserialize)]
enum Type {
    BinaryQuadraticModel,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum VariableType {
    Binary,
    Spin,
}

pub(super) fn read<R: BufRead>(mut source: Source<'_, R>) -> Result<Problem, Error> {
    let bqm: Bqm = match serde_json::from_reader(&mut source) {
        Ok(bqm) => bqm,
        Err(error) => return Err(source.json(&error)),
    };
    if let Err(reason) = check(&bqm) {
        return Err(source.end(reason));
    }
    let Bqm { r#type: Type::BinaryQuadraticModel, variable_type, .. } = bqm;
    let variables = bqm.linear_biases.len();
    bounded(variables as u64, &source)?;
    let names = bqm.variable_labels.and_then(|labels| names(&labels));
    let linear = (0..).zip(bqm.linear_biases).collect();
    let ends = bqm.quadratic_head.into_iter().zip(bqm.quadratic_tail);
    let pairs = ends.zip(bqm.quadratic_biases).map(|((i, j), bias)| (i, j, bias)).collect();
    let terms = Terms { linear, pairs, offset: bqm.offset };
    let content = match variable_type {
        VariableType::Binary => Content::Qubo(terms.qubo(variables as u64, &source)?),
        VariableType::Spin => Content::Ising(terms.ising(variables as u64, &source)?),
    };
    Ok(Problem { content, names })
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

/// Names, unless the labels count from 0.
fn names(labels: &[Value]) -> Option<Vec<String>> {
    let counted = labels.iter().enumerate().all(|(i, label)| label.as_u64() == Some(i as u64));
    let name = |label: &Value| match label {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    };
    (!counted).then(|| labels.iter().map(name).collect())
}

pub(super) fn write(problem: &Problem, out: impl Write) -> io::Result<()> {
    let names = problem.names.as_deref();
    match &problem.content {
        Content::Qubo(model) => {
            object("BINARY", names, model.linear(), model.couplings(), model.offset(), out)
        }
        content => {
            let model = content.to_ising().map_err(invalid)?;
            object("SPIN", names, model.field(), model.couplings(), model.offset(), out)
        }
    }
}

fn object(
    variable_type: &str,
    names: Option<&[String]>,
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
        match names {
            Some(names) => list.item(&Value::from(&*names[i]))?,
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
