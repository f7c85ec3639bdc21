//! A routing problem as a constrained quadratic model: its QUBO and its linear relaxation come from there,
//! so that no rule is written twice.

use ndarray::Array2;
use spinroute_core::Instance;
use spinroute_modelling::{Expr, Model, Options, Variable, at_most_k, dot};

use crate::error::Error;
use crate::separable::Separable;

/// Most pairs of token and expert that go to the linear program.
const LINEAR: usize = 4096;

/// A problem that can be written as a [`Model`].
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Modelled};
/// use spinroute_core::{Demand, Instance};
/// use spinroute_modelling::Options;
///
/// let scores = array![[0.5, 0.1, 0.4, 0.0], [0.5, 0.2, 0.3, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let (model, x) = problem.model();
/// assert_eq!((model.variables(), x.dim()), (8 + 4, (2, 4))); // pairs, and groups of tokens
/// assert!(model.compile(&Options::default()).is_ok());
/// assert!(problem.linear_relaxation()? >= 1.1); // token 0 stays in one group, token 1 in the other
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
pub trait Modelled: Separable {
    /// The problem as a constrained quadratic model, and its variables `x[t, e]`.
    fn model(&self) -> (Model, Array2<Variable>);

    /// The optimum of the linear relaxation of that model, an upper bound; through a general simplex
    /// solver, for small problems.
    ///
    /// # Errors
    /// If the problem is too large or the solver fails.
    fn linear_relaxation(&self) -> Result<f64, Error> {
        let got = self.instance().flat().len();
        if got > LINEAR {
            let (method, unit) = ("the linear relaxation", "pairs");
            return Err(Error::TooLarge { method, unit, limit: LINEAR, got });
        }
        Ok(self.model().0.linear_relaxation(&Options::default())?.bound())
    }
}

/// The constraints of every instance: `k` experts a token, `c[e]` tokens an expert; pairs that
/// cannot gain are left free, their score being negative or their bit fixed to 0 by a cost.
pub(crate) fn rows_and_columns(model: &mut Model, instance: &Instance, x: &Array2<Variable>) {
    let (tokens, experts) = x.dim();
    let k = instance.demand().k();
    for t in (0..tokens).filter(|_| k < experts) {
        model.constrain(format!("token {t}"), at_most_k(x.row(t), k as u32));
    }
    for (e, &capacity) in instance.capacity().iter().enumerate() {
        if (capacity as usize) < tokens {
            model.constrain(format!("expert {e}"), at_most_k(x.column(e), capacity));
        }
    }
}

/// `Σ s[t,e] x[t,e]`; a forbidden pair costs more than all scores can bring.
pub(crate) fn score_terms(instance: &Instance, x: &Array2<Variable>) -> Expr {
    let finite = instance.flat().iter().filter(|score| score.is_finite());
    let forbidden = -1.0 - finite.map(|score| f64::from(score.abs())).sum::<f64>();
    let cost = |&score: &f32| if score.is_finite() { f64::from(score) } else { forbidden };
    dot(instance.flat().iter().map(cost), x.iter().copied())
}
