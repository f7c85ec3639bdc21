//! Every registered solver on every instance, with its defaults and with parameters that reach its
//! other ways.

use std::fmt;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use crate::book::Book;
use crate::digest::{Answer, Digest};
use crate::house::{
    Assignment, Budget, Certificate, Draws, Error, Instance, Load, Progress, Run, SOLVERS,
    Solution, evaluate, find_solver, repair,
};
use crate::problems::Problem;

/// How a solver is run.
#[derive(Clone, Copy, Default)]
struct Setup {
    /// What differs from the default parameters, as JSON.
    params: &'static str,
    seed: u64,
    /// A budget of steps.
    steps: Option<u64>,
    /// Whether it starts from prices.
    warm: bool,
    /// Whether somebody watches, and the step after which that one ends the run.
    watched: Option<u64>,
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = if self.params.is_empty() { "{}" } else { self.params };
        write!(f, "{params} seed={}", self.seed)?;
        if let Some(steps) = self.steps {
            write!(f, " steps={steps}")?;
        }
        if self.warm {
            write!(f, " warm")?;
        }
        match self.watched {
            Some(u64::MAX) => write!(f, " watched"),
            Some(last) => write!(f, " watched until={last}"),
            None => Ok(()),
        }
    }
}

const PLAIN: Setup = Setup { params: "", seed: 1, steps: None, warm: false, watched: None };
const WATCHED: Setup = Setup { seed: 2, warm: true, watched: Some(u64::MAX), ..PLAIN };

/// What a solver with steps is run with besides.
const STEPPED: [Setup; 3] = [
    Setup { watched: Some(3), ..PLAIN },
    Setup { steps: Some(0), ..PLAIN },
    Setup { steps: Some(2), watched: Some(u64::MAX), ..PLAIN },
];

/// The largest `T·E` for the simplex method: more would take seconds.
const LP_PAIRS: &str = r#"{"max_pairs":300}"#;

const fn with(params: &'static str) -> Setup {
    Setup { params, ..PLAIN }
}

