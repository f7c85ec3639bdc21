//! Checks of the house itself: what no compiler sees, but every reader does.
//!
//! | module | what it holds |
//! |---|---|
//! | [`circles`] | no circle between files of a target |
//! | [`sizes`] | files and functions have at most so many lines |
//! | [`unsafe_code`] | `unsafe` stands in a few places, with its reason |
//! | [`module_files`] | one style of module files |
//! | [`picture`] | docs/architecture.md and crates/README.md show the crates as they are |
//! | [`layers`] | no arrow back between crates |
//! | [`packaging`] | every published crate can be packaged |
//! | [`commands`] | CONTRIBUTING names the commands of `.ci/run` |
//!
//! Each returns its findings with place and mend; `tests/house.rs` fails on those that are not
//! [`known`]. `cargo run -p spinroute-house` prints them all.

pub mod circles;
pub mod commands;
mod files;
mod finding;
pub mod known;
pub mod layers;
pub mod module_files;
pub mod packaging;
pub mod picture;
pub mod sizes;
pub mod unsafe_code;
mod workspace;

pub use finding::{Finding, unexpected};
pub use workspace::{Dependency, Member, Target, Workspace};

/// The code of the README and of the chapters, compiled and run: here, because a published crate may not
/// include what lies outside of it.
#[cfg(doctest)]
mod chapters {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/library.md")]
    struct Library;

    #[doc = include_str!("../../../docs/qubo.md")]
    struct Qubo;

    #[doc = include_str!("../../../docs/penalties.md")]
    struct Penalties;
}
