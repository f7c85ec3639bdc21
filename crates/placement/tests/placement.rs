//! Placements of few experts against all of them.

#![allow(clippy::unwrap_used)] // Helpers outside #[test] functions.

use ndarray::{Array2, Array3};
use proptest::prelude::*;
use spinroute_core::{Run, Stop};
use spinroute_ising::{Anneal, Exhaustive, Ising, Minimiser, Samples, Vartype};
use spinroute_modelling::Options;
use spinroute_placement::{Balance, Error, Kicks, Placement, TwoDevices};

fn problem(
    layers: usize,
    experts: usize,
    devices: usize,
    most: u32,
) -> impl Strategy<Value = Placement> {
    let loads = prop::collection::vec(0..=most, layers * experts);
    let joint = prop::collection::vec(0..9u32, (layers - 1) * experts * experts);
    (loads, joint, 0..3u32).prop_map(move |(loads, joint, weight)| {
        let table = |values: &[u32], rows: usize| {
            let values = values.iter().map(|&v| f64::from(v)).collect();
            Array2::from_shape_vec((rows, experts), values).unwrap()
        };
        let joint = joint.chunks(experts * experts).map(|chunk| table(chunk, experts)).collect();
        let loads = table(&loads, layers);
        Placement::new(loads, joint, devices, f64::from(weight) / 2.0).unwrap()
    })
}

fn check(problem: &Placement) -> Result<(), TestCaseError> {
    let best = problem.exhaustive().unwrap();
    prop_assert_eq!(&problem.cost(&best.devices).unwrap(), &best.cost);
    let bound = problem.bound().unwrap();
    prop_assert!(bound.total <= best.cost.total + 1e-9, "{bound:?} {best:?}");
    prop_assert!(problem.linear_relaxation().unwrap() <= best.cost.total + 1e-9);
    let anneal = Anneal { reads: 2, sweeps: 50, ..Anneal::default() };
    let squares = Balance::Squares { weight: 1.0 };
    let lpt = problem.lpt().unwrap();
    let improved = problem.improve(lpt.devices.clone()).unwrap();
    prop_assert!(improved.cost.total <= lpt.cost.total + 1e-9);
    let sampled = problem.sample(&anneal, squares, false, &mut Run::new(3)).unwrap();
    let search = TwoDevices { passes: 2, ..TwoDevices::default() };
    let (paired, _) =
        search.solve(problem, lpt.devices.clone(), &anneal, &mut Run::new(5)).unwrap();
    prop_assert!(paired.cost.total <= improved.cost.total + 1e-9);
    let kicks = Kicks { rounds: 20, exchanges: 2 };
    let (kicked, _) = kicks.solve(problem, lpt.devices.clone(), &mut Run::new(5)).unwrap();
    prop_assert!(kicked.cost.total <= improved.cost.total + 1e-9);
    let again = kicks.solve(problem, lpt.devices.clone(), &mut Run::new(5)).unwrap();
    prop_assert_eq!(&again.0, &kicked);
    for answer in
        [lpt, improved, paired, kicked, problem.chain().unwrap(), problem.swaps().unwrap(), sampled]
    {
        prop_assert_eq!(&problem.cost(&answer.devices).unwrap(), &answer.cost);
        prop_assert!(answer.cost.total >= best.cost.total - 1e-9);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn three_devices(problem in problem(2, 6, 3, 20)) {
        check(&problem)?;
    }

    #[test]
    fn three_layers(problem in problem(3, 4, 2, 20)) {
        check(&problem)?;
    }

    #[test]
    fn one_layer(problem in problem(1, 8, 2, 20)) {
        check(&problem)?;
    }

    #[test]
    fn the_minimum_of_the_model_is_the_optimum(problem in problem(1, 4, 2, 5)) {
        let (model, x) = problem.model(Balance::Busiest);
        let compiled = model.compile(&Options::default()).unwrap();
        prop_assert!(compiled.qubo().variables() <= 22);
        let best = problem.exhaustive().unwrap().cost.total;
        let minimum = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(0));
        let answer = compiled.decode(minimum.unwrap().state(0)).unwrap();
        prop_assert!(answer.is_feasible());
        prop_assert!((answer.objective() - best).abs() < 1e-9);
        let placed = problem.repair(&x.mapv(|variable| answer[variable])).unwrap();
        prop_assert!((placed.cost.total - best).abs() < 1e-9);
    }

    /// With squares: of all placements, none has a lower objective than the model's minimum.
    #[test]
    fn the_minimum_of_the_squares_is_that_of_all_placements(problem in problem(2, 4, 2, 20)) {
        let (model, x) = problem.model(Balance::Squares { weight: 1.0 });
        let compiled = model.compile(&Options::default()).unwrap();
        prop_assert_eq!(compiled.qubo().variables(), 16);
        let minimum = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(0));
        let minimum = minimum.unwrap();
        let answer = compiled.decode(minimum.state(0)).unwrap();
        prop_assert!(answer.is_feasible());
        let placed = problem.repair(&x.mapv(|variable| answer[variable])).unwrap();
        let halves = [[0u32, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]];
        let mut least = f64::INFINITY;
        for (a, b) in halves.iter().flat_map(|a| halves.iter().map(move |b| (a, b))) {
            let mut state = vec![0i8; 16];
            for (l, row) in [a, b].into_iter().enumerate() {
                for (e, &d) in row.iter().enumerate() {
                    state[l * 8 + e * 2 + d as usize] = 1;
                }
            }
            least = least.min(compiled.qubo().energy(&state));
        }
        prop_assert!((minimum.energies[0] - least).abs() < 1e-9);
        prop_assert!(problem.cost(&placed.devices).is_ok());
    }
}

