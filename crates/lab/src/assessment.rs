//! What core says about the answer of a solver, of one that ignores capacities too.

use spinroute_core::evaluate;
use spinroute_core::{Certificate, Error, Evaluation, Instance, Load, Solution, Solver, Violation};

/// The evaluation of an answer, feasible or not.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance, Run, Solver};
/// use spinroute_lab::assess;
/// use spinroute_transport::TopK;
///
/// // Both tokens prefer expert 0, which holds one of them.
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let solution = TopK::default().solve(&instance, &mut Run::new(0))?;
/// let assessment = assess(&instance, &TopK::default(), &solution)?;
/// assert!(!assessment.feasible);
/// assert_eq!(assessment.evaluation.load.overflow, 1);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// Objective, certificate, gap and load.
    pub evaluation: Evaluation,
    /// Whether every constraint holds; false only for a solver that ignores limits of loads.
    pub feasible: bool,
}

/// Evaluates; the answer of a solver that ignores capacities is measured without limits of loads where it
/// breaks one, but its bound and its load are those of the instance.
///
/// # Errors
/// [`Error::Defect`] if the answer breaks what the solver promises to keep.
pub fn assess(
    instance: &Instance,
    solver: &dyn Solver,
    solution: &Solution,
) -> Result<Assessment, Error> {
    match evaluate(instance, solution) {
        Ok(evaluation) => Ok(Assessment { evaluation, feasible: true }),
        Err(Error::Violation(violation)) if of_loads(&violation) && !solver.respects_capacity() => {
            let defect = |error: Error| Error::Defect(format!("its answer: {error}"));
            let evaluation = evaluate(&instance.uncapped(), solution).map_err(defect)?;
            let mut evaluation = evaluation.against(Certificate::trivial(instance));
            evaluation.load = Load::new(instance, &solution.assignment);
            Ok(Assessment { evaluation, feasible: false })
        }
        Err(error) => Err(Error::Defect(format!("the solver's answer: {error}"))),
    }
}

/// Whether what is broken is a limit of a load, which is all that a solver may ignore.
fn of_loads(violation: &Violation) -> bool {
    matches!(
        violation,
        Violation::Capacity { .. }
            | Violation::Minimum { .. }
            | Violation::GroupCapacity { .. }
            | Violation::GroupMinimum { .. }
    )
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use spinroute_core::{Assignment, Demand, Stop};
    use spinroute_transport::{Greedy, TopK};

    use super::*;

    #[test]
    fn an_infeasible_answer_is_measured_only_where_the_solver_promises_none() {
        let scores = array![[0.75f32, 0.5], [0.5, 0.25]];
        let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
        let assignment = Assignment::from_slots(1, vec![0, 0]);
        let solution = Solution { assignment, prices: None, stop: Stop::Finished };
        let of = |solver: &dyn Solver| assess(&instance, solver, &solution);
        let assessment = of(&TopK::default()).unwrap();
        assert!(!assessment.feasible && assessment.evaluation.objective == 1.25);
        assert_eq!(assessment.evaluation.load.overflow, 1);
        let refused = of(&Greedy::default()).unwrap_err();
        assert!(
            matches!(&refused, Error::Defect(what) if what.starts_with("the solver's answer: ")),
            "{refused}"
        );
    }

    #[test]
    fn every_limit_of_a_load_may_be_ignored_and_nothing_else() {
        use spinroute_core::Groups;
        let base = Instance::builder(array![[0.75f32, 0.5], [0.5, 0.25]]);
        let groups = || Groups::consecutive(2, 2).unwrap();
        let of = |instance: &Instance, slots: &[u32]| {
            let assignment = Assignment::from_slots(1, slots.to_vec());
            let solution = Solution { assignment, prices: None, stop: Stop::Finished };
            assess(instance, &TopK::default(), &solution)
        };
        for instance in [
            base.clone().minimum(vec![0, 1]).build().unwrap(),
            base.clone().groups(groups().capacity(vec![1, 2]).unwrap()).build().unwrap(),
            base.clone().groups(groups().minimum(vec![0, 1]).unwrap()).build().unwrap(),
        ] {
            let ignored = of(&instance, &[0, 0]).unwrap();
            assert_eq!((ignored.feasible, ignored.evaluation.objective), (false, 1.25));
            let bound = Certificate::trivial(&instance).bound();
            assert_eq!(ignored.evaluation.certificate.bound(), bound);
            assert!(of(&instance, &[1, 0]).unwrap().feasible);
        }
        let masked = base.demands(&[1, 0]).build().unwrap();
        assert!(matches!(of(&masked, &[0, 0]), Err(Error::Defect(_))));
    }
}
