//! Steps on a grid, a pass each: a row's entries move, and their sums for the next step are taken, while
//! they are in registers.
//!
//! Positions and momenta are read and written once, the field is read once: `(16 agents + 4)` bytes a
//! variable. The columns' weights, sums and next sums, `8 + 8 lanes` bytes a column, stay in the first
//! cache. Sums have the order of [`crate::product`], so that the bits are those of a pass for the sums
//! and one for the rest, which took 1.5 to 2 times as long (`benches`, `sb_step`).
#![allow(clippy::inline_always)] // parts of the inner loop, in every compiled copy of it

use std::marker::PhantomData;

use rayon::prelude::*;

use super::group::Group;
use crate::product::{CHUNK, Grid, LANES, ScaledModel, pairwise, term};
use crate::symplectic::{Step, Variant, sign};
use spinroute_simd::{Work, widest};

impl Group {
    /// Takes steps where couplings are one grid; the first needs a pass for its sums.
    pub(super) fn advance_grid<V: Variant>(
        &mut self,
        scaled: &ScaledModel,
        grid: &Grid,
        steps: &[Step],
    ) {
        let (lanes, inside) = (self.lanes, grid.variables());
        self.partial.resize(grid.rows.len().div_ceil(CHUNK) * grid.columns.len() * lanes, 0.0);
        scaled.sums(&self.position, lanes, V::DISCRETE, &mut self.sums);
        for step in steps {
            for outside in [0..inside.start, inside.end..scaled.variables()] {
                self.step_local::<V>(scaled, step, outside);
            }
            self.step_grid::<V>(scaled, grid, step);
            scaled.complete(&self.position, lanes, V::DISCRETE, &mut self.sums);
        }
    }

    /// A step of the variables of the grid; leaves the sums of its lines, not yet scaled.
    fn step_grid<V: Variant>(&mut self, scaled: &ScaledModel, grid: &Grid, step: &Step) {
        let (lanes, inside, large) = (self.lanes, grid.variables(), self.is_large(scaled));
        let (rows, columns) = (grid.rows.len(), grid.columns.len());
        let first = grid.place.sum;
        let lines = &mut self.sums[first * lanes..(first + rows + columns) * lanes];
        let (row_sums, column_sums) = lines.split_at_mut(rows * lanes);
        let (field, seen) = (&scaled.field[inside.clone()], &*column_sums);
        let work = |c: usize, tables: [&mut [f32]; 4]| {
            let [position, momentum, row_sums, next] = tables;
            let rows = c * CHUNK..c * CHUNK + row_sums.len() / lanes;
            widest(Rows::<V> {
                step,
                lanes,
                field: &field[rows.start * columns..rows.end * columns],
                weights: [&grid.rows[rows], &grid.columns],
                column_sums: seen,
                position,
                momentum,
                row_sums,
                next,
                variant: PhantomData,
            });
        };
        let (width, range) = (columns * lanes, inside.start * lanes..inside.end * lanes);
        let position = self.position[range.clone()].par_chunks_mut(CHUNK * width);
        let momentum = self.momentum[range].par_chunks_mut(CHUNK * width);
        let sums = row_sums.par_chunks_mut(CHUNK * lanes).zip(self.partial.par_chunks_mut(width));
        let tables = position.zip(momentum).zip(sums).enumerate();
        let tables = tables.with_min_len(if large { 1 } else { usize::MAX });
        tables.for_each(|(c, ((x, y), (rows, next)))| work(c, [x, y, rows, next]));
        column_sums.fill(0.0);
        for partial in self.partial.chunks_exact(width) {
            column_sums.iter_mut().zip(partial).for_each(|(sum, part)| *sum += part);
        }
    }
}

/// A step of some rows of a grid.
struct Rows<'a, V> {
    step: &'a Step,
    lanes: usize,
    field: &'a [f32],
    /// Of the rows and of the columns.
    weights: [&'a [f32]; 2],
    column_sums: &'a [f32],
    position: &'a mut [f32],
    momentum: &'a mut [f32],
    /// The scaled sums of the rows; then those of the next step, not scaled.
    row_sums: &'a mut [f32],
    /// The columns' sums over these rows in the next step.
    next: &'a mut [f32],
    variant: PhantomData<V>,
}

