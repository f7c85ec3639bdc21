//! Every name that these tests take from the crates, in one place: what moves, moves here alone.

pub(crate) use spinroute::input::{File, Router, Rows, Transform, read_router};
pub(crate) use spinroute::minimisers::{MINIMISERS, find as find_minimiser};
pub(crate) use spinroute::qubo::assignment::{CloseCalls, Full, Unusable};
pub(crate) use spinroute::qubo::couplings::estimate_spectrum;
pub(crate) use spinroute::qubo::formats::{Format, write_model};
pub(crate) use spinroute::qubo::presolve::presolve;
pub(crate) use spinroute::qubo::{
    AnyCouplings, AugmentedLagrangian, Block, Choice, Compiled, Couplings, Dense, Encoding,
    Error as QuboError, Expr, Grid, Inequality, Ising, Line, Magnitude, Minimiser, Model,
    Multiplier, Multipliers, Options, Penalty, Qubo, Reduction, Samples, Sparse, Spectrum,
    Structured, Subgradient, Substitution, Target, Variable, ascend, at_most_k, dot, implies,
    instances, k_hot, one_hot, sos1, sum,
};
pub(crate) use spinroute::registry::{SOLVERS, find as find_solver};
pub(crate) use spinroute::{
    Assignment, Budget, Certificate, Demand, Error, Instance, Load, Progress, Run, Solution, Stop,
    evaluate,
};
pub(crate) use spinroute_core::repair;
pub(crate) use spinroute_testkit::generate::{self, Draws, Rounding, Wide};
pub(crate) use spinroute_testkit::golden;
pub(crate) use spinroute_variants::{
    Affinity, Balance, Bounded, BranchAndBound, CloseRows, Error as ConstrainedError, GroupLimited,
    Kicks, Lagrangian, Placed, Placement, Replicas, Replication, Separable, TwoDevices, greedy,
    improve, relaxed, sample,
};
