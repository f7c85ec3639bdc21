//! The pump: what drives the oscillators through their bifurcation.

/// How the pump `a` goes over the steps; at 1 it cancels the stiffness of the oscillators.
///
/// ```
/// use spinroute_bifurcation::Pump;
///
/// assert_eq!([0, 5, 10].map(|step| Pump::Linear.at(step, 11)), [0.0, 0.5, 1.0]);
/// let pump: Pump = serde_json::from_str("[0.25, 1.25, 0.75]")?;
/// assert_eq!((pump.at(5, 21), pump.lowest()), (0.75, 0.25));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", expecting = "expected \"linear\" or a list of numbers")]
pub enum Pump {
    /// From 0 at the first step to 1 at the last.
    #[default]
    Linear,
    /// Through the given values at evenly spaced times, linear in between; one is a constant.
    #[serde(untagged)]
    Through(Vec<f64>),
}

impl Pump {
    /// The pump at a step of `steps`.
    #[must_use]
    pub fn at(&self, step: usize, steps: usize) -> f64 {
        let time = step as f64 / (steps.max(2) - 1) as f64;
        match self {
            Self::Linear => time.min(1.0),
            Self::Through(values) => {
                let Some(last) = values.len().checked_sub(1) else { return 0.0 };
                let place = (time * last as f64).min(last as f64);
                let (before, part) = (place as usize, place.fract());
                let after = (before + 1).min(last);
                values[before] + part * (values[after] - values[before])
            }
        }
    }

    /// The lowest value: where the oscillators are stiffest.
    #[must_use]
    pub fn lowest(&self) -> f64 {
        match self {
            Self::Linear => 0.0,
            Self::Through(values) => values.iter().copied().fold(f64::INFINITY, f64::min),
        }
    }

    /// Checks the given values, or says which they are.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Through(values) if values.is_empty() || values.iter().any(|a| !a.is_finite()) => {
                Err(format!("{values:?}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pumps_pass_through_their_values() {
        assert_eq!([0, 5, 10].map(|step| Pump::Linear.at(step, 11)), [0.0, 0.5, 1.0]);
        let pump = Pump::Through(vec![0.25, 1.25, 0.75]);
        assert_eq!([0, 5, 10, 15, 20].map(|t| pump.at(t, 21)), [0.25, 0.75, 1.25, 1.0, 0.75]);
        assert_eq!(pump.lowest(), 0.25);
        assert_eq!(Pump::Through(vec![0.5]).at(3, 9), 0.5);
        assert_eq!(Pump::Linear.at(0, 1), 0.0);
        assert!(Pump::Through(vec![]).check().is_err());
        assert!(Pump::Through(vec![f64::NAN]).check().is_err());
    }
}
