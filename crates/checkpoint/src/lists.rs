//! Lists of whole numbers, one an expert or a token: capacities, minimums, demands, masks, groups.
//!
//! A list is a `.npy` of whole numbers (floats that are whole count), or text: one value a line, or several,
//! separated by commas or white space. Time and memory are linear in the file.

use spinroute_core::Groups;

use crate::array::{Kind, RawArray};
use crate::{Error, File, Rows, npy};

/// Reads capacities, one an expert.
///
/// ```
/// use spinroute_checkpoint::{File, read_capacities};
///
/// let file = File::from_bytes("capacities.txt", b"2, 2\n1\n".to_vec());
/// assert_eq!(read_capacities(&file)?, [2, 2, 1]);
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
///
/// # Errors
/// If the file is malformed or a value is not a whole number from 0 to 4294967295.
pub fn read_capacities(file: &File) -> Result<Vec<u32>, Error> {
    let mend = "a capacity is a whole number from 0 to 4294967295, one an expert";
    Ok(Sheet::read(file, &Rule { each: "expert", mend, ..Rule::COUNTS })?.values)
}

/// Reads least loads, one an expert.
///
/// ```
/// use spinroute_checkpoint::{File, read_minimums};
///
/// let error = read_minimums(&File::from_bytes("least.txt", b"2\n-1\n".to_vec())).unwrap_err();
/// assert!(error.to_string().starts_with("least.txt, line 2: \"-1\"; a minimum is"));
/// ```
///
/// # Errors
/// As [`read_capacities`].
pub fn read_minimums(file: &File) -> Result<Vec<u32>, Error> {
    let mend = "a minimum is a whole number from 0 to 4294967295, one an expert";
    Ok(Sheet::read(file, &Rule { each: "expert", mend, ..Rule::COUNTS })?.values)
}

/// Reads how many experts each token takes, 0 for none; a table, such as batch × sequence, row by row.
///
/// ```
/// use spinroute_checkpoint::{File, Rows, read_demands};
///
/// let file = File::from_bytes("top_ks.txt", b"2 2 0 1".to_vec());
/// assert_eq!(read_demands(&file, Rows::from(1..4))?, [2, 0, 1]);
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
///
/// # Errors
/// If the file is malformed, has no such rows, or a value is not a whole number from 0 to 4294967295.
pub fn read_demands(file: &File, rows: Rows) -> Result<Vec<u32>, Error> {
    let mend = "how many experts a token takes is a whole number, 0 for none; one a token";
    let rule = Rule { each: "token", mend, tables: true, ..Rule::COUNTS };
    Sheet::read(file, &rule)?.rows(rows)
}

/// Reads which tokens take part: 1 or true for a real token, 0 or false for padding, as in the attention masks
/// of transformers; a table, such as batch × sequence, row by row.
///
/// ```
/// use spinroute_checkpoint::{File, Rows, read_mask};
///
/// let file = File::from_bytes("mask.txt", b"1\ntrue\n0\n".to_vec());
/// assert_eq!(read_mask(&file, Rows::ALL)?, [true, true, false]);
/// assert!(read_mask(&File::from_bytes("mask.txt", b"2".to_vec()), Rows::ALL).is_err());
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
///
/// # Errors
/// If the file is malformed, has no such rows, or a value is neither.
pub fn read_mask(file: &File, rows: Rows) -> Result<Vec<bool>, Error> {
    let rule = Rule {
        each: "token",
        mend: "a mask has 1 or true for a token that takes part, 0 or false for padding",
        tables: true,
        truths: true,
        highest: 1,
        ..Rule::COUNTS
    };
    Ok(Sheet::read(file, &rule)?.rows(rows)?.into_iter().map(|value| value == 1).collect())
}

