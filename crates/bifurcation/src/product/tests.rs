//! Products of all forms against their definition, and against themselves in other batches.

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_ising::{
    AnyCouplings, Block, Couplings, Dense, Grid, Ising, Line, Sparse, Structured,
};

use super::scaled_model::Form;
use super::{LANES, ScaledModel};

/// Couplings of every form. Small integers: every sum is exact, in any order.
pub(crate) fn couplings() -> impl Strategy<Value = AnyCouplings> {
    let weight = || (-3i32..4).prop_map(f64::from);
    let dense = (1usize..40).prop_flat_map(move |n| {
        prop::collection::vec(weight(), n * n).prop_map(move |values| {
            let entry = |(i, j): (usize, usize)| match i.cmp(&j) {
                std::cmp::Ordering::Less => values[i * n + j],
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => values[j * n + i],
            };
            Dense::new(Array2::from_shape_fn((n, n), entry)).unwrap().into()
        })
    });
    let triplets = move |n: u32| prop::collection::vec((0..n, 0..n, weight()), 0..80);
    let sparse = move |n: u32| {
        triplets(n).prop_map(move |entries| {
            let entries = entries.into_iter().filter(|(i, j, _)| i != j);
            Sparse::from_triplets(n as usize, entries).unwrap()
        })
    };
    let graphs = (1u32..40).prop_flat_map(sparse).prop_map(AnyCouplings::from);
    let shape = (0usize..3, 1usize..80, 1usize..40);
    let structured = shape.prop_flat_map(move |(start, rows, columns)| {
        let n = start + rows * columns + 2;
        let lines =
            (prop::collection::vec(weight(), rows), prop::collection::vec(weight(), columns));
        let members = prop::collection::btree_map(0..n as u32, weight(), 0..6);
        (lines, weight(), members, sparse(n as u32)).prop_map(
            move |(lines, weight, members, rest)| {
                let (row_weights, column_weights) = lines;
                let further =
                    vec![(Line::Row(0), n as u32 - 1, 2.0), (Line::Column(0), n as u32 - 2, -1.0)];
                let grid = Grid { start, rows, columns, row_weights, column_weights, further };
                let block = Block { weight, members: members.into_iter().collect() };
                Structured::new(n, &[grid], &[block], Some(rest)).unwrap().into()
            },
        )
    });
    prop_oneof![dense, graphs, structured, few_values()]
}

/// Full tables of few values, as tables and as lists.
fn few_values() -> impl Strategy<Value = AnyCouplings> {
    let values = prop::sample::subsequence(vec![-3.0, -1.0, 0.0, 1.0, 2.0], 1..5);
    let entries = |(n, values): (usize, Vec<f64>)| {
        let entries = prop::collection::vec(prop::sample::select(values), n * n);
        entries.prop_map(move |entries| {
            let entry = |(i, j): (usize, usize)| {
                if i == j { 0.0 } else { entries[i.min(j) * n + i.max(j)] }
            };
            if n % 2 == 0 {
                return Dense::new(Array2::from_shape_fn((n, n), entry)).unwrap().into();
            }
            let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
            let triplets = pairs.map(|(i, j)| (i as u32, j as u32, entry((i, j))));
            Sparse::from_triplets(n, triplets).unwrap().into()
        })
    };
    (33usize..200, values).prop_flat_map(entries)
}

