//! What is not of the model's size, or no state, is an error and never cut to fit.

use ndarray::array;
use spinroute_core::{Assignment, Demand, Instance, Run, Stop};
use spinroute_qubo::assignment::{CloseCalls, Full};
use spinroute_qubo::formats::{Format, write_model};
use spinroute_qubo::{
    Anneal, Error, Expr, Graph, Ising, Model, Options, Qubo, Samples, Sparse, Subgradient, Vartype,
    ascend, dot, sum,
};

fn is_length<T: std::fmt::Debug>(result: Result<T, Error>, want: usize, got: usize) {
    match result {
        Err(Error::Length { want: w, got: g, .. }) => assert_eq!((w, g), (want, got)),
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
            let Err(Error::State { index, value, .. }) = error else { panic!("{error:?}") };
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
fn energies_are_of_states_only() {
    let couplings = || Sparse::from_triplets(3, [(0, 1, 1.0), (1, 2, -1.0)]).expect("three");
    let ising = Ising::new(vec![1.0; 3], couplings(), 0.0).expect("three");
    let qubo = Qubo::new(vec![1.0; 3], couplings(), 0.0).expect("three");
    assert_eq!((ising.energy(&[1, -1, 1]), qubo.energy(&[1, 0, 1])), (1.0, 2.0));
    for state in [&[1, 0, 1][..], &[7, 1, 1], &[1, 1], &[1, 1, 1, 1]] {
        panics(|| ising.energy(state));
    }
    for state in [&[1, -1, 1][..], &[7, 1, 1], &[1, 1], &[1, 1, 1, 1]] {
        panics(|| qubo.energy(state));
    }
    panics(|| ising.energies(&[1, 1, 1, 1]));
    panics(|| ising.energies(&[0; 24]));
    panics(|| ising.change(&[0, 1, 1], 0));
    panics(|| qubo.change(&[-1, 1, 1], 0));
    let lifted = spinroute_qubo::presolve::presolve(&ising).expect("finite");
    panics(|| lifted.lift(&vec![0; lifted.kernel().variables() + 1]));
    let edge = spinroute_qubo::Edge { from: 0, to: 1, weight: 1.0 };
    let graph = Graph::new(2, vec![edge]).expect("two nodes");
    assert_eq!((graph.cut(&[1, -1]), graph.cut(&[0, 1])), (Some(1.0), Some(1.0)));
    for state in [&[1][..], &[1, -1, 1], &[7, -5], &[0, -1], &[2, 2]] {
        assert_eq!(graph.cut(state), None, "{state:?}");
    }
}

#[test]
fn slices_of_couplings_have_one_entry_a_variable() {
    use spinroute_qubo::{Block, Couplings, Dense, Structured};
    fn refuse(couplings: &impl Couplings) {
        for length in [1, 3] {
            panics(|| couplings.energy(&vec![1.0; length]));
            panics(|| couplings.energies(&vec![[1.0; 8]; length]));
            panics(|| couplings.fields(&vec![1; length]));
            panics(|| couplings.product(&vec![1.0; length], &mut [0.0; 2]));
            panics(|| couplings.product(&[1.0; 2], &mut vec![0.0; length]));
        }
    }
    let sparse = Sparse::from_triplets(2, [(0, 1, 1.0)]).expect("a pair");
    let block = Block { weight: 0.5, members: vec![(0, 1.0), (1, 1.0)] };
    let structured = Structured::new(2, &[], &[block], None).expect("a block");
    refuse(&Dense::new(array![[0.0, 1.0], [1.0, 0.0]]).expect("symmetric"));
    refuse(&sparse);
    refuse(&structured);
}

#[test]
fn the_forms_of_an_assignment_refuse_what_is_no_state_of_theirs() {
    let scores = array![[0.9, 0.8], [0.7, 0.1]];
    let instance = Instance::new(scores, vec![1, 2], Demand::Exactly(1)).expect("two tokens");
    let full = Full::default().build(&instance).expect("four pairs");
    let pairs = full.pairs();
    is_length(pairs.choices(&[1, 0, 0]), 4, 3);
    for state in [[7, 0, 0, 0], [1, 0, 0, -5], [1, 0, -1, 0]] {
        assert!(matches!(pairs.choices(&state), Err(Error::State { .. })), "{state:?}");
    }
    assert!(pairs.choices(&[1, 0, 0, 1, 0, 1]).is_ok());
    is_length(pairs.repaired(&[1, 0, 0, 1], Some(&[0.0])), 2, 1);
    is_length(pairs.state(&Assignment::empty(3, 1)), 2, 3);
    panics(|| full.prices(&[]));

    let close = CloseCalls::default().build(&instance, None).expect("a form");
    let calls = close.calls().len();
    assert!(calls > 0);
    is_length(close.choices(&vec![0; calls - 1]), calls, calls - 1);
    let mut state = vec![0; calls];
    state[0] = 3;
    assert!(matches!(close.choices(&state), Err(Error::State { value: 3, .. })));
    assert!(matches!(close.loads(&state), Err(Error::State { value: 3, .. })));
    state[0] = 0;
    is_length(close.repaired(&state, Some(&[0.0; 3])), 2, 3);
}

#[test]
fn an_assignment_is_read_from_binaries() {
    let mut model = Model::new();
    let x = model.integer_array("x", (1, 2), 0..=3, spinroute_qubo::Encoding::Binary);
    let compiled = model.compile(&Options::default()).expect("compiles");
    let instance = Instance::new(array![[0.9, 0.8]], vec![1, 1], Demand::Exactly(1)).expect("one");
    let two = compiled.decode(&[0, 1, 0, 0]).expect("four bits");
    assert!(matches!(two.assignment(&instance, &x, None), Err(Error::Parameter { .. })));
    let one = compiled.decode(&[0, 0, 1, 0]).expect("four bits");
    assert_eq!(one.assignment(&instance, &x, None).expect("expert 1").slots(), [1]);
}

#[test]
fn multipliers_are_one_a_constraint() {
    use spinroute_qubo::{AugmentedLagrangian, Inequality, Multipliers};
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
