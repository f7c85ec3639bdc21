//! Expert placement: which expert on which device, in every layer.
//!
//! Every device holds as many experts of a layer as any other. A layer ends when its busiest device
//! does, and a token that goes on to an expert of another device has to travel:
//!
//! ```text
//! minimise  Σ_l max_d Σ_{e on d} load[l,e]  +  weight · Σ_l Σ_{e,f} joint[l,e,f] [device(l,e) ≠ device(l+1,f)]
//! ```
//!
//! The first part alone is multiprocessor scheduling with equal cardinalities, the second a
//! quadratic assignment problem (`MoETuner`, arXiv 2502.06643, states both as an integer program);
//! either is NP-hard. Devices are alike: their names carry no meaning.

use ndarray::{Array2, ArrayView1};
use spinroute_core::{Demand, Instance, Run, Solver};
use spinroute_flow::Flow;

use crate::Error;

/// Loads and joint counts of some layers of experts, to be put on devices.
///
/// ```
/// use ndarray::array;
/// use spinroute_placement::{Placement};
///
/// // A layer of four experts on two devices, two each.
/// let problem = Placement::new(array![[4.0, 3.0, 2.0, 1.0]], vec![], 2, 0.0)?;
/// assert_eq!(problem.cost(&array![[0, 1, 1, 0]])?.busiest, 5.0);
/// assert_eq!(problem.bound()?.busiest, 5.0);
/// assert!(problem.cost(&array![[0, 0, 0, 1]]).is_err()); // three on one device
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Placement {
    pub(crate) loads: Array2<f64>,
    pub(crate) joint: Vec<Array2<f64>>,
    pub(crate) devices: usize,
    pub(crate) weight: f64,
}

/// What a placement costs, or a lower bound on it.
///
/// ```
/// use ndarray::{Array2, array};
/// use spinroute_placement::Placement;
///
/// let joint = Array2::from_diag(&array![5.0, 5.0]); // every expert is followed by its like
/// let problem = Placement::new(Array2::ones((2, 2)), vec![joint], 2, 0.5)?;
/// let cost = problem.cost(&array![[0, 1], [1, 0]])?;
/// assert_eq!((cost.busiest, cost.traffic, cost.total), (2.0, 10.0, 7.0));
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Cost {
    /// Load of the busiest device, summed over the layers.
    pub busiest: f64,
    /// Joint counts between experts on different devices, summed over the layers.
    pub traffic: f64,
    /// `busiest + weight · traffic`.
    pub total: f64,
}

impl Placement {
    /// A problem from loads, `layers × experts`, joint counts of consecutive layers, each
    /// `experts × experts`, the number of devices, and what a unit of traffic costs in units of load.
    ///
    /// # Errors
    /// If the shapes do not fit, a number is negative or not finite, or the experts do not divide
    /// among the devices.
    pub fn new(
        loads: Array2<f64>,
        joint: Vec<Array2<f64>>,
        devices: usize,
        weight: f64,
    ) -> Result<Self, Error> {
        let (layers, experts) = loads.dim();
        if layers == 0 || devices == 0 || experts == 0 || experts % devices != 0 {
            return Err(Error::Devices { experts, devices });
        }
        if joint.len() + 1 != layers {
            return Err(Error::Length { what: "joint", want: layers - 1, got: joint.len() });
        }
        for got in joint.iter().flat_map(|table| [table.nrows(), table.ncols()]) {
            if got != experts {
                return Err(Error::Length { what: "joint table", want: experts, got });
            }
        }
        check("load", loads.iter())?;
        check("joint count", joint.iter().flatten())?;
        check("weight", [weight].iter())?;
        Ok(Self { loads, joint, devices, weight })
    }

