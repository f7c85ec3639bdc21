//! The linear relaxation of a model: what no values can do better than.
//!
//! Every variable may take any value of its range, every constraint stays, and a product becomes a
//! variable of its own between the planes that touch it at the ends of the ranges of its factors
//! (G. `McCormick`, *Computability of global solutions to factorable nonconvex programs*, 1976; of
//! binaries: Fortet, 1960):
//!
//! ```text
//! z ≥ l_x y + l_y x − l_x l_y     z ≤ u_x y + l_y x − u_x l_y
//! z ≥ u_x y + u_y x − u_x u_y     z ≤ l_x y + u_y x − l_x u_y
//! ```
//!
//! A product of more factors is made of two, the first of which is again one. Only the sides are
//! written that hold the optimum back: those below a product that costs, those above one that gains.
//! The square of a binary is itself, that of a spin is 1. Squares of sums are multiplied out. At most one
//! of some `y_i` with ranges from 0 to `u_i` is not 0: `Σ y_i / u_i ≤ 1`.
//!
//! The program goes to a general simplex solver (`good_lp` with `microlp`), which is for small
//! problems: the model's variables and products are 65,536 at most. Its optimum is moved away from the
//! objective by what its tolerance, 1e-10 a reduced cost, can hide: ten times that for the width of every
//! variable and the terms of the objective, and as much as that for the slack of every inequality.

use std::collections::BTreeMap;
use std::ops::Index;

use good_lp::{Expression, ProblemVariables, ResolutionError, Solution, SolverModel, variable};

use crate::Error;
use crate::check::check;
use crate::constraint::{Body, Sense};
use crate::expression::Expr;
use crate::lower::CANCELLED;
use crate::model::{Model, Parts};
use crate::options::Options;
use crate::variable::{Kind, Variable};
use spinroute_ising as ising;

/// Most variables and products.
const MOST: usize = 1 << 16;

/// Reduced costs that the library takes for 0.
const TOLERANCE: f64 = 1e-10;

/// What that is answered with, as a share of the widths of variables and of the terms of the objective.
const MARGIN: f64 = 10.0 * TOLERANCE;

/// The optimum of the linear relaxation of a [`Model`].
///
/// ```
/// use spinroute_modelling::{Model, Options, at_most_k, sum};
///
/// // One of two, and one of the other two; together they are worth 3 more, 1 alone.
/// let mut model = Model::new();
/// let x = model.binary_array("x", (2, 2));
/// model.maximise(sum(&x) + 3 * x[[0, 0]] * x[[1, 1]]);
/// for row in x.rows() {
///     model.constrain(format!("row of {}", row[0].index()), at_most_k(row, 1));
/// }
/// let relaxation = model.linear_relaxation(&Options::default())?;
/// assert!(relaxation.bound() >= 5.0 && relaxation.bound() < 5.0 + 1e-6);
/// assert!((relaxation[x[[0, 0]]] - 1.0).abs() < 1e-9);
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Relaxation {
    bound: f64,
    values: Vec<f64>,
}

impl Relaxation {
    /// No values that satisfy the model have an objective below this (above it, where the model is
    /// to be maximised), up to the rounding of the objective itself.
    #[must_use]
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// The values of all variables at the optimum; they need not be whole.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value of a variable; `None` if it is not of the model.
    #[must_use]
    pub fn get(&self, variable: Variable) -> Option<f64> {
        self.values.get(variable.index()).copied()
    }
}

impl Index<Variable> for Relaxation {
    type Output = f64;

    /// # Panics
    /// If the variable is not of the model; see [`Relaxation::get`].
    fn index(&self, variable: Variable) -> &f64 {
        &self.values[variable.index()]
    }
}

