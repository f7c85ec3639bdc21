//! Exact routing. To come.
mod lp;

pub use lp::Lp;
