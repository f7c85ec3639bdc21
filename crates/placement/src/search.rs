//! Placements without a model: LPT as EPLB packs, layer after layer by exact flow, and swaps.

use ndarray::{Array2, Array3};
use spinroute_core::{Demand, Instance, Run, Solver};
use spinroute_flow::Flow;

use crate::Error;
use crate::{Cost, Placement};

/// A placement with its cost.
///
/// ```
/// use ndarray::array;
/// use spinroute_placement::{Placement};
///
/// // A layer of four experts on two devices, two each.
/// let problem = Placement::new(array![[4.0, 3.0, 2.0, 1.0]], vec![], 2, 0.0)?;
/// let placed = problem.lpt()?;
/// assert_eq!(problem.cost(&placed.devices)?, placed.cost);
/// assert!(problem.improve(placed.devices)?.cost.total <= placed.cost.total);
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The device of every expert, `layers × experts`.
    pub devices: Array2<u32>,
    /// What it costs.
    pub cost: Cost,
}

/// Passes over all swaps after which the search ends in any case.
const PASSES: usize = 500;
/// Gains below this share of the cost are rounding.
const EPSILON: f64 = 1e-12;
/// Most placements of an exhaustive search.
const PLACEMENTS: usize = 1 << 22;

impl Placement {
    /// Longest processing time first with equal shares, layer by layer: experts in the order of
    /// falling load, each to the least loaded device with room (the packing step of EPLB).
    ///
    /// # Errors
    /// None that a checked problem causes.
    pub fn lpt(&self) -> Result<Placed, Error> {
        let mut devices = Array2::zeros(self.loads.dim());
        for (l, loads) in self.loads.rows().into_iter().enumerate() {
            let mut order: Vec<usize> = (0..self.experts()).collect();
            order.sort_by(|&a, &b| loads[b].total_cmp(&loads[a]));
            let (mut load, mut count) = (vec![0.0; self.devices], vec![0; self.devices]);
            for e in order {
                let open = (0..self.devices).filter(|&d| count[d] < self.share());
                let least = open.reduce(|a, b| if load[b] < load[a] { b } else { a });
                let device = least.unwrap_or(0);
                devices[[l, e]] = device as u32;
                load[device] += loads[e];
                count[device] += 1;
            }
        }
        self.placed(devices)
    }

    /// The first layer by LPT, every next one by exact flow: of all ways to place it, one that
    /// keeps most traffic on the devices of the layer before.
    ///
    /// # Errors
    /// If a joint count is too large for `f32`.
    pub fn chain(&self) -> Result<Placed, Error> {
        let mut devices = self.lpt()?.devices;
        for (l, table) in self.joint.iter().enumerate() {
            let mut kept = Array2::<f64>::zeros((self.experts(), self.devices));
            for ((e, f), count) in table.indexed_iter() {
                kept[[f, devices[[l, e]] as usize]] += count;
            }
            self.assign(&mut devices, l + 1, &kept)?;
        }
        self.placed(devices)
    }

    /// Places one layer so that `Σ worth[e, device of e]` is largest.
    pub(crate) fn assign(
        &self,
        devices: &mut Array2<u32>,
        layer: usize,
        worth: &Array2<f64>,
    ) -> Result<(), Error> {
        let capacity = vec![self.share() as u32; self.devices];
        let scores = worth.mapv(|value| value as f32);
        let instance = Instance::new(scores, capacity, Demand::Exactly(1))?;
        let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
        devices.row_mut(layer).assign(&ndarray::aview1(solution.assignment.slots()));
        Ok(())
    }

    /// Swaps two experts of a layer as long as the cost falls, or the sum of squared device loads
    /// at equal cost: a local optimum, never above the start.
    ///
    /// # Errors
    /// If the start is not a placement.
    pub fn improve(&self, start: Array2<u32>) -> Result<Placed, Error> {
        self.cost(&start)?;
        let mut state = Swaps::new(self, start);
        for _ in 0..PASSES {
            let mut changed = false;
            for l in 0..self.layers() {
                for a in 0..self.experts() {
                    for b in 0..a {
                        changed |= state.swap_if_better(l, a, b);
                    }
                }
            }
            if !changed {
                break;
            }
        }
        self.placed(state.devices)
    }

    /// The better of LPT and [`Placement::chain`], each improved by swaps.
    ///
    /// # Errors
    /// As [`Placement::chain`].
    pub fn swaps(&self) -> Result<Placed, Error> {
        let balanced = self.improve(self.lpt()?.devices)?;
        let chained = self.improve(self.chain()?.devices)?;
        Ok(if chained.cost.total < balanced.cost.total { chained } else { balanced })
    }

