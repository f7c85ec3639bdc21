//! Two independent exact solvers that are slow and obviously right.
//!
//! [`optimum`] is the textbook minimum-cost flow by successive shortest paths, found with the
//! queue form of Bellman-Ford on the full bipartite graph (Ahuja, Magnanti, Orlin, *Network
//! Flows*, 1993, sections 5.4 and 9.7). All path lengths are exact sums of the scores as they were
//! given, in `f32` or `f64`, so no tolerance decides anything, at whatever spread. Time O(T·k · (T+E) · T·E) at worst and near
//! O(T·k · T·E) in practice: 20 ms for 64 × 16 with k = 4, 7 s for 312 × 64 with k = 8. Meant for
//! up to [`Reference::MAX_PAIRS`] pairs.
//!
//! [`brute_force`] enumerates, and is the witness of the witness. Meant for up to about 16 pairs.
//!
//! Neither shares code with the solvers of this project.

use std::collections::VecDeque;

use spinroute_core::{
    Assignment, Deficiency, Demand, Error, Instance, Run, Solution, Solver, Stop,
};

use crate::exact_sum::{ExactSum, NARROW, Unit, WIDE};

/// The optimum of an instance, with its proof.
///
/// ```
/// use spinroute_core::Certificate;
/// use spinroute_testkit::generate;
///
/// let (instance, optimum) = generate::planted(12, 4, 2, 7)?; // an optimum that was chosen first
/// assert_eq!(instance.objective(&optimum.assignment)?, optimum.value);
/// assert_eq!(Certificate::new(&instance, optimum.prices)?.bound(), optimum.value);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// The largest objective, rounded once to `f64`.
    pub value: f64,
    /// An assignment that reaches it.
    pub assignment: Assignment,
    /// The price of each expert that proves it, each rounded once to `f64`.
    pub prices: Vec<f64>,
}

/// The exact optimum of `instance`, or the tokens and experts that prove that it has no
/// assignment.
///
/// # Errors
/// If forbidden pairs leave some token short of an `Exactly` demand.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_testkit::reference::optimum;
///
/// let instance = Instance::new(array![[0.75, 0.5], [1.0, 0.25]], vec![1, 1], Demand::Exactly(1))?;
/// assert_eq!(optimum(&instance).unwrap().value, 1.5);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
pub fn optimum(instance: &Instance) -> Result<Optimum, Deficiency> {
    let unit = Unit::of(instance);
    match unit.words() {
        0..=2 => Residual::<2>::new(instance, unit).optimum(),
        3..=NARROW => Residual::<NARROW>::new(instance, unit).optimum(),
        _ => Residual::<WIDE>::new(instance, unit).optimum(),
    }
}

/// The objective of `better` minus that of `worse`, rounded once; both must be of `instance` and
/// take allowed pairs only.
pub(crate) fn lead(instance: &Instance, better: &Assignment, worse: &Assignment) -> f64 {
    let low = Unit::of(instance).low;
    let total = |assignment: &Assignment| {
        let pairs = (0..assignment.tokens())
            .flat_map(|t| assignment.experts(t).iter().map(move |&e| (t, e as usize)));
        pairs.fold(ExactSum::<WIDE>::ZERO, |sum, (t, e)| {
            sum + ExactSum::of(instance.score(t, e), low)
        })
    };
    (total(better) - total(worse)).value(low)
}

/// The flow so far and the arcs that it leaves open.
///
/// Nodes: tokens, then experts, then source, then sink. Arcs: source → token (up to `k` units,
/// cost 0), token → expert (one unit, cost −score), expert → sink (up to `c[e]`, cost 0), each
/// with its reverse as far as it carries flow.
struct Residual<'a, const W: usize> {
    instance: &'a Instance,
    low: i32,
    /// `tokens × experts`; `None` where the pair is forbidden.
    costs: Vec<Option<ExactSum<W>>>,
    takes: Vec<Vec<bool>>,
    slots: Vec<usize>,
    load: Vec<u32>,
}

