//! What does balance cost? The score that is kept, exactly, against each limit that asks for it.
//!
//! The committed sample (4,096 tokens of a trained router, 160 experts, top-6) under least loads, capacity factors of
//! experts and of groups, and what docs/balance.md advises; every answer is proven to 10⁻⁹. `--page` writes the
//! tables into that page between its marks, `--svg` the plot beside it:
//!
//! ```sh
//! cargo run --release -p spinroute-benches --bin frontier -- --page docs/balance.md --svg docs/balance.svg
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use ndarray::Array2;
use plotters::prelude::*;
use serde::Serialize;
use spinroute_benches::data::{self, Transform};
use spinroute_benches::report::Options;
use spinroute_core::{Builder, Demand, Groups, Instance, Run, Solver, Stop, evaluate};
use spinroute_flow::Flow;
use spinroute_lab::{Machine, markdown, text};

const K: u32 = 6;
/// Devices of 20 experts each.
const DEVICES: usize = 8;
const PROVEN: f64 = 1e-9;
const FACTORS: [f64; 9] = [1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0];
const FRACTIONS: [f64; 11] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Write the tables into this page, between `<!-- figures -->` and `<!-- end of figures -->`.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Write the plot here.
    #[arg(long)]
    svg: Option<PathBuf>,
}

/// What a setting keeps and how it loads experts and devices.
#[derive(Clone, Debug, Serialize)]
struct Row {
    setting: String,
    /// The number that is varied.
    at: f64,
    retained: f64,
    gap: f64,
    idle: usize,
    /// The largest load of an expert over the mean.
    busiest_expert: f64,
    /// The largest load of a device over the mean.
    busiest_device: f64,
    empty: u64,
}

#[derive(Debug, Serialize)]
struct Figures {
    needs: Vec<Row>,
    minimum: Vec<Row>,
    experts: Vec<Row>,
    devices: Vec<Row>,
}

/// The sample, and what is asked of it.
struct Sample {
    scores: Array2<f32>,
    slots: u64,
}

fn main() -> Result<()> {
    let Arguments { options, page, svg } = Arguments::parse();
    let machine = Machine::here();
    let mut scores = data::sample_logits()?;
    Transform::Softmax.apply(&mut scores);
    let slots = scores.nrows() as u64 * u64::from(K);
    let sample = Sample { scores, slots };
    let stride = if options.quick { 5 } else { 1 };
    let figures = Figures {
        needs: sample.needs()?,
        minimum: sample.minimum(stride)?,
        experts: sample.experts(stride)?,
        devices: sample.devices(stride)?,
    };
    let mut tables = figures.tables();
    println!("# What does balance cost?\n\n{machine}.\n\n{tables}");
    if let Some(svg) = svg {
        let text = figures.draw()?;
        std::fs::write(&svg, text).with_context(|| format!("writing {}", svg.display()))?;
        let name = svg.file_name().unwrap_or_default().display();
        writeln!(tables, "![Score kept against least loads and capacity factors]({name})\n")?;
    }
    if let Some(page) = page {
        written(&page, &format!("{machine}.\n\n{tables}"))?;
    }
    options.write(&machine, &figures)
}

impl Sample {
    /// `Exactly(6)`, no limit at all; experts on devices, so that their loads are reported.
    fn free(&self) -> Result<Builder> {
        let groups = Groups::consecutive(self.scores.ncols(), DEVICES)?;
        Ok(Instance::builder(&self.scores).demand(Demand::Exactly(K)).groups(groups))
    }

    fn mean(&self) -> f64 {
        self.slots as f64 / self.scores.ncols() as f64
    }

    fn least(&self, fraction: f64) -> Vec<u32> {
        vec![(fraction * self.mean()).floor() as u32; self.scores.ncols()]
    }

    fn grouped(&self, factor: f64) -> Result<Groups> {
        let groups = Groups::consecutive(self.scores.ncols(), DEVICES)?;
        Ok(groups.capacity_factor(self.slots, factor)?)
    }

    /// What the page advises, a row each.
    fn needs(&self) -> Result<Vec<Row>> {
        let experts = self.scores.ncols();
        let devices = || Groups::consecutive(experts, DEVICES);
        let half = (0.5 * self.slots as f64 / DEVICES as f64) as u32;
        let at_most = self.free()?.demand(Demand::AtMost(K));
        let settings: [(&str, Builder); 10] = [
            ("nothing: plain top-k", self.free()?),
            ("no dead expert: `--minimum 1`", self.free()?.minimum(vec![1; experts])),
            ("no starving expert: `--minimum 38`", self.free()?.minimum(self.least(0.25))),
            ("a nudge: `--reward 0.001 --reward-up-to 38`", self.free()?.reward(0.001, 38)),
            ("at most 1.5 × the mean: `--capacity-factor 1.5`", self.free()?.capacity_factor(1.5)),
            ("equal experts: `--capacity-factor 1`", self.free()?.capacity_factor(1.0)),
            (
                "1.5 × the mean, more for 0.01 each: `--overflow-cost 0.01`",
                self.free()?.capacity_factor(1.5).overflow(0.01, self.scores.nrows() as u32),
            ),
            ("equal devices: `--group-capacity-factor 1`", self.free()?.groups(self.grouped(1.0)?)),
            (
                "no idle device: `--group-minimum 1536`",
                self.free()?.groups(devices()?.minimum(vec![half; DEVICES])?),
            ),
            ("1.5 × the mean, the rest dropped: `--demand at-most`", at_most.capacity_factor(1.5)),
        ];
        settings.into_iter().map(|(name, builder)| solved(name.into(), 0.0, builder)).collect()
    }

