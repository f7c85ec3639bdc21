//! All clauses on one instance.

use rayon::ThreadPool;
use spinroute_core::{Best, Certificate, Error, Instance, Solution, Solver, Stop};

use crate::attempt::{Attempt, Limit, attempt, same};
use crate::conformance::Level;
use crate::truth::{Truth, rounding};
use crate::{Breach, Clause, property};

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
    pub(crate) level: Level,
    pub(crate) seed: u64,
    pub(crate) pools: &'a [ThreadPool],
}

type Checked<T = ()> = Result<T, Box<Breach>>;

impl Trial<'_> {
    pub(crate) fn check(&self, instance: &Instance) -> Checked<Verdict> {
        let respects = self.solver.respects_capacity();
        let judged = if respects { instance.clone() } else { instance.uncapped() };
        let truth = Truth::of(&judged);
        Case { trial: self, given: instance, judged, truth }.check()
    }
}

/// One instance: what the solver is given, what its answer is judged on, and the truth about it.
struct Case<'a> {
    trial: &'a Trial<'a>,
    given: &'a Instance,
    judged: Instance,
    truth: Truth,
}

impl Case<'_> {
    fn check(&self) -> Checked<Verdict> {
        let first = self.attempt(Limit::None, None)?;
        let full = match &first.outcome {
            Ok(solution) => solution,
            Err(Error::Unsupported(_)) => return Ok(Verdict::Unsupported),
            Err(error) => return self.refused(error),
        };
        self.full(Limit::None, full)?;
        if !matches!(full.stop, Stop::Finished | Stop::TargetGap) {
            let detail = format!("a run without limits says it stopped by {:?}", full.stop);
            return self.breach(Clause::Stop, detail);
        }
        self.deterministic(full)?;
        self.limits(full, first.steps)?;
        self.warm(full)?;
        if self.trial.level >= Level::Optimal {
            property::permutation(self.trial.solver, self.given, self.trial.seed)?;
        }
        Ok(Verdict::Solved)
    }

    fn attempt(&self, limit: Limit, warm: Option<&[f64]>) -> Checked<Attempt> {
        attempt(self.trial.solver, self.given, self.trial.seed, limit, warm)
    }

    fn breach<T>(&self, clause: Clause, detail: impl Into<String>) -> Checked<T> {
        Err(Breach::new(clause, self.given, detail))
    }

    /// An error is right on an infeasible instance only, and then under every limit.
    fn refused(&self, error: &Error) -> Checked<Verdict> {
        self.error(Limit::None, error)?;
        for limit in [Limit::Steps(1), Limit::NoTime, Limit::Break(1)] {
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
            Error::Infeasible { .. } | Error::Unsupported(_) if self.truth.is_infeasible() => {
                Ok(())
            }
            _ => {
                let detail = format!("under {limit:?} it fails: {error}");
                self.breach(Clause::Refusal, detail)
            }
        }
    }

    /// Checks the constraints and the prices; returns the objective and the bound.
    fn feasible(&self, limit: Limit, solution: &Solution) -> Checked<(f64, Option<f64>)> {
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
        if self.truth.excludes(objective, bound) {
            let truth = &self.truth;
            let detail = format!(
                "under {limit:?}, objective {objective:e} ≤ {truth} ≤ bound {bound:?} does not hold"
            );
            return self.breach(Clause::Bound, detail);
        }
        Ok((objective, bound))
    }

    /// What a run that nothing stopped must return.
    fn full(&self, limit: Limit, solution: &Solution) -> Checked {
        let (objective, bound) = self.feasible(limit, solution)?;
        if self.trial.level >= Level::Optimal && self.truth.misses(objective) {
            let detail = format!("objective {objective:e}, optimum {}", self.truth);
            return self.breach(Clause::Optimal, detail);
        }
        if self.trial.level >= Level::Exact {
            let Some(bound) = bound else {
                return self.breach(Clause::Proof, "an exact solver returns prices");
            };
            let slack = self.truth.slack(objective) + rounding(&self.judged);
            if bound - objective > slack {
                let detail =
                    format!("objective {objective:e}, but the prices prove {bound:e} only");
                return self.breach(Clause::Proof, detail);
            }
        }
        Ok(())
    }

    fn deterministic(&self, full: &Solution) -> Checked {
        for limit in [Limit::None, Limit::Watched] {
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
        for pool in self.trial.pools {
            let threads = pool.current_num_threads();
            let other = pool.install(|| self.attempt(limit, None))?;
            if !other.outcome.is_ok_and(|other| same(&other, solution)) {
                let detail = format!("under {limit:?}, {threads} threads give another solution");
                return self.breach(Clause::Threads, detail);
            }
        }
        Ok(())
    }

    /// Every way to end a run early, where the full one takes `steps`.
    fn limits(&self, full: &Solution, steps: u64) -> Checked {
        let mut at = vec![1, 2, 3, 4, steps / 2, steps.saturating_sub(1), steps, steps + 1];
        at.retain(|&at| at > 0 && at <= steps + 1);
        at.sort_unstable();
        at.dedup();
        for at in at {
            self.limited(Limit::Steps(at), at, Stop::StepLimit, full, steps)?;
            self.limited(Limit::Break(at), at, Stop::Interrupted, full, steps)?;
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
        self.feasible(limit, &solution)?;
        let (got, want) = (attempt.steps, at.min(steps));
        if got != want {
            let detail = format!("under {limit:?} it takes {got} steps, not {want}");
            return self.breach(Clause::Tick, detail);
        }
        // Told to stop at its last step, it may also have finished.
        let reported = solution.stop;
        if (at < steps && reported != stop)
            || (at == steps && reported != stop && reported != full.stop)
            || (at > steps && reported != full.stop)
        {
            let detail = format!("under {limit:?} it says {reported:?}; in full, {steps} steps");
            return self.breach(Clause::Stop, detail);
        }
        if at > steps && !same(&solution, full) {
            let detail = format!("under {limit:?}, which ends nothing, another solution");
            return self.breach(Clause::Deterministic, detail);
        }
        if matches!(limit, Limit::Steps(1 | 2)) { self.threads(limit, &solution) } else { Ok(()) }
    }

    /// The observer saw numbers that hold, each no worse than the last, and the last of them comes
    /// back.
    fn told_the_truth(&self, attempt: &Attempt) -> Checked {
        let mut best = Best::default();
        for (step, seen) in (1..).zip(&attempt.seen) {
            let objective = seen.objective.unwrap_or(f64::NEG_INFINITY);
            let slack = self.truth.slack(objective);
            let worse = |now: Option<f64>, before: Option<f64>, sign: f64| match (now, before) {
                (Some(now), Some(before)) => sign * (now - before) < -slack || now.is_nan(),
                (Some(now), None) => now.is_nan(),
                (None, before) => before.is_some(),
            };
            if self.truth.excludes(objective, seen.bound)
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
            && objective < promised - self.truth.slack(promised)
        {
            let detail = format!("it reported {promised:e} and returned {objective:e}");
            return self.breach(Clause::Progress, detail);
        }
        Ok(())
    }

    fn warm(&self, full: &Solution) -> Checked {
        let experts = self.given.experts();
        let refusable =
            [vec![], vec![0.0; experts + 1], vec![f64::NAN; experts], vec![f64::INFINITY; experts]];
        let mut usable = vec![
            vec![0.0; experts],
            vec![-1.0; experts],
            (0..experts).map(|e| e as f64 * 0.125).collect(),
            vec![1e30; experts],
        ];
        usable.extend(full.prices.clone());
        let refusable = refusable.iter().map(|prices| (prices, true));
        for (prices, may_refuse) in refusable.chain(usable.iter().map(|prices| (prices, false))) {
            match self.attempt(Limit::None, Some(prices))?.outcome {
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
        }
        Ok(())
    }
}
