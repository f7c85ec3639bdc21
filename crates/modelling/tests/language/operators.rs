//! Every operator between every two kinds of operands, against the values of the operands.

use spinroute_modelling::{Expr, Model, Options, Parameter, Variable};

/// Values of the variables and of the parameter.
const VALUES: [f64; 2] = [3.0, -1.0];
const PARAMETERS: [f64; 1] = [5.0];

fn operands() -> (Variable, Variable, Parameter, Expr) {
    let mut model = Model::new();
    let (x, y, p) = (model.binary("x"), model.binary("y"), model.parameter("p"));
    let expr: Expr = 2.0 * x - y * p + 1.0;
    (x, y, p, expr)
}

fn value(expression: &Expr) -> f64 {
    expression.value(&VALUES, &PARAMETERS).expect("values of all")
}

/// `+ - *` of one left side and every right side given.
macro_rules! check {
    ($left:expr => $($right:expr),*) => {$(
        let (left, right) = (value(&Expr::new($left)), value(&Expr::new($right)));
        assert_eq!(value(&($left + $right)), left + right, "{} + {}", stringify!($left), stringify!($right));
        assert_eq!(value(&($left - $right)), left - right, "{} - {}", stringify!($left), stringify!($right));
        assert_eq!(value(&($left * $right)), left * right, "{} * {}", stringify!($left), stringify!($right));
    )*};
}

/// All of them, and the assignments, for right sides of every kind.
macro_rules! check_all {
    ($($left:expr),*) => {$(
        let (x, y, p, e) = operands();
        check!($left(x, p, &e) => x, &y, p, &p, e.clone(), &e, 2.5_f64, 2.5_f32, 3_i8, 3_i16, -3_i32,
            3_i64, 3_u8, 3_u16, 3_u32, 3_u64, 3_usize, 7, 0.5);
        let of = value(&Expr::new($left(x, p, &e)));
        assert_eq!(value(&($left(x, p, &e) / 4.0)), of / 4.0);
        assert_eq!(value(&($left(x, p, &e) / 4)), of / 4.0);
        assert_eq!(value(&($left(x, p, &e) / 0.5_f32)), of / 0.5);
        assert_eq!(value(&($left(x, p, &e) / &8_usize)), of / 8.0);
        assert_eq!(value(&(-$left(x, p, &e))), -of);
    )*};
}

#[test]
fn every_left_side_takes_every_right_side() {
    check_all!(
        |x: Variable, _: Parameter, _: &Expr| x,
        |_: Variable, p: Parameter, _: &Expr| p,
        |_: Variable, _: Parameter, e: &Expr| e.clone()
    );
    let (x, y, p, e) = operands();
    check!(&x => x, &y, p, &p, e.clone(), &e, 2.5, 2.5_f32, 3, 3_u64);
    check!(&p => x, &y, p, &p, e.clone(), &e, 2.5, 2.5_f32, 3, 3_u64);
    check!(&e => x, &y, p, &p, e.clone(), &e, 2.5, 2.5_f32, 3, 3_u64);
    check!(2.5_f64 => x, &y, p, &p, e.clone(), &e);
    check!(2.5_f32 => x, &y, p, &p, e.clone(), &e);
    check!(-3_i32 => x, &y, p, &p, e.clone(), &e);
    check!(2.5 => x, &y, p, &p, e.clone(), &e);
    check!(-3 => x, &y, p, &p, e.clone(), &e);
    for (quotient, whole) in [(&x / 3.0, Expr::new(x)), (&p / 3.0, Expr::new(p)), (&e / 3.0, e)] {
        assert!((value(&quotient) - value(&whole) / 3.0).abs() < 1e-12);
    }
}

#[test]
fn assignments_change_an_expression_in_place() {
    let (x, y, p, e) = operands();
    let mut changed = e.clone();
    let mut want = value(&e);
    macro_rules! assign {
        ($($right:expr),*) => {$(
            let right = value(&Expr::new($right));
            changed += $right;
            want += right;
            changed *= $right;
            want *= right;
            changed -= $right;
            want -= right;
            assert_eq!(value(&changed), want, "{}", stringify!($right));
        )*};
    }
    assign!(x, &y, p, 2.5, 2.5_f32, 3, 3_u64, &e);
    changed /= 2;
    changed /= 0.25_f32;
    assert_eq!(value(&changed), want / 2.0 / 0.25);
}

#[test]
fn squares_powers_and_sums_of_single_variables() {
    let (x, y, p, e) = operands();
    assert_eq!(y.squared(), Expr::new(y).squared());
    assert_eq!(value(&x.squared()), 9.0);
    assert_eq!(value(&x.power(3)), 27.0);
    assert_eq!(value(&y.power(0)), 1.0);
    assert_eq!(value(&p.squared()), 25.0);
    assert_eq!(value(&p.power(3)), 125.0);
    assert_eq!((x.squared().degree(), x.power(4).degree(), p.squared().degree()), (2, 4, 0));
    assert_eq!(value(&[x, y].iter().sum()), 2.0);
    assert_eq!(value(&[p, p].into_iter().sum()), 10.0);
    assert_eq!(value(&[e.clone(), e.clone()].iter().sum()), 2.0 * value(&e));
    assert_eq!(value(&[2_i64, -7].into_iter().sum()), -5.0);
}

/// The forms that need no type to be written out.
#[test]
fn literals_need_no_type() {
    let mut model = Model::new();
    let x = model.integer_array("x", [3], 0..=4, spinroute_modelling::Encoding::Binary);
    model.minimise(2.0 * x[0] + 3 * x[1] - (x[2] + 0.5 * x[0] - 1.0).squared() / 3.0);
    model.constrain("whole", (2 * x[0] + 3 * x[1]).at_most(4));
    model.constrain("half", (x[0] * 0.5 + x[1]).at_least(1));
    model.constrain("square", (x[2].squared() / 2).at_most(4.5));
    let compiled = model.compile(&Options::default()).expect("all is in order");
    let state = vec![0; compiled.qubo().variables()];
    let answer = compiled.decode(&state).expect("a state");
    assert_eq!(answer.violated().count(), 1);
}

#[test]
fn what_is_divided_by_0_is_refused() {
    let mut model = Model::new();
    let x = model.binary("x");
    model.minimise(x / 0);
    let error = model.compile(&Options::default()).expect_err("no number");
    assert!(error.to_string().contains("coefficients are finite"), "{error}");
}
