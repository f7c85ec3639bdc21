//! Checks of the house itself: what a compiler does not see, but every reader does.

pub mod circles;
pub mod workspace;