fn setups(name: &str) -> Vec<Setup> {
    let own: &[Setup] = match name {
        "lp" => return vec![with(LP_PAIRS), Setup { params: LP_PAIRS, ..WATCHED }],
        "topk" | "greedy" => return vec![PLAIN, WATCHED],
        "capped-topk" => {
            let position = with(r#"{"drop":"position"}"#);
            return vec![PLAIN, WATCHED, with(r#"{"drop":"probs"}"#), position];
        }
        "flow" => &[
            with(r#"{"target_gap":0.01}"#),
            Setup { params: r#"{"target_gap":0.0001}"#, ..WATCHED },
        ],
        "quantile" => &[
            with(r#"{"rounds":0}"#),
            Setup { params: r#"{"rounds":1}"#, warm: true, ..PLAIN },
            with(r#"{"rounds":30}"#),
        ],
        "sb-full" => &[
            with(r#"{"dynamics":false,"looks":6}"#),
            with(r#"{"prices":"multipliers","looks":8}"#),
            with(r#"{"prices":"multipliers","dynamics":false,"looks":8,"rate":0.5}"#),
            with(r#"{"mode":"discrete","rounds":0,"looks":5,"moves":1,"period":3}"#),
            with(r#"{"row_weight":1.5,"column_weight":2.5,"looks":4,"rounds":2}"#),
            with(r#"{"looks":0}"#),
        ],
        "sb-close-call" => &[
            with(r#"{"rounds":2,"moves":0}"#),
            with(r#"{"calls":8,"balance":0.1,"agents":3,"steps":20,"repairs":3}"#),
            with(r#"{"calls":1000,"moves":3,"agents":1,"repairs":1}"#),
        ],
        "quantile-histogram" => &[
            with(r#"{"rounds":0}"#),
            Setup { params: r#"{"rounds":1}"#, warm: true, ..PLAIN },
            with(r#"{"bins":16,"window":0.25,"parts":3,"smoothing":0.5}"#),
        ],
        "expert-choice" => &[with(r#"{"rounds":4294967295}"#)],
        "base" => &[with(r#"{"rounds":3,"fallback":4}"#)],
        "sinkhorn-megatron" => &[with(r#"{"scores":"probabilities"}"#)],
        // A new solver is run as it comes.
        _ => &[],
    };
    // A whole search of the largest model is slow: once will do.
    let params = if name == "sb-full" { r#"{"looks":5}"# } else { "" };
    [&[PLAIN, Setup { params, ..WATCHED }], &STEPPED[..], own].concat()
}

/// Runs all on the instances that are asked for, and writes down what they answer.
pub(crate) fn record(problems: &[Problem], asked: impl Fn(&Problem) -> bool, book: &mut Book) {
    // What is drawn for an instance goes by its place among all.
    let numbered = || (0..).zip(problems).filter(|(_, problem)| asked(problem));
    for entry in SOLVERS {
        for setup in setups(entry.name) {
            let text = setup.to_string();
            for (number, problem) in numbered() {
                let answer = solved(entry.name, setup, &problem.instance, number);
                book.add(entry.name, &text, &problem.group, answer);
            }
        }
    }
    for (number, problem) in numbered() {
        let instance = &problem.instance;
        book.add("certificate", "-", &problem.group, certified(instance, number));
        book.add("repair", "-", &problem.group, repaired(instance, number, None));
        let prices = prices(instance, number);
        book.add("repair", "priced", &problem.group, repaired(instance, number, Some(&prices)));
    }
}

fn solved(name: &str, setup: Setup, instance: &Instance, number: u64) -> Answer {
    let entry = find_solver(name).expect("it is registered");
    let mut params = entry.defaults();
    if !setup.params.is_empty() {
        let own: Map<String, Value> = serde_json::from_str(setup.params).expect("JSON");
        params.extend(own);
    }
    let solver = entry.build(&params).expect("its parameters");
    let prices = prices(instance, number);
    let mut seen = Digest::default();
    let mut observe = |progress: &Progress| {
        seen = seen.whole(progress.step).maybe(progress.best.objective).maybe(progress.best.bound);
        let last = setup.watched.unwrap_or(u64::MAX);
        if progress.step >= last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut run = Run::new(setup.seed).budget(Budget { steps: setup.steps, time: None });
    if setup.warm {
        run = run.warm_prices(&prices);
    }
    if setup.watched.is_some() {
        run = run.observer(&mut observe);
    }
    let solution = solver.solve(instance, &mut run);
    let steps = run.steps();
    match solution {
        Ok(solution) => {
            let capped = solver.respects_capacity();
            let asked = if capped { instance.clone() } else { instance.uncapped() };
            answer(&asked, &solution, seen.whole(steps)).unwrap_or_else(|error| {
                panic!("{name} {setup} answers what breaks the rules: {error}")
            })
        }
        Err(error) => Answer::error(error),
    }
}

/// Prices of the size of scores, some of them 0: the same for an instance whoever asks.
fn prices(instance: &Instance, number: u64) -> Vec<f64> {
    let mut draws = Draws::new(number ^ 0xb1d_0000);
    let finite = instance.flat().iter().copied().filter(|score| score.is_finite());
    let largest = f64::from(finite.fold(0.0, f32::max));
    let price = |draws: &mut Draws| (draws.uniform() - 0.25).max(0.0) * largest;
    (0..instance.experts()).map(|_| price(&mut draws)).collect()
}

fn answer(instance: &Instance, solution: &Solution, seen: Digest) -> Result<Answer, Error> {
    let chosen = Digest::default().assignment(&solution.assignment).stop(solution.stop);
    let worth = evaluate(instance, solution)?;
    let figures = match &solution.prices {
        Some(prices) => seen.whole(1).reals(prices),
        None => seen.whole(0),
    };
    let figures = figures
        .reals(&[worth.objective, worth.gap, worth.retained, worth.certificate.bound()])
        .reals(worth.certificate.prices());
    Ok(Answer { chosen, figures: load(figures, &worth.load) })
}

fn load(digest: Digest, load: &Load) -> Digest {
    digest
        .wholes(load.per_expert.iter().copied())
        .reals(&[load.mean, load.cv, load.balance, load.max_vio, load.active])
        .wholes([u64::from(load.max), load.dead as u64, load.overflow, load.dropped])
}

/// The bounds of no prices, of drawn ones and of negative ones.
fn certified(instance: &Instance, number: u64) -> Answer {
    let drawn = prices(instance, number);
    let negative = drawn.iter().map(|price| price - 0.125).collect();
    let all = [vec![0.0; instance.experts()], drawn, negative];
    let bounds = all.map(|prices| Certificate::new(instance, prices).expect("finite").bound());
    Answer { figures: Digest::default().reals(&bounds), ..Answer::default() }
}

/// Drawn choices, some of no expert, some twice, made feasible.
fn repaired(instance: &Instance, number: u64, prices: Option<&[f64]>) -> Answer {
    let mut draws = Draws::new(number ^ 0x4e_0000);
    let k = instance.demand().k();
    let slots = (0..instance.tokens() * k).map(|_| match draws.below(8) {
        0 => Assignment::EMPTY,
        // Everybody likes the first few.
        1 | 2 => draws.below(instance.experts().div_ceil(8)) as u32,
        _ => draws.below(instance.experts() + 1) as u32,
    });
    let choices = Assignment::from_slots(k, slots.collect());
    match repair(instance, choices, prices) {
        Ok(assignment) => {
            let objective = instance.objective(&assignment).expect("it is feasible");
            let chosen = Digest::default().assignment(&assignment);
            Answer { chosen, figures: Digest::default().real(objective) }
        }
        Err(error) => Answer::error(error),
    }
}
