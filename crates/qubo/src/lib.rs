//! A modelling language for QUBO and Ising problems, their couplings in three forms, and reference
//! minimisers.
//!
//! Everything is in `f64`, in dimod's sign, and always *minimised*:
//!
//! ```text
//! Ising:  E(s) = offset + Σ_i h[i] s[i] + Σ_{i<j} J[i,j] s[i] s[j],   s[i] = ±1
//! QUBO:   E(x) = offset + Σ_i a[i] x[i] + Σ_{i<j} b[i,j] x[i] x[j],   x[i] = 0 or 1
//! ```
//!
//! States are `i8`. Couplings are [`Dense`], [`Sparse`] or [`Structured`] (sums of low-rank blocks
//! that are never expanded), all behind the trait [`Couplings`].
//!
//! ```
//! use spinroute_qubo::{Ising, Sparse};
//!
//! // A triangle whose spins want to differ: the best cut leaves one edge out.
//! let edges = Sparse::from_triplets(3, [(0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)])?;
//! let model = Ising::new(vec![0.0; 3], edges, 0.0)?;
//! assert_eq!(model.energy(&[1, -1, 1]), -1.0);
//! assert_eq!(model.to_qubo().energy(&[1, 0, 1]), -1.0);
//! # Ok::<(), spinroute_qubo::Error>(())
//! ```
//!
//! # The language
//!
//! A [`Model`] is written as the problem is thought: variables in arrays, an objective, named
//! constraints. [`Model::compile`] turns it into a [`Qubo`] for given [`Options`], any
//! [`Minimiser`] looks for a state of low energy, and [`Compiled::best`] reads the samples back:
//! values, objective, and every broken constraint with its amount.
//!
//! ```
//! use spinroute_core::Run;
//! use spinroute_qubo::{Exhaustive, Minimiser, Model, Options, Penalty, dot, implies, k_hot, sum};
//!
//! // Three tokens take one of two experts each; expert 0 has room for one, and token 2 follows
//! // token 1 to expert 1.
//! let scores = ndarray::array![[0.9, 0.2], [0.8, 0.7], [0.6, 0.1]];
//! let mut model = Model::new();
//! let x = model.binary_array("x", (3, 2));
//! model.maximise(dot(&scores, &x));
//! for (t, row) in x.rows().into_iter().enumerate() {
//!     model.constrain(format!("token {t}"), k_hot(row, 1));
//! }
//! model.constrain("room", sum(x.column(0)).at_most(1));
//! model.constrain("follow", implies(x[[1, 1]], x[[2, 1]]));
//!
//! // Penalties that provably make every minimum feasible; the inequalities need no slack here.
//! let compiled = model.compile(&Options::default().penalty(Penalty::Tight))?;
//! assert_eq!(compiled.qubo().variables(), 6);
//! let samples = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(1))?;
//! let answer = compiled.best(&samples)?.expect("one read");
//! assert!(answer.is_feasible() && (answer.objective() - 1.7).abs() < 1e-9);
//! assert_eq!(answer[x[[0, 0]]], 1.0);
//!
//! // Any state is read, and what is wrong with it is named.
//! let answer = compiled.decode(&[1, 0, 1, 0, 0, 1])?;
//! let broken: Vec<&str> = answer.violated().map(|outcome| outcome.constraint.as_str()).collect();
//! assert_eq!(broken, ["room"]);
//! # Ok::<(), spinroute_qubo::Error>(())
//! ```
//!
//! | wanted | written |
//! |---|---|
//! | variables | [`Model::binary`], [`Model::spin`], [`Model::integer`] with an [`Encoding`]; arrays are `ndarray`s of [`Variable`] |
//! | expressions | `2.0 * x * y - z`, [`sum`], [`dot`], [`Expr::squared`], [`Expr::power`] |
//! | constraints | [`Expr::equals`], [`Expr::at_most`], [`Expr::at_least`], [`k_hot`], [`one_hot`], [`at_most_k`], [`sos1`], [`implies`] |
//! | a sweep without rebuilding | [`Model::parameter`], [`Options::set`] |
//! | penalty weights | [`Penalty`]: fixed, a parameter, or derived with a proof, loose or tight |
//! | inequalities | [`Inequality`]: slack, unbalanced, or multipliers that [`ascend`] updates from samples |
//! | degree 3 and more | [`Reduction`] |
//! | form of the couplings | [`Target`]: sparse, dense, or structured without expansion |

pub mod assignment;
pub mod couplings;
mod error;
pub mod formats;
mod graph;
pub mod instances;
mod ising;
mod language;
mod minimise;
pub mod presolve;
mod qubo;
mod samples;
mod stream;
mod units;

pub use couplings::{
    AnyCouplings, Block, Couplings, Dense, Grid, Line, Magnitude, Place, Sparse, Spectrum,
    Structured, TOGETHER,
};
pub use error::{Error, Unsatisfiable};
pub use graph::{Edge, Graph};
pub use ising::Ising;
pub use language::{
    Answer, Ascent, AugmentedLagrangian, Choice, Coefficient, Compiled, Constraint, Decoding,
    Encoding, Expr, Inequality, Kind, Model, Multiplier, Multipliers, Note, Options, Outcome,
    Parameter, Penalty, Reduction, Sense, Subgradient, Substitution, Target, Term, Variable,
    ascend, at_most_k, dot, implies, k_hot, one_hot, sos1, sum,
};
pub use minimise::registry::{self, MINIMISERS};
pub use minimise::{Anneal, Exhaustive, Minimiser, Schedule};
pub use qubo::Qubo;
pub use samples::{Samples, Vartype};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/qubo.md")]
struct QuboChapter;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/penalties.md")]
struct PenaltiesChapter;
