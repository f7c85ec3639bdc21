//! A model with its constraints, as LP or MPS: for solvers of mixed-integer programs.
//!
//! Nothing is turned into penalties: constraints stay constraints, integers stay integers. Squares of
//! binaries are linear. A spin, which these formats have none of, becomes the binary `x` of the same name
//! with `s = 2 x - 1`; a comment says so. SOS1 over variables that are 0 or 1 is a sum of at most 1.
//! Names that a file cannot hold, as `x[2,3]`, are written `x_2_3`; if one of them cannot stand or would
//! then be that of another, all variables are called `v0`, `v1`, …, and comments say which is which.
//! [`model_names`] gives the names with those of the model.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use spinroute_ising::formats::{CONSTANT, Format, is_name};
use spinroute_ising::{self as ising, Number};

use crate::Error;
use crate::check::check;
use crate::constraint::Body;
use crate::model::Parts;
use crate::{Expr, Kind, Model, Options, Sense};

/// Writes a model with its constraints, for the parameters that the options set.
///
/// ```
/// use spinroute_ising::formats::Format;
/// use spinroute_modelling::{Model, Options, sum, write_model};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [2]);
/// model.maximise(3 * x[0] + x[1]);
/// model.constrain("one", sum(&x).at_most(1));
/// let mut text = Vec::new();
/// write_model(Format::Lp, &model, &Options::default(), &mut text)?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.contains("obj: + 3 x_0 + 1 x_1") && text.contains("one: + 1 x_0 + 1 x_1 <= 1"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If `out` fails; as [`io::ErrorKind::InvalidData`] if the model would not compile, has a term of
/// degree 3 or more, an SOS1 over other than binaries, or `format` is neither LP nor MPS.
pub fn write_model(
    format: Format,
    model: &Model,
    options: &Options,
    out: impl Write,
) -> io::Result<()> {
    if !matches!(format, Format::Lp | Format::Mps) {
        return Err(invalid(refused(format.name(), "constraints are written as lp or mps")));
    }
    let program = Program::new(&model.parts, options).map_err(invalid)?;
    if format == Format::Lp { program.lp(out) } else { program.mps(out) }
}

/// A model that a file cannot hold, where writing returns errors of `std::io`.
fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The names that [`write_model`] gives to the variables, each with the model's own.
///
/// ```
/// use spinroute_modelling::{Model, model_names};
/// let mut model = Model::new();
/// model.binary_array("x", [1, 2]);
/// let names = model_names(&model);
/// assert_eq!(names[1], ("x_0_1".to_owned(), "x[0,1]".to_owned()));
/// ```
#[must_use]
pub fn model_names(model: &Model) -> Vec<(String, String)> {
    let own = own_names(&model.parts);
    distinct(&own, "v").into_iter().zip(own).collect()
}

fn own_names(parts: &Parts) -> Vec<String> {
    (0..parts.variables as u32).map(|v| parts.name_of(v)).collect()
}

fn refused(value: impl Into<String>, mend: &'static str) -> Error {
    ising::Error::Parameter { name: "model", value: value.into(), mend }.into()
}

/// A variable of the file.
struct Column {
    name: String,
    kind: Kind,
}

/// A quadratic function, terms in the order of their variables.
#[derive(Default)]
struct Row {
    constant: f64,
    linear: BTreeMap<u32, f64>,
    quadratic: BTreeMap<(u32, u32), f64>,
}

struct Program {
    columns: Vec<Column>,
    /// What is said of names that differ from the model's by more than brackets and blanks.
    changed: Vec<String>,
    maximise: bool,
    objective: Row,
    rows: Vec<(String, Row, Sense)>,
}

