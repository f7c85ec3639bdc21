//! `spinroute solve --all-layers`.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;
use spinroute::checkpoint::{File, npy, router_layers};
use spinroute::lab::{Assessment, Figures, Sizes, assess, markdown, text};
use spinroute::{Clock, Instance, Load, Solution, registry, solve_many};

use super::args::{InputArgs, SolveArgs};
use super::exit::Failure;
use super::{output, problem, report};

/// The object that `--json` prints and `summary.json` holds.
#[derive(Debug, Serialize)]
struct Summary {
    solver: &'static str,
    seed: u64,
    threads: usize,
    /// Of all layers together, in milliseconds.
    wall_ms: f64,
    tokens_per_s: f64,
    /// Layers that the router file holds and that of hidden states does not: left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_hidden_states: Vec<usize>,
    layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug, Serialize)]
struct Layer {
    #[serde(rename = "layer")]
    number: usize,
    #[serde(flatten)]
    sizes: Sizes,
    #[serde(flatten)]
    figures: Figures,
    load: Load,
    feasible: bool,
}

/// Routes every layer of a router file.
pub(crate) fn run(args: &SolveArgs) -> Result<(), Failure> {
    let entry = registry::find(&args.solver)?;
    let solver = entry.build(&args.parameters.map()?)?;
    let (Some(router), Some(hidden)) = (&args.input.router, &args.input.hidden) else {
        return Err(Failure::Usage("--all-layers is of --router and --hidden".into()));
    };
    let (layers, left_out) = router_layers(&File::open(router)?, &File::open(hidden)?)?;
    let mut instances = Vec::with_capacity(layers.len());
    for &layer in &layers {
        let input = InputArgs { layer: Some(layer), ..args.input.clone() };
        let at = |failure: Failure| failure.at(&format!("layer {layer}"));
        let scores = problem::scores(&input).map_err(at)?;
        instances.push(problem::instance(scores, &input, &args.problem, None).map_err(at)?);
    }
    let clock = Clock::start();
    let solved = solve_many(&*solver, &instances, args.run.seed, &args.run.budget());
    let wall = clock.elapsed();
    let share = wall / layers.len().max(1) as u32;
    let mut answers = Vec::with_capacity(layers.len());
    for ((&layer, instance), solution) in layers.iter().zip(&instances).zip(solved) {
        let solution = solution.map_err(|error| {
            Failure::of_solver(entry.name, error, instance).at(&format!("layer {layer}"))
        })?;
        let assessment = assess(instance, &*solver, &solution)?;
        answers.push(Answer { layer, instance, solution, assessment });
    }
    let tokens: usize = instances.iter().map(Instance::tokens).sum();
    let summary = Summary {
        solver: entry.name,
        seed: args.run.seed,
        threads: rayon::current_num_threads(),
        wall_ms: wall.as_secs_f64() * 1e3,
        tokens_per_s: tokens as f64 / wall.as_secs_f64().max(f64::MIN_POSITIVE),
        without_hidden_states: left_out,
        layers: answers.iter().map(|answer| answer.layer(share)).collect(),
    };
    if let Some(directory) = &args.out {
        let files: Vec<(String, Vec<u8>)> = answers.iter().flat_map(Answer::files).collect();
        let mut files: Vec<(&str, Vec<u8>)> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        files.push(("summary.json", serde_json::to_vec_pretty(&summary)?));
        output::write_all(directory, &files)?;
    }
    let text = if args.json {
        serde_json::to_string_pretty(&summary)? + "\n"
    } else {
        for_people(&summary, wall, args)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// A layer's answer, measured.
struct Answer<'a> {
    layer: usize,
    instance: &'a Instance,
    solution: Solution,
    assessment: Assessment,
}

impl Answer<'_> {
    fn layer(&self, wall: Duration) -> Layer {
        let Self { layer, instance, solution, assessment } = self;
        Layer {
            number: *layer,
            sizes: Sizes::of(instance),
            figures: Figures::new(instance, assessment, solution.stop, wall),
            load: assessment.evaluation.load.clone(),
            feasible: assessment.feasible,
        }
    }

    /// What is written of it.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let shape = [self.instance.tokens(), self.instance.demand().k()];
        let certificate = &self.assessment.evaluation.certificate;
        let name = |what: &str| format!("layer{}_{what}", self.layer);
        let slots = npy::encode_u32(&shape, self.solution.assignment.slots());
        let mut files = vec![
            (name("assignment.npy"), slots),
            (name("prices.npy"), npy::encode_f64(certificate.prices())),
        ];
        if self.instance.groups().is_some() {
            let prices = npy::encode_f64(certificate.group_prices());
            files.push((name(problem::GROUP_PRICES), prices));
        }
        files
    }
}

fn for_people(summary: &Summary, wall: Duration, args: &SolveArgs) -> String {
    let mut out = String::new();
    if let Some(first) = summary.layers.first() {
        out += &report::lines(&report::problem_lines(&first.sizes));
    }
    let rate = text::rate(summary.tokens_per_s);
    let threads = report::threads(summary.threads);
    out += &report::lines(&[
        ("solver", summary.solver.to_owned()),
        ("time", format!("{} for all layers, {rate} tokens/s, {threads}", text::time(wall))),
    ]);
    if !summary.without_hidden_states.is_empty() {
        let layers: Vec<String> =
            summary.without_hidden_states.iter().map(ToString::to_string).collect();
        let left = format!("layers {}: no hidden states", layers.join(", "));
        out += &report::lines(&[("left out", left)]);
    }
    if let Some(directory) = &args.out {
        out += &report::lines(&[("written", format!("{}", directory.display()))]);
    }
    out.push('\n');
    out += &markdown::head(&["layer", "objective", "gap", "retained", "max load", "dead", "stop"]);
    for layer in &summary.layers {
        let Layer { figures, load, .. } = layer;
        out += &markdown::row(&[
            layer.number.to_string(),
            text::number(figures.objective, 6),
            figures.gap.map_or("limits broken".into(), text::percent),
            text::share(figures.retained),
            load.max.to_string(),
            load.dead.to_string(),
            figures.stop.to_string(),
        ]);
    }
    out
}
