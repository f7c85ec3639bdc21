//! What is not of a form's size, or no state of it, is an error; answers of the language as assignments.

use ndarray::array;
use spinroute_core::Error as Core;
use spinroute_core::{Assignment, Demand, Instance};
use spinroute_encodings::Error;
use spinroute_encodings::{CloseCalls, Full, assignment};
use spinroute_ising::Error as Ising;
use spinroute_modelling::{Encoding, Model, Options};

fn is_length<T: std::fmt::Debug>(result: Result<T, Error>, want: usize, got: usize) {
    match result {
        Err(Error::Ising(Ising::Length { want: w, got: g, .. })) => assert_eq!((w, g), (want, got)),
        other => panic!("{other:?}"),
    }
}

/// What a function that returns a number makes of what is none of its states.
fn panics<T>(call: impl FnOnce() -> T) {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    assert!(result.is_err(), "no panic");
}

#[test]
fn the_forms_of_an_assignment_refuse_what_is_no_state_of_theirs() {
    let scores = array![[0.9, 0.8], [0.7, 0.1]];
    let instance = Instance::new(scores, vec![1, 2], Demand::Exactly(1)).expect("two tokens");
    let full = Full::default().build(&instance).expect("four pairs");
    let pairs = full.pairs();
    is_length(pairs.choices(&[1, 0, 0]), 4, 3);
    for state in [[7, 0, 0, 0], [1, 0, 0, -5], [1, 0, -1, 0]] {
        assert!(
            matches!(pairs.choices(&state), Err(Error::Ising(Ising::State { .. }))),
            "{state:?}"
        );
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
    assert!(matches!(close.choices(&state), Err(Error::Ising(Ising::State { value: 3, .. }))));
    assert!(matches!(close.loads(&state), Err(Error::Ising(Ising::State { value: 3, .. }))));
    state[0] = 0;
    is_length(close.repaired(&state, Some(&[0.0; 3])), 2, 3);
}

#[test]
fn an_assignment_is_read_from_binaries() {
    let mut model = Model::new();
    let x = model.integer_array("x", (1, 2), 0..=3, Encoding::Binary);
    let compiled = model.compile(&Options::default()).expect("compiles");
    let instance = Instance::new(array![[0.9, 0.8]], vec![1, 1], Demand::Exactly(1)).expect("one");
    let two = compiled.decode(&[0, 1, 0, 0]).expect("four bits");
    assert!(matches!(
        assignment(&two, &instance, &x, None),
        Err(Error::Core(Core::Parameter { .. }))
    ));
    let one = compiled.decode(&[0, 0, 1, 0]).expect("four bits");
    assert_eq!(assignment(&one, &instance, &x, None).expect("expert 1").slots(), [1]);
}

#[test]
fn broken_assignments_are_repaired() {
    let scores = array![[0.9_f32, 0.2, 0.5], [0.8, 0.7, 0.1], [0.3, 0.6, 0.4]];
    let instance = Instance::new(scores, vec![1, 1, 1], Demand::Exactly(1)).expect("feasible");
    let mut model = Model::new();
    let x = model.binary_array("x", (3, 3));
    let compiled = model.compile(&Options::default()).expect("compiles");
    // Token 0 takes two experts, token 1 one of them, token 2 none.
    let answer = compiled.decode(&[1, 0, 1, 1, 0, 0, 0, 0, 0]).expect("nine bits");
    let made = assignment(&answer, &instance, &x, None).expect("one exists");
    assert!(instance.objective(&made).is_ok());
    // A feasible one is left alone.
    let answer = compiled.decode(&[0, 0, 1, 1, 0, 0, 0, 1, 0]).expect("nine bits");
    let made = assignment(&answer, &instance, &x, None).expect("it is one");
    let taken: Vec<u32> = (0..3).map(|t| made.experts(t)[0]).collect();
    assert_eq!(taken, [2, 0, 1]);
    let other = model.binary_array("y", (2, 3));
    assert!(assignment(&answer, &instance, &other, None).is_err());
    let foreign = model.binary_array("z", (3, 3));
    assert!(assignment(&answer, &instance, &foreign, None).is_err());
    assert!(assignment(&answer, &instance, &x, Some(&[1.0])).is_err());
}
