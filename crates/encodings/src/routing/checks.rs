//! Parameters that are refused, and errors of the forms as errors of the instance.

use spinroute_core::{Error, registry::Param};

/// An error of a form of the instance, as one of the instance.
pub(super) fn as_core(error: impl Into<crate::Error>) -> Error {
    use spinroute_ising::Error as Ising;
    use spinroute_modelling::Error as Language;
    match error.into() {
        crate::Error::Core(error) => error,
        crate::Error::Ising(error) | crate::Error::Modelling(Language::Ising(error)) => match error
        {
            Ising::Parameter { name, value, mend } => Error::Parameter { name, value, mend },
            // Scores whose energies overflow, or more pairs than a model has variables.
            large @ (Ising::NotFinite { .. } | Ising::TooLarge { .. }) => {
                Error::Unsupported(large.to_string())
            }
            // The model is made here: all else that is wrong with it is our doing.
            other => Error::Defect(other.to_string()),
        },
        other => Error::Defect(other.to_string()),
    }
}

/// Refuses a weight far from 1: energies would overflow, or lose what is not weighted.
pub(super) fn moderate(param: &Param, value: f64) -> Result<(), Error> {
    if (1e-6..=1e6).contains(&value) {
        return Ok(());
    }
    Err(param.refuse(&value).into())
}

/// Refuses a parameter that is not positive and finite.
pub(super) fn positive(param: &Param, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(param.refuse(&value).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_model_made_here_is_a_defect() {
        use spinroute_ising::Error as E;
        for ours in [
            E::Variable { variable: 3, variables: 2 },
            E::Length { what: "a state", want: 3, got: 2 },
            E::SelfCoupling { variable: 1 },
        ] {
            assert!(matches!(as_core(ours.clone()), Error::Defect(_)), "{ours}");
        }
        let large = E::NotFinite { what: "coupling", index: 0, value: f64::INFINITY };
        assert!(matches!(as_core(large), Error::Unsupported(_)));
    }
}
