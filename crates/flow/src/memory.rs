//! The memory of a residual graph, kept from one solve to the next.

use crate::holdings;

/// What a graph is made of, kept from one to the next.
pub(crate) struct Memory<S> {
    pub(crate) position: Vec<u32>,
    pub(crate) active: Vec<u32>,
    pub(crate) moved: Vec<bool>,
    pub(crate) open: Vec<S>,
    pub(crate) listed: Vec<Vec<(u32, S)>>,
    pub(crate) least: Vec<f64>,
    pub(crate) second: Vec<f64>,
    pub(crate) stale: Vec<u64>,
    pub(crate) held: Vec<usize>,
    pub(crate) holdings: holdings::Memory,
}

impl<S> Default for Memory<S> {
    fn default() -> Self {
        Self {
            position: Vec::new(),
            active: Vec::new(),
            moved: Vec::new(),
            open: Vec::new(),
            listed: Vec::new(),
            least: Vec::new(),
            second: Vec::new(),
            stale: Vec::new(),
            held: Vec::new(),
            holdings: holdings::Memory::default(),
        }
    }
}

/// An emptied list with `value` in every place.
pub(crate) fn anew<T: Clone>(mut list: Vec<T>, places: usize, value: T) -> Vec<T> {
    list.clear();
    list.resize(places, value);
    list
}

/// An emptied list.
pub(crate) fn emptied<T>(mut list: Vec<T>) -> Vec<T> {
    list.clear();
    list
}
