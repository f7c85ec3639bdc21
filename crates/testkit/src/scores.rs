//! Kinds of scores whose sums and differences round: what a grid of quarters never shows.

/// Scores in `f32`.
///
/// ```
/// use spinroute_testkit::generate::{self, Rounding};
///
/// let instance = generate::rounding(Rounding::Offset, 20, 6, 2, 7)?;
/// assert!(instance.flat().iter().all(|&score| (1e6..=1e6 + 1.0).contains(&score)));
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rounding {
    /// Uniform in `[0, 1)`.
    Uniform,
    /// The same, about half of them 0.
    HalfZero,
    /// The same, about four fifths of them equal.
    MostlyEqual,
    /// Near 1 and about 10⁻⁶ apart: few bits tell them apart.
    NearOne,
    /// `10⁶ + u`, u uniform in `[0, 1)`: of what counts, four bits are left.
    Offset,
    /// `exp(−20 u)`: nine orders of magnitude, as softmax has them.
    Decaying,
    /// Each expert's scores of a size of its own, from 10⁻⁶ to 10⁶.
    Columns,
}

impl Rounding {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Uniform,
        Self::HalfZero,
        Self::MostlyEqual,
        Self::NearOne,
        Self::Offset,
        Self::Decaying,
        Self::Columns,
    ];

    /// The name of its family.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::HalfZero => "half_zero",
            Self::MostlyEqual => "mostly_equal",
            Self::NearOne => "near_one",
            Self::Offset => "offset",
            Self::Decaying => "decaying",
            Self::Columns => "columns",
        }
    }

    /// The score made of a uniform draw from `[0, 1)`, one from `0..10` and one for the expert, from
    /// `-6..=6`.
    #[must_use]
    pub fn score(self, uniform: f64, pick: u8, column: i32) -> f32 {
        let score = match self {
            Self::HalfZero if pick < 5 => 0.0,
            Self::MostlyEqual if pick < 8 => 0.5,
            Self::Uniform | Self::HalfZero | Self::MostlyEqual => uniform,
            Self::NearOne if pick < 5 => 1.0 + 1e-6 * (8.0 * uniform).floor(),
            Self::NearOne => 1.0 - 1e-5 * uniform,
            Self::Offset => 1e6 + uniform,
            Self::Decaying => libm::exp(-20.0 * uniform),
            Self::Columns => uniform * 10f64.powi(column),
        };
        score as f32
    }
}

/// Scores in `f64` that `f32` does not hold.
///
/// ```
/// use spinroute_testkit::generate::{self, Wide};
///
/// let instance = generate::wide(Wide::Integers, 20, 6, 2, 1)?;
/// assert!(instance.wide().is_some()); // scores that f32 does not hold stand beside
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wide {
    /// Whole numbers of either sign up to 2⁵³.
    Integers,
    /// Large and close: 10¹⁵, −10¹⁵ or 2⁵³ − 8 with differences of 1, 10⁹ with quarters.
    Close,
    /// Of either sign, from 10⁻¹⁵ to 10¹⁵.
    Mixed,
    /// Softmax, as a router that computes in `f64` has it.
    Softmax,
}

impl Wide {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Integers, Self::Close, Self::Mixed, Self::Softmax];

    /// The name of its family.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Integers => "wide_integers",
            Self::Close => "wide_close",
            Self::Mixed => "wide_mixed",
            Self::Softmax => "wide_softmax",
        }
    }

    /// A row of scores, made of a uniform draw from `[0, 1)` and one from `0..10` for each expert,
    /// and one from `0..4` for the whole instance.
    #[must_use]
    pub fn row(self, draws: &[(f64, u8)], variant: u8) -> Vec<f64> {
        let sign = |pick: u8| if pick < 5 { 1.0 } else { -1.0 };
        let score = |&(uniform, pick): &(f64, u8)| match self {
            Self::Integers if pick == 0 => 2f64.powi(24) + (4.0 * uniform).floor(),
            Self::Integers => sign(pick) * (2f64.powi(53) * uniform).floor(),
            Self::Close => match variant {
                0 => 1e15 + (8.0 * uniform).floor(),
                1 => -1e15 - (8.0 * uniform).floor(),
                2 => 2f64.powi(53) - (8.0 * uniform).floor(),
                _ => 1e9 + (8.0 * uniform).floor() / 4.0,
            },
            Self::Mixed => {
                sign(pick) * libm::exp(std::f64::consts::LN_10 * (30.0 * uniform - 15.0))
            }
            Self::Softmax => 6.0 * uniform - 3.0,
        };
        let row: Vec<f64> = draws.iter().map(score).collect();
        if self == Self::Softmax { softmax(&row) } else { row }
    }
}

/// `exp(x) / Σ exp(x)`, shifted by the largest so that nothing overflows.
pub(crate) fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|x| libm::exp(x - largest)).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / total).collect()
}
