//! Polynomials in the variables and parameters of a model.
//!
//! An expression is a buffer of terms: a sum appends, nothing is merged or sorted before
//! compilation, so that building costs one push a term. A parameter stays outside: the expression
//! is `numeric + Σ (product of parameters) · numeric`, and the values of the parameters come in
//! once, on compilation. The square of a linear form is kept as a square and never multiplied out
//! here; the structured couplings keep it to the end.

use crate::Error;
use crate::variable::{Parameter, Variable};
use spinroute_ising as ising;

/// A product of three or more variables, with repetitions: `coefficient · Π variables`.
pub(crate) type Monomial = (Box<[u32]>, f64);

/// A polynomial of any degree in variables and parameters.
///
/// Made from variables with `+ - * /`, [`sum`], [`dot`], [`Expr::squared`] and [`Expr::power`].
///
/// ```
/// use spinroute_modelling::{Expr, Model, sum};
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// let weight = model.parameter("weight");
/// let energy: Expr = 2.0 * x[0] * x[1] - x[2] + weight * (sum(&x) - 1.0).squared();
/// assert_eq!(energy.degree(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expr {
    pub(crate) constant: f64,
    pub(crate) linear: Vec<(u32, f64)>,
    pub(crate) quadratic: Vec<(u32, u32, f64)>,
    pub(crate) higher: Vec<Monomial>,
    pub(crate) squares: Vec<Square>,
    /// Products of parameters, ascending, each with a factor without parameters.
    pub(crate) symbolic: Vec<(Box<[u32]>, Expr)>,
    /// The first mistake in it, which everything made of it has too: reported on compilation.
    pub(crate) mistake: Option<Box<Error>>,
}

/// `weight · (constant + Σ coefficient · variable)²`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Square {
    pub(crate) weight: f64,
    pub(crate) constant: f64,
    pub(crate) linear: Vec<(u32, f64)>,
}

