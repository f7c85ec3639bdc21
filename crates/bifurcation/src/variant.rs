//! The variants of the dynamics, each in a file of its own.

pub(crate) mod adiabatic;
mod ballistic;
mod discrete;

pub use adiabatic::Adiabatic;
pub use ballistic::Ballistic;
pub use discrete::Discrete;

/// Which variant.
///
/// ```
/// use spinroute_bifurcation::Mode;
///
/// let mode: Mode = serde_json::from_str("\"discrete\"")?;
/// assert!(mode.is_discrete());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nonlinear oscillators without walls.
    Adiabatic,
    /// Linear oscillators between walls.
    Ballistic,
    /// Linear oscillators between walls, coupled by their signs.
    Discrete,
}

impl Mode {
    /// Whether the couplings see the signs of the positions, not the positions.
    #[must_use]
    pub fn is_discrete(self) -> bool {
        self == Self::Discrete
    }
}