impl Model {
    /// Solves the linear relaxation, for the parameters that the options set; nothing else of them counts.
    ///
    /// # Errors
    /// If something that was put in is wrong, a parameter has no value, no values satisfy the
    /// constraints even there ([`Error::Infeasible`]), the model is too large or the solver fails.
    pub fn linear_relaxation(&self, options: &Options) -> Result<Relaxation, Error> {
        let parts = &*self.parts;
        let parameters = check(parts, options)?;
        let mut program = Program::new(parts)?;
        let costs = if parts.maximise { Sides::ABOVE } else { Sides::BELOW };
        let objective = program.row(&parts.objective, &parameters, costs)?;
        for (name, constraint) in &parts.constraints {
            match &constraint.body {
                Body::Compare(left, sense) => {
                    let sides = match sense {
                        Sense::Equal => Sides::BOTH,
                        Sense::AtMost => Sides::BELOW,
                        Sense::AtLeast => Sides::ABOVE,
                    };
                    let size = left.largest(&parameters);
                    let row = program.row(left, &parameters, sides)?;
                    program.compare(row, *sense, size)?;
                }
                Body::Sos1(variables) => program.sos1(parts, name, variables)?,
            }
        }
        let (bound, mut values) = program.solve(&objective, parts.maximise)?;
        values.truncate(parts.variables);
        Ok(Relaxation { bound, values })
    }
}

/// Which planes of a product are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sides {
    below: bool,
    above: bool,
}

impl Sides {
    const BELOW: Self = Self { below: true, above: false };
    const ABOVE: Self = Self { below: false, above: true };
    const BOTH: Self = Self { below: true, above: true };

    /// Those of a term with this coefficient, if these are asked for with a positive one.
    fn of(self, coefficient: f64) -> Self {
        let Self { below, above } = self;
        if coefficient < 0.0 { Self { below: above, above: below } } else { self }
    }
}

/// `constant + Σ coefficient · column`.
#[derive(Clone, Debug, Default)]
struct Row {
    constant: f64,
    terms: BTreeMap<u32, f64>,
}

/// A product of two columns, and the planes it has already.
struct Product {
    column: u32,
    sides: Sides,
}

/// The linear program: columns in their ranges, rows compared with 0.
struct Program {
    kinds: Vec<Kind>,
    /// The range of every column: the variables', then the products'.
    ranges: Vec<(f64, f64)>,
    rows: Vec<(Row, Sense)>,
    products: BTreeMap<(u32, u32), Product>,
}

impl Program {
    fn new(parts: &Parts) -> Result<Self, Error> {
        let mut program = Self {
            kinds: Vec::new(),
            ranges: Vec::new(),
            rows: Vec::new(),
            products: BTreeMap::new(),
        };
        limit(parts.variables)?;
        for group in &parts.groups {
            for _ in 0..group.length {
                program.kinds.push(group.kind);
                program.ranges.push(group.kind.range());
            }
        }
        Ok(program)
    }

    /// An expression in the columns of the program.
    fn row(&mut self, expr: &Expr, parameters: &[f64], sides: Sides) -> Result<Row, Error> {
        let expr = expr.resolve(parameters);
        let mut monomials = BTreeMap::<Vec<u32>, f64>::new();
        let mut factors = Vec::new();
        expr.visit(&mut |variables, coefficient| {
            factors.clear();
            factors.extend_from_slice(variables);
            self.simplify(&mut factors);
            match monomials.get_mut(&factors) {
                Some(sum) => *sum += coefficient,
                None => _ = monomials.insert(factors.clone(), coefficient),
            }
        });
        // What is left of terms that cancel.
        let least = CANCELLED * expr.largest(&[]);
        let mut row = Row { constant: expr.expanded_constant(), ..Row::default() };
        for (factors, coefficient) in monomials {
            if !coefficient.is_finite() {
                let (what, index) = ("term", 0);
                return Err(ising::Error::NotFinite { what, index, value: coefficient }.into());
            }
            match &factors[..] {
                [] => row.constant += coefficient,
                _ if coefficient == 0.0 || coefficient.abs() < least => {}
                factors => {
                    let column = self.monomial(factors, sides.of(coefficient))?;
                    row.terms.insert(column, coefficient);
                }
            }
        }
        if !row.constant.is_finite() {
            let (what, index, value) = ("constant of term", 0, row.constant);
            return Err(ising::Error::NotFinite { what, index, value }.into());
        }
        Ok(row)
    }