/// The product with a batch of which every lane is given by a function.
fn product(scaled: &ScaledModel, lanes: usize, value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let n = scaled.variables();
    let signal: Vec<f32> =
        (0..n * lanes).map(|place| value(place / lanes, place % lanes)).collect();
    let (mut sums, mut out) = (Vec::new(), vec![7.0; n * lanes]);
    scaled.sums(&signal, lanes, false, &mut sums);
    // Two parts, cut at a grain.
    let half = n / 2 / scaled.grain() * scaled.grain();
    let (low, high) = out.split_at_mut(half * lanes);
    scaled.rows(scaled.seen(&signal, lanes, &(0..half)), &sums, lanes, 0..half, low);
    scaled.rows(scaled.seen(&signal, lanes, &(half..n)), &sums, lanes, half..n, high);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn products_are_exact_on_integers(couplings in couplings(), seed in 0usize..1000) {
        let n = couplings.variables();
        let scaled = ScaledModel::new(&Ising::new(vec![0.0; n], couplings.clone(), 0.0).unwrap());
        for lanes in [1, LANES, 2 * LANES, 3 * LANES] {
            let spin = |i: usize, lane: usize| {
                if (i * 7 + lane * 13 + i * lane + seed).is_multiple_of(3) { 1.0 } else { -1.0 }
            };
            let out = product(&scaled, lanes, spin);
            for lane in [0, lanes / 2, lanes - 1] {
                let values: Vec<f64> = (0..n).map(|i| f64::from(spin(i, lane))).collect();
                let mut expected = vec![0.0; n];
                couplings.product(&values, &mut expected);
                for i in 0..n {
                    let got = f64::from(out[i * lanes + lane]) * scaled.scale();
                    prop_assert_eq!(got, expected[i]);
                }
            }
        }
    }

    #[test]
    fn energies_of_units_are_exact(
        couplings in few_values(),
        (field, offset, seed) in (-4i32..5, -3i32..4, 0u64..99),
        scale in prop::sample::select(vec![1.0, 0.1, 1e-300, 1e300, 1.0 + 1e-12]),
    ) {
        let n = couplings.variables();
        let field: Vec<f64> = (0..n).map(|i| f64::from(field) * (i % 3) as f64 * 0.25 * scale).collect();
        let offset = f64::from(offset) * scale;
        let model = Ising::new(field, couplings.scaled(scale), offset).unwrap();
        let scaled = ScaledModel::new(&model);
        let packed = matches!(scaled.form, Form::FewValues(_));
        // The others are not what they are rounded to.
        prop_assert_eq!(scaled.has_exact_energies(&model), packed && scale == 1.0);
        let mut stepper = crate::Stepper::new(&scaled, crate::Mode::Ballistic, 3, seed);
        stepper.sample(&scaled, true);
        let states = stepper.best();
        for (low, energy) in stepper.lowest().zip(model.energies(&states)) {
            let got = offset + scaled.scale() * low;
            if packed && scale == 1.0 {
                prop_assert_eq!(got.to_bits(), energy.to_bits());
            }
            prop_assert!((got - energy).abs() <= 1e-3 * scale * (n * n) as f64);
        }
    }

    #[test]
    fn bits_do_not_depend_on_the_batch(couplings in couplings(), seed in 0usize..1000) {
        let n = couplings.variables();
        let couplings = couplings.scaled(0.123);
        let scaled = ScaledModel::new(&Ising::new(vec![0.0; n], couplings, 0.0).unwrap());
        let value = |i: usize| ((i * 37 + seed) % 101) as f32 / 101.0 - 0.3;
        let alone = product(&scaled, 1, |i, _| value(i));
        for lanes in [LANES, 3 * LANES] {
            let batch = product(&scaled, lanes, |i, lane| if lane == 5 { value(i) } else { 0.5 });
            for i in 0..n {
                prop_assert_eq!(alone[i].to_bits(), batch[i * lanes + 5].to_bits());
            }
        }
    }
}

