//! Structured couplings: a sum of low-rank blocks, never expanded.
//!
//! A block is the off-diagonal part of `weight · (Σ_i c[i] v[i])²`, so `J[i,j] = 2 weight c[i] c[j]`
//! for two of its members; its diagonal is linear (binaries) or constant (spins) and belongs to the
//! model. Penalties of linear constraints are of this form: k-hot rows and capacity columns of a
//! `T × E` [`Grid`], which need no lists of indices, and [`Block`]s that have them. What has no such
//! form is kept in a [`Sparse`] remainder.
//!
//! A product costs O(n + members + remainder) whatever the number of pairs: one pass sums every
//! block, one reads the sums. A flip changes the sums of the blocks that hold the variable: two for
//! an entry of a grid.

mod spectrum;

use super::{Couplings, Magnitude, Sparse, Spectrum, check_lengths, reals};
use crate::Error;

/// A row or a column of a [`Grid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The row of that number.
    Row(usize),
    /// The column of that number.
    Column(usize),
}

/// Blocks over the rows and columns of consecutive variables: entry `(r, c)` is the variable
/// `start + r · columns + c`, and its coefficient is 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Grid {
    /// The variable of entry `(0, 0)`.
    pub start: usize,
    /// Number of rows (tokens).
    pub rows: usize,
    /// Number of columns (experts).
    pub columns: usize,
    /// The weight of each row's block; empty for none.
    pub row_weights: Vec<f64>,
    /// The weight of each column's block; empty for none.
    pub column_weights: Vec<f64>,
    /// Further members of a row or column, as its slack: `(line, variable, coefficient)`.
    pub further: Vec<(Line, u32, f64)>,
}

/// A block with a list of members.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Block {
    /// Its weight.
    pub weight: f64,
    /// `(variable, coefficient)`, each variable once.
    pub members: Vec<(u32, f64)>,
}

/// Where a grid lies: entry `(r, c)` is the variable `start + r · columns + c`, row `r` is the block
/// `sum + r`, and column `c` the block `sum + rows + c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The variable of entry `(0, 0)`.
    pub start: usize,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// The block of row 0.
    pub sum: usize,
}

impl Place {
    /// The sums of the row and the column that hold a variable.
    fn lines(&self, variable: usize) -> Option<(usize, usize)> {
        let entry = variable.checked_sub(self.start)?;
        let (row, column) = (entry.checked_div(self.columns)?, entry % self.columns);
        (row < self.rows).then(|| (self.sum + row, self.sum + self.rows + column))
    }
}

