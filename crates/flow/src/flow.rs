//! The exact solver.

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{
    Assignment, Deficiency, Error, Instance, Run, Scores, Shortfall, Solution, Solver, Stop,
};
use spinroute_core::{param, parameters};
use spinroute_prices::{Batch, Dual, Watch, choice, repair, search};

use crate::finish::{self, Start, repaired};
use crate::settle::{self, settled};
use crate::view::View;

parameters! {
    /// The optimum, with prices that prove it.
    ///
    /// First good prices are found on samples of the tokens, then on all ([`search`]); every token
    /// takes its best experts at these prices. The units that this leaves out of place then follow
    /// shortest paths on a graph of experts, while prices rise along (modules `residual` and
    /// `search`), until capacities hold and every priced expert is full. By complementary slackness
    /// the assignment is then optimal, and the prices prove it. That is checked before it is said, and
    /// what is not proven goes surer and slower ways (module `finish`): `Stop::Finished` means a gap of
    /// at most 1e-9, recomputed by [`Certificate`](spinroute_core::Certificate), usually 0.
    ///
    /// Time: passes over the scores for prices, O(E²) for each search and O(E) for each move, and one
    /// pass for the proof; memory about the scores again, and E² numbers. docs/flow.md ("Cost") counts
    /// them, and says what prices of the last batch ([`Run::warm_prices`]) save.
    ///
    /// Of equal optima, the one is chosen that the order of the experts and of the tokens leads to:
    /// the same on every machine and for any number of threads. `seed` is not used.
    ///
    /// A step is a change of prices: stopped by its budget or observer, or at `target_gap`, the solver
    /// repairs the choices of the moment to a feasible assignment and returns it with the prices that
    /// bound it.
    ///
    /// # Errors
    /// [`Error::Deficient`] with tokens and experts that prove it if forbidden pairs leave no
    /// assignment; [`Error::Parameter`] if `target_gap` is no number ≥ 0; [`Error::Prices`] if warm
    /// prices are not one finite number an expert.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_flow::Flow;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [1, 0]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Flow {
        /// a relative gap
        ///
        /// The solver stops as soon as a feasible assignment is proven to be within it of the optimum;
        /// 0 asks for the optimum.
        pub target_gap: f64 =>
            "finite and at least 0" + ": stop once an answer is proven to be within it",
    }
}

/// What a repair is first expected to lose, see [`TargetGap`].
const REPAIR_LOSS: f64 = 25.0;
/// Tokens whose margin is within the first radius, for every unit out of place.
const FIRST_TOKENS: f64 = 4.0;

impl Solver for Flow {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        if !(self.target_gap >= 0.0 && self.target_gap < f64::INFINITY) {
            return Err(param!(Self::target_gap).refuse(&self.target_gap).into());
        }
        let warm = run.start_prices(instance.nodes())?;
        let closed = closed(instance);
        let solved = if closed[..instance.experts()].contains(&true) {
            without_closed(instance, &closed, |open| self.solve_open(open, warm, run))
        } else {
            self.solve_open(instance, warm, run)
        };
        solved.map_err(Error::in_solver)
    }
}

