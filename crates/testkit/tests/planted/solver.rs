//! An exact solver with one fault.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use spinroute_core::{Assignment, Best, Deficiency, Error, Instance, Run, Solution, Solver, Stop};
use spinroute_prices::repair;
use spinroute_testkit::reference::optimum;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    OverCapacityUnderBudget,
    RepeatsAnExpert,
    WiderTable,
    IgnoresTheTick,
    StopsLate,
    SaysFinished,
    SaysInterrupted,
    NanPrice,
    OnePriceMissing,
    ZeroPrices,
    NoPrices,
    Suboptimal,
    CountsCalls,
    CountsThreads,
    CountsThreadsUnderBudget,
    CountsThreadsIfLarge,
    PanicsOnZeroCapacity,
    PanicsOnWrongWarmPrices,
    RefusesWarmPrices,
    FollowsWarmPrices,
    ErrorOutOfBudget,
    ErrorOnNegativeScores,
    WrongDeficiency,
    ClaimsTooMuch,
    LosesItsBest,
    ForgetsForbiddenPairs,
    RefusesEverything,
    TruncatesExperts,
    ErrorAtOtherSeeds,
    ErrorAtSeedZero,
    WorstAtOtherSeeds,
    BadIfLarge,
    Defect,
    DefectIfInfeasible,
    DefectInOtherWords,
    RefusesSome,
    TakesAStepAnyway,
    OverCapacityWithoutSteps,
    SaysFinishedWithoutSteps,
    TwoStepsWithoutTime,
    LosesItsBestSilently,
    BoundTooLow,
    PanicsOnLongTime,
    FollowsOddWarmPrices,
    RoundsScores,
    NarrowsScores,
}

/// Takes three steps to a known optimum, but for its fault.
pub(crate) struct Planted {
    fault: Fault,
    calls: AtomicU64,
}

const STEPS: usize = 3;
/// Pairs up to which it asks the reference, again and again.
const REFERENCE_PAIRS: usize = 100;

