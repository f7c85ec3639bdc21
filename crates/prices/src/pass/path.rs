//! Which path a pass takes: the fastest that the processor runs.

use super::block::{Block, Lists, Look, Slots};
use super::portable;

/// One way through a block of rows.
pub(super) type Path = fn(&[f32], &[f32], Slots<'_>, Block<'_>);

/// One way through a block of rows with lists.
pub(super) type ListedPath = fn(&[f32], &[f32], Slots<'_>, Lists<'_>, Block<'_>);

/// The way through rows.
pub(super) fn path() -> Path {
    #[cfg(target_arch = "x86_64")]
    if super::avx512::available() {
        return super::avx512::select;
    }
    portable::select
}

/// The way through rows with lists.
pub(super) fn listed_path() -> ListedPath {
    #[cfg(target_arch = "x86_64")]
    if super::avx512::available() {
        return super::avx512::select_listed;
    }
    portable::select_listed
}

/// One way to look at lists.
pub(super) type NearPath = fn(&[u32], &[f32], Look<'_>, &mut Vec<(u32, u16)>);

/// The way to look at lists.
pub(super) fn near_path() -> NearPath {
    #[cfg(target_arch = "x86_64")]
    if super::avx512::available() {
        return super::avx512::near;
    }
    portable::near
}