/// Lists of `(index, coefficient)`, one after another; those before the first that is not empty are
/// not kept, so that a grid whose slack bits alone are listed stays as small as they are.
#[derive(Clone, Debug, PartialEq)]
struct Lists {
    first: usize,
    offsets: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Lists {
    /// `lists` lists of the given `(list, index, coefficient)`, in the order given.
    fn new(lists: usize, entries: &[(u32, u32, f64)]) -> Self {
        let first = entries.iter().map(|entry| entry.0 as usize).min().unwrap_or(lists);
        let mut next = vec![0; lists - first + 1];
        for entry in entries {
            next[entry.0 as usize - first + 1] += 1;
        }
        for i in 0..lists - first {
            next[i + 1] += next[i];
        }
        let offsets = next.clone();
        let mut sorted = vec![(0, 0.0); entries.len()];
        for &(list, index, coefficient) in entries {
            let place = &mut next[list as usize - first];
            sorted[*place] = (index, coefficient);
            *place += 1;
        }
        Self { first, offsets, entries: sorted }
    }

    fn of(&self, list: usize) -> &[(u32, f64)] {
        match list.checked_sub(self.first) {
            Some(list) => &self.entries[self.offsets[list]..self.offsets[list + 1]],
            None => &[],
        }
    }
}

/// Couplings that are a sum of low-rank blocks and a sparse remainder.
#[derive(Clone, Debug, PartialEq)]
pub struct Structured {
    variables: usize,
    grids: Vec<Place>,
    /// The weight of every block: rows and columns of the grids, then the listed blocks.
    weights: Vec<f64>,
    /// The listed members of every block.
    members: Lists,
    /// The blocks that list a variable.
    blocks: Lists,
    remainder: Sparse,
}

/// What [`Structured`] keeps between flips.
#[derive(Clone, Debug, PartialEq)]
pub struct StructuredFields {
    /// `Σ_i c[i] v[i]` of every block.
    sums: Vec<f64>,
    /// Local fields of the remainder; empty if there is none.
    remainder: Vec<f64>,
}

impl Structured {
    /// Couplings of `variables` variables from grids, listed blocks and a remainder.
    ///
    /// # Errors
    /// If a variable does not exist or is twice in a block, a number is not finite, or a list of
    /// weights has the wrong length.
    pub fn new(
        variables: usize,
        grids: &[Grid],
        blocks: &[Block],
        remainder: Option<Sparse>,
    ) -> Result<Self, Error> {
        if u32::try_from(variables).is_err() {
            let most = u32::MAX as usize;
            return Err(Error::TooLarge { variables, most, what: "a model" });
        }
        let remainder = remainder.unwrap_or_else(|| Sparse::none(variables));
        if remainder.variables() != variables {
            let got = remainder.variables();
            return Err(Error::Length { what: "the remainder", want: variables, got });
        }
        let (mut places, mut weights, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        for grid in grids {
            places.push(place(grid, variables, &mut weights, &mut listed)?);
        }
        for block in blocks {
            let sum = weights.len() as u32;
            listed.extend(block.members.iter().map(|&(i, c)| (sum, i, c)));
            weights.push(block.weight);
        }
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(Error::NotFinite { what: "weight of block", index, value: weights[index] });
        }
        check_members(variables, &places, &mut listed)?;
        let members = Lists::new(weights.len(), &listed);
        for entry in &mut listed {
            *entry = (entry.1, entry.0, entry.2);
        }
        let blocks = Lists::new(variables, &listed);
        Ok(Self { variables, grids: places, weights, members, blocks, remainder })
    }

    /// The part that is no block.
    #[must_use]
    pub fn remainder(&self) -> &Sparse {
        &self.remainder
    }

    /// The weight of every block: rows and columns of the grids, then the listed blocks.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Where the grids lie.
    #[must_use]
    pub fn grids(&self) -> &[Place] {
        &self.grids
    }

    /// The listed members of a block, ascending: of a grid's row or column, the further ones.
    #[must_use]
    pub fn listed(&self, block: usize) -> &[(u32, f64)] {
        self.members.of(block)
    }

    /// The blocks that hold variable `i`, with its coefficients.
    fn blocks_of(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let lines = self.grids.iter().filter_map(move |grid| grid.lines(i));
        let lines = lines.flat_map(|(row, column)| [(row, 1.0), (column, 1.0)]);
        lines.chain(self.blocks.of(i).iter().map(|&(block, c)| (block as usize, c)))
    }

    /// The members of a block, with their coefficients.
    fn members_of(&self, block: usize, visit: &mut dyn FnMut(usize, f64)) {
        for grid in &self.grids {
            let (columns, line) = (grid.columns, block.wrapping_sub(grid.sum));
            if line < grid.rows {
                (0..columns).for_each(|c| visit(grid.start + line * columns + c, 1.0));
            } else if line < grid.rows + columns {
                let first = grid.start + line - grid.rows;
                (0..grid.rows).for_each(|row| visit(first + row * columns, 1.0));
            }
        }
        self.members.of(block).iter().for_each(|&(i, c)| visit(i as usize, c));
    }

