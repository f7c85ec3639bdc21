//! All clauses on one instance.

use std::sync::OnceLock;

use rayon::ThreadPool;
use spinroute_core::{Best, Certificate, Error, Instance, Solution, Solver, Stop};

use crate::attempt::{Attempt, Limit, attempt, same};
use crate::generate::Draws;
use crate::reference::Optimum;
use crate::truth::Truth;
use crate::{Breach, Clause, property};

/// What a solver claims of its answers; each claim holds the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// What the trait promises.
    Feasible,
    /// That a run without limits reaches the optimum.
    Optimal,
    /// That its prices prove it.
    Proven,
}

/// How one instance went, if no clause is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Solved,
    Unsupported,
    Infeasible,
}

/// A solver and what is asked of it.
pub(crate) struct Trial<'a> {
    pub(crate) solver: &'a dyn Solver,
    pub(crate) claim: Claim,
    pub(crate) pools: &'a [ThreadPool],
}

/// How one instance is tried.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The seed of the runs.
    pub(crate) seed: u64,
    /// Whether it may be refused as unsupported.
    pub(crate) may_refuse: bool,
    /// Whether each kind of run is tried once only: for instances that take long.
    pub(crate) brief: bool,
    /// The optimum, where it was planted.
    pub(crate) known: Option<&'a Optimum>,
}

type Checked<T = ()> = Result<T, Box<Breach>>;

impl Trial<'_> {
    pub(crate) fn check(&self, instance: &Instance, ask: Ask<'_>) -> Checked<Verdict> {
        let respects = self.solver.respects_capacity();
        let judged = if respects { instance.clone() } else { instance.uncapped() };
        Case { trial: self, ask, given: instance, judged, truth: OnceLock::new() }.check()
    }
}

/// One instance: what the solver is given, what its answer is judged on, and the truth about it.
struct Case<'a> {
    trial: &'a Trial<'a>,
    ask: Ask<'a>,
    given: &'a Instance,
    judged: Instance,
    /// Found when it is first asked for: not for what is refused.
    truth: OnceLock<Truth>,
}

