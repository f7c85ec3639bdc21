//! Instances with all that they may ask for.

use std::sync::Arc;

use ndarray::ArcArray2;

use crate::scores::Checked;
use crate::share::share;
use crate::{Demand, Error, Groups, Instance, Overflow, Reward, Scores};

/// Puts an [`Instance`] together; made by [`Instance::builder`] and [`Instance::rebuild`].
///
/// What is not said is free: no capacity, no minimum, no group.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Assignment, Instance, Violation};
///
/// // Token 2 is padding; every expert must get a token.
/// let scores = array![[0.9, 0.8], [0.7, 0.1], [0.3, 0.3]];
/// let instance = Instance::builder(scores).demands(&[1, 1, 0]).minimum(vec![1, 1]).build()?;
/// let padded = |e: u32| Assignment::from_slots(1, vec![e, 0, Assignment::EMPTY]);
/// assert!((instance.objective(&padded(1))? - 1.5).abs() < 1e-6);
/// let dead = instance.objective(&padded(0)).unwrap_err();
/// assert_eq!(dead, Violation::Minimum { expert: 1, load: 0, minimum: 1 });
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct Builder {
    scores: Source,
    demand: Option<Demand>,
    demands: Option<Vec<u32>>,
    capacity: Capacity,
    minimum: Vec<u32>,
    groups: Option<Arc<Groups>>,
    overflow: Overflow,
    reward: Reward,
}

#[derive(Clone, Debug)]
enum Source {
    Given(Scores),
    Checked(Checked),
}

#[derive(Clone, Debug)]
enum Capacity {
    None,
    Each(Vec<u32>),
    Factor(f64),
}

impl Builder {
    pub(crate) fn new(scores: Scores) -> Self {
        Self {
            scores: Source::Given(scores),
            demand: None,
            demands: None,
            capacity: Capacity::None,
            minimum: Vec::new(),
            groups: None,
            overflow: Overflow::default(),
            reward: Reward::default(),
        }
    }

    /// All that `instance` is made of.
    pub(crate) fn of(instance: &Instance) -> Self {
        Self {
            scores: Source::Checked(instance.scores.clone()),
            demand: Some(instance.demand),
            demands: instance.demands().map(<[u32]>::to_vec),
            capacity: Capacity::Each(instance.capacity.to_vec()),
            minimum: instance.minimums().map_or_else(Vec::new, <[u32]>::to_vec),
            groups: instance.groups.clone(),
            overflow: instance.overflow,
            reward: instance.reward,
        }
    }

    /// Other scores.
    pub fn scores(mut self, scores: impl Into<Scores>) -> Self {
        self.scores = Source::Given(scores.into());
        self
    }

    /// How many experts a token takes; `Exactly(1)` where nothing is said. With [`Builder::demands`], whether
    /// slots may stay empty, and the number of slots of a row.
    pub fn demand(mut self, demand: Demand) -> Self {
        self.demand = Some(demand);
        self
    }

    /// How many experts each token takes, one number a token; 0 masks it. None may exceed the `k` of
    /// [`Builder::demand`], which is the largest of them if it is not given.
    pub fn demands(mut self, demands: &[u32]) -> Self {
        self.demands = Some(demands.to_vec());
        self
    }

    /// One demand for all tokens.
    pub(crate) fn even_demand(mut self, demand: Demand) -> Self {
        (self.demand, self.demands) = (Some(demand), None);
        self
    }

    /// The capacity of every expert.
    pub fn capacity(mut self, capacity: Vec<u32>) -> Self {
        self.capacity = Capacity::Each(capacity);
        self
    }

    /// The same capacity `⌈F · Σ k[t] / E⌉` for every expert.
    pub fn capacity_factor(mut self, factor: f64) -> Self {
        self.capacity = Capacity::Factor(factor);
        self
    }

    /// The least load of every expert.
    pub fn minimum(mut self, minimum: Vec<u32>) -> Self {
        self.minimum = minimum;
        self
    }

    /// Groups of experts with limits of their own.
    pub fn groups(mut self, groups: Groups) -> Self {
        self.groups = Some(Arc::new(groups));
        self
    }

