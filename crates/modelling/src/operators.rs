//! `+ - * /` between numbers, variables, parameters and expressions, by value and by reference.
//!
//! | written | with |
//! |---|---|
//! | `left + right`, `left - right`, `left * right` | any [`Term`] on both sides, one of them a variable, parameter or expression; a number on the left is an `f64`, `f32` or `i32` |
//! | `left / number` | any [`Coefficient`]: every coefficient is divided |
//! | `-term` | a variable, parameter or expression |
//! | `+= -= *=` a term, `/=` a number | an expression on the left |
//! | `.sum::<Expr>()` | an iterator of terms |
//!
//! Of the integers only `i32` may stand on the left, so that a whole literal there is one without being
//! told: `(2 * x + 3 * y).at_most(4)`. Between `2.0_f64` and `2.0_f32` the compiler cannot choose before
//! a method is called: where that is wanted, the number goes to the right or says what it is,
//! `(x * 2.5 + y).at_most(4)` or `(2.5_f64 * x + y).at_most(4)`. Without a method, `2.5 * x + y` will do.
//!
//! ```
//! use spinroute_modelling::{Expr, Model};
//!
//! let mut model = Model::new();
//! let (x, w) = (model.binary_array("x", [3]), model.parameter("w"));
//! let scores = [0.5_f32, 0.25, 0.125];
//! let mut e: Expr = 2 * x[0] + scores[1] * x[1] - 2.0 * &x[2] * x[0] + w * (x[1] / 4);
//! e += x.iter().map(|v| (v - 1) * 3_u8).sum::<Expr>() / 3.0;
//! e *= 2;
//! let at = |values: [f64; 3]| e.value(&values, &[8.0]);
//! assert_eq!(at([1.0, 1.0, 0.0]), Some(2.0 * (2.0 + 0.25 + 2.0 - 1.0)));
//! ```

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::expression::{Coefficient, Expr, Term};
use crate::variable::{Parameter, Variable};

impl<T: Term> AddAssign<T> for Expr {
    fn add_assign(&mut self, term: T) {
        term.add_to(self, 1.0);
    }
}

impl<T: Term> SubAssign<T> for Expr {
    fn sub_assign(&mut self, term: T) {
        term.add_to(self, -1.0);
    }
}

impl<T: Term> MulAssign<T> for Expr {
    fn mul_assign(&mut self, factor: T) {
        *self = product(std::mem::take(self), Self::new(factor));
    }
}

impl<T: Coefficient> DivAssign<T> for Expr {
    fn div_assign(&mut self, divisor: T) {
        self.divide(divisor.value());
    }
}

impl<T: Term> Sum<T> for Expr {
    fn sum<I: Iterator<Item = T>>(terms: I) -> Self {
        crate::expression::sum(terms)
    }
}

/// What a variable, a parameter or an expression has on its right.
///
/// One implementation for every right side, so that the result is known to be an expression before
/// the right side's type is.
macro_rules! left {
    ($($left:ty),*) => {$(
        impl<T: Term> Add<T> for $left {
            type Output = Expr;
            fn add(self, right: T) -> Expr {
                let mut total = Expr::new(self);
                right.add_to(&mut total, 1.0);
                total
            }
        }
        impl<T: Term> Sub<T> for $left {
            type Output = Expr;
            fn sub(self, right: T) -> Expr {
                let mut total = Expr::new(self);
                right.add_to(&mut total, -1.0);
                total
            }
        }
        impl<T: Term> Mul<T> for $left {
            type Output = Expr;
            fn mul(self, right: T) -> Expr {
                product(Expr::new(self), Expr::new(right))
            }
        }
        impl<T: Coefficient> Div<T> for $left {
            type Output = Expr;
            fn div(self, divisor: T) -> Expr {
                let mut quotient = Expr::new(self);
                quotient.divide(divisor.value());
                quotient
            }
        }
        impl Neg for $left {
            type Output = Expr;
            fn neg(self) -> Expr {
                let mut negative = Expr::default();
                self.add_to(&mut negative, -1.0);
                negative
            }
        }
    )*};
}
left!(Variable, &Variable, Parameter, &Parameter, Expr, &Expr);