impl Case<'_> {
    fn truth(&self) -> &Truth {
        self.truth.get_or_init(|| match self.ask.known {
            Some(optimum) if self.trial.solver.respects_capacity() => {
                Truth::proven(&self.judged, optimum.clone())
            }
            _ => Truth::of(&self.judged),
        })
    }

    fn check(&self) -> Checked<Verdict> {
        let first = self.attempt(Limit::None, None)?;
        let full = match &first.outcome {
            Ok(solution) => solution,
            Err(Error::Unsupported(_)) if self.ask.may_refuse => return Ok(Verdict::Unsupported),
            Err(error) => return self.refused(error),
        };
        self.full(Limit::None, full)?;
        if !matches!(full.stop, Stop::Finished | Stop::TargetGap) {
            let detail = format!("a run without limits says it stopped by {:?}", full.stop);
            return self.breach(Clause::Stop, detail);
        }
        self.deterministic(full)?;
        self.other_seed()?;
        self.limits(full, first.steps)?;
        self.warm(full)?;
        if self.trial.claim >= Claim::Optimal && !self.ask.brief {
            property::permutation(self.trial.solver, self.given, self.ask.seed)?;
        }
        Ok(Verdict::Solved)
    }

    fn attempt(&self, limit: Limit, warm: Option<&[f64]>) -> Checked<Attempt> {
        self.seeded(self.ask.seed, limit, warm)
    }

    /// A call whose error, if it is one, is none of its own making.
    fn seeded(&self, seed: u64, limit: Limit, warm: Option<&[f64]>) -> Checked<Attempt> {
        let attempt = attempt(self.trial.solver, self.given, seed, limit, warm)?;
        match &attempt.outcome {
            Err(error) if property::admits_defect(error) => {
                self.breach(Clause::Defect, format!("under {limit:?}: {error}"))
            }
            _ => Ok(attempt),
        }
    }

    fn breach<T>(&self, clause: Clause, detail: impl Into<String>) -> Checked<T> {
        Err(Breach::new(clause, self.given, detail))
    }

    /// An error is right on an infeasible instance only, and then under every limit.
    fn refused(&self, error: &Error) -> Checked<Verdict> {
        self.error(Limit::None, error)?;
        for limit in [Limit::Steps(0), Limit::Steps(1), Limit::NoTime, Limit::Break(1)] {
            match self.attempt(limit, None)?.outcome {
                Ok(solution) => self.feasible(limit, &solution).map(|_| ())?,
                Err(error) => self.error(limit, &error)?,
            }
        }
        Ok(Verdict::Infeasible)
    }

    fn error(&self, limit: Limit, error: &Error) -> Checked {
        match error {
            Error::Deficient(deficiency) if !deficiency.proves(&self.judged) => {
                let detail = format!("under {limit:?} it says what its sets do not prove: {error}");
                self.breach(Clause::Deficiency, detail)
            }
            Error::Deficient(_) => Ok(()),
            Error::Infeasible { .. } if self.truth().is_infeasible() => Ok(()),
            Error::Unsupported(_) if self.truth().is_infeasible() && self.ask.may_refuse => Ok(()),
            Error::Unsupported(_) if !self.ask.may_refuse => {
                let detail = format!(
                    "under {limit:?} it refuses: {error}; who claims the optimum names what it may \
                     refuse, see Conformance::allow_unsupported"
                );
                self.breach(Clause::Refusal, detail)
            }
            _ => {
                let detail = format!("under {limit:?} it fails: {error}");
                self.breach(Clause::Refusal, detail)
            }
        }
    }

    /// Checks the constraints and the prices; returns the objective.
    fn feasible(&self, limit: Limit, solution: &Solution) -> Checked<f64> {
        let objective = self.judged.objective(&solution.assignment);
        let objective = objective.or_else(|violation| {
            self.breach(Clause::Feasible, format!("under {limit:?}, {violation}"))
        })?;
        let (got, want) = (solution.assignment.k(), self.judged.demand().k());
        if got != want {
            let detail = format!("under {limit:?}, the table has {got} slots a token, not {want}");
            return self.breach(Clause::Feasible, detail);
        }
        let certificate = solution.prices.clone().map(|p| Certificate::new(&self.judged, p));
        let bound = match certificate.transpose() {
            Ok(certificate) => certificate.map(|certificate| certificate.bound()),
            Err(error) => return self.breach(Clause::Prices, format!("under {limit:?}, {error}")),
        };
        if self.truth().excludes(objective, bound) {
            let truth = self.truth();
            let detail = format!(
                "under {limit:?}, objective {objective:e} ≤ {truth} ≤ bound {bound:?} does not hold"
            );
            return self.breach(Clause::Bound, detail);
        }
        Ok(objective)
    }

    /// What a run that nothing stopped must return.
    fn full(&self, limit: Limit, solution: &Solution) -> Checked {
        let objective = self.feasible(limit, solution)?;
        let claim = self.trial.claim;
        let exactly = claim >= Claim::Proven;
        if claim >= Claim::Optimal
            && self.truth().misses(&self.judged, &solution.assignment, exactly)
        {
            let detail = format!("objective {objective:e}, optimum {}", self.truth());
            return self.breach(Clause::Optimal, detail);
        }
        if exactly {
            property::proven(&self.judged, solution).map_err(|mut breach| {
                breach.instance = self.given.clone();
                breach
            })?;
        }
        Ok(())
    }

    fn deterministic(&self, full: &Solution) -> Checked {
        let limits = [Limit::Watched, Limit::None, Limit::AllTime];
        for &limit in &limits[..if self.ask.brief { 1 } else { 3 }] {
            let again = self.attempt(limit, None)?;
            self.told_the_truth(&again)?;
            if !again.outcome.is_ok_and(|again| same(&again, full)) {
                let detail = format!("a second run, {limit:?}, gives another solution");
                return self.breach(Clause::Deterministic, detail);
            }
        }
        self.threads(Limit::None, full)
    }

    fn threads(&self, limit: Limit, solution: &Solution) -> Checked {
        let skipped = if self.ask.brief { self.trial.pools.len().saturating_sub(1) } else { 0 };
        for pool in &self.trial.pools[skipped..] {
            let threads = pool.current_num_threads();
            let other = pool.install(|| self.attempt(limit, None))?;
            if !other.outcome.is_ok_and(|other| same(&other, solution)) {
                let detail = format!("under {limit:?}, {threads} threads give another solution");
                return self.breach(Clause::Threads, detail);
            }
        }
        Ok(())
    }

    /// Another seed may give another solution, not a worse kind of one.
    fn other_seed(&self) -> Checked {
        let seed = u64::from(self.ask.seed == 0);
        match self.seeded(seed, Limit::None, None)?.outcome {
            Ok(solution) => self.full(Limit::None, &solution).map_err(|mut breach| {
                breach.detail = format!("with seed {seed}: {}", breach.detail);
                breach
            }),
            Err(error) => {
                let detail = format!("with seed {seed}, but not {}: {error}", self.ask.seed);
                self.breach(Clause::Refusal, detail)
            }
        }
    }

    /// Every way to end a run early, where the full one takes `steps`.
    fn limits(&self, full: &Solution, steps: u64) -> Checked {
        let mut at = if self.ask.brief {
            vec![1, steps]
        } else {
            vec![1, 2, 3, 4, steps / 2, steps.saturating_sub(1), steps, steps + 1]
        };
        at.retain(|&at| at > 0 && at <= steps + 1);
        at.sort_unstable();
        at.dedup();
        self.limited(Limit::Steps(0), 0, Stop::StepLimit, full, steps)?;
        for at in at {
            self.limited(Limit::Steps(at), at, Stop::StepLimit, full, steps)?;
            if !self.ask.brief || at == 1 {
                self.limited(Limit::Break(at), at, Stop::Interrupted, full, steps)?;
            }
        }
        self.limited(Limit::NoTime, 1, Stop::TimeLimit, full, steps)
    }

    /// A run that is told to stop at step `at`.
    fn limited(&self, limit: Limit, at: u64, stop: Stop, full: &Solution, steps: u64) -> Checked {
        let attempt = self.attempt(limit, None)?;
        self.told_the_truth(&attempt)?;
        let solution = match attempt.outcome {
            Ok(solution) => solution,
            Err(error) => {
                let detail = format!("under {limit:?} it fails: {error}; to run out is no error");
                return self.breach(Clause::Refusal, detail);
            }
        };
        let objective = self.feasible(limit, &solution)?;
        let (got, want) = (attempt.steps, at.min(steps));
        // Time may be up before the first step as well as at its end.
        if got != want && !(limit == Limit::NoTime && got < want) {
            let detail = format!("under {limit:?} it takes {got} steps, not {want}");
            return self.breach(Clause::Tick, detail);
        }
        self.said_why(limit, at, stop, &solution, full, steps)?;
        let before = self.judged.objective(&full.assignment).unwrap_or(f64::NEG_INFINITY);
        if at >= steps.max(1) && got == steps && objective < before - self.truth().slack(before) {
            let detail = format!(
                "under {limit:?}, with all of its {steps} steps taken, it returns {objective:e}, \
                 not {before:e}"
            );
            return self.breach(Clause::Progress, detail);
        }
        if matches!(limit, Limit::Steps(0..=2)) && !self.ask.brief {
            self.threads(limit, &solution)?;
        }
        Ok(())
    }

    fn said_why(
        &self,
        limit: Limit,
        at: u64,
        stop: Stop,
        solution: &Solution,
        full: &Solution,
        steps: u64,
    ) -> Checked {
        let reported = solution.stop;
        // Without steps, limits may be looked at all the same. Told to stop at its last step, a
        // run may also have finished; before its first, only if it has none.
        let single_pass = steps == 0 && matches!(limit, Limit::Steps(0) | Limit::NoTime);
        let right = if at < steps || single_pass && reported != full.stop {
            reported == stop
        } else {
            reported == full.stop || at == steps && reported == stop
        };
        if !right {
            let detail = format!("under {limit:?} it says {reported:?}; in full, {steps} steps");
            return self.breach(Clause::Stop, detail);
        }
        if at > steps && reported == full.stop && !same(solution, full) {
            let detail = format!("under {limit:?}, which ends nothing, another solution");
            return self.breach(Clause::Deterministic, detail);
        }
        Ok(())
    }

    /// The observer saw numbers that hold, each no worse than the last, and the last of them comes
    /// back.
    fn told_the_truth(&self, attempt: &Attempt) -> Checked {
        let mut best = Best::default();
        for (step, seen) in (1..).zip(&attempt.seen) {
            let objective = seen.objective.unwrap_or(f64::NEG_INFINITY);
            let slack = self.truth().slack(objective);
            let worse = |now: Option<f64>, before: Option<f64>, sign: f64| match (now, before) {
                (Some(now), Some(before)) => sign * (now - before) < -slack || now.is_nan(),
                (Some(now), None) => now.is_nan(),
                (None, before) => before.is_some(),
            };
            if self.truth().excludes_report(objective, seen.bound)
                || worse(seen.objective, best.objective, 1.0)
                || worse(seen.bound, best.bound, -1.0)
            {
                let detail = format!("at step {step} it reports {seen:?} after {best:?}");
                return self.breach(Clause::Progress, detail);
            }
            best = *seen;
        }
        let Ok(solution) = &attempt.outcome else { return Ok(()) };
        let objective = self.judged.objective(&solution.assignment);
        if let (Ok(objective), Some(promised)) = (objective, best.objective)
            && objective < promised - self.truth().slack(promised)
        {
            let detail = format!("it reported {promised:e} and returned {objective:e}");
            return self.breach(Clause::Progress, detail);
        }
        Ok(())
    }

    fn warm(&self, full: &Solution) -> Checked {
        let experts = self.given.nodes();
        let drawn = drawn_prices(self.given, full, self.ask.seed);
        let refusable =
            [vec![], vec![0.0; experts + 1], vec![f64::NAN; experts], vec![f64::INFINITY; experts]];
        let mut usable = vec![
            vec![0.0; experts],
            vec![-1.0; experts],
            (0..experts).map(|e| e as f64 * 0.125).collect(),
            vec![1e30; experts],
        ];
        usable.extend(full.prices.clone());
        if self.ask.brief {
            usable.truncate(0);
        }
        usable.extend(drawn);
        let refusable = refusable.iter().map(|prices| (prices, true));
        let refusable = refusable.skip(if self.ask.brief { 4 } else { 0 });
        for (prices, may_refuse) in refusable.chain(usable.iter().map(|prices| (prices, false))) {
            let attempt = self.attempt(Limit::Watched, Some(prices))?;
            self.told_the_truth(&attempt)?;
            match attempt.outcome {
                Ok(solution) => self.full(Limit::None, &solution).map_err(|mut breach| {
                    breach.detail = format!("from warm prices {prices:?}: {}", breach.detail);
                    breach
                })?,
                Err(Error::Prices { .. }) if may_refuse => {}
                Err(error) => {
                    let detail = format!("warm prices {prices:?} are not taken: {error}");
                    return self.breach(Clause::WarmPrices, detail);
                }
            }
            if self.ask.brief {
                break;
            }
        }
        Ok(())
    }
}

/// Prices to start from as nobody would write them down: of the scores' size, of any size, and
/// those of `full` with all their last digits changed.
fn drawn_prices(instance: &Instance, full: &Solution, seed: u64) -> Vec<Vec<f64>> {
    let mut draws = Draws::new(seed ^ 0x7761_726d);
    let finite = instance.flat().iter().filter(|s| s.is_finite());
    let largest = f64::from(finite.fold(0f32, |largest, s| largest.max(s.abs())));
    let experts = 0..instance.nodes();
    let alike = experts.clone().map(|_| largest * draws.uniform()).collect();
    let sizes = experts.clone().map(|_| largest * libm::exp(8.0 * draws.normal()) * draws.normal());
    let sizes = sizes.collect();
    let mut drawn = vec![alike, sizes];
    if let Some(prices) = &full.prices {
        let near = |p: &f64| p * (1.0 + 1e-7 * draws.normal()) + 1e-9 * largest * draws.uniform();
        drawn.push(prices.iter().map(near).collect());
    }
    drawn
}