    /// Lets every expert hold `up_to` more than its capacity, each at `cost` of score.
    pub fn overflow(mut self, cost: f64, up_to: u32) -> Self {
        self.overflow = Overflow { cost, up_to };
        self
    }

    /// Rewards each of the first `up_to` units of every expert with `gain` of score.
    ///
    /// Units beyond the capacity gain nothing, whatever `up_to`.
    ///
    /// A negative gain is a fixed cost only of an expert's first units, which is no convex cost and no flow: it
    /// is refused. A cost of every unit is a lower score.
    pub fn reward(mut self, gain: f64, up_to: u32) -> Self {
        self.reward = Reward { gain, up_to };
        self
    }

    /// Checks all of it.
    ///
    /// # Errors
    /// If a dimension is 0 or too large for 32 bits, a score is NaN or +∞ (with its place), a list has another
    /// length than there are tokens, experts or groups, a `k` is 0 for all or exceeds the number of experts, or
    /// limits contradict each other, whatever the scores: named with the expert or group. [`Error::Infeasible`]
    /// if an `Exactly` demand exceeds what all experts can hold, [`Error::Starved`] if the minimums exceed what
    /// the tokens can give. What else is infeasible is found by the solvers, see [`crate::Deficiency`].
    pub fn build(self) -> Result<Instance, Error> {
        let dim = match &self.scores {
            Source::Given(scores) => scores.0.as_ref().map_err(Clone::clone)?.dim(),
            Source::Checked(scores) => scores.narrow.dim(),
        };
        let (demand, demands) = demand(self.demand, self.demands, dim)?;
        let slots = demands.as_ref().map_or(dim.0 as u64 * demand.k() as u64, |demands| {
            demands.iter().map(|&k| u64::from(k)).sum()
        });
        let capacity = match self.capacity {
            Capacity::None => vec![dim.0 as u32; dim.1],
            Capacity::Each(capacity) => capacity,
            Capacity::Factor(factor) => vec![share(slots, 1, dim.1, factor)?; dim.1],
        };
        if capacity.len() != dim.1 {
            return Err(Error::Capacities { got: capacity.len(), experts: dim.1 });
        }
        let minimum = self.minimum;
        if !minimum.is_empty() && minimum.len() != dim.1 {
            return Err(Error::Minimums { got: minimum.len(), experts: dim.1 });
        }
        if let Some(groups) = &self.groups
            && groups.experts() != dim.1
        {
            let problem = format!("groups of {} experts for {} experts", groups.experts(), dim.1);
            return Err(Error::Group { group: 0, problem });
        }
        let group = self.groups.as_ref().filter(|groups| !groups.is_empty());
        let overflow = group.map_or(Overflow::default(), |groups| groups.limits(0).overflow);
        for (what, value) in [
            ("overflow", self.overflow.cost),
            ("overflow", overflow.cost),
            ("reward", self.reward.gain),
        ] {
            if !(value >= 0.0 && value <= f64::from(f32::MAX)) {
                return Err(Error::Cost { what, value });
            }
        }
        let scores = match self.scores {
            Source::Given(scores) => scores.0?.check()?,
            Source::Checked(scores) => scores,
        };
        let instance = Instance {
            scores,
            demand,
            demands: demands.map(Into::into),
            slots,
            capacity: capacity.into(),
            minimum: minimum.iter().any(|&l| l > 0).then(|| minimum.into()),
            groups: self.groups.filter(|groups| !groups.is_empty()),
            overflow: self.overflow,
            reward: self.reward,
        };
        instance.check_limits()?;
        Ok(instance)
    }
}