#[test]
fn only_tables_of_few_values_are_packed() {
    let bits = |values: &[f64]| {
        let entry =
            |(i, j): (usize, usize)| if i == j { 0.0 } else { values[(i + j) % values.len()] };
        let model = |couplings: AnyCouplings| Ising::new(vec![0.0; 50], couplings, 0.0).unwrap();
        let dense = Dense::new(Array2::from_shape_fn((50, 50), entry)).unwrap();
        let triplets = (0..50).flat_map(|i| (0..i).map(move |j| (i, j)));
        let triplets = triplets.map(|(i, j)| (i as u32, j as u32, entry((i, j))));
        let sparse = Sparse::from_triplets(50, triplets).unwrap();
        let forms = [model(dense.into()), model(sparse.into())].map(|model| {
            let Form::FewValues(form) = ScaledModel::new(&model).form else { return None };
            let sizes = model.couplings().magnitudes();
            let radius = sizes.iter().map(|row| row.sum).fold(0.0, f64::max);
            let squares: f64 = sizes.iter().map(|row| row.square).sum();
            assert_eq!([form.codes.radius, form.codes.squares], [radius, squares]);
            Some(form.codes.bits)
        });
        assert_eq!(forms[0], forms[1]);
        forms[0]
    };
    assert_eq!(bits(&[-1.0, 1.0, 1.0]), Some(1));
    assert_eq!(bits(&[0.0, 2.0]), Some(1));
    assert_eq!(bits(&[3.0]), Some(1));
    assert_eq!(bits(&[-1.0, 0.0, 1.0, 1.0]), Some(2));
    assert_eq!(bits(&[-1.0, 1.0, 2.0]), Some(2));
    assert_eq!(bits(&[-1.0, 1.0, 2.0, 3.0]), None);
    assert_eq!(bits(&[0.0]), None);
}

/// A graph of `n` variables with weights of one size, dense enough that counts pass a byte.
fn units(n: u32, size: f64, seed: u32) -> Sparse {
    let entries = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let entries = entries.filter(|(i, j)| (i * 31 + j * 17 + seed) % 9 > 1);
    let sign = |i: u32, j: u32| if (i + 3 * j + seed).is_multiple_of(5) { -size } else { size };
    Sparse::from_triplets(n as usize, entries.map(|(i, j)| (i, j, sign(i, j)))).unwrap()
}

#[test]
fn counts_of_signs_are_the_products_bit_for_bit() {
    for (n, size, seed) in [(1u32, 1.0, 0), (5, 2.0, 1), (63, 0.25, 2), (400, 1.0, 3)] {
        let sparse = super::sparse::Rows::new(&units(n, size, seed), 1.0);
        let Some(graph) = sparse.sign_counts() else {
            assert_eq!(n, 1, "no entries");
            continue;
        };
        for lanes in [LANES, 2 * LANES, 3 * LANES] {
            let place = |p: usize| (p * 2_654_435_761 + seed as usize) >> 7;
            let one = |p: usize| if place(p).is_multiple_of(3) { -1.0 } else { 1.0 };
            // The first lane agrees with all its neighbours: the largest counts.
            let signal = |p: usize| if p.is_multiple_of(lanes) { -1.0 } else { one(p) };
            let signal: Vec<f32> = (0..n as usize * lanes).map(signal).collect();
            let (mut signs, rows) = (Vec::new(), 0..n as usize);
            super::SignCounts::pack(&signal, &mut signs);
            let (mut counted, mut expected) = (vec![7.0; signal.len()], vec![7.0; signal.len()]);
            graph.rows(&signs, lanes, rows.clone(), &mut counted);
            sparse.rows(&signal, lanes, rows, &mut expected);
            let bits = |out: &[f32]| out.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&counted), bits(&expected), "{n} {lanes}");
        }
    }
}

#[test]
fn only_weights_of_one_size_are_counted() {
    let rows = |entries: &[(u32, u32, f64)]| {
        let sparse = Sparse::from_triplets(4, entries.iter().copied()).unwrap();
        super::sparse::Rows::new(&sparse, 1.0).sign_counts().is_some()
    };
    assert!(rows(&[(0, 1, 2.0), (2, 3, -2.0)]));
    assert!(!rows(&[(0, 1, 1.0), (2, 3, 2.0)]) && !rows(&[(0, 1, 3.0)]) && !rows(&[]));
}
