//! A table of scores or logits, tokens × experts.

use ndarray::Array2;

use super::{Error, File, Rows, Transform, tensors};

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
) -> Result<Array2<f32>, Error> {
    let array =
        tensors::open(file, tensor, "--tensor", |kind, shape| kind.is_float() && shape.len() == 2)?;
    array.want_floats()?;
    let (tokens, _) = array.want_table("tokens", "experts")?;
    let mut scores = array.rows(rows.within(tokens, &array.place)?)?;
    transform.apply(&mut scores);
    Ok(scores)
}
