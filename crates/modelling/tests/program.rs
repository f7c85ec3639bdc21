//! Models with their constraints as LP and MPS.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

use std::path::Path;

use proptest::prelude::*;
use spinroute_ising::formats::{Format, read};
use spinroute_modelling::{Encoding, Model, Options, k_hot, model_names, sos1, sum, write_model};

fn text(format: Format, model: &Model, options: &Options) -> String {
    let mut bytes = Vec::new();
    write_model(format, model, options, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Every kind of variable and of constraint.
fn model() -> (Model, Options) {
    let mut model = Model::new();
    let x = model.binary_array("x", 3);
    let late = model.integer("late", -1..=4, Encoding::Binary);
    let s = model.spin("s");
    let price = model.parameter("price");
    model.maximise(2.0 * x[0] - x[0] * x[1] + price * late + late * late + 3.0 * s * x[2] + 5.0);
    model.constrain("two of x", k_hot(&x, 2));
    model.constrain("load", (sum(&x) + 2.0 * late).at_most(7.5));
    model.constrain("product", (x[0] * x[2] + s).at_least(0.0));
    model.constrain("one", sos1([&x[1], &x[2]]));
    (model, Options::default().set(price, -0.5))
}

const LP: &str = "\\ s is a spin: -1 where it is 0 here, +1 where it is 1
Maximize
 obj: + 2 x_0 - 3 x_2 - 0.5 late
  + [ - 2 x_0 * x_1 + 12 x_2 * s + 2 late ^ 2 ] / 2
  + 5 Constant
Subject To
 two_of_x: + 1 x_0 + 1 x_1 + 1 x_2 = 2
 load: + 1 x_0 + 1 x_1 + 1 x_2 + 2 late <= 7.5
 product: + 2 s
  + [ + 1 x_0 * x_2 ] >= 1
 one: + 1 x_1 + 1 x_2 <= 1
Bounds
 Constant = 1
 -1 <= late <= 4
Binary
 x_0
 x_1
 x_2
 s
General
 late
End
";

const MPS: &str = "* s is a spin: -1 where it is 0 here, +1 where it is 1
NAME spinroute
OBJSENSE
 MAX
ROWS
 N obj
 E two_of_x
 L load
 G product
 L one
COLUMNS
 x_0 obj 2
 x_0 two_of_x 1
 x_0 load 1
 x_1 two_of_x 1
 x_1 load 1
 x_1 one 1
 x_2 obj -3
 x_2 two_of_x 1
 x_2 load 1
 x_2 one 1
 MARKER 'MARKER' 'INTORG'
 late obj -0.5
 late load 2
 MARKER 'MARKER' 'INTEND'
 s product 2
RHS
 RHS obj -5
 RHS two_of_x 2
 RHS load 7.5
 RHS product 1
 RHS one 1
BOUNDS
 BV BOUND x_0
 BV BOUND x_1
 BV BOUND x_2
 LO BOUND late -1
 UP BOUND late 4
 BV BOUND s
QUADOBJ
 x_0 x_1 -1
 x_2 s 6
 late late 2
QCMATRIX product
 x_0 x_2 0.5
 x_2 x_0 0.5
ENDATA
";

#[test]
fn constraints_stay_constraints() {
    let (model, options) = model();
    assert_eq!(text(Format::Lp, &model, &options), LP);
    assert_eq!(text(Format::Mps, &model, &options), MPS);
}

#[test]
fn what_cannot_be_written_is_said() {
    let error = |format: Format, model: &Model| {
        write_model(format, model, &Options::default(), Vec::new()).unwrap_err().to_string()
    };
    let mut cubic = Model::new();
    let x = cubic.binary_array("x", 3);
    cubic.minimise(x[0] * x[1] * x[2]);
    assert!(error(Format::Lp, &cubic).contains("degree 3"));
    assert!(error(Format::Rudy, &cubic).contains("lp or mps"));
    let mut wide = Model::new();
    let late = wide.integer("late", 0..=4, Encoding::Binary);
    wide.constrain("one", sos1([&late]));
    assert!(error(Format::Mps, &wide).contains("SOS1"));
    let (unset, _) = model();
    assert!(error(Format::Lp, &unset).contains("price"));
}

#[test]
fn names_that_clash_become_numbers() {
    let mut model = Model::new();
    let (a, b) = (model.binary("a b"), model.binary("a_b"));
    model.minimise(a + 2.0 * b);
    assert!(text(Format::Lp, &model, &Options::default()).contains("+ 1 v0 + 2 v1"));
}

proptest! {
    #[test]
    fn without_constraints_a_file_has_the_energies_of_the_compiled_model(
        terms in proptest::collection::vec((0usize..5, 0usize..5, -8i32..9), 0..20),
        constant in -4i32..5,
    ) {
        let mut model = Model::new();
        let x = model.binary_array("x", 3);
        let s = model.spin_array("s", 2);
        let all = [x[0], x[1], x[2], s[0], s[1]];
        let products = terms.iter().map(|&(i, j, c)| f64::from(c) * all[i] * all[j]);
        model.minimise(sum(products) + f64::from(constant) + sum(all) - sum(all) * 2.0);
        let compiled = model.compile(&Options::default()).unwrap();
        for format in [Format::Lp, Format::Mps] {
            let file = text(format, &model, &Options::default());
            let problem = read(format, Path::new("model"), file.as_bytes(), &mut |_| {}).unwrap();
            let names = problem.names.unwrap();
            let place = |name: &str| names.iter().position(|other| other == name).unwrap();
            let places = ["x_0", "x_1", "x_2", "s_0", "s_1"].map(place);
            let qubo = problem.content.to_qubo().unwrap();
            for code in 0..32 {
                let bits: Vec<i8> = (0..5).map(|i| (code >> i & 1) as i8).collect();
                let mut state = vec![0; 5];
                for (i, &place) in places.iter().enumerate() {
                    state[place] = bits[i];
                }
                prop_assert_eq!(qubo.energy(&state), compiled.qubo().energy(&bits), "{}", file);
            }
        }
    }
}

#[test]
fn names_of_a_model_are_said_where_they_change() {
    let mut model = Model::new();
    let (a, b, v) = (model.binary("v1"), model.binary("a b"), model.binary("a_b"));
    model.minimise(a + 2.0 * b + 4.0 * v + 1.0);
    let names = model_names(&model);
    let want = [("v_0", "v1"), ("v_1", "a b"), ("v_2", "a_b")];
    assert!(names.iter().zip(want).all(|(got, want)| (&*got.0, &*got.1) == want), "{names:?}");
    for format in [Format::Lp, Format::Mps] {
        let mut bytes = Vec::new();
        write_model(format, &model, &Options::default(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(" v_1 is \"a b\"\n"), "{text}");
        let problem = read(format, Path::new("test"), text.as_bytes(), &mut |_| {}).unwrap();
        let model = problem.content.to_qubo().unwrap();
        assert_eq!((model.energy(&[0, 1, 0]), model.energy(&[1, 0, 1])), (3.0, 6.0), "{text}");
    }
    for name in ["semi", "free", "Constant", "end", "e1"] {
        let mut model = Model::new();
        let x = model.binary(name);
        model.minimise(1.0 * x);
        assert_eq!(model_names(&model), [("v0".to_owned(), name.to_owned())]);
    }
}
