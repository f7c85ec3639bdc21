//! What every minimiser promises, and what each alone does.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_core::{Budget, Progress, Run, Stop};
use spinroute_ising::{
    Anneal, AnyCouplings, Dense, Error, Exhaustive, Grid, Ising, MINIMISERS, Minimiser, Schedule,
    Sparse, Structured, Vartype,
};

/// A random model: integers where `unit` is 1, no common unit where it is 0.3.
fn model(n: usize, form: usize, unit: f64, coefficients: &[i8]) -> Ising {
    let mut values = coefficients.iter().cycle().map(|&c| f64::from(c) * unit);
    let mut next = || values.next().unwrap();
    let field: Vec<f64> = (0..n).map(|_| next()).collect();
    let couplings: AnyCouplings = match form {
        0 => {
            let mut matrix = Array2::zeros((n, n));
            for i in 0..n {
                for j in 0..i {
                    matrix[[i, j]] = next();
                    matrix[[j, i]] = matrix[[i, j]];
                }
            }
            Dense::new(matrix).unwrap().into()
        }
        1 => {
            let ring = (0..n as u32).map(|i| (i, (i + 1) % n as u32, next()));
            Sparse::from_triplets(n, ring.filter(|(i, j, _)| i != j)).unwrap().into()
        }
        _ => {
            let (rows, columns) = (n / 2, 2);
            let row_weights = (0..rows).map(|_| next()).collect();
            let column_weights = (0..columns).map(|_| next()).collect();
            let further = Vec::new();
            let grid = Grid { start: n % 2, rows, columns, row_weights, column_weights, further };
            Structured::new(n, &[grid], &[], None).unwrap().into()
        }
    };
    Ising::new(field, couplings, unit).unwrap()
}

fn models() -> impl Strategy<Value = Ising> {
    let coefficients = prop::collection::vec(-9_i8..10, 1..40);
    let unit = prop_oneof![Just(1.0), Just(0.3), Just(0.25)];
    (0_usize..9, 0_usize..3, unit, coefficients)
        .prop_map(|(n, form, unit, coefficients)| model(n, form, unit, &coefficients))
}

/// Every state in the documented order: by energy, then as a number.
fn ordered(model: &Ising) -> Vec<(f64, Vec<i8>)> {
    let n = model.variables();
    let state = |code: u32| (0..n).map(|i| if code >> i & 1 == 1 { 1 } else { -1 }).collect();
    let states = (0..1_u32 << n).map(|code| -> Vec<i8> { state(code) });
    let mut states: Vec<_> = states.map(|state| (model.energy(&state), state)).collect();
    states.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap());
    states
}

proptest! {
    #[test]
    fn exhaustive_search_finds_the_lowest_states_in_order(model in models(), reads in 1_usize..6) {
        let samples = Exhaustive { reads }.minimise(&model, &mut Run::new(0)).unwrap();
        let expected = ordered(&model);
        prop_assert_eq!(samples.reads(), reads.min(expected.len()));
        for (read, (energy, state)) in expected.iter().take(reads).enumerate() {
            prop_assert_eq!(samples.energies[read], *energy);
            prop_assert_eq!(samples.state(read), &state[..]);
        }
    }

    #[test]
    fn annealing_finds_the_minimum_of_small_models(model in models(), seed: u64) {
        let anneal = Anneal { sweeps: 200, ..Anneal::default() };
        let samples = anneal.minimise(&model, &mut Run::new(seed)).unwrap();
        let least = ordered(&model)[0].0;
        let best = samples.energies[samples.best().unwrap()];
        prop_assert!((best - least).abs() <= 1e-9 * (1.0 + least.abs()), "{best} {least}");
    }

    #[test]
    fn samples_are_local_minima_of_the_energies_given(model in models(), seed: u64) {
        let anneal = Anneal { sweeps: 2, reads: 3, ..Anneal::default() };
        let samples = anneal.minimise(&model, &mut Run::new(seed)).unwrap();
        prop_assert_eq!((samples.reads(), samples.vartype), (3, Vartype::Spin));
        for read in 0..3 {
            let state = samples.state(read);
            prop_assert_eq!(samples.energies[read], model.energy(state));
            for i in 0..state.len() {
                let change = model.change(state, i);
                prop_assert!(change >= -1e-4, "flipping {i} adds {change}");
            }
        }
    }

    #[test]
    fn forms_anneal_alike(coefficients in prop::collection::vec(-9_i8..10, 40), seed: u64) {
        // A ring, stored sparse and dense, in integers: the same proposals, so the same answer. (More
        // reads would advance together, with random numbers drawn in another way.)
        let ring = model(100, 1, 1.0, &coefficients);
        let mut matrix = Array2::zeros((100, 100));
        let AnyCouplings::Sparse(sparse) = ring.couplings() else { unreachable!() };
        for (i, j, value) in sparse.pairs() {
            matrix[[i as usize, j as usize]] = value;
            matrix[[j as usize, i as usize]] = value;
        }
        let dense = Ising::new(ring.field().to_vec(), Dense::new(matrix).unwrap(), 1.0).unwrap();
        let anneal = Anneal { sweeps: 20, reads: 2, ..Anneal::default() };
        let of = |model| anneal.minimise(model, &mut Run::new(seed)).unwrap();
        prop_assert_eq!(of(&ring), of(&dense));
    }
}

