//! A constrained problem, as it is thought: variables, an objective, named constraints.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ndarray::{Array, IntoDimension};

use crate::Error;
use crate::constraint::Constraint;
use crate::encoding::Encoding;
use crate::expression::{Expr, Term};
use crate::variable::{Group, Kind, Parameter, Variable};
use spinroute_ising as ising;

/// Variables, parameters, an objective and named constraints.
///
/// A clone is a pointer until one of the two changes; what was compiled keeps the model as it was.
/// Whatever is wrong with what was put in, such as a name given twice or an empty range of
/// integers, is reported by [`Model::compile`].
///
/// ```
/// use spinroute_modelling::{Encoding, Model, Options, k_hot, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", (2, 3)); // an ndarray: rows, columns, slices as usual
/// let late = model.integer("late", 0..=4, Encoding::Binary);
/// model.minimise(3.0 * x[[0, 0]] + x[[0, 1]] - x[[1, 0]] * x[[1, 2]] + late);
/// for (t, row) in x.rows().into_iter().enumerate() {
///     model.constrain(format!("token {t}"), k_hot(row, 1));
/// }
/// model.constrain("expert 0", (sum(x.column(0)) - late).at_most(1));
/// let compiled = model.compile(&Options::default())?;
/// assert_eq!(compiled.qubo().variables(), 6 + 3 + 3); // x, late, slack of "expert 0" up to 5
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) parts: Arc<Parts>,
}

/// What a model is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    pub(crate) groups: Vec<Group>,
    pub(crate) variables: usize,
    pub(crate) parameters: Vec<String>,
    pub(crate) objective: Expr,
    /// The objective is to be made as large as possible.
    pub(crate) maximise: bool,
    pub(crate) constraints: Vec<(String, Constraint)>,
    names: BTreeSet<String>,
    /// The first mistake.
    pub(crate) mistake: Option<Error>,
}

impl Parts {
    /// The group that holds a variable.
    pub(crate) fn group_of(&self, variable: u32) -> &Group {
        let after = self.groups.partition_point(|group| group.first <= variable);
        &self.groups[after - 1]
    }

    pub(crate) fn name_of(&self, variable: u32) -> String {
        let group = self.group_of(variable);
        group.name_of((variable - group.first) as usize)
    }

    fn mistake(&mut self, error: Error) {
        self.mistake.get_or_insert(error);
    }

    /// Takes a name that variables or parameters must not share.
    fn claim(&mut self, name: &str) {
        if !self.names.insert(name.to_owned()) {
            self.mistake(Error::Name { name: name.to_owned() });
        }
    }
}

