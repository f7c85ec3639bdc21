//! What is not of the model's size, or no state, is an error and never cut to fit.

use spinroute_core::{Run, Stop};
use spinroute_ising::formats::Format;
use spinroute_ising::{Anneal, Error as Ising, Samples, Vartype};
use spinroute_modelling::Error;
use spinroute_modelling::{Expr, Model, Options, Subgradient, ascend, dot, sum, write_model};

fn is_length<T: std::fmt::Debug>(result: Result<T, Error>, want: usize, got: usize) {
    match result {
        Err(Error::Ising(Ising::Length { want: w, got: g, .. })) => assert_eq!((w, g), (want, got)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dot_of_unequal_lengths_is_an_error_wherever_it_goes() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    let p = model.parameter("p");
    let short = || dot(&[1.0, 2.0], &x);
    let ways: [Expr; 12] = [
        short(),
        short() + 1.0,
        2.0 * x[0] - short(),
        0.0 * short(),
        -short(),
        x[1] * short(),
        p * short(),
        short() * short(),
        short().squared(),
        short().power(0),
        sum([sum(&x), short()]),
        (p * x[0] + short()).squared() * x[2],
    ];
    for (number, expression) in ways.into_iter().enumerate() {
        assert_eq!(expression.value(&[1.0; 3], &[1.0]), None, "{number}");
        let options = Options::default().set_named("p", 1.0);
        let mut objective = model.clone();
        objective.minimise(expression.clone());
        is_length(objective.compile(&options), 3, 2);
        let mut constraint = model.clone();
        constraint.constrain("c", sum(&x).at_most(expression));
        is_length(constraint.compile(&options), 3, 2);
        let file = write_model(Format::Lp, &objective, &options, Vec::new());
        assert!(file.is_err());
    }
    // Too many coefficients, none, and more than can be counted.
    let compiled = |expression: Expr| {
        let mut model = model.clone();
        model.minimise(expression);
        model.compile(&Options::default().set_named("p", 1.0))
    };
    is_length(compiled(dot(&[1.0; 5], &x)), 3, 5);
    is_length(compiled(dot(&[0.0; 0], &x)), 3, 0);
    is_length(compiled(dot(std::iter::repeat(1.0), &x)), 3, usize::MAX);
    is_length(compiled(dot([1.0, 2.0], x.iter().filter(|v| v.index() > 1))), 1, 2);
    assert!(compiled(dot([1.0; 3], &x)).is_ok() && compiled(dot([0.0; 0], [x[0]; 0])).is_ok());
}

#[test]
fn a_state_is_of_binaries_or_of_spins() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    model.minimise(sum(&x));
    let compiled = model.compile(&Options::default()).expect("compiles");
    for state in [[1, 0, 1], [1, -1, 1], [1, 1, 1], [0, 0, 0], [-1, -1, -1]] {
        assert!(compiled.decode(&state).is_ok(), "{state:?}");
    }
    for (state, at) in [
        ([7, 0, -5], (0, 7)),
        ([1, 0, -5], (2, -5)),
        ([2, 1, 1], (0, 2)),
        ([0, 1, i8::MIN], (2, i8::MIN)),
        ([1, 0, -1], (2, -1)),
        ([-1, 0, 1], (1, 0)),
    ] {
        let errors = [
            compiled.decode(&state).map(|_| ()),
            compiled.decoding().values(&state).map(|_| ()),
            compiled.decode_samples(&samples(&[state])).map(|_| ()),
            compiled.best(&samples(&[[1, 0, 0], state])).map(|_| ()),
        ];
        for error in errors {
            let Err(Error::Ising(Ising::State { index, value, .. })) = error else {
                panic!("{error:?}")
            };
            assert_eq!((index, value), at, "{state:?}");
        }
    }
    for state in [&[][..], &[1, 0], &[1, 0, 1, 0]] {
        is_length(compiled.decode(state), 3, state.len());
        is_length(compiled.decoding().values(state), 3, state.len());
    }
}

fn samples(states: &[[i8; 3]]) -> Samples {
    Samples {
        states: states.concat(),
        energies: vec![0.0; states.len()],
        vartype: Vartype::Binary,
        steps: 0,
        stop: Stop::Finished,
    }
}

#[test]
fn samples_hold_one_state_a_read() {
    let mut model = Model::new();
    model.binary_array("x", [3]);
    let compiled = model.compile(&Options::default()).expect("compiles");
    let whole = samples(&[[1, 0, 0], [0, 1, 1]]);
    assert_eq!(compiled.decode_samples(&whole).expect("two states").len(), 2);
    for length in [0, 2, 4, 5, 7, 8] {
        let mut cut = whole.clone();
        cut.states.resize(length, 0);
        is_length(compiled.decode_samples(&cut), 6, length);
        is_length(compiled.best(&cut), 6, length);
    }
    let mut torn = whole;
    torn.states.push(0);
    panics(|| torn.state(0).len());
}

/// What a function that returns a number makes of what is none of its states.
fn panics<T>(call: impl FnOnce() -> T) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    assert!(result.is_err(), "no panic");
}

#[test]
fn multipliers_are_one_a_constraint() {
    use spinroute_modelling::{AugmentedLagrangian, Inequality, Multipliers};
    let mut model = Model::new();
    let x = model.binary_array("x", [2]);
    model.minimise(-sum(&x));
    model.constrain("one", sum(&x).at_most(1).inequality(Inequality::Multiplier));
    // Those of a model without constraints would leave the constraint out.
    let mut none = Subgradient::new(&Model::new(), 1.0);
    let options = Options::default();
    let ascent = ascend(&model, &options, &Anneal::default(), &mut none, 1, &mut Run::new(0));
    is_length(ascent, 1, 0);
    panics(|| Subgradient::new(&model, 1.0).update(&[vec![]]));
    panics(|| AugmentedLagrangian::new(&model, 1.0, 2.0).update(&[vec![0.0], vec![0.0, 1.0]]));
}
