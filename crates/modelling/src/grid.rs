//! Squares over the rows and columns of an array, as a grid without lists of indices.

use crate::function::Square;
use spinroute_ising::{Grid, Line};

/// A square over one line of an array: which line, and where its members outside start.
struct Fit {
    line: Line,
    further: usize,
}

/// Takes out the squares that are lines of `shapes` (first bit, rows, columns) with coefficients 1,
/// further members allowed behind them; the rest is returned.
///
/// A line takes the first square that fits, so a second one over it stays a block. O(members).
pub(crate) fn take_grids<'a>(
    squares: &'a [Square],
    shapes: &[(u32, usize, usize)],
) -> (Vec<Grid>, Vec<&'a Square>) {
    let mut grids: Vec<Grid> = shapes
        .iter()
        .map(|&(start, rows, columns)| Grid {
            start: start as usize,
            rows,
            columns,
            row_weights: vec![0.0; rows],
            column_weights: vec![0.0; columns],
            further: Vec::new(),
        })
        .collect();
    let mut rest = Vec::new();
    for square in squares {
        let fitting = grids.iter_mut().find_map(|grid| fit(square, grid).map(|fit| (grid, fit)));
        let Some((grid, Fit { line, further })) = fitting else {
            rest.push(square);
            continue;
        };
        match line {
            Line::Row(row) => grid.row_weights[row] = square.weight,
            Line::Column(column) => grid.column_weights[column] = square.weight,
        }
        grid.further.extend(square.linear.terms().skip(further).map(|(bit, c)| (line, bit, c)));
    }
    grids.retain(|grid| grid.row_weights.iter().chain(&grid.column_weights).any(|&w| w != 0.0));
    (grids, rest)
}

/// The free line of `grid` that a square begins with, if there is one.
fn fit(square: &Square, grid: &Grid) -> Option<Fit> {
    let bits = &square.linear.bits;
    let entry = (*bits.first()? as usize).checked_sub(grid.start)?;
    let end = grid.start + grid.rows * grid.columns;
    let (row, column) = (entry.checked_div(grid.columns)?, entry % grid.columns);
    let along = |length: usize, stride: usize, line: Line| {
        let members = bits.get(..length)?;
        let ones = square.linear.coefficients[..length].iter().all(|&c| c == 1.0);
        let spaced = members.windows(2).all(|pair| (pair[1] - pair[0]) as usize == stride);
        let outside = bits[length..].iter().all(|&bit| bit as usize >= end);
        (ones && spaced && outside).then_some(Fit { line, further: length })
    };
    let as_row = (column == 0 && row < grid.rows && grid.row_weights[row] == 0.0)
        .then(|| along(grid.columns, 1, Line::Row(row)));
    let as_column = (row == 0 && grid.column_weights[column] == 0.0)
        .then(|| along(grid.rows, grid.columns, Line::Column(column)));
    as_row.flatten().or_else(|| as_column.flatten())
}
