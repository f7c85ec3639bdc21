//! Pairwise expert affinity: a bonus or a penalty when a token uses two experts together.
//!
//! `maximise Σ s[t,e] x[t,e] + Σ_t Σ_{e<f} w[e,f] x[t,e] x[t,f]` under the rows and capacities of the
//! instance. Already one token alone is a densest-subgraph problem, NP-hard in `k`.
//!
//! Bounds: half of a pair's bonus goes to either of its experts, so no row of `k` is worth more than
//! the sum of `s[t,e] + ½ Σ (the k−1 largest positive w[e,·])`, a plain instance for the exact flow
//! solver. At given prices one token is solved by depth-first search with the same idea as bound.

use ndarray::Array2;
use spinroute_core::{Assignment, Instance};
use spinroute_modelling::{Model, Variable};

use crate::error::Error;
use crate::modelled::{Modelled, rows_and_columns, score_terms};
use crate::moves::repair_and_improve;
use crate::separable::{Priced, Separable, ceiling, check_demand};

/// Nodes of a token's search after which its bound is that of the root.
const NODES: usize = 1 << 10;

/// An instance with bonuses and penalties for pairs of experts of one token.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{Affinity, Separable};
/// use spinroute_core::{Assignment, Demand, Instance};
///
/// let instance = Instance::new(array![[0.5, 0.25, 0.25]], vec![1; 3], Demand::AtMost(2))?;
/// let together = array![[0.0, 0.0, 0.125], [0.0, 0.0, 0.0], [0.125, 0.0, 0.0]];
/// let problem = Affinity::new(instance, together)?;
/// let both = Assignment::from_slots(2, vec![0, 2]);
/// assert_eq!(problem.objective(&both)?, 0.5 + 0.25 + 0.125);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Affinity {
    instance: Instance,
    pairs: Array2<f64>,
    /// `½ Σ` of the `m` largest positive entries of a row: `experts × k`, `m` from 0 to `k − 1`.
    halves: Array2<f64>,
}

impl Affinity {
    /// A problem from an instance of demand `AtMost` and `w`, `experts × experts`, symmetric; its
    /// diagonal has no meaning.
    ///
    /// # Errors
    /// If the demand is `Exactly`, or `w` is not finite, not symmetric or of another shape.
    pub fn new(instance: Instance, mut affinity: Array2<f64>) -> Result<Self, Error> {
        check_demand(&instance)?;
        let experts = instance.experts();
        for got in [affinity.nrows(), affinity.ncols()] {
            if got != experts {
                return Err(Error::Length { what: "affinity", want: experts, got });
            }
        }
        affinity.diag_mut().fill(0.0);
        if let Some(index) = affinity.iter().position(|w| !w.is_finite()) {
            let (what, mend) = ("affinity", "it is a finite number");
            let value = affinity[[index / experts, index % experts]];
            return Err(Error::Number { what, index, value, mend });
        }
        let pairs = (0..experts).flat_map(|e| (0..e).map(move |f| (f, e)));
        for (first, second) in pairs {
            if affinity[[first, second]] != affinity[[second, first]] {
                return Err(Error::Asymmetric { first, second });
            }
        }
        let mut halves = Array2::zeros((experts, instance.demand().k()));
        for e in 0..experts {
            let mut positive: Vec<f64> = affinity.row(e).iter().map(|w| w.max(0.0)).collect();
            positive.sort_by(|a, b| b.total_cmp(a));
            for m in 1..instance.demand().k() {
                halves[[e, m]] = halves[[e, m - 1]] + positive[m - 1] / 2.0;
            }
        }
        Ok(Self { instance, pairs: affinity, halves })
    }

    /// The affinities, `experts × experts`, 0 on the diagonal.
    #[must_use]
    pub fn affinity(&self) -> &Array2<f64> {
        &self.pairs
    }
}

/// The search for one token's best row.
struct Search<'a> {
    problem: &'a Affinity,
    /// Score less price of every candidate, most promising first.
    candidates: Vec<(u32, f64)>,
    best: f64,
    row: Vec<u32>,
    chosen: Vec<u32>,
    nodes: usize,
}