    /// Number of members of a block.
    fn size(&self, block: usize) -> usize {
        let listed = self.members.of(block).len();
        let in_grid = |grid: &Place| match block.wrapping_sub(grid.sum) {
            line if line < grid.rows => grid.columns,
            line if line < grid.rows + grid.columns => grid.rows,
            _ => 0,
        };
        listed + self.grids.iter().map(in_grid).sum::<usize>()
    }

    /// `Σ_i c[i] v[i]` of every block.
    fn sums(&self, values: &[f64]) -> Vec<f64> {
        check_lengths(self, values.len(), values.len());
        let mut sums = vec![0.0; self.weights.len()];
        for grid in self.grids.iter().filter(|grid| grid.columns > 0) {
            let (rows, columns) = sums[grid.sum..].split_at_mut(grid.rows);
            let entries = &values[grid.start..grid.start + grid.rows * grid.columns];
            for (row, entries) in rows.iter_mut().zip(entries.chunks_exact(grid.columns)) {
                *row = entries.iter().sum();
                columns.iter_mut().zip(entries).for_each(|(column, &v)| *column += v);
            }
        }
        for (block, sum) in sums.iter_mut().enumerate() {
            *sum +=
                self.members.of(block).iter().map(|&(i, c)| c * values[i as usize]).sum::<f64>();
        }
        sums
    }
}

/// Numbers a grid's blocks and collects their further members.
fn place(
    grid: &Grid,
    variables: usize,
    weights: &mut Vec<f64>,
    listed: &mut Vec<(u32, u32, f64)>,
) -> Result<Place, Error> {
    let &Grid { start, rows, columns, .. } = grid;
    let end = rows.checked_mul(columns).and_then(|entries| entries.checked_add(start));
    if end.is_none_or(|end| end > variables) {
        let variable = end.map_or(usize::MAX, |end| end - 1);
        return Err(Error::Variable { variable, variables });
    }
    let sum = weights.len();
    for (what, given, want) in [
        ("weights of a grid's rows", &grid.row_weights, rows),
        ("weights of a grid's columns", &grid.column_weights, columns),
    ] {
        match given.len() {
            0 => weights.resize(weights.len() + want, 0.0),
            got if got == want => weights.extend(given),
            got => return Err(Error::Length { what, want, got }),
        }
    }
    for &(line, variable, coefficient) in &grid.further {
        let (line, lines, base) = match line {
            Line::Row(row) => (row, rows, sum),
            Line::Column(column) => (column, columns, sum + rows),
        };
        if line >= lines {
            return Err(Error::Length { what: "lines of a grid", want: lines, got: line + 1 });
        }
        listed.push(((base + line) as u32, variable, coefficient));
    }
    Ok(Place { start, rows, columns, sum })
}

/// Sorts the listed members by block and variable, and checks them.
fn check_members(
    variables: usize,
    grids: &[Place],
    listed: &mut [(u32, u32, f64)],
) -> Result<(), Error> {
    listed.sort_by_key(|&(block, variable, _)| (block, variable));
    for (index, &(block, variable, value)) in listed.iter().enumerate() {
        if variable as usize >= variables {
            return Err(Error::Variable { variable: variable as usize, variables });
        }
        if !value.is_finite() {
            return Err(Error::NotFinite { what: "coefficient of member", index, value });
        }
        let same =
            |(row, column): (usize, usize)| row == block as usize || column == block as usize;
        let in_line = |grid: &Place| grid.lines(variable as usize).is_some_and(same);
        let before = index.checked_sub(1).map(|index| (listed[index].0, listed[index].1));
        if before == Some((block, variable)) || grids.iter().any(in_line) {
            return Err(Error::Repeated { variable: variable as usize });
        }
    }
    Ok(())
}

impl Couplings for Structured {
    type Fields = StructuredFields;

    fn variables(&self) -> usize {
        self.variables
    }

    fn interactions(&self) -> u64 {
        let blocks = (0..self.weights.len()).filter(|&block| self.weights[block] != 0.0);
        let pairs = |block| {
            let size = self.size(block) as u64;
            size * size.saturating_sub(1) / 2
        };
        blocks.map(pairs).sum::<u64>() + self.remainder.interactions()
    }

