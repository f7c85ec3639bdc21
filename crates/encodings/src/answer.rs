//! Answers of the modelling language as assignments.

use crate::Error;
use ndarray::Array2;
use spinroute_core::{Assignment, Instance};
use spinroute_ising as ising;
use spinroute_modelling::{Answer, Variable};

/// The assignment that binaries `x[t, e]` say, made feasible for `instance`: token `t` takes
/// the experts whose binary is 1, and [`spinroute_prices::repair`] mends what breaks a
/// constraint, with `prices` (one per expert) if there are any.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::assignment;
/// use spinroute_modelling::{Model, Options};
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let mut model = Model::new();
/// let x = model.binary_array("x", (2, 2));
/// let answer = model.compile(&Options::default())?.decode(&[1, 0, 1, 0])?; // both take expert 0
/// assert_eq!(assignment(&answer, &instance, &x, None)?.slots(), [1, 0]);
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
///
/// # Errors
/// If `x` is not of the instance's shape, not of this model or not of binaries or spins, or no
/// assignment exists.
pub fn assignment(
    answer: &Answer,
    instance: &Instance,
    x: &Array2<Variable>,
    prices: Option<&[f64]>,
) -> Result<Assignment, Error> {
    let lengths = [
        ("rows of the variables", x.nrows(), instance.tokens()),
        ("columns of the variables", x.ncols(), instance.experts()),
        ("prices", prices.map_or(instance.experts(), <[f64]>::len), instance.experts()),
    ];
    for (what, got, want) in lengths {
        if got != want {
            return Err(ising::Error::Length { what, want, got }.into());
        }
    }
    let mut choices = Assignment::empty(x.nrows(), x.ncols());
    for ((t, e), &variable) in x.indexed_iter() {
        let value = answer.get(variable);
        let (variable, variables) = (variable.index(), answer.values().len());
        match value {
            None => return Err(ising::Error::Variable { variable, variables }.into()),
            Some(1.0) => _ = choices.push(t, e as u32),
            Some(0.0 | -1.0) => {}
            Some(value) => {
                let (name, value) = ("x", format!("{value} for token {t} and expert {e}"));
                let mend = "its variables are binaries or spins";
                return Err(spinroute_core::Error::Parameter { name, value, mend }.into());
            }
        }
    }
    Ok(spinroute_prices::repair(instance, choices, prices)?)
}
