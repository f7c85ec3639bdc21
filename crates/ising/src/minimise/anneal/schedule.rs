//! Inverse temperatures.

use std::f64::consts::LN_2;

use crate::{Couplings, Ising, Magnitude};

/// How β goes from the first to the last, a value a sweep.
///
/// ```
/// use spinroute_ising::{Anneal, Schedule};
///
/// let anneal = Anneal { schedule: Schedule::Linear, beta: Some([0.1, 3.0]), ..Anneal::default() };
/// assert_eq!(serde_json::to_value(anneal)?["schedule"], "linear");
/// # Ok::<(), serde_json::Error>(())
/// ```
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

/// The last β of a model of one scale, in units of one over its root-mean-square field: colder
/// sweeps change nothing that the descent at the end would not. With 8 reads of 1,000 sweeps, the
/// mean cut against the range of dwave-samplers went from 11,602 to 11,610 on G1, from 13,325 to
/// 13,334 on G22, from 2,365 to 2,374 on G39 and from 32,960 to 33,100 on K2000; standard errors are
/// below 3, on K2000 30.
const FROZEN: f64 = 12.0;

/// The range of β for a model.
///
/// First: a flip against the root-mean-square local field `r` of random spins, averaged over the
/// spins, has probability 1/2: `β = ln 2 / 2 r`. dwave-samplers takes the largest `Σ_j |J[i,j]|` for
/// `r`, which a random state never meets: much of the sweeps is spent at temperatures where
/// nothing is decided.
///
/// Last: what dwave-samplers documents, `β = ln(m / 0.01) / 2 g`, where `g` is the smallest term
/// that is not 0 and `m` the number of spins that have it: their excitations have a rate of 0.01
/// in sum. It is needed where scales differ, as between penalties and an objective; so it is limited
/// by `12 / r` times the ratio of the largest term to the smallest.
pub(super) fn range(model: &Ising) -> [f64; 2] {
    let magnitudes = model.couplings().magnitudes();
    let (mut all, mut count, mut coupled) = (Magnitude::default(), 0_u32, 0_u32);
    for (magnitude, &h) in magnitudes.into_iter().zip(model.field()) {
        let variable = magnitude.and(Magnitude::one(h));
        if variable.least == 0.0 {
            continue;
        }
        coupled += 1;
        if all.least == 0.0 || variable.least < all.least {
            count = 1;
        } else if variable.least == all.least {
            count += 1;
        }
        all = all.and(variable);
    }
    let field = (all.square / f64::from(coupled)).sqrt();
    let last = libm::log(f64::from(count) / EXCITED) / (2.0 * all.least);
    let last = last.min(FROZEN * (all.largest / all.least) / field);
    let range = [last.min(LN_2 / (2.0 * field)), last];
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
        // Two scales: the smallest term, 0.5, decides the last.
        let couplings = Sparse::from_triplets(3, [(0, 1, 2.0), (1, 2, -3.0)]).unwrap();
        let model = Ising::new(vec![0.0, 0.0, 0.5], couplings, 0.0).unwrap();
        let [first, last] = range(&model);
        let field = f64::sqrt((4.0 + 13.0 + 9.25) / 3.0);
        assert!((first - LN_2 / (2.0 * field)).abs() < 1e-12);
        assert!((last - libm::log(100.0)).abs() < 1e-12);
        // One scale: the field does.
        let clique = (0..100).flat_map(|i| (0..i).map(move |j| (i, j, -2.0)));
        let couplings = Sparse::from_triplets(100, clique).unwrap();
        let model = Ising::new(vec![0.0; 100], couplings, 0.0).unwrap();
        assert!((range(&model)[1] - FROZEN / f64::sqrt(396.0)).abs() < 1e-12);
        let nothing = Ising::new(vec![0.0; 3], Sparse::none(3), 0.0).unwrap();
        assert_eq!(range(&nothing), [0.1, 1.0]);
    }
}
