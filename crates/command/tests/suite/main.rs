//! What the library and the command promise, from outside.
#![allow(clippy::unwrap_used)] // a test's helpers may, as its tests do

mod command;
mod data;
mod documentation;
mod failures;
mod formats;
mod layers;
mod limits;
mod limits_solved;
mod lists;
mod qubo;
mod registry;
mod shared;
mod sources;
mod wide;
