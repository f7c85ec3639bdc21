//! QUBO and Ising models, their couplings in three forms, minimisers, presolve, published instances
//! and files. Nothing here knows what a model stands for.
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
//! use spinroute_ising::{Ising, Sparse};
//!
//! // A triangle whose spins want to differ: the best cut leaves one edge out.
//! let edges = Sparse::from_triplets(3, [(0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)])?;
//! let model = Ising::new(vec![0.0; 3], edges, 0.0)?;
//! assert_eq!(model.energy(&[1, -1, 1]), -1.0);
//! assert_eq!(model.to_qubo().energy(&[1, 0, 1]), -1.0);
//! # Ok::<(), spinroute_ising::Error>(())
//! ```
//!
//! | room | what it holds |
//! |---|---|
//! | [`Ising`], [`Qubo`], [`couplings`] | models and their couplings |
//! | [`Minimiser`], [`registry`] | what looks for a state of low energy: [`Anneal`], [`Exhaustive`] |
//! | [`presolve`] | variables that some minimum fixes, and how a state is lifted back |
//! | [`formats`] | six file formats, streamed |
//! | [`Graph`], [`instances`] | largest cuts, and the published instances by name |
//!
//! The language that writes models as they are thought is `spinroute-modelling`.

pub mod couplings;
mod error;
pub mod formats;
mod graph;
pub mod instances;
mod integers;
mod ising;
mod minimise;
mod number;
pub mod presolve;
mod qubo;
mod samples;
mod split_mix;

pub use couplings::{
    AnyCouplings, Block, Couplings, Dense, Grid, Line, Magnitude, Place, Sparse, Spectrum,
    Structured, TOGETHER,
};
pub use error::Error;
pub use graph::{Edge, Graph};
pub use ising::Ising;
pub use minimise::registry::{self, MINIMISERS};
pub use minimise::{Anneal, Exhaustive, Minimiser, Schedule};
pub use number::Number;
pub use qubo::Qubo;
pub use samples::{Samples, Vartype, check_state};
pub use split_mix::SplitMix64;
