//! What can go wrong.

/// A problem that is none, an answer that breaks its rules, or a method that cannot take it.
///
/// ```
/// use ndarray::array;
/// use spinroute_placement::{Error, Placement};
/// let error = Placement::new(array![[1.0, 2.0, 3.0]], vec![], 2, 0.0).expect_err("three on two");
/// assert_eq!(error, Error::Devices { experts: 3, devices: 2 });
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
    /// Experts that do not divide evenly among the devices.
    #[error("{experts} experts do not divide into equal shares for {devices} devices")]
    Devices {
        /// Experts a layer.
        experts: usize,
        /// Devices.
        devices: usize,
    },
    /// A device that holds too many or too few experts of a layer.
    #[error("device {device} holds {got} experts of layer {layer}, its share is {want}")]
    Share {
        /// The layer.
        layer: usize,
        /// The device.
        device: usize,
        /// Experts it holds.
        got: usize,
        /// Experts it has to hold.
        want: usize,
    },
    /// A device that does not exist.
    #[error("expert {expert} of layer {layer} is on device {device} of {devices}")]
    Device {
        /// The layer.
        layer: usize,
        /// The expert.
        expert: usize,
        /// Where it is said to be.
        device: u32,
        /// Number of devices.
        devices: usize,
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
            broken @ (Self::Share { .. } | Self::Device { .. }) => Self::Defect(broken.to_string()),
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
        let share = Error::Share { layer: 0, device: 1, got: 3, want: 2 };
        assert!(matches!(share.in_method(), Error::Defect(_)));
        let core = Error::Core(Violation::Repeated { token: 1, expert: 0 }.into());
        assert!(matches!(core.in_method(), Error::Core(spinroute_core::Error::Defect(_))));
        let devices = Error::Devices { experts: 3, devices: 2 };
        assert_eq!(devices.clone().in_method(), devices);
    }
}
