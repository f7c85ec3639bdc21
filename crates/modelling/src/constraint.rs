//! Constraints, and how each enters the energy.

use serde::{Deserialize, Serialize};

use crate::encoding::Encoding;
use crate::expression::{Expr, Term, sum};
use crate::variable::{Parameter, Variable};

/// How a left side compares with zero.
///
/// ```
/// use spinroute_modelling::Sense;
/// let words = [Sense::Equal, Sense::AtMost, Sense::AtLeast].map(|sense| serde_json::to_string(&sense));
/// assert_eq!(words.map(Result::unwrap), [r#""equal""#, r#""at-most""#, r#""at-least""#]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sense {
    /// `= 0`.
    Equal,
    /// `≤ 0`.
    AtMost,
    /// `≥ 0`.
    AtLeast,
}

/// What a constraint says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// An expression compared with zero.
    Compare(Expr, Sense),
    /// At most one of the variables is not zero.
    Sos1(Vec<u32>),
}

/// A constraint, made by [`Expr::equals`] and the like or by [`k_hot`], [`one_hot`], [`at_most_k`],
/// [`sos1`], [`implies`], and named by [`Model::constrain`](crate::Model::constrain).
///
/// Its penalty and its treatment as an inequality, where not set here, are those of the
/// [`Options`](crate::Options).
///
/// ```
/// use spinroute_modelling::{Encoding, Inequality, Model, Options, Penalty, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [5]);
/// let unary = Inequality::Slack(Encoding::Unary);
/// model.constrain("three", sum(&x).at_most(3).penalty(Penalty::Fixed(2.0)).inequality(unary));
/// assert_eq!(model.compile(&Options::default())?.decoding().slack_bits(), 3);
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    pub(crate) body: Body,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) inequality: Option<Inequality>,
}

impl Constraint {
    fn new(body: Body) -> Self {
        Self { body, penalty: None, inequality: None }
    }

    /// Sets the weight of its penalty.
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = Some(penalty);
        self
    }

    /// Sets how it enters the energy if it is an inequality.
    #[must_use]
    pub fn inequality(mut self, inequality: Inequality) -> Self {
        self.inequality = Some(inequality);
        self
    }
}

/// The weight `w` of a penalty `w · P`, with `P = 0` where the constraint holds and `P ≥ δ²` where
/// it does not, `δ` being the smallest violation (1 for whole coefficients without common factor).
///
/// ```
/// use spinroute_modelling::{Model, Options, Penalty, k_hot, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", (4, 2));
/// model.minimise(sum(&x));
/// for row in x.rows() {
///     model.constrain(format!("row of {}", row[0].index()), k_hot(row, 1));
/// }
/// let weight = |penalty| model.compile(&Options::default().penalty(penalty)).map(|c| c.weight(0));
/// assert!(weight(Penalty::Bound)?.is_some_and(|weight| weight > 8.0)); // the range of the objective
/// assert!(weight(Penalty::Tight)?.is_some_and(|weight| weight < 2.1)); // that of a row
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Penalty {
    /// A number, not negative.
    Fixed(f64),
    /// A parameter's value.
    Parameter(Parameter),
    /// A weight that provably makes every minimum satisfy the constraint, if all of them can be
    /// satisfied at once: above the range of the objective over `δ²`.
    #[default]
    Bound,
    /// As provable as [`Penalty::Bound`] and never above it: the least of what the terms can gain
    /// that touch the constraint's variables (and those bound to them by other constraints), and,
    /// where multipliers and a feasible point are found, of the constraint's shadow price plus the
    /// gap between that point and the Lagrangian bound. The file `weights.rs` has the proofs.
    Tight,
}

/// How an inequality enters the energy.
///
/// ```
/// use spinroute_modelling::{Inequality, Model, Options, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [6]);
/// model.constrain("four", sum(&x).at_most(4));
/// let bits = |inequality| {
///     model.compile(&Options::default().inequality(inequality)).map(|c| c.qubo().variables())
/// };
/// assert_eq!(bits(Inequality::default())?, 6 + 3);
/// assert_eq!(bits(Inequality::Unbalanced { linear: 0.5, square: 0.25 })?, 6);
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Inequality {
    /// As an equality with a slack variable of this encoding; exact. Where at most one of some
    /// literals may hold, as in `a ≤ b` or `a + b + c ≤ 1`, no slack is needed and none is made:
    /// the penalty is the sum of the products of pairs.
    Slack(Encoding),
    /// Without slack, unbalanced: `−linear · h + square · h²` for the margin `h`, which is at least 0
    /// where the constraint holds (Montañez-Barrera et al., *Unbalanced penalization*, 2024). The
    /// minimum may be infeasible and a feasible point may pay: a heuristic, whose two weights are
    /// these and not the penalty's.
    Unbalanced {
        /// Weight of the margin.
        linear: f64,
        /// Weight of its square.
        square: f64,
    },
    /// Without slack: `a · g + q · g²` for the left side `g ≤ 0`, with `a` and `q` taken from
    /// [`Options::multipliers`](crate::Options::multipliers), which a [`Multipliers`](crate::Multipliers)
    /// updates between rounds. Set on an equality it has the same meaning.
    Multiplier,
}

