//! The blocks of structured couplings: what they are made of, and who is in which.

use super::super::{Couplings, Sparse, check_lengths};
use crate::Error;

/// A row or a column of a [`Grid`].
///
/// ```
/// use spinroute_ising::{Couplings, Grid, Line, Structured};
///
/// // A slack bit, variable 3, in the only column.
/// let further = vec![(Line::Column(0), 3, 2.0)];
/// let grid = Grid { rows: 3, columns: 1, column_weights: vec![1.0], further, ..Grid::default() };
/// assert_eq!(Structured::new(4, &[grid], &[], None)?.listed(3), [(3, 2.0)]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The row of that number.
    Row(usize),
    /// The column of that number.
    Column(usize),
}

/// Blocks over the rows and columns of consecutive variables: entry `(r, c)` is the variable
/// `start + r · columns + c`, and its coefficient is 1.
///
/// ```
/// use spinroute_ising::{Couplings, Grid, Structured};
///
/// // Two rows of three, each a clique: J[i,j] = 2 · weight.
/// let grid = Grid { rows: 2, columns: 3, row_weights: vec![0.5; 2], ..Grid::default() };
/// let couplings = Structured::new(6, &[grid], &[], None)?;
/// assert_eq!(couplings.energy(&[1.0, 1.0, 1.0, 1.0, -1.0, 0.0]), 3.0 - 1.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
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
///
/// ```
/// use spinroute_ising::{Block, Couplings, Structured};
///
/// let block = Block { weight: 1.0, members: vec![(0, 1.0), (2, -3.0)] };
/// let couplings = Structured::new(3, &[], &[block], None)?;
/// couplings.neighbours(0, &mut |j, coupling| assert_eq!((j, coupling), (2, -6.0)));
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Block {
    /// Its weight.
    pub weight: f64,
    /// `(variable, coefficient)`, each variable once.
    pub members: Vec<(u32, f64)>,
}

/// Where a grid lies: entry `(r, c)` is the variable `start + r · columns + c`, row `r` is the block
/// `sum + r`, and column `c` the block `sum + rows + c`.
///
/// ```
/// use spinroute_ising::{Grid, Structured};
///
/// let grid = Grid { start: 1, rows: 2, columns: 3, ..Grid::default() };
/// let couplings = Structured::new(7, &[grid], &[], None)?;
/// let place = couplings.grids()[0];
/// assert_eq!((place.start, place.rows, place.columns, place.sum), (1, 2, 3, 0));
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
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
pub(super) struct Lists {
    first: usize,
    offsets: Vec<usize>,
    pub(super) entries: Vec<(u32, f64)>,
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

    pub(super) fn of(&self, list: usize) -> &[(u32, f64)] {
        match list.checked_sub(self.first) {
            Some(list) => &self.entries[self.offsets[list]..self.offsets[list + 1]],
            None => &[],
        }
    }
}

/// Couplings that are a sum of low-rank blocks and a sparse remainder.
///
/// ```
/// use spinroute_ising::{Block, Couplings, Structured};
///
/// // A penalty over a thousand variables: half a million pairs, never written out.
/// let block = Block { weight: 1.0, members: (0..1000).map(|i| (i, 1.0)).collect() };
/// let couplings = Structured::new(1000, &[], &[block], None)?;
/// assert_eq!(couplings.interactions(), 499_500);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Structured {
    pub(super) variables: usize,
    pub(super) grids: Vec<Place>,
    /// The weight of every block: rows and columns of the grids, then the listed blocks.
    pub(super) weights: Vec<f64>,
    /// The listed members of every block.
    pub(super) members: Lists,
    /// The blocks that list a variable.
    pub(super) blocks: Lists,
    pub(super) remainder: Sparse,
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
    pub(super) fn blocks_of(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let lines = self.grids.iter().filter_map(move |grid| grid.lines(i));
        let lines = lines.flat_map(|(row, column)| [(row, 1.0), (column, 1.0)]);
        lines.chain(self.blocks.of(i).iter().map(|&(block, c)| (block as usize, c)))
    }

    /// The members of a block, with their coefficients.
    pub(super) fn members_of(&self, block: usize, visit: &mut dyn FnMut(usize, f64)) {
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
    pub(super) fn size(&self, block: usize) -> usize {
        let listed = self.members.of(block).len();
        let in_grid = |grid: &Place| match block.wrapping_sub(grid.sum) {
            line if line < grid.rows => grid.columns,
            line if line < grid.rows + grid.columns => grid.rows,
            _ => 0,
        };
        listed + self.grids.iter().map(in_grid).sum::<usize>()
    }

    /// `Σ_i c[i] v[i]` of every block.
    pub(super) fn sums(&self, values: &[f64]) -> Vec<f64> {
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
