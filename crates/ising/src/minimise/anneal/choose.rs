//! Which form of the inner loop a model gets.
//!
//! | form | chosen for | kept | a flip |
//! |---|---|---|---|
//! | [`Bytes`] | integer couplings of a byte, dense or nearly | `i16` fields | a row of bytes |
//! | [`Lanes`](super::lanes) | integer couplings, sparse, several reads | `i16` fields of all reads | the neighbours |
//! | [`Graph`] of `i32` | integer couplings, sparse, few reads | `i32` fields | the neighbours |
//! | [`Graph`] of `f64` | other sparse couplings | `f64` fields | the neighbours |
//! | [`Floats`] | other dense couplings | `f32` fields | a row of `f32` |
//! | [`Blocks`] | structured couplings | block sums | the sums of the spin's blocks |

use super::kernel::{Blocks, Bytes, Floats, Graph};
use crate::integers::CommonUnit;
use crate::{AnyCouplings, Ising, Sparse};

/// The form chosen for a model.
pub(super) enum Choice<'a> {
    Bytes(Bytes<'a>),
    Integers(Graph<'a, i32>),
    Lanes8(Graph<'a, i32>),
    Lanes16(Graph<'a, i32>),
    Reals(Graph<'a, f64>),
    Floats(Floats<'a>),
    Blocks(Blocks<'a>),
}

/// The largest field of the integer forms: an `i16`, and the length of a table.
const INTEGER: f64 = 32_767.0;

/// Fewer reads than this advance one by one.
const FEW: usize = 3;

/// Chooses the form for a model and a number of reads.
pub(super) fn choose(model: &Ising, reads: usize) -> Choice<'_> {
    let units = CommonUnit::of(model).filter(|units| units.field <= INTEGER);
    let bytes = units.filter(|units| units.coupling <= f64::from(i8::MAX));
    match (model.couplings(), units) {
        (AnyCouplings::Structured(couplings), _) => Choice::Blocks(Blocks::new(model, couplings)),
        (AnyCouplings::Dense(dense), _) => match bytes {
            Some(units) => Choice::Bytes(Bytes::new(model, units)),
            None => Choice::Floats(Floats::new(model, dense)),
        },
        (AnyCouplings::Sparse(sparse), None) => Choice::Reals(Graph::reals(model, sparse)),
        (AnyCouplings::Sparse(sparse), Some(units)) => match bytes {
            Some(units) if rows_are_faster(sparse, reads) => {
                Choice::Bytes(Bytes::new(model, units))
            }
            _ => {
                let graph = Graph::new(model, sparse, units, |value| units.integer(value));
                // How many reads advance together does not change what each of them does, so this
                // may depend on the threads.
                match reads.div_ceil(rayon::current_num_threads()) {
                    _ if reads < FEW => Choice::Integers(graph),
                    0..=8 => Choice::Lanes8(graph),
                    _ => Choice::Lanes16(graph),
                }
            }
        },
    }
}

/// Whether rows of bytes, one read after another, beat neighbours, several reads at once.
///
/// In cycles a variable, as measured: a read needs 12 for a proposal and, for the three of ten that
/// flip, one for 13 bytes of a row; a group of reads needs 25, and 1.3 for each neighbour; a read
/// alone needs 12, and 2 for each neighbour of those that flip.
fn rows_are_faster(sparse: &Sparse, reads: usize) -> bool {
    const FLIPS: f64 = 0.3;
    let n = sparse.offsets().len() as f64 - 1.0;
    let degree = sparse.columns().len() as f64 / n;
    let rows = reads as f64 * (12.0 + FLIPS * n / 13.0);
    let neighbours = if reads < FEW {
        reads as f64 * (12.0 + FLIPS * 2.0 * degree)
    } else {
        reads.div_ceil(16) as f64 * (25.0 + 1.3 * degree)
    };
    rows < neighbours
}