    /// The optimum by going through all placements, but for the names of the devices.
    ///
    /// # Errors
    /// If there are too many.
    pub fn exhaustive(&self) -> Result<Placed, Error> {
        let rows = arrangements(self.experts(), self.devices)?;
        let first: Vec<usize> = (0..rows.len()).filter(|&i| is_canonical(&rows[i])).collect();
        let count = (1..self.layers()).try_fold(first.len(), |n, _| n.checked_mul(rows.len()));
        let got = count.unwrap_or(usize::MAX);
        if got > PLACEMENTS {
            let (method, unit) = ("the exhaustive search", "placements");
            return Err(Error::TooLarge { method, unit, limit: PLACEMENTS, got });
        }
        let mut best: Option<Placed> = None;
        let mut devices = Array2::zeros(self.loads.dim());
        for mut code in 0..got {
            for l in 0..self.layers() {
                let choices = if l == 0 { first.len() } else { rows.len() };
                let row = if l == 0 { first[code % choices] } else { code % choices };
                devices.row_mut(l).assign(&ndarray::aview1(&rows[row]));
                code /= choices;
            }
            let cost = self.cost(&devices)?;
            if best.as_ref().is_none_or(|best| cost.total < best.cost.total) {
                best = Some(Placed { devices: devices.clone(), cost });
            }
        }
        best.ok_or_else(|| Error::Defect("no placement among all placements".into()))
    }

    pub(crate) fn placed(&self, devices: Array2<u32>) -> Result<Placed, Error> {
        let cost = self.cost(&devices).map_err(Error::in_method)?;
        Ok(Placed { devices, cost })
    }
}

/// All rows that put equally many experts on every device.
fn arrangements(experts: usize, devices: usize) -> Result<Vec<Vec<u32>>, Error> {
    let mut rows: Vec<Vec<u32>> = vec![Vec::new()];
    for _ in 0..experts {
        let mut longer = Vec::new();
        for row in rows {
            for device in 0..devices as u32 {
                let held = row.iter().filter(|&&d| d == device).count();
                if held < experts / devices {
                    longer.push([&row[..], &[device]].concat());
                }
            }
        }
        if longer.len() > PLACEMENTS {
            let (method, unit, got) = ("the exhaustive search", "placements", longer.len());
            return Err(Error::TooLarge { method, unit, limit: PLACEMENTS, got });
        }
        rows = longer;
    }
    Ok(rows)
}

/// Whether devices first occur in the order of their numbers.
fn is_canonical(row: &[u32]) -> bool {
    let mut next = 0;
    row.iter().all(|&device| {
        next += u32::from(device == next);
        device < next
    })
}

/// A placement under swaps, with the sums that make a swap cost `O(D)`.
struct Swaps<'a> {
    problem: &'a Placement,
    devices: Array2<u32>,
    /// Load of every device, `layers × devices`.
    load: Array2<f64>,
    /// Joint counts of an expert with those of the layers beside on a device,
    /// `layers × experts × devices`.
    near: Array3<f64>,
    /// What gains must exceed.
    epsilon: f64,
}

impl<'a> Swaps<'a> {
    fn new(problem: &'a Placement, devices: Array2<u32>) -> Self {
        let (layers, experts) = devices.dim();
        let mut load = Array2::zeros((layers, problem.devices));
        for ((l, e), &device) in devices.indexed_iter() {
            load[[l, device as usize]] += problem.loads[[l, e]];
        }
        let mut near = Array3::zeros((layers, experts, problem.devices));
        for (l, table) in problem.joint.iter().enumerate() {
            for ((e, f), count) in table.indexed_iter() {
                near[[l, e, devices[[l + 1, f]] as usize]] += count;
                near[[l + 1, f, devices[[l, e]] as usize]] += count;
            }
        }
        let joint: f64 = problem.joint.iter().flatten().sum();
        let epsilon = EPSILON * (problem.loads.sum() + problem.weight * joint);
        Self { problem, devices, load, near, epsilon }
    }

    fn swap_if_better(&mut self, l: usize, a: usize, b: usize) -> bool {
        let (da, db) = (self.devices[[l, a]] as usize, self.devices[[l, b]] as usize);
        if da == db {
            return false;
        }
        let moved = self.problem.loads[[l, a]] - self.problem.loads[[l, b]];
        let row = self.load.row(l);
        let (new_a, new_b) = (row[da] - moved, row[db] + moved);
        let busiest = row.iter().fold(0.0f64, |top, &load| top.max(load));
        let others = row.iter().enumerate().filter(|(d, _)| *d != da && *d != db);
        let after = others.fold(new_a.max(new_b), |top, (_, &load)| top.max(load));
        let near = |e: usize, d: usize| self.near[[l, e, d]];
        let kept = near(a, db) - near(a, da) + near(b, da) - near(b, db);
        let change = after - busiest - self.problem.weight * kept;
        let squares = new_a.powi(2) + new_b.powi(2) - row[da].powi(2) - row[db].powi(2);
        let flat = change <= self.epsilon && squares < -self.epsilon * (1.0 + busiest);
        if change >= -self.epsilon && !flat {
            return false;
        }
        (self.load[[l, da]], self.load[[l, db]]) = (new_a, new_b);
        self.relocate(l, a, da, db);
        self.relocate(l, b, db, da);
        true
    }

    fn relocate(&mut self, l: usize, e: usize, from: usize, to: usize) {
        self.devices[[l, e]] = to as u32;
        for other in 0..self.problem.experts() {
            let mut moves = |layer: usize, count: f64| {
                self.near[[layer, other, from]] -= count;
                self.near[[layer, other, to]] += count;
            };
            if l > 0 {
                moves(l - 1, self.problem.joint[l - 1][[other, e]]);
            }
            if l + 1 < self.problem.layers() {
                moves(l + 1, self.problem.joint[l][[e, other]]);
            }
        }
    }
}
