//! What can go wrong.

/// A problem that is none, an answer that breaks its rules, or a method that cannot take it.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{Error, GroupLimited};
/// use spinroute_core::{Demand, Instance};
///
/// let instance = Instance::new(array![[0.5, 0.25]], vec![1; 2], Demand::AtMost(1))?;
/// let error = GroupLimited::new(instance, vec![0, 0], 0).expect_err("no group at all");
/// assert_eq!(error, Error::Limit);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the instance underneath, or its assignment.
    #[error(transparent)]
    Core(#[from] spinroute_core::Error),
    /// From a minimiser.
    #[error(transparent)]
    Ising(#[from] spinroute_ising::Error),
    /// From the model.
    #[error(transparent)]
    Modelling(#[from] spinroute_modelling::Error),
    /// The demand is `Exactly`: with side constraints, whether it can be met is NP-hard to decide.
    #[error("the demand must be AtMost: whether every slot can be filled is hard to decide here")]
    Demand,
    /// A list or table of the wrong length.
    #[error("{what} has length {got}, expected {want}")]
    Length {
        /// Which.
        what: &'static str,
        /// Expected length.
        want: usize,
        /// Length found.
        got: usize,
    },
    /// A number that is not finite, or negative where that has no meaning.
    #[error("{what} number {index} (row-major) is {value}; {mend}")]
    Number {
        /// Of which table.
        what: &'static str,
        /// Its place.
        index: usize,
        /// What stands there.
        value: f64,
        /// What is allowed.
        mend: &'static str,
    },
    /// A group that cannot be: there are as many groups as experts at most.
    #[error("expert {expert} is in group {group}; groups are numbered from 0, below {experts}")]
    Group {
        /// The expert.
        expert: usize,
        /// Its group.
        group: u32,
        /// Number of experts.
        experts: usize,
    },
    /// The limit is 0.
    #[error("a token may use at least 1 group, not 0")]
    Limit,
    /// The affinity of a pair differs by its order.
    #[error("the affinity of experts {first} and {second} is not that of {second} and {first}")]
    Asymmetric {
        /// One expert.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A token that uses too many groups.
    #[error("token {token} uses {got} groups, the limit is {limit}")]
    Groups {
        /// The token.
        token: usize,
        /// Groups it uses.
        got: usize,
        /// Groups it may use.
        limit: usize,
    },
    /// Too large for a method that takes small problems only.
    #[error("{method} takes up to {limit} {unit}, not {got}")]
    TooLarge {
        /// The method.
        method: &'static str,
        /// What is counted.
        unit: &'static str,
        /// The most.
        limit: usize,
        /// How many there are.
        got: usize,
    },
    /// A method found itself wrong: a defect of the program, not of the problem.
    #[error("{0}: a defect of the program; please report it with the problem")]
    Defect(String),
}

impl Error {
    /// What is wrong with an answer that a method made itself: the method, not the problem.
    pub(crate) fn in_method(self) -> Self {
        match self {
            Self::Core(error) => Self::Core(error.in_solver()),
            broken @ Self::Groups { .. } => Self::Defect(broken.to_string()),
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use spinroute_core::Violation;

    use super::*;

    #[test]
    fn a_wrong_answer_of_a_method_is_its_defect() {
        let groups = Error::Groups { token: 1, got: 3, limit: 2 };
        assert!(matches!(groups.in_method(), Error::Defect(_)));
        let core = Error::Core(Violation::Repeated { token: 1, expert: 0 }.into());
        assert!(matches!(core.in_method(), Error::Core(spinroute_core::Error::Defect(_))));
        assert_eq!(Error::Demand.in_method(), Error::Demand);
    }
}