    /// Sorts the factors of a product; a binary counts once, and two of a spin are 1.
    fn simplify(&self, factors: &mut Vec<u32>) {
        factors.sort_unstable();
        let mut kept = Vec::with_capacity(factors.len());
        for &factor in factors.iter() {
            match (self.kinds[factor as usize], kept.last() == Some(&factor)) {
                (Kind::Binary, true) => {}
                (Kind::Spin, true) => _ = kept.pop(),
                _ => kept.push(factor),
            }
        }
        *factors = kept;
    }

    /// The column of a product of one or more variables.
    fn monomial(&mut self, factors: &[u32], sides: Sides) -> Result<u32, Error> {
        let Some((&last, rest)) = factors.split_last().filter(|(_, rest)| !rest.is_empty()) else {
            return Ok(factors[0]);
        };
        // A product inside of one is held from both sides.
        let inner = if rest.len() > 1 { self.monomial(rest, Sides::BOTH)? } else { rest[0] };
        self.product(inner, last, sides)
    }

    /// The column of a product of two, with the planes that are asked for.
    fn product(&mut self, x: u32, y: u32, sides: Sides) -> Result<u32, Error> {
        let (x, y) = (x.min(y), x.max(y));
        let ((low_x, high_x), (low_y, high_y)) = (self.ranges[x as usize], self.ranges[y as usize]);
        let (column, known) = match self.products.get(&(x, y)) {
            Some(&Product { column, sides }) => (column, sides),
            None => (self.new_column((x, y))?, Sides::default()),
        };
        if sides.below && !known.below {
            self.plane(column, (x, low_y), (y, low_x), Sense::AtLeast);
            self.plane(column, (x, high_y), (y, high_x), Sense::AtLeast);
        }
        if sides.above && !known.above {
            self.plane(column, (x, low_y), (y, high_x), Sense::AtMost);
            if x != y {
                self.plane(column, (x, high_y), (y, low_x), Sense::AtMost);
            }
        }
        let sides = Sides { below: sides.below || known.below, above: sides.above || known.above };
        self.products.insert((x, y), Product { column, sides });
        Ok(column)
    }

    /// A column for a product of two, in the range that those of its factors leave.
    fn new_column(&mut self, (x, y): (u32, u32)) -> Result<u32, Error> {
        limit(self.ranges.len() + 1)?;
        let (of_x, of_y) = (self.ranges[x as usize], self.ranges[y as usize]);
        let corners = [of_x.0 * of_y.0, of_x.0 * of_y.1, of_x.1 * of_y.0, of_x.1 * of_y.1];
        let least = corners.iter().copied().fold(f64::INFINITY, f64::min);
        let most = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.ranges.push((if x == y { least.max(0.0) } else { least }, most));
        Ok(self.ranges.len() as u32 - 1)
    }

    /// `z − b x − a y + a b` compared with 0, for `x` with the end `b` of the other's range.
    fn plane(&mut self, column: u32, (x, b): (u32, f64), (y, a): (u32, f64), sense: Sense) {
        let mut row = Row { constant: a * b, terms: BTreeMap::from([(column, 1.0)]) };
        for (factor, end) in [(x, b), (y, a)] {
            if end != 0.0 {
                *row.terms.entry(factor).or_default() -= end;
            }
        }
        // Of one column alone: its range says as much.
        if row.terms.len() > 1 {
            self.rows.push((row, sense));
        }
    }

