//! `spinroute qubo solve`.

use std::io::Write;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use spinroute::checkpoint::npy;
use spinroute::ising::formats::{Content, Format};
use spinroute::ising::presolve::presolve;
use spinroute::ising::{Samples, Vartype};
use spinroute::lab::text::{grouped, time};
use spinroute::lab::timing::milliseconds;
use spinroute::{Run, Stop, minimisers};

use super::{files, info};
use crate::args::MinimiseArgs;
use crate::exit::Failure;
use crate::report;
use crate::{interrupt, output};

/// The object that `--json` prints and `summary.json` holds.
#[derive(Debug, Serialize)]
struct Summary {
    file: String,
    variables: usize,
    couplings: u64,
    solver: &'static str,
    energy: f64,
    cut: Option<f64>,
    best_known: Option<i64>,
    stop: Stop,
    reads: usize,
    wall_ms: f64,
    seed: u64,
    threads: usize,
}

pub(crate) fn run(args: &MinimiseArgs) -> Result<(), Failure> {
    let entry = minimisers::find(&args.solver)?;
    let mut parameters = args.parameters.map()?;
    if let Some(reads) = args.reads {
        let is_agents = entry.params.iter().any(|param| param.name == "agents");
        let name = if is_agents { "agents" } else { "reads" };
        if parameters.insert(name.into(), Value::from(reads.get())).is_some() {
            let both = format!("--reads and --set {name}=… are both given; give one");
            return Err(Failure::Usage(both));
        }
    }
    let minimiser = entry.build(&parameters)?;
    let (format, problem) = files::open(&args.input)?;
    let content = problem.content;
    let model = files::ising(&args.input, &content)?;
    interrupt::listen();
    let mut observer = interrupt::observe;
    let mut run = Run::new(args.run.seed).budget(args.run.budget()).observer(&mut observer);
    let start = Instant::now();
    let failed = |error| Failure::of_minimiser(entry.name, error);
    let (samples, kernel) = if args.no_presolve {
        (minimiser.minimise(&model, &mut run).map_err(failed)?, None)
    } else {
        let small = presolve(&model).map_err(|error| Failure::of_minimiser("presolve", error))?;
        let samples = small.minimise(&model, &*minimiser, &mut run).map_err(failed)?;
        (samples, Some(small.kernel().variables()))
    };
    let wall = start.elapsed();
    let (state, energy, cut) = answer(&content, &samples)?;
    let summary = Summary {
        file: args.input.file.display().to_string(),
        variables: content.variables(),
        couplings: content.interactions(),
        solver: entry.name,
        energy,
        cut,
        best_known: info::known(&content).map(|known| known.best),
        stop: samples.stop,
        reads: samples.reads(),
        wall_ms: milliseconds(wall),
        seed: args.run.seed,
        threads: rayon::current_num_threads(),
    };
    if let Some(directory) = &args.out {
        let files = [
            ("solution.npy", npy::encode_i8(&state)),
            ("summary.json", serde_json::to_vec_pretty(&summary)?),
        ];
        output::write_all(directory, &files)?;
    }
    let text = if args.json {
        serde_json::to_string_pretty(&summary)? + "\n"
    } else {
        let found = Found { samples: &samples, kernel, wall };
        for_people(&summary, format, &content, &found, args)
    };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The best state in the file's own variables, its energy as the file's model has it, and its cut.
fn answer(content: &Content, samples: &Samples) -> Result<(Vec<i8>, f64, Option<f64>), Failure> {
    let nothing = || Failure::Internal("the solver returned no state".into());
    let spins = samples.state(samples.best().ok_or_else(nothing)?);
    let state: Vec<i8> = match content.vartype() {
        Vartype::Spin => spins.to_vec(),
        Vartype::Binary => spins.iter().map(|&spin| i8::from(spin > 0)).collect(),
    };
    let (energy, cut) = match content {
        Content::Graph(graph) => {
            let cut = graph.cut(&state).ok_or_else(nothing)?;
            (graph.total() - 2.0 * cut, Some(cut))
        }
        Content::Ising(model) => (model.energy(&state), None),
        Content::Qubo(model) => (model.energy(&state), None),
        _ => return Err(Failure::Internal("a content that has no energy".into())),
    };
    Ok((state, energy, cut))
}

/// What the run came to.
struct Found<'a> {
    samples: &'a Samples,
    /// Variables that presolve left; `None` without presolve.
    kernel: Option<usize>,
    wall: Duration,
}

fn for_people(
    summary: &Summary,
    format: Format,
    content: &Content,
    found: &Found<'_>,
    args: &MinimiseArgs,
) -> String {
    let &Found { samples, kernel, wall } = found;
    let reads = if summary.reads == 1 { "read" } else { "reads" };
    let mut rows = vec![("problem", info::title(format, content))];
    if let Some(kernel) = kernel.filter(|kernel| *kernel < summary.variables) {
        rows.push(("presolve", format!("{} variables are left", grouped(kernel as u64))));
    }
    rows.extend([
        ("solver", {
            let (solver, stop) = (summary.solver, samples.stop);
            format!("{solver} ({stop}), {} {reads}", grouped(summary.reads as u64))
        }),
        ("energy", summary.energy.to_string()),
    ]);
    if let Some(cut) = summary.cut {
        let best = summary.best_known.map_or(String::new(), |best| format!(", best known {best}"));
        rows.push(("cut", format!("{cut}{best}")));
    }
    rows.push(("time", format!("{}, {}", time(wall), report::threads(summary.threads))));
    if let Some(directory) = &args.out {
        rows.push(("written", directory.display().to_string()));
    }
    report::lines(&rows)
}
