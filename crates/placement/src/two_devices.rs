//! Large neighbourhoods for placement: all experts of two devices at once, in every layer.
//!
//! A spin for every expert of the two says on which it is. Names carry no meaning, so there is no field
//! from within, only from the layers' other devices (none: they are apart from both), and the model of
//! `2 · share` spins a layer is an Ising model without penalties for rows:
//!
//! ```text
//! minimise  q Σ_l (Σ_e load[l,e] s[l,e])² / (2 mean[l])  −  weight/2 Σ_l Σ_{e,f} joint[l,e,f] s[l,e] s[l+1,f]
//! subject to  Σ_e s[l,e] = 0
//! ```
//!
//! The square stands for the busiest device, which is no quadratic form; the swaps that every read is
//! improved by know the true cost. A read that breaks the shares is mended by the flips that cost least. Pairs of
//! devices are gone through until none of them yields anything, or for some passes.
//!
//! On OLMoE's counts random states in place of the minimiser's reach the same within the errors: it is
//! the neighbourhood and the swaps that help (docs/placement.md).

use ndarray::Array2;
use spinroute_core::{Best, Run, Stop};
use spinroute_ising::{Ising, Minimiser};
use spinroute_modelling::{CouplingForm, Expr, Model, Options, Penalty, Variable, dot, sum};

use crate::Error;
use crate::{Placed, Placement};

/// A minimiser on two devices at a time, each answer improved by swaps.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::Run;
/// use spinroute_ising::Exhaustive;
/// use spinroute_placement::{Placement, TwoDevices};
///
/// // A layer of four experts on two devices, two each.
/// let problem = Placement::new(array![[4.0, 3.0, 2.0, 1.0]], vec![], 2, 0.0)?;
/// let start = array![[0, 0, 1, 1]];
/// let exact = Exhaustive::default();
/// let (placed, _) = TwoDevices::default().solve(&problem, start, &exact, &mut Run::new(0))?;
/// assert_eq!(placed.cost.busiest, 5.0);
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoDevices {
    /// Most passes over all pairs of devices.
    pub passes: usize,
    /// Weight of the squared difference of the loads, `q`.
    pub balance: f64,
    /// Weight of the squared difference of the counts, in units of the largest change of the rest that
    /// a spin can make.
    pub share: f64,
}

impl Default for TwoDevices {
    fn default() -> Self {
        Self { passes: 4, balance: 10.0, share: 0.25 }
    }
}

impl TwoDevices {
    /// A placement that is never worse than `start` after swaps. A step of the run is a pair of devices.
    ///
    /// # Errors
    /// If `start` is no placement, or the minimiser refuses the model.
    pub fn solve(
        &self,
        problem: &Placement,
        start: Array2<u32>,
        minimiser: &dyn Minimiser,
        run: &mut Run<'_>,
    ) -> Result<(Placed, Stop), Error> {
        let mut best = problem.improve(start)?;
        for pass in 0..self.passes {
            let before = best.cost.total;
            for a in 1..problem.devices() as u32 {
                for b in 0..a {
                    let seed =
                        run.seed() ^ ((pass as u64) << 32 | u64::from(a) << 16 | u64::from(b));
                    self.pair(problem, (a, b), minimiser, seed, &mut best)?;
                    let known = Best { objective: Some(-best.cost.total), bound: None };
                    if let std::ops::ControlFlow::Break(stop) = run.tick(known) {
                        return Ok((best, stop));
                    }
                }
            }
            if best.cost.total >= before {
                break;
            }
        }
        Ok((best, Stop::Finished))
    }

    /// Keeps the best of what two devices can become.
    fn pair(
        &self,
        problem: &Placement,
        (a, b): (u32, u32),
        minimiser: &dyn Minimiser,
        seed: u64,
        best: &mut Placed,
    ) -> Result<(), Error> {
        let layers: Vec<Vec<usize>> = best
            .devices
            .rows()
            .into_iter()
            .map(|row| (0..row.len()).filter(|&e| row[e] == a || row[e] == b).collect())
            .collect();
        let (model, spins) = self.model(problem, &layers);
        let compiled = model.compile(&Options::default().form(CouplingForm::Dense))?;
        let ising = compiled.to_ising();
        let samples = minimiser.minimise(&ising, &mut Run::new(seed))?;
        let start = best.devices.clone();
        for read in 0..samples.reads() {
            let mut state = samples.state(read).to_vec();
            level(&ising, &mut state, &spins);
            let mut devices = start.clone();
            for (l, experts) in layers.iter().enumerate() {
                for (&e, spin) in experts.iter().zip(&spins[l]) {
                    devices[[l, e]] = if state[spin.index()] > 0 { a } else { b };
                }
            }
            let placed = problem.improve(devices)?;
            if placed.cost.total < best.cost.total {
                *best = placed;
            }
        }
        Ok(())
    }

    fn model(&self, problem: &Placement, layers: &[Vec<usize>]) -> (Model, Vec<Vec<Variable>>) {
        let mut model = Model::new();
        let spins: Vec<Vec<Variable>> = layers
            .iter()
            .enumerate()
            .map(|(l, experts)| model.spin_array(format!("s{l}"), experts.len()).to_vec())
            .collect();
        let mut cost = Expr::default();
        let mut largest = 0.0f64;
        for (l, experts) in layers.iter().enumerate() {
            let loads: Vec<f64> = experts.iter().map(|&e| problem.loads[[l, e]]).collect();
            let mean = problem.loads.row(l).sum() / problem.devices as f64;
            if mean > 0.0 {
                let apart = dot(loads.iter().copied(), spins[l].iter().copied());
                cost += (self.balance / (2.0 * mean)) * apart.squared();
                let total: f64 = loads.iter().map(|load| load * load).sum();
                largest = largest.max(self.balance * total / mean);
            }
            let Some(next) = layers.get(l + 1) else { continue };
            for (&e, &s) in experts.iter().zip(&spins[l]) {
                let mut near = 0.0;
                for (&f, &other) in next.iter().zip(&spins[l + 1]) {
                    let pull = 0.5 * problem.weight * problem.joint[l][[e, f]];
                    cost -= pull * (s * other);
                    near += pull;
                }
                largest = largest.max(near);
            }
        }
        model.minimise(cost);
        let weight = if largest > 0.0 { self.share * largest } else { 1.0 };
        for (l, spins) in spins.iter().enumerate() {
            let equal = sum(spins.iter().copied()).equals(0).penalty(Penalty::Fixed(weight));
            model.constrain(format!("shares of layer {l}"), equal);
        }
        (model, spins)
    }
}

/// Flips spins of a layer that has too many of a sign, those that cost least first.
fn level(model: &Ising, state: &mut [i8], spins: &[Vec<Variable>]) {
    for layer in spins {
        loop {
            let total: i32 = layer.iter().map(|spin| i32::from(state[spin.index()])).sum();
            let wrong = layer.iter().map(|spin| spin.index());
            let wrong = wrong.filter(|&i| i32::from(state[i]) * total.signum() > 0);
            let costs = wrong.map(|i| (model.change(state, i), i));
            let least = costs.reduce(|a, b| if b.0 < a.0 { b } else { a });
            let Some((_, i)) = least.filter(|_| total != 0) else { break };
            state[i] = -state[i];
        }
    }
}
