//! The three forms of couplings agree with each other and with their definition.

#![allow(clippy::unwrap_used)]

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_ising::{
    AnyCouplings, Block, Couplings, Dense, Grid, Ising, Line, Qubo, Sparse, Structured,
    couplings::estimate_spectrum,
};

/// Structured couplings with grid, further members, blocks and remainder. Small integers, so that
/// every sum is exact and the forms agree to the last bit.
fn structured() -> impl Strategy<Value = Structured> {
    let shape = (0_usize..4, 1_usize..5, 1_usize..5, 0_usize..4);
    shape.prop_flat_map(|(start, rows, columns, more)| {
        let n = start + rows * columns + more;
        let weight = || (-3_i8..4).prop_map(f64::from);
        let member = (0..n as u32, weight());
        let block = (weight(), prop::collection::btree_map(0..n as u32, weight(), 0..5));
        (
            Just((n, start, rows, columns)),
            prop::collection::vec(weight(), rows),
            prop::collection::vec(weight(), columns),
            prop::collection::vec((any::<bool>(), 0_usize..8, member), 0..4),
            prop::collection::vec(block, 0..3),
            prop::collection::vec((0..n as u32, 0..n as u32, weight()), 0..6),
        )
            .prop_map(|(shape, row_weights, column_weights, further, blocks, rest)| {
                let (n, start, rows, columns) = shape;
                let grid =
                    Grid { start, rows, columns, row_weights, column_weights, further: vec![] };
                let mut grid = grid;
                for (row, line, (variable, coefficient)) in further {
                    let entry =
                        (variable as usize).checked_sub(start).filter(|e| *e < rows * columns);
                    let line =
                        if row { Line::Row(line % rows) } else { Line::Column(line % columns) };
                    let taken = entry.is_some_and(|entry| match line {
                        Line::Row(r) => entry / columns == r,
                        Line::Column(c) => entry % columns == c,
                    });
                    let listed = grid.further.iter().any(|f| f.0 == line && f.1 == variable);
                    if !taken && !listed {
                        grid.further.push((line, variable, coefficient));
                    }
                }
                let blocks: Vec<Block> = blocks
                    .into_iter()
                    .map(|(weight, members)| Block {
                        weight,
                        members: members.into_iter().collect(),
                    })
                    .collect();
                let rest = rest.into_iter().filter(|(i, j, _)| i != j);
                let rest = Sparse::from_triplets(n, rest).unwrap();
                Structured::new(n, &[grid], &blocks, Some(rest)).unwrap()
            })
    })
}

/// The matrix, from the neighbours of every variable.
fn matrix(couplings: &impl Couplings) -> Array2<f64> {
    let n = couplings.variables();
    let mut matrix = Array2::zeros((n, n));
    for i in 0..n {
        couplings.neighbours(i, &mut |j, coupling| matrix[[i, j]] += coupling);
    }
    matrix
}

/// The same couplings in three forms.
fn forms(structured: &Structured) -> [AnyCouplings; 3] {
    let matrix = matrix(structured);
    let entries = matrix.indexed_iter().filter(|((i, j), _)| i < j);
    let triplets = entries.map(|((i, j), &value)| (i as u32, j as u32, value));
    let sparse = Sparse::from_triplets(structured.variables(), triplets).unwrap();
    let dense = Dense::new(matrix).unwrap();
    [dense.into(), sparse.into(), structured.clone().into()]
}

fn state(n: usize, bits: u64, vartype: [i8; 2]) -> Vec<i8> {
    (0..n).map(|i| vartype[(bits >> i & 1) as usize]).collect()
}

