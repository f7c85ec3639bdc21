//! What is wrong with the answers to one instance.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use spinroute::registry::{self, SOLVERS};
use spinroute::{Certificate, Error, Instance, Run, Solution, Solver, Stop};
use spinroute_testkit::{generate::Draws, property, reference::optimum};

/// A solver, and how many instances it gets.
pub(crate) struct Contestant {
    name: &'static str,
    solver: Box<dyn Solver>,
    exact: bool,
    prices: bool,
    /// It gets one instance of that many.
    one_of: u64,
}

/// How a solver did.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) solved: u64,
    pub(crate) infeasible: u64,
    pub(crate) refused: u64,
    pub(crate) wrong: u64,
    pub(crate) time: Duration,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.solved += other.solved;
        self.infeasible += other.infeasible;
        self.refused += other.refused;
        self.wrong += other.wrong;
        self.time += other.time;
    }
}

/// A solver's fault.
pub(crate) struct Fault {
    solver: &'static str,
    kind: Kind,
    detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Panic,
    Error,
    Infeasible,
    Unproven,
    Beaten,
    BoundTooLow,
}

impl Fault {
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.solver == other.solver && self.kind == other.kind
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:?}: {}", self.solver, self.kind, self.detail)
    }
}

/// What flow says of an instance, for the dump.
pub(crate) type Answer = Result<Solution, Error>;

/// The solvers of those names, or all.
pub(crate) fn contestants(names: &[String]) -> Result<Vec<Contestant>, registry::Error> {
    let all = || SOLVERS.iter().map(|entry| (entry, share(entry.name)));
    let chosen = names.iter().map(|name| Ok((registry::find(name)?, 1)));
    let entries: Vec<_> =
        if names.is_empty() { all().collect() } else { chosen.collect::<Result<_, _>>()? };
    let contestant = |(entry, one_of): (&registry::SolverEntry, u64)| {
        let mut params = entry.defaults();
        if params.contains_key("max_pairs") {
            params.insert("max_pairs".into(), 200.into());
        }
        let (solver, prices) = (entry.build(&params)?, entry.facts.prices);
        Ok(Contestant { name: entry.name, solver, exact: entry.exact, prices, one_of })
    };
    entries.into_iter().map(contestant).collect()
}

/// Slow solvers get a share, so that no second goes by without thousands of instances.
fn share(name: &str) -> u64 {
    match name {
        "lp" => 8,
        name if name.starts_with("sb-") => 64,
        _ => 1,
    }
}

/// An answer that keeps all constraints.
struct Answered<'a> {
    contestant: &'a Contestant,
    solution: Solution,
    objective: f64,
}

/// Lets all contestants solve `instance`; `flow` is what that one answers, if it is asked.
pub(crate) fn judge(
    contestants: &[Contestant],
    instance: &Instance,
    seed: u64,
    reference: usize,
    tallies: &mut BTreeMap<String, Tally>,
    flow: &mut Option<Answer>,
) -> Result<(), Fault> {
    let mut answers = Vec::new();
    for contestant in contestants.iter().filter(|it| seed.is_multiple_of(it.one_of)) {
        let tally = tallies.entry(contestant.name.to_owned()).or_default();
        let start = Instant::now();
        let outcome = solve(contestant, instance, seed);
        tally.time += start.elapsed();
        let answer = outcome.and_then(|outcome| {
            if contestant.name == "flow" {
                *flow = Some(outcome.clone());
            }
            accepted(contestant, instance, outcome, tally)
        });
        match answer {
            Ok(answer) => answers.extend(answer),
            Err(fault) => {
                tally.wrong += 1;
                return Err(fault);
            }
        }
    }
    compare(instance, &answers, reference).inspect_err(|fault| {
        tallies.entry(fault.solver.to_owned()).or_default().wrong += 1;
    })
}