impl Flow {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "flow",
        summary: "the optimum: prices by descent on the dual, then augmenting paths on the experts",
        exact: true,
        facts: Facts { prices: true, capacity: true },
        reference: "min-cost flow: Ahuja, Magnanti, Orlin 1993; see docs/flow.md",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };

    /// Solves an instance whose experts of capacity 0 nobody may take.
    fn solve_open(
        &self,
        instance: &Instance,
        warm: Option<&[f64]>,
        run: &mut Run<'_>,
    ) -> Result<Solution, Error> {
        enough_allowed(instance)?;
        let view = View::new(instance)?;
        let mut target = TargetGap { gap: self.target_gap, loss: REPAIR_LOSS };
        let mut within = None;
        let mut improved = |dual: &Dual| {
            within = target.met_by(instance, &view, dual);
            match within {
                Some(_) => ControlFlow::Break(Stop::TargetGap),
                None => ControlFlow::Continue(()),
            }
        };
        let bound = |dual: &Dual| view.bound(dual.point());
        let bound = run.is_watched().then_some(&bound as &dyn Fn(&Dual) -> f64);
        let mut watch = Watch::new(bound, &mut improved);
        let (tokens, experts, k) = (instance.tokens(), instance.experts(), instance.demand().k());
        let reserve = |units| settle::cost(tokens, experts, k, units);
        let (dual, stop) = search(&view.instance, warm, &reserve, run, &mut watch);
        let best = watch.best;
        if let Some(solution) = within {
            return Ok(solution);
        }
        let prices = dual.point().wide_prices();
        let left = run.time_left();
        let is_late = |cost| left.is_some_and(|left| left < cost);
        let settling = reserve(dual.units());
        let out_of_time = is_late(settling + finish::start_cost(instance));
        if let Some(stop) = stop.or(out_of_time.then_some(Stop::TimeLimit)) {
            // Where not even settling is in time, the repair alone is.
            let table = if is_late(settling) {
                dual.into_point().into_memory().experts
            } else {
                settled_choices(&view.instance, &dual)
            };
            return repaired(instance, table, prices, stop, run);
        }
        let (radius, units) = (margins(&dual, FIRST_TOKENS * dual.units()).0, dual.units());
        let selection = dual.into_point().into_memory();
        finish::finish(
            instance,
            Start { prices, selection, units, radius, best },
            self.target_gap,
            run,
        )
    }
}

/// Which nodes hold nothing: those of capacity 0, and all in groups of capacity 0.
fn closed(instance: &Instance) -> Vec<bool> {
    let mut closed = vec![false; instance.nodes()];
    for node in (0..closed.len()).rev() {
        let around = instance.parent(node).is_some_and(|around| closed[around]);
        closed[node] = around || instance.limits(node).highest() == 0;
    }
    closed
}

/// Solves `instance` with the experts that hold nothing forbidden: their scores, however large, say
/// nothing, and would cost the digits of the others. Prices then keep everybody away.
fn without_closed(
    instance: &Instance,
    closed: &[bool],
    solve: impl FnOnce(&Instance) -> Result<Solution, Error>,
) -> Result<Solution, Error> {
    let open = if let Some(wide) = instance.wide() {
        let wide = ArrayView2::from_shape((instance.tokens(), instance.experts()), wide);
        let wide = wide.map_err(|error| Error::Defect(error.to_string()))?;
        let scores = close(wide.to_owned(), f64::NEG_INFINITY, closed);
        instance.rebuild().scores(Scores::wide(scores)).build()?
    } else {
        let scores = close(instance.table().to_owned(), f32::NEG_INFINITY, closed);
        instance.rebuild().scores(scores).build()?
    };
    let mut solution = match solve(&open) {
        Err(Error::Deficient(proof)) => {
            let unproven = "flow found no assignment, and no proof that there is none";
            return Err(of_closed(instance, closed, *proof).map_or_else(
                || Error::Defect(unproven.to_owned()),
                |proof| Error::Deficient(Box::new(proof)),
            ));
        }
        other => other?,
    };
    if let Some(prices) = &mut solution.prices {
        let finite = instance.flat().iter().filter(|s| s.is_finite());
        let largest = finite.fold(0.0, |largest, &s| f64::max(largest, 1.001 * f64::from(s.abs())));
        let highest = prices.iter().fold(0f64, |a, b| a.max(b.abs()));
        for node in (0..prices.len()).filter(|&node| closed[node]) {
            // The outermost closed node keeps away; what is in it has no say.
            let inside = instance.parent(node).is_some_and(|around| closed[around]);
            let limits = instance.limits(node);
            let away = 4.0 * (largest + highest);
            prices[node] = if inside { limits.lowest_price().max(f64::MIN) } else { away };
        }
    }
    Ok(solution)
}