proptest! {
    #[test]
    fn forms_agree(structured in structured(), bits: u64, flips in prop::collection::vec(0_usize..64, 0..20)) {
        let n = structured.variables();
        for values in [[-1, 1], [0, 1]] {
            let mut state = state(n, bits, values);
            let forms = forms(&structured);
            let mut fields = forms.each_ref().map(|form| form.fields(&state));
            for flip in std::iter::once(None).chain(flips.iter().map(|i| Some(i % n))) {
                if let Some(i) = flip {
                    let (from, to) = (state[i], values[0] + values[1] - state[i]);
                    for (form, fields) in forms.iter().zip(&mut fields) {
                        form.change(fields, i, from, to);
                    }
                    state[i] = to;
                }
                let reals: Vec<f64> = state.iter().map(|&v| f64::from(v)).collect();
                let mut products = vec![vec![0.0; n]; 3];
                for ((form, fields), product) in forms.iter().zip(&fields).zip(&mut products) {
                    form.product(&reals, product);
                    for i in 0..n {
                        prop_assert_eq!(form.local(fields, &state, i), product[i]);
                    }
                    prop_assert_eq!(form.energy(&reals), forms[0].energy(&reals));
                }
                prop_assert_eq!(&products[0], &products[1]);
                prop_assert_eq!(&products[0], &products[2]);
            }
        }
    }

    #[test]
    fn energies_of_many_states_are_those_of_each(structured in structured(), bits in prop::collection::vec(any::<u64>(), 0..20)) {
        let n = structured.variables();
        let states: Vec<i8> = bits.iter().flat_map(|bits| state(n, *bits, [-1, 1])).collect();
        for form in forms(&structured) {
            // Tenths and sevenths: sums in another order would differ.
            let field = (0..n).map(|i| i as f64 / 7.0 - 1.0).collect();
            let model = Ising::new(field, form.scaled(0.1), 0.3).unwrap();
            let each: Vec<f64> = states.chunks(n).map(|state| model.energy(state)).collect();
            prop_assert_eq!(model.energies(&states), each);
        }
    }

    #[test]
    fn every_eigenvalue_is_within_the_bounds(structured in structured()) {
        let n = structured.variables();
        let matrix = matrix(&structured);
        let eigenvalues = nalgebra::DMatrix::from_fn(n, n, |i, j| matrix[[i, j]]).symmetric_eigenvalues();
        for form in forms(&structured) {
            let bounds = form.spectrum();
            let slack = 1e-9 * (1.0 + bounds.radius());
            prop_assert!(eigenvalues.iter().all(|&value| value >= bounds.lowest - slack));
            prop_assert!(eigenvalues.iter().all(|&value| value <= bounds.highest + slack));
            // The estimate errs to the inside, and a full one is exact.
            let estimate = estimate_spectrum(&form, n, 7);
            prop_assert!((estimate.lowest - eigenvalues.min()).abs() <= 1e-6 * (1.0 + bounds.radius()));
            prop_assert!((estimate.highest - eigenvalues.max()).abs() <= 1e-6 * (1.0 + bounds.radius()));
            let rough = estimate_spectrum(&form, 2, 7);
            prop_assert!(rough.lowest >= eigenvalues.min() - slack && rough.highest <= eigenvalues.max() + slack);
        }
    }

    #[test]
    fn magnitudes_are_those_of_the_pairs(structured in structured()) {
        let n = structured.variables();
        for form in forms(&structured) {
            for (i, magnitude) in form.magnitudes().into_iter().enumerate() {
                let mut sizes = Vec::new();
                form.neighbours(i, &mut |_, coupling: f64| sizes.push(coupling.abs()));
                prop_assert_eq!(magnitude.sum, sizes.iter().sum::<f64>());
                prop_assert_eq!(magnitude.square, sizes.iter().map(|size| size * size).sum::<f64>());
                let least = sizes.iter().copied().reduce(f64::min).unwrap_or(0.0);
                let largest = sizes.iter().copied().fold(0.0, f64::max);
                prop_assert_eq!((magnitude.least, magnitude.largest), (least, largest));
            }
            prop_assert_eq!(form.variables(), n);
        }
    }

    #[test]
    fn models_convert_both_ways(structured in structured(), bits: u64, linear in prop::collection::vec(-5_i8..6, 32)) {
        let n = structured.variables();
        let linear: Vec<f64> = linear.into_iter().map(f64::from).take(n).collect();
        for form in forms(&structured) {
            let (spins, binaries) = (state(n, bits, [-1, 1]), state(n, bits, [0, 1]));
            let ising = Ising::new(linear.clone(), form.clone(), 3.0).unwrap();
            prop_assert_eq!(ising.energy(&spins), ising.to_qubo().energy(&binaries));
            prop_assert_eq!(&ising.to_qubo().to_ising(), &ising);
            let qubo = Qubo::new(linear.clone(), form, 3.0).unwrap();
            prop_assert_eq!(qubo.energy(&binaries), qubo.to_ising().energy(&spins));
            prop_assert_eq!(&qubo.to_ising().to_qubo(), &qubo);
            for i in 0..n {
                let (mut flipped, mut toggled) = (spins.clone(), binaries.clone());
                flipped[i] = -flipped[i];
                toggled[i] = 1 - toggled[i];
                prop_assert_eq!(ising.change(&spins, i), ising.energy(&flipped) - ising.energy(&spins));
                prop_assert_eq!(qubo.change(&binaries, i), qubo.energy(&toggled) - qubo.energy(&binaries));
            }
        }
    }
}

#[test]
fn the_common_mode_of_a_grid_attains_its_bound() {
    let (rows, columns) = (5, 3);
    let grid = Grid {
        rows,
        columns,
        row_weights: vec![2.0; rows],
        column_weights: vec![0.5; columns],
        ..Grid::default()
    };
    let grid = Structured::new(rows * columns, &[grid], &[], None).unwrap();
    let bounds = grid.spectrum();
    assert_eq!((bounds.lowest, bounds.highest), (-5.0, 2.0 * (2.0 * 2.0 + 0.5 * 4.0)));
    let mut field = vec![0.0; rows * columns];
    grid.product(&vec![1.0; rows * columns], &mut field);
    assert_eq!(field, vec![bounds.highest; rows * columns]);
}
