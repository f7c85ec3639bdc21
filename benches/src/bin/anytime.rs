//! Is `flow` ahead of quantile balancing at every gap, or only at the end?
//!
//! On every trained router (layer 3, 4,096 tokens, capacity factor 1.0), one thread: `quantile` with
//! 1 to 60 rounds, and for each of its answers `flow` with the certified gap of that answer as
//! its target. The gap is the certified one, each solver's assignment against its own prices; the
//! true gap, against the optimum, stands beside it. `--plot FILE.svg` draws gap against time.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use plotters::prelude::*;
use serde::Serialize;
use spinroute_benches::{
    build_and_solve, flow,
    instances::{self, Case},
    objective_and_gap,
    report::{self, Options},
};
use spinroute_core::{Instance, Solver};
use spinroute_flow::Flow;
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};
use spinroute_transport::Quantile;

const ROUNDS: [u32; 8] = [1, 2, 3, 5, 8, 16, 30, 60];
const TARGETS: [f64; 9] = [0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 0.0];
/// Where the plot draws a gap of (nearly) nothing.
const FLOOR: f64 = 1e-6;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Draw gap against time here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

#[derive(Clone, Copy, Serialize)]
struct Point {
    ms: f64,
    certified_gap: f64,
    true_gap: f64,
}

#[derive(Serialize)]
struct Figures {
    name: String,
    /// By [`ROUNDS`].
    quantile: Vec<Point>,
    /// `flow` asked for the certified gap of the `quantile` point of the same place.
    flow_to_same_gap: Vec<Point>,
    /// `flow` by [`TARGETS`].
    flow: Vec<Point>,
}

fn main() -> Result<()> {
    let Arguments { options, plot } = Arguments::parse();
    let machine = Machine::here();
    let mut cases = instances::trained_routers()?;
    cases.retain(|case| {
        case.name.ends_with(", layer 3, first")
            && !case.name.contains("sigmoid")
            && options.wants(case.family, &case.name)
    });
    println!("# Gap against time: flow and quantile balancing\n");
    println!("{machine}; one thread; medians of {}.\n", options.repetitions());
    report::head(&[
        "instance",
        "rounds",
        "quantile ms",
        "certified gap",
        "true gap",
        "flow to that gap, ms",
        "certified gap",
        "true gap",
        "flow / quantile",
    ]);
    let mut figures = Vec::new();
    for case in &cases {
        let row = measure_case(case, options.repetitions())?;
        print(&row);
        figures.push(row);
    }
    if let Some(path) = plot {
        draw(&path, &figures)?;
    }
    options.write(&machine, &figures)
}

fn measure_case(case: &Case, repetitions: usize) -> Result<Figures> {
    let instance = case.instance()?;
    let (optimum, _) = objective_and_gap(&instance, &build_and_solve(case, &flow())?)?;
    let measured = |solvers: &[&dyn Solver]| points(case, &instance, optimum, solvers, repetitions);
    let mut quantile = Vec::new();
    let mut flow_to_same_gap = Vec::new();
    for rounds in ROUNDS {
        let balancing = Quantile { rounds };
        let gap = measured(&[&balancing])?[0].certified_gap;
        let pair = measured(&[&balancing, &Flow { target_gap: gap }])?;
        quantile.push(pair[0]);
        flow_to_same_gap.push(pair[1]);
    }
    let targets = TARGETS.map(|target_gap| Flow { target_gap });
    let solvers: Vec<&dyn Solver> = targets.iter().map(|flow| flow as &dyn Solver).collect();
    let flow = measured(&solvers)?;
    Ok(Figures { name: case.name.clone(), quantile, flow_to_same_gap, flow })
}

/// One point a solver, measured alternately.
fn points(
    case: &Case,
    instance: &Instance,
    optimum: f64,
    solvers: &[&dyn Solver],
    repetitions: usize,
) -> Result<Vec<Point>> {
    let pool = pool(1)?;
    let mut samples = vec![Timings::default(); solvers.len()];
    let mut points = Vec::new();
    for repetition in 0..repetitions {
        for (solver, samples) in solvers.iter().zip(&mut samples) {
            let (solution, ms) = pool.install(|| time(|| build_and_solve(case, *solver)));
            samples.add(ms);
            if repetition == 0 {
                let (objective, certified_gap) = objective_and_gap(instance, &solution?)?;
                let true_gap = ((optimum - objective) / optimum.abs()).max(0.0);
                points.push(Point { ms, certified_gap, true_gap });
            }
        }
    }
    for (point, samples) in points.iter_mut().zip(&samples) {
        point.ms = samples.median();
    }
    Ok(points)
}

fn print(row: &Figures) {
    for ((rounds, quantile), flow) in ROUNDS.iter().zip(&row.quantile).zip(&row.flow_to_same_gap) {
        report::row(&[
            row.name.clone(),
            rounds.to_string(),
            format!("{:.2}", quantile.ms),
            format!("{:.1e}", quantile.certified_gap),
            format!("{:.1e}", quantile.true_gap),
            format!("{:.2}", flow.ms),
            format!("{:.1e}", flow.certified_gap),
            format!("{:.1e}", flow.true_gap),
            format!("{:.2}", flow.ms / quantile.ms),
        ]);
    }
}

/// Two rows of three panels, one a router, all with the same logarithmic axes.
fn draw(path: &std::path::Path, figures: &[Figures]) -> Result<()> {
    let all = figures.iter().flat_map(|row| row.quantile.iter().chain(&row.flow));
    let (least, most) =
        all.fold((f64::INFINITY, 0.0f64), |(a, b), point| (a.min(point.ms), b.max(point.ms)));
    let area = SVGBackend::new(path, (1200, 760)).into_drawing_area();
    area.fill(&WHITE)?;
    for (panel, row) in area.split_evenly((2, 3)).iter().zip(figures) {
        let times = (least / 1.3..most * 1.3).log_scale();
        let mut chart = ChartBuilder::on(panel)
            .caption(&row.name, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(52)
            .build_cartesian_2d(times, (FLOOR / 1.5..1.0).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("time, ms")
            .x_labels(4)
            .y_desc("certified gap")
            .x_label_formatter(&|ms| format!("{ms:.0}"))
            .y_label_formatter(&|&gap| match gap {
                FLOOR => format!("≤ {FLOOR:.0e}"),
                _ => format!("{gap:.0e}"),
            })
            .light_line_style(TRANSPARENT)
            .draw()?;
        let curves = [
            ("quantile, 1 to 60 rounds", &row.quantile, RGBColor(213, 94, 0)),
            ("flow, target gap 0.3 to 0", &row.flow, RGBColor(0, 114, 178)),
        ];
        for (name, points, colour) in curves {
            let at = |point: &Point| (point.ms, point.certified_gap.clamp(FLOOR, 1.0));
            let line = LineSeries::new(points.iter().map(at), colour.stroke_width(2));
            chart.draw_series(line)?.label(name).legend(move |(x, y)| {
                PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2))
            });
            let dots = points.iter().map(|point| Circle::new(at(point), 3, colour.filled()));
            chart.draw_series(dots)?;
        }
        chart.configure_series_labels().position(SeriesLabelPosition::UpperRight).draw()?;
    }
    area.present()?;
    Ok(())
}
