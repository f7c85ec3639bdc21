//! The descent of the dual on some or all of the tokens: Newton steps, and rounds of coordinate steps between them.
//!
//! A step stands if it lowers the dual; else it is taken back, and the next one is shorter and has a narrower window.
//! Under plain limits, on all tokens, each Newton step that stands is followed by two rounds of
//! [coordinate steps](crate::coordinates): they bring home what a smoothed curvature does not see, experts that few
//! tokens rank near their margin and tokens that tie, and Newton steps bring home what they cannot, what all experts
//! must do together.
//!
//! Tried and not kept: to judge a step by the units out of place (ties make them meaningless, and a step that brings
//! far experts home may put near ones out: twice as many searches on the collapsed routers); rounds on samples (they
//! fit the sample's noise: a tenth more passes in all).

use std::ops::ControlFlow;
use std::time::Duration;

use spinroute_core::{Best, Clock, Run, Stop};

use crate::batch::Batch;
use crate::coordinates::Coordinates;
use crate::dual::Dual;
use crate::newton::{self, Newton};
use crate::pass::{Candidates, Selection};
use crate::point::Point;
use crate::quantile::{Columns, Unbounded, levels};
use crate::together::together;
use crate::tree::Tree;
use crate::watch::Watch;

/// Rounds after each Newton step that stands.
const ROUNDS: u32 = 2;
/// A step whose best part is less than this overshot; what the next is cut to, at least.
const OVERSHOT: f64 = 0.15;
const SHORTEST: f64 = 0.03;
/// A step that leaves more than this share of the units gained little.
const FAST: f64 = 0.97;
/// Units an expert, and share of all, that only ties leave; and rounds against them.
const TIED: f64 = 3.0;
const TIED_SHARE: f64 = 0.01;
const SNAPS: usize = 3;
/// How far prices are expected to fall when they snap, as a share of them.
const SNAP: f32 = 0.25;
/// Prices stay below, far from overflow.
pub(crate) const HIGHEST: f64 = 1e37;

/// What descents use, kept from one to the next.
#[derive(Default)]
pub(crate) struct Memory {
    lists: Candidates,
    newton: newton::Memory,
    coordinates: Coordinates,
    /// Selections of points that nobody needs any more.
    selections: Vec<Selection>,
}

impl Memory {
    /// A selection, to be written over.
    pub(crate) fn selection(&mut self) -> Selection {
        self.selections.pop().unwrap_or_default()
    }

    /// Takes back a selection that nobody needs any more.
    pub(crate) fn spare(&mut self, selection: Selection) {
        self.selections.push(selection);
    }
}

/// A descent of the dual on some tokens of an instance.
pub(crate) struct Descent<'a> {
    batch: Batch<'a>,
    /// Limits scaled to the share of tokens looked at.
    tree: Tree,
    /// How many tokens stand for each of these.
    share: usize,
    /// How long what follows on all tokens takes, once so many of their units are out of place.
    reserve: &'a dyn Fn(f64) -> Duration,
    /// The best point so far.
    best: Dual,
    memory: Memory,
    /// How long the last step took; before the first, twice as long as the choice.
    pace: Duration,
    /// How much of a Newton step is taken.
    damping: f64,
    /// Steps in a row that gained little.
    slow: u32,
    /// The fewest units out of place so far.
    least: f64,
}

/// When to stop stepping.
pub(crate) struct Patience {
    /// Steps in a row that may gain little.
    pub(crate) slow: u32,
    /// Units less than ever before that a step must bring to have gained more than a little; without, a share of all.
    pub(crate) gain: Option<f64>,
    /// Units out of place that are few enough.
    pub(crate) enough: f64,
}

