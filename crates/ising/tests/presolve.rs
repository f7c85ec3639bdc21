//! Presolve: the lowest energy stays, and every state of the kernel is lifted to one of its energy.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use proptest::prelude::*;
use spinroute_core::Run;
use spinroute_ising::presolve::presolve;
use spinroute_ising::{Anneal, Exhaustive, Ising, Minimiser, Sparse, instances};

fn model(field: &[i32], pairs: &[(u32, u32, i32)]) -> Ising {
    let triplets = pairs.iter().map(|&(i, j, value)| (i, j, f64::from(value)));
    let couplings = Sparse::from_triplets(field.len(), triplets).unwrap();
    Ising::new(field.iter().map(|&h| f64::from(h)).collect(), couplings, 0.5).unwrap()
}

fn lowest(model: &Ising) -> f64 {
    Exhaustive::default().minimise(model, &mut Run::new(0)).unwrap().energies[0]
}

/// Up to 9 variables; whole coefficients, often 0 or equal, so that every rule has its cases and no
/// sum is rounded.
fn models() -> impl Strategy<Value = Ising> {
    (2u32..10).prop_flat_map(|n| {
        let pair =
            (0..n, 1..n, -3i32..4).prop_map(move |(i, gap, value)| (i, (i + gap) % n, value));
        let pairs = proptest::collection::vec(pair, 0..22);
        let fields = prop_oneof![
            proptest::collection::vec(Just(0), n as usize),
            proptest::collection::vec(-2i32..3, n as usize),
        ];
        (fields, pairs).prop_map(|(field, pairs)| model(&field, &pairs))
    })
}

fn spins(code: usize, n: usize) -> Vec<i8> {
    (0..n).map(|i| if code >> i & 1 == 1 { 1 } else { -1 }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_optimum_stays_and_every_state_is_lifted_to_one_of_its_energy(model in models()) {
        let small = presolve(&model).unwrap();
        let (counts, kernel) = (small.counts(), small.kernel());
        let gone = counts.fixed + counts.substituted + counts.duplicates + counts.eliminated;
        prop_assert_eq!(gone + kernel.variables(), model.variables());
        for code in 0..1 << kernel.variables() {
            let state = spins(code, kernel.variables());
            prop_assert_eq!(model.energy(&small.lift(&state)), kernel.energy(&state));
        }
        let best = (0..1 << kernel.variables())
            .map(|code| kernel.energy(&spins(code, kernel.variables())))
            .fold(f64::INFINITY, f64::min);
        prop_assert_eq!(best, lowest(&model));
        // No rule is left to apply.
        prop_assert_eq!(presolve(kernel).unwrap().kernel().variables(), kernel.variables());
    }

    #[test]
    fn components_share_no_coupling_and_are_all_there(model in models()) {
        let small = presolve(&model).unwrap();
        let components = small.components();
        let mut of = vec![usize::MAX; small.kernel().variables()];
        for (number, members) in components.iter().enumerate() {
            for &i in members {
                prop_assert_eq!(std::mem::replace(&mut of[i as usize], number), usize::MAX);
            }
        }
        prop_assert!(of.iter().all(|&number| number < components.len()));
        if let spinroute_ising::AnyCouplings::Sparse(sparse) = small.kernel().couplings() {
            prop_assert!(sparse.pairs().all(|(i, j, _)| of[i as usize] == of[j as usize]));
        }
    }
}

#[test]
fn every_rule_has_its_case() {
    let counts =
        |field: &[i32], pairs: &[(u32, u32, i32)]| presolve(&model(field, pairs)).unwrap().counts();
    assert_eq!(counts(&[5, 1], &[(0, 1, 3)]).fixed, 2);
    // A path without fields: each end hangs on its neighbour, the last stands alone.
    let path = counts(&[0; 4], &[(0, 1, 1), (1, 2, -1), (2, 3, 1)]);
    assert_eq!((path.substituted, path.fixed), (3, 1));
    // A square with fields: two neighbours each, none of them dominant.
    let square = [(0, 1, 2), (1, 2, 2), (2, 3, 2), (3, 0, 2)];
    assert!(counts(&[1, -1, 1, 1], &square).eliminated > 0);
    // K4 and K5 without fields: three neighbours, and four.
    let clique = |n: u32| {
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j, 1)));
        counts(&vec![0; n as usize], &pairs.collect::<Vec<_>>())
    };
    assert!(clique(4).eliminated > 0);
    assert_eq!(clique(5), spinroute_ising::presolve::Counts::default());
    // Two variables on the same five, which hold each other.
    let mut pairs: Vec<(u32, u32, i32)> = (0..5).flat_map(|i| [(i, 5, 1), (i, 6, -1)]).collect();
    pairs.extend((0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j, 2))));
    assert!(counts(&[1, 1, 1, 1, 1, 0, 0], &pairs).duplicates > 0);
}