impl Program {
    fn new(parts: &Parts, options: &Options) -> Result<Self, Error> {
        let parameters = check(parts, options)?;
        let own = own_names(parts);
        let names = distinct(&own, "v");
        let kind = |v| parts.group_of(v).kind;
        let changed = names.iter().zip(&own).filter(|(name, own)| **name != plain(own));
        let changed = changed.map(|(name, own)| format!("{name} is {own:?}")).collect();
        let columns = (0..).zip(names).map(|(v, name)| Column { name, kind: kind(v) }).collect();
        let mut program = Self {
            columns,
            changed,
            maximise: parts.maximise,
            objective: Row::default(),
            rows: Vec::new(),
        };
        program.objective = program.row(&parts.objective, &parameters)?;
        let names: Vec<String> = parts.constraints.iter().map(|(name, _)| name.clone()).collect();
        for (name, (_, constraint)) in distinct(&names, "c").into_iter().zip(&parts.constraints) {
            let (row, sense) = match &constraint.body {
                Body::Compare(expr, sense) => (program.row(expr, &parameters)?, *sense),
                Body::Sos1(variables) => (program.sos1(variables)?, Sense::AtMost),
            };
            program.rows.push((name, row, sense));
        }
        Ok(program)
    }

    /// An expression in the variables of the file.
    fn row(&self, expr: &Expr, parameters: &[f64]) -> Result<Row, Error> {
        let expr = expr.resolve(parameters);
        let mut row = Row { constant: expr.expanded_constant(), ..Row::default() };
        let mut degree = 0;
        expr.visit(&mut |variables, value| match *variables {
            [i] => self.add(&mut row, &[i], value),
            [i, j] => self.add(&mut row, &[i, j], value),
            _ if value != 0.0 => degree = degree.max(variables.len()),
            _ => {}
        });
        if degree > 0 {
            return Err(refused(format!("a term of degree {degree}"), "the file holds 2 at most"));
        }
        row.linear.retain(|_, value| *value != 0.0);
        row.quadratic.retain(|_, value| *value != 0.0);
        let numbers = row.linear.values().chain(row.quadratic.values()).chain([&row.constant]);
        if let Some(&value) = { numbers }.find(|x| !x.is_finite()) {
            return Err(ising::Error::NotFinite { what: "term", index: 0, value }.into());
        }
        Ok(row)
    }

    /// `value · Π v`, each `v = a + b x` with the file's `x`.
    fn add(&self, row: &mut Row, variables: &[u32], value: f64) {
        let affine = |v: u32| match self.columns[v as usize].kind {
            Kind::Spin => (-1.0, 2.0),
            _ => (0.0, 1.0),
        };
        match *variables {
            [i] => {
                let (a, b) = affine(i);
                row.constant += a * value;
                *row.linear.entry(i).or_default() += b * value;
            }
            [i, j] => {
                let ((a, b), (c, d)) = (affine(i), affine(j));
                row.constant += a * c * value;
                *row.linear.entry(i).or_default() += b * c * value;
                *row.linear.entry(j).or_default() += a * d * value;
                if i == j && !matches!(self.columns[i as usize].kind, Kind::Integer { .. }) {
                    *row.linear.entry(i).or_default() += b * d * value;
                } else {
                    *row.quadratic.entry((i.min(j), i.max(j))).or_default() += b * d * value;
                }
            }
            _ => {}
        }
    }

    /// At most one of these is 1.
    fn sos1(&self, variables: &[u32]) -> Result<Row, Error> {
        let is_bit = |&v: &u32| match self.columns[v as usize].kind {
            Kind::Integer { low, high, .. } => (0..=1).contains(&low) && (0..=1).contains(&high),
            kind => kind == Kind::Binary,
        };
        if !variables.iter().all(is_bit) {
            return Err(refused("an SOS1 over other than binaries", "state it with binaries"));
        }
        let mut row = Row { constant: -1.0, ..Row::default() };
        for &v in variables {
            self.add(&mut row, &[v], 1.0);
        }
        Ok(row)
    }