impl Search<'_> {
    /// What `e` adds to the chosen experts.
    fn marginal(&self, (e, reduced): (u32, f64)) -> f64 {
        let affinity = &self.problem.pairs;
        reduced + self.chosen.iter().map(|&f| affinity[[e as usize, f as usize]]).sum::<f64>()
    }

    /// The most that `room` of the candidates from `next` on can add.
    fn potential(&self, next: usize, room: usize) -> f64 {
        let of = |&(e, reduced): &(u32, f64)| {
            self.marginal((e, reduced)) + self.problem.halves[[e as usize, room - 1]]
        };
        // The largest so far, positive ones only; most candidates are below the last of them.
        let mut best = vec![0.0; room];
        for worth in self.candidates[next..].iter().map(of) {
            if worth > best[room - 1] {
                let place = best.partition_point(|other| *other >= worth);
                best[place..].rotate_right(1);
                best[place] = worth;
            }
        }
        best.iter().sum()
    }

    fn descend(&mut self, next: usize, worth: f64) {
        if worth > self.best {
            (self.best, self.row) = (worth, self.chosen.clone());
        }
        let room = self.problem.instance.demand().k() - self.chosen.len();
        if room == 0 {
            return;
        }
        for i in next..self.candidates.len() {
            self.nodes += 1;
            if self.nodes > NODES || worth + self.potential(i, room) <= self.best {
                return;
            }
            let gain = self.marginal(self.candidates[i]);
            self.chosen.push(self.candidates[i].0);
            self.descend(i + 1, worth + gain);
            self.chosen.pop();
        }
    }
}

impl Separable for Affinity {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn value(&self, t: usize, row: &[u32]) -> f64 {
        if row.len() > self.instance.demand().k() {
            return f64::NEG_INFINITY;
        }
        let (scores, mut total) = (self.instance.scores(t), 0.0);
        for (i, &e) in row.iter().enumerate() {
            let with = |&f: &u32| self.pairs[[e as usize, f as usize]];
            total += f64::from(scores[e as usize]) + row[..i].iter().map(with).sum::<f64>();
        }
        total
    }

    fn best(&self, t: usize, prices: &[f64]) -> Priced {
        let k = self.instance.demand().k();
        let mut candidates = Vec::new();
        for (e, (&score, price)) in self.instance.scores(t).iter().zip(prices).enumerate() {
            let reduced = f64::from(score) - price;
            // Whatever else is chosen, an expert below this takes more than it brings.
            if reduced + 2.0 * self.halves[[e, k - 1]] > 0.0 {
                candidates.push((e as u32, reduced));
            }
        }
        let promise = |&(e, reduced): &(u32, f64)| reduced + self.halves[[e as usize, k - 1]];
        candidates.sort_by(|a, b| promise(b).total_cmp(&promise(a)).then(a.0.cmp(&b.0)));
        let (row, chosen) = (Vec::new(), Vec::new());
        let mut search = Search { problem: self, candidates, best: 0.0, row, chosen, nodes: 0 };
        let root = search.potential(0, k);
        search.descend(0, 0.0);
        let bound = if search.nodes > NODES { root } else { search.best };
        Priced { bound, row: search.row }
    }

    /// Every expert with half of the best bonuses that it can have.
    fn relaxation(&self) -> Result<Instance, Error> {
        let k = self.instance.demand().k();
        let mut scores = self.instance.table().to_owned();
        for ((_, e), score) in scores.indexed_iter_mut() {
            *score = ceiling(f64::from(*score) + self.halves[[e, k - 1]]);
        }
        let capacity = self.instance.capacity().to_vec();
        Ok(Instance::new(scores, capacity, self.instance.demand())?)
    }

    fn objective(&self, assignment: &Assignment) -> Result<f64, Error> {
        self.instance.objective(assignment).map_err(spinroute_core::Error::from)?;
        let tokens = 0..assignment.tokens();
        Ok(tokens.map(|t| self.value(t, assignment.experts(t))).sum())
    }

    fn complete(&self, choices: &Assignment) -> Result<Assignment, Error> {
        repair_and_improve(self, choices)
    }
}

impl Modelled for Affinity {
    fn model(&self) -> (Model, Array2<Variable>) {
        let mut model = Model::new();
        let x = model.binary_array("x", (self.instance.tokens(), self.instance.experts()));
        rows_and_columns(&mut model, &self.instance, &x);
        let mut gain = score_terms(&self.instance, &x);
        for ((e, f), &w) in self.pairs.indexed_iter().filter(|((e, f), w)| e < f && **w != 0.0) {
            // A bonus must not buy a pair that is forbidden.
            let allowed = |t: &usize| {
                self.instance.scores(*t)[e].min(self.instance.scores(*t)[f]) > f32::NEG_INFINITY
            };
            for t in (0..x.nrows()).filter(allowed) {
                gain += w * (x[[t, e]] * x[[t, f]]);
            }
        }
        model.maximise(gain);
        (model, x)
    }
}
