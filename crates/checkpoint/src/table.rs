//! A table of scores or logits, tokens × experts.

use ndarray::Array2;
use spinroute_core::{Demand, Instance, Scores};

use crate::array::Kind;
use crate::error::Argument;
use crate::{Error, File, Rows, Transform, tensors};

/// Scores as their file has them, tokens × experts.
///
/// ```
/// use spinroute_checkpoint::{File, Rows, Transform, npy, read_table};
/// use spinroute_core::Demand;
///
/// let file = File::from_bytes("scores.npy", npy::encode_f32(&[2, 2], &[0.9, 0.8, 0.7, 0.1]));
/// let table = read_table(&file, None, Transform::None, Rows::ALL)?;
/// assert_eq!(table.dim(), (2, 2));
/// let instance = table.instance(vec![1, 1], Demand::Exactly(1))?;
/// assert_eq!(instance.scores(1), [0.7, 0.1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Table {
    /// From f16, bf16 or f32, each of which `f32` holds.
    F32(Array2<f32>),
    /// From f64.
    F64(Array2<f64>),
}

impl Table {
    /// Tokens and experts.
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::F32(scores) => scores.dim(),
            Self::F64(scores) => scores.dim(),
        }
    }

    /// Transforms every row in place, in the precision of the table.
    pub fn transform(&mut self, transform: Transform) {
        match self {
            Self::F32(scores) => transform.apply(scores),
            Self::F64(scores) => transform.apply(scores),
        }
    }

    /// The instance of these scores: [`Instance::from_f64`] where they are f64, so that objective
    /// and bound are about what the file holds.
    ///
    /// # Errors
    /// Of [`Instance::new`].
    pub fn instance(
        self,
        capacity: Vec<u32>,
        demand: Demand,
    ) -> Result<Instance, spinroute_core::Error> {
        Instance::new(self, capacity, demand)
    }
}

impl From<Table> for Scores {
    /// [`Scores::wide`] where they are f64.
    fn from(table: Table) -> Self {
        match table {
            Table::F32(scores) => scores.into(),
            Table::F64(scores) => Self::wide(scores),
        }
    }
}

/// Reads `tokens × experts` scores from a `.npy` file (f16, f32, f64; either order of memory and
/// bytes) or from a 2-D tensor of a `.safetensors` file (f16, bf16, f32, f64). The `tensor` may be
/// left out if the file holds only one that fits.
///
/// # Errors
/// If the file is malformed, has no such tensor, or a value is NaN, +∞ or beyond `f32`.
pub fn read_table(
    file: &File,
    tensor: Option<&str>,
    transform: Transform,
    rows: Rows,
) -> Result<Table, Error> {
    let array = tensors::open(file, tensor, Some(Argument::Tensor), |kind, shape| {
        kind.is_float() && shape.len() == 2
    })?;
    array.want_floats()?;
    let (tokens, _) = array.want_table("tokens", "experts")?;
    let rows = rows.within(tokens, &array.place)?;
    let mut table = match array.kind {
        Kind::F64 => Table::F64(array.wide_rows(rows)?),
        _ => Table::F32(array.rows(rows)?),
    };
    table.transform(transform);
    Ok(table)
}
