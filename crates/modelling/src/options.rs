//! How a model is compiled, and the values of its parameters.

use crate::Error;
use crate::assemble::CouplingForm;
use crate::constraint::{Inequality, Multiplier, Penalty};
use crate::model::Parts;
use crate::reduce::Reduction;
use crate::variable::Parameter;
use spinroute_ising as ising;

/// How to compile a [`Model`](crate::Model), and the values of its parameters.
///
/// ```
/// use spinroute_modelling::{Model, Options, Penalty, CouplingForm, k_hot};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [4]);
/// let weight = model.parameter("weight");
/// model.constrain("two", k_hot(&x, 2).penalty(Penalty::Parameter(weight)));
/// for value in [1.0, 2.0, 4.0] {
///     // The model is compiled again, not built again.
///     let options = Options::default().set(weight, value).form(CouplingForm::Structured);
///     let compiled = model.compile(&options)?;
///     assert_eq!(compiled.qubo().energy(&[1, 1, 1, 0]), value);
/// }
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The form of the couplings.
    pub form: CouplingForm,
    /// The penalty of constraints without one of their own, and of encodings.
    pub penalty: Penalty,
    /// The treatment of inequalities without one of their own.
    pub inequality: Inequality,
    /// How terms of degree 3 and more are made quadratic.
    pub reduction: Reduction,
    /// For [`Inequality::Multiplier`]: as many as the model has constraints; empty for none yet, which
    /// leaves those constraints out.
    pub multipliers: Vec<Multiplier>,
    /// A feasible point that is known, one value a variable, from any heuristic: the better it is,
    /// the smaller are the weights of [`Penalty::Tight`]. They are as provable with any other.
    pub feasible: Option<Vec<f64>>,
    parameters: Vec<(Key, f64)>,
}

/// A parameter by handle or by name.
#[derive(Clone, Debug)]
enum Key {
    Handle(Parameter),
    Name(String),
}

impl Options {
    /// Sets the form of the couplings.
    #[must_use]
    pub fn form(mut self, form: CouplingForm) -> Self {
        self.form = form;
        self
    }

    /// Sets the penalty of constraints without one of their own, and of encodings.
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// Sets the treatment of inequalities without one of their own.
    #[must_use]
    pub fn inequality(mut self, inequality: Inequality) -> Self {
        self.inequality = inequality;
        self
    }

    /// Sets how terms of degree 3 and more are made quadratic.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// Sets the multipliers, one a constraint of the model.
    #[must_use]
    pub fn multipliers(mut self, multipliers: Vec<Multiplier>) -> Self {
        self.multipliers = multipliers;
        self
    }

    /// Sets the feasible point that is known.
    #[must_use]
    pub fn feasible(mut self, values: Vec<f64>) -> Self {
        self.feasible = Some(values);
        self
    }

    /// Gives a parameter its value.
    #[must_use]
    pub fn set(mut self, parameter: Parameter, value: f64) -> Self {
        self.parameters.push((Key::Handle(parameter), value));
        self
    }

    /// Gives the parameter of that name its value.
    #[must_use]
    pub fn set_named(mut self, name: impl Into<String>, value: f64) -> Self {
        self.parameters.push((Key::Name(name.into()), value));
        self
    }

    /// The value of every parameter of a model; the last one given counts.
    pub(crate) fn values(&self, parts: &Parts) -> Result<Vec<f64>, Error> {
        let mut values = vec![None; parts.parameters.len()];
        for (key, value) in &self.parameters {
            let (index, name) = match key {
                Key::Handle(parameter) => (parameter.0 as usize, format!("#{}", parameter.0)),
                Key::Name(name) => {
                    let index = parts.parameters.iter().position(|known| known == name);
                    (index.unwrap_or(usize::MAX), name.clone())
                }
            };
            let Some(place) = values.get_mut(index) else {
                return Err(Error::Undeclared { name });
            };
            if !value.is_finite() {
                return Err(
                    ising::Error::NotFinite { what: "parameter", index, value: *value }.into()
                );
            }
            *place = Some(*value);
        }
        let known = parts.parameters.iter().zip(values);
        known
            .map(|(name, value)| value.ok_or_else(|| Error::Unset { name: name.clone() }))
            .collect()
    }
}
