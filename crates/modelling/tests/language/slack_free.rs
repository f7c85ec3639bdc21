//! Inequalities without slack: the terms are those of the formulas, the multipliers known ones.

use spinroute_core::{Budget, Run, Stop};
use spinroute_ising::{Error, Ising, Minimiser, Samples, Vartype};
use spinroute_modelling::{
    AugmentedLagrangian, Choice, Inequality, Model, Multiplier, Options, Penalty, Subgradient,
    Variable, ascend, dot, sum,
};

use crate::random::state;

/// Every state, the lowest energies first.
struct BruteForce;

impl Minimiser for BruteForce {
    fn minimise(&self, model: &Ising, _run: &mut Run<'_>) -> Result<Samples, Error> {
        let spins = |word| state(word, model.variables()).iter().map(|b| 2 * b - 1).collect();
        let all = (0..1_usize << model.variables()).map(|word| {
            let state: Vec<i8> = spins(word);
            (model.energy(&state), state)
        });
        let best = all.reduce(|best, next| if next.0 < best.0 { next } else { best });
        let (energy, states) = best.expect("at least one state");
        let (energies, vartype, stop) = (vec![energy], Vartype::Spin, Stop::Finished);
        Ok(Samples { states, energies, vartype, steps: 1, stop })
    }
}

/// Knapsack: maximise `8 a + 5 b + 3 c + d` with weights 1 and room for two.
///
/// The Lagrangian bound is the least for every multiplier between 3 and 5, the values of what is
/// left out and of what is taken: there the relaxed answer is `{a, b}`.
fn knapsack() -> (Model, Vec<Variable>) {
    let mut model = Model::new();
    let x = model.binary_array("x", [4]);
    model.maximise(dot(&[8.0, 5.0, 3.0, 1.0], &x));
    model.constrain("room", sum(&x).at_most(2).inequality(Inequality::Multiplier));
    (model, x.to_vec())
}

#[test]
fn terms_are_the_formulas() {
    let (model, _) = knapsack();
    let objective = |state: &[i8]| {
        -dot(&[8.0, 5.0, 3.0, 1.0], state.iter().map(|&v| i32::from(v)))
            .value(&[], &[])
            .expect("a number")
    };
    let excess = |state: &[i8]| f64::from(state.iter().map(|&v| i32::from(v)).sum::<i32>()) - 2.0;
    let (a, q) = (1.5, 0.25);
    let options = Options::default().multipliers(vec![Multiplier { linear: a, square: q }]);
    let with_multiplier = model.compile(&options).expect("compiles");
    let mut other = model.clone();
    other.constrain("again", sum(0..0).at_most(0));
    let mut unbalanced = Model::new();
    let x = unbalanced.binary_array("x", [4]);
    unbalanced.maximise(dot(&[8.0, 5.0, 3.0, 1.0], &x));
    let mode = Inequality::Unbalanced { linear: 0.96, square: 0.04 };
    unbalanced.constrain("room", (2 - sum(&x)).at_least(0).inequality(mode));
    let unbalanced = unbalanced.compile(&Options::default()).expect("compiles");
    for word in 0..16 {
        let state = state(word, 4);
        let g = excess(&state);
        let want = objective(&state) + a * g + q * g * g;
        assert!((with_multiplier.qubo().energy(&state) - want).abs() < 1e-12);
        let margin = -g;
        let want = objective(&state) - 0.96 * margin + 0.04 * margin * margin;
        assert!((unbalanced.qubo().energy(&state) - want).abs() < 1e-12);
    }
    assert_eq!(with_multiplier.qubo().variables(), 4);
    let mut two = model;
    let y = two.binary_array("y", [2]);
    two.constrain("more", sum(&y).at_most(1).inequality(Inequality::Multiplier));
    for got in [1, 3] {
        let other = Options::default().multipliers(vec![Multiplier::default(); got]);
        let what = "multipliers, one a constraint";
        assert_eq!(two.compile(&other).err(), Some(Error::Length { what, want: 2, got }.into()));
    }
}

#[test]
fn the_subgradient_method_finds_the_known_multipliers() {
    for averaging in [false, true] {
        let (model, _) = knapsack();
        let mut multipliers =
            Subgradient::new(&model, 1.0).averaging(averaging).choice(Choice::Best);
        let options = Options::default();
        let ascent = ascend(&model, &options, &BruteForce, &mut multipliers, 60, &mut Run::new(1));
        let ascent = ascent.expect("compiles");
        let found = multipliers.values()[0];
        assert!((2.5..=5.5).contains(&found), "averaging {averaging}: {found}");
        let best = ascent.best.expect("a feasible round");
        assert_eq!((best.values(), best.objective()), (&[1.0, 1.0, 0.0, 0.0][..], 13.0));
        // Weak duality: with exact minima every round bounds the optimum, and the best is tight.
        assert!(ascent.energies.iter().all(|&energy| energy <= -13.0 + 1e-9));
        let bound = ascent.energies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!((bound + 13.0).abs() < 0.2, "{bound}");
    }
}

#[test]
fn the_augmented_lagrangian_settles_at_a_feasible_optimum() {
    let (mut model, x) = knapsack();
    // An equality, with a multiplier of either sign: d is to be taken.
    model.constrain("d", x[3].equals(1).inequality(Inequality::Multiplier));
    let mut multipliers = AugmentedLagrangian::new(&model, 0.5, 1.5);
    let options = Options::default().penalty(Penalty::Fixed(1.0));
    let ascent = ascend(&model, &options, &BruteForce, &mut multipliers, 40, &mut Run::new(1));
    let best = ascent.expect("compiles").best.expect("a feasible round");
    assert_eq!(best.values(), [1.0, 0.0, 0.0, 1.0]);
    assert!(multipliers.values()[0] > 3.0 && multipliers.values()[1] < 0.0, "{multipliers:?}");
    assert!(multipliers.rho() >= 0.5);
}

#[test]
fn ascent_obeys_its_budget() {
    let (model, _) = knapsack();
    let mut multipliers = Subgradient::new(&model, 1.0);
    let mut run = Run::new(1).budget(Budget { steps: Some(3), time: None });
    let ascent = ascend(&model, &Options::default(), &BruteForce, &mut multipliers, 60, &mut run);
    let ascent = ascent.expect("compiles");
    assert_eq!((ascent.energies.len(), ascent.stop), (3, Stop::StepLimit));
}
