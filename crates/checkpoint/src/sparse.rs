//! Candidates of each token, with weights; every other pair is forbidden.

use std::ops::Range;

use ndarray::{Array2, NdFloat};

use crate::array::{Kind, RawArray, is_score};
use crate::error::{Argument, Mend};
use crate::{Error, File, Rows, Table, Transform, tensors};

/// The most experts that are concluded from the ids alone. A stray id in a small file must not make
/// a huge table; [`Sparse::experts`] goes beyond.
pub const MAX_DERIVED_EXPERTS: usize = 4096;

/// The most pairs of a table, forbidden ones included: 16 GiB of scores.
const MAX_PAIRS: usize = 1 << 32;

/// Where candidates and weights lie: `tokens × candidates` each, or `tokens × layers × candidates`.
///
/// ```
/// use spinroute_checkpoint::{File, Rows, Sparse, Table, Transform, npy, read_sparse};
///
/// // Two tokens, of which each lists one of three experts.
/// let ids = File::from_bytes("ids.npy", npy::encode_u32(&[2, 1], &[2, 0]));
/// let weights = File::from_bytes("weights.npy", npy::encode_f32(&[2, 1], &[0.75, 0.5]));
/// let candidates = Sparse {
///     ids: &ids,
///     weights: &weights,
///     ids_tensor: None,
///     weights_tensor: None,
///     layer: None,
///     experts: None, // the largest id plus one
/// };
/// let Table::F32(scores) = read_sparse(candidates, Transform::None, Rows::ALL)? else { panic!() };
/// let none = f32::NEG_INFINITY;
/// assert_eq!(scores, ndarray::array![[none, none, 0.75], [0.5, none, none]]);
/// # Ok::<(), spinroute_checkpoint::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Sparse<'a> {
    /// Whole numbers: experts.
    pub ids: &'a File,
    /// Floats: their weights.
    pub weights: &'a File,
    /// The tensor of `ids`, if its file holds several that fit.
    pub ids_tensor: Option<&'a str>,
    /// The tensor of `weights`, if its file holds several that fit.
    pub weights_tensor: Option<&'a str>,
    /// Which layer, for three dimensions.
    pub layer: Option<usize>,
    /// The number of experts; the largest id plus one if left out.
    pub experts: Option<usize>,
}

/// Reads `tokens × experts` scores; pairs that are not listed are -∞. The transform sees the listed
/// weights only.
///
/// # Errors
/// If a file is malformed, the shapes differ, an expert is listed twice for a token or out of
/// range, or a weight is NaN or +∞.
pub fn read_sparse(sparse: Sparse<'_>, transform: Transform, rows: Rows) -> Result<Table, Error> {
    let deep = |shape: &[usize]| shape.len() == 2 || shape.len() == 3;
    let ids =
        tensors::open(sparse.ids, sparse.ids_tensor, Some(Argument::IdsTensor), |kind, shape| {
            !kind.is_float() && deep(shape)
        })?;
    let weights = tensors::open(
        sparse.weights,
        sparse.weights_tensor,
        Some(Argument::WeightsTensor),
        |kind, shape| kind.is_float() && deep(shape),
    )?;
    ids.want_integers()?;
    weights.want_floats()?;
    let slice = Slice::new(&ids, sparse.layer)?;
    if ids.shape != weights.shape {
        return Err(weights.wrong_shape(format!("the ids are {:?}; both must agree", ids.shape)));
    }
    let rows = rows.within(ids.shape[0], &ids.place)?;
    let experts = experts(&ids, &slice, rows.clone(), sparse.experts)?;
    let listed = Listed { ids, weights, slice, rows, experts };
    let mut table = match listed.weights.kind {
        Kind::F64 => Table::F64(listed.table(|weight| weight)?),
        _ => Table::F32(listed.table(|weight| weight as f32)?),
    };
    table.transform(transform);
    Ok(table)
}

/// Candidates that were found to fit together.
struct Listed<'a> {
    ids: RawArray<'a>,
    weights: RawArray<'a>,
    slice: Slice,
    rows: Range<usize>,
    experts: usize,
}