/// A number on the left.
macro_rules! numbers {
    ($($number:ty: $($right:ty),*;)*) => {$($(
        impl Add<$right> for $number {
            type Output = Expr;
            fn add(self, right: $right) -> Expr {
                let mut total = Expr::new(self);
                right.add_to(&mut total, 1.0);
                total
            }
        }
        impl Sub<$right> for $number {
            type Output = Expr;
            fn sub(self, right: $right) -> Expr {
                let mut total = Expr::new(self);
                right.add_to(&mut total, -1.0);
                total
            }
        }
        impl Mul<$right> for $number {
            type Output = Expr;
            fn mul(self, right: $right) -> Expr {
                product(Expr::new(self), Expr::new(right))
            }
        }
    )*)*};
}
numbers! {
    f64: Variable, &Variable, Parameter, &Parameter, Expr, &Expr;
    f32: Variable, &Variable, Parameter, &Parameter, Expr, &Expr;
    i32: Variable, &Variable, Parameter, &Parameter, Expr, &Expr;
}

macro_rules! powers {
    ($($kind:ty),*) => {$(
        impl $kind {
            /// Its square; that of a variable is kept as such, not multiplied out.
            #[must_use]
            pub fn squared(self) -> Expr {
                Expr::new(self).squared()
            }

            /// Its `exponent`-th power; 1 for exponent 0.
            #[must_use]
            pub fn power(self, exponent: u32) -> Expr {
                Expr::new(self).power(exponent)
            }
        }
    )*};
}
powers!(Variable, Parameter);
/// The product; a factor that is a number scales the other, squares of linear forms included.
fn product(mut left: Expr, mut right: Expr) -> Expr {
    let mistake = left.mistake.take().or(right.mistake.take());
    Expr { mistake, ..sound_product(left, right) }
}

/// The product of two expressions without mistakes.
fn sound_product(mut left: Expr, mut right: Expr) -> Expr {
    if left.is_constant() {
        right.scale(left.constant);
        return right;
    }
    if right.is_constant() {
        left.scale(right.constant);
        return left;
    }
    let (left_symbols, right_symbols) =
        (std::mem::take(&mut left.symbolic), std::mem::take(&mut right.symbolic));
    let mut total = numeric_product(&left, &right);
    for (names, part) in &left_symbols {
        push_symbolic(&mut total, names.clone(), numeric_product(part, &right));
    }
    for (names, part) in &right_symbols {
        push_symbolic(&mut total, names.clone(), numeric_product(&left, part));
    }
    for (names, part) in &left_symbols {
        for (others, other) in &right_symbols {
            let mut joined = [&names[..], &others[..]].concat();
            joined.sort_unstable();
            push_symbolic(&mut total, joined.into(), numeric_product(part, other));
        }
    }
    total
}

fn push_symbolic(total: &mut Expr, names: Box<[u32]>, part: Expr) {
    if part != Expr::default() {
        total.symbolic.push((names, part));
    }
}

/// The product of two expressions without parameters.
fn numeric_product(left: &Expr, right: &Expr) -> Expr {
    for (one, other) in [(left, right), (right, left)] {
        if one.is_constant() {
            let mut scaled = other.clone();
            scaled.scale(one.constant);
            return if one.constant == 0.0 { Expr::default() } else { scaled };
        }
    }
    let mut total = Expr::default();
    let (a, b) = (left.expanded_constant(), right.expanded_constant());
    total.constant = a * b;
    left.visit(&mut |variables, c| {
        if b != 0.0 {
            total.push(variables, c * b);
        }
    });
    right.visit(&mut |variables, c| {
        if a != 0.0 {
            total.push(variables, c * a);
        }
    });
    let mut joined = Vec::new();
    left.visit(&mut |variables, c| {
        right.visit(&mut |others, d| {
            joined.clear();
            joined.extend_from_slice(variables);
            joined.extend_from_slice(others);
            total.push(&joined, c * d);
        });
    });
    total
}
