//! Time step and coupling constant: chosen from the spectrum, or checked against it.
//!
//! In a mode of the couplings with eigenvalue `λ` the ballistic step is that of a spring of stiffness
//! `Ω = 1 − a + c0 λ`, and with heat `γ` its matrix has trace `2 + Δt γ − Δt² Ω` and determinant
//! `1 + Δt γ (1 − Δt² Ω)`; no mode flips its sign every step and grows iff
//!
//! ```text
//! Δt² Ω (1 + Δt γ) < 4 + 2 Δt γ        (Δt² Ω < 4 without heat)
//! ```
//!
//! for the largest `Ω`: the lowest pump and the highest eigenvalue. (Modes of low `Ω` do grow: that is
//! the bifurcation, and the walls end it.)
//!
//! The signs of discrete dynamics have no slope at 0, and a mode that all variables share can flip
//! every step at any `Δt`. Such a cycle has the amplitude
//!
//! ```text
//! A = Δt² c0 λ / (4 − Δt² (1 − a))
//! ```
//!
//! which reaches the walls exactly at the limit above. Long before, it drowns what should bifurcate:
//! on G1, `A` = 0.35 costs 40 of the mean cut. See docs/bifurcation.md for the derivations and for what was measured.

use spinroute_core::{param, registry::Param};
use spinroute_ising::{Error as ModelError, Ising};

use crate::error::Error;
use crate::parameters::Bifurcation;
use crate::product::ScaledModel;
use crate::spectrum::{SpectrumEnds, spectrum_ends};
use crate::variant::{Mode, adiabatic};

/// Which time step and coupling constant a run uses, and why.
///
/// ```
/// use spinroute_bifurcation::{Bifurcation, Mode, ScaledModel};
/// use spinroute_ising::{Ising, Sparse};
///
/// let ring = (0..5).map(|i| (i, (i + 1) % 5, 1.0));
/// let model = Ising::new(vec![0.0; 5], Sparse::from_triplets(5, ring)?, 0.0)?;
/// let control = Bifurcation::default().control(&model, &ScaledModel::new(&model))?;
/// assert_eq!(control.mode, Mode::Discrete);
/// assert!(control.time_step < control.unstable_from);
/// # Ok::<(), spinroute_bifurcation::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Control {
    /// The variant.
    pub mode: Mode,
    /// The time step, `Δt`.
    pub time_step: f64,
    /// The coupling constant, `c0`, in units of the model.
    pub coupling: f64,
    /// The time step at which the dynamics become unstable.
    pub unstable_from: f64,
    /// The ends of the spectrum that this rests on.
    pub ends: SpectrumEnds,
}

/// What is asked of the control.
///
/// ```
/// use spinroute_bifurcation::{Control, ScaledModel, Settings};
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![0.0; 2], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// let settings = Settings { coupling: Some(0.25), ..Settings::default() };
/// let control = Control::new(&model, &ScaledModel::new(&model), &settings)?;
/// assert_eq!(control.coupling, 0.25);
/// # Ok::<(), spinroute_bifurcation::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// The variant, if it is given.
    pub mode: Option<Mode>,
    /// The coefficient of heat, `γ`.
    pub heated: f64,
    /// The lowest value of the pump.
    pub pump: f64,
    /// The time step, if it is given.
    pub time_step: Option<f64>,
    /// The coupling constant, if it is given.
    pub coupling: Option<f64>,
}

impl Control {
    /// Chooses what is not given.
    ///
    /// # Errors
    /// If what is given is not positive and finite, or unstable.
    pub fn new(model: &Ising, scaled: &ScaledModel, settings: &Settings) -> Result<Self, Error> {
        positive(param!(Bifurcation::coupling), settings.coupling)?;
        positive(param!(Bifurcation::time_step), settings.time_step)?;
        let ends = spectrum_ends(model.couplings(), scaled);
        let biased = model.field().iter().any(|h| *h != 0.0);
        let outlier = ends.likely.highest > OUTLIER * -ends.likely.lowest;
        // Signs see a stiff mode as noise; positions let it relax.
        let suited = if biased && outlier { Mode::Ballistic } else { Mode::Discrete };
        let mode = settings.mode.unwrap_or(suited);
        let chosen = || coupling(model, scaled, mode, ends.found.lowest);
        let coupling = settings.coupling.unwrap_or_else(chosen);
        if coupling * scaled.scale() * (model.variables() + 1) as f64 > LARGEST {
            let mend = "forces would leave single precision; null has it chosen";
            let value = coupling.to_string();
            return Err(ModelError::Parameter { name: "coupling", value, mend }.into());
        }
        let highest = coupling * ends.likely.highest.max(0.0);
        let spring = 1.0 - settings.pump;
        let mut limit = largest_stable_time_step(spring + highest, settings.heated);
        if mode == Mode::Adiabatic {
            limit = limit.min(adiabatic::largest_stable_time_step(settings.pump));
        }
        if let Some(time_step) = settings.time_step {
            if time_step >= limit {
                return Err(Error::Unstable { time_step, coupling, limit });
            }
            return Ok(Self { mode, time_step, coupling, unstable_from: limit, ends });
        }
        let cycle = match mode {
            Mode::Adiabatic | Mode::Ballistic => f64::INFINITY,
            Mode::Discrete if !outlier => f64::INFINITY,
            Mode::Discrete if biased => BIASED_CYCLE,
            Mode::Discrete => CYCLE,
        };
        // Δt at which A = cycle.
        let calm = (4.0 / (highest / cycle + spring.max(0.0))).sqrt();
        let time_step = (SAFETY * limit).min(calm).min(LONGEST);
        Ok(Self { mode, time_step, coupling, unstable_from: limit, ends })
    }
}

