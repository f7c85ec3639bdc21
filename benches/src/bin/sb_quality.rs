//! Which cuts does simulated bifurcation reach, and how do they grow with time beside annealing?
//!
//! First the published settings: G1, G22 and G39 with 64 agents of 2,000 steps, K2000 with 32 of 1,000
//! and with the best settings that we know, every variant, over seeds. Then mean cut against time on
//! the sparse G-set: discrete bifurcation and annealing of 64 agents or reads with more and more steps or
//! sweeps, alternating, two threads. Times are whole calls of `minimise`, set-up included. `--plot FILE.svg` draws the
//! curves.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use plotters::prelude::*;
use serde::Serialize;
use spinroute_benches::report::{self, Options};
use spinroute_bifurcation::{Bifurcation, Mode};
use spinroute_core::Run;
use spinroute_ising::{Anneal, Graph, Ising, Minimiser, instances};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

/// Steps of a point of the curves, and sweeps.
const LENGTHS: [usize; 7] = [50, 100, 200, 500, 1000, 2000, 4000];

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Draw mean cut against time here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    question: &'static str,
    name: &'static str,
    best_known: i64,
    solver: String,
    agents: usize,
    steps: usize,
    seeds: usize,
    /// The best cut of every seed.
    bests: Vec<f64>,
    mean: f64,
    ms: f64,
}

fn main() -> Result<()> {
    let Arguments { options, plot } = Arguments::parse();
    let machine = Machine::here();
    let pool = pool(2)?;
    // More where the best of all agents is what is asked for, and it is cheap.
    let seeds = |name: &str, more: usize| match name {
        _ if options.quick => 1,
        "K2000" => options.repeat.unwrap_or(3),
        _ => options.repeat.unwrap_or(more),
    };
    println!("# Cuts of simulated bifurcation\n");
    println!("{machine}, 2 threads; medians of the times.\n");
    let columns =
        ["instance", "best known", "solver", "agents × steps", "best of each seed", "mean", "ms"];
    report::head(&columns);
    let mut rows = Vec::new();
    let modes = [Mode::Discrete, Mode::Ballistic, Mode::Adiabatic];
    for name in ["G1", "G22", "G39", "K2000"].into_iter().filter(|n| options.wants("bars", n)) {
        let case = Case::new(name)?;
        let (agents, steps) = if name == "K2000" { (32, 1000) } else { (64, 2000) };
        for mode in modes {
            for &heated in heats(mode) {
                let sb = Bifurcation {
                    mode: Some(mode),
                    heated,
                    agents,
                    steps,
                    ..Bifurcation::default()
                };
                rows.push(pool.install(|| case.bifurcation("bars", &sb, seeds(name, 10)))?);
            }
        }
        if name == "K2000" {
            let sb = Bifurcation { agents: 64, steps: 4000, ..Bifurcation::default() };
            rows.push(pool.install(|| case.bifurcation("bars", &sb, seeds(name, 10)))?);
        }
    }
    println!("\n## Mean cut against time\n");
    report::head(&columns);
    for name in ["G1", "G22", "G39"].into_iter().filter(|n| options.wants("curves", n)) {
        let case = Case::new(name)?;
        for steps in LENGTHS {
            let sb = Bifurcation { steps, ..Bifurcation::default() };
            rows.push(pool.install(|| case.bifurcation("curves", &sb, seeds(name, 3)))?);
            let anneal = Anneal { reads: 64, sweeps: steps, ..Anneal::default() };
            let label = "annealing".to_owned();
            let row = pool
                .install(|| case.measure("curves", label, &anneal, (64, steps), seeds(name, 3)));
            rows.push(row?);
        }
    }
    if let Some(path) = plot {
        draw(&path, &rows)?;
    }
    options.write(&machine, &rows)
}

/// The strengths of heating that a mode is tried with.
fn heats(mode: Mode) -> &'static [f64] {
    match mode {
        Mode::Discrete => &[0.0, 0.03],
        Mode::Ballistic => &[0.0, 0.06],
        Mode::Adiabatic => &[0.0],
    }
}