impl Default for Inequality {
    fn default() -> Self {
        Self::Slack(Encoding::Binary)
    }
}

/// `linear · g + square · g²` for the left side `g` of a constraint.
///
/// ```
/// use spinroute_modelling::{Inequality, Model, Multiplier, Options, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("one", sum(&x).at_most(1).inequality(Inequality::Multiplier));
/// let multipliers = vec![Multiplier { linear: 0.5, square: 2.0 }];
/// let compiled = model.compile(&Options::default().multipliers(multipliers))?;
/// assert_eq!(compiled.qubo().energy(&[1, 1, 1]), 0.5 * 2.0 + 2.0 * 4.0); // two too many
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Multiplier {
    /// Weight of the left side: the multiplier `λ`.
    pub linear: f64,
    /// Weight of its square.
    pub square: f64,
}

impl Expr {
    /// `self = right`.
    #[must_use]
    pub fn equals(self, right: impl Term) -> Constraint {
        self.compare(right, Sense::Equal)
    }

    /// `self ≤ right`.
    #[must_use]
    pub fn at_most(self, right: impl Term) -> Constraint {
        self.compare(right, Sense::AtMost)
    }

    /// `self ≥ right`.
    #[must_use]
    pub fn at_least(self, right: impl Term) -> Constraint {
        self.compare(right, Sense::AtLeast)
    }

    fn compare(mut self, right: impl Term, sense: Sense) -> Constraint {
        right.add_to(&mut self, -1.0);
        Constraint::new(Body::Compare(self, sense))
    }
}

impl Variable {
    /// `self = right`.
    #[must_use]
    pub fn equals(self, right: impl Term) -> Constraint {
        Expr::new(self).equals(right)
    }

    /// `self ≤ right`.
    #[must_use]
    pub fn at_most(self, right: impl Term) -> Constraint {
        Expr::new(self).at_most(right)
    }

    /// `self ≥ right`.
    #[must_use]
    pub fn at_least(self, right: impl Term) -> Constraint {
        Expr::new(self).at_least(right)
    }
}

/// Exactly `k` of some binaries are 1.
///
/// ```
/// use spinroute_modelling::{Model, Options, k_hot};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("rule", k_hot(&x, 2));
/// let compiled = model.compile(&Options::default())?;
/// assert!(compiled.decode(&[1, 0, 1])?.is_feasible() && !compiled.decode(&[1, 0, 0])?.is_feasible());
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[must_use]
pub fn k_hot<I: IntoIterator<Item: Term>>(variables: I, k: u32) -> Constraint {
    sum(variables).equals(k)
}

/// Exactly one of some binaries is 1.
///
/// ```
/// use spinroute_modelling::{Model, Options, one_hot};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("rule", one_hot(&x));
/// let compiled = model.compile(&Options::default())?;
/// assert!(compiled.decode(&[0, 1, 0])?.is_feasible() && !compiled.decode(&[1, 1, 0])?.is_feasible());
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[must_use]
pub fn one_hot<I: IntoIterator<Item: Term>>(variables: I) -> Constraint {
    k_hot(variables, 1)
}

/// At most `k` of some binaries are 1. For `k = 1` it needs no slack.
///
/// ```
/// use spinroute_modelling::{Model, Options, at_most_k};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("rule", at_most_k(&x, 1));
/// let compiled = model.compile(&Options::default())?;
/// assert!(compiled.decode(&[0, 0, 0])?.is_feasible() && !compiled.decode(&[1, 0, 1])?.is_feasible());
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[must_use]
pub fn at_most_k<I: IntoIterator<Item: Term>>(variables: I, k: u32) -> Constraint {
    sum(variables).at_most(k)
}

/// At most one of some binaries or non-negative integers is not 0 (a special ordered set of type
/// 1); without slack. A spin is never 0 and is refused, as is an integer that may be negative.
///
/// ```
/// use spinroute_modelling::{Model, Options, sos1};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("rule", sos1(&x));
/// let compiled = model.compile(&Options::default())?;
/// assert!(compiled.decode(&[0, 0, 1])?.is_feasible() && !compiled.decode(&[0, 1, 1])?.is_feasible());
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[must_use]
pub fn sos1<'a>(variables: impl IntoIterator<Item = &'a Variable>) -> Constraint {
    Constraint::new(Body::Sos1(variables.into_iter().map(|variable| variable.0).collect()))
}

/// If the binary `condition` is 1, the binary `consequence` is 1; without slack.
///
/// ```
/// use spinroute_modelling::{Model, Options, implies};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("rule", implies(x[0], x[2]));
/// let compiled = model.compile(&Options::default())?;
/// assert!(compiled.decode(&[1, 0, 1])?.is_feasible() && !compiled.decode(&[1, 1, 0])?.is_feasible());
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[must_use]
pub fn implies(condition: Variable, consequence: Variable) -> Constraint {
    condition.at_most(consequence)
}
