//! How heavy must penalties be, and what does too much of it cost?
//!
//! The experiment `experiments/penalty-weight`: a small assignment problem cut from a real router,
//! in full form, annealed at a sweep of penalty weights. `--config FILE` says which, `--out FILE`
//! keeps the records, `--plot FILE` draws them. Reads are annealed with given seeds, so the records
//! do not depend on machine or threads.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use ndarray::s;
use plotters::coord::Shift;
use plotters::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_benches::{
    data::{self, Transform},
    report,
};
use spinroute_core::{Assignment, Demand, Instance, Run, Solver};
use spinroute_encodings::{Full, FullForm, Weights};
use spinroute_flow::Flow;
use spinroute_ising::{Anneal, Minimiser};
use spinroute_lab::Machine;
use spinroute_modelling::{Compiled, Encoding, Inequality, Multiplier, Options, Penalty};
use spinroute_prices::{Selection, repair};

#[derive(Parser)]
struct Arguments {
    /// What to run.
    #[arg(long, default_value = "experiments/penalty-weight/config.toml")]
    config: PathBuf,
    /// Write the records here, as JSON.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw feasibility and objective against the weight here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Config {
    token_stride: usize,
    expert_stride: usize,
    k: u32,
    capacity_factor: f64,
    weights: Vec<f64>,
    unbalanced: [f64; 2],
    reads: usize,
    sweeps: usize,
    seed: u64,
}

/// One way to write the capacities, at one weight; objectives as shares of the optimum.
#[derive(Clone, Debug, Serialize)]
struct Record {
    capacities: &'static str,
    weight: f64,
    /// Share of the reads whose choices satisfy every constraint as they are.
    feasible: f64,
    /// The best feasible read; nothing if there is none.
    best_feasible: Option<f64>,
    /// The mean over all reads after repair.
    mean_repaired: f64,
    best_repaired: f64,
}

/// What needs no sampling.
#[derive(Serialize)]
struct References {
    optimum: f64,
    largest_score: f64,
    variables: usize,
    /// Weights that provably make every minimum feasible; the largest of the constraints'.
    bound: f64,
    tight: f64,
    /// Each token's best experts, repaired without and with the optimal prices, as shares of the
    /// optimum.
    top_k_repaired: f64,
    priced_repaired: f64,
}

