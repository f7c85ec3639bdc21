//! Inverse temperatures.

use std::f64::consts::LN_2;

use crate::{Couplings, Ising};

/// How β goes from the first to the last, a value a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// By a constant factor.
    #[default]
    Geometric,
    /// By a constant difference.
    Linear,
}

impl Schedule {
    /// β of a sweep, of `sweeps`; a single one has the last.
    pub(super) fn beta(self, [first, last]: [f64; 2], sweep: usize, sweeps: usize) -> f64 {
        if sweep + 1 == sweeps {
            return last;
        }
        let part = sweep as f64 / (sweeps - 1) as f64;
        match self {
            Self::Geometric => first * libm::pow(last / first, part),
            Self::Linear => first + (last - first) * part,
        }
    }
}

/// The rate of excited spins that the last β allows.
const EXCITED: f64 = 0.01;

/// The range that dwave-samplers documents for its annealer: at the first β the least likely flip
/// has probability 1/2, `β = ln 2 / (2 max_i b[i])` with `b[i] = |h[i]| + Σ_j |J[i,j]|`; at the last
/// one the `m` spins of the smallest excitation `2 g`, `g` the smallest term that is not 0, are
/// excited at a rate of 0.01 in sum, `β = ln(m / 0.01) / (2 g)`.
pub(super) fn range(model: &Ising) -> [f64; 2] {
    let magnitudes = model.couplings().magnitudes();
    let (mut largest, mut least, mut count) = (0.0, f64::INFINITY, 0_u32);
    for (magnitude, h) in magnitudes.into_iter().zip(model.field()) {
        let variable = magnitude.and(h.abs(), h.abs());
        largest = f64::max(largest, variable.sum);
        if variable.least > 0.0 && variable.least < least {
            (least, count) = (variable.least, 1);
        } else if variable.least == least {
            count += 1;
        }
    }
    let range = [LN_2 / (2.0 * largest), libm::log(f64::from(count) / EXCITED) / (2.0 * least)];
    // A model without any term, or with terms at the ends of the range of f64: any range will do.
    if range.iter().all(|beta| beta.is_normal() && *beta > 0.0) { range } else { [0.1, 1.0] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sparse;

    #[test]
    fn schedules_run_from_the_first_to_the_last() {
        for schedule in [Schedule::Geometric, Schedule::Linear] {
            let betas: Vec<f64> = (0..5).map(|s| schedule.beta([0.1, 10.0], s, 5)).collect();
            assert_eq!((betas[0], betas[4]), (0.1, 10.0));
            assert!(betas.is_sorted());
            assert_eq!(schedule.beta([0.1, 10.0], 0, 1), 10.0);
        }
        assert!((Schedule::Geometric.beta([0.1, 10.0], 2, 5) - 1.0).abs() < 1e-12);
        assert!((Schedule::Linear.beta([0.1, 10.0], 2, 5) - 5.05).abs() < 1e-12);
    }

    #[test]
    fn the_range_follows_the_coefficients() {
        let couplings = Sparse::from_triplets(3, [(0, 1, 2.0), (1, 2, -3.0)]).unwrap();
        let model = Ising::new(vec![0.0, 0.0, 0.5], couplings, 0.0).unwrap();
        let [first, last] = range(&model);
        assert_eq!(first, LN_2 / 10.0);
        assert!((last - libm::log(100.0)).abs() < 1e-12);
        let nothing = Ising::new(vec![0.0; 3], Sparse::none(3), 0.0).unwrap();
        assert_eq!(range(&nothing), [0.1, 1.0]);
    }
}
