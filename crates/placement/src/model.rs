//! Placement as a constrained quadratic model, its way through a minimiser, and its LP relaxation.

use ndarray::{Array2, Array3, ArrayView1, Axis};
use spinroute_core::Run;
use spinroute_ising::Minimiser;
use spinroute_modelling::{
    CouplingForm, Encoding, Expr, Model, Options, Variable, dot, k_hot, one_hot,
};

use crate::Error;
use crate::{Placed, Placement};

/// How the load of the busiest device enters the model.
///
/// ```
/// use ndarray::array;
/// use spinroute_placement::{Balance, Placement};
///
/// // A layer of four experts on two devices, two each.
/// let problem = Placement::new(array![[4.0, 3.0, 2.0, 1.0]], vec![], 2, 0.0)?;
/// let (squares, _) = problem.model(Balance::Squares { weight: 1.0 });
/// let (busiest, _) = problem.model(Balance::Busiest);
/// assert_eq!((squares.variables(), busiest.variables()), (8, 8 + 1)); // an integer for the busiest
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    /// As it is: a bounded integer a layer and an inequality with slack a device. For small whole
    /// loads: the bits grow with their logarithm, and so does the range of the penalties.
    Busiest,
    /// `weight · (load − mean)² / mean`, summed over the devices: no extra bits, but another
    /// objective, whose minimum need not be that of the busiest device.
    Squares {
        /// Weight of the squares.
        weight: f64,
    },
}

/// Most variables of the linear program.
const LINEAR: usize = 4096;

impl Placement {
    /// The model, with `x[l, e, d] = 1` where expert `e` of layer `l` is on device `d`.
    ///
    /// [`Balance::Busiest`] rounds loads up to whole numbers.
    #[must_use]
    pub fn model(&self, balance: Balance) -> (Model, Array3<Variable>) {
        match balance {
            Balance::Busiest => self.written(&self.loads.mapv(f64::ceil), balance),
            Balance::Squares { .. } => self.written(&self.loads, balance),
        }
    }

    /// The model for loads that are these.
    fn written(&self, loads: &Array2<f64>, balance: Balance) -> (Model, Array3<Variable>) {
        let (layers, experts) = loads.dim();
        let mut model = Model::new();
        let x = model.binary_array("x", (layers, experts, self.devices));
        let mut cost = Expr::default();
        for (l, layer) in x.outer_iter().enumerate() {
            for (e, row) in layer.outer_iter().enumerate() {
                model.constrain(format!("expert {l},{e}"), one_hot(row));
            }
            for (d, column) in layer.axis_iter(Axis(1)).enumerate() {
                model.constrain(format!("device {l},{d}"), k_hot(column, self.share() as u32));
            }
            cost += self.balance(&mut model, (l, loads.row(l)), &layer.to_owned(), balance);
        }
        for (l, table) in self.joint.iter().enumerate() {
            for ((e, f), &count) in table.indexed_iter().filter(|(_, count)| **count > 0.0) {
                cost += self.weight * count;
                for d in 0..self.devices {
                    cost -= (self.weight * count) * (x[[l, e, d]] * x[[l + 1, f, d]]);
                }
            }
        }
        model.minimise(cost);
        (model, x)
    }

    fn balance(
        &self,
        model: &mut Model,
        (l, loads): (usize, ArrayView1<'_, f64>),
        layer: &Array2<Variable>,
        balance: Balance,
    ) -> Expr {
        let mut cost = Expr::default();
        match balance {
            Balance::Busiest => {
                let mut sorted = loads.to_vec();
                sorted.sort_by(|a, b| b.total_cmp(a));
                let most = sorted[..self.share()].iter().sum::<f64>().ceil();
                let low = (loads.iter().sum::<f64>() / self.devices as f64).floor();
                let range = low as i64..=most as i64;
                let top = model.integer(format!("busiest {l}"), range, Encoding::Binary);
                for (d, column) in layer.axis_iter(Axis(1)).enumerate() {
                    let load = dot(loads.iter().copied(), column.iter().copied());
                    model.constrain(format!("load {l},{d}"), (load - top).at_most(0));
                }
                cost += top;
            }
            Balance::Squares { weight } => {
                let mean = loads.sum() / self.devices as f64;
                if mean > 0.0 {
                    for column in layer.axis_iter(Axis(1)) {
                        let load = dot(loads.iter().copied(), column.iter().copied());
                        cost += (weight / mean) * (load - mean).squared();
                    }
                }
            }
        }
        cost
    }

    /// Minimises the model, makes every read a placement by exact flow (as many of its choices as
    /// the shares permit) and, if `polish` is set, improves it by swaps; the best of the reads.
    ///
    /// # Errors
    /// If the model cannot be compiled, the minimiser refuses it, or there is no read.
    pub fn sample(
        &self,
        minimiser: &dyn Minimiser,
        balance: Balance,
        polish: bool,
        run: &mut Run<'_>,
    ) -> Result<Placed, Error> {
        let (model, x) = self.model(balance);
        let compiled = model.compile(&Options::default().form(CouplingForm::Structured))?;
        let samples = minimiser.minimise(&compiled.to_ising(), run)?;
        let mut best: Option<Placed> = None;
        for answer in compiled.decode_samples(&samples)? {
            let worth = x.mapv(|variable| answer[variable]);
            let placed = self.repair(&worth)?;
            let placed = if polish { self.improve(placed.devices)? } else { placed };
            if best.as_ref().is_none_or(|best| placed.cost.total < best.cost.total) {
                best = Some(placed);
            }
        }
        best.ok_or_else(|| Error::Defect("the minimiser returned no state".into()))
    }

    /// The placement of largest `Σ worth[l, e, device]`, layer by layer, by exact flow.
    ///
    /// # Errors
    /// If `worth` is not `layers × experts × devices` or not finite.
    pub fn repair(&self, worth: &Array3<f64>) -> Result<Placed, Error> {
        let want = self.loads.len() * self.devices;
        if worth.dim() != (self.layers(), self.experts(), self.devices) {
            return Err(Error::Length { what: "worth", want, got: worth.len() });
        }
        let mut devices = Array2::zeros(self.loads.dim());
        for (l, layer) in worth.outer_iter().enumerate() {
            self.assign(&mut devices, l, &layer.to_owned())?;
        }
        self.placed(devices)
    }

    /// The optimum of the linear relaxation of [`Placement::model`] with [`Balance::Busiest`] and the loads
    /// as they are. Equal shares everywhere satisfy it, so it is the mean load and no traffic at all:
    /// [`Placement::bound`] is what bounds; this shows why.
    ///
    /// # Errors
    /// If the problem is too large or the solver fails.
    pub fn linear_relaxation(&self) -> Result<f64, Error> {
        let got =
            self.loads.len() * self.devices + self.joint.iter().map(Array2::len).sum::<usize>();
        if got > LINEAR {
            let (method, unit) = ("the linear relaxation", "variables");
            return Err(Error::TooLarge { method, unit, limit: LINEAR, got });
        }
        let (model, _) = self.written(&self.loads, Balance::Busiest);
        Ok(model.linear_relaxation(&Options::default())?.bound())
    }
}
