//! What can go wrong.

use crate::Deficiency;

/// An instance, parameters or device that cannot be used.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Error, Instance};
///
/// let error = Instance::new(Array2::zeros((4, 2)), vec![1, 2], Demand::Exactly(1)).unwrap_err();
/// assert!(matches!(error, Error::Infeasible { .. })); // four tokens, three places
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table without rows or columns.
    #[error("the score table is {tokens} tokens × {experts} experts; both must be at least 1")]
    Empty {
        /// Rows.
        tokens: usize,
        /// Columns.
        experts: usize,
    },
    /// More tokens, experts or slots than 32 bits count.
    #[error(
        "{tokens} tokens × {experts} experts with k = {k} is too large: T·E, T·k and E must stay below 2³² each in tokens, slots and experts"
    )]
    TooLarge {
        /// Rows.
        tokens: usize,
        /// Columns.
        experts: usize,
        /// Slots per token.
        k: u32,
    },
    /// Scores that are no table of the shape given.
    #[error("{got} scores are no table of {tokens} tokens × {experts} experts")]
    Shape {
        /// Scores given.
        got: usize,
        /// Rows.
        tokens: usize,
        /// Columns.
        experts: usize,
    },
    /// A score is NaN or +∞.
    #[error(
        "score of token {token} for expert {expert} is {value}; scores are finite and below 3.4e38 in size, or -inf to forbid the pair"
    )]
    Score {
        /// Row.
        token: usize,
        /// Column.
        expert: usize,
        /// What stands there.
        value: f64,
    },
    /// Not one capacity per expert.
    #[error("{got} capacities for {experts} experts; give one per expert")]
    Capacities {
        /// Capacities found.
        got: usize,
        /// Number of experts.
        experts: usize,
    },
    /// Not one least load per expert.
    #[error("{got} minimums for {experts} experts; give one per expert")]
    Minimums {
        /// Minimums found.
        got: usize,
        /// Number of experts.
        experts: usize,
    },
    /// A least load that an expert cannot hold.
    #[error(
        "expert {expert} must hold at least {minimum} tokens but can hold {most}; lower its minimum, or give it capacity or tokens"
    )]
    Minimum {
        /// The expert.
        expert: usize,
        /// Its least load.
        minimum: u32,
        /// The most that it can hold: its capacity, or all tokens.
        most: u64,
    },
    /// A group of experts that cannot be.
    #[error("group {group}: {problem}")]
    Group {
        /// The group.
        group: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A cost or reward that is no number of at least 0.
    #[error("{what} of {value} a unit; it must be at least 0 and at most 3.4e38")]
    Cost {
        /// Of what.
        what: &'static str,
        /// What was given.
        value: f64,
    },
    /// A capacity factor that is not a positive number.
    #[error("capacity factor {factor} is not a positive, finite number")]
    CapacityFactor {
        /// What was given.
        factor: f64,
    },
    /// A token asks for no expert, or for more than there are.
    #[error("k = {k} must be between 1 and the {experts} experts")]
    Demand {
        /// Experts per token.
        k: u32,
        /// Number of experts.
        experts: usize,
    },
    /// Not one demand per token.
    #[error("{got} demands for {tokens} tokens; give one per token, 0 for none")]
    Demands {
        /// Demands found.
        got: usize,
        /// Number of tokens.
        tokens: usize,
    },
    /// A token that takes more experts than a row has slots.
    #[error("token {token} takes {k} experts, more than the {slots} slots of a row; raise k")]
    TokenDemand {
        /// The token.
        token: usize,
        /// Experts that it takes.
        k: u32,
        /// Slots of a row.
        slots: u32,
    },
    /// The minimums exceed what the tokens take.
    #[error(
        "infeasible: the minimums of the experts and groups need {need} tokens, but the tokens take only {supply} experts; lower the minimums"
    )]
    Starved {
        /// What the minimums need.
        need: u64,
        /// `Σ k[t]`.
        supply: u64,
    },
    /// The demand exceeds what the experts can hold.
    #[error(
        "infeasible: the tokens need {need} slots but capacities leave {supply}; raise those of experts or groups, or ask for at most k"
    )]
    Infeasible {
        /// `T·k`.
        need: u64,
        /// `Σ_e min(c[e], T)`.
        supply: u64,
    },
    /// Forbidden pairs and limits leave some tokens or loads short, whatever is done.
    #[error("infeasible: {0}")]
    Deficient(Box<Deficiency>),
    /// Prices have the wrong shape or are not finite.
    #[error("expected one finite price for each of {experts} experts, got {got}{}", .bad.map_or(String::new(), |e| format!(" with a non-finite one for expert {e}")))]
    Prices {
        /// Number of experts, and of groups if there are any.
        experts: usize,
        /// Prices found.
        got: usize,
        /// The first expert whose price is not finite.
        bad: Option<usize>,
    },
    /// An assignment breaks a constraint.
    #[error("infeasible assignment: {0}")]
    Violation(#[from] Violation),
    /// A solver's parameter is out of its range.
    #[error("parameter `{name}` is {value}; {mend}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        mend: &'static str,
    },
    /// The solver cannot handle this instance.
    #[error("{0}")]
    Unsupported(String),
    /// A solver found itself wrong: a defect of the program, not of the instance.
    #[error("{0}: a defect of the program; please report it with the instance")]
    Defect(String),
}