/// Two devices hold everything, so their model with light loads has the least traffic as its minimum.
#[test]
fn two_devices_find_what_swaps_do_not() {
    // Pairs of blocks that stay together: 0-3 and 4-7 in the first layer, odd and even in the second.
    let loads = Array2::from_elem((2, 8), 1.0);
    let joint =
        Array2::from_shape_fn((8, 8), |(e, f)| if (e < 4) == (f % 2 == 0) { 5.0 } else { 1.0 });
    let problem = Placement::new(loads, vec![joint], 2, 1.0).unwrap();
    let start = ndarray::array![[0u32, 1, 0, 1, 0, 1, 0, 1], [0, 0, 1, 1, 0, 0, 1, 1]];
    let best = problem.exhaustive().unwrap();
    let exact = Exhaustive { reads: 1 };
    let search = TwoDevices::default();
    let (placed, _) = search.solve(&problem, start, &exact, &mut Run::new(0)).unwrap();
    assert!((placed.cost.total - best.cost.total).abs() < 1e-9, "{placed:?} {best:?}");
    let broken = Array2::zeros((2, 8));
    assert!(search.solve(&problem, broken, &exact, &mut Run::new(0)).is_err());
}

/// Equal shares everywhere: the mean load and no traffic, also where loads are no whole numbers.
#[test]
fn the_linear_relaxation_is_the_mean_load() {
    for (devices, share) in [(2, 4), (4, 2)] {
        let load = |(l, e): (usize, usize)| 1.25 + ((l * 5 + e * 7) % 11) as f64 / 3.0;
        let loads = Array2::from_shape_fn((2, devices * share), load);
        let mean = loads.sum() / devices as f64;
        let joint = vec![Array2::from_elem((devices * share, devices * share), 2.0)];
        let problem = Placement::new(loads, joint, devices, 0.5).unwrap();
        let bound = problem.linear_relaxation().unwrap();
        assert!(bound <= mean && bound > mean - 1e-5, "{bound} for {mean}");
    }
    let large =
        Placement::new(Array2::from_elem((9, 64), 1.0), vec![Array2::zeros((64, 64)); 8], 8, 0.0);
    assert!(matches!(large.unwrap().linear_relaxation(), Err(Error::TooLarge { .. })));
}

#[test]
fn what_is_no_problem_or_no_placement_is_refused() {
    let loads = |layers: usize| Array2::from_elem((layers, 4), 1.0);
    let new = |layers, joint, devices| Placement::new(loads(layers), joint, devices, 1.0);
    assert!(matches!(new(1, vec![], 3), Err(Error::Devices { experts: 4, devices: 3 })));
    assert!(matches!(new(1, vec![], 0), Err(Error::Devices { .. })));
    assert!(matches!(new(2, vec![], 2), Err(Error::Length { want: 1, got: 0, .. })));
    let wrong = vec![Array2::zeros((4, 3))];
    assert!(matches!(new(2, wrong, 2), Err(Error::Length { want: 4, got: 3, .. })));
    let negative = vec![Array2::from_elem((4, 4), -1.0)];
    assert!(matches!(new(2, negative, 2), Err(Error::Number { index: 0, .. })));
    let problem = new(1, vec![], 2).unwrap();
    let row = |devices: [u32; 4]| Array2::from_shape_vec((1, 4), devices.to_vec()).unwrap();
    assert_eq!(problem.cost(&row([0, 1, 1, 0])).unwrap().busiest, 2.0);
    let share = problem.cost(&row([0, 1, 1, 1])).unwrap_err();
    assert_eq!(share, Error::Share { layer: 0, device: 0, got: 1, want: 2 });
    assert!(matches!(problem.cost(&row([0, 1, 2, 1])), Err(Error::Device { expert: 2, .. })));
    assert!(problem.cost(&Array2::zeros((2, 4))).is_err());
    assert!(problem.repair(&Array3::zeros((1, 4, 3))).is_err());
    let large = Placement::new(Array2::from_elem((1, 64), 1.0), vec![], 8, 0.0).unwrap();
    assert!(matches!(large.exhaustive(), Err(Error::TooLarge { .. })));
}

/// Ends without any state.
struct Empty;

impl Minimiser for Empty {
    fn minimise(&self, _: &Ising, _: &mut Run<'_>) -> Result<Samples, spinroute_ising::Error> {
        let (states, energies, vartype) = (Vec::new(), Vec::new(), Vartype::Spin);
        Ok(Samples { states, energies, vartype, steps: 0, stop: Stop::Finished })
    }
}

#[test]
fn a_minimiser_without_a_state_is_no_fault_of_the_problem() {
    let problem = Placement::new(Array2::ones((1, 4)), Vec::new(), 2, 1.0).unwrap();
    let squares = Balance::Squares { weight: 1.0 };
    let error = problem.sample(&Empty, squares, false, &mut Run::new(0)).unwrap_err();
    assert!(matches!(error, Error::Defect(_)), "{error}");
}
