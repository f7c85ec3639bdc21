//! Decoding: energies split into objective and penalty, violations by amount, invalid words.

use spinroute_ising::{Samples, Vartype};
use spinroute_modelling::{Encoding, Inequality, Model, Options, Penalty, sum};

use crate::random::{case, state};

#[test]
fn objective_and_violations_are_those_of_the_definition() {
    for seed in 0..120 {
        let case = case(seed, 3);
        let options = Options::default().penalty(Penalty::Fixed(2.5));
        let Ok(compiled) = case.model.compile(&options) else { continue };
        let bits = compiled.qubo().variables();
        for word in 0..1_usize << bits.min(9) {
            let state = state(word.wrapping_mul(0x9E37_79B1), bits);
            let answer = compiled.decode(&state).expect("a state");
            let cost = case.cost(answer.values());
            assert!((cost - answer.energy() + answer.penalty()).abs() < 1e-9);
            assert_eq!(cost.abs(), answer.objective().abs());
            if answer.invalid_encodings().is_empty() {
                assert_eq!(answer.is_feasible(), case.is_feasible(answer.values()), "seed {seed}");
            }
            if !answer.is_feasible() && compiled.decoding().auxiliary_bits() == 0 {
                assert!(answer.penalty() > 1e-6, "seed {seed}: a violation costs nothing");
            }
        }
    }
}

#[test]
fn values_names_and_amounts() {
    let mut model = Model::new();
    let x = model.binary_array("x", (2, 2));
    let s = model.spin("s");
    let y = model.integer("y", -1..=2, Encoding::OneHot);
    model.maximise(2.0 * y + s - x[[0, 0]]);
    model.constrain("sum", (sum(&x) + y).at_most(2).inequality(Inequality::Slack(Encoding::Unary)));
    model.constrain("row", sum(x.row(1)).equals(1));
    assert_eq!(model.name(x[[1, 0]]).as_deref(), Some("x[1,0]"));
    let compiled = model.compile(&Options::default()).expect("compiles");
    let decoding = compiled.decoding();
    assert_eq!((decoding.variable_bits(), decoding.slack_bits()), (9, 3));
    assert_eq!((decoding.bits(s), decoding.bits(y)), (Some(4..5), Some(5..9)));
    // As spins: x all 1, s = +1, y = 2, no slack.
    let answer = compiled.decode(&[1, 1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1]).expect("12 bits");
    assert_eq!((answer[x[[1, 1]]], answer[s], answer[y]), (1.0, 1.0, 2.0));
    assert_eq!(answer.objective(), 4.0);
    let violated: Vec<(&str, f64)> =
        answer.violated().map(|o| (o.constraint.as_str(), o.violation)).collect();
    assert_eq!(violated, [("sum", 4.0), ("row", 1.0)]);
    assert_eq!(answer.energy(), -answer.objective() + answer.penalty());
    // Two values at once: named, and no feasible answer whatever the rest.
    let answer = compiled.decode(&[0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1]).expect("12 bits");
    assert_eq!(answer.invalid_encodings(), ["y"]);
    assert!(!answer.is_feasible() && answer.violated().next().is_none());
    assert!(compiled.decode(&[0; 3]).is_err());
}

#[test]
fn the_best_of_samples_is_feasible_first() {
    let mut model = Model::new();
    let x = model.binary_array("x", [3]);
    model.maximise(sum(&x));
    model.constrain("two", sum(&x).equals(2).penalty(Penalty::Fixed(0.1)));
    let compiled = model.compile(&Options::default()).expect("compiles");
    let states: Vec<i8> = vec![1, 1, 1, 1, 0, 1, 0, 0, 0];
    let energies = states.chunks(3).map(|state| compiled.qubo().energy(state)).collect();
    let stop = spinroute_core::Stop::Finished;
    let samples = Samples { states, energies, vartype: Vartype::Binary, steps: 1, stop };
    let best = compiled.best(&samples).expect("states of the model").expect("samples");
    // Without enough penalty, the lowest energy is not feasible; the best answer is.
    assert_eq!(best.values(), [1.0, 0.0, 1.0]);
    assert_eq!(samples.best(), Some(0));
}
