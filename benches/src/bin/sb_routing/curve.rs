//! Gap against time: with dynamics, without, quantile balancing, and the time of the exact solver.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use serde::Serialize;
use spinroute_benches::{build_and_solve, flow, report};
use spinroute_core::{Instance, Run, Solver};
use spinroute_encodings::SbFull;
use spinroute_lab::Timings;
use spinroute_lab::timing::{pool, time};
use spinroute_transport::Quantile;

use crate::batches::Batch;

const LOOKS: [u32; 7] = [1, 2, 5, 10, 20, 40, 80];
const ROUNDS: [u32; 9] = [1, 2, 5, 10, 20, 40, 80, 160, 320];
/// Where the plot draws a gap of (nearly) nothing.
const FLOOR: f64 = 1e-6;

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Point {
    ms: f64,
    true_gap: f64,
}

#[derive(Serialize)]
pub(crate) struct Curves {
    name: String,
    /// By [`LOOKS`].
    on: Vec<Point>,
    off: Vec<Point>,
    /// By [`ROUNDS`].
    quantile: Vec<Point>,
    flow_ms: f64,
}

/// The curves of a batch, one thread.
pub(crate) fn measure(batch: &Batch, on: SbFull) -> Result<Curves> {
    let instance = batch.case.instance()?;
    let pool = pool(1)?;
    let (exact, _) = time(|| build_and_solve(&batch.case, &flow()));
    let optimum = instance.objective(&exact?.assignment)?;
    let (_, flow_ms) = pool.install(|| time(|| flow().solve(&instance, &mut Run::new(1))));
    let point = |solver: &dyn Solver| -> Result<Point> {
        let (solution, ms) = pool.install(|| time(|| solver.solve(&instance, &mut Run::new(1))));
        let true_gap = gap(&instance, optimum, &solution?.assignment)?;
        Ok(Point { ms, true_gap })
    };
    let off = SbFull { dynamics: false, ..on };
    let mut curves = Curves {
        name: batch.case.name.clone(),
        on: Vec::new(),
        off: Vec::new(),
        quantile: Vec::new(),
        flow_ms,
    };
    for looks in LOOKS {
        curves.on.push(point(&SbFull { looks, ..on })?);
        curves.off.push(point(&SbFull { looks, ..off })?);
    }
    for rounds in ROUNDS {
        curves.quantile.push(point(&Quantile { rounds })?);
    }
    Ok(curves)
}

fn gap(instance: &Instance, optimum: f64, assignment: &spinroute_core::Assignment) -> Result<f64> {
    Ok(((optimum - instance.objective(assignment)?) / optimum.abs()).max(0.0))
}

/// The best gap of a curve in a time; its first where nothing is as fast.
fn at_time(curve: &[Point], ms: f64) -> f64 {
    let within = curve.iter().filter(|point| point.ms <= ms).map(|point| point.true_gap);
    within.fold(f64::INFINITY, f64::min).min(if curve[0].ms > ms {
        curve[0].true_gap
    } else {
        f64::INFINITY
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut samples = Timings::default();
    for value in values {
        samples.add(value);
    }
    samples.median()
}

/// Median time, median gap and worst gap over the batches, at one place of a curve.
fn summary<'a>(curves: impl Iterator<Item = &'a Point> + Clone) -> [f64; 3] {
    let worst = curves.clone().map(|point| point.true_gap).fold(0.0, f64::max);
    [median(curves.clone().map(|point| point.ms)), median(curves.map(|p| p.true_gap)), worst]
}

/// The table: a row for every number of looks.
pub(crate) fn print(all: &[Curves]) {
    let flow = median(all.iter().map(|curves| curves.flow_ms));
    println!("\n## Gap against time\n");
    println!(
        "{} held-out batches of 4,096 tokens; gaps short of the optimum, median / worst over the batches; \
         `flow` has the optimum in {flow:.1} ms (median). Better: batches where `sb-full` is ahead of the \
         best that the same without dynamics reaches in its time.\n",
        all.len()
    );
    report::head(&[
        "looks",
        "sb-full ms",
        "sb-full",
        "dynamics off ms",
        "dynamics off",
        "off, equal time",
        "better",
        "quantile, equal time",
    ]);
    for (i, looks) in LOOKS.iter().enumerate() {
        let on = summary(all.iter().map(|curves| &curves.on[i]));
        let off = summary(all.iter().map(|curves| &curves.off[i]));
        let equal = |of: fn(&Curves) -> &Vec<Point>| -> Vec<f64> {
            all.iter().map(|curves| at_time(of(curves), curves.on[i].ms)).collect()
        };
        let (same, balanced) = (equal(|curves| &curves.off), equal(|curves| &curves.quantile));
        let better =
            all.iter().zip(&same).filter(|(curves, gap)| curves.on[i].true_gap < **gap).count();
        let both = |gaps: &[f64]| {
            let worst = gaps.iter().copied().fold(0.0, f64::max);
            percents(median(gaps.iter().copied()), worst)
        };
        report::row(&[
            looks.to_string(),
            format!("{:.0}", on[0]),
            percents(on[1], on[2]),
            format!("{:.0}", off[0]),
            percents(off[1], off[2]),
            both(&same),
            format!("{better} of {}", all.len()),
            both(&balanced),
        ]);
    }
}

fn percents(median: f64, worst: f64) -> String {
    format!("{:.4} / {:.4} %", 100.0 * median, 100.0 * worst)
}

/// Median (thick) and worst (thin) gap against median time.
pub(crate) fn draw(path: &Path, all: &[Curves]) -> Result<()> {
    let curve = |of: fn(&Curves) -> &Vec<Point>, places: usize| -> Vec<[f64; 3]> {
        (0..places).map(|i| summary(all.iter().map(|curves| &of(curves)[i]))).collect()
    };
    let curves = [
        ("sb-full", curve(|c| &c.on, LOOKS.len()), RGBColor(0, 114, 178)),
        ("sb-full, dynamics off", curve(|c| &c.off, LOOKS.len()), RGBColor(213, 94, 0)),
        ("quantile", curve(|c| &c.quantile, ROUNDS.len()), RGBColor(110, 110, 110)),
    ];
    let flow = median(all.iter().map(|curves| curves.flow_ms));
    let times = curves.iter().flat_map(|(_, points, _)| points.iter().map(|point| point[0]));
    let (least, most) = times.fold((flow, flow), |(a, b), ms| (a.min(ms), b.max(ms)));
    let area = SVGBackend::new(path, (860, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("gap to the optimum against time: median (thick), worst", ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(
            (least / 1.3..most * 1.3).log_scale(),
            (FLOOR / 1.5..0.1).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("time, ms")
        .y_desc("gap")
        .y_label_formatter(&|gap| format!("{gap:.0e}"))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (name, points, colour) in &curves {
        for (gap, width) in [(1, 3), (2, 1)] {
            let at = |point: &[f64; 3]| (point[0], point[gap].clamp(FLOOR, 0.1));
            let line = LineSeries::new(points.iter().map(at), colour.stroke_width(width));
            let drawn = chart.draw_series(line)?;
            if gap == 1 {
                drawn.label(*name).legend(move |(x, y)| {
                    PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(3))
                });
            }
        }
    }
    let line = LineSeries::new([(flow, FLOOR), (flow, 0.1)], BLACK.stroke_width(2));
    chart
        .draw_series(line)?
        .label("flow, the optimum")
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], BLACK.stroke_width(2)));
    chart.configure_series_labels().position(SeriesLabelPosition::LowerLeft).draw()?;
    area.present()?;
    Ok(())
}
