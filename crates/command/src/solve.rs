//! `spinroute solve`.

use std::io::Write;

use serde::Serialize;
use spinroute::checkpoint::npy;
use spinroute::lab::{self, Assessment, Figures, Settings, Sizes, TimedSolution, assess, text};
use spinroute::{Certificate, Instance, Load, registry};

use super::args::SolveArgs;
use super::exit::Failure;
use super::{interrupt, layers, output, problem, report};

/// The object that `--json` prints and `summary.json` holds.
#[derive(Debug, Serialize)]
struct Summary {
    solver: &'static str,
    #[serde(flatten)]
    sizes: Sizes,
    #[serde(flatten)]
    figures: Figures,
    seed: u64,
    threads: usize,
    load: Load,
    feasible: bool,
}

pub(crate) fn run(args: &SolveArgs) -> Result<(), Failure> {
    if args.all_layers {
        return layers::run(args);
    }
    let entry = registry::find(&args.solver)?;
    let solver = entry.build(&args.parameters.map()?)?;
    let scores = problem::scores(&args.input)?;
    let instance = problem::instance(scores, &args.input, &args.problem, None)?;
    let warm = args.warm.as_deref().map(|path| problem::prices(path, None, &instance));
    let warm = warm.transpose()?;
    let settings =
        Settings { seed: args.run.seed, budget: args.run.budget(), warm_prices: warm.as_deref() };
    interrupt::listen();
    let mut observer = interrupt::observe;
    let answer = lab::solve(&*solver, &instance, settings, Some(&mut observer))
        .map_err(|error| Failure::of_solver(entry.name, error, &instance))?;
    let assessment = assess(&instance, &*solver, &answer.solution)?;
    let summary = summary(entry.name, args, &instance, &answer, &assessment);
    if let Some(directory) = &args.out {
        let slots = answer.solution.assignment.slots();
        let shape = [instance.tokens(), instance.demand().k()];
        let certificate = &assessment.evaluation.certificate;
        let mut files = vec![
            ("assignment.npy", npy::encode_u32(&shape, slots)),
            ("prices.npy", npy::encode_f64(certificate.prices())),
            ("summary.json", serde_json::to_vec_pretty(&summary)?),
        ];
        if instance.groups().is_some() {
            files.push((problem::GROUP_PRICES, npy::encode_f64(certificate.group_prices())));
        }
        output::write_all(directory, &files)?;
    }
    let text = if args.json {
        serde_json::to_string_pretty(&summary)? + "\n"
    } else {
        for_people(&summary, &answer, &assessment, args)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn summary(
    solver: &'static str,
    args: &SolveArgs,
    instance: &Instance,
    answer: &TimedSolution,
    assessment: &Assessment,
) -> Summary {
    Summary {
        solver,
        sizes: Sizes::of(instance),
        figures: Figures::new(instance, assessment, answer.solution.stop, answer.wall),
        seed: args.run.seed,
        threads: rayon::current_num_threads(),
        load: assessment.evaluation.load.clone(),
        feasible: assessment.feasible,
    }
}

fn for_people(
    summary: &Summary,
    answer: &TimedSolution,
    assessment: &Assessment,
    args: &SolveArgs,
) -> String {
    let Summary { sizes, figures, .. } = summary;
    let by_prices = answer.solution.prices.is_some();
    let mut rows = report::problem_lines(sizes);
    rows.extend([
        ("solver", format!("{} ({})", summary.solver, figures.stop)),
        ("objective", text::number(figures.objective, 6)),
        ("bound", bound(&assessment.evaluation.certificate, by_prices)),
        ("gap", figures.gap.map_or("none: the limits of loads are broken".into(), report::gap)),
        ("retained", report::retained(figures.retained)),
        ("time", {
            let rate = text::rate(figures.tokens_per_s);
            let threads = report::threads(summary.threads);
            format!("{}, {rate} tokens/s, {threads}", text::time(figures.wall))
        }),
    ]);
    rows.extend(report::load_lines(&summary.load, sizes));
    if let Some(directory) = &args.out {
        rows.push(("written", format!("{}", directory.display())));
    }
    report::lines(&rows)
}

fn bound(certificate: &Certificate, prices: bool) -> String {
    let by = if prices { "the solver's prices" } else { "zero prices: it gives none" };
    format!("{}, proven by {by}", text::number(certificate.bound(), 6))
}
