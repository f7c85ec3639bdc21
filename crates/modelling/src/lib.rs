//! The modelling language: a constrained problem as it is thought, and its way to couplings.
//!
//! A [`Model`] holds variables (binaries, spins, bounded integers, alone or in arrays), parameters,
//! an objective and named constraints. [`Model::compile`] turns it into a [`Qubo`](spinroute_ising::Qubo) for given [`Options`], any
//! [`Minimiser`](spinroute_ising::Minimiser) looks for a state of low energy, and [`Compiled::best`] reads the samples back:
//! values, objective, and every broken constraint with its amount.
//!
//! ```
//! use spinroute_core::Run;
//! use spinroute_ising::{Exhaustive, Minimiser};
//! use spinroute_modelling::{Model, Options, Penalty, dot, implies, k_hot, sum};
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
//! # Ok::<(), spinroute_modelling::Error>(())
//! ```
//!
//! | wanted | written |
//! |---|---|
//! | variables | [`Model::binary`], [`Model::spin`], [`Model::integer`] with an [`Encoding`]; arrays are `ndarray`s of [`Variable`] |
//! | expressions | `2 * x * y - z / 3`, `0.5_f32 * &x`, `x.squared()`, [`sum`], [`dot`], [`Expr::squared`], [`Expr::power`] |
//! | constraints | [`Expr::equals`], [`Expr::at_most`], [`Expr::at_least`], [`k_hot`], [`one_hot`], [`at_most_k`], [`sos1`], [`implies`] |
//! | a sweep without rebuilding | [`Model::parameter`], [`Options::set`] |
//! | penalty weights | [`Penalty`]: fixed, a parameter, or derived with a proof, loose or tight |
//! | inequalities | [`Inequality`]: slack, unbalanced, or multipliers that [`ascend`] updates from samples |
//! | degree 3 and more | [`Reduction`] |
//! | a bound on what can be reached | [`Model::linear_relaxation`] |
//! | form of the couplings | [`CouplingForm`]: sparse, dense, or structured without expansion |
//!
//! In front of a variable stand `i32`, `f32` and `f64`, so a whole literal needs nothing, and a float literal says
//! its type only where that is asked: `2.5 * x + y` is an expression, but before a method call it is written
//! `(x * 2.5 + y).at_most(4)` or `(2.5_f64 * x + y).at_most(4)`.
//!
//! | file | what it does |
//! |---|---|
//! | `model`, `variable` | variables, parameters, names, shapes |
//! | `expression`, `operators` | polynomials as buffers of terms |
//! | `constraint` | comparisons and structured constraints; penalties and treatments |
//! | `encoding`, `layout` | bits for integers; which bit stands for what |
//! | `lower` | constraints as penalties; what always or never holds |
//! | `divisor` | the smallest violation, the unit of a slack |
//! | `weights`, `dual` | penalty weights with a proof |
//! | `reduce` | products of three or more bits |
//! | `assemble`, `grid` | couplings, sparse, dense or structured |
//! | `answer`, `decoding` | states in the user's terms |
//! | `multipliers` | inequalities without slack |
//! | `relaxation` | the linear program that no constraint is written a second time for |

mod answer;
mod assemble;
mod check;
mod compile;
mod constraint;
mod decoding;
mod divisor;
mod dual;
mod encoding;
mod error;
mod expression;
mod function;
mod grid;
mod layout;
mod lower;
mod model;
mod multipliers;
mod operators;
mod options;
mod program;
mod reduce;
mod relaxation;
mod sets;

mod variable;
mod weights;

pub use answer::Answer;
pub use assemble::CouplingForm;
pub use compile::{Compiled, Note};
pub use constraint::{
    Constraint, Inequality, Multiplier, Penalty, Sense, at_most_k, implies, k_hot, one_hot, sos1,
};
pub use decoding::{Decoding, Outcome};
pub use encoding::Encoding;
pub use error::{Error, Unsatisfiable};
pub use expression::{Coefficient, Expr, Term, dot, sum};
pub use model::Model;
pub use multipliers::{Ascent, AugmentedLagrangian, Choice, Multipliers, Subgradient, ascend};
pub use options::Options;
pub use program::{model_names, write_model};
pub use reduce::{Reduction, Substitution};
pub use relaxation::Relaxation;
pub use variable::{Kind, Parameter, Variable};
