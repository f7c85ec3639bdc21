//! Routing problems that the exact flow solver cannot express, where a heuristic must earn its
//! place.
//!
//! Capacities alone leave a transportation problem: exact in polynomial time. One more rule and it
//! is gone. Two such rules are here, each a checked problem with one definition of its objective:
//!
//! | problem | the rule | baselines | bounds |
//! |---|---|---|---|
//! | [`GroupLimited`] | a token uses at most g groups of experts | greedy, groups first then exact flow | flow, Lagrangian, LP |
//! | [`Affinity`] | a bonus or penalty when a token uses two experts together | greedy, exact flow without affinity, local search | flow, Lagrangian, LP |
//!
//! Each is written as a [`Model`](spinroute_modelling::Model) too, so that any
//! [`Minimiser`](spinroute_ising::Minimiser) can try: [`sample`] decodes, repairs and returns feasible
//! answers only. Both share [`Separable`]: a sum over tokens,
//! coupled by capacities alone, which is what [`greedy`], [`improve`], [`Lagrangian`] and
//! [`BranchAndBound`] need.
//!
//! Penalty models of a whole problem are a poor use of a minimiser. A smaller one has no penalties for what
//! makes those stiff: [`CloseRows`], where prices carry the capacities and whole rows are chosen.
//!
//! ```
//! use ndarray::array;
//! use spinroute_core::{Demand, Instance, Run};
//! use spinroute_constrained::{GroupLimited, Lagrangian, Separable};
//!
//! let scores = array![[0.5, 0.1, 0.4, 0.0], [0.5, 0.2, 0.3, 0.0]];
//! let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
//! let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?; // two groups, one a token
//! let answer = Lagrangian::default().solve(&problem, &mut Run::new(0))?;
//! assert!(problem.objective(&answer.assignment)? <= answer.bound);
//! # Ok::<(), spinroute_constrained::Error>(())
//! ```

mod affinity;
mod branch;
mod close_rows;
mod error;
mod group_limited;
mod lagrangian;
mod local;
mod modelled;
mod moves;
mod sampled;
mod separable;

pub use affinity::Affinity;
pub use branch::{BranchAndBound, Proof};
pub use close_rows::{CloseRows, CloseRowsAnswer};
pub use error::Error;
pub use group_limited::GroupLimited;
pub use lagrangian::{Bounded, Lagrangian};
pub use local::{greedy, repair};
pub use modelled::Modelled;
pub use moves::{improve, repair_and_improve};
pub use sampled::{Sampled, sample};
pub use separable::{Priced, Separable, relaxed};
