//! Score tables, however they come.

use ndarray::{ArcArray2, Array2, ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use crate::Error;

/// A score table (`tokens × experts`) as [`Instance::new`](crate::Instance::new) and
/// [`Instance::builder`](crate::Instance::builder) take it.
///
/// Owned and shared row-major tables of `f32` are kept without a copy; views, references, other memory orders
/// and other types are copied once.
///
/// | from | by |
/// |---|---|
/// | `Array2<f32>`, `ArcArray2<f32>`, `ArrayView2<f32>`, `&Array2<f32>`, `&ArcArray2<f32>` | `into()` |
/// | `(&[f32], [tokens, experts])`, `(Vec<f32>, [tokens, experts])`, row-major | `into()` |
/// | a table of what `f32` holds: `f16`, `bf16` (crate `half`), `i8`, `u8`, `i16`, `u16` | [`Scores::widened`] |
/// | a table of `f64` | [`Scores::wide`] |
///
/// ```
/// use ndarray::{Array2, array};
/// use spinroute_core::{Demand, Instance, Scores};
///
/// let table: Array2<f32> = array![[0.9, 0.8], [0.7, 0.1]];
/// let new = |scores: Scores| Instance::new(scores, vec![1, 1], Demand::Exactly(1));
/// let flat = [0.9f32, 0.8, 0.7, 0.1];
/// assert_eq!(new((&table).into())?.flat(), new((&flat[..], [2, 2]).into())?.flat());
/// assert!(new((&flat[..], [2, 3]).into()).is_err()); // no table of that shape
/// let quantised = array![[9u8, 8], [7, 1]];
/// assert_eq!(new(Scores::widened(&quantised))?.scores(1), [7.0, 1.0]);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scores(pub(crate) Result<Table, Error>);

/// Tables as they come.
#[derive(Clone, Debug)]
pub(crate) enum Table {
    Narrow(ArcArray2<f32>),
    Wide(ArcArray2<f64>),
}

impl Scores {
    /// Scores in `f64`. They are narrowed to `f32` for the solvers that look at these; where that changes
    /// any, they are kept as they are as well, for objectives, bounds and exact solvers.
    #[must_use]
    pub fn wide(scores: impl Into<ArcArray2<f64>>) -> Self {
        Self(Ok(Table::Wide(scores.into())))
    }

    /// Scores of a type all of whose values `f32` holds, copied.
    #[must_use]
    pub fn widened<S>(scores: &ArrayBase<S, Ix2>) -> Self
    where
        S: Data,
        S::Elem: Copy + Into<f32>,
    {
        Self::from(scores.mapv(Into::into))
    }
}

impl From<Array2<f32>> for Scores {
    fn from(scores: Array2<f32>) -> Self {
        Self(Ok(Table::Narrow(scores.into_shared())))
    }
}

impl From<ArcArray2<f32>> for Scores {
    fn from(scores: ArcArray2<f32>) -> Self {
        Self(Ok(Table::Narrow(scores)))
    }
}

impl From<ArrayView2<'_, f32>> for Scores {
    fn from(scores: ArrayView2<'_, f32>) -> Self {
        Self::from(scores.to_owned())
    }
}

impl From<&Array2<f32>> for Scores {
    fn from(scores: &Array2<f32>) -> Self {
        Self::from(scores.clone())
    }
}

impl From<&ArcArray2<f32>> for Scores {
    fn from(scores: &ArcArray2<f32>) -> Self {
        Self::from(scores.clone())
    }
}

impl From<(Vec<f32>, [usize; 2])> for Scores {
    fn from((scores, [tokens, experts]): (Vec<f32>, [usize; 2])) -> Self {
        let got = scores.len();
        let table = Array2::from_shape_vec((tokens, experts), scores);
        let shape = |_| Error::Shape { got, tokens, experts };
        Self(table.map(|table| Table::Narrow(table.into_shared())).map_err(shape))
    }
}

impl From<(&[f32], [usize; 2])> for Scores {
    fn from((scores, shape): (&[f32], [usize; 2])) -> Self {
        Self::from((scores.to_vec(), shape))
    }
}

/// A checked score table: row-major, no NaN, no `+∞`. A clone is a pointer.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) narrow: ArcArray2<f32>,
    /// As given, where `f32` does not hold all.
    pub(crate) wide: Option<ArcArray2<f64>>,
    /// Whether some pair is forbidden.
    pub(crate) forbidden: bool,
}

impl Table {
    pub(crate) fn dim(&self) -> (usize, usize) {
        match self {
            Self::Narrow(scores) => scores.dim(),
            Self::Wide(scores) => scores.dim(),
        }
    }

    /// Refuses what is no score, with its first place. Both dimensions are at least 1.
    pub(crate) fn check(self) -> Result<Checked, Error> {
        match self {
            Self::Narrow(scores) => {
                let narrow = row_major(scores);
                let forbidden = check(flat(&narrow), narrow.ncols())?;
                Ok(Checked { narrow, wide: None, forbidden })
            }
            Self::Wide(scores) => {
                let wide = row_major(scores);
                let experts = wide.ncols();
                let beyond = |s: &f64| (*s as f32).is_infinite() && *s > f64::NEG_INFINITY;
                if let Some(i) = flat(&wide).iter().position(|s| s.is_nan() || beyond(s)) {
                    let value = flat(&wide)[i];
                    return Err(Error::Score { token: i / experts, expert: i % experts, value });
                }
                let narrow = wide.mapv(|s| s as f32).into_shared();
                let pairs = flat(&narrow).par_iter().zip(flat(&wide));
                let wide = pairs.any(|(&narrow, &s)| f64::from(narrow) != s).then_some(wide);
                let forbidden = flat(&narrow).contains(&f32::NEG_INFINITY);
                Ok(Checked { narrow, wide, forbidden })
            }
        }
    }
}

fn row_major<S: Clone>(scores: ArcArray2<S>) -> ArcArray2<S> {
    if scores.is_standard_layout() { scores } else { scores.as_standard_layout().into_shared() }
}

/// The elements of a table that [`row_major`] made.
pub(crate) fn flat<S>(scores: &ArcArray2<S>) -> &[S] {
    scores.as_slice().unwrap_or_else(|| unreachable!("row-major since construction"))
}

/// Refuses NaN and +∞ with the first place; tells whether some pair is forbidden.
fn check(flat: &[f32], experts: usize) -> Result<bool, Error> {
    // Blocks of a size that does not depend on the number of threads; without a branch inside,
    // so that the compiler vectorises: this reads the whole table.
    let blocks = flat.par_chunks(1 << 16).map(|block| {
        let refused = block.iter().fold(false, |bad, s| bad | s.is_nan() | (*s == f32::INFINITY));
        let forbidden = block.iter().fold(false, |any, s| any | (*s == f32::NEG_INFINITY));
        (refused, forbidden)
    });
    let (refused, forbidden) = blocks.reduce(|| (false, false), |a, b| (a.0 | b.0, a.1 | b.1));
    if refused && let Some(i) = flat.iter().position(|s| s.is_nan() || *s == f32::INFINITY) {
        let value = f64::from(flat[i]);
        return Err(Error::Score { token: i / experts, expert: i % experts, value });
    }
    Ok(forbidden)
}
