//! Couplings from a function of bits.
//!
//! A square of a linear form of `m` bits is `m (m − 1) / 2` pairs. For the sparse form no list of
//! pairs is ever made: row `i` of the matrix is the sum of the lists of the squares that hold `i`,
//! each sorted already, so it is written in place, in the right order, from at most a merge. Rows
//! are independent and are written in parallel; each is a sum in the order of the squares, so the
//! result does not depend on the number of threads and the two halves are equal bit for bit. Time
//! is that of writing the result, 12 bytes an entry, 24 a coupling.
//!
//! The structured form keeps the squares as blocks; those over the rows and columns of an array
//! become a grid without lists. The dense form adds up everything.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::function::{Function, Square};
use crate::grid::take_grids;
use spinroute_ising::{self as ising, AnyCouplings, Block, Dense, Sparse, Structured};

/// Which form of couplings to compile to.
///
/// ```
/// use spinroute_ising::AnyCouplings;
/// use spinroute_modelling::{CouplingForm, Model, Options, k_hot};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", (30, 40));
/// for row in x.rows() {
///     model.constrain(format!("row of {}", row[0].index()), k_hot(row, 1));
/// }
/// let compiled = model.compile(&Options::default().form(CouplingForm::Structured))?;
/// assert!(matches!(compiled.qubo().couplings(), AnyCouplings::Structured(_)));
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CouplingForm {
    /// Rows of a graph.
    #[default]
    Sparse,
    /// A full matrix, of at most 32,768 variables.
    Dense,
    /// Blocks that are never multiplied out, and a sparse remainder.
    Structured,
}

/// Most variables of a dense matrix.
const DENSE: usize = 1 << 15;
/// Rows a task of the parallel assembly.
const ROWS: usize = 128;

/// The linear terms and couplings of a function without terms of degree 3 or more.
pub(crate) fn assemble(
    function: &Function,
    bits: usize,
    form: CouplingForm,
    shapes: &[(u32, usize, usize)],
) -> Result<(Vec<f64>, AnyCouplings, f64), Error> {
    let mut linear = vec![0.0; bits];
    let mut offset = function.constant;
    for &(i, c) in &function.linear {
        linear[i as usize] += c;
    }
    for Square { weight, linear: form } in &function.squares {
        offset += weight * form.constant * form.constant;
        for (i, a) in form.terms() {
            linear[i as usize] += weight * (a * (a + 2.0 * form.constant));
        }
    }
    check_finite(function)?;
    let couplings = match form {
        CouplingForm::Sparse => sparse(&function.pairs, &function.squares, bits).into(),
        CouplingForm::Dense => dense(&function.pairs, &function.squares, bits)?.into(),
        CouplingForm::Structured => {
            let remainder = sparse(&function.pairs, &[], bits);
            let (grids, rest) = take_grids(&function.squares, shapes);
            let block = |square: &&Square| Block {
                weight: square.weight,
                members: square.linear.terms().collect(),
            };
            let blocks: Vec<Block> = rest.iter().map(block).collect();
            Structured::new(bits, &grids, &blocks, Some(remainder))?.into()
        }
    };
    Ok((linear, couplings, offset))
}

/// No sum of couplings overflows if the sum of their sizes does not.
fn check_finite(function: &Function) -> Result<(), Error> {
    let mut total: f64 = function.pairs.iter().map(|pair| pair.2.abs()).sum();
    for (index, Square { weight, linear }) in function.squares.iter().enumerate() {
        let largest = linear.coefficients.iter().fold(0.0, |most: f64, c| most.max(c.abs()));
        total += 2.0 * weight.abs() * largest * largest;
        if !total.is_finite() {
            return Err(ising::Error::NotFinite { what: "square", index, value: total }.into());
        }
    }
    if total.is_finite() {
        Ok(())
    } else {
        Err(ising::Error::NotFinite { what: "sum of couplings", index: 0, value: total }.into())
    }
}

/// One sorted list of a row: the value of entry `j` is `(own · coefficients[j]) · scale`.
#[derive(Clone, Copy)]
struct SortedList<'a> {
    bits: &'a [u32],
    coefficients: &'a [f64],
    own: f64,
    scale: f64,
}

impl SortedList<'_> {
    fn value(&self, place: usize) -> f64 {
        (self.own * self.coefficients[place]) * self.scale
    }
}

/// The pairs of every bit, both halves: sorted, equal ones summed in the order given.
struct PairRows {
    offsets: Vec<usize>,
    bits: Vec<u32>,
    values: Vec<f64>,
}