/// What can be a term of an expression: numbers, variables, parameters, expressions.
///
/// Numbers become `f64`: whole numbers beyond 2⁵³ are rounded, all others are kept as they are.
///
/// ```
/// use spinroute_modelling::{Expr, Model, Term};
///
/// /// Three times anything.
/// fn thrice(term: impl Term) -> Expr {
///     let mut expression = Expr::default();
///     term.add_to(&mut expression, 3.0);
///     expression
/// }
/// let x = Model::new().binary("x");
/// assert_eq!(thrice(x) + thrice(2), 3 * (x + 2));
/// ```
pub trait Term {
    /// Adds `factor` times this to `expression`.
    fn add_to(self, expression: &mut Expr, factor: f64);
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Term for $number {
            #[allow(clippy::cast_lossless, reason = "one macro for exact and wide types")]
            fn add_to(self, expression: &mut Expr, factor: f64) {
                expression.constant += factor * self as f64;
            }
        }
    )*};
}
numbers!(f64, f32, i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl Term for Variable {
    fn add_to(self, expression: &mut Expr, factor: f64) {
        expression.linear.push((self.0, factor));
    }
}

impl Term for &Variable {
    fn add_to(self, expression: &mut Expr, factor: f64) {
        expression.linear.push((self.0, factor));
    }
}

impl Term for Parameter {
    fn add_to(self, expression: &mut Expr, factor: f64) {
        let one = Expr { constant: factor, ..Expr::default() };
        expression.symbolic.push((Box::new([self.0]), one));
    }
}

impl Term for &Parameter {
    fn add_to(self, expression: &mut Expr, factor: f64) {
        (*self).add_to(expression, factor);
    }
}

impl Term for Expr {
    fn add_to(mut self, expression: &mut Expr, factor: f64) {
        self.scale(factor);
        expression.append(self);
    }
}

impl Term for &Expr {
    fn add_to(self, expression: &mut Expr, factor: f64) {
        self.clone().add_to(expression, factor);
    }
}

/// Sum of an iterator's terms: `sum(&x)`, `sum(x.row(2))`, `sum((0..n).map(|i| x[i] * x[i + 1]))`.
///
/// ```
/// use spinroute_modelling::{Model, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [4]);
/// let chain = sum((0..3).map(|i| x[i] * x[i + 1]));
/// assert_eq!(chain.value(&[1.0, 1.0, 1.0, 0.0], &[]), Some(2.0));
/// assert_eq!(sum(&x).degree(), 1);
/// ```
pub fn sum<I: IntoIterator<Item: Term>>(terms: I) -> Expr {
    let terms = terms.into_iter();
    let mut expression = Expr::default();
    expression.linear.reserve(terms.size_hint().0);
    for term in terms {
        term.add_to(&mut expression, 1.0);
    }
    expression
}

/// `Σ coefficient · variable`, one coefficient a variable. Arrays of any shape are taken entry by entry,
/// in row-major order.
///
/// If there are more of one than of the other, compilation of what is made of it says so:
/// [`Length`](spinroute_ising::Error::Length).
///
/// ```
/// # use spinroute_modelling::{Model, dot};
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// let value = dot(&[0.3_f32, 0.2, 0.5], &x);
/// assert_eq!(value.degree(), 1);
/// ```
pub fn dot<C, V>(coefficients: C, variables: V) -> Expr
where
    C: IntoIterator<Item: Coefficient>,
    V: IntoIterator<Item: Term>,
{
    let variables = variables.into_iter();
    let mut expression = Expr::default();
    expression.linear.reserve(variables.size_hint().0);
    let (mut coefficients, mut variables) = (coefficients.into_iter(), variables);
    let mut terms = 0_usize;
    // What is left of the longer one is only asked for its size: it may have no end.
    let (got, want) = loop {
        match (coefficients.next(), variables.next()) {
            (Some(coefficient), Some(variable)) => {
                variable.add_to(&mut expression, coefficient.value());
                terms += 1;
            }
            (None, None) => return expression,
            (Some(_), None) => break (coefficients.size_hint().0.saturating_add(terms + 1), terms),
            (None, Some(_)) => break (terms, variables.size_hint().0.saturating_add(terms + 1)),
        }
    };
    let what = "the coefficients of a dot product, one a variable";
    expression.mistake = Some(Box::new(ising::Error::Length { what, want, got }.into()));
    expression
}

/// A number by value or by reference: a factor of [`dot`], or what `/` divides by.
///
/// ```
/// use spinroute_modelling::Coefficient;
/// assert_eq!([0.5_f32.value(), (&3_u64).value(), (-2_i8).value()], [0.5, 3.0, -2.0]);
/// ```
pub trait Coefficient {
    /// The number.
    fn value(self) -> f64;
}

macro_rules! coefficients {
    ($($number:ty),*) => {$(
        impl Coefficient for $number {
            #[allow(clippy::cast_lossless, reason = "one macro for exact and wide types")]
            fn value(self) -> f64 {
                self as f64
            }
        }
        impl Coefficient for &$number {
            #[allow(clippy::cast_lossless, reason = "one macro for exact and wide types")]
            fn value(self) -> f64 {
                *self as f64
            }
        }
    )*};
}
coefficients!(f64, f32, i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl Expr {
    /// The expression of a number, variable, parameter or expression.
    pub fn new(term: impl Term) -> Self {
        let mut expression = Self::default();
        term.add_to(&mut expression, 1.0);
        expression
    }

    /// Degree in the variables, as written: terms that cancel count.
    #[must_use]
    pub fn degree(&self) -> usize {
        let higher = self.higher.iter().map(|(variables, _)| variables.len()).max();
        let own = higher.unwrap_or(if !self.quadratic.is_empty() || !self.squares.is_empty() {
            2
        } else {
            usize::from(!self.linear.is_empty())
        });
        self.symbolic.iter().map(|(_, part)| part.degree()).fold(own, usize::max)
    }

    /// Its square. That of a linear form without parameters is kept as such, not multiplied out.
    #[must_use]
    pub fn squared(self) -> Self {
        if self.degree() <= 1 && self.symbolic.is_empty() {
            let square = Square { weight: 1.0, constant: self.constant, linear: self.linear };
            return Self { squares: vec![square], mistake: self.mistake, ..Self::default() };
        }
        self.clone() * self
    }

    /// Its `exponent`-th power; 1 for exponent 0.
    #[must_use]
    pub fn power(&self, exponent: u32) -> Self {
        let one = Self { constant: 1.0, mistake: self.mistake.clone(), ..Self::default() };
        (0..exponent).fold(one, |product, _| product * self)
    }

    /// Its value where variable `v` has `values[v]` and parameter `p` has `parameters[p]`.
    ///
    /// `None` if one of them has no value there, or the expression holds a [`dot`] of unequal lengths.
    #[must_use]
    pub fn value(&self, values: &[f64], parameters: &[f64]) -> Option<f64> {
        if self.mistake.is_some() {
            return None;
        }
        let at = |v: u32| values.get(v as usize).copied();
        let mut total = self.constant;
        for &(v, c) in &self.linear {
            total += c * at(v)?;
        }
        for &(u, v, c) in &self.quadratic {
            total += c * at(u)? * at(v)?;
        }
        for (variables, c) in &self.higher {
            let mut product = *c;
            for &v in variables {
                product *= at(v)?;
            }
            total += product;
        }
        for square in &self.squares {
            let mut inner = square.constant;
            for &(v, c) in &square.linear {
                inner += c * at(v)?;
            }
            total += square.weight * inner * inner;
        }
        for (names, part) in &self.symbolic {
            let mut factor = 1.0;
            for &p in names {
                factor *= parameters.get(p as usize)?;
            }
            total += factor * part.value(values, parameters)?;
        }
        Some(total)
    }

    /// The largest size of a coefficient, the constant included.
    pub(crate) fn largest(&self, parameters: &[f64]) -> f64 {
        let mut largest = self.expanded_constant().abs();
        self.visit(&mut |_, c| largest = largest.max(c.abs()));
        for (names, part) in &self.symbolic {
            let factor: f64 = names.iter().map(|&p| parameters[p as usize]).product();
            largest = largest.max(factor.abs() * part.largest(parameters));
        }
        largest
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.degree() == 0 && self.symbolic.is_empty()
    }

    pub(crate) fn scale(&mut self, factor: f64) {
        if factor == 1.0 {
            return;
        }
        self.constant *= factor;
        self.linear.iter_mut().for_each(|term| term.1 *= factor);
        self.quadratic.iter_mut().for_each(|term| term.2 *= factor);
        self.higher.iter_mut().for_each(|term| term.1 *= factor);
        self.squares.iter_mut().for_each(|square| square.weight *= factor);
        self.symbolic.iter_mut().for_each(|(_, part)| part.scale(factor));
    }

    /// Divides every coefficient; by 0, they are no longer finite and compilation says so.
    pub(crate) fn divide(&mut self, divisor: f64) {
        self.constant /= divisor;
        self.linear.iter_mut().for_each(|term| term.1 /= divisor);
        self.quadratic.iter_mut().for_each(|term| term.2 /= divisor);
        self.higher.iter_mut().for_each(|term| term.1 /= divisor);
        self.squares.iter_mut().for_each(|square| square.weight /= divisor);
        self.symbolic.iter_mut().for_each(|(_, part)| part.divide(divisor));
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        fn join<T>(into: &mut Vec<T>, from: &mut Vec<T>) {
            if into.is_empty() {
                std::mem::swap(into, from);
            } else {
                into.append(from);
            }
        }
        self.constant += other.constant;
        join(&mut self.linear, &mut other.linear);
        join(&mut self.quadratic, &mut other.quadratic);
        join(&mut self.higher, &mut other.higher);
        join(&mut self.squares, &mut other.squares);
        join(&mut self.symbolic, &mut other.symbolic);
        self.mistake = self.mistake.take().or(other.mistake);
    }

    /// The value with parameters put in: no symbolic part is left.
    pub(crate) fn resolve(&self, parameters: &[f64]) -> std::borrow::Cow<'_, Self> {
        if self.symbolic.is_empty() {
            return std::borrow::Cow::Borrowed(self);
        }
        let mut numeric = Self { symbolic: Vec::new(), ..self.clone() };
        for (names, part) in &self.symbolic {
            let factor: f64 = names.iter().map(|&p| parameters[p as usize]).product();
            part.add_to(&mut numeric, factor);
        }
        std::borrow::Cow::Owned(numeric)
    }

    /// Calls `visit` with the variables and the coefficient of every term of degree 1 or more,
    /// squares multiplied out, parameters left out.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(&[u32], f64)) {
        for &(v, c) in &self.linear {
            visit(&[v], c);
        }
        for &(u, v, c) in &self.quadratic {
            visit(&[u, v], c);
        }
        for (variables, c) in &self.higher {
            visit(variables, *c);
        }
        for square in &self.squares {
            for (i, &(u, a)) in square.linear.iter().enumerate() {
                visit(&[u], 2.0 * square.weight * square.constant * a);
                visit(&[u, u], square.weight * a * a);
                for &(v, b) in &square.linear[i + 1..] {
                    visit(&[u, v], 2.0 * square.weight * a * b);
                }
            }
        }
    }

    /// Constant of the numeric part, squares multiplied out.
    pub(crate) fn expanded_constant(&self) -> f64 {
        let squares = self.squares.iter().map(|s| s.weight * s.constant * s.constant);
        self.constant + squares.sum::<f64>()
    }

    pub(crate) fn push(&mut self, variables: &[u32], coefficient: f64) {
        match *variables {
            [] => self.constant += coefficient,
            [v] => self.linear.push((v, coefficient)),
            [u, v] => self.quadratic.push((u, v, coefficient)),
            _ => self.higher.push((variables.into(), coefficient)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn values() {
        let mut model = Model::new();
        let (x, y) = (model.binary("x"), model.binary("y"));
        let p = model.parameter("p");
        let e: Expr = 2.0 * x * y - (x + 3.0 * y - 1.0).squared() + p * x + p * p * y + 4.0;
        for (a, b) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            let want =
                2.0 * a * b - (a + 3.0 * b - 1.0) * (a + 3.0 * b - 1.0) + 7.0 * a + 49.0 * b + 4.0;
            assert_eq!(e.value(&[a, b], &[7.0]), Some(want));
            assert_eq!(e.resolve(&[7.0]).value(&[a, b], &[]), Some(want));
        }
        assert_eq!(e.value(&[0.0], &[7.0]), None);
        assert_eq!(e.degree(), 2);
    }

    #[test]
    fn products_expand() {
        let mut model = Model::new();
        let x = model.binary_array("x", [3]);
        let cube = sum(&x).power(3) * (sum(&x) - 2.0).squared();
        assert_eq!(cube.degree(), 5);
        assert_eq!(cube.value(&[1.0, 1.0, 1.0], &[]), Some(27.0));
        assert_eq!(cube.value(&[1.0, 0.0, 0.0], &[]), Some(1.0));
        assert_eq!(sum(&x).power(0).value(&[0.0; 3], &[]), Some(1.0));
    }
}
