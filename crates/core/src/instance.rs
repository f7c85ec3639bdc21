//! The assignment problem: tokens, experts, scores, capacities.

use std::sync::Arc;

use ndarray::{ArcArray2, ArrayView2};
use rayon::prelude::*;

use crate::sum::Sum;
use crate::{Assignment, Error, Violation};

/// How many experts each token takes.
///
/// ```
/// use spinroute_core::Demand;
///
/// assert_eq!((Demand::AtMost(2).k(), Demand::AtMost(2).is_exact()), (2, false));
/// assert_eq!((Demand::Exactly(1).k(), Demand::Exactly(1).is_exact()), (1, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// Up to `k`: a slot may stay empty (a *dropped* slot).
    AtMost(u32),
    /// Exactly `k`: every slot is filled.
    Exactly(u32),
}

impl Demand {
    /// The number of slots per token.
    #[must_use]
    pub fn k(self) -> usize {
        match self {
            Self::AtMost(k) | Self::Exactly(k) => k as usize,
        }
    }

    /// Whether every slot must be filled.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}

/// A capacity-constrained assignment problem.
///
/// ```text
/// maximise    Σ s[t,e] x[t,e]
/// subject to  Σ_e x[t,e] ≤ k     for each token t    (= k under `Exactly`)
///             Σ_t x[t,e] ≤ c[e]  for each expert e   (dual: the price p[e] ≥ 0)
///             x[t,e] ∈ {0, 1},   x[t,e] = 0 where s[t,e] = -∞
/// ```
///
/// The constraint matrix is totally unimodular, so the linear relaxation has an integral optimum
/// (Hoffman, Kruskal 1956). A clone shares the scores: it costs a pointer.
///
/// Solvers work on scores in `f32`. Objectives and bounds are about the scores as they were given:
/// where `f32` does not hold those, they are kept in `f64` beside ([`Instance::from_f64`]).
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Demand, Instance};
///
/// // Two tokens, two experts that hold one token each, one expert a token.
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let objective = instance.objective(&Assignment::from_slots(1, vec![1, 0]))?;
/// assert!((objective - 1.5).abs() < 1e-6);
/// // Token 0 and token 1 cannot both take expert 0.
/// assert!(instance.objective(&Assignment::from_slots(1, vec![0, 0])).is_err());
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Instance {
    scores: ArcArray2<f32>,
    wide: Option<ArcArray2<f64>>,
    capacity: Arc<[u32]>,
    demand: Demand,
    forbidden: bool,
}

impl Instance {
    /// Builds an instance from scores (`tokens × experts`, any memory order; kept without a copy
    /// if row-major) and one capacity per expert. A score of `-∞` forbids the pair.
    ///
    /// # Errors
    /// If a dimension is 0 or too large for 32 bits, a score is NaN or +∞ (with its place), the
    /// number of capacities is wrong, `k` is 0 or exceeds the number of experts, or `Exactly(k)`
    /// cannot be met for want of capacity: `Σ_e min(c[e], T) < T·k`, which with all pairs allowed
    /// is the only obstacle (max-flow min-cut). Infeasibility that comes from forbidden pairs is
    /// found by the solvers, see [`crate::Deficiency`].
    pub fn new(
        scores: impl Into<ArcArray2<f32>>,
        capacity: Vec<u32>,
        demand: Demand,
    ) -> Result<Self, Error> {
        let scores: ArcArray2<f32> = scores.into();
        check_sizes(scores.dim(), &capacity, demand)?;
        let scores = row_major(scores);
        let forbidden = check(flat(&scores), scores.ncols())?;
        Self { scores, wide: None, capacity: capacity.into(), demand, forbidden }.check_supply()
    }

