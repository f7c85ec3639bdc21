//! `spinroute solve`.

use std::io::Write;

use serde::Serialize;
use spinroute::checkpoint::npy;
use spinroute::{Certificate, Evaluation, Instance, Stop, registry};

use super::args::SolveArgs;
use super::exit::Failure;
use super::measure::{Settings, Timed, Worth, milliseconds, timed, tokens_per_second};
use super::problem::{self, Sizes};
use super::report::{self, LoadReport};
use super::{interrupt, output};

/// The object that `--json` prints and `summary.json` holds.
#[derive(Debug, Serialize)]
struct Summary {
    solver: &'static str,
    #[serde(flatten)]
    sizes: Sizes,
    objective: f64,
    bound: f64,
    gap: Option<f64>,
    retained: f64,
    stop: Stop,
    wall_ms: f64,
    tokens_per_s: f64,
    seed: u64,
    threads: usize,
    load: LoadReport,
    feasible: bool,
}

pub(crate) fn run(args: &SolveArgs) -> Result<(), Failure> {
    let entry = registry::find(&args.solver)?;
    let solver = entry.build(&args.parameters.map()?)?;
    let instance = problem::instance(problem::scores(&args.input)?, &args.problem, None)?;
    let experts = instance.experts();
    let warm = args.warm.as_ref().map(|path| problem::prices(path, experts)).transpose()?;
    let run = Settings { seed: args.run.seed, budget: args.run.budget(), warm: warm.as_deref() };
    interrupt::listen();
    let mut observer = interrupt::observe;
    let answer = timed(&*solver, &instance, run, Some(&mut observer))
        .map_err(|error| Failure::of_solver(entry.name, error, &instance))?;
    let worth = Worth::of(&instance, &*solver, &answer.solution)?;
    let summary = summary(entry.name, args, &instance, &answer, &worth);
    if let Some(directory) = &args.out {
        let slots = answer.solution.assignment.slots();
        let shape = [instance.tokens(), instance.demand().k()];
        let files = [
            ("assignment.npy", npy::encode_u32(&shape, slots)),
            ("prices.npy", npy::encode_f64(worth.evaluation.certificate.prices())),
            ("summary.json", serde_json::to_vec_pretty(&summary)?),
        ];
        output::write_all(directory, &files)?;
    }
    let text = if args.json {
        serde_json::to_string_pretty(&summary)? + "\n"
    } else {
        for_people(&summary, &instance, &answer, &worth, args)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn summary(
    solver: &'static str,
    args: &SolveArgs,
    instance: &Instance,
    answer: &Timed,
    worth: &Worth,
) -> Summary {
    let Evaluation { objective, ref certificate, gap, retained, ref load } = worth.evaluation;
    Summary {
        solver,
        sizes: Sizes::of(instance),
        objective,
        bound: certificate.bound(),
        gap: worth.feasible.then_some(gap),
        retained,
        stop: answer.solution.stop,
        wall_ms: milliseconds(answer.wall),
        tokens_per_s: tokens_per_second(instance.tokens(), answer.wall),
        seed: args.run.seed,
        threads: rayon::current_num_threads(),
        load: LoadReport::from(load),
        feasible: worth.feasible,
    }
}

fn for_people(
    summary: &Summary,
    instance: &Instance,
    answer: &Timed,
    worth: &Worth,
    args: &SolveArgs,
) -> String {
    let mut rows = vec![
        ("problem", report::problem(&summary.sizes)),
        ("solver", format!("{} ({})", summary.solver, summary.stop)),
        ("objective", report::number(summary.objective, 6)),
        ("bound", bound(&worth.evaluation.certificate, answer.solution.prices.is_some())),
        ("gap", gap(summary)),
        ("retained", report::retained(summary.retained)),
        ("time", {
            let rate = report::rate(summary.tokens_per_s);
            let threads = report::threads(summary.threads);
            format!("{}, {rate} tokens/s, {threads}", report::time(answer.wall))
        }),
    ];
    rows.extend(report::load_lines(&worth.evaluation.load, instance.experts()));
    if let Some(directory) = &args.out {
        rows.push(("written", format!("{}", directory.display())));
    }
    report::lines(&rows)
}

fn bound(certificate: &Certificate, prices: bool) -> String {
    let by = if prices { "the solver's prices" } else { "zero prices: it gives none" };
    format!("{}, proven by {by}", report::number(certificate.bound(), 6))
}

fn gap(summary: &Summary) -> String {
    match summary.gap {
        Some(gap) => report::gap(gap),
        None => "none: the capacities are exceeded".into(),
    }
}