/// Reads the group of each expert, counted from 0; -1 for none. A second column (of text, or of an experts × 2
/// `.npy`) has the group around that one, of a level of its own that counts from 0 as well.
///
/// ```
/// use spinroute_checkpoint::{File, read_groups};
///
/// // Four experts on three devices, the last two of which are one node.
/// let groups = read_groups(&File::from_bytes("groups.txt", b"0 0\n0 0\n1 1\n2 1\n".to_vec()))?;
/// assert_eq!(groups.levels(), [vec![0, 1, 2], vec![3, 4]]);
/// assert_eq!((groups.of_expert(3), groups.parent(2)), (Some(2), Some(4)));
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
///
/// # Errors
/// If the file is malformed, a value is no group, a group below the highest number is empty, or experts of one
/// group lie in several of the second column.
pub fn read_groups(file: &File) -> Result<Groups, Error> {
    let mend = "groups count from 0; -1 marks an expert in none; one an expert";
    let rule = Rule { each: "expert", mend, columns: 2, none: true, ..Rule::COUNTS };
    let sheet = Sheet::read(file, &rule)?;
    let wrong = |place: String, value: String, mend: &str| Error::Value {
        place,
        value,
        mend: mend.to_owned().into(),
    };
    let gap = |level: &str, error: spinroute_core::Error| {
        let mend = "number the groups from 0 without a gap";
        wrong(file.path().display().to_string(), format!("{level}{error}"), mend)
    };
    let column = |at: usize| sheet.values.iter().skip(at).step_by(sheet.columns).copied();
    let groups = Groups::of(column(0).collect()).map_err(|error| gap("", error))?;
    if sheet.columns == 1 {
        return Ok(groups);
    }
    let mut around = vec![None; groups.len()];
    for (expert, (inner, outer)) in column(0).zip(column(1)).enumerate() {
        let place = || sheet.places.of(2 * expert + 1, &rule, 2);
        match around.get_mut(inner as usize) {
            None if outer == Groups::NONE => {}
            None => {
                let value = format!("expert {expert} is in group {outer}, but in none inside it");
                return Err(wrong(
                    place(),
                    value,
                    "give it a group of its own in the first column",
                ));
            }
            Some(of) if of.is_some_and(|of| of != outer) => {
                let mend = "a group lies in one group of the second column";
                let value =
                    format!("group {inner} is put into {}, before into another", named(outer));
                return Err(wrong(place(), value, mend));
            }
            Some(of) => *of = Some(outer),
        }
    }
    let around = around.into_iter().map(|of| of.unwrap_or(Groups::NONE)).collect();
    groups.within(around).map_err(|error| gap("second column: ", error))
}

fn named(group: u32) -> String {
    if group == Groups::NONE { "none".into() } else { format!("group {group}") }
}

/// What a list may hold.
struct Rule {
    each: &'static str,
    mend: &'static str,
    /// The most columns of a table; a list has one.
    columns: usize,
    /// Whether a table is read as a list, row by row.
    tables: bool,
    /// Whether true and false are values.
    truths: bool,
    /// Whether -1 is a value, and stands for 4294967295.
    none: bool,
    highest: u32,
}

impl Rule {
    const COUNTS: Self = Self {
        each: "",
        mend: "",
        columns: 1,
        tables: false,
        truths: false,
        none: false,
        highest: u32::MAX,
    };

    fn value(&self, number: i128) -> Option<u32> {
        match u32::try_from(number) {
            Ok(value) if value <= self.highest => Some(value),
            Err(_) if self.none && number == -1 => Some(u32::MAX),
            _ => None,
        }
    }

    fn word(&self, word: &str) -> Option<u32> {
        let number = || word.parse::<i128>().ok().or_else(|| whole(word.parse().ok()?));
        match word {
            "true" | "True" if self.truths => Some(1),
            "false" | "False" if self.truths => Some(0),
            _ => self.value(number()?),
        }
    }
}

/// A float as the whole number that it is.
fn whole(number: f64) -> Option<i128> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i128)
}

/// The values of a file, row by row.
struct Sheet<'a> {
    values: Vec<u32>,
    columns: usize,
    places: Places<'a>,
}

/// Where values stand, for messages.
enum Places<'a> {
    Array(RawArray<'a>),
    /// The path, and the line of each value, counted from 1.
    Text(String, Vec<u32>),
}

impl Places<'_> {
    fn of(&self, at: usize, rule: &Rule, columns: usize) -> String {
        match self {
            Self::Array(array) => in_array(array, at, columns, rule),
            Self::Text(path, lines) => {
                let line = lines[at];
                let first = lines.partition_point(|&other| other < line);
                let several = lines.partition_point(|&other| other <= line) - first > 1;
                let value =
                    if several { format!(", value {}", at - first + 1) } else { String::new() };
                format!("{path}, line {line}{value}")
            }
        }
    }
}

impl<'a> Sheet<'a> {
    fn read(file: &'a File, rule: &Rule) -> Result<Self, Error> {
        if file.bytes().starts_with(npy::MAGIC) {
            Self::array(npy::parse(file.path(), file.bytes())?, rule)
        } else {
            Self::text(file, rule)
        }
    }

