//! How many experts a token takes.

/// How many experts each token takes.
///
/// Where tokens differ ([`Builder::demands`](crate::Builder::demands)), `k` is the most that any of them may
/// take: the number of slots of a row.
///
/// ```
/// use spinroute_core::Demand;
///
/// assert_eq!((Demand::AtMost(2).k(), Demand::AtMost(2).is_exact()), (2, false));
/// assert_eq!((Demand::Exactly(1).k(), Demand::Exactly(1).is_exact()), (1, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// Up to `k`: a slot may stay empty (a *dropped* slot).
    AtMost(u32),
    /// Exactly `k`: every slot is filled.
    Exactly(u32),
}

impl Demand {
    /// The number of slots per token.
    #[must_use]
    pub fn k(self) -> usize {
        match self {
            Self::AtMost(k) | Self::Exactly(k) => k as usize,
        }
    }

    /// Whether every slot must be filled.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}
