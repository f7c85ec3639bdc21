//! `spinroute compare`.

use std::io::Write;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use spinroute::registry::{self, SOLVERS, SolverEntry};
use spinroute::{Certificate, Error, Evaluation, Instance, Solver, Stop};

use super::args::CompareArgs;
use super::exit::Failure;
use super::measure::{Settings, Timed, Worth, milliseconds, timed, tokens_per_second};
use super::problem::{self, Sizes};
use super::report::{self, LoadReport};

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
struct Comparison {
    input: &'static str,
    #[serde(flatten)]
    sizes: Sizes,
    /// The smallest bound that any solver proved.
    bound: f64,
    seed: u64,
    threads: usize,
    repeat: usize,
    /// Feasible answers first, each group by objective, best first.
    solvers: Vec<Line>,
    skipped: Vec<Skipped>,
}

#[derive(Debug, Serialize)]
struct Line {
    solver: &'static str,
    feasible: bool,
    objective: f64,
    /// The bound that this solver's own prices prove.
    bound: f64,
    /// Against the best bound of all; null if infeasible.
    gap: Option<f64>,
    retained: f64,
    stop: Stop,
    wall_ms: f64,
    tokens_per_s: f64,
    load: LoadReport,
    #[serde(skip)]
    wall: Duration,
    #[serde(skip)]
    evaluation: Evaluation,
}

#[derive(Debug, Serialize)]
struct Skipped {
    solver: &'static str,
    reason: String,
}

