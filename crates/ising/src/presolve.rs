//! Presolve: a smaller model with the same lowest energy, and the way back.
//!
//! In spins, with `S[i] = Σ_j |J[i,j]|` over the neighbours of `i`, some lowest state has
//!
//! - **fixed**: `s[i] = -sign h[i]` where `|h[i]| ≥ S[i]`: the linear term dominates the couplings;
//! - **substituted**: `s[i] = -sign(J[i,j]) s[j]` where `|J[i,j]| ≥ |h[i]| + S[i] - |J[i,j]|`: one
//!   coupling dominates all else. A variable of one neighbour is always fixed or substituted;
//! - **duplicates**: `s[i] = σ s[j]` where `h[i] = σ h[j]`, `J[i,k] = σ J[j,k]` for all `k` and `J[i,j] = 0`,
//!   with one σ = ±1: what is best for one is best for the other;
//! - **eliminated**: `s[i] = -sign(h[i] + Σ J[i,j] s[j])`, whatever its neighbours are. The minimum over
//!   `s[i]` is a function of the neighbours, and again quadratic if they are two, or three and `h[i] = 0`
//!   (four values, four coefficients; for three it is the star-triangle relation of L. Onsager).
//!
//! The rules are tried until none applies; each takes one variable away, so that the work is the sum of
//! the degrees on the way, and O(n + pairs) a pass over duplicates. Then the kernel falls into connected
//! components, which are independent. [`Presolved::lift`] undoes the steps in reverse order: for *every*
//! state of the kernel the lifted one has the kernel's energy, up to rounding.
//!
//! (E. Boros, P. L. Hammer, G. Tavares, *Preprocessing of unconstrained quadratic binary optimization*,
//! RUTCOR RRR 10-2006, has the first two; D. Ferizovic et al., *Engineering kernelization for maximum
//! cut*, ALENEX 2020, others of the kind for graphs.) Structured couplings are left as they are: their
//! rows are long, and writing them out would be worse than what the rules could take away.

mod reduction;

use spinroute_core::{Run, Stop};

use self::reduction::{Reduction, Removal, against};
use crate::ising::check_spins;
use crate::{AnyCouplings, Couplings, Error, Ising, Minimiser, Samples, Sparse, Vartype};

pub use reduction::Counts;

/// A smaller model, and the way back from its states.
///
/// ```
/// use spinroute_core::Run;
/// use spinroute_ising::{Anneal, Ising, Sparse, presolve::presolve};
///
/// // A chain: each end follows its neighbour, until nothing is left.
/// let chain = Sparse::from_triplets(4, [(0, 1, 1.0), (1, 2, -2.0), (2, 3, 1.0)])?;
/// let model = Ising::new(vec![0.0; 4], chain, 0.0)?;
/// let presolved = presolve(&model)?;
/// assert_eq!(presolved.kernel().variables(), 0);
/// assert_eq!(model.energy(&presolved.lift(&[])), -4.0);
/// let samples = presolved.minimise(&model, &Anneal::default(), &mut Run::new(1))?;
/// assert_eq!(samples.energies[0], -4.0);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Presolved {
    kernel: Ising,
    /// The number that a variable of the kernel has in the whole model.
    kept: Vec<u32>,
    removals: Vec<Removal>,
    counts: Counts,
    variables: usize,
}

/// Applies the rules until none applies.
///
/// ```
/// use spinroute_ising::{Ising, Sparse, presolve::presolve};
///
/// // The field of spin 0 dominates its coupling, and then so does that of spin 1.
/// let model = Ising::new(vec![5.0, 0.0], Sparse::from_triplets(2, [(0, 1, 1.0)])?, 0.0)?;
/// assert_eq!(presolve(&model)?.lift(&[]), [-1, 1]);
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
///
/// # Errors
/// If a sum of coefficients is beyond `f64`.
pub fn presolve(model: &Ising) -> Result<Presolved, Error> {
    let variables = model.variables();
    if matches!(model.couplings(), AnyCouplings::Structured(_)) {
        let kept = (0..variables as u32).collect();
        let (kernel, counts) = (model.clone(), Counts::default());
        return Ok(Presolved { kernel, kept, removals: Vec::new(), counts, variables });
    }
    let mut reduction = Reduction::new(model);
    reduction.run();
    let Reduction { offset, field, rows, alive, removals, counts, .. } = reduction;
    let kept: Vec<u32> = (0..variables as u32).filter(|&i| alive[i as usize]).collect();
    let mut numbers = vec![u32::MAX; variables];
    for (number, &i) in (0..).zip(&kept) {
        numbers[i as usize] = number;
    }
    let triplets = kept.iter().flat_map(|&i| {
        let later = rows[i as usize].iter().filter(move |pair| pair.0 > i);
        later.map(move |&(j, value)| (i, j, value))
    });
    let triplets = triplets.map(|(i, j, value)| (numbers[i as usize], numbers[j as usize], value));
    let couplings = Sparse::from_triplets(kept.len(), triplets)?;
    let field = kept.iter().map(|&i| field[i as usize]).collect();
    let kernel = Ising::new(field, couplings, offset)?;
    Ok(Presolved { kernel, kept, removals, counts, variables })
}

impl Presolved {
    /// What is left to be minimised.
    #[must_use]
    pub fn kernel(&self) -> &Ising {
        &self.kernel
    }