    /// As [`Instance::new`], from scores in `f64`. They are narrowed to `f32` for the solvers that
    /// look at these; where that changes any, they are kept as they are as well, for objectives,
    /// bounds and exact solvers.
    ///
    /// # Errors
    /// As [`Instance::new`]; also if a score is beyond the range of `f32`.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Assignment, Demand, Instance};
    ///
    /// let scores = array![[16_777_216.0, 16_777_217.0], [16_777_216.0, 16_777_215.0]];
    /// let instance = Instance::from_f64(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let objective = instance.objective(&Assignment::from_slots(1, vec![1, 0]))?;
    /// assert_eq!(objective, 33_554_433.0); // no f32 is 16,777,217
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    pub fn from_f64(
        scores: impl Into<ArcArray2<f64>>,
        capacity: Vec<u32>,
        demand: Demand,
    ) -> Result<Self, Error> {
        let wide: ArcArray2<f64> = scores.into();
        check_sizes(wide.dim(), &capacity, demand)?;
        let wide = row_major(wide);
        let experts = wide.ncols();
        let beyond = |s: &f64| (*s as f32).is_infinite() && *s > f64::NEG_INFINITY;
        if let Some(i) = flat(&wide).iter().position(|s| s.is_nan() || beyond(s)) {
            let value = flat(&wide)[i];
            return Err(Error::Score { token: i / experts, expert: i % experts, value });
        }
        let scores = wide.mapv(|s| s as f32).into_shared();
        let pairs = flat(&scores).par_iter().zip(flat(&wide));
        let wide = pairs.any(|(&narrow, &s)| f64::from(narrow) != s).then_some(wide);
        let forbidden = flat(&scores).contains(&f32::NEG_INFINITY);
        Self { scores, wide, capacity: capacity.into(), demand, forbidden }.check_supply()
    }

    /// Refuses an `Exactly` demand beyond what the experts can hold.
    fn check_supply(self) -> Result<Self, Error> {
        let (need, supply) = ((self.tokens() * self.demand.k()) as u64, self.supply());
        if self.demand.is_exact() && supply < need {
            return Err(Error::Infeasible { need, supply });
        }
        Ok(self)
    }

    /// The same capacity `⌈F·T·k/E⌉` for every expert, the convention of capacity factors.
    ///
    /// # Errors
    /// If the factor is not a positive, finite number, or there is no expert.
    pub fn uniform_capacity(
        tokens: usize,
        experts: usize,
        k: usize,
        factor: f64,
    ) -> Result<Vec<u32>, Error> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(Error::CapacityFactor { factor });
        }
        if experts == 0 {
            return Err(Error::Empty { tokens, experts });
        }
        // T·k/E is rounded up before F is applied only where F is 1: F·T·k/E can fall a hair
        // above a whole number by rounding, which must not add a slot.
        let exact = factor * (tokens * k) as f64 / experts as f64;
        let whole = exact.round();
        let capacity = if (exact - whole).abs() <= 1e-9 * whole { whole } else { exact.ceil() };
        Ok(vec![capacity.min(f64::from(u32::MAX - 1)) as u32; experts])
    }

    /// The same tokens and experts without the capacities: every expert may hold every token.
    #[must_use]
    pub fn uncapped(&self) -> Self {
        Self { capacity: vec![self.tokens() as u32; self.experts()].into(), ..self.clone() }
    }

    /// The number of tokens, T.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.scores.nrows()
    }

    /// The number of experts, E.
    #[must_use]
    pub fn experts(&self) -> usize {
        self.scores.ncols()
    }

    /// How many experts each token takes.
    #[must_use]
    pub fn demand(&self) -> Demand {
        self.demand
    }

    /// The capacity `c[e]` of every expert.
    #[must_use]
    pub fn capacity(&self) -> &[u32] {
        &self.capacity
    }

    /// Whether some pair is forbidden (its score is `-∞`).
    #[must_use]
    pub fn has_forbidden(&self) -> bool {
        self.forbidden
    }

    /// The scores of token `t`, one per expert.
    ///
    /// # Panics
    /// If there is no token `t`.
    #[must_use]
    pub fn scores(&self, t: usize) -> &[f32] {
        let experts = self.experts();
        &self.flat()[t * experts..][..experts]
    }

    /// All scores, `tokens × experts`.
    #[must_use]
    pub fn table(&self) -> ArrayView2<'_, f32> {
        self.scores.view()
    }

    /// All scores in one row-major slice.
    #[must_use]
    pub fn flat(&self) -> &[f32] {
        flat(&self.scores)
    }

    /// All scores as they were given, row-major, where `f32` does not hold them all; `None` where
    /// [`Instance::flat`] is what was given.
    #[must_use]
    pub fn wide(&self) -> Option<&[f64]> {
        self.wide.as_ref().map(flat)
    }

    /// The score of token `t` for expert `e` as it was given.
    ///
    /// # Panics
    /// If there is no such token or expert.
    #[must_use]
    pub fn score(&self, t: usize, e: usize) -> f64 {
        match &self.wide {
            Some(wide) => wide[[t, e]],
            None => f64::from(self.scores[[t, e]]),
        }
    }

    /// `Σ_e min(c[e], T)`: the most slots that the experts can hold.
    #[must_use]
    pub fn supply(&self) -> u64 {
        self.capacity.iter().map(|&c| u64::from(c).min(self.tokens() as u64)).sum()
    }

    /// Checks `assignment` against every constraint and returns its objective, `Σ s[t,e] x[t,e]`.
    ///
    /// This is the only way to an objective: the sum of the scores as they were given, rounded
    /// once, to the nearest `f64`. Time O(T·k²).
    ///
    /// # Errors
    /// The first constraint that it breaks.
    pub fn objective(&self, assignment: &Assignment) -> Result<f64, Violation> {
        if assignment.tokens() != self.tokens() {
            return Err(Violation::Tokens { got: assignment.tokens(), want: self.tokens() });
        }
        let mut load = vec![0u32; self.experts()];
        let mut objective = Sum::default();
        for t in 0..self.tokens() {
            let (chosen, scores) = (assignment.experts(t), self.scores(t));
            let want = self.demand.k();
            if chosen.len() > want || (self.demand.is_exact() && chosen.len() < want) {
                return Err(Violation::Demand { token: t, got: chosen.len(), want });
            }
            for (i, &expert) in chosen.iter().enumerate() {
                let Some(&narrow) = scores.get(expert as usize) else {
                    return Err(Violation::Range { token: t, expert, experts: self.experts() });
                };
                if chosen[..i].contains(&expert) {
                    return Err(Violation::Repeated { token: t, expert });
                }
                if narrow == f32::NEG_INFINITY {
                    return Err(Violation::Forbidden { token: t, expert });
                }
                load[expert as usize] += 1;
                objective.add(self.score(t, expert as usize));
            }
        }
        match (0..load.len()).find(|&e| load[e] > self.capacity[e]) {
            Some(expert) => {
                let (load, capacity) = (load[expert], self.capacity[expert]);
                Err(Violation::Capacity { expert, load, capacity })
            }
            None => Ok(objective.nearest()),
        }
    }
}

