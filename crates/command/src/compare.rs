//! `spinroute compare`.

use std::io::Write;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use spinroute::Solver;
use spinroute::lab::text::number;
use spinroute::lab::{self, COLUMNS, Comparison, Plan, Record, Settings};
use spinroute::registry::{self, SOLVERS, SolverEntry};

use super::args::CompareArgs;
use super::exit::Failure;
use super::{problem, report};

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    input: &'static str,
    #[serde(flatten)]
    comparison: Comparison,
}

pub(crate) fn run(args: &CompareArgs) -> Result<(), Failure> {
    let given = problem::has_input(&args.input);
    let (scores, top_k) = if given {
        (problem::scores(&args.input)?, None)
    } else {
        (problem::sample(&args.input)?, Some(problem::SAMPLE_TOP_K))
    };
    let instance = problem::instance(scores, &args.input, &args.problem, top_k)?;
    let mut solvers: Vec<(&'static str, Box<dyn Solver>)> = Vec::new();
    for entry in chosen(args)? {
        solvers.push((entry.name, entry.build(&entry.defaults())?));
    }
    let settings =
        Settings { seed: args.run.seed, budget: args.run.budget(), ..Settings::default() };
    let skip_unsupported = args.solvers.is_none();
    let plan = Plan { settings, repeat: args.repeat, skip_unsupported };
    let bar = progress(solvers.len().saturating_mul(args.repeat.get()) as u64);
    let comparison = lab::compare(&instance, solvers, plan, &mut |next| {
        bar.set_position(next.done);
        bar.set_message(format!("round {} {}", next.round + 1, next.solver));
    });
    bar.finish_and_clear();
    let comparison =
        comparison.map_err(|failed| Failure::of_solver(failed.solver, failed.error, &instance))?;
    let report = Report { input: if given { "given" } else { problem::SAMPLE_NAME }, comparison };
    let text =
        if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.for_people() };
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

/// A bar on standard error, if that is a terminal.
fn progress(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

impl Report {
    fn for_people(&self) -> String {
        let Self { input, comparison } = self;
        let Comparison { sizes, solvers, skipped, .. } = comparison;
        let mut lines = Vec::new();
        if *input != "given" {
            lines.push((*input).to_owned());
        }
        let threads = report::threads(comparison.threads);
        let problem = report::problem(sizes);
        lines.push(format!("{problem}; {threads}, median of {}", comparison.repeat));
        lines.extend(report::extras(sizes));
        if solvers.is_empty() {
            lines.push("no solver can handle this problem".into());
        } else {
            lines.push(table(solvers).to_string());
            let formula = "gap = (bound − objective) / |objective|";
            lines.push(format!("best proven bound {}; {formula}", number(comparison.bound, 6)));
        }
        if solvers.iter().any(|record| !record.feasible) {
            let plain = sizes.features.is_empty();
            let broken = if plain { "exceeds the capacities" } else { "breaks limits of loads" };
            lines.push(format!("* {broken}: no answer to this problem, and has no gap"));
        }
        for record in solvers {
            let groups = report::group_lines(&record.load, sizes);
            lines.extend(groups.map(|line| format!("{}: {line}", record.solver)));
        }
        let left_out = skipped.iter().map(|s| format!("left out: {} ({})", s.solver, s.reason));
        lines.extend(left_out);
        lines.join("\n") + "\n"
    }
}

fn table(records: &[Record]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(COLUMNS);
    for record in records {
        table.add_row(record.cells());
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