impl Error {
    /// This error as one that ended a solver whose warm prices and parameters were fine.
    ///
    /// The instance was checked when it was made. That an assignment, prices or another instance
    /// are wrong is then the solver's own doing, so such errors become [`Error::Defect`]; an
    /// infeasible demand, a parameter or a refusal stay what they are.
    ///
    /// ```
    /// use spinroute_core::{Error, Violation};
    ///
    /// let own = Error::from(Violation::Repeated { token: 7, expert: 1 }).in_solver();
    /// assert!(matches!(own, Error::Defect(_)), "{own}");
    /// let refusal = Error::Unsupported("up to 64 experts".into());
    /// assert_eq!(refusal.clone().in_solver(), refusal);
    /// ```
    #[must_use]
    pub fn in_solver(self) -> Self {
        match self {
            Self::Empty { .. }
            | Self::TooLarge { .. }
            | Self::Score { .. }
            | Self::Capacities { .. }
            | Self::CapacityFactor { .. }
            | Self::Demand { .. }
            | Self::Prices { .. }
            | Self::Shape { .. }
            | Self::Minimums { .. }
            | Self::Minimum { .. }
            | Self::Group { .. }
            | Self::Cost { .. }
            | Self::Demands { .. }
            | Self::TokenDemand { .. }
            | Self::Violation(_) => Self::Defect(self.to_string()),
            Self::Infeasible { .. }
            | Self::Starved { .. }
            | Self::Deficient(_)
            | Self::Parameter { .. }
            | Self::Unsupported(_)
            | Self::Defect(_) => self,
        }
    }
}

/// A constraint that an assignment breaks.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Instance, Violation};
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let both = Assignment::from_slots(1, vec![0, 0]);
/// assert!(matches!(instance.objective(&both), Err(Violation::Capacity { expert: 0, .. })));
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// Wrong number of rows.
    #[error("it has {got} tokens, the instance has {want}")]
    Tokens {
        /// Rows found.
        got: usize,
        /// Rows expected.
        want: usize,
    },
    /// A token has too few or too many experts.
    #[error("token {token} takes {got} experts, the demand is {want}")]
    Demand {
        /// The token.
        token: usize,
        /// Experts it takes.
        got: usize,
        /// Experts it must (or may) take.
        want: usize,
    },
    /// An expert does not exist.
    #[error("token {token} takes expert {expert}, of only {experts}")]
    Range {
        /// The token.
        token: usize,
        /// The expert.
        expert: u32,
        /// Number of experts.
        experts: usize,
    },
    /// A token takes an expert twice.
    #[error("token {token} takes expert {expert} twice")]
    Repeated {
        /// The token.
        token: usize,
        /// The expert.
        expert: u32,
    },
    /// A forbidden pair is used.
    #[error("token {token} takes expert {expert}, a forbidden pair (score -inf)")]
    Forbidden {
        /// The token.
        token: usize,
        /// The expert.
        expert: u32,
    },
    /// An expert is over capacity.
    #[error("expert {expert} holds {load} tokens, over its capacity of {capacity}")]
    Capacity {
        /// The expert.
        expert: usize,
        /// Its load.
        load: u32,
        /// Its capacity, with the overflow that it may have.
        capacity: u32,
    },
    /// An expert is below its minimum.
    #[error("expert {expert} holds {load} tokens, below its minimum of {minimum}")]
    Minimum {
        /// The expert.
        expert: usize,
        /// Its load.
        load: u32,
        /// Its least load.
        minimum: u32,
    },
    /// A group is over capacity.
    #[error("group {group} holds {load} tokens, over its capacity of {capacity}")]
    GroupCapacity {
        /// The group.
        group: usize,
        /// Its load.
        load: u32,
        /// Its capacity, with the overflow that it may have.
        capacity: u32,
    },
    /// A group is below its minimum.
    #[error("group {group} holds {load} tokens, below its minimum of {minimum}")]
    GroupMinimum {
        /// The group.
        group: usize,
        /// Its load.
        load: u32,
        /// Its least load.
        minimum: u32,
    },
}