impl Planted {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, calls: AtomicU64::new(0) }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// What goes wrong before the first step.
    fn start(&self, instance: &Instance, run: &Run<'_>) -> Result<Option<f64>, Error> {
        let unsupported = |why: &str| Err(Error::Unsupported(why.into()));
        let small = instance.tokens() * instance.experts() <= REFERENCE_PAIRS;
        if !small && !self.answers_large(instance) {
            return unsupported("too large for the reference");
        }
        match run.seed() {
            0 if self.has(Fault::ErrorAtSeedZero) => return unsupported("no luck"),
            1.. if self.has(Fault::ErrorAtOtherSeeds) => return unsupported("no luck"),
            _ => {}
        }
        if self.has(Fault::Defect) && instance.tokens() > 3 {
            return Err(Error::Defect("the prices prove nothing".into()));
        }
        if self.has(Fault::DefectInOtherWords) && instance.tokens() > 3 {
            return unsupported("no assignment was found, and no proof: please report this");
        }
        if self.has(Fault::RefusesSome) && instance.scores(0)[0] < 0.0 {
            return unsupported("negative scores");
        }
        if self.has(Fault::PanicsOnLongTime)
            && let Some(left) = run.time_left()
        {
            assert!(std::time::Instant::now().checked_add(left).is_some(), "overflow");
        }
        if self.has(Fault::RefusesEverything) {
            return unsupported("not today");
        }
        if self.has(Fault::PanicsOnZeroCapacity) {
            assert!(!instance.capacity().contains(&0), "division by zero capacity");
        }
        if self.has(Fault::ErrorOnNegativeScores) && instance.scores(0)[0] < 0.0 {
            let (name, value) = ("score", "negative".into());
            return Err(Error::Parameter { name, value, mend: "give positive ones" });
        }
        match run.start_prices(instance.nodes()) {
            Ok(Some(_)) if self.has(Fault::RefusesWarmPrices) => unsupported("cold start only"),
            Ok(warm) => Ok(warm.map(|prices| prices.iter().sum())),
            Err(error) if self.has(Fault::PanicsOnWrongWarmPrices) => panic!("{error}"),
            Err(error) => Err(error),
        }
    }

    /// The instances above the reference's size that the fault needs an answer for.
    fn answers_large(&self, instance: &Instance) -> bool {
        let (tokens, experts) = (instance.tokens(), instance.experts());
        match self.fault {
            Fault::CountsThreadsIfLarge => tokens > 1000 && experts < 100,
            Fault::TruncatesExperts => tokens < 200 && experts > 256,
            Fault::BadIfLarge => tokens * experts > 20_000,
            _ => false,
        }
    }

    fn steps(&self, run: &mut Run<'_>, objective: f64) -> Option<Stop> {
        let mut told = None;
        if let ControlFlow::Break(stop) = run.begin() {
            told = Some(stop);
            if !self.has(Fault::TakesAStepAnyway) && !self.has(Fault::TwoStepsWithoutTime) {
                return told;
            }
        }
        let timeless = run.time_left().is_some_and(|left| left.is_zero());
        if self.has(Fault::TwoStepsWithoutTime) && !timeless && told.is_some() {
            return told;
        }
        for step in 1..=STEPS {
            let claim =
                if self.has(Fault::ClaimsTooMuch) { objective.abs() * 0.01 + 1.0 } else { 0.0 };
            let mut best = Best { objective: Some(objective + claim), bound: None };
            if self.has(Fault::LosesItsBestSilently) {
                best = Best::default();
            }
            if self.has(Fault::BoundTooLow) {
                best =
                    Best { objective: None, bound: Some(objective - 0.01 * objective.abs() - 1.0) };
            }
            if let ControlFlow::Break(stop) = run.tick(best) {
                told = told.or(Some(stop));
                let late = self.has(Fault::StopsLate) && step == 2
                    || self.has(Fault::TwoStepsWithoutTime) && timeless && step < 2;
                if !late && !self.has(Fault::IgnoresTheTick) {
                    break;
                }
            }
        }
        told
    }

    fn spoil(&self, instance: &Instance, warm: f64, solution: &mut Solution) {
        let cut = matches!(solution.stop, Stop::StepLimit | Stop::Interrupted | Stop::TimeLimit);
        let (tokens, experts, k) = (instance.tokens(), instance.experts(), instance.demand().k());
        // Neither those that the suite writes down nor the answer's own.
        let odd = |p: f64| (8.0 * p).fract() != 0.0;
        let own = solution.prices.as_ref().is_some_and(|prices| prices.iter().sum::<f64>() == warm);
        let noise = match self.fault {
            Fault::FollowsOddWarmPrices if odd(warm) && !own => 1e9,
            Fault::CountsCalls => self.calls.fetch_add(1, Ordering::Relaxed) as f64,
            Fault::CountsThreads => rayon::current_num_threads() as f64,
            Fault::CountsThreadsUnderBudget if cut => rayon::current_num_threads() as f64,
            Fault::CountsThreadsIfLarge if tokens > 1000 => rayon::current_num_threads() as f64,
            Fault::FollowsWarmPrices => warm.min(1e9),
            _ => 0.0,
        };
        let mut prices = solution.prices.take().unwrap_or_default();
        prices[0] += noise;
        match self.fault {
            Fault::NanPrice => prices[experts - 1] = f64::NAN,
            Fault::OnePriceMissing => drop(prices.pop()),
            Fault::ZeroPrices => prices.fill(0.0),
            Fault::OverCapacityUnderBudget if cut => {
                solution.assignment = first_experts(tokens, k);
            }
            Fault::RepeatsAnExpert if k > 1 => {
                solution.assignment = Assignment::from_slots(k, vec![0; tokens * k]);
            }
            Fault::WiderTable => {
                let mut slots = Vec::new();
                for row in solution.assignment.slots().chunks(k) {
                    slots.extend_from_slice(row);
                    slots.push(Assignment::EMPTY);
                }
                solution.assignment = Assignment::from_slots(k + 1, slots);
            }
            Fault::TruncatesExperts => {
                let slots = solution.assignment.slots().iter();
                let truncated = slots.map(|&e| match e {
                    Assignment::EMPTY => e,
                    e => u32::from(e as u8),
                });
                solution.assignment = Assignment::from_slots(k, truncated.collect());
            }
            Fault::SaysFinished if cut => solution.stop = Stop::Finished,
            Fault::SaysInterrupted => solution.stop = Stop::Interrupted,
            _ => {}
        }
        solution.prices = (!self.has(Fault::NoPrices)).then_some(prices);
    }
}

