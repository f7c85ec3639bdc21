//! Derived penalties: every minimum is feasible and optimal, and the tight are not above the loose.

use spinroute_core::Run;
use spinroute_ising::{Error as Ising, Exhaustive, Minimiser};
use spinroute_modelling::{
    Compiled, Encoding, Error, Expr, Inequality, Model, Options, Penalty, Reduction, Substitution,
    dot, k_hot, sum,
};

use crate::random::{Case, case, state};

/// Most bits gone through exhaustively.
const MOST: usize = 15;

/// All states of the lowest energy, and that energy.
fn minima(compiled: &Compiled) -> (f64, Vec<Vec<i8>>) {
    let bits = compiled.qubo().variables();
    let (mut lowest, mut states) = (f64::INFINITY, Vec::new());
    for word in 0..1 << bits {
        let state = state(word, bits);
        let energy = compiled.qubo().energy(&state);
        if energy < lowest - 1e-7 {
            states.clear();
        }
        if energy < lowest + 1e-7 {
            lowest = lowest.min(energy);
            states.push(state);
        }
    }
    (lowest, states)
}

/// Whether every minimum of `compiled` is feasible and optimal.
fn check(case: &Case, compiled: &Compiled, optimum: f64, what: &str) {
    let (lowest, states) = minima(compiled);
    assert!((lowest - optimum).abs() < 1e-6, "{what}: lowest energy {lowest}, optimum {optimum}");
    for state in states {
        let answer = compiled.decode(&state).expect("a state of the model");
        assert!(answer.is_feasible(), "{what}: {:?}", answer.violated().collect::<Vec<_>>());
        assert!(case.is_feasible(answer.values()), "{what}");
        assert!((case.cost(answer.values()) - optimum).abs() < 1e-6, "{what}");
        assert!(answer.penalty().abs() < 1e-6, "{what}: penalty {}", answer.penalty());
    }
}

/// 200 models that have a feasible point and few enough bits, from `degree` and the seeds from
/// `first` on; how many constraints had a smaller tight weight.
fn run(models: usize, degree: usize, first: u64, options: &Options) -> (usize, usize) {
    let (mut done, mut smaller, mut all) = (0, 0, 0);
    for seed in first.. {
        if done == models {
            break;
        }
        let case = case(seed, degree);
        let loose = match case.model.compile(&options.clone().penalty(Penalty::Bound)) {
            Ok(loose) => loose,
            Err(Error::Unsatisfiable(_)) => {
                assert_eq!(case.optimum(), None, "seed {seed}");
                continue;
            }
            Err(error) => panic!("seed {seed}: {error}"),
        };
        let (Some(optimum), true) = (case.optimum(), loose.qubo().variables() <= MOST) else {
            continue;
        };
        done += 1;
        let tight = case.model.compile(&options.clone().penalty(Penalty::Tight)).expect("as loose");
        check(&case, &loose, optimum, &format!("bound, seed {seed}"));
        check(&case, &tight, optimum, &format!("tight, seed {seed}"));
        for constraint in 0..case.model.constraints() {
            if let (Some(a), Some(b)) = (tight.weight(constraint), loose.weight(constraint)) {
                assert!(a <= b && a > 0.0, "seed {seed}: tight {a}, loose {b}");
                (smaller, all) = (smaller + usize::from(a < 0.9 * b), all + 1);
            }
        }
    }
    (smaller, all)
}

#[test]
fn every_minimum_is_feasible_and_optimal() {
    let (smaller, all) = run(200, 2, 0, &Options::default());
    // Not only allowed to be smaller: they are.
    assert!(2 * smaller > all, "{smaller} of {all} tight weights are below 0.9 of the loose");
}

#[test]
fn also_with_linear_objectives() {
    run(60, 1, 10_000, &Options::default());
}

#[test]
fn also_with_higher_orders() {
    for method in [Substitution::Rosenberg, Substitution::NegativeTerm] {
        let reduction = Reduction { method, strength: None };
        run(25, 4, 20_000, &Options::default().reduction(reduction));
    }
}

/// What rounding leaves of terms that cancel is no constraint: neither one that holds for `x = 0`
/// alone nor one that never holds.
#[test]
fn terms_that_cancel_are_nothing() {
    let mut model = Model::new();
    let (x, y) = (model.binary("x"), model.binary("y"));
    model.maximise(x + y);
    let nothing: Expr = 0.1 * x + 0.2 * x - 0.3 * x;
    assert!(nothing.value(&[1.0, 0.0], &[]) > Some(0.0));
    model.constrain("linear", nothing.clone().at_most(0));
    model.constrain("equal", (nothing + y).equals(1));
    model.constrain("constant", (x + 0.1 + 0.2).at_most(x + 0.3));
    model.constrain("product", (x * y * 0.1 + x * y * 0.2 - x * y * 0.3).at_most(0));
    let compiled = model.compile(&Options::default()).expect("it can be satisfied");
    let samples = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(0));
    let best = compiled.best(&samples.expect("small")).expect("of its size").expect("a read");
    assert!(best.is_feasible() && best.objective() == 2.0, "{best:?}");
}

