//! Free MPS with a `QUADOBJ` section: a quadratic objective in binaries, no constraints.
//!
//! The objective is `c'x + x'Qx / 2`; the [`quadratic`](super::mps_quadratic) sections list Q. A number in
//! the `RHS` section for the objective is its constant, negated. Written are `BV` bounds; read are also
//! integer markers, whose columns are 0 or 1 where no bound says otherwise, bounds that fix a column, and
//! fixed MPS whose names have no blanks.
//!
//! The objective is the row that `OBJNAME` names, else the first of kind `N`; further ones are free, and
//! no constraints. Of several vectors in `RHS` or `BOUNDS` the first counts, as for other readers; notes
//! say what was passed over. A row, an entry of a column, a bound or a right-hand side that stands twice is
//! an error that names both lines, for readers differ on which of them counts; so is a column whose entries
//! do not stand together. Sections that a QUBO has not are passed over where they are empty.
//!
//! (Format: manuals of IBM CPLEX, Gurobi and MOSEK; HiGHS, Gurobi and CPLEX read what is written here.)

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use super::lines::{Line, Lines, Word};
use super::mps_quadratic::Quadratic;
use super::pairs::{invalid, pairs};
use super::variables::{Domain, Limit, Variables};
use super::written_names::written;
use super::{Format, Problem};
use crate::Error;
use crate::number::Number;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Start,
    ObjSense,
    ObjName,
    Rows,
    Columns,
    Rhs,
    Bounds,
    Quadratic(&'static str),
    /// One that a QUBO has not.
    Foreign(&'static str),
    End,
}

/// Sections that may stand in a file if they are empty.
const FOREIGN: [&str; 17] = [
    "RANGES",
    "SOS",
    "SOS1",
    "SOS2",
    "INDICATORS",
    "GENCONS",
    "PWLOBJ",
    "LAZYCONS",
    "USERCUTS",
    "MODELCUTS",
    "DELAYEDROWS",
    "QCMATRIX",
    "CSECTION",
    "SCENARIOS",
    "SETS",
    "BRANCH",
    "SEMICONT",
];

const QUADRATIC: [&str; 3] = ["QUADOBJ", "QSECTION", "QMATRIX"];

struct Reader {
    variables: Variables,
    section: Section,
    /// The line of its heading.
    heading: usize,
    maximise: bool,
    /// What `OBJNAME` says.
    chosen: Option<String>,
    objective: Option<String>,
    /// The lines of the rows.
    rows: HashMap<String, usize>,
    /// Within integer markers.
    integer: bool,
    /// The column that is being read.
    column: Option<u32>,
    /// The lines of its entries, by row.
    entries: HashMap<String, usize>,
    /// The line of each column's first entry.
    columns: Vec<usize>,
    rhs: Vector,
    /// The lines of right-hand sides, by row.
    sides: HashMap<String, usize>,
    bounds: Vector,
    quadratic: Quadratic,
}

/// The first vector of a section, which alone counts.
#[derive(Default)]
struct Vector {
    name: Option<String>,
    /// The first of the others.
    passed_over: Option<String>,
}

impl Vector {
    /// Whether a name is that of the first vector.
    fn counts(&mut self, name: &str) -> bool {
        let first = self.name.get_or_insert_with(|| name.to_owned());
        let counts = first == name;
        if !counts && self.passed_over.is_none() {
            self.passed_over = Some(name.to_owned());
        }
        counts
    }
}

pub(super) fn read<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Problem, Error> {
    let mut reader = Reader {
        variables: Variables::default(),
        section: Section::Start,
        heading: 0,
        maximise: false,
        chosen: None,
        objective: None,
        rows: HashMap::new(),
        integer: false,
        column: None,
        entries: HashMap::new(),
        columns: Vec::new(),
        rhs: Vector::default(),
        sides: HashMap::new(),
        bounds: Vector::default(),
        quadratic: Quadratic::default(),
    };
    while let Some(line) = lines.line()? {
        match line.bytes()[0] {
            b'*' => {}
            b' ' | b'\t' => reader.data(line)?,
            _ => reader.heading(line)?,
        }
    }
    if reader.section != Section::End {
        return Err(lines.end("expected `ENDATA`"));
    }
    reader.finish(lines)
}

impl Reader {
    fn finish<R: BufRead>(mut self, lines: &mut Lines<'_, R>) -> Result<Problem, Error> {
        if let (Some(chosen), None) = (&self.chosen, &self.objective) {
            return Err(lines.end(format!("OBJNAME names {chosen:?}, which is no row of kind N")));
        }
        for (section, vector) in [("RHS", &self.rhs), ("BOUNDS", &self.bounds)] {
            if let (Some(first), Some(other)) = (&vector.name, &vector.passed_over) {
                lines.note(format!(
                    "of the vectors in {section} the first counts, {first:?}, not {other:?}"
                ));
            }
        }
        let free = self.rows.len() - usize::from(self.objective.is_some());
        if free > 0 {
            lines.note(format!(
                "rows of kind N beside the objective, which are no constraints: {free}"
            ));
        }
        for variable in &mut self.variables.declared {
            // An integer is 0 or 1 where no bound says otherwise.
            if variable.domain == Domain::Integer
                && variable.low.is_none()
                && variable.high.is_none()
            {
                variable.domain = Domain::Binary;
            }
        }
        self.quadratic.finish(&mut self.variables, lines)?;
        self.variables.problem(self.maximise, lines)
    }

    fn heading(&mut self, line: Line<'_>) -> Result<(), Error> {
        let mut words = line.words();
        let Some(word) = words.next() else { return Ok(()) };
        if self.section == Section::End {
            return Err(word.error("something after `ENDATA`"));
        }
        let find = |names: &[&'static str]| names.iter().copied().find(|name| word.is(name));
        self.heading = line.number();
        self.section = match word.text()? {
            "NAME" => {
                return match self.section {
                    Section::Start | Section::ObjSense | Section::ObjName => Ok(()),
                    _ => Err(word.error("a NAME inside the model; it stands before ROWS")),
                };
            }
            "OBJSENSE" => Section::ObjSense,
            "OBJNAME" => Section::ObjName,
            "ROWS" => Section::Rows,
            "COLUMNS" => Section::Columns,
            "RHS" => Section::Rhs,
            "BOUNDS" => Section::Bounds,
            "ENDATA" => Section::End,
            _ => match (find(&QUADRATIC), find(&FOREIGN)) {
                (Some(quadratic), _) => Section::Quadratic(quadratic),
                (_, Some(foreign)) => Section::Foreign(foreign),
                _ => return Err(word.error("an unknown section")),
            },
        };
        match (self.section, words.next()) {
            (Section::ObjSense, Some(sense)) => self.sense(sense),
            (Section::ObjName, Some(name)) => self.choose(name),
            // Of another row than the objective, the terms are those of a constraint.
            (Section::Quadratic("QSECTION"), Some(row))
                if self.objective.as_deref() != Some(row.text()?) =>
            {
                self.section = Section::Foreign("QSECTION");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn data(&mut self, line: Line<'_>) -> Result<(), Error> {
        match self.section {
            Section::Start | Section::End => Err(line.error(1, "data outside of every section")),
            Section::ObjSense => {
                let [sense] = line.exactly("`MIN` or `MAX`")?;
                self.sense(sense)
            }
            Section::ObjName => {
                let [name] = line.exactly("the name of a row")?;
                self.choose(name)
            }
            Section::Rows => self.row(line),
            Section::Columns => self.column(line),
            Section::Rhs => self.constant(line),
            Section::Bounds => self.bound(line),
            Section::Quadratic(section) => self.quadratic(line, section),
            Section::Foreign(section) => {
                let column = line.words().next().map_or(1, |word| word.place().1);
                let what = "a QUBO has binaries and a quadratic objective, nothing else";
                Err(line.error(column, format!("the section `{section}` holds something: {what}")))
            }
        }
    }

    fn sense(&mut self, word: Word<'_>) -> Result<(), Error> {
        self.maximise = match &*word.text()?.to_ascii_uppercase() {
            "MIN" | "MINIMIZE" | "MINIMISE" | "MINIMUM" => false,
            "MAX" | "MAXIMIZE" | "MAXIMISE" | "MAXIMUM" => true,
            _ => return Err(word.error("expected `MIN` or `MAX`")),
        };
        Ok(())
    }

    fn choose(&mut self, word: Word<'_>) -> Result<(), Error> {
        if !self.rows.is_empty() || self.chosen.is_some() {
            return Err(word.error("OBJNAME stands once, and before the rows"));
        }
        self.chosen = Some(word.text()?.to_owned());
        Ok(())
    }

    fn row(&mut self, line: Line<'_>) -> Result<(), Error> {
        let mut words = line.words();
        let (Some(kind), Some(name)) = (words.next(), words.next()) else {
            return line.exactly::<2>("`N objective`").map(|_| ());
        };
        if !kind.is("N") {
            return Err(
                kind.error("a QUBO has no constraints, only an objective (a row of kind N)")
            );
        }
        if let Some(more) = words.next() {
            return Err(more.error(
                "more than `N objective`: a QUBO has one objective, without priority or weight",
            ));
        }
        let name_text = name.text()?;
        if let Some(before) = self.rows.insert(name_text.to_owned(), line.number()) {
            return Err(
                name.error(format!("a second row {name_text:?}, the first is in line {before}"))
            );
        }
        let is_objective = match &self.chosen {
            Some(chosen) => name.is(chosen),
            None => self.objective.is_none(),
        };
        if is_objective {
            self.objective = Some(name_text.to_owned());
        }
        Ok(())
    }

    /// Whether a word names the objective; an error if it names no row.
    fn is_objective(&self, word: Word<'_>) -> Result<bool, Error> {
        if !self.rows.contains_key(word.text()?) {
            return Err(word.error("not a row"));
        }
        Ok(self.objective.as_ref().is_some_and(|name| word.is(name)))
    }

    fn column(&mut self, line: Line<'_>) -> Result<(), Error> {
        const EXPECTED: &str = "`column row value`, or two rows with their values";
        let words: Vec<Word<'_>> = line.words().take(6).collect();
        if words.len() != 5 {
            line.exactly::<3>(EXPECTED)?;
        }
        if words[1].is("'MARKER'") {
            self.integer = match words[2].text()? {
                "'INTORG'" => true,
                "'INTEND'" => false,
                _ => return Err(words[2].error("expected 'INTORG' or 'INTEND'")),
            };
            return Ok(());
        }
        let number = self.begin(words[0])?;
        for entry in words[1..].chunks_exact(2) {
            let [row, value] = [entry[0], entry[1]];
            let is_objective = self.is_objective(row)?;
            if let Some(before) = self.entries.insert(row.text()?.to_owned(), line.number()) {
                let reason =
                    format!("a second entry of this column and row, the first is in line {before}");
                return Err(row.error(reason));
            }
            let value = value.number()?;
            if is_objective {
                self.variables.terms.linear.push((number, value));
            }
        }
        Ok(())
    }

    /// The number of the column that a word names: the one being read, or a new one.
    fn begin(&mut self, word: Word<'_>) -> Result<u32, Error> {
        let name = word.text()?;
        let known = self.variables.numbers.get(name).copied();
        match known {
            Some(number) if self.column == known => return Ok(number),
            Some(number) => {
                let before = self.columns[number as usize];
                let reason =
                    format!("column {name:?} began in line {before}; its entries stand together");
                return Err(word.error(reason));
            }
            None => {}
        }
        let number = self.variables.number(name);
        self.columns.push(word.place().0);
        self.column = Some(number);
        self.entries.clear();
        if self.integer {
            self.variables.declared[number as usize].domain = Domain::Integer;
        }
        Ok(number)
    }

    /// A column that was declared.
    fn known(&self, word: Word<'_>) -> Result<u32, Error> {
        let number = self.variables.numbers.get(word.text()?);
        number.copied().ok_or_else(|| word.error("not a column"))
    }

    fn constant(&mut self, line: Line<'_>) -> Result<(), Error> {
        let words: Vec<Word<'_>> = line.words().take(6).collect();
        // The name of the vector may be left out.
        let (vector, entries) = match words.len() {
            3 | 5 => (words[0].text()?, &words[1..]),
            2 | 4 => ("", &words[..]),
            _ => return Err(line.error(1, "expected `RHS row value`")),
        };
        let counts = self.rhs.counts(vector);
        for entry in entries.chunks_exact(2) {
            let [row, value] = [entry[0], entry[1]];
            let (is_objective, value) = (self.is_objective(row)?, value.number()?);
            if !counts {
                continue;
            }
            if let Some(before) = self.sides.insert(row.text()?.to_owned(), line.number()) {
                let reason =
                    format!("a second right-hand side of this row, the first is in line {before}");
                return Err(row.error(reason));
            }
            if is_objective {
                self.variables.terms.offset -= value;
            }
        }
        Ok(())
    }

    fn bound(&mut self, line: Line<'_>) -> Result<(), Error> {
        let words: Vec<Word<'_>> = line.words().take(5).collect();
        let valued = words
            .first()
            .is_some_and(|kind| ["UP", "LO", "FX", "UI", "LI"].iter().any(|k| kind.is(k)));
        let (kind, vector, column, value) = match words[..] {
            // The name of the vector may be left out.
            [kind, column, value] if valued => (kind, "", column, Some(value)),
            [kind, column] if !valued => (kind, "", column, None),
            [kind, vector, column] if !valued => (kind, vector.text()?, column, None),
            [kind, vector, column, value] => (kind, vector.text()?, column, Some(value)),
            _ => return Err(line.error(1, "expected `BV BOUND column` or `UP BOUND column value`")),
        };
        let number = self.known(column)? as usize;
        let value = value.map(Word::number).transpose()?;
        let given = value.unwrap_or_default();
        let (low, high) = match kind.text()? {
            "BV" => (Some(0.0), Some(1.0)),
            "FX" => (Some(given), Some(given)),
            "UP" | "UI" => (None, Some(given)),
            "LO" | "LI" => (Some(given), None),
            "FR" => (Some(f64::NEG_INFINITY), Some(f64::INFINITY)),
            "MI" => (Some(f64::NEG_INFINITY), None),
            "PL" => (None, Some(f64::INFINITY)),
            _ => return Err(kind.error("a variable of a QUBO is binary (`BV`) or fixed (`FX`)")),
        };
        if !self.bounds.counts(vector) {
            return Ok(());
        }
        let variable = &mut self.variables.declared[number];
        match kind.text()? {
            "BV" => variable.domain = Domain::Binary,
            "UI" | "LI" if variable.domain == Domain::Continuous => {
                variable.domain = Domain::Integer;
            }
            "FX" => {}
            _ if variable.domain == Domain::Continuous => {
                let reason = "the column is continuous; a variable of a QUBO is binary (`BV`) or fixed (`FX`)";
                return Err(kind.error(reason));
            }
            _ => {}
        }
        let (line, place) = kind.place();
        for (side, value) in [(&mut variable.low, low), (&mut variable.high, high)] {
            let Some(value) = value else { continue };
            let limit = Limit { value, line, column: place };
            if let Some(before) = side.replace(limit) {
                let reason = format!(
                    "a second bound of this column on this side, the first is in line {}",
                    before.line
                );
                return Err(kind.error(reason));
            }
        }
        Ok(())
    }

    fn quadratic(&mut self, line: Line<'_>, section: &'static str) -> Result<(), Error> {
        let [i, j, value] = line.exactly("`column column value`")?;
        let pair = (self.known(i)?, self.known(j)?);
        self.quadratic.push((section, self.heading), i, pair, value.number()?)
    }
}

pub(super) fn write(problem: &Problem, mut out: impl Write) -> io::Result<()> {
    let model = problem.content.to_qubo().map_err(invalid)?;
    let names = written(Format::Mps, problem);
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