    /// Number of variables of the whole model.
    #[must_use]
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// How many variables went by which rule.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The state of the whole model that belongs to one of the kernel, with its energy.
    ///
    /// # Panics
    /// If there is not one spin a variable of the kernel, or one is not ±1.
    #[must_use]
    pub fn lift(&self, spins: &[i8]) -> Vec<i8> {
        assert_eq!(spins.len(), self.kept.len(), "one spin a variable of the kernel");
        check_spins(spins);
        let mut whole = vec![1; self.variables];
        for (&i, &spin) in self.kept.iter().zip(spins) {
            whole[i as usize] = spin;
        }
        for removal in self.removals.iter().rev() {
            match removal {
                Removal::Fixed { variable, spin } => whole[*variable as usize] = *spin,
                Removal::Substituted { variable, by, sign } => {
                    whole[*variable as usize] = sign * whole[*by as usize];
                }
                Removal::Eliminated { variable, field, neighbours } => {
                    let pull = |&(j, value): &(u32, f64)| value * f64::from(whole[j as usize]);
                    let field = field + neighbours.iter().map(pull).sum::<f64>();
                    whole[*variable as usize] = against(field);
                }
            }
        }
        whole
    }

    /// The connected components of the kernel: variables of each, ascending.
    #[must_use]
    pub fn components(&self) -> Vec<Vec<u32>> {
        let variables = self.kernel.variables();
        let mut component = vec![u32::MAX; variables];
        let mut components: Vec<Vec<u32>> = Vec::new();
        for first in 0..variables {
            if component[first] != u32::MAX {
                continue;
            }
            let number = components.len() as u32;
            component[first] = number;
            let mut members = vec![first as u32];
            let mut next = 0;
            while next < members.len() {
                self.kernel.couplings().neighbours(members[next] as usize, &mut |j, _| {
                    if component[j] == u32::MAX {
                        component[j] = number;
                        members.push(j as u32);
                    }
                });
                next += 1;
            }
            members.sort_unstable();
            components.push(members);
        }
        components
    }

    /// Runs a minimiser on the kernel and lifts its samples. The best of them is put together from the
    /// best of every component: energies of components add up.
    ///
    /// Where the kernel is too large for the minimiser but falls apart, it is given one component after the
    /// other, and there is one sample, made of the best of each: so an exhaustive search proves minima of
    /// large models with small components.
    ///
    /// # Errors
    /// Those of the minimiser.
    pub fn minimise(
        &self,
        model: &Ising,
        minimiser: &dyn Minimiser,
        run: &mut Run<'_>,
    ) -> Result<Samples, Error> {
        let mut samples = match minimiser.minimise(&self.kernel, run) {
            Err(Error::TooLarge { .. }) => self.by_components(minimiser, run)?,
            samples => samples?,
        };
        if let Some(best) = samples.best() {
            let size = self.kernel.variables();
            let state = self.assembled(&samples);
            if self.kernel.energy(&state) < samples.energies[best] {
                samples.states[best * size..(best + 1) * size].copy_from_slice(&state);
            }
        }
        let lifted: Vec<Vec<i8>> =
            (0..samples.reads()).map(|read| self.lift(samples.state(read))).collect();
        samples.energies = lifted.iter().map(|state| model.energy(state)).collect();
        samples.states = lifted.concat();
        Ok(samples)
    }

    /// One sample of the kernel, from a run on every component.
    fn by_components(
        &self,
        minimiser: &dyn Minimiser,
        run: &mut Run<'_>,
    ) -> Result<Samples, Error> {
        let mut state = vec![1; self.kernel.variables()];
        let mut stop = Stop::Finished;
        for members in self.components() {
            let samples = minimiser.minimise(&self.component(&members)?, run)?;
            if let Some(best) = samples.best() {
                for (&i, &spin) in members.iter().zip(samples.state(best)) {
                    state[i as usize] = spin;
                }
            }
            if stop == Stop::Finished {
                stop = samples.stop;
            }
        }
        let energies = vec![self.kernel.energy(&state)];
        Ok(Samples { states: state, energies, vartype: Vartype::Spin, steps: run.steps(), stop })
    }

    /// The model of some variables that are coupled to no others; the offset left out.
    fn component(&self, members: &[u32]) -> Result<Ising, Error> {
        let mut triplets = Vec::new();
        for (number, &i) in (0..).zip(members) {
            self.kernel.couplings().neighbours(i as usize, &mut |j, value| {
                if let Ok(other) = members.binary_search(&(j as u32))
                    && j > i as usize
                {
                    triplets.push((number, other as u32, value));
                }
            });
        }
        let couplings = Sparse::from_triplets(members.len(), triplets)?;
        let field = members.iter().map(|&i| self.kernel.field()[i as usize]).collect();
        Ising::new(field, couplings, 0.0)
    }

    /// Component by component the best that any read has.
    fn assembled(&self, samples: &Samples) -> Vec<i8> {
        let mut state = vec![1; self.kernel.variables()];
        for members in self.components() {
            let energy = |read: usize| self.part(&members, samples.state(read));
            let best = (0..samples.reads())
                .map(|read| (energy(read), read))
                .reduce(|best, next| if next.0 < best.0 { next } else { best });
            for &i in &members {
                state[i as usize] = best.map_or(1, |(_, read)| samples.state(read)[i as usize]);
            }
        }
        state
    }

    /// What a component adds to the energy.
    fn part(&self, members: &[u32], spins: &[i8]) -> f64 {
        let mut energy = 0.0;
        for i in members.iter().map(|&i| i as usize) {
            let mut pull = self.kernel.field()[i];
            self.kernel.couplings().neighbours(i, &mut |j, value| {
                // Either end has half of a coupling.
                pull += 0.5 * value * f64::from(spins[j]);
            });
            energy += pull * f64::from(spins[i]);
        }
        energy
    }
}
