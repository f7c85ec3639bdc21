//! Everything that expert prices are for.
//!
//! The dual of the assignment problem has one price an expert. Under prices every token takes its best
//! experts; which prices make these choices fit the capacities, what they prove, and what is done about
//! the units that still do not fit, is here, once, for every solver that needs it.
//!
//! | room | what it does | cost |
//! |---|---|---|
//! | [`Selection`], [`Candidates`] | the top-k pass: every token's best under prices, and its margin | O(T·E) at memory speed |
//! | [`Tree`] | the limits of loads: what a price asks for, what it is worth | O(E) |
//! | [`choice`] | what tokens take: slots, table, loads | O(T·k) |
//! | [`value`] | what a point's prices prove | O(T·k) |
//! | [`Point`], [`Dual`] | prices with all that follows from them, never stale | a pass |
//! | [`quantile`] | rounds of order statistics | two passes |
//! | [`subgradient`] | steps along loads, Polyak's length | O(E) |
//! | [`search()`] | from nothing to good prices: quantile rounds and Newton steps on samples, then on all | `docs/flow.md` |
//! | [`repair`] | any choices made feasible | O(T·k), O(E) a token in the way |
//!
//! ```
//! use ndarray::array;
//! use spinroute_core::{Demand, Instance};
//! use spinroute_prices::{Batch, Point, choice, repair, value};
//!
//! // Two tokens both prefer expert 0, which holds one of them.
//! let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
//! let point = Point::of(&instance, vec![0.05, 0.0]);
//! let choices = choice::table(Batch::of(&instance), point.selection(), point.prices());
//! let assignment = repair(&instance, choices, Some(&point.wide_prices()))?;
//! let objective = instance.objective(&assignment)?;
//! assert!((objective - 1.5).abs() < 1e-6 && value::bound(&instance, &point) >= objective);
//! # Ok::<(), spinroute_core::Error>(())
//! ```

mod batch;
pub mod choice;
mod coordinates;
mod descent;
mod dual;
mod laplacian;
mod newton;
mod pass;
mod point;
pub mod quantile;
mod repair;
mod search;
pub mod subgradient;
mod together;
mod tree;
pub mod value;
mod watch;

pub use batch::Batch;
pub use dual::Dual;
pub use pass::{Candidates, Selection};
pub use point::Point;
pub use repair::{repair, repair_in_time};
pub use search::search;
pub use tree::Tree;
pub use watch::Watch;
