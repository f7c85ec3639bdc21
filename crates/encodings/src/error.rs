//! What can go wrong with an instance as a QUBO.

/// An instance that has no such form, a state that is none of it, or a form that cannot be compiled.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Instance};
/// use spinroute_encodings::{Error, Full};
///
/// let scores = array![[0.9, f32::NEG_INFINITY]];
/// let instance = Instance::new(scores, vec![1, 1], Demand::AtMost(1))?;
/// let form = Full::default().build(&instance)?;
/// let forbidden = Assignment::from_slots(1, vec![1]);
/// let error = form.pairs().state(&forbidden).expect_err("the pair has no binary");
/// assert_eq!(error, Error::Pair { token: 0, expert: 1 });
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// From the instance, an assignment of it or a parameter.
    #[error(transparent)]
    Core(#[from] spinroute_core::Error),
    /// From the model of binaries, or a state of it.
    #[error(transparent)]
    Ising(#[from] spinroute_ising::Error),
    /// From the model in the language.
    #[error(transparent)]
    Modelling(#[from] spinroute_modelling::Error),
    /// An instance without a pair that some assignment could hold.
    #[error("no token can take any expert: every score is -inf or every capacity 0")]
    NoPair,
    /// A pair that has no binary.
    #[error(
        "token {token} and expert {expert} have no binary: the pair is forbidden or the expert has no capacity"
    )]
    Pair {
        /// The token.
        token: usize,
        /// The expert.
        expert: usize,
    },
}
