//! Group-limited routing under capacity: experts in groups (devices, nodes), a token may use at
//! most g groups.
//!
//! `maximise Σ s[t,e] x[t,e]`, at most `k` experts a token from at most `g` groups, at most `c[e]`
//! tokens an expert. Without capacities it is easy (`best`, below, at price 0: the rule of
//! DeepSeek-V2 and V3 approximates it). With them it is a packing of rows, and its linear relaxation
//! is no longer integral: a token can pay for half of two groups.
//!
//! Two facts carry the solvers:
//! - for *given* groups of every token the rest is a transportation problem, exact by flow
//!   ([`GroupLimited::within`]);
//! - for given prices the best groups of a token are found by dynamic programming over groups,
//!   `O(G g k²)`: the bound of [`Lagrangian`](crate::Lagrangian) is as tight as the convex hull of a
//!   token's rows allows, never weaker than the LP's.

use ndarray::Array2;
use spinroute_core::{Assignment, Instance, Run, Solver};
use spinroute_flow::Flow;
use spinroute_modelling::{Model, Variable, at_most_k, implies};

use crate::error::Error;
use crate::local::repair;
use crate::modelled::{Modelled, rows_and_columns, score_terms};
use crate::separable::{Priced, Separable, check_demand, check_tokens};

/// An instance whose tokens may use a few groups of experts only.
///
/// ```
/// use ndarray::array;
/// use spinroute_constrained::{GroupLimited, Separable};
/// use spinroute_core::{Demand, Instance};
///
/// let scores = array![[0.5, 0.125, 0.375, 0.0], [0.5, 0.25, 0.25, 0.0]];
/// let instance = Instance::new(scores, vec![1; 4], Demand::AtMost(2))?;
/// let problem = GroupLimited::new(instance, vec![0, 0, 1, 1], 1)?;
/// assert_eq!((problem.groups(), problem.limit()), (2, 1));
/// let first = problem.groups_first()?; // the published rule, then exact flow inside
/// assert_eq!(problem.objective(&first)?, 0.5 + 0.25);
/// # Ok::<(), spinroute_constrained::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GroupLimited {
    instance: Instance,
    group: Vec<u32>,
    groups: usize,
    limit: usize,
}

impl GroupLimited {
    /// A problem from an instance of demand `AtMost`, the group of every expert, and the number of
    /// groups that a token may use.
    ///
    /// # Errors
    /// If the demand is `Exactly`, there is not one group an expert, one is not below the number of
    /// experts, or the limit is 0.
    pub fn new(instance: Instance, group: Vec<u32>, limit: usize) -> Result<Self, Error> {
        check_demand(&instance)?;
        let experts = instance.experts();
        if group.len() != experts {
            return Err(Error::Length { what: "group", want: experts, got: group.len() });
        }
        if let Some(expert) = group.iter().position(|&group| group as usize >= experts) {
            return Err(Error::Group { expert, group: group[expert], experts });
        }
        if limit == 0 {
            return Err(Error::Limit);
        }
        let groups = group.iter().max().map_or(0, |&last| last as usize + 1);
        Ok(Self { instance, group, groups, limit })
    }

    /// The number of groups.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many groups a token may use.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The group of every expert.
    #[must_use]
    pub fn group(&self) -> &[u32] {
        &self.group
    }

    /// The groups of `row`, each once, in the order of its experts.
    fn used(&self, row: &[u32]) -> Vec<u32> {
        let mut used = Vec::with_capacity(row.len());
        for &e in row {
            let group = self.group[e as usize];
            if !used.contains(&group) {
                used.push(group);
            }
        }
        used
    }

