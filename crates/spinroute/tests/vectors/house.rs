//! Every name that these tests take from the crates, in one place: what moves, moves here alone.

pub(crate) use spinroute::checkpoint::{File, Router, Rows, Transform, read_router};
pub(crate) use spinroute::encodings::{CloseCalls, Error as EncodingError, Full, Unusable};
pub(crate) use spinroute::ising::couplings::estimate_spectrum;
pub(crate) use spinroute::ising::formats::Format;
pub(crate) use spinroute::ising::presolve::presolve;
pub(crate) use spinroute::ising::{
    AnyCouplings, Block, Couplings, Dense, Error as QuboError, Grid, Ising, Line, Magnitude,
    Minimiser, Qubo, Samples, Sparse, Spectrum, Structured, instances,
};
pub(crate) use spinroute::minimisers::{MINIMISERS, find as find_minimiser};
pub(crate) use spinroute::modelling::{
    AugmentedLagrangian, Choice, Compiled, CouplingForm, Encoding, Error as LanguageError, Expr,
    Inequality, Model, Multiplier, Multipliers, Options, Penalty, Reduction, Subgradient,
    Substitution, Variable, ascend, at_most_k, dot, implies, k_hot, one_hot, sos1, sum,
    write_model,
};
pub(crate) use spinroute::registry::{SOLVERS, find as find_solver};
pub(crate) use spinroute::{
    Assignment, Budget, Certificate, Demand, Error, Instance, Load, Progress, Run, Solution, Stop,
    evaluate,
};
pub(crate) use spinroute_constrained::{
    Affinity, Bounded, BranchAndBound, CloseRows, Error as ConstrainedError, GroupLimited,
    Lagrangian, Modelled, greedy, improve, relaxed, sample,
};
pub(crate) use spinroute_placement::{
    Balance, Error as PlacementError, Kicks, Placed, Placement, Replicas, Replication, TwoDevices,
};
pub(crate) use spinroute_prices::repair;
pub(crate) use spinroute_testkit::generate::{self, Draws, Rounding, Wide};
pub(crate) use spinroute_testkit::golden;