impl PairRows {
    fn new(pairs: &[(u32, u32, f64)], bits: usize) -> Self {
        if pairs.is_empty() {
            return Self { offsets: vec![0; bits + 1], bits: Vec::new(), values: Vec::new() };
        }
        let mut next = vec![0_usize; bits + 1];
        for &(i, j, _) in pairs {
            next[i as usize + 1] += 1;
            next[j as usize + 1] += 1;
        }
        for i in 0..bits {
            next[i + 1] += next[i];
        }
        let starts = next.clone();
        let mut entries = vec![(0_u32, 0.0); 2 * pairs.len()];
        for &(i, j, c) in pairs {
            for (row, column) in [(i, j), (j, i)] {
                entries[next[row as usize]] = (column, c);
                next[row as usize] += 1;
            }
        }
        let mut rows = Self { offsets: vec![0], bits: Vec::new(), values: Vec::new() };
        rows.bits.reserve(entries.len());
        rows.values.reserve(entries.len());
        for row in 0..bits {
            let row = &mut entries[starts[row]..starts[row + 1]];
            row.sort_by_key(|entry| entry.0);
            for equal in row.chunk_by(|a, b| a.0 == b.0) {
                let sum: f64 = equal.iter().map(|entry| entry.1).sum();
                if sum != 0.0 {
                    rows.bits.push(equal[0].0);
                    rows.values.push(sum);
                }
            }
            rows.offsets.push(rows.bits.len());
        }
        rows
    }
}

/// The squares of every bit: number of the square, place in it.
struct Incidence {
    offsets: Vec<usize>,
    entries: Vec<(u32, u32)>,
}

impl Incidence {
    fn new(squares: &[Square], bits: usize) -> Self {
        let mut next = vec![0_usize; bits + 1];
        for &bit in squares.iter().flat_map(|square| &square.linear.bits) {
            next[bit as usize + 1] += 1;
        }
        for i in 0..bits {
            next[i + 1] += next[i];
        }
        let offsets = next.clone();
        let mut entries = vec![(0, 0); offsets[bits]];
        for (number, square) in squares.iter().enumerate() {
            for (place, &bit) in square.linear.bits.iter().enumerate() {
                entries[next[bit as usize]] = (number as u32, place as u32);
                next[bit as usize] += 1;
            }
        }
        Self { offsets, entries }
    }
}

/// What the rows are made of.
struct Rows<'a> {
    pairs: PairRows,
    squares: &'a [Square],
    incidence: Incidence,
}

impl<'a> Rows<'a> {
    /// Entries that row `i` has at most.
    fn most(&self, i: usize) -> usize {
        let range = self.incidence.offsets[i]..self.incidence.offsets[i + 1];
        let lists = self.incidence.entries[range].iter();
        self.pairs.offsets[i + 1] - self.pairs.offsets[i]
            + lists
                .map(|&(number, _)| self.squares[number as usize].linear.bits.len() - 1)
                .sum::<usize>()
    }

    /// The lists of row `i`, in the order of summation.
    fn lists(&'a self, i: usize, lists: &mut Vec<SortedList<'a>>) {
        lists.clear();
        let pairs = self.pairs.offsets[i]..self.pairs.offsets[i + 1];
        if !pairs.is_empty() {
            let (bits, coefficients) = (&self.pairs.bits[pairs.clone()], &self.pairs.values[pairs]);
            lists.push(SortedList { bits, coefficients, own: 1.0, scale: 1.0 });
        }
        let range = self.incidence.offsets[i]..self.incidence.offsets[i + 1];
        for &(number, place) in &self.incidence.entries[range] {
            let Square { weight, linear } = &self.squares[number as usize];
            lists.push(SortedList {
                bits: &linear.bits,
                coefficients: &linear.coefficients,
                own: linear.coefficients[place as usize],
                scale: 2.0 * weight,
            });
        }
    }
}

/// A row as it is written: columns and values, filled up to `length`.
struct Writer<'a> {
    columns: &'a mut [u32],
    values: &'a mut [f64],
    length: usize,
}

impl Writer<'_> {
    fn push(&mut self, column: u32, value: f64) {
        if value != 0.0 {
            (self.columns[self.length], self.values[self.length]) = (column, value);
            self.length += 1;
        }
    }

    /// Writes places `from..to` of a list.
    fn copy(&mut self, list: &SortedList<'_>, from: usize, to: usize) {
        let end = self.length + to - from;
        self.columns[self.length..end].copy_from_slice(&list.bits[from..to]);
        let values = self.values[self.length..end].iter_mut();
        for (value, c) in values.zip(&list.coefficients[from..to]) {
            *value = (list.own * c) * list.scale;
        }
        self.length = end;
    }

    /// Writes places `from..to` of a list, without bit `i`.
    fn copy_without(&mut self, list: &SortedList<'_>, from: usize, to: usize, i: u32) {
        match list.bits[from..to].binary_search(&i) {
            Ok(place) => {
                self.copy(list, from, from + place);
                self.copy(list, from + place + 1, to);
            }
            Err(_) => self.copy(list, from, to),
        }
    }

    /// Writes the sum of two lists, `first` coming first in the sum, without bit `i`.
    fn merge(&mut self, first: &SortedList<'_>, second: &SortedList<'_>, i: u32) {
        let swap = first.bits.len() < second.bits.len();
        let (long, short) = if swap { (second, first) } else { (first, second) };
        let mut from = 0;
        for (place, &bit) in short.bits.iter().enumerate() {
            // Lists are often far apart or one inside a gap of the other: look before searching.
            let ahead = long.bits.get(from).is_some_and(|&other| other < bit);
            let skip = |bits: &[u32]| bits.partition_point(|&other| other < bit);
            let to = from + if ahead { skip(&long.bits[from..]) } else { 0 };
            self.copy_without(long, from, to, i);
            from = to;
            let both = long.bits.get(to) == Some(&bit);
            from += usize::from(both);
            if bit == i {
                continue;
            }
            let value = short.value(place);
            self.push(bit, if both { value + long.value(to) } else { value });
        }
        self.copy_without(long, from, long.bits.len(), i);
    }

    /// Writes the sum of any number of lists, without bit `i`.
    fn sum(&mut self, lists: &[SortedList<'_>], i: u32, entries: &mut Vec<(u32, f64)>) {
        entries.clear();
        for list in lists {
            let values = (0..list.bits.len()).map(|place| list.value(place));
            entries.extend(list.bits.iter().copied().zip(values).filter(|entry| entry.0 != i));
        }
        entries.sort_by_key(|entry| entry.0);
        for equal in entries.chunk_by(|a, b| a.0 == b.0) {
            self.push(equal[0].0, equal.iter().map(|entry| entry.1).sum());
        }
    }
}