    fn minimum(&self, stride: usize) -> Result<Vec<Row>> {
        let row = |&fraction: &f64| {
            let least = self.least(fraction);
            let builder = self.free()?.minimum(least.clone());
            solved(format!("at least {} ({fraction} × the mean)", least[0]), fraction, builder)
        };
        FRACTIONS.iter().step_by(stride).map(row).collect()
    }

    fn experts(&self, stride: usize) -> Result<Vec<Row>> {
        let row = |&factor: &f64| {
            let builder = self.free()?.capacity_factor(factor);
            solved(format!("at most {factor} × the mean"), factor, builder)
        };
        FACTORS.iter().step_by(stride).map(row).collect()
    }

    fn devices(&self, stride: usize) -> Result<Vec<Row>> {
        let row = |&factor: &f64| {
            let builder = self.free()?.groups(self.grouped(factor)?);
            solved(format!("at most {factor} × the mean"), factor, builder)
        };
        FACTORS.iter().step_by(stride).map(row).collect()
    }
}

/// The optimum of a setting.
fn solved(setting: String, at: f64, builder: Builder) -> Result<Row> {
    let instance = builder.build()?;
    let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
    ensure!(solution.stop == Stop::Finished, "{setting}: {}", solution.stop);
    let evaluation = evaluate(&instance, &solution)?;
    ensure!(evaluation.gap <= PROVEN, "{setting}: a gap of {:e}", evaluation.gap);
    let load = evaluation.load;
    let device = load.groups.first().context("there are devices")?;
    Ok(Row {
        setting,
        at,
        retained: evaluation.retained,
        gap: evaluation.gap,
        idle: load.dead,
        busiest_expert: f64::from(load.max) / load.mean,
        busiest_device: f64::from(device.max) / device.mean,
        empty: load.dropped,
    })
}

impl Figures {
    fn tables(&self) -> String {
        let mut out = String::new();
        for (head, rows) in [
            ("need", &self.needs),
            ("least load of an expert", &self.minimum),
            ("load of an expert", &self.experts),
            ("load of a device", &self.devices),
        ] {
            let columns =
                [head, "score kept", "idle experts", "busiest expert", "busiest device", "empty"];
            out += &markdown::head(&columns);
            for row in rows {
                out += &markdown::row(&[
                    row.setting.clone(),
                    text::share(row.retained),
                    row.idle.to_string(),
                    format!("{:.2} × mean", row.busiest_expert),
                    format!("{:.2} × mean", row.busiest_device),
                    text::grouped(row.empty),
                ]);
            }
            out.push('\n');
        }
        out
    }

    /// The score kept, against least loads on the left and factors on the right.
    fn draw(&self) -> Result<String> {
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (860, 360)).into_drawing_area();
            root.fill(&WHITE)?;
            let (left, right) = root.split_horizontally(430);
            let minimum = [("least load of every expert", &self.minimum, RED)];
            panel(&left, "least load / mean", 0.0..1.0, &minimum)?;
            let capped =
                [("every expert", &self.experts, BLUE), ("every device", &self.devices, BLACK)];
            panel(&right, "capacity factor", 1.0..3.0, &capped)?;
            root.present()?;
        }
        Ok(svg)
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn panel(
    area: &Area<'_>,
    axis: &str,
    range: std::ops::Range<f64>,
    curves: &[(&str, &Vec<Row>, RGBColor)],
) -> Result<()> {
    let kept = curves.iter().flat_map(|(_, rows, _)| rows.iter().map(|row| 100.0 * row.retained));
    let low = kept.fold(100.0, f64::min);
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(range, low - 1.0..100.5)?;
    chart.configure_mesh().x_desc(axis).y_desc("score kept, %").draw()?;
    for &(name, rows, colour) in curves {
        let points = || rows.iter().map(|row| (row.at, 100.0 * row.retained));
        chart
            .draw_series(LineSeries::new(points(), colour))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
        chart.draw_series(points().map(|point| Circle::new(point, 2, colour.filled())))?;
    }
    let position = SeriesLabelPosition::LowerRight;
    chart
        .configure_series_labels()
        .position(position)
        .border_style(BLACK)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

/// Puts the tables between the marks of a page.
fn written(page: &Path, tables: &str) -> Result<()> {
    let (begin, end) = ("<!-- figures -->\n", "<!-- end of figures -->");
    let place = || page.display();
    let old = std::fs::read_to_string(page).with_context(|| format!("reading {}", place()))?;
    let parts = old
        .split_once(begin)
        .and_then(|(before, rest)| rest.split_once(end).map(|(_, after)| (before, after)));
    let (before, after) = parts.with_context(|| format!("{}: no {begin:?} … {end:?}", place()))?;
    let mut new = String::new();
    write!(new, "{before}{begin}\n{tables}{end}{after}")?;
    std::fs::write(page, new).with_context(|| format!("writing {}", place()))
}