struct Paths<const W: usize> {
    length: Vec<Option<ExactSum<W>>>,
    parent: Vec<usize>,
}

impl<'a, const W: usize> Residual<'a, W> {
    fn new(instance: &'a Instance, unit: Unit) -> Self {
        let (tokens, experts, low) = (instance.tokens(), instance.experts(), unit.low);
        let cost = |t, e| Some(instance.score(t, e)).filter(|s| s.is_finite());
        let costs = (0..tokens * experts)
            .map(|i| cost(i / experts, i % experts).map(|score| -ExactSum::of(score, low)))
            .collect();
        let takes = vec![vec![false; experts]; tokens];
        Self { instance, low, costs, takes, slots: vec![0; tokens], load: vec![0; experts] }
    }

    fn optimum(mut self) -> Result<Optimum, Deficiency> {
        let exact = self.instance.demand().is_exact();
        let wanted = self.instance.tokens() * self.instance.demand().k();
        for _ in 0..wanted {
            let tree = self.shortest_paths(&[self.source()]);
            match tree.length[self.sink()] {
                // An optional slot is filled only where that gains.
                Some(length) if exact || length.is_negative() => self.augment(&tree),
                None if exact => return Err(self.deficiency(&tree)),
                _ => break,
            }
        }
        let value = self.objective().value(self.low);
        let prices = self.prices();
        Ok(Optimum { value, assignment: self.assignment(), prices })
    }

    fn expert(&self, e: usize) -> usize {
        self.instance.tokens() + e
    }

    fn source(&self) -> usize {
        self.expert(self.instance.experts())
    }

    fn sink(&self) -> usize {
        self.source() + 1
    }

    /// Calls `visit` with the head and the cost of every open arc that leaves `node`.
    fn arcs(&self, node: usize, mut visit: impl FnMut(usize, ExactSum<W>)) {
        let (tokens, experts) = (self.instance.tokens(), self.instance.experts());
        if node < tokens {
            for e in (0..experts).filter(|&e| !self.takes[node][e]) {
                if let Some(cost) = self.costs[node * experts + e] {
                    visit(self.expert(e), cost);
                }
            }
            if self.slots[node] > 0 {
                visit(self.source(), ExactSum::ZERO);
            }
        } else if node < self.source() {
            let e = node - tokens;
            if self.load[e] < self.instance.capacity()[e] {
                visit(self.sink(), ExactSum::ZERO);
            }
            for t in (0..tokens).filter(|&t| self.takes[t][e]) {
                if let Some(cost) = self.costs[t * experts + e] {
                    visit(t, -cost);
                }
            }
        } else if node == self.source() {
            for t in (0..tokens).filter(|&t| self.slots[t] < self.instance.demand().k()) {
                visit(t, ExactSum::ZERO);
            }
        } else {
            for e in (0..experts).filter(|&e| self.load[e] > 0) {
                visit(self.expert(e), ExactSum::ZERO);
            }
        }
    }

    /// Shortest paths from any of `roots` to every node. No cycle of open arcs is negative: the
    /// first flow is empty and the graph acyclic, and shortest augmentations keep it so.
    fn shortest_paths(&self, roots: &[usize]) -> Paths<W> {
        let nodes = self.sink() + 1;
        let mut paths = Paths { length: vec![None; nodes], parent: vec![usize::MAX; nodes] };
        let mut queued = vec![false; nodes];
        let mut queue: VecDeque<usize> = roots.iter().copied().collect();
        for &root in roots {
            paths.length[root] = Some(ExactSum::ZERO);
        }
        while let Some(node) = queue.pop_front() {
            queued[node] = false;
            let Some(here) = paths.length[node] else { continue };
            self.arcs(node, |head, cost| {
                if paths.length[head].is_none_or(|length| here + cost < length) {
                    paths.length[head] = Some(here + cost);
                    paths.parent[head] = node;
                    if !std::mem::replace(&mut queued[head], true) {
                        queue.push_back(head);
                    }
                }
            });
        }
        paths
    }

