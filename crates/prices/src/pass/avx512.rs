//! The pass with AVX-512: a bound from the lane maxima, then only the few scores above it.
//!
//! Sixteen lanes each keep the maximum of what passed through them. These are sixteen different
//! scores, so the (k+1)-th largest of them is a lower bound of the row's (k+1)-th largest score.
//! The scores not below the bound, about a dozen, are compressed into one register and sorted;
//! the k-th and the next value then split the candidates. Where more than sixteen pass, the
//! (k+1)-th largest of the first sixteen is a better bound; where still more do (ties), sorted
//! vectors are merged to the best sixteen. Rows of `k > 15` take the scalar way.
//!
//! Tokens go through the stages in small batches: a vector load just behind the overlapping
//! stores of [`collect`] would wait for each of them to leave the store buffer (2.5 times slower).
//! Tried and slower: compressing straight to memory (microcoded on some processors).
#![allow(unsafe_code)]

mod listed;
mod near;
mod rows;
mod shortlist;
mod vectors;

pub(super) use listed::select_listed;
pub(super) use near::near;
pub(super) use rows::select;

/// Whether this processor runs the path.
pub(super) fn available() -> bool {
    std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("popcnt")
}