impl<'a> Descent<'a> {
    /// Starts at own `prices` under the limits of `tree`, where each token stands for `share` of them.
    pub(crate) fn new(
        batch: Batch<'a>,
        tree: Tree,
        share: usize,
        reserve: &'a dyn Fn(f64) -> Duration,
        prices: Vec<f32>,
        mut memory: Memory,
    ) -> Self {
        let began = Clock::start();
        memory.lists.reset();
        let selection = memory.selection();
        let point = Point::under(batch, &tree, prices, selection, Some(&mut memory.lists));
        let best = Dual::new(point, batch, &tree);
        let pace = 2 * began.elapsed();
        Self {
            batch,
            tree,
            share,
            reserve,
            best,
            memory,
            pace,
            damping: 1.0,
            slow: 0,
            least: f64::INFINITY,
        }
    }

    /// The best point so far.
    pub(crate) fn best(&self) -> &Dual {
        &self.best
    }

    /// The best point, and the memory.
    pub(crate) fn into_best(self) -> (Dual, Memory) {
        (self.best, self.memory)
    }

    /// Whether the time left only just does for what follows without this step: on a sample a
    /// choice of all tokens, then what is held in reserve.
    fn is_late(&self, run: &Run<'_>) -> bool {
        let Some(left) = run.time_left() else { return false };
        let units = self.best.units() * self.share as f64;
        let all = if self.share > 1 { self.pace * self.share as u32 } else { Duration::ZERO };
        left < self.pace + all + (self.reserve)(units)
    }

    /// The point at other prices.
    fn at(&mut self, prices: Vec<f32>) -> Dual {
        let selection = self.memory.selection();
        let lists = Some(&mut self.memory.lists);
        let point = Point::under(self.batch, &self.tree, prices, selection, lists);
        Dual::new(point, self.batch, &self.tree)
    }

    /// Whether rounds of coordinate steps stand beside Newton steps.
    fn has_rounds(&self) -> bool {
        self.share == 1 && self.tree.is_plain()
    }

    /// Up to `steps` steps. A sample's dual proves nothing: there `watch` is none.
    pub(crate) fn descend(
        &mut self,
        steps: usize,
        patience: &Patience,
        run: &mut Run<'_>,
        mut watch: Option<&mut Watch<'_>>,
    ) -> ControlFlow<Stop> {
        let (mut owed, mut step) = (0, Vec::new());
        for _ in 0..steps {
            let done = self.best.units() < patience.enough || self.slow >= patience.slow;
            if done {
                break;
            }
            if self.is_late(run) {
                return ControlFlow::Break(Stop::TimeLimit);
            }
            let began = Clock::start();
            let (trial, is_round) = if owed > 0 {
                owed -= 1;
                (self.round(), true)
            } else {
                let Some(trial) = self.newton(&mut step) else { break };
                (trial, false)
            };
            let stands = self.judge(trial, is_round, patience);
            if stands && !is_round && self.has_rounds() {
                owed = ROUNDS;
            }
            self.pace = began.elapsed();
            if stands && let Some(watch) = &mut watch {
                watch.see(&self.best)?;
            }
            run.tick(watch.as_ref().map_or_else(Best::default, |watch| watch.best))?;
        }
        ControlFlow::Continue(())
    }