    /// Sends one unit from the source to the sink.
    fn augment(&mut self, paths: &Paths<W>) {
        let (tokens, mut head) = (self.instance.tokens(), self.sink());
        while head != self.source() {
            let tail = paths.parent[head];
            if head == self.sink() {
                self.load[tail - tokens] += 1;
            } else if tail == self.source() {
                self.slots[head] += 1;
            } else if tail < tokens {
                self.takes[tail][head - tokens] = true;
            } else {
                self.takes[head][tail - tokens] = false;
            }
            head = tail;
        }
    }

    /// The tokens and experts that the source still reaches: a minimum cut.
    fn deficiency(&self, paths: &Paths<W>) -> Deficiency {
        let reached = |node: &usize| paths.length[*node].is_some();
        let tokens = (0..self.instance.tokens()).filter(reached).map(|t| t as u32).collect();
        let inside = |e: &usize| reached(&self.expert(*e));
        let experts = (0..self.instance.experts()).filter(inside).map(|e| e as u32).collect();
        Deficiency::crowded(self.instance, tokens, experts)
            .unwrap_or_else(|| unreachable!("no path is open: the reached nodes are a cut"))
    }

    fn objective(&self) -> ExactSum<W> {
        let taken = self.takes.concat();
        let costs = self.costs.iter().zip(taken).filter(|(_, taken)| *taken);
        costs.filter_map(|(cost, _)| *cost).fold(ExactSum::ZERO, |sum, cost| sum - cost)
    }

    /// `p[e] = max(0, −d[e])` with `d` the shortest path lengths from the sink. Complementary
    /// slackness is then what "no shorter path" says along each open arc: an expert with room has
    /// `d[e] ≥ 0`, and of a token, `s − p` of what it takes is at least `d[t]`, of the rest at
    /// most `d[t]`. An optional slot is an open arc between source and sink, which makes `d[t] ≤ 0`
    /// for a token with a free slot and `d[t] ≥ 0` for one with a filled slot.
    ///
    /// An expert without capacity costs nothing at any price, so it gets one that keeps everybody
    /// away: its shortest path may be long, and rounded would lose the digits of the others.
    fn prices(&self) -> Vec<f64> {
        let optional = !self.instance.demand().is_exact();
        let roots = [self.sink(), self.source()];
        let paths = self.shortest_paths(&roots[..=usize::from(optional)]);
        let price = |e| match paths.length[self.expert(e)] {
            Some(length) if length.is_negative() => (-length).value(self.low),
            _ => 0.0,
        };
        let mut prices: Vec<f64> = (0..self.instance.experts()).map(price).collect();
        let finite = self.instance.flat().iter().filter(|s| s.is_finite());
        let largest = f64::from(finite.fold(0f32, |largest, s| largest.max(s.abs())));
        let highest = prices.iter().fold(0f64, |highest, price| highest.max(*price));
        for (price, &capacity) in prices.iter_mut().zip(self.instance.capacity()) {
            if capacity == 0 {
                *price = 4.0 * (largest + highest);
            }
        }
        prices
    }

    fn assignment(&self) -> Assignment {
        let mut assignment = Assignment::empty(self.instance.tokens(), self.instance.demand().k());
        for (t, takes) in self.takes.iter().enumerate() {
            for e in (0..takes.len()).filter(|&e| takes[e]) {
                assignment.push(t, e as u32);
            }
        }
        assignment
    }
}

/// [`optimum`] as a [`Solver`], to be compared with others in the same harness. Single-pass: it
/// has no steps and ignores warm prices.
///
/// ```
/// use spinroute_core::{Run, Solver, evaluate};
/// use spinroute_testkit::{generate, reference::Reference};
///
/// let instance = generate::skewed(12, 4, 2, 1.0, 7)?;
/// let solution = Reference.solve(&instance, &mut Run::new(0))?;
/// assert!(evaluate(&instance, &solution)?.gap < 1e-12);
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl Reference {
    /// Larger instances (in pairs, T·E) are refused with [`Error::Unsupported`].
    pub const MAX_PAIRS: usize = 20_000;
}