impl Model {
    /// A model without variables, objective or constraints.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn parts(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.parts)
    }

    /// Adds a variable that is 0 or 1.
    pub fn binary(&mut self, name: impl Into<String>) -> Variable {
        Variable(self.add(name.into(), Vec::new(), Kind::Binary))
    }

    /// Adds a variable that is −1 or +1.
    pub fn spin(&mut self, name: impl Into<String>) -> Variable {
        Variable(self.add(name.into(), Vec::new(), Kind::Spin))
    }

    /// Adds an integer of a range, which includes both of its ends.
    pub fn integer(
        &mut self,
        name: impl Into<String>,
        range: RangeInclusive<i64>,
        encoding: Encoding,
    ) -> Variable {
        let kind = Kind::Integer { low: *range.start(), high: *range.end(), encoding };
        Variable(self.add(name.into(), Vec::new(), kind))
    }

    /// Adds an array of binaries; its entries are named `name[i,j]`.
    pub fn binary_array<S: IntoDimension>(
        &mut self,
        name: impl Into<String>,
        shape: S,
    ) -> Array<Variable, S::Dim> {
        self.array(name, shape, Kind::Binary)
    }

    /// Adds an array of spins.
    pub fn spin_array<S: IntoDimension>(
        &mut self,
        name: impl Into<String>,
        shape: S,
    ) -> Array<Variable, S::Dim> {
        self.array(name, shape, Kind::Spin)
    }

    /// Adds an array of integers of one range.
    pub fn integer_array<S: IntoDimension>(
        &mut self,
        name: impl Into<String>,
        shape: S,
        range: RangeInclusive<i64>,
        encoding: Encoding,
    ) -> Array<Variable, S::Dim> {
        let kind = Kind::Integer { low: *range.start(), high: *range.end(), encoding };
        self.array(name, shape, kind)
    }

    /// Adds an array of variables of any kind, in row-major order.
    ///
    /// # Panics
    /// As `ndarray` does, if the product of the shape overflows.
    pub fn array<S: IntoDimension>(
        &mut self,
        name: impl Into<String>,
        shape: S,
        kind: Kind,
    ) -> Array<Variable, S::Dim> {
        use ndarray::Dimension;
        let shape = shape.into_dimension();
        let mut next = self.add(name.into(), shape.slice().to_vec(), kind);
        Array::from_shape_simple_fn(shape, || {
            next = next.wrapping_add(1);
            Variable(next.wrapping_sub(1))
        })
    }

    /// Adds a group and returns its first variable.
    fn add(&mut self, name: String, shape: Vec<usize>, kind: Kind) -> u32 {
        let parts = self.parts();
        parts.claim(&name);
        if let Kind::Integer { low, high, encoding } = kind
            && (low > high
                || low.unsigned_abs().max(high.unsigned_abs()) > 1 << 53
                || encoding.bits(high.abs_diff(low)).is_none())
        {
            parts.mistake(Error::IntegerRange { name: name.clone(), low, high });
        }
        let length: usize = shape.iter().product();
        let first = parts.variables;
        parts.variables += length;
        let most = i32::MAX as usize;
        if parts.variables > most {
            parts.mistake(
                ising::Error::TooLarge { variables: parts.variables, most, what: "a model" }.into(),
            );
        }
        let first = first as u32;
        if length > 0 {
            parts.groups.push(Group { name, shape, kind, first, length: length as u32 });
        }
        first
    }

    /// Adds a parameter: a coefficient that gets its value on compilation.
    pub fn parameter(&mut self, name: impl Into<String>) -> Parameter {
        let (parts, name) = (self.parts(), name.into());
        parts.claim(&name);
        parts.parameters.push(name);
        Parameter(parts.parameters.len() as u32 - 1)
    }

    /// Sets the objective, to be made small. Without one, every feasible answer is as good.
    pub fn minimise(&mut self, objective: impl Term) {
        let parts = self.parts();
        (parts.objective, parts.maximise) = (Expr::new(objective), false);
    }

    /// Sets the objective, to be made large.
    pub fn maximise(&mut self, objective: impl Term) {
        let parts = self.parts();
        (parts.objective, parts.maximise) = (Expr::new(objective), true);
    }

    /// Adds a constraint under a name of its own; its number counts from 0.
    pub fn constrain(&mut self, name: impl Into<String>, constraint: Constraint) -> usize {
        let parts = self.parts();
        parts.constraints.push((name.into(), constraint));
        parts.constraints.len() - 1
    }

    /// Number of variables.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.parts.variables
    }

    /// Number of constraints.
    #[must_use]
    pub fn constraints(&self) -> usize {
        self.parts.constraints.len()
    }

    /// The name of constraint `index`, if there is one.
    #[must_use]
    pub fn constraint_name(&self, index: usize) -> Option<&str> {
        self.parts.constraints.get(index).map(|(name, _)| name.as_str())
    }

    /// The name of a variable, such as `x[2,3]`; `None` if it is not of this model.
    #[must_use]
    pub fn name(&self, variable: Variable) -> Option<String> {
        (variable.index() < self.parts.variables).then(|| self.parts.name_of(variable.0))
    }

    /// The kind of a variable; `None` if it is not of this model.
    #[must_use]
    pub fn kind(&self, variable: Variable) -> Option<Kind> {
        (variable.index() < self.parts.variables).then(|| self.parts.group_of(variable.0).kind)
    }
}