    fn lp(&self, mut out: impl Write) -> io::Result<()> {
        self.changed.iter().try_for_each(|changed| writeln!(out, "\\ {changed}"))?;
        for Column { name, .. } in self.columns.iter().filter(|column| column.kind == Kind::Spin) {
            writeln!(out, "\\ {name} is a spin: -1 where it is 0 here, +1 where it is 1")?;
        }
        writeln!(out, "{}", if self.maximise { "Maximize" } else { "Minimize" })?;
        write!(out, " obj:")?;
        self.terms(&self.objective, 2.0, &mut out)?;
        if self.objective.constant != 0.0 {
            write!(out, "\n  {} {CONSTANT}", Signed(self.objective.constant))?;
        }
        write!(out, "\nSubject To")?;
        for (name, row, sense) in &self.rows {
            write!(out, "\n {name}:")?;
            self.terms(row, 1.0, &mut out)?;
            let sense = match sense {
                Sense::Equal => "=",
                Sense::AtMost => "<=",
                Sense::AtLeast => ">=",
            };
            write!(out, " {sense} {}", Number(0.0 - row.constant))?;
        }
        writeln!(out, "\nBounds")?;
        if self.objective.constant != 0.0 {
            writeln!(out, " {CONSTANT} = 1")?;
        }
        for Column { name, kind } in &self.columns {
            if let Kind::Integer { low, high, .. } = kind {
                writeln!(out, " {low} <= {name} <= {high}")?;
            }
        }
        for (heading, integer) in [("Binary", false), ("General", true)] {
            writeln!(out, "{heading}")?;
            for Column { name, kind } in &self.columns {
                if matches!(kind, Kind::Integer { .. }) == integer {
                    writeln!(out, " {name}")?;
                }
            }
        }
        writeln!(out, "End")
    }

    /// A row's terms, a line for a few; quadratic ones in brackets, which are halved in an objective.
    fn terms(&self, row: &Row, factor: f64, out: &mut impl Write) -> io::Result<()> {
        let name = |i: u32| &self.columns[i as usize].name;
        let wrap = |index: usize| if index % 6 == 5 { "\n " } else { "" };
        for (index, (&i, &value)) in row.linear.iter().enumerate() {
            write!(out, "{} {} {}", wrap(index), Signed(value), name(i))?;
        }
        if row.linear.is_empty() && row.quadratic.is_empty() && !self.columns.is_empty() {
            // A row needs a term.
            write!(out, " 0 {}", self.columns[0].name)?;
        }
        if row.quadratic.is_empty() {
            return Ok(());
        }
        write!(out, "\n  + [")?;
        for (index, (&(i, j), &value)) in row.quadratic.iter().enumerate() {
            write!(out, "{} {} {}", wrap(index), Signed(factor * value), name(i))?;
            if i == j { write!(out, " ^ 2")? } else { write!(out, " * {}", name(j))? }
        }
        write!(out, " ]{}", if factor == 1.0 { "" } else { " / 2" })
    }

    fn mps(&self, mut out: impl Write) -> io::Result<()> {
        self.changed.iter().try_for_each(|changed| writeln!(out, "* {changed}"))?;
        for Column { name, .. } in self.columns.iter().filter(|column| column.kind == Kind::Spin) {
            writeln!(out, "* {name} is a spin: -1 where it is 0 here, +1 where it is 1")?;
        }
        writeln!(out, "NAME spinroute")?;
        if self.maximise {
            writeln!(out, "OBJSENSE\n MAX")?;
        }
        writeln!(out, "ROWS\n N obj")?;
        for (name, _, sense) in &self.rows {
            let sense = match sense {
                Sense::Equal => 'E',
                Sense::AtMost => 'L',
                Sense::AtLeast => 'G',
            };
            writeln!(out, " {sense} {name}")?;
        }
        self.mps_columns(&mut out)?;
        writeln!(out, "RHS")?;
        let objective = ("obj", &self.objective);
        let rows = self.rows.iter().map(|(name, row, _)| (&**name, row));
        for (name, row) in std::iter::once(objective).chain(rows) {
            if row.constant != 0.0 {
                writeln!(out, " RHS {name} {}", Number(-row.constant))?;
            }
        }
        writeln!(out, "BOUNDS")?;
        for Column { name, kind } in &self.columns {
            match kind {
                Kind::Integer { low, high, .. } => {
                    writeln!(out, " LO BOUND {name} {low}\n UP BOUND {name} {high}")?;
                }
                _ => writeln!(out, " BV BOUND {name}")?,
            }
        }
        self.mps_quadratic(&mut out)?;
        writeln!(out, "ENDATA")
    }