/// How far the mean cut is below the best known one, in percent, against time.
fn draw(path: &std::path::Path, rows: &[Row]) -> Result<()> {
    let curves = || rows.iter().filter(|row| row.question == "curves");
    let short = |row: &Row| 100.0 * (1.0 - row.mean / row.best_known as f64);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        let ends = (f64::INFINITY, 0.0f64);
        let (least, most) = values.fold(ends, |(a, b), value| (a.min(value), b.max(value)));
        least / 1.3..most * 1.3
    };
    let times = range(&mut curves().map(|row| row.ms));
    let gaps = range(&mut curves().map(short));
    let area = SVGBackend::new(path, (1200, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    for (panel, name) in area.split_evenly((1, 3)).iter().zip(["G1", "G22", "G39"]) {
        let mut chart = ChartBuilder::on(panel)
            .caption(name, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(52)
            .build_cartesian_2d(times.clone().log_scale(), gaps.clone().log_scale())?;
        chart
            .configure_mesh()
            .x_desc("time of 64 agents or reads, ms")
            .y_desc("mean cut below the best known, %")
            .x_label_formatter(&|ms| format!("{ms:.0}"))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (solver, colour) in
            [("discrete", RGBColor(0, 114, 178)), ("annealing", RGBColor(213, 94, 0))]
        {
            let rows = curves().filter(|row| row.name == name && row.solver == solver);
            let points: Vec<(f64, f64)> = rows.map(|row| (row.ms, short(row))).collect();
            let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
            chart.draw_series(line)?.label(solver).legend(move |(x, y)| {
                PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
            });
            chart.draw_series(points.iter().map(|&at| Circle::new(at, 3, colour.filled())))?;
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperRight).draw()?;
    }
    area.present()?;
    Ok(())
}

struct Case {
    name: &'static str,
    best_known: i64,
    graph: Graph,
    model: Ising,
}

impl Case {
    fn new(name: &str) -> Result<Self> {
        let known = instances::find(name).context("an instance of the list")?;
        let graph = known.graph()?;
        let model = graph.ising()?;
        Ok(Self { name: known.name, best_known: known.best, graph, model })
    }

    fn bifurcation(&self, question: &'static str, sb: &Bifurcation, seeds: usize) -> Result<Row> {
        let heat = if sb.heated > 0.0 { format!(", heated {}", sb.heated) } else { String::new() };
        let mode = sb.mode.unwrap_or(Mode::Discrete); // what is chosen for graphs
        let solver = format!("{mode:?}{heat}").to_lowercase();
        self.measure(question, solver, sb, (sb.agents, sb.steps), seeds)
    }

    fn measure(
        &self,
        question: &'static str,
        solver: String,
        minimiser: &dyn Minimiser,
        (agents, steps): (usize, usize),
        seeds: usize,
    ) -> Result<Row> {
        let (mut times, mut bests, mut sum) = (Timings::default(), Vec::new(), 0.0);
        for seed in 1..=seeds as u64 {
            let (samples, ms) = time(|| minimiser.minimise(&self.model, &mut Run::new(seed)));
            let samples = samples?;
            times.add(ms);
            let cuts = samples.energies.iter().map(|energy| self.graph.cut_of_energy(*energy));
            let cuts: Vec<f64> = cuts.collect();
            bests.push(cuts.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            sum += cuts.iter().sum::<f64>() / cuts.len() as f64;
        }
        let (name, best_known, mean) = (self.name, self.best_known, sum / seeds as f64);
        let ms = times.median();
        report::row(&[
            name.to_owned(),
            best_known.to_string(),
            solver.clone(),
            format!("{agents} × {steps}"),
            bests.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            format!("{mean:.1}"),
            format!("{ms:.0}"),
        ]);
        Ok(Row { question, name, best_known, solver, agents, steps, seeds, bests, mean, ms })
    }
}
