//! Algorithms by name: one form of a list for all kinds of them.
//!
//! An [`Entry`] names an algorithm, documents its parameters and builds it from them. The struct of
//! an algorithm *is* its parameters (serde, unknown fields refused), so that its defaults and its checks are
//! written once; [`parameters!`](crate::parameters!) defines it and takes what is told of them. A registry is a constant
//! slice of entries; `T` is what they build, such as `dyn Solver`, and `F` is what is told of algorithms
//! of this kind alone.
//!
//! ```
//! use serde_json::{Map, Value};
//! use spinroute_core::registry::{self, Entry, Parameters};
//!
//! trait Shape { fn area(&self) -> f64; }
//!
//! spinroute_core::parameters! {
//!     /// Four equal sides.
//!     #[derive(Default, serde::Serialize, serde::Deserialize)]
//!     #[serde(default, deny_unknown_fields)]
//!     struct Square {
//!         /// its length
//!         side: f64 => "at least 0",
//!     }
//! }
//! impl Shape for Square { fn area(&self) -> f64 { self.side * self.side } }
//!
//! const SHAPES: &[Entry<dyn Shape>] = &[Entry {
//!     name: "square",
//!     summary: "four equal sides",
//!     exact: true,
//!     facts: (),
//!     reference: "Euclid, Elements, book I, definition 22",
//!     params: Square::PARAMS,
//!     default_params: registry::defaults::<Square>,
//!     builder: |params| Ok(Box::new(registry::parse::<Square>(params)?)),
//! }];
//!
//! let square = registry::find(SHAPES, "shape", "square")?;
//! let params = Map::from_iter([("side".to_owned(), Value::from(3.0))]);
//! assert_eq!(square.build(&params)?.area(), 9.0);
//! assert_eq!(square.params[0].help, "its length, at least 0");
//! let error = registry::find(SHAPES, "shape", "circle").unwrap_err();
//! assert_eq!(error.to_string(), "there is no shape \"circle\"; choose among square");
//! # Ok::<(), registry::Error>(())
//! ```

mod entry;
mod parameter;
mod solvers;

pub use entry::{Build, Entry, Error, defaults, find, parse};
#[doc(hidden)]
pub use parameter::of_name;
pub use parameter::{Mends, OutOfRange, Param, Parameters};
pub use solvers::{Facts, SolverEntry, solver};
