//! Compilation: targets agree, parameters, what always or never holds, mistakes.

use spinroute_ising::{AnyCouplings, Couplings, Error as Ising};
use spinroute_modelling::Error;
use spinroute_modelling::{
    CouplingForm, Encoding, Inequality, Model, Note, Options, Penalty, dot, implies, k_hot,
    one_hot, sos1, sum,
};

use crate::random::{case, state};

/// An assignment of 5 tokens to 3 experts in the general language.
fn assignment() -> Model {
    let mut model = Model::new();
    let x = model.binary_array("x", (5, 3));
    model.minimise(dot((0..15).map(|i| f64::from(i % 4) - 1.5), &x));
    for (t, row) in x.rows().into_iter().enumerate() {
        model
            .constrain(format!("token {t}"), k_hot(row, 2).penalty(Penalty::Fixed(2.0 + t as f64)));
    }
    for (e, column) in x.columns().into_iter().enumerate() {
        model.constrain(format!("expert {e}"), sum(column).at_most(4).penalty(Penalty::Fixed(3.0)));
    }
    model
}

#[test]
fn targets_agree() {
    let mut models = vec![assignment()];
    models.extend((0..60).map(|seed| case(seed, 3).model));
    for (number, model) in models.iter().enumerate() {
        let options = Options::default().penalty(Penalty::Fixed(3.25));
        let compile = |form| model.compile(&options.clone().form(form));
        let Ok(sparse) = compile(CouplingForm::Sparse) else { continue };
        let dense = compile(CouplingForm::Dense).expect("as sparse");
        let structured = compile(CouplingForm::Structured).expect("as sparse");
        let bits = sparse.qubo().variables();
        for word in 0..1_usize << bits.min(10) {
            // Spread over all bits.
            let state = state(word.wrapping_mul(0x9E37_79B1), bits);
            let energy = sparse.qubo().energy(&state);
            for other in [&dense, &structured] {
                assert!((other.qubo().energy(&state) - energy).abs() < 1e-9, "model {number}");
                let spins: Vec<i8> = state.iter().map(|&b| 2 * b - 1).collect();
                assert!((other.to_ising().energy(&spins) - energy).abs() < 1e-9, "model {number}");
            }
            for i in 0..bits {
                let change = sparse.qubo().change(&state, i);
                assert!((structured.qubo().change(&state, i) - change).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn sparse_rows_are_symmetric_and_ascending() {
    for seed in 0..60 {
        let Ok(compiled) = case(seed, 2).model.compile(&Options::default()) else { continue };
        let AnyCouplings::Sparse(sparse) = compiled.qubo().couplings() else { panic!("sparse") };
        for i in 0..sparse.variables() {
            let (columns, values) = sparse.row(i);
            assert!(columns.is_sorted_by(|a, b| a < b) && !values.contains(&0.0));
            for (&j, value) in columns.iter().zip(values) {
                let (back, others) = sparse.row(j as usize);
                let place = back.binary_search(&(i as u32)).expect("both halves");
                assert!(j as usize != i && others[place] == *value);
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let model = assignment();
    let compile = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| model.compile(&Options::default()).expect("compiles").qubo().clone())
    };
    assert_eq!(compile(1), compile(3));
}

#[test]
fn structured_keeps_rows_and_columns() {
    let compiled = assignment().compile(&Options::default().form(CouplingForm::Structured));
    let compiled = compiled.expect("compiles");
    let AnyCouplings::Structured(structured) = compiled.qubo().couplings() else { panic!() };
    assert_eq!(structured.remainder().interactions(), 0);
    // 5 rows of 3, 3 columns of 5 and the 3 bits of a slack up to 4.
    assert_eq!(structured.interactions(), 5 * 3 + 3 * 28);
}

#[test]
fn no_slack_where_none_is_needed() {
    let mut model = Model::new();
    let x = model.binary_array("x", [4]);
    model.constrain("one", one_hot(&x));
    model.constrain("if", implies(x[0], x[1]));
    model.constrain("one of three", sos1(x.iter().take(3)));
    model.constrain("pair", (x[2] + x[3]).at_least(1));
    model.constrain("mixed", (x[0] - x[1] + x[2]).at_most(0));
    let compiled = model.compile(&Options::default()).expect("compiles");
    assert_eq!(compiled.qubo().variables(), 4);
    for word in 0..16 {
        let answer = compiled.decode(&state(word, 4)).expect("four bits");
        assert_eq!(answer.is_feasible(), answer.penalty() == 0.0, "{answer:?}");
    }
}

#[test]
fn constraints_that_always_or_never_hold_are_reported() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    let y = model.integer("y", 2..=5, Encoding::Unary);
    model.constrain("fine", sum(&x).at_most(2));
    model.constrain("loose", sum(&x).at_most(3));
    model.constrain("same", (x[0] - x[0]).equals(0));
    model.constrain("big", y.at_least(2));
    let compiled = model.compile(&Options::default()).expect("compiles");
    let always = |name: &str| Note::AlwaysTrue { constraint: name.into() };
    assert_eq!(compiled.notes(), [always("loose"), always("same"), always("big")]);
    assert_eq!([compiled.weight(0).is_some(), compiled.weight(1).is_some()], [true, false]);
    model.constrain("too many", sum(&x).equals(4));
    model.constrain("parity", (2 * x[0] + 4 * x[1] - 2 * y).equals(-3));
    model.constrain("product", (x[0] * x[1] + x[2]).at_least(3));
    let Err(Error::Unsatisfiable(error)) = model.compile(&Options::default()) else { panic!() };
    let names: Vec<&str> = error.constraints.iter().map(|c| c.0.as_str()).collect();
    assert_eq!(names, ["too many", "parity", "product"]);
    assert!(error.to_string().contains("\"parity\" (the left side moves in steps of 2"), "{error}");
}

#[test]
fn parameters() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    let (a, w) = (model.parameter("a"), model.parameter("w"));
    model.minimise(a * sum(&x) + a * a * x[0] * x[1] - 2.0 * x[2]);
    model.constrain("at least a", (sum(&x) - a).equals(0).penalty(Penalty::Parameter(w)));
    let error = model.compile(&Options::default().set(a, 1.0)).expect_err("w has no value");
    assert_eq!(error, Error::Unset { name: "w".into() });
    let error = model.compile(&Options::default().set_named("b", 1.0)).expect_err("no such");
    assert_eq!(error, Error::Undeclared { name: "b".into() });
    for (value, weight) in [(1.0, 4.0), (2.0, 0.5)] {
        let options = Options::default().set(a, value).set_named("w", weight);
        let compiled = model.compile(&options).expect("compiles");
        assert_eq!(compiled.weight(0), Some(weight));
        let energy = 3.0 * value + value * value - 2.0 + weight * (3.0 - value) * (3.0 - value);
        assert_eq!(compiled.qubo().energy(&[1, 1, 1]), energy);
        assert_eq!(compiled.decode(&[1, 1, 1]).expect("three").violated().count(), 1);
    }
}

#[test]
fn mistakes_are_errors() {
    let mut twice = Model::new();
    twice.binary("x");
    twice.parameter("x");
    assert_eq!(twice.compile(&Options::default()).err(), Some(Error::Name { name: "x".into() }));

    let mut range = Model::new();
    #[allow(clippy::reversed_empty_ranges, reason = "the mistake in question")]
    range.integer("y", 3..=2, Encoding::Binary);
    assert!(matches!(range.compile(&Options::default()), Err(Error::IntegerRange { .. })));

    let mut wide = Model::new();
    wide.integer("y", 0..=1 << 40, Encoding::OneHot);
    assert!(matches!(wide.compile(&Options::default()), Err(Error::IntegerRange { .. })));

    let mut foreign = Model::new();
    foreign.binary("x");
    foreign.minimise(wide.integer("z", 0..=1, Encoding::Binary));
    assert!(matches!(
        foreign.compile(&Options::default()),
        Err(Error::Ising(Ising::Variable { .. }))
    ));

    let mut nan = Model::new();
    let x = nan.binary("x");
    nan.minimise(f64::NAN * x);
    assert!(matches!(nan.compile(&Options::default()), Err(Error::Ising(Ising::NotFinite { .. }))));

    let mut spins = Model::new();
    let s = spins.spin_array("s", [2]);
    spins.constrain("sos", sos1(&s));
    assert!(matches!(spins.compile(&Options::default()), Err(Error::Negative { .. })));

    let mut huge = Model::new();
    let x = huge.binary_array("x", [2]);
    huge.minimise(f64::MAX * x[0] * x[1] + f64::MAX * x[0] * x[1]);
    assert!(matches!(
        huge.compile(&Options::default()),
        Err(Error::Ising(Ising::NotFinite { .. }))
    ));

    let mut slack = Model::new();
    let x = slack.binary_array("x", [2]);
    slack.constrain("wide", (x[0] * 1e12 + x[1]).at_most(5e11));
    let unary = Options::default().inequality(Inequality::Slack(Encoding::Unary));
    assert!(matches!(slack.compile(&unary), Err(Error::SlackRange { .. })));
    assert!(slack.compile(&Options::default()).is_ok());
}

#[test]
fn an_empty_model_compiles() {
    let compiled = Model::new().compile(&Options::default()).expect("nothing is wrong");
    assert_eq!((compiled.qubo().variables(), compiled.qubo().offset()), (0, 0.0));
    assert!(compiled.decode(&[]).expect("no bits").is_feasible());
}
