//! Objective, bound, gap and balance of a solution, all recomputed from the instance.

use crate::{Certificate, Error, Feature, Instance, Load, Solution};

/// What a solution is worth, measured without its solver.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Instance, Solution, Stop, evaluate};
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let assignment = Assignment::from_slots(1, vec![1, 0]);
/// let solution = Solution { assignment, prices: Some(vec![0.1, 0.0]), stop: Stop::Finished };
/// let evaluation = evaluate(&instance, &solution)?;
/// assert!(evaluation.gap < 1e-6 && evaluation.load.balance == 1.0); // optimal, and its prices prove it
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Evaluation {
    /// Objective of the assignment.
    pub objective: f64,
    /// Prices and the upper bound that they prove.
    pub certificate: Certificate,
    /// Relative optimality gap, a fraction; see [`Certificate::gap`].
    pub gap: f64,
    /// Retained score: the sum of the scores taken (the objective without costs and rewards of loads) over
    /// that of top-k without limits.
    pub retained: f64,
    /// How the experts are loaded.
    pub load: Load,
}

impl Evaluation {
    /// The same answer against another certificate of the instance, such as the best of several
    /// solvers'; the gap is that to its bound.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Assignment, Certificate, Demand, Instance, Solution, Stop, evaluate};
    ///
    /// let scores = array![[1.0, 0.5], [1.0, 0.25]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let assignment = Assignment::from_slots(1, vec![1, 0]);
    /// let greedy = Solution { assignment, prices: None, stop: Stop::Finished };
    /// let evaluation = evaluate(&instance, &greedy)?;
    /// assert!(evaluation.gap > 0.3); // it has no prices of its own
    /// let better = Certificate::new(&instance, vec![0.5, 0.0])?;
    /// assert!(evaluation.against(better).gap < 1e-15); // it is the optimum
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[must_use]
    pub fn against(self, certificate: Certificate) -> Self {
        let gap = certificate.gap(self.objective);
        Self { certificate, gap, ..self }
    }
}

/// Measures a solution. One without prices is measured against [`Certificate::trivial`].
///
/// For the answer of a solver that ignores capacities, pass [`Instance::uncapped`].
///
/// # Errors
/// If the assignment breaks a constraint or the prices are unusable: a bug in the solver.
pub fn evaluate(instance: &Instance, solution: &Solution) -> Result<Evaluation, Error> {
    let objective = instance.objective(&solution.assignment)?;
    let load = Load::new(instance, &solution.assignment);
    let score = objective + instance.cost_of_loads(&load.per_expert);
    let trivial = Certificate::trivial(instance);
    let plain = instance.features().iter().all(|feature| *feature == Feature::Demands);
    let uncapped =
        if plain { trivial.bound() } else { Certificate::trivial(&instance.uncapped()).bound() };
    let retained = retained(score, uncapped);
    let certificate = match &solution.prices {
        Some(prices) => Certificate::new(instance, prices.clone())?,
        None => trivial,
    };
    let gap = certificate.gap(objective);
    Ok(Evaluation { objective, certificate, gap, retained, load })
}

/// The share of the best uncapped objective that is kept; 1 if both are 0.
fn retained(objective: f64, uncapped: f64) -> f64 {
    let equal = (objective - uncapped).abs() <= 4.0 * f64::EPSILON * uncapped.abs();
    if equal { 1.0 } else { objective / uncapped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Assignment, Demand, Stop};
    use ndarray::array;

    #[test]
    fn measures_against_the_prices_or_against_none() {
        let scores = array![[1.0, 0.5], [1.0, 0.25]];
        let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
        let assignment = Assignment::from_slots(1, vec![1, 0]);
        let mut solution =
            Solution { assignment, prices: Some(vec![0.5, 0.0]), stop: Stop::Finished };
        let proven = evaluate(&instance, &solution).unwrap();
        assert!(proven.objective == 1.5 && proven.gap < 1e-15);
        let trivial = proven.clone().against(Certificate::trivial(&instance));
        assert_eq!((trivial.objective, trivial.load.clone()), (1.5, proven.load.clone()));
        assert_eq!(trivial.gap, trivial.certificate.gap(1.5));
        assert!((trivial.gap - 0.5 / 1.5).abs() < 1e-15);
        assert!((proven.retained - 0.75).abs() < 1e-15);
        solution.prices = None;
        assert!((evaluate(&instance, &solution).unwrap().gap - 0.5 / 1.5).abs() < 1e-15);
        solution.assignment = Assignment::from_slots(1, vec![0, 0]);
        assert!(matches!(evaluate(&instance, &solution), Err(Error::Violation(_))));
        assert_eq!(evaluate(&instance.uncapped(), &solution).unwrap().load.overflow, 0);
    }
}
