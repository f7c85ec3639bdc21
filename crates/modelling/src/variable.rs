//! What a model is made of: variables of three kinds, and parameters.

use serde::{Deserialize, Serialize};

use crate::encoding::Encoding;

/// A variable of a [`Model`](crate::Model): a number that stands for it in expressions.
///
/// It belongs to the model that made it. A model refuses, when it is compiled, a variable that it
/// does not have; it cannot tell another model's variable from its own of the same number.
///
/// ```
/// use spinroute_modelling::{Model, Variable};
/// let mut model = Model::new();
/// let x = model.binary_array("x", (2, 3));
/// assert_eq!(x[[1, 0]], Variable::new(3));
/// assert_eq!(model.name(x[[1, 0]]).as_deref(), Some("x[1,0]"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Variable(pub(crate) u32);

impl Variable {
    /// The variable number `index` of a model, in the order in which they were made.
    #[must_use]
    pub fn new(index: u32) -> Self {
        Self(index)
    }

    /// Its place among the variables of the model, in the order in which they were made.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A parameter of a [`Model`](crate::Model): a coefficient that gets its value on compilation.
///
/// ```
/// use spinroute_modelling::{Model, Options};
///
/// let mut model = Model::new();
/// let (x, weight) = (model.binary("x"), model.parameter("weight"));
/// model.minimise(weight * x);
/// let energy = |value| model.compile(&Options::default().set(weight, value)).map(|c| c.qubo().energy(&[1]));
/// assert_eq!((energy(2.0)?, energy(-3.0)?), (2.0, -3.0)); // built once, compiled twice
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Parameter(pub(crate) u32);

/// What values a variable takes.
///
/// ```
/// use spinroute_modelling::{Encoding, Kind, Model};
/// let mut model = Model::new();
/// let y = model.integer("y", -2..=5, Encoding::Order);
/// assert_eq!(model.kind(y).map(|kind| kind.range()), Some((-2.0, 5.0)));
/// assert_eq!(Kind::Spin.range(), (-1.0, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// 0 or 1.
    Binary,
    /// −1 or +1.
    Spin,
    /// Every integer from `low` to `high`.
    Integer {
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
        /// How bits stand for the values.
        encoding: Encoding,
    },
}

impl Kind {
    /// The smallest and the largest value.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        match *self {
            Self::Binary => (0.0, 1.0),
            Self::Spin => (-1.0, 1.0),
            Self::Integer { low, high, .. } => (low as f64, high as f64),
        }
    }
}

/// An array of variables, or one variable: a name, a shape, a kind.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: Kind,
    pub(crate) first: u32,
    pub(crate) length: u32,
}

impl Group {
    /// The name of its variable at `position`, in row-major order: `x[2,3]`, or `x` of a scalar.
    pub(crate) fn name_of(&self, position: usize) -> String {
        if self.shape.is_empty() {
            return self.name.clone();
        }
        let mut index = vec![0; self.shape.len()];
        let mut rest = position;
        for (axis, &extent) in self.shape.iter().enumerate().rev() {
            index[axis] = rest % extent;
            rest /= extent;
        }
        let parts: Vec<String> = index.iter().map(ToString::to_string).collect();
        format!("{}[{}]", self.name, parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_row_major() {
        let group = |shape: &[usize]| Group {
            name: "x".into(),
            shape: shape.to_vec(),
            kind: Kind::Binary,
            first: 0,
            length: shape.iter().product::<usize>() as u32,
        };
        assert_eq!(group(&[]).name_of(0), "x");
        assert_eq!(group(&[4]).name_of(3), "x[3]");
        assert_eq!(group(&[2, 3]).name_of(5), "x[1,2]");
        assert_eq!(group(&[2, 3, 4]).name_of(17), "x[1,1,1]");
    }
}