    /// Every column with its row values; integers between markers.
    fn mps_columns(&self, out: &mut impl Write) -> io::Result<()> {
        let mut values: Vec<Vec<(&str, f64)>> = vec![Vec::new(); self.columns.len()];
        let objective = std::iter::once(("obj", &self.objective));
        for (name, row) in objective.chain(self.rows.iter().map(|(name, row, _)| (&**name, row))) {
            for (&i, &value) in &row.linear {
                values[i as usize].push((name, value));
            }
        }
        writeln!(out, "COLUMNS")?;
        for (Column { name, kind }, values) in self.columns.iter().zip(&values) {
            let integer = matches!(kind, Kind::Integer { .. });
            if integer {
                writeln!(out, " MARKER 'MARKER' 'INTORG'")?;
            }
            // A column needs a value.
            for (row, value) in if values.is_empty() { &[("obj", 0.0)][..] } else { values } {
                writeln!(out, " {name} {row} {}", Number(*value))?;
            }
            if integer {
                writeln!(out, " MARKER 'MARKER' 'INTEND'")?;
            }
        }
        Ok(())
    }

    /// `QUADOBJ` is halved and lists a triangle; `QCMATRIX` is not and lists both.
    fn mps_quadratic(&self, out: &mut impl Write) -> io::Result<()> {
        let name = |i: u32| &self.columns[i as usize].name;
        if !self.objective.quadratic.is_empty() {
            writeln!(out, "QUADOBJ")?;
        }
        for (&(i, j), &value) in &self.objective.quadratic {
            let value = if i == j { 2.0 * value } else { value };
            writeln!(out, " {} {} {}", name(i), name(j), Number(value))?;
        }
        for (row, terms, _) in self.rows.iter().filter(|(_, terms, _)| !terms.quadratic.is_empty())
        {
            writeln!(out, "QCMATRIX {row}")?;
            for (&(i, j), &value) in &terms.quadratic {
                if i == j {
                    writeln!(out, " {} {} {}", name(i), name(i), Number(value))?;
                    continue;
                }
                for (i, j) in [(i, j), (j, i)] {
                    writeln!(out, " {} {} {}", name(i), name(j), Number(value / 2.0))?;
                }
            }
        }
        Ok(())
    }
}

/// `x[2,3]` as `x_2_3`, blanks as underscores.
fn plain(name: &str) -> String {
    let name = name.trim_end_matches(']');
    name.chars().map(|c| if c == '[' || c == ',' || c.is_whitespace() { '_' } else { c }).collect()
}

/// The names in plain characters; or numbers behind `prefix` where one cannot be written, two are the
/// same, or one is what another was called.
fn distinct(own: &[String], prefix: &str) -> Vec<String> {
    let plains: Vec<String> = own.iter().map(|name| plain(name)).collect();
    let originals: HashSet<&str> = own.iter().map(String::as_str).collect();
    let mut seen = HashSet::new();
    let may = |(name, own): (&String, &String)| {
        let kept = name == own || !originals.contains(&**name);
        is_name(Format::Lp, name) && is_name(Format::Mps, name) && kept && seen.insert(name.clone())
    };
    if plains.iter().zip(own).all(may) {
        return plains;
    }
    let mut prefix = prefix.to_owned();
    // A name that is no variable's now must not be one that another had.
    let numbered = |prefix: &str| (0..own.len()).map(|index| format!("{prefix}{index}")).collect();
    let mut names: Vec<String> = numbered(&prefix);
    while names.iter().zip(own).any(|(name, own)| name != own && originals.contains(&**name)) {
        prefix.push('_');
        names = numbered(&prefix);
    }
    names
}

/// A number with its sign in front.
struct Signed(f64);

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.0 < 0.0 { '-' } else { '+' }, Number(self.0.abs()))
    }
}