    /// Number of layers.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.loads.nrows()
    }

    /// Number of experts a layer.
    #[must_use]
    pub fn experts(&self) -> usize {
        self.loads.ncols()
    }

    /// Number of devices.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.devices
    }

    /// Experts of a layer on a device.
    #[must_use]
    pub fn share(&self) -> usize {
        self.experts() / self.devices
    }

    /// The cost of `devices`, `layers × experts`: the only way to one, and it checks the shares.
    ///
    /// # Errors
    /// If the shape is another or a device holds too many or too few experts of a layer.
    pub fn cost(&self, devices: &Array2<u32>) -> Result<Cost, Error> {
        if devices.dim() != self.loads.dim() {
            let (want, got) = (self.loads.len(), devices.len());
            return Err(Error::Length { what: "placement", want, got });
        }
        let mut busiest = 0.0;
        for (layer, row) in devices.rows().into_iter().enumerate() {
            let (mut load, mut count) = (vec![0.0; self.devices], vec![0; self.devices]);
            for (expert, &device) in row.iter().enumerate() {
                if device as usize >= self.devices {
                    return Err(Error::Device { layer, expert, device, devices: self.devices });
                }
                load[device as usize] += self.loads[[layer, expert]];
                count[device as usize] += 1;
            }
            let want = self.share();
            if let Some(device) = count.iter().position(|&got| got != want) {
                return Err(Error::Share { layer, device, got: count[device], want });
            }
            busiest += load.iter().fold(0.0f64, |a, &b| a.max(b));
        }
        let mut traffic = 0.0;
        for (l, table) in self.joint.iter().enumerate() {
            let apart =
                table.indexed_iter().filter(|((e, f), _)| devices[[l, *e]] != devices[[l + 1, *f]]);
            traffic += apart.map(|(_, count)| count).sum::<f64>();
        }
        Ok(self.priced(busiest, traffic))
    }

    pub(crate) fn priced(&self, busiest: f64, traffic: f64) -> Cost {
        Cost { busiest, traffic, total: busiest + self.weight * traffic }
    }

    /// A proven lower bound on both parts.
    ///
    /// Busiest device: the mean load (rounded up for whole loads), and by the pigeonhole principle
    /// some device holds `j + 1` of the `j·D + 1` largest experts, and the smallest ones beside.
    /// Traffic: the pairs on one device form a graph in which every expert has `E / D` partners in
    /// the next layer; the heaviest such graph is a transportation problem, solved exactly.
    /// Both hold for each part alone, so their sum is what any weight is measured against.
    ///
    /// # Errors
    /// If a joint count is too large for `f32`.
    pub fn bound(&self) -> Result<Cost, Error> {
        let busiest = self.loads.rows().into_iter().map(|row| self.least_busiest(&row)).sum();
        let mut traffic = 0.0;
        for table in &self.joint {
            let share = self.share() as u32;
            // Scores are rounded up, so the heaviest graph is not underrated.
            let scores = table.mapv(ceiling);
            let graph = Instance::new(scores, vec![share; self.experts()], Demand::Exactly(share))?;
            let solution = Flow::default().solve(&graph, &mut Run::new(0))?;
            let prices = solution.prices.unwrap_or_else(|| vec![0.0; self.experts()]);
            let kept = spinroute_core::Certificate::new(&graph, prices)?.bound();
            traffic += (table.sum() - kept).max(0.0);
        }
        Ok(self.priced(busiest, traffic))
    }

    /// The lower bound on the busiest device of one layer.
    fn least_busiest(&self, loads: &ArrayView1<'_, f64>) -> f64 {
        let mut sorted = loads.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let share = self.share();
        let mean = sorted.iter().sum::<f64>() / self.devices as f64;
        let whole = sorted.iter().all(|load| load.fract() == 0.0);
        // A mean that is whole but for rounding is not to be rounded up past it.
        let mean = if whole { (mean * (1.0 - 1e-12)).ceil() } else { mean * (1.0 - 1e-12) };
        let crowded = (0..share).map(|j| {
            let first = j * self.devices - j; // the j + 1 smallest of them
            let large: f64 = sorted[first..=j * self.devices].iter().sum();
            let small: f64 = sorted[self.experts() - (share - j - 1)..].iter().sum();
            (large + small) * (1.0 - 1e-12)
        });
        crowded.fold(mean, f64::max)
    }
}

/// Refuses negative and non-finite numbers.
fn check<'a>(what: &'static str, numbers: impl IntoIterator<Item = &'a f64>) -> Result<(), Error> {
    let wrong = |(_, value): &(usize, &f64)| !(value.is_finite() && **value >= 0.0);
    match numbers.into_iter().enumerate().find(wrong) {
        Some((index, &value)) => {
            Err(Error::Number { what, index, value, mend: "it is finite and not negative" })
        }
        None => Ok(()),
    }
}

/// The smallest `f32` that is at least `value`.
fn ceiling(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}