/// The largest force in units of a step: `f32` holds its sums.
const LARGEST: f64 = 1e30;

/// Part of the limit that a chosen time step keeps to.
const SAFETY: f64 = 0.87;

/// The longest time step that is chosen.
const LONGEST: f64 = 1.25;

/// The highest eigenvalue stands out, as that of a mode of all variables does, if it is larger than the
/// lowest by this.
const OUTLIER: f64 = 1.5;

/// The amplitude of a cycle of signs that such a mode may have.
const CYCLE: f64 = 0.25;

/// The same where a field drives it, as penalties do: at 0.25 agents flip all their signs for ever.
const BIASED_CYCLE: f64 = 0.01;

fn positive(param: &Param, value: Option<f64>) -> Result<(), ModelError> {
    match value {
        Some(value) if !(value > 0.0 && value.is_finite()) => Err(param.refuse(&value).into()),
        _ => Ok(()),
    }
}

/// The time step at which a spring of stiffness `omega` is no longer stable.
///
/// ```
/// use spinroute_bifurcation::largest_stable_time_step;
///
/// // Without heat, Δt² Ω < 4.
/// assert!((largest_stable_time_step(4.0, 0.0) - 1.0).abs() < 1e-9);
/// assert!(largest_stable_time_step(4.0, 0.1) < 1.0);
/// ```
#[must_use]
pub fn largest_stable_time_step(omega: f64, heated: f64) -> f64 {
    let stable = |t: f64| t * t * omega * (1.0 + t * heated) < 4.0 + 2.0 * t * heated;
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        *(if stable(middle) { &mut low } else { &mut high }) = middle;
    }
    low
}

/// Half of the inverse size of what the couplings pull with,
/// `c0 = max(0.5 / √(mean_i Σ_j J[i,j]²), 0.5 / |λ⁻|)`, `λ⁻` the lowest eigenvalue that was found.
///
/// The first is the rule of Goto et al. (2021), `0.5 √n / √(Σ_ij J[i,j]²)`: a random matrix then
/// bifurcates where the pump starts, as `c0 |λ⁻|` is 1. Penalties have most of their size in few modes
/// of high eigenvalues, which must not bifurcate, and a `λ⁻` far smaller: by the first rule alone
/// `c0 |λ⁻|` is 0.08 for 128 × 16 and falls with the size, the modes that decide between feasible
/// states start too late, and agents end with constraints violated.
///
/// Without walls, in [`Mode::Adiabatic`], a large field is a large position; `Σ_j J[i,j]² + h[i]²`
/// stands there for the sum, and there is no second rule.
///
/// ```
/// use spinroute_bifurcation::{Mode, ScaledModel, coupling};
/// use spinroute_ising::{Ising, Sparse};
///
/// let model = Ising::new(vec![0.0; 2], Sparse::from_triplets(2, [(0, 1, 4.0)])?, 0.0)?;
/// let chosen = coupling(&model, &ScaledModel::new(&model), Mode::Discrete, -4.0);
/// assert_eq!(chosen, 0.5 / 4.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[must_use]
pub fn coupling(model: &Ising, scaled: &ScaledModel, mode: Mode, lowest: f64) -> f64 {
    // In the unit of the scaled model, so that no square overflows or vanishes.
    let unit = scaled.scale();
    let n = model.variables().max(1) as f64;
    let fields = model.field().iter().map(|h| (h / unit).powi(2)).sum::<f64>();
    let half = |squares: f64| 0.5 / unit / (squares / n).sqrt();
    let squares = match scaled.sizes() {
        Some([_, squares]) => squares / unit / unit,
        None => squares(model, unit),
    };
    if fields + squares == 0.0 {
        return 0.5;
    }
    if mode == Mode::Adiabatic || squares == 0.0 {
        return half(fields + squares);
    }
    let chosen = if lowest < 0.0 { half(squares).max(-0.5 / lowest) } else { half(squares) };
    // Far beyond any use: but couplings near 0 beside fields must not overflow.
    chosen.min(1e6 * half(fields + squares))
}

/// `Σ_ij (J[i,j] / unit)²`, of every block alone where blocks overlap.
fn squares(model: &Ising, unit: f64) -> f64 {
    use spinroute_ising::AnyCouplings;
    let sum = |values: &[f64]| values.iter().map(|j| (j / unit).powi(2)).sum::<f64>();
    match model.couplings() {
        AnyCouplings::Dense(dense) => dense.matrix().iter().map(|j| (j / unit).powi(2)).sum(),
        AnyCouplings::Sparse(sparse) => sum(sparse.values()),
        AnyCouplings::Structured(blocks) => {
            let weights = blocks.weights();
            let mut squares = vec![0.0; weights.len()];
            let mut fourths = vec![0.0; weights.len()];
            for grid in blocks.grids() {
                for line in 0..grid.rows + grid.columns {
                    let size = if line < grid.rows { grid.columns } else { grid.rows } as f64;
                    squares[grid.sum + line] += size;
                    fourths[grid.sum + line] += size;
                }
            }
            for block in 0..weights.len() {
                for (_, c) in blocks.listed(block) {
                    squares[block] += c * c;
                    fourths[block] += c.powi(4);
                }
            }
            let each = weights.iter().zip(squares.iter().zip(&fourths));
            let each = each.map(|(w, (s, f))| 4.0 * (w / unit).powi(2) * (s * s - f));
            each.sum::<f64>() + sum(blocks.remainder().values())
        }
    }
}