    fn array(array: RawArray<'a>, rule: &Rule) -> Result<Self, Error> {
        if array.kind == Kind::Bool && !rule.truths {
            array.want_integers()?;
        }
        let (rows, columns) = match *array.shape {
            [rows] => (rows, 1),
            [rows, columns] if columns > 0 && (rule.tables || columns <= rule.columns) => {
                (rows, columns)
            }
            _ if rule.columns > 1 => {
                return Err(array.wrong_shape("expected one column or two, a row an expert"));
            }
            _ => {
                let article = if rule.each.starts_with('e') { "an" } else { "a" };
                let want = format!("expected one dimension: one value {article} {}", rule.each);
                return Err(array.wrong_shape(want));
            }
        };
        let mut values = Vec::with_capacity(rows * columns);
        for at in 0..rows * columns {
            let position = place_in(&array, at, columns);
            let number = array.integer(position).or_else(|| whole(array.float(position)));
            let Some(value) = number.and_then(|number| rule.value(number)) else {
                let float = array.float(position);
                let value = array.integer(position).map_or(float.to_string(), |n| n.to_string());
                let place = in_array(&array, at, columns, rule);
                let value = format!("{value:?}");
                return Err(Error::Value { place, value, mend: rule.mend.into() });
            };
            values.push(value);
        }
        let columns = if rule.tables { 1 } else { columns };
        Ok(Self { values, columns, places: Places::Array(array) })
    }

    fn text(file: &File, rule: &Rule) -> Result<Self, Error> {
        let text = String::from_utf8_lossy(file.bytes());
        let (mut values, mut lines) = (Vec::new(), Vec::new());
        let path = file.path().display().to_string();
        for (number, line) in (1..).zip(text.lines()) {
            let separates = |c: char| c == ',' || c.is_whitespace();
            let words = line.split(separates).filter(|word| !word.is_empty());
            for (at, word) in words.enumerate() {
                let Some(value) = rule.word(word) else {
                    let of = if at == 0 { String::new() } else { format!(", value {}", at + 1) };
                    let shown: String = word.chars().take(40).collect();
                    let (place, value) =
                        (format!("{path}, line {number}{of}"), format!("{shown:?}"));
                    return Err(Error::Value { place, value, mend: rule.mend.into() });
                };
                values.push(value);
                lines.push(number);
            }
        }
        let table = rule.columns > 1 && lines.first() != lines.last();
        let columns = if table { lines.partition_point(|line| *line <= lines[0]) } else { 1 };
        let sheet = Self { values, columns, places: Places::Text(path, lines) };
        let fits = !table || columns <= rule.columns && sheet.even();
        if fits { Ok(sheet) } else { Err(sheet.ragged(rule)) }
    }

    /// Whether every line of text has the columns of the first.
    fn even(&self) -> bool {
        let Places::Text(_, lines) = &self.places else { return true };
        lines.chunk_by(|a, b| a == b).all(|line| line.len() == self.columns)
    }

    /// The first line that is no row of one value or of two.
    fn ragged(&self, rule: &Rule) -> Error {
        let Places::Text(path, lines) = &self.places else {
            unreachable!("arrays have equal rows")
        };
        let fits = |count: usize| count == self.columns.min(rule.columns);
        let mut rows = lines.chunk_by(|a, b| a == b);
        let row = rows.find(|row| !fits(row.len())).unwrap_or(lines);
        Error::Value {
            place: format!("{path}, line {}", row.first().copied().unwrap_or(1)),
            value: format!("{} values, unlike the other lines", row.len()),
            mend: "give the group of each expert, or on each line its group and the one around it"
                .into(),
        }
    }

    /// Those of some tokens.
    fn rows(self, rows: Rows) -> Result<Vec<u32>, Error> {
        let place = match &self.places {
            Places::Array(array) => &array.place,
            Places::Text(path, _) => path,
        };
        if self.values.is_empty() {
            let (place, value) = (place.clone(), "it holds no value".into());
            return Err(Error::Value { place, value, mend: "give one a token".into() });
        }
        let range = rows.within(self.values.len(), place)?;
        let mut values = self.values;
        values.truncate(range.end);
        Ok(values.split_off(range.start))
    }
}

/// The element `at` of a list, or of a table that is read row by row.
fn place_in(array: &RawArray<'_>, at: usize, columns: usize) -> usize {
    if columns == 1 { at } else { array.position(&[at / columns, at % columns]) }
}

/// Where that stands; tokens are counted through the rows of a table.
fn in_array(array: &RawArray<'_>, at: usize, columns: usize, rule: &Rule) -> String {
    let byte = array.byte(place_in(array, at, columns));
    let (place, each) = (&array.place, rule.each);
    if columns == 1 || rule.tables {
        return format!("{place}, {each} {at} (byte {byte})");
    }
    format!("{place}, {each} {}, column {} (byte {byte})", at / columns, at % columns)
}