impl Solver for Reference {
    fn solve(&self, instance: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
        let pairs = instance.tokens() * instance.experts();
        if pairs > Self::MAX_PAIRS {
            let limit = Self::MAX_PAIRS;
            let why = format!("the reference solver takes up to {limit} pairs, not {pairs}");
            return Err(Error::Unsupported(why));
        }
        match optimum(instance) {
            Ok(Optimum { assignment, prices, .. }) => {
                Ok(Solution { assignment, prices: Some(prices), stop: Stop::Finished })
            }
            Err(deficiency) => Err(Error::Deficient(Box::new(deficiency))),
        }
    }
}

/// The largest objective over all assignments, by enumeration of each token's subsets of experts;
/// `None` if no assignment is feasible.
///
/// Time O(Π over tokens of the number of subsets of at most `k` experts).
#[must_use]
pub fn brute_force(instance: &Instance) -> Option<f64> {
    let mut room: Vec<u32> = instance.capacity().to_vec();
    let low = Unit::of(instance).low;
    let best = best_from(instance, low, 0, 0, instance.demand().k(), &mut room);
    best.map(|best| best.value(low))
}

/// The best completion once the tokens before `t` and, for `t`, the experts before `e` are
/// decided, and `t` has `slots` left.
fn best_from(
    instance: &Instance,
    low: i32,
    t: usize,
    e: usize,
    slots: usize,
    room: &mut [u32],
) -> Option<ExactSum<WIDE>> {
    if t == instance.tokens() {
        return Some(ExactSum::ZERO);
    }
    if e == instance.experts() {
        let met = slots == 0 || matches!(instance.demand(), Demand::AtMost(_));
        let next = instance.demand().k();
        return if met { best_from(instance, low, t + 1, 0, next, room) } else { None };
    }
    let without = best_from(instance, low, t, e + 1, slots, room);
    let score = instance.score(t, e);
    if slots == 0 || room[e] == 0 || score == f64::NEG_INFINITY {
        return without;
    }
    room[e] -= 1;
    let rest = best_from(instance, low, t, e + 1, slots - 1, room);
    let with = rest.map(|rest| rest + ExactSum::of(score, low));
    room[e] += 1;
    without.max(with)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spinroute_core::Certificate;

    use super::*;
    use crate::strategy::{Shape, any_instance};
    use crate::truth::bound_rounding;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        /// One finds by augmenting what the other finds by trying all, and the prices prove it.
        #[test]
        fn flow_is_enumeration(instance in any_instance(&Shape::tiny())) {
            match optimum(&instance) {
                Ok(optimum) => {
                    prop_assert_eq!(brute_force(&instance), Some(optimum.value));
                    proves(&instance, &optimum)?;
                }
                Err(deficiency) => {
                    prop_assert_eq!(brute_force(&instance), None);
                    prop_assert!(deficiency.proves(&instance));
                }
            }
        }

        #[test]
        fn prices_prove_what_is_too_large_to_enumerate(instance in any_instance(&Shape::default())) {
            if let Ok(optimum) = optimum(&instance) {
                proves(&instance, &optimum)?;
            }
        }
    }

    fn proves(instance: &Instance, optimum: &Optimum) -> Result<(), TestCaseError> {
        let objective = instance.objective(&optimum.assignment);
        let bound = Certificate::new(instance, optimum.prices.clone()).unwrap().bound();
        prop_assert_eq!(objective, Ok(optimum.value));
        // What prices lose as they are rounded to `f64`.
        let rounding = bound_rounding(instance, &optimum.prices);
        let proven = optimum.value..=optimum.value + rounding;
        prop_assert!(proven.contains(&bound), "{bound:e} {:e}", optimum.value);
        Ok(())
    }
}
