//! What the library and the command promise, from outside.
mod command;
mod failures;
mod formats;
mod registry;
mod shared;