/// A model in which the threads have something to do.
fn large() -> Ising {
    let coefficients: Vec<i8> = (0..977_i32).map(|i| (i * i % 19 - 9) as i8).collect();
    model(1000, 1, 1.0, &coefficients)
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for entry in MINIMISERS {
        let model = if entry.exact { model(18, 0, 0.3, &[3, -7, 5, 1, -2]) } else { large() };
        let minimiser = entry.build(&entry.defaults()).unwrap();
        let budget = Budget { steps: Some(50), time: None };
        let run = |threads| {
            let run = || minimiser.minimise(&model, &mut Run::new(3).budget(budget)).unwrap();
            pool(threads).install(run)
        };
        assert_eq!(run(1), run(3), "{}", entry.name);
    }
}

#[test]
fn reads_do_not_depend_on_how_many_advance_together() {
    let model = large();
    let run = |threads, reads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let anneal = Anneal { reads, sweeps: 30, ..Anneal::default() };
        pool.install(|| anneal.minimise(&model, &mut Run::new(9)).unwrap())
    };
    let all = run(1, 40);
    assert_eq!(all, run(3, 40));
    assert_eq!(all, run(6, 40));
    let few = run(1, 3);
    assert_eq!(few.states, all.states[..3 * 1000]);
}

#[test]
fn a_run_ends_when_told_with_what_it_has() {
    let model = large();
    let anneal = Anneal::default();
    let full = anneal.minimise(&model, &mut Run::new(3)).unwrap();
    assert_eq!((full.stop, full.steps), (Stop::Finished, 1000));
    let budget = Budget { steps: Some(7), time: None };
    let limited = anneal.minimise(&model, &mut Run::new(3).budget(budget)).unwrap();
    assert_eq!((limited.stop, limited.steps), (Stop::StepLimit, 7));
    let mut seen = Vec::new();
    let mut observe = |progress: &Progress| {
        seen.push(progress.best.objective.unwrap());
        if progress.step == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let broken = anneal.minimise(&model, &mut Run::new(3).observer(&mut observe)).unwrap();
    assert_eq!((broken.stop, &broken.states), (Stop::Interrupted, &limited.states));
    assert!(seen.is_sorted_by(|a, b| a >= b));
    let target = full.energies[full.best().unwrap()] + 100.0;
    let anneal = Anneal { target: Some(target), ..anneal };
    let early = anneal.minimise(&model, &mut Run::new(3)).unwrap();
    assert_eq!(early.stop, Stop::Target);
    assert!(early.steps < 1000 && early.energies[early.best().unwrap()] <= target);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let model = model(3, 1, 1.0, &[1]);
    let refused = |anneal: Anneal| match anneal.minimise(&model, &mut Run::new(0)) {
        Err(Error::Parameter { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(Anneal { reads: 0, ..Anneal::default() }), "reads");
    assert_eq!(refused(Anneal { reads: 1 << 40, ..Anneal::default() }), "reads");
    assert_eq!(refused(Anneal { sweeps: 0, ..Anneal::default() }), "sweeps");
    for beta in [[0.0, 1.0], [2.0, 1.0], [1.0, f64::INFINITY], [f64::NAN, 1.0]] {
        assert_eq!(refused(Anneal { beta: Some(beta), ..Anneal::default() }), "beta");
    }
    let anneal = Anneal { beta: Some([0.1, 2.0]), schedule: Schedule::Linear, ..Anneal::default() };
    assert!(anneal.minimise(&model, &mut Run::new(0)).is_ok());
    let large = large();
    let error = Exhaustive::default().minimise(&large, &mut Run::new(0)).unwrap_err();
    assert_eq!(error, Error::TooLarge { variables: 1000, most: 26, what: "exhaustive search" });
}

#[test]
fn equal_energies_are_no_trouble() {
    // 2²⁰ states of one energy, and two of the lowest.
    let nothing = Ising::new(vec![0.0; 20], Sparse::none(20), 0.0).unwrap();
    let samples = Exhaustive { reads: 3 }.minimise(&nothing, &mut Run::new(0)).unwrap();
    assert_eq!(samples.energies, [0.0; 3]);
    assert!(samples.state(0).iter().all(|&s| s == -1));
    assert_eq!((samples.state(1)[0], samples.state(2)[1]), (1, 1));
}

#[test]
fn coefficients_at_the_ends_of_the_range_do_no_harm() {
    for size in [f64::MAX, 1e300, 1e-300, f64::from_bits(1)] {
        for form in 0..3 {
            let model = model(9, form, size.min(f64::MAX / 9.0), &[1, -1, 0, 1]);
            for entry in MINIMISERS {
                let minimiser = entry.build(&entry.defaults()).unwrap();
                let samples = minimiser.minimise(&model, &mut Run::new(1)).unwrap();
                for read in 0..samples.reads() {
                    let energy = model.energy(samples.state(read));
                    assert_eq!(energy.to_bits(), samples.energies[read].to_bits());
                }
            }
        }
    }
}

#[test]
fn a_model_without_variables_has_its_offset_as_energy() {
    let model = Ising::new(Vec::new(), Sparse::none(0), 2.5).unwrap();
    for entry in MINIMISERS {
        let minimiser = entry.build(&entry.defaults()).unwrap();
        let samples = minimiser.minimise(&model, &mut Run::new(1)).unwrap();
        assert!(samples.reads() > 0 && samples.states.is_empty(), "{}", entry.name);
        assert!(samples.energies.iter().all(|&energy| energy == 2.5), "{}", entry.name);
    }
}
