//! Quantile balancing: expert prices from order statistics, then selection and repair.
//!
//! The rounds are [`spinroute_prices::quantile`]'s, which has the formulas. They may stall above the
//! optimum, as the dual is not smooth: field data is in `docs/transport.md`. After the last round every
//! token takes its `k` best at the final prices and [`spinroute_prices::repair`] makes that feasible.
//!
//! Where loads have minimums, groups or costs, a round is [`quantile::bisected`]: one more price update a level of
//! groups, each node's total brought to where its limits are met, to three digits.
//!
//! A round is two passes over the table, O(T·E), both parallel with a result that does not depend
//! on the number of threads. Prices are `f32`, as the scores are.
//!
//! A limit of time covers the selection and the repair as well: no round begins for which the time
//! would not do ([`Pace`]), and the repair is cut short where the limit is nearer still.
use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{Best, Error, Instance, Run, Solution, Solver, Stop, parameters};
use spinroute_prices::quantile::{self, Columns, Unbounded, levels};
use spinroute_prices::{Batch, Point, Selection, Tree, choice, repair_in_time, value};

parameters! {
    /// Quantile balancing with a repair at the end.
    ///
    /// It honours masks and uneven demands, minimums, groups, overflow and rewards.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_transport::Quantile;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = Quantile { rounds: 4 }.solve(&instance, &mut Run::new(0))?;
    /// assert!(instance.objective(&solution.assignment)? > 0.9 && solution.prices.is_some());
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Quantile {
        /// a number of price updates
        ///
        /// A round is a step of the [`Run`]. 0, or a run that allows no step, selects at the starting
        /// prices. The prices returned are those of the last round.
        pub rounds: u32 => "at least 0",
    }
}

impl Default for Quantile {
    fn default() -> Self {
        Self { rounds: 8 }
    }
}

impl Quantile {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "quantile",
        summary: "prices by quantile balancing, then the best k under them, then a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "quantile balancing, Su 2026 (kexue.fm/archives/11619); \
                    inequality form: arXiv 2502.15451 (2025)",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };
}

impl Solver for Quantile {
    /// Starts from the run's warm prices, else from 0.
    ///
    /// # Errors
    /// [`Error::Deficient`] if there is no assignment, [`Error::Prices`] if the warm
    /// prices are unusable.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let batch = Batch::of(instance);
        let mut rounds = Rounds::new(instance, run)?;
        let mut pace = Pace::new(run);
        let mut point = rounds.start();
        pace.selected(run);
        choice::enough_allowed(instance, point.selection())?;
        let mut stop = Stop::Finished;
        let mut bound = f64::INFINITY;
        for _ in 0..self.rounds {
            if let ControlFlow::Break(why) = pace.may_go_on(instance, point.loads(), run) {
                stop = why;
                break;
            }
            point = rounds.next(instance, point);
            let mut best = Best::default();
            if run.is_watched() {
                bound = bound.min(value::bound(instance, &point));
                best.bound = Some(bound);
            }
            pace.round_done(run);
            if let ControlFlow::Break(why) = run.tick(best) {
                stop = why;
                break;
            }
        }
        let prices = point.wide_prices();
        let choices = choice::table(batch, point.selection(), point.prices());
        let (assignment, cut) = repair_in_time(instance, choices, Some(&prices), run)?;
        Ok(Solution { assignment, prices: Some(prices), stop: cut.unwrap_or(stop) })
    }
}

/// The price updates: exact where capacities of experts are all that there is.
struct Rounds<'a> {
    batch: Batch<'a>,
    tree: Tree,
    columns: Columns,
}

impl<'a> Rounds<'a> {
    fn new(instance: &'a Instance, run: &Run<'_>) -> Result<Self, Error> {
        let lowest = |node: usize| instance.limits(node).lowest_price().max(-HIGHEST);
        let start = match run.start_prices(instance.nodes())? {
            Some(prices) => {
                let usable = |(node, &p): (usize, &f64)| p.max(lowest(node)) + 0.0;
                let usable = prices.iter().enumerate().map(usable);
                usable.map(|p| p.min(f64::from(f32::MAX)) as f32).collect()
            }
            None => vec![0.0; instance.nodes()],
        };
        let (batch, tree) = (Batch::of(instance), Tree::of(instance));
        Ok(Self { batch, tree, columns: Columns::new(start) })
    }

    fn start(&self) -> Point {
        self.at(self.columns.prices().to_vec(), Selection::default())
    }

    fn at(&self, own: Vec<f32>, memory: Selection) -> Point {
        Point::under(self.batch, &self.tree, own, memory, None)
    }

    fn next(&mut self, instance: &Instance, point: Point) -> Point {
        if self.tree.is_plain() {
            let level = levels(self.batch.demand(), point.selection(), Unbounded::Taken);
            let (scores, capacity) = (self.batch.scores(), instance.capacity());
            self.columns.update(scores, &level, capacity, point.loads());
            return self.at(self.columns.prices().to_vec(), point.into_memory());
        }
        let (mut own, mut memory) = point.into_parts();
        quantile::bisected(
            self.batch,
            &self.tree,
            &mut own,
            (HIGHEST as f32, HALVINGS),
            &mut memory,
        );
        self.at(own, memory)
    }
}

/// No price of a node with more limits than a capacity is larger in size.
const HIGHEST: f64 = 1e37;
/// Halvings that find a price of a round: three digits.
const HALVINGS: usize = 12;

/// How long a round and the repair are likely to take, so that a run ends in time.
struct Pace {
    /// What the limit leaves at the start; `None` if there is none.
    limit: Option<Duration>,
    /// Where the last pass or round ended.
    since: Duration,
    /// The time that a round takes, as far as is known.
    round: Duration,
}

impl Pace {
    fn new(run: &Run<'_>) -> Self {
        Self { limit: run.time_left(), since: run.elapsed(), round: Duration::ZERO }
    }

    /// The first selection is done; a round is three or four times that.
    fn selected(&mut self, run: &Run<'_>) {
        let now = run.elapsed();
        (self.round, self.since) = (4 * now.saturating_sub(self.since), now);
    }

    fn round_done(&mut self, run: &Run<'_>) {
        let now = run.elapsed();
        (self.round, self.since) = (now.saturating_sub(self.since), now);
    }

    /// Whether a round may begin: the budget allows a step, and the repair will do with what is then
    /// left. A repair that would not in any case leaves the rounds half of the time.
    fn may_go_on(&self, instance: &Instance, load: &[u32], run: &Run<'_>) -> ControlFlow<Stop> {
        run.begin()?;
        let (Some(limit), Some(left)) = (self.limit, run.time_left()) else {
            return ControlFlow::Continue(());
        };
        let units = load.iter().zip(instance.capacity()).map(|(&l, &c)| l.saturating_sub(c));
        let units: u32 = units.sum();
        let repair = instance.tokens() as f64 * REPAIR_TOKEN + f64::from(units) * REPAIR_UNIT;
        if left < self.round + Duration::from_secs_f64(repair).min(limit / 2) {
            return ControlFlow::Break(Stop::TimeLimit);
        }
        ControlFlow::Continue(())
    }
}

/// What a repair takes in seconds, a token and a unit over capacity (measured in
/// `docs/transport.md`).
const REPAIR_TOKEN: f64 = 0.3e-6;
const REPAIR_UNIT: f64 = 0.6e-6;