    /// The end of a descent that has rounds: one more, and where ties are many, rounds that end at them.
    pub(crate) fn settle(
        &mut self,
        patience: &Patience,
        run: &mut Run<'_>,
        watch: &mut Watch<'_>,
    ) -> ControlFlow<Stop> {
        if !self.has_rounds() {
            return ControlFlow::Continue(());
        }
        for snaps in 0..=SNAPS {
            let is_snap = snaps > 0;
            if self.best.units() == 0.0 || is_snap && !self.is_tied() {
                break;
            }
            if self.is_late(run) {
                return ControlFlow::Break(Stop::TimeLimit);
            }
            let began = Clock::start();
            let trial = if is_snap { self.snap() } else { self.round() };
            let stands = self.judge(trial, true, patience);
            self.pace = began.elapsed();
            if stands {
                watch.see(&self.best)?;
            }
            run.tick(watch.best)?;
            if is_snap && !stands {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether more units are out of place than anything but ties leaves.
    fn is_tied(&self) -> bool {
        let slots = (self.batch.tokens() * self.batch.demand().k()) as f64;
        self.best.units() > f64::max(TIED * self.batch.experts() as f64, TIED_SHARE * slots)
    }

    /// Where a round of quantile balancing leads: prices at the very points where tokens change sides.
    ///
    /// Where many tokens tie (repeated tokens, scores of few values), the best prices of many
    /// experts differ by exactly nothing or exactly a score. Near them is not good enough: the
    /// cheapest of those experts gets all that is indifferent. Newton steps have no margins to go
    /// by there, and coordinate steps do not go all of their way.
    fn snap(&mut self) -> Dual {
        let point = self.best.point();
        let level = levels(self.batch.demand(), point.selection(), Unbounded::Silent);
        let capacity: Vec<u32> =
            (0..self.tree.experts()).map(|e| self.tree.capacity(e) as u32).collect();
        let change = point.prices().iter().map(|p| SNAP * p).collect();
        let columns = Columns::new(point.prices().to_vec());
        let mut columns = columns.highest(HIGHEST as f32).expecting(change);
        columns.update(self.batch.scores(), &level, &capacity, point.loads());
        self.at(columns.into_prices())
    }

    /// Where a round of coordinate steps leads, or one of all prices together where that is what is wanted.
    fn round(&mut self) -> Dual {
        if let Some(prices) = together(self.batch, &self.tree, &self.best, HIGHEST as f32) {
            return self.at(prices);
        }
        let Memory { lists, coordinates, .. } = &mut self.memory;
        let at = (self.best.point(), self.best.units());
        let prices = coordinates.round((self.batch, &self.tree), at, lists, HIGHEST as f32);
        self.at(prices)
    }

    /// Where a Newton step leads, if any price can move.
    fn newton(&mut self, step: &mut Vec<f64>) -> Option<Dual> {
        let (at, rounds) = (&self.best, self.has_rounds());
        let newton = Newton { batch: self.batch, tree: &self.tree, at, rounds };
        if !newton.step(self.damping, &mut self.memory.newton, step) {
            return None;
        }
        let moved = self.best.point().own().iter().zip(&*step).enumerate();
        let moved = moved
            .map(|(node, (&p, change))| self.tree.step(node, p, f64::from(p) + change, HIGHEST));
        let prices = moved.collect();
        Some(self.at(prices))
    }

    /// Goes on from a trial if it is better; whether it is.
    fn judge(&mut self, trial: Dual, is_round: bool, patience: &Patience) -> bool {
        let (units, value) = (self.best.units(), self.best.point().value());
        let better = trial.point().value() < value;
        let fast = match patience.gain {
            Some(gain) => better && trial.units() <= self.least - gain,
            None => better && trial.units() < FAST * units,
        };
        self.slow = if fast { 0 } else { self.slow + 1 };
        let other = if better {
            self.least = self.least.min(trial.units());
            if !is_round {
                self.damping = f64::min(1.0, self.damping * 2.0);
            }
            std::mem::replace(&mut self.best, trial)
        } else {
            if !is_round {
                self.shorten(&trial, patience);
            }
            trial
        };
        self.memory.spare(other.into_point().into_memory());
        better
    }

    /// Shortens the next Newton step after one that led to a worse `trial`.
    fn shorten(&mut self, trial: &Dual, patience: &Patience) {
        // The least of the parabola through both values with that slope. Only where the
        // step went far beyond it, it says more than that the step was too long.
        let (at, rounds) = (&self.best, self.has_rounds());
        let slope = Newton { batch: self.batch, tree: &self.tree, at, rounds }.slope(trial);
        let rise = trial.point().value() - self.best.point().value();
        let least = -0.5 * slope / (rise - slope);
        if least < OVERSHOT {
            self.damping *= least.max(SHORTEST);
            // That says nothing about what the next one gains.
            self.slow -= u32::from(patience.gain.is_none());
        } else {
            self.damping *= 0.5;
        }
    }
}
