//! `+ - *` between numbers, variables, parameters and expressions.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::expression::{Expr, Term};
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

impl MulAssign<f64> for Expr {
    fn mul_assign(&mut self, factor: f64) {
        self.scale(factor);
    }
}

impl<T: Term> Sum<T> for Expr {
    fn sum<I: Iterator<Item = T>>(terms: I) -> Self {
        crate::expression::sum(terms)
    }
}

macro_rules! negate {
    ($($kind:ty),*) => {$(
        impl Neg for $kind {
            type Output = Expr;
            fn neg(self) -> Expr {
                let mut negative = Expr::default();
                self.add_to(&mut negative, -1.0);
                negative
            }
        }
    )*};
}
negate!(Variable, Parameter, Expr, &Expr);

macro_rules! operate {
    ($($left:ty: $($right:ty),*;)*) => {$($(
        impl Add<$right> for $left {
            type Output = Expr;
            fn add(self, right: $right) -> Expr {
                let mut total = Expr::new(self);
                right.add_to(&mut total, 1.0);
                total
            }
        }
        impl Sub<$right> for $left {
            type Output = Expr;
            fn sub(self, right: $right) -> Expr {
                let mut total = Expr::new(self);
                right.add_to(&mut total, -1.0);
                total
            }
        }
        impl Mul<$right> for $left {
            type Output = Expr;
            fn mul(self, right: $right) -> Expr {
                product(Expr::new(self), Expr::new(right))
            }
        }
    )*)*};
}
operate! {
    f64: Variable, Parameter, Expr, &Expr;
    Variable: f64, Variable, Parameter, Expr, &Expr;
    Parameter: f64, Variable, Parameter, Expr, &Expr;
    Expr: f64, Variable, Parameter, Expr, &Expr;
    &Expr: f64, Variable, Parameter, Expr, &Expr;
}

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