    fn product(&self, values: &[f64], out: &mut [f64]) {
        let mut sums = self.sums(values);
        self.remainder.product(values, out);
        // From here on the term of a block is c (sum − c weight v) with doubled weights.
        sums.iter_mut().zip(&self.weights).for_each(|(sum, weight)| *sum *= 2.0 * weight);
        for grid in self.grids.iter().filter(|grid| grid.columns > 0) {
            let lines = grid.sum..grid.sum + grid.rows + grid.columns;
            let (row_sums, column_sums) = sums[lines.clone()].split_at(grid.rows);
            let (row_weights, column_weights) = self.weights[lines].split_at(grid.rows);
            let entries = grid.start..grid.start + grid.rows * grid.columns;
            let rows = values[entries.clone()].chunks_exact(grid.columns);
            let rows = rows.zip(out[entries].chunks_exact_mut(grid.columns));
            for ((values, out), (&sum, &weight)) in rows.zip(row_sums.iter().zip(row_weights)) {
                let columns = column_sums.iter().zip(column_weights);
                for ((out, &v), (&column_sum, &column_weight)) in
                    out.iter_mut().zip(values).zip(columns)
                {
                    *out += sum + column_sum - 2.0 * (weight + column_weight) * v;
                }
            }
        }
        if self.blocks.entries.is_empty() {
            return;
        }
        for (i, (out, &v)) in out.iter_mut().zip(values).enumerate() {
            for &(block, c) in self.blocks.of(i) {
                let block = block as usize;
                *out += c * (sums[block] - 2.0 * self.weights[block] * c * v);
            }
        }
    }

    fn energy(&self, values: &[f64]) -> f64 {
        let mut fields = vec![0.0; self.variables];
        self.product(values, &mut fields);
        fields.iter().zip(values).map(|(field, v)| field * v).sum::<f64>() / 2.0
    }

    fn fields(&self, values: &[i8]) -> StructuredFields {
        let values = reals(values);
        let mut remainder = Vec::new();
        if self.remainder.interactions() > 0 {
            remainder.resize(self.variables, 0.0);
            self.remainder.product(&values, &mut remainder);
        }
        StructuredFields { sums: self.sums(&values), remainder }
    }

    fn local(&self, fields: &StructuredFields, values: &[i8], i: usize) -> f64 {
        let v = f64::from(values[i]);
        let blocks = self.blocks_of(i);
        let blocks = blocks.map(|(b, c)| 2.0 * self.weights[b] * c * (fields.sums[b] - c * v));
        blocks.sum::<f64>() + fields.remainder.get(i).copied().unwrap_or(0.0)
    }

    fn change(&self, fields: &mut StructuredFields, i: usize, from: i8, to: i8) {
        let step = f64::from(to) - f64::from(from);
        self.blocks_of(i).for_each(|(block, c)| fields.sums[block] += c * step);
        if !fields.remainder.is_empty() {
            self.remainder.change(&mut fields.remainder, i, from, to);
        }
    }

    fn spectrum(&self) -> Spectrum {
        self.bounds()
    }

    fn magnitudes(&self) -> Vec<Magnitude> {
        self.sizes()
    }

    fn scaled(&self, factor: f64) -> Self {
        let weights = self.weights.iter().map(|weight| weight * factor).collect();
        Self { weights, remainder: self.remainder.scaled(factor), ..self.clone() }
    }

    fn neighbours(&self, i: usize, visit: &mut dyn FnMut(usize, f64)) {
        for (block, mine) in self.blocks_of(i) {
            let factor = 2.0 * self.weights[block] * mine;
            if factor != 0.0 {
                self.members_of(block, &mut |j, c| {
                    if j != i && c != 0.0 {
                        visit(j, factor * c);
                    }
                });
            }
        }
        self.remainder.neighbours(i, visit);
    }
}