/// A run without limits, half of them from prices that nobody would choose.
fn solve(contestant: &Contestant, instance: &Instance, seed: u64) -> Result<Answer, Fault> {
    let mut draws = Draws::new(seed);
    let finite = instance.flat().iter().filter(|s| s.is_finite());
    let largest = f64::from(finite.fold(0f32, |largest, s| largest.max(s.abs())));
    let kind = draws.below(6);
    let price = |_| match kind {
        0 => largest * draws.uniform(),
        1 => largest * libm::exp(8.0 * draws.normal()) * draws.normal(),
        _ => 0.125 * draws.below(9) as f64,
    };
    let prices: Vec<f64> = (0..instance.nodes()).map(price).collect();
    let mut run = Run::new(seed);
    if contestant.prices && kind < 3 {
        run = run.warm_prices(&prices);
    }
    let call = AssertUnwindSafe(|| contestant.solver.solve(instance, &mut run));
    catch_unwind(call).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        fault(contestant, Kind::Panic, text.unwrap_or_default())
    })
}

fn fault(contestant: &Contestant, kind: Kind, detail: String) -> Fault {
    Fault { solver: contestant.name, kind, detail }
}

/// The answer, if it is one; an error that may be one is counted.
fn accepted<'a>(
    contestant: &'a Contestant,
    instance: &Instance,
    outcome: Answer,
    tally: &mut Tally,
) -> Result<Option<Answered<'a>>, Fault> {
    let judged =
        if contestant.solver.respects_capacity() { instance } else { &instance.uncapped() };
    let solution = match outcome {
        Ok(solution) => solution,
        Err(Error::Deficient(proof)) if proof.proves(judged) => {
            tally.infeasible += 1;
            return Ok(None);
        }
        Err(Error::Unsupported(text))
            if (!contestant.exact || !contestant.prices) && !text.contains("report") =>
        {
            tally.refused += 1;
            return Ok(None);
        }
        Err(error) => return Err(fault(contestant, Kind::Error, error.to_string())),
    };
    let objective = judged.objective(&solution.assignment);
    let objective =
        objective.map_err(|why| fault(contestant, Kind::Infeasible, why.to_string()))?;
    if contestant.exact && contestant.prices {
        if solution.stop != Stop::Finished {
            let detail = format!("it stopped by {:?}", solution.stop);
            return Err(fault(contestant, Kind::Unproven, detail));
        }
        property::proven(judged, &solution)
            .map_err(|breach| fault(contestant, Kind::Unproven, breach.detail))?;
    }
    tally.solved += 1;
    Ok(contestant.solver.respects_capacity().then_some(Answered {
        contestant,
        solution,
        objective,
    }))
}

/// Holds the answers against each other and, of small instances, the reference.
fn compare(instance: &Instance, answers: &[Answered<'_>], reference: usize) -> Result<(), Fault> {
    let mut best = answers.iter().map(|it| it.objective).fold(f64::NEG_INFINITY, f64::max);
    if instance.tokens() * instance.experts() <= reference
        && let Ok(optimum) = optimum(instance)
    {
        best = best.max(optimum.value);
    }
    for answer in answers {
        let scale = scale(instance, &answer.solution);
        let close = 1e-9 * best.abs() + 1e-12 * scale;
        if answer.contestant.exact && answer.objective < best - close {
            let detail = format!("objective {:e}, but {best:e} can be reached", answer.objective);
            return Err(fault(answer.contestant, Kind::Beaten, detail));
        }
        let prices = answer.solution.prices.clone();
        let bound = prices.map(|prices| Certificate::new(instance, prices)).transpose();
        let bound = bound.map_err(|why| fault(answer.contestant, Kind::Error, why.to_string()))?;
        // Both were rounded once, which keeps their order.
        if let Some(bound) = bound.map(|bound| bound.bound())
            && bound < best
        {
            let detail = format!("its prices bound {bound:e}, but {best:e} can be reached");
            return Err(fault(answer.contestant, Kind::BoundTooLow, detail));
        }
    }
    Ok(())
}

fn scale(instance: &Instance, solution: &Solution) -> f64 {
    let sizes = (0..instance.tokens()).flat_map(|t| {
        let experts = solution.assignment.experts(t).iter();
        experts.map(move |&e| instance.score(t, e as usize).abs())
    });
    sizes.sum()
}
