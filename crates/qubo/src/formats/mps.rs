//! Free MPS with a `QUADOBJ` section: a quadratic objective in binaries, no constraints.
//!
//! The objective is `c'x + x'Qx / 2`; `QUADOBJ` lists one triangle of Q, `QMATRIX` both. A number in the
//! `RHS` section for the objective is its constant, negated. Written are `BV` bounds; read are also
//! integer markers with bounds 0 and 1, and fixed MPS whose names have no blanks. (Format: manuals of
//! IBM CPLEX and Gurobi; HiGHS reads what is written here.)

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

use super::Problem;
use super::lp::{Named, names};
use super::source::{Line, Source, Word};
use super::terms::{invalid, pairs};
use crate::Error;
use crate::graph::Number;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Start,
    ObjSense,
    Rows,
    Columns,
    Rhs,
    Bounds,
    QuadObj,
    QMatrix,
    End,
}

struct Reader {
    named: Named,
    section: Section,
    objective: Option<String>,
    maximise: bool,
    /// Within integer markers.
    integer: bool,
    /// Columns within such markers.
    integers: HashSet<u32>,
}

pub(super) fn read<R: BufRead>(source: &mut Source<'_, R>) -> Result<Problem, Error> {
    let mut reader = Reader {
        named: Named::default(),
        section: Section::Start,
        objective: None,
        maximise: false,
        integer: false,
        integers: HashSet::new(),
    };
    while let Some(line) = source.line()? {
        match line.bytes()[0] {
            b'*' => {}
            b' ' | b'\t' => reader.data(line)?,
            _ => reader.heading(line)?,
        }
    }
    if reader.section != Section::End {
        return Err(source.end("expected `ENDATA`"));
    }
    reader.named.problem(reader.maximise, source)
}

impl Reader {
    fn heading(&mut self, line: Line<'_>) -> Result<(), Error> {
        let mut words = line.words();
        let Some(word) = words.next() else { return Ok(()) };
        if self.section == Section::End {
            return Err(word.error("something after `ENDATA`"));
        }
        self.section = match word.text()? {
            "NAME" => return Ok(()),
            "OBJSENSE" => Section::ObjSense,
            "ROWS" => Section::Rows,
            "COLUMNS" => Section::Columns,
            "RHS" => Section::Rhs,
            "BOUNDS" => Section::Bounds,
            "QUADOBJ" => Section::QuadObj,
            "QMATRIX" => Section::QMatrix,
            "ENDATA" => Section::End,
            "RANGES" | "SOS" => return Err(word.error("a QUBO has no constraints")),
            _ => return Err(word.error("an unknown section")),
        };
        if let (Section::ObjSense, Some(sense)) = (self.section, words.next()) {
            self.sense(sense)?;
        }
        Ok(())
    }

    fn data(&mut self, line: Line<'_>) -> Result<(), Error> {
        match self.section {
            Section::Start | Section::End => Err(line.error(1, "data outside of every section")),
            Section::ObjSense => {
                let [sense] = line.exactly("`MIN` or `MAX`")?;
                self.sense(sense)
            }
            Section::Rows => self.row(line),
            Section::Columns => self.column(line),
            Section::Rhs => self.constant(line),
            Section::Bounds => self.bound(line),
            Section::QuadObj => self.quadratic(line, 1.0),
            Section::QMatrix => self.quadratic(line, 0.5),
        }
    }

    fn sense(&mut self, word: Word<'_>) -> Result<(), Error> {
        self.maximise = match word.text()? {
            "MIN" | "MINIMIZE" => false,
            "MAX" | "MAXIMIZE" => true,
            _ => return Err(word.error("expected `MIN` or `MAX`")),
        };
        Ok(())
    }

    fn row(&mut self, line: Line<'_>) -> Result<(), Error> {
        let [kind, name] = line.exactly("`N objective`")?;
        if !kind.is("N") || self.objective.is_some() {
            return Err(kind.error("a QUBO has one row, its objective, and no constraints"));
        }
        self.objective = Some(name.text()?.to_owned());
        Ok(())
    }