pub(crate) fn run(args: &CompareArgs) -> Result<(), Failure> {
    let given = problem::has_input(&args.input);
    let (scores, top_k) = if given {
        (problem::scores(&args.input)?, None)
    } else {
        (problem::sample(&args.input)?, Some(problem::SAMPLE_TOP_K))
    };
    let instance = problem::instance(scores, &args.problem, top_k)?;
    let (lines, skipped) = measure_all(&instance, chosen(args)?, args)?;
    let certificates = lines.iter().map(|line| &line.evaluation.certificate);
    let best = certificates.min_by(|a, b| a.bound().total_cmp(&b.bound())).cloned();
    let comparison = Comparison {
        input: if given { "given" } else { problem::SAMPLE_NAME },
        sizes: Sizes::of(&instance),
        bound: best.as_ref().map_or(f64::INFINITY, Certificate::bound),
        seed: args.run.seed,
        threads: rayon::current_num_threads(),
        repeat: args.repeat.get(),
        solvers: ranked(lines, best.as_ref()),
        skipped,
    };
    let text = if args.json {
        serde_json::to_string_pretty(&comparison)? + "\n"
    } else {
        for_people(&comparison)
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The solvers to run: those named, or all.
fn chosen(args: &CompareArgs) -> Result<Vec<&'static SolverEntry>, Failure> {
    match &args.solvers {
        None => Ok(SOLVERS.iter().collect()),
        Some(names) => {
            Ok(names.iter().map(|name| registry::find(name.trim())).collect::<Result<_, _>>()?)
        }
    }
}

/// Runs every solver `repeat` times, in rounds, so that a disturbance hits all alike. Where none are
/// named, those that cannot handle the instance are left out; one that is wrong never is.
fn measure_all<'e>(
    instance: &Instance,
    entries: Vec<&'e SolverEntry>,
    args: &CompareArgs,
) -> Result<(Vec<Line>, Vec<Skipped>), Failure> {
    let settings = Settings { seed: args.run.seed, budget: args.run.budget(), warm: None };
    let mut solvers: Vec<(&'e SolverEntry, Box<dyn Solver>, Vec<Timed>)> = Vec::new();
    for entry in entries {
        solvers.push((entry, entry.build(&entry.defaults())?, Vec::new()));
    }
    let mut skipped = Vec::new();
    let bar = progress(solvers.len().saturating_mul(args.repeat.get()) as u64);
    for round in 0..args.repeat.get() {
        let mut fit = Vec::new();
        for (entry, solver, mut runs) in solvers {
            bar.set_message(format!("round {} {}", round + 1, entry.name));
            match timed(&*solver, instance, settings, None) {
                Ok(run) => {
                    runs.push(run);
                    fit.push((entry, solver, runs));
                }
                Err(Error::Unsupported(reason)) if args.solvers.is_none() => {
                    skipped.push(Skipped { solver: entry.name, reason });
                }
                Err(error) => {
                    bar.finish_and_clear();
                    return Err(Failure::of_solver(entry.name, error, instance));
                }
            }
            bar.inc(1);
        }
        solvers = fit;
    }
    bar.finish_and_clear();
    let lines =
        solvers.into_iter().map(|(entry, solver, runs)| line(instance, entry, &*solver, runs));
    Ok((lines.collect::<Result<_, _>>()?, skipped))
}

fn line(
    instance: &Instance,
    entry: &SolverEntry,
    solver: &dyn Solver,
    mut runs: Vec<Timed>,
) -> Result<Line, Failure> {
    runs.sort_by_key(|run| run.wall);
    let middle = runs.len() / 2;
    let median = if runs.len() % 2 == 1 {
        runs[middle].wall
    } else {
        (runs[middle - 1].wall + runs[middle].wall) / 2
    };
    // Without a time limit all runs give the same answer; with one, that of the median run counts.
    let solution = &runs[middle].solution;
    let Worth { evaluation, feasible } = Worth::of(instance, solver, solution)?;
    Ok(Line {
        solver: entry.name,
        feasible,
        objective: evaluation.objective,
        bound: evaluation.certificate.bound(),
        gap: None,
        retained: evaluation.retained,
        stop: solution.stop,
        wall_ms: milliseconds(median),
        tokens_per_s: tokens_per_second(instance.tokens(), median),
        load: LoadReport::from(&evaluation.load),
        wall: median,
        evaluation,
    })
}

/// Feasible first, then by objective; gaps against the best certificate.
fn ranked(mut lines: Vec<Line>, best: Option<&Certificate>) -> Vec<Line> {
    for line in lines.iter_mut().filter(|line| line.feasible) {
        line.gap = best.map(|best| best.gap(line.objective));
    }
    lines.sort_by(|a, b| b.feasible.cmp(&a.feasible).then(b.objective.total_cmp(&a.objective)));
    lines
}

/// A bar on standard error, if that is a terminal.
fn progress(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn for_people(comparison: &Comparison) -> String {
    let Comparison { input, sizes, solvers, skipped, .. } = comparison;
    let mut lines = Vec::new();
    if *input != "given" {
        lines.push((*input).to_owned());
    }
    let threads = report::threads(comparison.threads);
    let problem = report::problem(sizes);
    lines.push(format!("{problem}; {threads}, median of {}", comparison.repeat));
    lines.push(table(solvers).to_string());
    let formula = "gap = (bound − objective) / |objective|";
    lines.push(format!("best proven bound {}; {formula}", report::number(comparison.bound, 6)));
    if solvers.iter().any(|line| !line.feasible) {
        lines.push("* exceeds the capacities: no answer to this problem, and has no gap".into());
    }
    let left_out = skipped.iter().map(|s| format!("left out: {} ({})", s.solver, s.reason));
    lines.extend(left_out);
    lines.join("\n") + "\n"
}

fn table(lines: &[Line]) -> Table {
    let header = [
        "solver",
        "objective",
        "gap ≤",
        "retained",
        "max load",
        "CV",
        "MaxVio",
        "idle",
        "over",
        "empty",
        "time",
        "tokens/s",
    ];
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(header);
    for line in lines {
        let load = &line.evaluation.load;
        table.add_row([
            format!("{}{}", line.solver, if line.feasible { "" } else { " *" }),
            report::number(line.objective, 3),
            line.gap.map_or("–".into(), report::percent),
            report::share(line.retained),
            report::grouped(u64::from(load.max)),
            format!("{:.3}", load.cv),
            format!("{:.3}", load.max_vio),
            load.dead.to_string(),
            report::grouped(load.overflow),
            report::grouped(load.dropped),
            report::time(line.wall),
            report::rate(line.tokens_per_s),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use spinroute::registry::{Facts, defaults};
    use spinroute::{Demand, Run, Solution, Violation, transport::TopK};

    use super::*;
    use crate::args::{Cli, Command};

    /// Fails in the way that it is built for.
    struct Failing(Error);

    impl Solver for Failing {
        fn solve(&self, _: &Instance, _: &mut Run<'_>) -> Result<Solution, Error> {
            Err(self.0.clone())
        }
    }

    const fn entry(name: &'static str, builder: registry::Build<dyn Solver>) -> SolverEntry {
        SolverEntry {
            name,
            summary: "",
            exact: false,
            facts: Facts { prices: false, capacity: true },
            reference: "",
            params: &[],
            default_params: defaults::<TopK>,
            builder,
        }
    }

    const REFUSES: SolverEntry =
        entry("refuses", |_| Ok(Box::new(Failing(Error::Unsupported("too large".into())))));
    const DEFECT: SolverEntry =
        entry("defect", |_| Ok(Box::new(Failing(Error::Defect("ended nowhere".into())))));
    const VIOLATES: SolverEntry = entry("violates", |_| {
        Ok(Box::new(Failing(Violation::Repeated { token: 0, expert: 1 }.into())))
    });

    #[test]
    fn a_refusal_is_left_out_but_a_defect_never_is() {
        let scores = ndarray::array![[0.5f32, 0.25], [0.5, 0.25]];
        let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
        let cli = Cli::try_parse_from(["spinroute", "compare", "--repeat", "1"]).unwrap();
        let Command::Compare(args) = cli.command else { panic!("compare") };
        let topk = registry::find("topk").unwrap();
        let (lines, skipped) = measure_all(&instance, vec![&REFUSES, topk], &args).unwrap();
        assert_eq!((lines.len(), skipped.len()), (1, 1));
        for (bad, why) in [(&DEFECT, "defect: ended nowhere"), (&VIOLATES, "violates: ")] {
            match measure_all(&instance, vec![topk, bad], &args) {
                Err(Failure::Internal(message)) => assert!(message.starts_with(why), "{message}"),
                other => panic!("{}: {}", bad.name, other.is_ok()),
            }
        }
    }
}
