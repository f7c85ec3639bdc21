//! What an instance asks for beyond one capacity an expert.

use crate::{Error, Instance};

/// What an instance may ask for beyond one `k` and one capacity an expert.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Feature, Instance};
///
/// let zeros = Array2::<f32>::zeros((4, 2));
/// let plain = Instance::new(zeros.clone(), vec![4, 4], Demand::Exactly(1))?;
/// assert!(plain.features().is_empty());
/// let masked = Instance::builder(zeros).demands(&[1, 1, 0, 1]).build()?;
/// assert_eq!(masked.features(), [Feature::Demands]);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Tokens that take different numbers of experts, or none.
    Demands,
    /// Experts with a minimum load.
    Minimums,
    /// Groups whose limits can bind.
    Groups,
    /// Units beyond a capacity, at a cost.
    Overflow,
    /// Units that gain.
    Rewards,
}

impl std::fmt::Display for Feature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Demands => "uneven demands",
            Self::Minimums => "minimum loads",
            Self::Groups => "limits of groups",
            Self::Overflow => "overflow at a cost",
            Self::Rewards => "rewards",
        })
    }
}

impl Instance {
    /// What this instance asks for beyond one `k` and one capacity an expert.
    #[must_use]
    pub fn features(&self) -> Vec<Feature> {
        let asked = [
            (self.demands().is_some(), Feature::Demands),
            (self.minimums().is_some(), Feature::Minimums),
            (self.groups().is_some_and(|_| self.groups_bind()), Feature::Groups),
            (self.overflow().up_to > 0, Feature::Overflow),
            (self.reward().up_to > 0, Feature::Rewards),
        ];
        asked.into_iter().filter_map(|(asked, feature)| asked.then_some(feature)).collect()
    }

    /// Refuses an instance that asks for more than `known`, in the name of `solver`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with what is missing.
    pub fn supported(&self, solver: &str, known: &[Feature]) -> Result<(), Error> {
        let missing = self.features().into_iter().filter(|feature| !known.contains(feature));
        let missing: Vec<String> = missing.map(|feature| feature.to_string()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        Err(Error::Unsupported(format!("{solver} does not honour {missing}; flow does")))
    }
}