fn first_experts(tokens: usize, k: usize) -> Assignment {
    Assignment::from_slots(k, (0..tokens * k).map(|slot| (slot % k) as u32).collect())
}

/// Feasible, and the worst of all that are.
pub(crate) fn worst(instance: &Instance) -> Assignment {
    let negated = instance.table().mapv(|score| if score.is_finite() { -score } else { score });
    let negated = instance.rebuild().scores(negated).build().expect("as feasible");
    optimum(&negated).expect("as feasible").assignment
}

impl Solver for Planted {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let warm = self.start(instance, run)?.unwrap_or_default();
        if self.answers_large(instance) {
            let assignment = any_assignment(instance)?;
            let prices = Some(vec![0.0; instance.experts()]);
            let mut solution = Solution { assignment, prices, stop: Stop::Finished };
            self.spoil(instance, warm, &mut solution);
            return Ok(solution);
        }
        let optimum = match optimum(&self.seen(instance)) {
            Ok(optimum) => optimum,
            Err(_) if self.has(Fault::DefectIfInfeasible) => {
                return Err(Error::Defect("no assignment, and no proof that there is none".into()));
            }
            Err(_) if self.has(Fault::ForgetsForbiddenPairs) => {
                let assignment = first_experts(instance.tokens(), instance.demand().k());
                return Ok(Solution { assignment, prices: None, stop: Stop::Finished });
            }
            Err(mut deficiency) => {
                if self.has(Fault::WrongDeficiency) {
                    deficiency = Deficiency { tokens: vec![0], experts: vec![], ..deficiency };
                }
                return Err(Error::Deficient(Box::new(deficiency)));
            }
        };
        // One that always loses reports what it has.
        let bad =
            self.has(Fault::Suboptimal) || self.has(Fault::WorstAtOtherSeeds) && run.seed() != 0;
        let best = if bad { worst(instance) } else { optimum.assignment };
        let told = self.steps(run, instance.objective(&best)?);
        let none = told.is_some() && run.steps() == 0;
        if self.has(Fault::ErrorOutOfBudget) && told.is_some() {
            return Err(Error::Unsupported("out of budget".into()));
        }
        let stop = match told {
            Some(_) if none && self.has(Fault::SaysFinishedWithoutSteps) => Stop::Finished,
            Some(stop) => stop,
            None => Stop::Finished,
        };
        let loses = self.has(Fault::LosesItsBest) || self.has(Fault::LosesItsBestSilently);
        let lose = loses && told.is_some();
        let assignment = if lose { worst(instance) } else { best };
        let mut solution = Solution { assignment, prices: Some(optimum.prices), stop };
        self.spoil(instance, warm, &mut solution);
        if none && self.has(Fault::OverCapacityWithoutSteps) {
            solution.assignment = first_experts(instance.tokens(), instance.demand().k());
        }
        Ok(solution)
    }
}

impl Planted {
    /// The instance that it solves, which should be the one that it was given.
    fn seen(&self, instance: &Instance) -> Instance {
        let scores = match self.fault {
            Fault::RoundsScores => {
                let rounded =
                    |s: f32| if s.abs() < 1e6 { (s * 1024.0).round() / 1024.0 } else { s };
                instance.table().mapv(rounded)
            }
            Fault::NarrowsScores => instance.table().to_owned(),
            _ => return instance.clone(),
        };
        instance.rebuild().scores(scores).build().expect("as feasible")
    }
}

/// The last experts round robin, which fits equal capacities; a repair of nothing where it does not.
fn any_assignment(instance: &Instance) -> Result<Assignment, Error> {
    let (k, experts) = (instance.demand().k(), instance.experts());
    let slots = (0..instance.tokens() * k).map(|slot| (experts - 1 - slot % experts) as u32);
    let assignment = Assignment::from_slots(k, slots.collect());
    if instance.objective(&assignment).is_ok() {
        return Ok(assignment);
    }
    repair(instance, Assignment::empty(instance.tokens(), k), None)
}
