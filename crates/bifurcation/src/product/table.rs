//! Tables of values, the agents of a variable side by side.

use aligned_vec::AVec;

/// Agents in a vector register of 512 bits.
///
/// ```
/// use spinroute_bifurcation::LANES;
///
/// assert_eq!(LANES * size_of::<f32>() * 8, 512);
/// ```
pub const LANES: usize = 16;

/// A batch of values that starts on a cache line.
pub(crate) type Table = AVec<f32>;

/// A table of zeros.
pub(crate) fn zeros(len: usize) -> Table {
    AVec::from_iter(aligned_vec::CACHELINE_ALIGN, std::iter::repeat_n(0.0, len))
}