    /// Adds a constraint. Without terms it holds or not, `size` being the largest coefficient as
    /// written: what cancels is judged by it.
    fn compare(&mut self, row: Row, sense: Sense, size: f64) -> Result<(), Error> {
        if !row.terms.is_empty() {
            self.rows.push((row, sense));
            return Ok(());
        }
        let rounding = 1e-9 * size;
        let holds = match sense {
            Sense::Equal => row.constant.abs() <= rounding,
            Sense::AtMost => row.constant <= rounding,
            Sense::AtLeast => row.constant >= -rounding,
        };
        if holds { Ok(()) } else { Err(Error::Infeasible) }
    }

    fn sos1(&mut self, parts: &Parts, name: &str, variables: &[u32]) -> Result<(), Error> {
        let mut row = Row { constant: -1.0, ..Row::default() };
        for &variable in variables {
            let (low, high) = self.ranges[variable as usize];
            if low < 0.0 {
                let (constraint, variable) = (name.into(), parts.name_of(variable));
                return Err(Error::Negative { constraint, variable });
            }
            if high > 0.0 {
                row.terms.insert(variable, 1.0 / high);
            }
        }
        self.compare(row, Sense::AtMost, 1.0)
    }

    /// The optimum, moved to where it is surely a bound, and the values of all columns.
    fn solve(self, objective: &Row, maximise: bool) -> Result<(f64, Vec<f64>), Error> {
        let mut variables = ProblemVariables::new();
        let columns: Vec<good_lp::Variable> = self
            .ranges
            .iter()
            .map(|&(low, high)| variables.add(variable().min(low).max(high)))
            .collect();
        let expression = |row: &Row| {
            let mut expression = Expression::from(row.constant);
            for (&column, &coefficient) in &row.terms {
                expression.add_mul(coefficient, columns[column as usize]);
            }
            expression
        };
        let sought = expression(objective);
        let problem = if maximise {
            variables.maximise(sought.clone())
        } else {
            variables.minimise(sought.clone())
        };
        let mut model = good_lp::microlp(problem);
        for (row, sense) in &self.rows {
            let left = expression(row);
            model.add_constraint(match sense {
                Sense::Equal => left.eq(0.0),
                Sense::AtMost => left.leq(0.0),
                Sense::AtLeast => left.geq(0.0),
            });
        }
        let vertex = model.solve().map_err(|error| match error {
            ResolutionError::Infeasible => Error::Infeasible,
            // All variables have ranges: nothing else is the model's doing.
            other => spinroute_ising::Error::Defect(format!("linear program: {other}")).into(),
        })?;
        let widths: f64 = self.ranges.iter().map(|(low, high)| high - low).sum();
        let slack: f64 = self.rows.iter().map(|(row, sense)| self.slack(row, *sense)).sum();
        let values: Vec<f64> = columns.iter().map(|&column| vertex.value(column)).collect();
        let terms = objective.terms.iter().map(|(&i, c)| (c * values[i as usize]).abs());
        let size = objective.constant.abs() + terms.sum::<f64>();
        let margin = MARGIN * (widths + size) + TOLERANCE * slack;
        let optimum = vertex.eval(sought);
        Ok((if maximise { optimum + margin } else { optimum - margin }, values))
    }

    /// How far a row can be from its right side where it holds: an equation not at all.
    fn slack(&self, row: &Row, sense: Sense) -> f64 {
        let sign = match sense {
            Sense::Equal => return 0.0,
            Sense::AtMost => -1.0,
            Sense::AtLeast => 1.0,
        };
        let most = |(&column, &coefficient): (&u32, &f64)| {
            let (low, high) = self.ranges[column as usize];
            (sign * coefficient * low).max(sign * coefficient * high)
        };
        (sign * row.constant + row.terms.iter().map(most).sum::<f64>()).max(0.0)
    }
}

/// Refuses more columns than the solver is for.
fn limit(columns: usize) -> Result<(), Error> {
    if columns <= MOST {
        return Ok(());
    }
    let (variables, most, what) = (columns, MOST, "the linear relaxation");
    Err(ising::Error::TooLarge { variables, most, what }.into())
}