/// The proof for the instance of one for that without closed nodes: open to nobody, they take what crowds, and
/// never help what lacks.
fn of_closed(instance: &Instance, closed: &[bool], proof: Deficiency) -> Option<Deficiency> {
    let Deficiency { short, tokens, experts, groups, .. } = proof;
    let inside = |set: &[u32], place: usize, node: usize| {
        if closed[node] {
            short == Shortfall::Room
        } else {
            set.binary_search(&(place as u32)).is_ok()
        }
    };
    let first = instance.experts();
    let all = (0..first).filter(|&e| inside(&experts, e, e)).map(|e| e as u32).collect();
    let around = (0..instance.nodes() - first).filter(|&g| inside(&groups, g, first + g));
    let around = around.map(|g| g as u32).collect();
    Deficiency::new(instance, short, tokens, all, around)
}

/// `scores` with the columns of closed experts forbidden.
fn close<S: Copy>(mut scores: Array2<S>, never: S, closed: &[bool]) -> Array2<S> {
    for (e, mut column) in scores.columns_mut().into_iter().enumerate() {
        if closed[e] {
            column.fill(never);
        }
    }
    scores
}

/// Whether a repair may meet a target gap, learnt from those that did not.
struct TargetGap {
    gap: f64,
    /// What a repair loses, in multiples of the smallest margins of as many tokens as are out of
    /// place.
    loss: f64,
}

impl TargetGap {
    /// The repaired choices of the moment, if they are proven to be within the target gap.
    fn met_by(&mut self, instance: &Instance, view: &View, dual: &Dual) -> Option<Solution> {
        if self.gap == 0.0 {
            return None;
        }
        let expected = margins(dual, dual.units()).1;
        if self.loss * expected > self.gap * dual.point().value().abs() {
            return None;
        }
        let table = settled_choices(&view.instance, dual);
        let prices = dual.point().wide_prices();
        let choices = Assignment::from_slots(instance.demand().k(), table);
        let assignment = repair(instance, choices, Some(&prices)).ok()?;
        let objective = instance.objective(&assignment).ok()?;
        let loss = view.bound(dual.point()) - objective;
        if loss <= self.gap * objective.abs() {
            return Some(Solution { assignment, prices: Some(prices), stop: Stop::TargetGap });
        }
        self.loss = self.loss.max(1.2 * loss / expected);
        None
    }
}

/// The smallest positive margins of the tokens: the one of rank `count`, and the sum up to it.
fn margins(dual: &Dual, count: f64) -> (f64, f64) {
    let selection = dual.point().selection();
    let margins = selection.taken.iter().zip(&selection.left).map(|(a, b)| a - b);
    let mut margins: Vec<f32> = margins.filter(|m| m.is_finite() && *m > 0.0).collect();
    if margins.is_empty() {
        return (f64::from(f32::MIN_POSITIVE), 0.0);
    }
    let rank = (count as usize).min(margins.len() - 1);
    let (below, at, _) = margins.select_nth_unstable_by(rank, f32::total_cmp);
    (f64::from(*at), below.iter().map(|&m| f64::from(m)).sum())
}

/// Refuses an `Exactly` demand of a token with too few allowed experts.
pub(crate) fn enough_allowed(instance: &Instance) -> Result<(), Error> {
    if !(instance.has_forbidden() && instance.demand().is_exact()) {
        return Ok(());
    }
    let short = (0..instance.tokens()).find(|&t| {
        let allowed = instance.scores(t).iter().filter(|s| **s > f32::NEG_INFINITY);
        allowed.count() < instance.k(t)
    });
    match short.and_then(|t| Deficiency::crowded(instance, vec![t as u32], Vec::new())) {
        Some(proof) => Err(Error::Deficient(Box::new(proof))),
        None => Ok(()),
    }
}

/// The choices of `dual`, settled within the capacities.
fn settled_choices(instance: &Instance, dual: &Dual) -> Vec<u32> {
    let (prices, selection) = (dual.point().prices(), dual.point().selection());
    let choices = choice::slots(Batch::of(instance), selection, prices);
    settled(instance, choices, prices, Some(&selection.left))
}
