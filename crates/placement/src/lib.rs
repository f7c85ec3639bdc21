//! Placement and replication of experts on devices.
//!
//! | problem | the question | methods | bounds |
//! |---|---|---|---|
//! | [`Placement`] | which expert on which device, for load and traffic | LPT as EPLB, layer after layer, swaps, kicks | loads, regular graphs by flow, LP |
//! | [`Replication`] | how many copies of which expert | greedy by load | loads |
//!
//! A placement is written as a [`Model`](spinroute_modelling::Model) too, so that any
//! [`Minimiser`](spinroute_ising::Minimiser) can try: [`Placement::sample`] decodes, repairs and returns
//! feasible answers only. Penalty models of a whole problem are a poor use of a minimiser; [`TwoDevices`], a
//! spin for every expert of two devices, has no penalties for what makes those stiff.

mod error;
mod kicks;
mod model;
mod problem;
mod replication;
mod search;
mod two_devices;

pub use error::Error;
pub use kicks::Kicks;
pub use model::Balance;
pub use problem::{Cost, Placement};
pub use replication::{Replicas, Replication};
pub use search::Placed;
pub use two_devices::TwoDevices;
