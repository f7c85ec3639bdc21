//! The linear relaxation bounds every feasible point, and is what it is by hand where that is known.

use spinroute_ising::Error as Ising;
use spinroute_modelling::{
    Encoding, Error, Model, Options, at_most_k, dot, k_hot, one_hot, sos1, sum,
};

use crate::random::case;

fn bound(model: &Model) -> f64 {
    model.linear_relaxation(&Options::default()).expect("a bounded program").bound()
}

fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-6, "{got} for {want}");
}

/// Random models of binaries, spins and integers, of degree 1 to 4: never above the optimum (below it,
/// where maximised), and infeasible only where no point is feasible.
#[test]
fn no_feasible_point_is_past_the_bound() {
    let (mut tight, mut bounded) = (0, 0);
    for seed in 0..600 {
        let case = case(seed, 1 + seed as usize % 4);
        let optimum = case.optimum();
        match case.model.linear_relaxation(&Options::default()) {
            Ok(relaxation) => {
                let Some(optimum) = optimum else { continue };
                let sign = if case.maximise() { -1.0 } else { 1.0 };
                let lower = sign * relaxation.bound();
                assert!(lower <= optimum, "seed {seed}: {lower} is above {optimum}");
                bounded += 1;
                tight += usize::from(lower > optimum - 1e-6);
                for &(variable, kind) in &case.variables {
                    let (low, high) = kind.range();
                    let value = relaxation[variable];
                    assert!(value > low - 1e-7 && value < high + 1e-7, "seed {seed}: {value}");
                }
            }
            Err(Error::Infeasible) => assert_eq!(optimum, None, "seed {seed}"),
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    assert!(bounded > 300 && tight > bounded / 5, "{tight} of {bounded}");
}

/// Rows and columns are a transportation problem: its relaxation is whole.
#[test]
fn an_assignment_is_whole() {
    let scores = [[0.9, 0.2], [0.8, 0.7], [0.6, 0.1]];
    let mut model = Model::new();
    let x = model.binary_array("x", (3, 2));
    model.maximise(dot(scores.as_flattened(), &x) + 10);
    for (t, row) in x.rows().into_iter().enumerate() {
        model.constrain(format!("token {t}"), k_hot(row, 1));
    }
    model.constrain("room", at_most_k(x.column(0), 1));
    let relaxation = model.linear_relaxation(&Options::default()).expect("feasible");
    assert!(relaxation.bound() >= 11.7);
    near(relaxation.bound(), 10.0 + 0.9 + 0.7 + 0.1);
    near(relaxation[x[[0, 0]]], 1.0);
    assert_eq!(relaxation.values().len(), 6);
    assert_eq!(relaxation.get(spinroute_modelling::Variable::new(6)), None);
}

#[test]
fn products_are_held_by_their_planes() {
    // Three binaries, each pair apart from the others: 1/2 each, and every product 0.
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    let pairs = x[0] * x[1] + x[1] * x[2] + x[0] * x[2];
    model.maximise(sum(&x) - &pairs);
    near(bound(&model), 1.5);
    model.minimise(-pairs);
    near(bound(&model), -3.0);
    // Of three binaries: at least their sum less 2.
    model.minimise(x[0] * x[1] * x[2]);
    model.constrain("all", sum(&x).at_least(2.5));
    near(bound(&model), 0.5);
    // The square of a binary is itself, that of a spin is 1; an integer's is between chords and tangents.
    let mut model = Model::new();
    let (x, s) = (model.binary("x"), model.spin("s"));
    let y = model.integer("y", -1..=3, Encoding::Binary);
    model.minimise(x.squared() - 2 * x + s.squared() * 4 + s.power(3));
    near(bound(&model), 1.0 - 2.0 + 4.0 - 1.0);
    model.maximise(y.squared());
    model.constrain("small", y.at_most(1));
    near(bound(&model), 5.0); // (−1 + 3) y + 3
    // An integer and a spin: both ends.
    let mut model = Model::new();
    let (s, y) = (model.spin("s"), model.integer("y", 2..=5, Encoding::Unary));
    model.minimise(s * y);
    near(bound(&model), -5.0);
    model.maximise(s * y);
    model.constrain("even", s.equals(0));
    near(bound(&model), 1.5); // between 2 and 5 with s = 0: (5 − 2) / 2
}

#[test]
fn at_most_one_is_a_share_of_the_ranges() {
    let mut model = Model::new();
    let x = model.integer_array("x", [2], 0..=4, Encoding::Binary);
    let z = model.binary("z");
    model.maximise(x[0] + x[1] * 0.5 + 5 * z);
    model.constrain("one", sos1(&[x[0], x[1], z]));
    near(bound(&model), 5.0);
    model.constrain("half", z.at_most(0.5));
    near(bound(&model), 4.5);
}

#[test]
fn parameters_and_squares_of_sums_count() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    let weight = model.parameter("weight");
    model.minimise(weight * (sum(&x) - 1).squared() + sum(&x));
    model.constrain("three", sum(&x).equals(3));
    let missing = model.linear_relaxation(&Options::default()).expect_err("no weight");
    assert_eq!(missing, Error::Unset { name: "weight".into() });
    let options = Options::default().set(weight, 2.5);
    near(model.linear_relaxation(&options).expect("feasible").bound(), 2.5 * 4.0 + 3.0);
}

#[test]
fn what_has_no_relaxation_is_refused() {
    let solve = |model: &Model| model.linear_relaxation(&Options::default());
    let mut model = Model::new();
    let x = model.binary_array("x", [4]);
    assert_eq!(bound(&model), -4e-9); // widths of four binaries, no objective
    model.constrain("two", sum(&x).equals(2));
    model.constrain("one", one_hot(&x));
    assert_eq!(solve(&model), Err(Error::Infeasible));
    let mut model = Model::new();
    let x = model.binary("x");
    model.constrain("nothing", (x * 0.1 + x * 0.2 - x * 0.3).at_most(0));
    assert!(solve(&model).is_ok());
    model.constrain("never", (x - x).at_least(1));
    assert_eq!(solve(&model), Err(Error::Infeasible));
    let mut model = Model::new();
    let s = model.spin_array("s", [2]);
    model.constrain("spins", sos1(&s));
    assert!(matches!(solve(&model), Err(Error::Negative { .. })));
    let mut model = Model::new();
    let x = model.binary_array("x", [400]);
    model.minimise(sum(&x).squared());
    let error = solve(&model).expect_err("79,800 products");
    assert!(matches!(error, Error::Ising(Ising::TooLarge { most: 65536, .. })), "{error}");
    assert!(error.to_string().contains("the linear relaxation takes at most 65536"), "{error}");
    let mut model = Model::new();
    model.binary_array("x", [70_000]);
    assert!(matches!(solve(&model), Err(Error::Ising(Ising::TooLarge { .. }))));
    assert!(Model::new().linear_relaxation(&Options::default()).is_ok());
}