#[test]
fn the_best_read_is_put_together_from_all() {
    // Two cliques of 7 spins in fields that contradict them, and few, short reads.
    let clique = |first: u32| {
        (first..first + 7)
            .flat_map(move |i| (i + 1..first + 7).map(move |j| (i, j, 2 + (i * j % 3) as i32)))
    };
    let model = model(&[1; 14], &clique(0).chain(clique(7)).collect::<Vec<_>>());
    let small = presolve(&model).unwrap();
    assert_eq!(small.components().len(), 2);
    let anneal = Anneal { reads: 3, sweeps: 1, ..Anneal::default() };
    for seed in 0..20 {
        let plain = anneal.minimise(small.kernel(), &mut Run::new(seed)).unwrap();
        let samples = small.minimise(&model, &anneal, &mut Run::new(seed)).unwrap();
        assert_eq!(samples.reads(), 3);
        for read in 0..3 {
            assert_eq!(samples.energies[read], model.energy(samples.state(read)));
            assert!(samples.energies[read] <= plain.energies[read]);
        }
    }
}

#[test]
fn components_that_are_small_are_searched_one_by_one() {
    let clique = |first: u32| {
        (first..first + 7)
            .flat_map(move |i| (i + 1..first + 7).map(move |j| (i, j, 2 + (i * j % 3) as i32)))
    };
    let one = model(&[1; 7], &clique(0).collect::<Vec<_>>());
    assert!(one.variables() == presolve(&one).unwrap().kernel().variables());
    // Five copies: 35 variables are too many at once.
    let pairs: Vec<(u32, u32, i32)> =
        (0..5).flat_map(|k| clique(0).map(move |(i, j, w)| (i + 7 * k, j + 7 * k, w))).collect();
    let five = model(&[1; 35], &pairs);
    assert!(Exhaustive::default().minimise(&five, &mut Run::new(0)).is_err());
    let small = presolve(&five).unwrap();
    let samples = small.minimise(&five, &Exhaustive::default(), &mut Run::new(0)).unwrap();
    // The offset of 0.5 counts once.
    assert_eq!(samples.energies, [5.0 * (lowest(&one) - 0.5) + 0.5]);
    // One that is connected stays too large.
    let pairs: Vec<(u32, u32, i32)> =
        (0..30).flat_map(|i| (i + 1..30).map(move |j| (i, j, 1))).collect();
    let whole = model(&[0; 30], &pairs);
    let small = presolve(&whole).unwrap();
    assert!(small.minimise(&whole, &Exhaustive::default(), &mut Run::new(0)).is_err());
}

#[test]
fn a_sparse_instance_shrinks_and_its_cut_is_that_of_the_kernel() {
    let graph = instances::find("G70").unwrap().graph().unwrap();
    let model = graph.ising().unwrap();
    let small = presolve(&model).unwrap();
    assert!(small.kernel().variables() < 1500, "{}", small.kernel().variables());
    let anneal = Anneal { reads: 1, sweeps: 200, ..Anneal::default() };
    let samples = small.minimise(&model, &anneal, &mut Run::new(1)).unwrap();
    let cut = graph.cut(samples.state(0)).unwrap();
    assert!((9_500.0..=9_600.0).contains(&cut), "{cut}");
    assert_eq!(graph.cut_of_energy(samples.energies[0]), cut);
}
