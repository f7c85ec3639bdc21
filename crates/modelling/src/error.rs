//! What can go wrong with a model of the language.

/// A model that cannot be compiled, written or read back.
///
/// What the language shares with the models underneath, such as a vector of the wrong length or a
/// coefficient that is not finite, is an error of theirs: [`Error::Ising`].
///
/// ```
/// use spinroute_modelling::{Error, Model, Options, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.constrain("four of three", sum(&x).equals(4));
/// let error = model.compile(&Options::default()).expect_err("no values do");
/// assert!(matches!(error, Error::Unsatisfiable(_)));
/// assert_eq!(
///     error.to_string(),
///     "no values satisfy \"four of three\" (the left side less the right is between -4 and -1, never 0)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the models of binaries and spins, their couplings or a minimiser.
    #[error(transparent)]
    Ising(#[from] spinroute_ising::Error),
    /// A name given twice.
    #[error(
        "the name {name:?} is given twice; variables and parameters share names, constraints have theirs"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A range of integers that is empty or too wide.
    #[error(
        "integer {name:?} ranges from {low} to {high}; the range must not be empty, and its ends and bits must fit (2⁵³ and 2³¹)"
    )]
    IntegerRange {
        /// The variable or array.
        name: String,
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
    },
    /// A parameter without a value.
    #[error("parameter {name:?} has no value; set it in the options")]
    Unset {
        /// The parameter.
        name: String,
    },
    /// A parameter that the model does not have.
    #[error("the model has no parameter {name:?}")]
    Undeclared {
        /// Its name, or its number.
        name: String,
    },
    /// Constraints that cannot be satisfied.
    #[error("{0}")]
    Unsatisfiable(Unsatisfiable),
    /// A linear relaxation that no values satisfy.
    #[error("no values satisfy all constraints together, not even values that are not whole")]
    Infeasible,
    /// No smallest violation, so no slack and no derived penalty.
    #[error(
        "constraint {constraint:?}: its coefficients have no common step, which {what} needs; use whole or decimal coefficients, or a fixed penalty and no slack"
    )]
    NoStep {
        /// The constraint.
        constraint: String,
        /// What needs the step.
        what: &'static str,
    },
    /// A slack that would need too many bits.
    #[error("constraint {constraint:?}: a slack of {steps} steps has too many bits")]
    SlackRange {
        /// The constraint.
        constraint: String,
        /// Its range in steps.
        steps: f64,
    },
    /// A penalty weight that is negative or not finite.
    #[error(
        "constraint {constraint:?}: the penalty weight is {weight}; it must be finite and not negative"
    )]
    Weight {
        /// The constraint.
        constraint: String,
        /// The weight.
        weight: f64,
    },
    /// A variable that may be negative where that has no meaning.
    #[error(
        "constraint {constraint:?}: variable {variable} may be negative; at most one of some variables is not 0 only makes sense for those that are at least 0"
    )]
    Negative {
        /// The constraint.
        constraint: String,
        /// The variable.
        variable: String,
    },
}

/// Constraints that cannot be satisfied, each by itself.
///
/// ```
/// use spinroute_modelling::Unsatisfiable;
/// let constraints = vec![("room".to_owned(), "no room".to_owned())];
/// assert_eq!(Unsatisfiable { constraints }.to_string(), "no values satisfy \"room\" (no room)");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no values satisfy {}", list(.constraints))]
pub struct Unsatisfiable {
    /// Names and reasons.
    pub constraints: Vec<(String, String)>,
}

fn list(constraints: &[(String, String)]) -> String {
    let mut parts: Vec<String> =
        constraints.iter().take(3).map(|(name, why)| format!("{name:?} ({why})")).collect();
    if constraints.len() > parts.len() {
        parts.push(format!("and {} more", constraints.len() - parts.len()));
    }
    parts.join(", ")
}