fn sparse(pairs: &[(u32, u32, f64)], squares: &[Square], bits: usize) -> Sparse {
    if pairs.is_empty() && squares.is_empty() {
        return Sparse::none(bits);
    }
    let rows = Rows {
        pairs: PairRows::new(pairs, bits),
        squares,
        incidence: Incidence::new(squares, bits),
    };
    let most: Vec<usize> = (0..bits).into_par_iter().map(|i| rows.most(i)).collect();
    let total = most.iter().sum();
    let (mut columns, mut values) = (vec![0_u32; total], vec![0.0; total]);
    let mut lengths = vec![0; bits];
    let (mut rest_columns, mut rest_values) = (&mut columns[..], &mut values[..]);
    let mut tasks = Vec::new();
    for (number, lengths) in lengths.chunks_mut(ROWS).enumerate() {
        let first = number * ROWS;
        let size = most[first..first + lengths.len()].iter().sum();
        let (columns, after) = rest_columns.split_at_mut(size);
        rest_columns = after;
        let (values, after) = rest_values.split_at_mut(size);
        rest_values = after;
        tasks.push((first, lengths, Writer { columns, values, length: 0 }));
    }
    let kept: Vec<(usize, usize)> = tasks
        .into_par_iter()
        .map(|(first, lengths, writer)| write(&rows, first, lengths, writer))
        .collect();
    if kept.iter().any(|(length, size)| length < size) {
        compact(&kept, &mut columns, &mut values);
    }
    let mut offsets = vec![0; bits + 1];
    for (i, length) in lengths.iter().enumerate() {
        offsets[i + 1] = offsets[i] + length;
    }
    Sparse::from_rows(offsets, columns, values)
}

/// Writes the rows from `first` on; the entries written and the room there was.
fn write(
    rows: &Rows<'_>,
    first: usize,
    lengths: &mut [usize],
    mut writer: Writer<'_>,
) -> (usize, usize) {
    let (mut lists, mut entries) = (Vec::new(), Vec::new());
    for (i, length) in (first..).zip(lengths) {
        let before = writer.length;
        rows.lists(i, &mut lists);
        match &lists[..] {
            [one] => writer.copy_without(one, 0, one.bits.len(), i as u32),
            [one, two] => writer.merge(one, two, i as u32),
            all => writer.sum(all, i as u32, &mut entries),
        }
        *length = writer.length - before;
    }
    (writer.length, writer.columns.len())
}

/// Moves the entries of every task up against those before it.
fn compact(kept: &[(usize, usize)], columns: &mut Vec<u32>, values: &mut Vec<f64>) {
    let (mut from, mut to) = (0, 0);
    for &(length, size) in kept {
        columns.copy_within(from..from + length, to);
        values.copy_within(from..from + length, to);
        from += size;
        to += length;
    }
    columns.truncate(to);
    values.truncate(to);
}

fn dense(pairs: &[(u32, u32, f64)], squares: &[Square], bits: usize) -> Result<Dense, Error> {
    if bits > DENSE {
        return Err(ising::Error::TooLarge {
            variables: bits,
            most: DENSE,
            what: "a dense matrix",
        }
        .into());
    }
    let mut matrix = Array2::zeros((bits, bits));
    let mut add = |i: u32, j: u32, value: f64| {
        matrix[[i as usize, j as usize]] += value;
        matrix[[j as usize, i as usize]] += value;
    };
    for &(i, j, c) in pairs {
        add(i, j, c);
    }
    for Square { weight, linear } in squares {
        for (k, (i, a)) in linear.terms().enumerate() {
            for (j, b) in linear.terms().skip(k + 1) {
                add(i, j, (a * b) * (2.0 * weight));
            }
        }
    }
    Ok(Dense::new(matrix)?)
}