    /// The best assignment with every token inside groups of its own, by exact flow.
    ///
    /// # Errors
    /// If there is not one list of groups a token.
    pub fn within(&self, groups: &[Vec<u32>]) -> Result<Assignment, Error> {
        let want = self.instance.tokens();
        if groups.len() != want {
            return Err(Error::Length { what: "groups", want, got: groups.len() });
        }
        let mut scores = self.instance.table().to_owned();
        for (mut row, groups) in scores.rows_mut().into_iter().zip(groups) {
            let allowed = &groups[..groups.len().min(self.limit)];
            for (score, group) in row.iter_mut().zip(&self.group) {
                if !allowed.contains(group) {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
        let capacity = self.instance.capacity().to_vec();
        let inside = Instance::new(scores, capacity, self.instance.demand())?;
        Ok(Flow::default().solve(&inside, &mut Run::new(0))?.assignment)
    }

    /// The published rule, then exact flow inside: every token takes the `g` groups whose
    /// `max(1, k / g)` best scores add up to most, as in Megatron-LM's `group_limited_topk`.
    ///
    /// # Errors
    /// None that a checked problem causes.
    pub fn groups_first(&self) -> Result<Assignment, Error> {
        let count = (self.instance.demand().k() / self.limit).max(1);
        let of_token = |t: usize| {
            let lists = self.by_group(t, &vec![0.0; self.group.len()], usize::MAX);
            let worth = |list: &[(f64, u32)]| list.iter().take(count).map(|(s, _)| s).sum::<f64>();
            let mut ranked: Vec<u32> = (0..self.groups as u32).collect();
            let worths: Vec<f64> = lists.iter().map(|list| worth(list)).collect();
            ranked.sort_by(|&a, &b| worths[b as usize].total_cmp(&worths[a as usize]));
            ranked.truncate(self.limit);
            ranked
        };
        self.within(&(0..self.instance.tokens()).map(of_token).collect::<Vec<_>>())
    }

    /// The positive reduced scores of token `t` by group, best first, `most` of each.
    fn by_group(&self, t: usize, prices: &[f64], most: usize) -> Vec<Vec<(f64, u32)>> {
        let mut lists = vec![Vec::new(); self.groups];
        for (e, (&score, price)) in self.instance.scores(t).iter().zip(prices).enumerate() {
            let reduced = f64::from(score) - price;
            if reduced > 0.0 {
                lists[self.group[e] as usize].push((reduced, e as u32));
            }
        }
        for list in &mut lists {
            list.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            list.truncate(most);
        }
        lists
    }
}

impl Separable for GroupLimited {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn value(&self, t: usize, row: &[u32]) -> f64 {
        if row.len() > self.instance.demand().k() {
            return f64::NEG_INFINITY;
        }
        let group = |&e: &u32| self.group[e as usize];
        let first = |&i: &usize| row[..i].iter().all(|e| group(e) != group(&row[i]));
        if (0..row.len()).filter(first).count() > self.limit {
            return f64::NEG_INFINITY;
        }
        let scores = self.instance.scores(t);
        row.iter().map(|&e| f64::from(scores[e as usize])).sum()
    }

    /// Dynamic programming over groups: `most[g][m]` is the best worth of `m` experts of `g` groups.
    fn best(&self, t: usize, prices: &[f64]) -> Priced {
        let (k, limit) = (self.instance.demand().k(), self.limit.min(self.groups));
        let lists = self.by_group(t, prices, k);
        let width = k + 1;
        let mut most = vec![f64::NEG_INFINITY; (limit + 1) * width];
        most[0] = 0.0;
        // How many experts of a group the best of a state takes.
        let mut takes = vec![0u32; lists.len() * most.len()];
        for (group, list) in lists.iter().enumerate() {
            let takes = &mut takes[group * most.len()..][..most.len()];
            for used in (1..=limit).rev() {
                for taken in (1..=k).rev() {
                    let mut worth = 0.0;
                    for (i, &(reduced, _)) in list.iter().enumerate().take(taken) {
                        worth += reduced;
                        let total = most[(used - 1) * width + taken - i - 1] + worth;
                        if total > most[used * width + taken] {
                            most[used * width + taken] = total;
                            takes[used * width + taken] = i as u32 + 1;
                        }
                    }
                }
            }
        }
        let top = (0..most.len()).reduce(|a, b| if most[b] > most[a] { b } else { a }).unwrap_or(0);
        let (mut used, mut taken, mut row) = (top / width, top % width, Vec::new());
        for (group, list) in lists.iter().enumerate().rev() {
            let count = takes[group * most.len() + used * width + taken] as usize;
            if count > 0 {
                row.extend(list[..count].iter().map(|&(_, e)| e));
                (used, taken) = (used - 1, taken - count);
            }
        }
        Priced { bound: most[top], row }
    }

    /// The groups left out: every allowed assignment is one of the instance.
    fn relaxation(&self) -> Result<Instance, Error> {
        Ok(self.instance.clone())
    }

    fn objective(&self, assignment: &Assignment) -> Result<f64, Error> {
        let objective = self.instance.objective(assignment).map_err(spinroute_core::Error::from)?;
        for token in 0..assignment.tokens() {
            let got = self.used(assignment.experts(token)).len();
            if got > self.limit {
                return Err(Error::Groups { token, got, limit: self.limit });
            }
        }
        Ok(objective)
    }

    /// The groups that the repaired choices use, filled up to the limit with those of the best
    /// scores, and exact flow inside them.
    fn complete(&self, choices: &Assignment) -> Result<Assignment, Error> {
        check_tokens(&self.instance, choices)?;
        let start = repair(self, choices)?;
        let zero = vec![0.0; self.group.len()];
        let of_token = |t: usize| {
            let mut groups = self.used(start.experts(t));
            let lists = self.by_group(t, &zero, 1);
            let mut rest: Vec<u32> = (0..self.groups as u32).collect();
            rest.retain(|group| !groups.contains(group));
            let first = |group: u32| lists[group as usize].first().map_or(0.0, |best| best.0);
            rest.sort_by(|&a, &b| first(b).total_cmp(&first(a)));
            groups.extend(rest);
            groups.truncate(self.limit);
            groups
        };
        self.within(&(0..choices.tokens()).map(of_token).collect::<Vec<_>>())
    }
}

impl Modelled for GroupLimited {
    /// `y[t,g]`: token `t` may use group `g`, and `x[t,e] ≤ y[t,g]` for every expert of it: the disaggregated
    /// form, whose relaxation is the tightest of one token.
    fn model(&self) -> (Model, Array2<Variable>) {
        let (tokens, experts) = (self.instance.tokens(), self.instance.experts());
        let mut model = Model::new();
        let x = model.binary_array("x", (tokens, experts));
        let y = model.binary_array("y", (tokens, self.groups));
        rows_and_columns(&mut model, &self.instance, &x);
        for t in 0..tokens {
            if self.limit < self.groups {
                let name = format!("groups of token {t}");
                model.constrain(name, at_most_k(y.row(t), self.limit as u32));
                for e in 0..experts {
                    let group = y[[t, self.group[e] as usize]];
                    model.constrain(format!("group of {t},{e}"), implies(x[[t, e]], group));
                }
            }
        }
        model.maximise(score_terms(&self.instance, &x));
        (model, x)
    }
}
