//! Capacity-constrained assignment of tokens to experts, exactly or fast, with a proof.
//!
//! One door to the libraries of the project. The problem, its answers and their certificates are here
//! by name ([`Instance`], [`Solver`], [`evaluate`] …), each family of methods is a module, and every
//! solver has an entry in [`registry`].
//!
//! ```
//! use spinroute::ndarray::array;
//! use spinroute::{Demand, Instance, Run, Solver, evaluate, flow::Flow};
//!
//! // Three tokens, two experts that hold two tokens each, one expert a token.
//! let scores = array![[0.9, 0.1], [0.8, 0.3], [0.7, 0.6]];
//! let instance = Instance::new(scores, vec![2, 2], Demand::Exactly(1))?;
//! let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
//! let evaluation = evaluate(&instance, &solution)?; // checks every constraint, proves the gap
//! assert!((evaluation.objective - 2.3).abs() < 1e-6 && evaluation.gap <= 1e-9);
//! # Ok::<(), spinroute::Error>(())
//! ```
//!
//! # Features
//!
//! One a family. All but `testkit` are on by default; `default-features = false, features = ["flow"]`
//! is the exact solver and nothing else.
//!
//! | feature | what it gives |
//! |---|---|
//! | none | the problem, the solver trait, certificates, [`prices`]: the top-k pass and [`repair`] |
//! | `flow` | [`flow`]: the exact solver |
//! | `lp` | the linear program as a reference in [`flow`], by a general solver |
//! | `transport` | [`transport`]: top-k, greedy, capped top-k, quantile balancing, published rules |
//! | `qubo` | [`ising`] and [`modelling`]: QUBO and Ising models, their files, minimisers and language; [`minimisers`] |
//! | `bifurcation` | [`bifurcation`], and in [`encodings`] an instance as a QUBO; with `qubo` |
//! | `constrained` | [`constrained`]: group limits and affinity of experts; with `qubo` |
//! | `placement` | [`placement`]: experts on devices, replicas; with `qubo` |
//! | `checkpoint` | [`checkpoint`]: score tables, router weights and hidden states from files |
//! | `lab` | [`lab`]: timed runs of solvers, medians, records and tables |
//! | `testkit` | `testkit`: generators, references, conformance of a solver; for `[dev-dependencies]` |
//!
//! With all of them there is no code of the command: no parser of arguments, no progress bars, no plots.
//!
//! # What `flow` alone pulls in
//!
//! | packages | for |
//! |---|---|
//! | `spinroute`, `spinroute-core`, `spinroute-prices`, `spinroute-simd`, `spinroute-flow` | the problem and its exact solver |
//! | `ndarray`, `matrixmultiply`, `rawpointer`, `num-traits`, `num-complex`, `num-integer` | tables of scores; the API takes them, so they are re-exported as [`ndarray`] |
//! | `rayon`, `rayon-core`, `crossbeam-deque`, `crossbeam-epoch`, `crossbeam-utils`, `either` | threads |
//! | `bnum` | sums of scores in integers wide enough to be exact, which the proof ends with |
//! | `serde`, `serde_core`, `serde_json`, `itoa`, `zmij`, `memchr` | parameters of solvers by name, records of answers |
//! | `thiserror`, `thiserror-impl`, `serde_derive`, `proc-macro2`, `quote`, `syn`, `unicode-ident` | derived code, at compile time |
//!
//! # Watching a run
//!
//! A [`Run`] carries the seed, the budget and an observer, which is called once a step with the best so
//! far and may end the run:
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::time::Duration;
//!
//! use spinroute::{Budget, Demand, Instance, Progress, Run, Solver, flow::Flow, gap};
//! use spinroute::ndarray::Array2;
//!
//! let scores = Array2::from_shape_fn((512, 16), |(t, e)| ((t * 31 + e * 57) % 101) as f32);
//! let instance = Instance::new(scores, vec![64; 16], Demand::Exactly(2))?;
//!
//! let mut steps = 0;
//! let mut observer = |progress: &Progress| {
//!     steps = progress.step;
//!     let gap = match (progress.best.objective, progress.best.bound) {
//!         (Some(objective), Some(bound)) => gap(bound, objective),
//!         _ => f64::INFINITY, // no answer yet, or no bound
//!     };
//!     eprintln!("step {}, {:?}: gap {gap:.2e}", progress.step, progress.elapsed);
//!     if gap < 1e-3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
//! };
//! let budget = Budget { steps: None, time: Some(Duration::from_secs(60)) };
//! let mut run = Run::new(0).budget(budget).observer(&mut observer);
//! let solution = Flow::default().solve(&instance, &mut run)?;
//! assert!(instance.objective(&solution.assignment).is_ok()); // feasible, whatever ended the run
//! assert!(steps > 0);
//! # Ok::<(), spinroute::Error>(())
//! ```

#[cfg(feature = "qubo")]
pub mod minimisers;
pub mod registry;

#[cfg(feature = "bifurcation")]
pub use spinroute_bifurcation as bifurcation;
#[cfg(feature = "checkpoint")]
pub use spinroute_checkpoint as checkpoint;
#[cfg(feature = "constrained")]
pub use spinroute_constrained as constrained;
#[cfg(feature = "bifurcation")]
pub use spinroute_encodings as encodings;
#[cfg(feature = "flow")]
pub use spinroute_flow as flow;
#[cfg(feature = "qubo")]
pub use spinroute_ising as ising;
#[cfg(feature = "lab")]
pub use spinroute_lab as lab;
#[cfg(feature = "qubo")]
pub use spinroute_modelling as modelling;
#[cfg(feature = "placement")]
pub use spinroute_placement as placement;
pub use spinroute_prices as prices;
#[cfg(feature = "testkit")]
pub use spinroute_testkit as testkit;
#[cfg(feature = "transport")]
pub use spinroute_transport as transport;

/// The tables that the API takes and gives, in the version that it uses.
pub use ndarray;

pub use spinroute_core::{
    Assignment, Best, Budget, Builder, Certificate, Clock, Deficiency, Demand, Error, Evaluation,
    Feature, GroupLoad, Groups, Instance, Limits, Load, Observer, Overflow, Progress, Reward, Run,
    Scores, Shortfall, Solution, Solver, Stop, Violation, Workspace, evaluate, gap, solve_many,
};
pub use spinroute_prices::{repair, repair_in_time};
