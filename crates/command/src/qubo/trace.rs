//! `spinroute qubo trace`: how simulated bifurcation runs on a problem, as a plot.

use std::io::Write;

use plotters::prelude::*;
use serde_json::Value;
use spinroute::Run;
use spinroute::bifurcation::{Bifurcation, Snapshot};

use super::files;
use crate::args::TraceArgs;
use crate::exit::Failure;
use crate::{interrupt, output};

pub(crate) fn run(args: &TraceArgs) -> Result<(), Failure> {
    if args.out.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("svg")) {
        let out = args.out.display();
        return Err(Failure::Usage(format!("{out}: the plot is an SVG; let its name end in .svg")));
    }
    let parameters = args.parameters.map()?;
    Bifurcation::ENTRY.build(&parameters)?; // says which parameter is wrong
    let bifurcation: Bifurcation = serde_json::from_value(Value::Object(parameters))?;
    let (_, problem) = files::open(&args.input)?;
    let model = files::ising(&args.input, &problem.content)?;
    interrupt::listen();
    let mut observer = interrupt::observe;
    let mut run = Run::new(args.run.seed).budget(args.run.budget()).observer(&mut observer);
    let (samples, trace) = bifurcation
        .traced(&model, &mut run)
        .map_err(|error| Failure::of_minimiser(Bifurcation::ENTRY.name, error.into()))?;
    let mode = bifurcation.mode.map(|mode| format!(", {mode:?}").to_lowercase());
    let title = format!("{}{}", args.input.file.display(), mode.unwrap_or_default());
    let svg = draw(&title, &thinned(&trace.snapshots))
        .map_err(|error| Failure::Internal(error.to_string()))?;
    output::write_one(&args.out, |out| out.write_all(svg.as_bytes()))?;
    let lowest = samples.energies.iter().copied().fold(f64::INFINITY, f64::min);
    let text = format!(
        "{}: sb ({}), {} looks, {} positions; lowest energy {lowest}\n",
        args.out.display(),
        samples.stop,
        trace.snapshots.len(),
        trace.snapshots.first().map_or(0, |look| look.positions.len()),
    );
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// Looks that a plot shows, at most.
const SHOWN: usize = 2000;

/// Evenly spaced looks, the first and the last among them.
fn thinned(looks: &[Snapshot]) -> Vec<&Snapshot> {
    let stride = looks.len().div_ceil(SHOWN).max(1);
    let mut shown: Vec<&Snapshot> = looks.iter().step_by(stride).collect();
    if let Some(last) = looks.last().filter(|_| !(looks.len() - 1).is_multiple_of(stride)) {
        shown.push(last);
    }
    shown
}

/// Positions above, energies below.
fn draw(title: &str, looks: &[&Snapshot]) -> Result<String, Box<dyn std::error::Error>> {
    let mut svg = String::new();
    let steps = 0..looks.last().map_or(1, |look| look.step).max(1);
    {
        let root = SVGBackend::with_string(&mut svg, (860, 640)).into_drawing_area();
        root.fill(&WHITE)?;
        let (above, below) = root.split_vertically(340);
        let reach = looks.iter().flat_map(|look| &look.positions).fold(1f32, |r, x| r.max(x.abs()));
        let mut chart = ChartBuilder::on(&above)
            .caption(title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(24)
            .y_label_area_size(72)
            .build_cartesian_2d(steps.clone(), -1.05 * reach..1.05 * reach)?;
        chart.configure_mesh().disable_mesh().y_desc("position").draw()?;
        for i in 0..looks.first().map_or(0, |look| look.positions.len()) {
            let path = looks.iter().map(|look| (look.step, look.positions[i]));
            let colour = HSLColor(i as f64 / 64.0, 0.6, 0.45);
            chart.draw_series(LineSeries::new(path, colour))?;
        }
        let energies = || looks.iter().flat_map(|look| [look.mean, look.lowest]);
        let low = energies().fold(f64::INFINITY, f64::min);
        let high = energies().fold(f64::NEG_INFINITY, f64::max);
        let room = 0.03 * (high - low).max(1e-9);
        let mut chart = ChartBuilder::on(&below)
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(72)
            .build_cartesian_2d(steps, low - room..high + room)?;
        chart.configure_mesh().disable_mesh().x_desc("step").y_desc("energy").draw()?;
        let mean = looks.iter().map(|look| (look.step, look.mean));
        chart
            .draw_series(LineSeries::new(mean, BLUE))?
            .label("mean of the agents")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], BLUE));
        let lowest = looks.iter().map(|look| (look.step, look.lowest));
        chart
            .draw_series(LineSeries::new(lowest, RED))?
            .label("lowest so far")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], RED));
        chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
        root.present()?;
    }
    Ok(svg)
}