/// Refuses sizes that are no instance.
fn check_sizes(
    (tokens, experts): (usize, usize),
    capacity: &[u32],
    demand: Demand,
) -> Result<(), Error> {
    let k = demand.k();
    if tokens == 0 || experts == 0 {
        return Err(Error::Empty { tokens, experts });
    }
    if k == 0 || k > experts {
        return Err(Error::Demand { k: k as u32, experts });
    }
    if tokens as u64 * k as u64 >= u64::from(u32::MAX) || experts >= u32::MAX as usize {
        return Err(Error::TooLarge { tokens, experts, k: k as u32 });
    }
    if capacity.len() != experts {
        return Err(Error::Capacities { got: capacity.len(), experts });
    }
    Ok(())
}

fn row_major<S: Clone>(scores: ArcArray2<S>) -> ArcArray2<S> {
    if scores.is_standard_layout() { scores } else { scores.as_standard_layout().into_shared() }
}

/// The elements of a table that [`row_major`] made.
fn flat<S>(scores: &ArcArray2<S>) -> &[S] {
    scores.as_slice().unwrap_or_else(|| unreachable!("row-major since construction"))
}

/// Refuses NaN and +∞ with the first place; tells whether some pair is forbidden.
fn check(flat: &[f32], experts: usize) -> Result<bool, Error> {
    // Blocks of a size that does not depend on the number of threads; without a branch inside,
    // so that the compiler vectorises: this reads the whole table.
    let blocks = flat.par_chunks(1 << 16).map(|block| {
        let refused = block.iter().fold(false, |bad, s| bad | s.is_nan() | (*s == f32::INFINITY));
        let forbidden = block.iter().fold(false, |any, s| any | (*s == f32::NEG_INFINITY));
        (refused, forbidden)
    });
    let (refused, forbidden) = blocks.reduce(|| (false, false), |a, b| (a.0 | b.0, a.1 | b.1));
    if refused && let Some(i) = flat.iter().position(|s| s.is_nan() || *s == f32::INFINITY) {
        let value = f64::from(flat[i]);
        return Err(Error::Score { token: i / experts, expert: i % experts, value });
    }
    Ok(forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn instance(demand: Demand) -> Instance {
        let scores = array![[0.5, 0.25, f32::NEG_INFINITY], [0.5, 0.125, 0.0]];
        Instance::new(scores, vec![1, 2, 1], demand).unwrap()
    }

    #[test]
    fn refuses_what_cannot_be_a_score_with_its_place() {
        for value in [f32::NAN, f32::INFINITY] {
            let mut scores = Array2::zeros((3, 2));
            scores[[1, 1]] = value;
            let error = Instance::new(scores, vec![3, 3], Demand::AtMost(1)).unwrap_err();
            assert!(matches!(error, Error::Score { token: 1, expert: 1, .. }), "{error}");
        }
    }

    #[test]
    fn scores_in_f64_are_kept_only_where_narrowing_changes_one() {
        let new = |scores| Instance::from_f64(scores, vec![2; 2], Demand::AtMost(1));
        let kept = new(array![[0.5, f64::NEG_INFINITY], [1e-40, 3.0]]).unwrap();
        assert_eq!(kept.wide(), Some(&[0.5, f64::NEG_INFINITY, 1e-40, 3.0][..]));
        assert!(kept.has_forbidden() && kept.score(1, 0) == 1e-40);
        let narrow = new(array![[0.5, f64::NEG_INFINITY], [-0.25, 3.0]]).unwrap();
        assert_eq!((narrow.wide(), narrow.score(1, 0)), (None, -0.25));
        assert_eq!(kept.uncapped().wide(), kept.wide());
        for value in [f64::NAN, f64::INFINITY, 1e39, -1e300] {
            let error = new(array![[0.5, 0.5], [value, 0.0]]).unwrap_err();
            assert!(matches!(error, Error::Score { token: 1, expert: 0, .. }), "{error}");
        }
    }

    #[test]
    fn refuses_sizes_that_do_not_fit() {
        let zeros = |t, e| Array2::<f32>::zeros((t, e));
        let new = |t, e, c: Vec<u32>, d| Instance::new(zeros(t, e), c, d).unwrap_err();
        assert!(matches!(new(0, 2, vec![1, 1], Demand::AtMost(1)), Error::Empty { .. }));
        assert!(matches!(new(1, 2, vec![1], Demand::AtMost(1)), Error::Capacities { .. }));
        assert!(matches!(new(1, 2, vec![1, 1], Demand::AtMost(0)), Error::Demand { .. }));
        assert!(matches!(new(1, 2, vec![1, 1], Demand::AtMost(3)), Error::Demand { .. }));
        let short = new(3, 2, vec![9, 2], Demand::Exactly(2));
        assert_eq!(short, Error::Infeasible { need: 6, supply: 5 });
    }

    #[test]
    fn objective_names_every_broken_constraint() {
        let exact = instance(Demand::Exactly(1));
        let of = |slots: &[u32], k| exact.objective(&Assignment::from_slots(k, slots.to_vec()));
        assert_eq!(of(&[1, 0], 1), Ok(0.75));
        assert!(matches!(of(&[1], 1), Err(Violation::Tokens { got: 1, want: 2 })));
        assert!(matches!(of(&[0, 1, 1, 2], 2), Err(Violation::Demand { token: 0, got: 2, .. })));
        assert!(matches!(of(&[1, u32::MAX], 1), Err(Violation::Demand { token: 1, got: 0, .. })));
        assert!(matches!(of(&[3, 0], 1), Err(Violation::Range { token: 0, expert: 3, .. })));
        assert!(matches!(of(&[2, 0], 1), Err(Violation::Forbidden { token: 0, expert: 2 })));
        assert!(matches!(of(&[0, 0], 1), Err(Violation::Capacity { expert: 0, load: 2, .. })));
        let loose = instance(Demand::AtMost(2));
        let twice = loose.objective(&Assignment::from_slots(2, vec![1, 1, 0, 2]));
        assert!(matches!(twice, Err(Violation::Repeated { token: 0, expert: 1 })));
    }

    #[test]
    fn column_major_scores_are_the_same_instance() {
        let rows = Array2::from_shape_fn((5, 3), |(t, e)| (t * 3 + e) as f32);
        let columns = Array2::from_shape_vec(
            ndarray::ShapeBuilder::f((5, 3)),
            rows.t().iter().copied().collect(),
        )
        .unwrap();
        assert!(!columns.is_standard_layout());
        let instance = Instance::new(columns, vec![5; 3], Demand::AtMost(1)).unwrap();
        assert_eq!(instance.table(), rows);
    }

    #[test]
    fn capacity_factor_rounds_up_but_not_past_a_whole_number() {
        let capacity = |t, e, k, f| Instance::uniform_capacity(t, e, k, f).unwrap()[0];
        assert_eq!(capacity(4096, 160, 6, 1.0), 154); // 153.6
        assert_eq!(capacity(4096, 128, 2, 1.0), 64);
        assert_eq!(capacity(1000, 10, 1, 1.1), 110); // 1.1·100 is 110.00000000000001
        assert!(Instance::uniform_capacity(1, 1, 1, 0.0).is_err());
        assert!(Instance::uniform_capacity(1, 1, 1, f64::NAN).is_err());
    }
}