impl<V: Variant> Work for Rows<'_, V> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self { step, lanes, field, weights, column_sums, next, .. } = self;
        next.fill(0.0);
        let (columns, width) = (weights[1].len(), weights[1].len() * lanes);
        let states = self.position.chunks_exact_mut(width);
        let states = states.zip(self.momentum.chunks_exact_mut(width));
        let rows = field.chunks_exact(columns).zip(weights[0]);
        let rows = rows.zip(self.row_sums.chunks_exact_mut(lanes));
        for ((x, y), ((field, weight), sums)) in states.zip(rows) {
            let columns = Columns { field, weights: weights[1], sums: column_sums };
            if let [sum] = sums {
                *sum = columns.alone::<V>(step, *weight, *sum, [x, y, &mut *next]);
            } else if let [sums] = sums.as_chunks_mut().0 {
                *sums = columns.many::<V>(step, *weight, sums, [x, y, &mut *next]);
            }
        }
    }
}

/// What a row reads of its columns.
#[derive(Clone, Copy)]
struct Columns<'a> {
    field: &'a [f32],
    weights: &'a [f32],
    sums: &'a [f32],
}

impl Columns<'_> {
    /// The row of one agent, a vector of columns at a time; its next sum.
    #[inline(always)]
    fn alone<V: Variant>(self, step: &Step, weight: f32, sum: f32, tables: [&mut [f32]; 3]) -> f32 {
        let mut parts = [0f32; LANES];
        let [x, y, next] = tables;
        let (x, x_rest) = x.as_chunks_mut::<LANES>();
        let (y, y_rest) = y.as_chunks_mut::<LANES>();
        let (next, next_rest) = next.as_chunks_mut::<LANES>();
        let (field, field_rest) = self.field.as_chunks::<LANES>();
        let (weights, weights_rest) = self.weights.as_chunks::<LANES>();
        let (sums, sums_rest) = self.sums.as_chunks::<LANES>();
        let states = x.iter_mut().zip(y).zip(next);
        let columns = field.iter().zip(weights).zip(sums);
        for (((x, y), next), ((field, weights), sums)) in states.zip(columns) {
            let weights = weights.map(|column| weight + column);
            entry::<V, LANES>(
                step,
                [field, &weights, &[sum; LANES], sums],
                [x, y, next, &mut parts],
            );
        }
        for (c, x) in x_rest.as_chunks_mut::<1>().0.iter_mut().enumerate() {
            let reads = [[field_rest[c]], [weight + weights_rest[c]], [sum], [sums_rest[c]]];
            let [y, next, part] = [&mut *y_rest, &mut *next_rest, &mut parts];
            let (mut state, mut add) = ([y[c]], [[next[c]], [part[c]]]);
            let [a, b] = &mut add;
            entry::<V, 1>(step, reads.each_ref(), [x, &mut state, a, b]);
            (y[c], next[c], part[c]) = (state[0], add[0][0], add[1][0]);
        }
        pairwise(parts)
    }

    /// The row of many agents, an entry at a time; its next sums.
    #[inline(always)]
    fn many<V: Variant>(
        self,
        step: &Step,
        weight: f32,
        row: &[f32; LANES],
        tables: [&mut [f32]; 3],
    ) -> [f32; LANES] {
        let mut parts = [[0f32; LANES]; LANES];
        let [x, y, next] = tables.map(|table| table.as_chunks_mut::<LANES>().0);
        let states = x.iter_mut().zip(y).zip(next);
        let columns = self.field.iter().zip(self.weights).zip(self.sums.as_chunks::<LANES>().0);
        for (c, (((x, y), next), ((field, column), sums))) in states.zip(columns).enumerate() {
            let (field, weights) = ([*field; LANES], [weight + column; LANES]);
            let part = &mut parts[c % LANES];
            entry::<V, LANES>(step, [&field, &weights, row, sums], [x, y, next, part]);
        }
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                for l in 0..LANES {
                    parts[i][l] += parts[i + half][l];
                }
            }
        }
        parts[0]
    }
}