    /// Checks that a word names the objective.
    fn is_objective(&self, word: Word<'_>) -> Result<(), Error> {
        match &self.objective {
            Some(name) if word.is(name) => Ok(()),
            _ => Err(word.error("not the objective's row")),
        }
    }

    fn column(&mut self, line: Line<'_>) -> Result<(), Error> {
        let [name, row, value] = line.exactly("`column row value`")?;
        if row.is("'MARKER'") {
            self.integer = match value.text()? {
                "'INTORG'" => true,
                "'INTEND'" => false,
                _ => return Err(value.error("expected 'INTORG' or 'INTEND'")),
            };
            return Ok(());
        }
        self.is_objective(row)?;
        let number = self.named.variable(name.text()?);
        if self.integer {
            self.integers.insert(number);
        }
        self.named.terms.linear.push((number, value.number()?));
        Ok(())
    }

    /// A column that was declared.
    fn known(&self, word: Word<'_>) -> Result<u32, Error> {
        let number = self.named.numbers.get(word.text()?);
        number.copied().ok_or_else(|| word.error("not a column"))
    }

    fn constant(&mut self, line: Line<'_>) -> Result<(), Error> {
        let mut words: Vec<Word<'_>> = line.words().take(4).collect();
        // The name of the vector may be left out.
        if words.len() == 3 {
            words.remove(0);
        }
        let [row, value] = words[..] else { return Err(line.error(1, "expected `RHS row value`")) };
        self.is_objective(row)?;
        self.named.terms.offset -= value.number()?;
        Ok(())
    }

    fn bound(&mut self, line: Line<'_>) -> Result<(), Error> {
        let words: Vec<Word<'_>> = line.words().take(5).collect();
        let (kind, column, value) = match words[..] {
            [kind, _, column] => (kind, column, None),
            [kind, _, column, value] => (kind, column, Some(value.number()?)),
            _ => return Err(line.error(1, "expected `BV BOUND column`")),
        };
        let number = self.known(column)?;
        let integer = self.integers.contains(&number);
        match (kind.text()?, value) {
            ("BV", _) => self.named.binary[number as usize] = true,
            ("UP" | "UI", Some(1.0)) if integer => self.named.binary[number as usize] = true,
            ("LO" | "LI", Some(0.0)) => {}
            _ => return Err(kind.error("variables of a QUBO are binary: `BV`")),
        }
        Ok(())
    }

    fn quadratic(&mut self, line: Line<'_>, share: f64) -> Result<(), Error> {
        let [i, j, value] = line.exactly("`column column value`")?;
        let [a, b] = [self.known(i)?, self.known(j)?];
        // A square stands once in either section, and is halved.
        let share = if a == b { 0.5 } else { share };
        self.named.terms.push(a, b, share * value.number()?);
        Ok(())
    }
}

/// Whether a name can stand in a free MPS file.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with(['*', '\''])
        && name.bytes().all(|b| b.is_ascii_graphic() || !b.is_ascii())
        && !name.chars().any(char::is_whitespace)
}

pub(super) fn write(problem: &Problem, mut out: impl Write) -> io::Result<()> {
    let model = problem.content.to_qubo().map_err(invalid)?;
    let names = names(problem, is_name);
    writeln!(out, "NAME spinroute\nROWS\n N obj\nCOLUMNS")?;
    for (name, &a) in names.iter().zip(model.linear()) {
        writeln!(out, " {name} obj {}", Number(a))?;
    }
    writeln!(out, "RHS")?;
    if model.offset() != 0.0 {
        writeln!(out, " RHS obj {}", Number(-model.offset()))?;
    }
    writeln!(out, "BOUNDS")?;
    for name in &names {
        writeln!(out, " BV BOUND {name}")?;
    }
    let mut any = false;
    pairs(model.couplings(), |i, j, b| {
        if !std::mem::replace(&mut any, true) {
            writeln!(out, "QUADOBJ")?;
        }
        writeln!(out, " {} {} {}", names[i], names[j], Number(b))
    })?;
    writeln!(out, "ENDATA")
}