/// The demand, and that of each token where they differ.
fn demand(
    demand: Option<Demand>,
    demands: Option<Vec<u32>>,
    (tokens, experts): (usize, usize),
) -> Result<(Demand, Option<Vec<u32>>), Error> {
    if tokens == 0 || experts == 0 {
        return Err(Error::Empty { tokens, experts });
    }
    let most = demands.as_ref().and_then(|demands| demands.iter().max().copied());
    let demand = demand.unwrap_or(Demand::Exactly(most.unwrap_or(1).max(1)));
    let k = demand.k();
    if k == 0 || k > experts {
        return Err(Error::Demand { k: k as u32, experts });
    }
    if tokens as u64 * k as u64 >= u64::from(u32::MAX) || experts >= u32::MAX as usize {
        return Err(Error::TooLarge { tokens, experts, k: k as u32 });
    }
    let Some(demands) = demands else { return Ok((demand, None)) };
    if demands.len() != tokens {
        return Err(Error::Demands { got: demands.len(), tokens });
    }
    if let Some(token) = demands.iter().position(|&own| own as usize > k) {
        return Err(Error::TokenDemand { token, k: demands[token], slots: k as u32 });
    }
    let even = demands.iter().all(|&own| own as usize == k);
    Ok((demand, (!even).then_some(demands)))
}

impl Instance {
    /// Builds a plain instance from [scores](Scores) (`tokens × experts`, any memory order; kept without a
    /// copy if owned and row-major) and one capacity per expert. A score of `-∞` forbids the pair.
    ///
    /// # Errors
    /// If a dimension is 0 or too large for 32 bits, a score is NaN or +∞ (with its place), the
    /// number of capacities is wrong, `k` is 0 or exceeds the number of experts, or `Exactly(k)`
    /// cannot be met for want of capacity: `Σ_e min(c[e], T) < T·k`, which with all pairs allowed
    /// is the only obstacle (max-flow min-cut). Infeasibility that comes from forbidden pairs is
    /// found by the solvers, see [`crate::Deficiency`].
    pub fn new(
        scores: impl Into<Scores>,
        capacity: Vec<u32>,
        demand: Demand,
    ) -> Result<Self, Error> {
        Self::builder(scores).demand(demand).capacity(capacity).build()
    }

    /// As [`Instance::new`], from scores in `f64` ([`Scores::wide`]).
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
        Self::new(Scores::wide(scores), capacity, demand)
    }

    /// Starts an instance with more than one `k` and one capacity an expert.
    pub fn builder(scores: impl Into<Scores>) -> Builder {
        Builder::new(scores.into())
    }

    /// Starts from all that this instance is made of; its scores are shared and not checked again.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use spinroute_core::{Demand, Instance};
    ///
    /// let first = Instance::new(Array2::zeros((4, 2)), vec![2, 2], Demand::Exactly(1))?;
    /// let second = first.rebuild().minimum(vec![1, 1]).build()?;
    /// assert_eq!(first.flat().as_ptr(), second.flat().as_ptr());
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    pub fn rebuild(&self) -> Builder {
        Builder::of(self)
    }

    /// The same instance with other capacities of the experts; the scores are shared.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn with_capacity(&self, capacity: Vec<u32>) -> Result<Self, Error> {
        self.rebuild().capacity(capacity).build()
    }

    /// The same instance with one demand for all tokens; the scores are shared.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn with_demand(&self, demand: Demand) -> Result<Self, Error> {
        self.rebuild().even_demand(demand).build()
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
        if experts == 0 {
            return Err(Error::Empty { tokens, experts });
        }
        Ok(vec![share(tokens as u64 * k as u64, 1, experts, factor)?; experts])
    }

    /// The capacity `⌈F·slots/n⌉` for each of the `n` experts that are alive, and 0 for the others: a failed
    /// expert takes no token, and its share goes to the rest. `slots` is `Σ k[t]`.
    ///
    /// # Errors
    /// If the factor is not a positive, finite number, or no expert is alive.
    ///
    /// ```
    /// use spinroute_core::Instance;
    ///
    /// let capacity = Instance::capacity_of_alive(12, &[true, false, true, true], 1.0)?;
    /// assert_eq!(capacity, [4, 0, 4, 4]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    pub fn capacity_of_alive(slots: u64, alive: &[bool], factor: f64) -> Result<Vec<u32>, Error> {
        let count = alive.iter().filter(|&&alive| alive).count();
        if count == 0 {
            return Err(Error::Empty { tokens: slots as usize, experts: 0 });
        }
        let share = share(slots, 1, count, factor)?;
        Ok(alive.iter().map(|&alive| if alive { share } else { 0 }).collect())
    }
}
