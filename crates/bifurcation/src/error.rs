//! What can go wrong.

/// A run that cannot be made.
///
/// ```
/// use spinroute_bifurcation::{Bifurcation, Error};
/// use spinroute_core::Run;
/// use spinroute_ising::{Ising, Minimiser, Sparse};
///
/// let model = Ising::new(vec![0.0; 2], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// let hasty = Bifurcation { time_step: Some(9.0), ..Bifurcation::default() };
/// let error = hasty.traced(&model, &mut Run::new(1)).unwrap_err();
/// assert!(matches!(error, Error::Unstable { time_step: 9.0, .. }));
/// // The same in the terms of all minimisers.
/// let same = hasty.minimise(&model, &mut Run::new(1)).unwrap_err();
/// assert_eq!(same.to_string(), error.to_string());
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter out of its range, or a model that cannot be used.
    #[error(transparent)]
    Model(#[from] spinroute_ising::Error),
    /// A time step with which the integration would diverge.
    #[error(
        "a time step of {time_step} is unstable with coupling {coupling:.6}: it is below {limit:.6}, \
         or null for one that fits"
    )]
    Unstable {
        /// What was asked for.
        time_step: f64,
        /// The coupling constant.
        coupling: f64,
        /// The limit of stability.
        limit: f64,
    },
}

impl From<Error> for spinroute_ising::Error {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        match error {
            Error::Model(error) => error,
            Error::Unstable { time_step, .. } => {
                Self::Unsuited { name: "time_step", value: time_step.to_string(), reason }
            }
        }
    }
}