impl Listed<'_> {
    /// The scores, weights converted by `of`.
    fn table<F: NdFloat>(&self, of: impl Fn(f64) -> F) -> Result<Array2<F>, Error> {
        let Self { ids, weights, slice, rows, experts } = self;
        let mut scores = Array2::from_elem((rows.len(), *experts), F::neg_infinity());
        let mut seen = vec![usize::MAX; *experts];
        for (row, t) in rows.clone().enumerate() {
            for slot in 0..slice.candidates {
                let expert = slice.id(ids, t, slot)? as usize;
                if std::mem::replace(&mut seen[expert], t) == t {
                    let value = format!("expert {expert} stands twice");
                    return Err(slice.wrong(ids, t, slot, value, "list an expert once a token"));
                }
                let weight = weights.float(weights.position(&slice.at(t, slot)));
                if !is_score(weight) {
                    let value = format!("the weight is {weight:e}");
                    let mend = "weights are finite in f32, or -inf to forbid a pair";
                    return Err(slice.wrong(weights, t, slot, value, mend));
                }
                scores[[row, expert]] = of(weight);
            }
        }
        Ok(scores)
    }
}

/// One layer of candidates.
struct Slice {
    layer: Option<usize>,
    candidates: usize,
}

impl Slice {
    fn new(ids: &RawArray<'_>, layer: Option<usize>) -> Result<Self, Error> {
        match (&*ids.shape, layer) {
            (&[tokens, candidates], None) if tokens > 0 && candidates > 0 => {
                Ok(Self { layer: None, candidates })
            }
            (&[tokens, layers, candidates], Some(layer))
                if tokens > 0 && candidates > 0 && layer < layers =>
            {
                Ok(Self { layer: Some(layer), candidates })
            }
            (&[_, layers, _], _) => {
                let before = format!("choose one of its {layers} layers with ");
                Err(ids.wrong_shape(Mend::with(before, Argument::Layer, "")))
            }
            (&[_, _], Some(_)) => {
                let before = "tokens × candidates have no layers; leave ";
                Err(ids.wrong_shape(Mend::with(before, Argument::Layer, " out")))
            }
            _ => {
                let want = "expected tokens × candidates, or tokens × layers × candidates";
                Err(ids.wrong_shape(want))
            }
        }
    }

    /// The index of a candidate.
    fn at(&self, t: usize, slot: usize) -> Vec<usize> {
        match self.layer {
            Some(layer) => vec![t, layer, slot],
            None => vec![t, slot],
        }
    }

    fn id(&self, ids: &RawArray<'_>, t: usize, slot: usize) -> Result<u32, Error> {
        let value = ids.integer(ids.position(&self.at(t, slot))).unwrap_or(-1);
        u32::try_from(value).map_err(|_| {
            self.wrong(ids, t, slot, format!("{value} is no expert"), "experts count from 0")
        })
    }

    fn wrong(
        &self,
        array: &RawArray<'_>,
        t: usize,
        slot: usize,
        value: String,
        mend: impl Into<Mend>,
    ) -> Error {
        let byte = array.byte(array.position(&self.at(t, slot)));
        let place = format!("{}, token {t}, candidate {slot} (byte {byte})", array.place);
        Error::Value { place, value, mend: mend.into() }
    }
}

/// The number of experts: as given, where no id may exceed it, or the largest id plus one.
fn experts(
    ids: &RawArray<'_>,
    slice: &Slice,
    rows: Range<usize>,
    given: Option<usize>,
) -> Result<usize, Error> {
    let limit = given.unwrap_or(MAX_DERIVED_EXPERTS);
    let tokens = rows.len();
    if tokens.checked_mul(limit).is_none_or(|pairs| given.is_some() && pairs > MAX_PAIRS) {
        let before = format!("{tokens} tokens × {limit} experts are too large; take fewer ");
        return Err(ids.wrong_shape(Mend::with(before, Argument::Rows, "")));
    }
    let mut largest = 0;
    for t in rows {
        for slot in 0..slice.candidates {
            let id = slice.id(ids, t, slot)? as usize;
            if id >= limit {
                let value = format!("expert {id}, of only {limit}");
                let mend = Mend::with("say how many there are: ", Argument::Experts, "");
                return Err(slice.wrong(ids, t, slot, value, mend));
            }
            largest = largest.max(id);
        }
    }
    Ok(given.unwrap_or(largest + 1))
}
