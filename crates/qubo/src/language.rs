//! The modelling language: a constrained problem as it is thought, and its way to couplings.
//!
//! A [`Model`] holds variables (binaries, spins, bounded integers, alone or in arrays), parameters,
//! an objective and named constraints. [`Model::compile`] makes a [`Qubo`](crate::Qubo) of it for
//! given [`Options`], and [`Compiled::decode`] reads a state back: values, objective, and every
//! constraint that is broken, with its amount.
//!
//! | module | what it does |
//! |---|---|
//! | [`model`], [`variable`] | variables, parameters, names, shapes |
//! | [`expression`], [`operators`] | polynomials as buffers of terms |
//! | [`constraint`] | comparisons and structured constraints; penalties and treatments |
//! | [`encoding`], [`layout`] | bits for integers; which bit stands for what |
//! | [`lower`] | constraints as penalties; what always or never holds |
//! | [`step`] | the smallest violation, the unit of a slack |
//! | [`weights`], [`dual`] | penalty weights with a proof |
//! | [`reduce`] | products of three or more bits |
//! | [`assemble`], [`grid`] | couplings, sparse, dense or structured |
//! | [`decode`] | states in the user's terms |
//! | [`multipliers`] | inequalities without slack |

mod assemble;
mod compile;
mod constraint;
mod decode;
mod dual;
mod encoding;
mod expression;
mod function;
mod grid;
mod layout;
mod lower;
mod model;
mod multipliers;
mod operators;
mod reduce;
mod step;
mod variable;
mod weights;

pub use assemble::Target;
pub(crate) use compile::check;
pub use compile::{Compiled, Note, Options};
pub(crate) use constraint::Body;
pub use constraint::{
    Constraint, Inequality, Penalty, Sense, at_most_k, implies, k_hot, one_hot, sos1,
};
pub use decode::{Answer, Decoding, Outcome};
pub use encoding::Encoding;
pub use expression::{Coefficient, Expr, Term, dot, sum};
pub use model::Model;
pub(crate) use model::Parts;
pub use multipliers::{
    Ascent, AugmentedLagrangian, Choice, Multiplier, Multipliers, Subgradient, ascend,
};
pub use reduce::{Reduction, Substitution};
pub use variable::{Kind, Parameter, Variable};

/// The coefficients of the slack bits for `0..=range`; `None` if some words are invalid.
pub(crate) fn slack_weights(encoding: Encoding, range: u32) -> Option<Vec<f64>> {
    let valid = encoding.validity() == encoding::Validity::Always;
    valid.then(|| encoding.affine(0, i64::from(range)).weights)
}

pub(crate) use weights::bound as bound_weight;