#[test]
fn a_strength_that_rewards_what_is_wrong_is_refused() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    model.minimise(x[0] * x[1] * x[2] - sum(&x));
    for strength in [-1.0, f64::NAN, f64::INFINITY] {
        let reduction = Reduction { method: Substitution::Rosenberg, strength: Some(strength) };
        let refused = model.compile(&Options::default().reduction(reduction));
        assert!(
            matches!(refused, Err(Error::Ising(Ising::Parameter { name: "strength", .. }))),
            "{strength}"
        );
    }
}

#[test]
fn also_with_every_slack_encoding() {
    for encoding in Encoding::ALL {
        run(15, 2, 30_000, &Options::default().inequality(Inequality::Slack(encoding)));
    }
}

#[test]
fn tight_weights_of_an_assignment_are_near_the_prices() {
    let (tokens, experts, k, capacity) = (24, 6, 2_u32, 9_u32);
    let score = |t: usize, e: usize| ((t * 7 + e * 13) % 11) as f64 / 10.0;
    let mut model = Model::new();
    let x = model.binary_array("x", (tokens, experts));
    let scores = (0..tokens * experts).map(|i| score(i / experts, i % experts));
    model.maximise(dot(scores, &x));
    for (t, row) in x.rows().into_iter().enumerate() {
        model.constrain(format!("token {t}"), k_hot(row, k));
    }
    for (e, column) in x.columns().into_iter().enumerate() {
        model.constrain(format!("expert {e}"), sum(column).at_most(capacity));
    }
    let compile = |penalty| model.compile(&Options::default().penalty(penalty)).expect("compiles");
    let (loose, tight) = (compile(Penalty::Bound), compile(Penalty::Tight));
    let largest = |compiled: &Compiled| {
        (0..tokens + experts).filter_map(|c| compiled.weight(c)).fold(0.0, f64::max)
    };
    assert!(largest(&loose) > 70.0, "{}", largest(&loose));
    assert!(largest(&tight) < 2.0, "{}", largest(&tight));
}

#[test]
fn no_derived_penalty_without_a_step() {
    let mut model = Model::new();
    let x = model.binary_array("x", [2]);
    model.minimise(sum(&x));
    let left = std::f64::consts::PI * x[0] - std::f64::consts::E * x[1];
    model.constrain("odd", left.clone().equals(std::f64::consts::PI));
    let error = model.compile(&Options::default()).expect_err("no step");
    assert!(matches!(error, Error::NoStep { constraint, .. } if constraint == "odd"));
    // A fixed penalty needs none; a slack does.
    assert!(model.compile(&Options::default().penalty(Penalty::Fixed(2.0))).is_ok());
    model.constrain("odd too", left.at_most(1.0).penalty(Penalty::Fixed(2.0)));
    let error = model.compile(&Options::default().penalty(Penalty::Fixed(2.0)));
    assert!(matches!(error, Err(Error::NoStep { constraint, .. }) if constraint == "odd too"));
}

#[test]
fn the_smallest_violation_counts() {
    // 0.1 (x0 + 2 x1) = 0.2 is violated by 0.1 at least: the weight must be 100 times the range.
    let mut model = Model::new();
    let x = model.binary_array("x", [2]);
    model.minimise(x[1] * 5.0);
    model.constrain("tenths", (x[0] * 0.1 + x[1] * 0.2).equals(0.2));
    let compiled = model.compile(&Options::default()).expect("compiles");
    let weight = compiled.weight(0).expect("a penalty");
    assert!(weight > 500.0 && weight < 501.0, "{weight}");
    let (_, states) = minima(&compiled);
    assert_eq!(states, [vec![0, 1]]);
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let options = Options::default().penalty(Penalty::Fixed(weight));
        assert!(matches!(model.compile(&options), Err(Error::Weight { .. })));
    }
}

#[test]
fn a_known_point_makes_tight_weights_smaller() {
    // Two of the five, of weights up to 10: the best are 9 and 7, the price of room is between 5 and 7.
    let mut model = Model::new();
    let x = model.binary_array("x", [5]);
    let y = model.integer("y", -1..=3, Encoding::DomainWall);
    model.maximise(dot(&[3.0, 9.0, 5.0, 7.0, 2.0], &x) + 4.0 * y);
    model.constrain("room", sum(&x).at_most(2));
    model.constrain("y", (y - 2.0 * x[0]).at_most(2));
    let tight = Options::default().penalty(Penalty::Tight);
    let known = tight.clone().feasible(vec![0.0, 1.0, 0.0, 1.0, 0.0, 2.0]);
    for options in [&tight, &known] {
        let compiled = model.compile(options).expect("compiles");
        let (lowest, states) = minima(&compiled);
        assert!((lowest + 24.0).abs() < 1e-9);
        let answer = compiled.decode(&states[0]).expect("a state");
        assert!(answer.is_feasible() && answer.objective() == 24.0);
    }
    // A point that is not feasible, or not of the variables' values, proves nothing and is not used.
    for values in [vec![1.0; 6], vec![0.5; 6]] {
        let compiled = model.compile(&tight.clone().feasible(values)).expect("compiles");
        assert!(minima(&compiled).0 > -24.1);
    }
    let short = model.compile(&tight.feasible(vec![0.0]));
    assert!(matches!(short, Err(Error::Ising(Ising::Length { .. }))));
}
