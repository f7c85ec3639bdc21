//! Any minimiser on the QUBO of a [`Modelled`] problem: compile, minimise, decode, complete.

use spinroute_core::{Assignment, Run, Stop};
use spinroute_ising::Minimiser;
use spinroute_modelling::{CouplingForm, Options};

use crate::error::Error;
use crate::modelled::Modelled;

/// The best answer of a minimiser's reads.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, sample};
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_ising::Anneal;
/// use spinroute_modelling::Options;
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let options = Options::default();
/// let sampled = sample(&problem, &Anneal::default(), &options, &mut Run::new(0))?;
/// assert!(sampled.raw.is_none_or(|raw| raw <= sampled.objective) && sampled.feasible <= sampled.reads);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// The best feasible assignment, after completion.
    pub assignment: Assignment,
    /// Its objective.
    pub objective: f64,
    /// The best objective of a read that was feasible as it was, without any repair.
    pub raw: Option<f64>,
    /// Reads that were feasible as they were.
    pub feasible: usize,
    /// Reads in all.
    pub reads: usize,
    /// Binaries of the QUBO, slacks included.
    pub variables: usize,
    /// Why the minimiser ended.
    pub stop: Stop,
}

/// Minimises the model of `problem` with structured couplings and completes every read
/// ([`Separable::complete`](crate::Separable::complete)).
///
/// Penalties are those of `options`, the form of the couplings is not.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable, sample};
/// use spinroute_core::{Demand, Instance, Run};
/// use spinroute_ising::Anneal;
/// use spinroute_modelling::Options;
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// let options = Options::default();
/// let sampled = sample(&problem, &Anneal::default(), &options, &mut Run::new(0))?;
/// assert_eq!(problem.objective(&sampled.assignment)?, sampled.objective);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
///
/// # Errors
/// If the model cannot be compiled or the minimiser refuses it.
pub fn sample(
    problem: &(impl Modelled + ?Sized),
    minimiser: &dyn Minimiser,
    options: &Options,
    run: &mut Run<'_>,
) -> Result<Sampled, Error> {
    let (model, x) = problem.model();
    let compiled = model.compile(&options.clone().form(CouplingForm::Structured))?;
    let samples = minimiser.minimise(&compiled.to_ising(), run)?;
    let empty = Assignment::empty(problem.instance().tokens(), problem.instance().demand().k());
    let assignment = problem.complete(&empty)?;
    let mut best = Sampled {
        objective: problem.objective(&assignment).map_err(Error::in_method)?,
        assignment,
        raw: None,
        feasible: 0,
        reads: samples.reads(),
        variables: compiled.qubo().variables(),
        stop: samples.stop,
    };
    for (read, answer) in compiled.decode_samples(&samples)?.iter().enumerate() {
        let most = problem.instance().experts().max(1);
        let mut choices = Assignment::empty(x.nrows(), most);
        for ((t, e), &variable) in x.indexed_iter() {
            if answer[variable] > 0.5 {
                choices.push(t, e as u32);
            }
        }
        if let Ok(objective) = problem.objective(&choices) {
            best.feasible += 1;
            best.raw = Some(best.raw.map_or(objective, |raw| raw.max(objective)));
        }
        let assignment = problem.complete(&choices)?;
        let objective = problem.objective(&assignment).map_err(Error::in_method)?;
        if read == 0 || objective > best.objective {
            (best.objective, best.assignment) = (objective, assignment);
        }
    }
    Ok(best)
}