/// The problem and everything that the sweep reads.
struct Setup {
    config: Config,
    instance: Instance,
    optimum: f64,
    prices: Vec<f64>,
    unit: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let setup = setup(&arguments.config)?;
    let references = references(&setup)?;
    println!("{}\n", serde_json::to_string_pretty(&references)?);
    report::head(&[
        "capacities",
        "weight",
        "feasible",
        "best feasible",
        "mean repaired",
        "best repaired",
    ]);
    let mut records = Vec::new();
    for (name, full, multiplied) in ways() {
        records.extend(sweep(&setup, name, full, multiplied)?);
    }
    if let Some(path) = &arguments.plot {
        draw(path, &records, &references)?;
    }
    if let Some(path) = &arguments.out {
        let record = serde_json::json!({
            "machine": Machine::here(),
            "config": setup.config,
            "references": references,
            "records": records,
        });
        let text = serde_json::to_string_pretty(&record)? + "\n";
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn setup(path: &Path) -> Result<Setup> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let config: Config = toml::from_str(&text)?;
    let (tokens, experts) = (config.token_stride as isize, config.expert_stride as isize);
    let logits = data::sample_logits()?.slice(s![..;tokens, ..;experts]).to_owned();
    let scores = data::transformed(logits, Transform::Softmax);
    let (tokens, experts) = scores.dim();
    let factor = config.capacity_factor;
    let capacity = Instance::uniform_capacity(tokens, experts, config.k as usize, factor)?;
    let unit = f64::from(scores.fold(0.0, |most: f32, &s| most.max(s)));
    let instance = Instance::new(scores, capacity, Demand::Exactly(config.k))?;
    let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
    let optimum = instance.objective(&solution.assignment)?;
    let prices = solution.prices.context("the exact solver gives prices")?;
    Ok(Setup { config, instance, optimum, prices, unit })
}

/// Name, form, and what the multipliers are: nothing, prices, or prices and a square.
fn ways() -> [(&'static str, Full, Option<f64>); 4] {
    let form = |capacities| Full { capacities, weights: Weights::Parameters, ..Full::default() };
    [
        ("slack", form(Inequality::Slack(Encoding::Binary)), None),
        ("unbalanced", form(Inequality::Unbalanced { linear: 1.0, square: 1.0 }), None),
        ("prices", form(Inequality::Multiplier), Some(0.0)),
        ("prices and squares", form(Inequality::Multiplier), Some(1.0)),
    ]
}

fn sweep(
    setup: &Setup,
    name: &'static str,
    full: Full,
    multiplied: Option<f64>,
) -> Result<Vec<Record>> {
    // Built once: demand and capacity weights are parameters, multipliers are options. Only the
    // weights of unbalanced penalties stand in the model.
    let form = full.build(&setup.instance)?;
    let mut records = Vec::new();
    for &factor in &setup.config.weights {
        let weight = factor * setup.unit;
        let options = Options::default().set_named(Full::DEMAND, weight);
        let options = options.set_named(Full::CAPACITY, weight);
        let compiled = if let Inequality::Unbalanced { .. } = full.capacities {
            let [linear, square] = setup.config.unbalanced.map(|share| share * weight);
            let full = Full { capacities: Inequality::Unbalanced { linear, square }, ..full };
            full.build(&setup.instance)?.model().compile(&options)?
        } else {
            let square = multiplied.unwrap_or(0.0) * weight;
            let terms: Vec<Multiplier> =
                setup.prices.iter().map(|&linear| Multiplier { linear, square }).collect();
            form.model().compile(&options.multipliers(form.multipliers(&terms)))?
        };
        let record = record(setup, name, weight, &form, &compiled, multiplied.is_some())?;
        report::row(&[
            name.to_owned(),
            format!("{weight:.4}"),
            format!("{:.3}", record.feasible),
            record.best_feasible.map_or("none".to_owned(), |best| format!("{best:.4}")),
            format!("{:.4}", record.mean_repaired),
            format!("{:.4}", record.best_repaired),
        ]);
        records.push(record);
    }
    Ok(records)
}

/// Anneals and reads; the repair knows the prices where the energy does.
fn record(
    setup: &Setup,
    capacities: &'static str,
    weight: f64,
    form: &FullForm,
    compiled: &Compiled,
    priced: bool,
) -> Result<Record> {
    let Config { reads, sweeps, seed, .. } = setup.config;
    let anneal = Anneal { reads, sweeps, ..Anneal::default() };
    let samples = anneal.minimise(&compiled.to_ising(), &mut Run::new(seed))?;
    let prices = priced.then_some(&setup.prices[..]);
    let (mut feasible, mut best_feasible, mut repaired) = (0, None, Vec::new());
    for read in 0..samples.reads() {
        let state = samples.state(read);
        if let Ok(objective) = setup.instance.objective(&form.pairs().choices(state)?) {
            feasible += 1;
            let share = objective / setup.optimum;
            best_feasible = Some(best_feasible.map_or(share, |best: f64| best.max(share)));
        }
        let assignment = form.pairs().repaired(state, prices)?;
        repaired.push(setup.instance.objective(&assignment)? / setup.optimum);
    }
    let reads = samples.reads() as f64;
    Ok(Record {
        capacities,
        weight,
        feasible: f64::from(feasible) / reads,
        best_feasible,
        mean_repaired: repaired.iter().sum::<f64>() / reads,
        best_repaired: repaired.iter().copied().fold(0.0, f64::max),
    })
}

fn references(setup: &Setup) -> Result<References> {
    let form = Full::default().build(&setup.instance)?;
    let heaviest = |penalty| -> Result<(f64, usize)> {
        let compiled = form.model().compile(&Options::default().penalty(penalty))?;
        let weights = (0..form.model().constraints()).filter_map(|c| compiled.weight(c));
        Ok((weights.fold(0.0, f64::max), compiled.qubo().variables()))
    };
    let share = |prices: Option<&[f64]>| -> Result<f64> {
        let zeros = vec![0.0; setup.prices.len()];
        let reductions: Vec<f32> = prices.unwrap_or(&zeros).iter().map(|&p| p as f32).collect();
        let mut selection = Selection::default();
        let k = setup.instance.demand().k();
        selection.fill(setup.instance.flat(), &reductions, k);
        let choices = Assignment::from_slots(k, selection.experts);
        let assignment = repair(&setup.instance, choices, prices)?;
        Ok(setup.instance.objective(&assignment)? / setup.optimum)
    };
    let (bound, variables) = heaviest(Penalty::Bound)?;
    Ok(References {
        optimum: setup.optimum,
        largest_score: setup.unit,
        variables,
        bound,
        tight: heaviest(Penalty::Tight)?.0,
        top_k_repaired: share(None)?,
        priced_repaired: share(Some(&setup.prices))?,
    })
}

const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// Feasibility above, objective below, over one logarithmic axis of weights.
fn draw(path: &Path, records: &[Record], references: &References) -> Result<()> {
    let area = SVGBackend::new(path, (900, 760)).into_drawing_area();
    area.fill(&WHITE)?;
    let panels = area.split_evenly((2, 1));
    let caption = "reads that are feasible as they are";
    panel(&panels[0], caption, 0.0..1.02, records, references, |record| Some(record.feasible))?;
    let least = records.iter().map(|r| r.mean_repaired).fold(1.0, f64::min);
    let caption =
        "mean objective after repair (lines), best feasible read (crosses); 1 is the optimum";
    let range = least - 0.02..1.005;
    panel(&panels[1], caption, range.clone(), records, references, |r| Some(r.mean_repaired))?;
    area.present()?;
    Ok(())
}

fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    caption: &str,
    range: std::ops::Range<f64>,
    records: &[Record],
    references: &References,
    value: impl Fn(&Record) -> Option<f64>,
) -> Result<()> {
    let weights = records.iter().map(|record| record.weight);
    let least = weights.clone().fold(f64::INFINITY, f64::min) / 1.2;
    let most = weights.fold(references.bound, f64::max) * 1.2;
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d((least..most).log_scale(), range.clone())?;
    chart
        .configure_mesh()
        .x_desc("penalty weight (dashed: the derived weights, tight and bound)")
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (number, way) in ways().iter().enumerate() {
        let colour = COLOURS[number];
        let of_way = || records.iter().filter(|record| record.capacities == way.0);
        let points: Vec<(f64, f64)> =
            of_way().filter_map(|record| Some((record.weight, value(record)?))).collect();
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        chart.draw_series(line)?.label(way.0).legend(move |(x, y)| {
            PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
        });
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 2, colour.filled())))?;
        if range.start > 0.0 {
            let best = of_way().filter_map(|record| Some((record.weight, record.best_feasible?)));
            let inside = best.filter(|point| range.contains(&point.1));
            chart.draw_series(inside.map(|point| Cross::new(point, 4, colour.stroke_width(2))))?;
        }
    }
    for derived in [references.tight, references.bound] {
        let ends = [(derived, range.start), (derived, range.end)];
        chart.draw_series(DashedLineSeries::new(ends, 4, 4, BLACK.stroke_width(1)))?;
    }
    if range.start == 0.0 {
        chart.configure_series_labels().position(SeriesLabelPosition::MiddleRight).draw()?;
    }
    Ok(())
}