/// Moves positions and momenta under field, own weights, sums of the row and of the column, and adds
/// the next signals to two sums.
#[inline(always)]
fn entry<V: Variant, const N: usize>(
    step: &Step,
    [field, weight, row, column]: [&[f32; N]; 4],
    [position, momentum, next_column, next_row]: [&mut [f32; N]; 4],
) {
    let signal = |x: f32| if V::DISCRETE { sign(x) } else { x };
    for l in 0..N {
        let (x, y) = (position[l], momentum[l]);
        let pull = field[l] + term(row[l], column[l], weight[l], signal(x));
        let (x, y) = V::step(step, pull, x, y);
        (position[l], momentum[l]) = (x, y);
        next_column[l] += signal(x);
        next_row[l] += signal(x);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spinroute_ising::{Block, Grid, Ising, Line, Structured};

    use super::*;
    use crate::{Adiabatic, Ballistic, Discrete, Mode};

    /// A grid with some variables around it, which lines and a block have as members.
    fn model(start: usize, rows: usize, columns: usize, seed: usize) -> Ising {
        let (end, n) = (start + rows * columns, start + rows * columns + 3);
        let number = |i: usize| ((i * 7919 + seed * 31) % 1009) as f64 / 504.0 - 1.0;
        let last = (end + 1) as u32;
        let mut further = vec![(Line::Row(rows - 1), last, 2.0), (Line::Column(0), last, -0.3)];
        if start > 0 {
            further.push((Line::Column(columns - 1), 0, 0.7));
        }
        let grid = Grid {
            start,
            rows,
            columns,
            row_weights: (0..rows).map(number).collect(),
            column_weights: (0..columns).map(|c| number(c + 500)).collect(),
            further,
        };
        let block = Block { weight: 0.4, members: vec![(end as u32, 1.0), (last + 1, -2.0)] };
        let couplings = Structured::new(n, &[grid], &[block], None).unwrap();
        Ising::new((0..n).map(number).collect(), couplings, 0.0).unwrap()
    }

    /// Steps in one pass, and in two.
    fn twins<V: Variant>(scaled: &ScaledModel, mode: Mode, agents: usize) -> [Group; 2] {
        let step = Step { time_step: 0.5, stiffness: 0.7, strength: 0.05, heat: 0.01 };
        let mut fused = Group::new(scaled, mode, 0..agents, 9);
        let mut plain = fused.clone();
        fused.advance_grid::<V>(scaled, scaled.grid().unwrap(), &[step; 5]);
        for _ in 0..5 {
            scaled.sums(&plain.position, plain.lanes, V::DISCRETE, &mut plain.sums);
            plain.step_local::<V>(scaled, &step, 0..scaled.variables());
        }
        [fused, plain]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn one_pass_is_two_bit_for_bit(
            (start, rows, columns) in (0usize..3, 1usize..150, 1usize..50),
            agents in prop::sample::select(vec![1usize, 2, 16]),
            mode in prop::sample::select(vec![Mode::Adiabatic, Mode::Ballistic, Mode::Discrete]),
            (threads, seed) in (1usize..4, 0usize..1000),
        ) {
            let scaled = ScaledModel::new(&model(start, rows, columns, seed));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let groups = pool.install(|| match mode {
                Mode::Adiabatic => twins::<Adiabatic>(&scaled, mode, agents),
                Mode::Ballistic => twins::<Ballistic>(&scaled, mode, agents),
                Mode::Discrete => twins::<Discrete>(&scaled, mode, agents),
            });
            let bits = |table: &[f32]| table.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let [fused, plain] = groups.each_ref().map(|g| [bits(&g.position), bits(&g.momentum)]);
            prop_assert!(fused == plain);
        }
    }

    #[test]
    fn only_plain_grids_take_one_pass() {
        let grid = Grid {
            rows: 3,
            columns: 2,
            row_weights: vec![1.0; 3],
            column_weights: vec![1.0; 2],
            ..Grid::default()
        };
        let one = std::slice::from_ref(&grid);
        let scaled = |blocks: &[Block], grids: &[Grid]| {
            let couplings = Structured::new(12, grids, blocks, None).unwrap();
            ScaledModel::new(&Ising::new(vec![0.0; 12], couplings, 0.0).unwrap())
        };
        let block = |i| [Block { weight: 1.0, members: vec![(i, 1.0), (7, 1.0)] }];
        assert!(scaled(&[], one).grid().is_some());
        assert!(scaled(&block(6), one).grid().is_some());
        assert!(scaled(&block(5), one).grid().is_none());
        let second = Grid { start: 6, ..grid.clone() };
        assert!(scaled(&[], &[grid.clone(), second]).grid().is_none());
    }
}
