//! Experiments: timed runs of solvers, their medians, records for machines and tables for people.
//!
//! A solver says nothing of its own quality here either: objectives, bounds and gaps are those of
//! `spinroute-core`. What is compared is measured in rounds, every solver once a round, because machines
//! drift; times are medians.
//!
//! ```
//! use ndarray::array;
//! use spinroute_core::{Demand, Instance, Solver};
//! use spinroute_lab::{Plan, compare};
//! use spinroute_transport::{Greedy, Quantile};
//!
//! let scores = array![[0.9, 0.8], [0.7, 0.1]]; // 2 tokens × 2 experts
//! let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
//! let solvers: Vec<(&str, Box<dyn Solver>)> =
//!     vec![("greedy", Box::new(Greedy::default())), ("quantile", Box::new(Quantile::default()))];
//! let comparison = compare(&instance, solvers, Plan::default(), &mut |_| {})?;
//! assert_eq!(comparison.solvers.len(), 2);
//! println!("{}", comparison.to_markdown());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`timing`] | one timed run, medians, pools of threads |
//! | [`Comparison`], [`compare`] | several solvers on one instance, in rounds |
//! | [`Record`], [`Sizes`], [`Figures`] | what is written, one solver a record |
//! | [`Machine`] | where and of what the figures were taken |
//! | [`text`], [`markdown`] | numbers and tables for people |

mod assessment;
mod comparison;
mod machine;
pub mod markdown;
mod record;
mod sizes;
pub mod text;
pub mod timing;

pub use assessment::{Assessment, assess};
pub use comparison::{Comparison, Failed, Plan, Position, Skipped, compare};
pub use machine::Machine;
pub use record::{COLUMNS, Figures, Record};
pub use sizes::{GroupSizes, Sizes};
pub use timing::{Settings, TimedSolution, Timings, solve};
