//! Records as a table and as a picture.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;
use spinroute_lab::markdown;

use crate::config::{Record, Records};

/// Names in the order of their first record.
fn names<'a>(records: &'a [Record], of: impl Fn(&'a Record) -> &'a str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for record in records {
        if !names.contains(&of(record)) {
            names.push(of(record));
        }
    }
    names
}

/// Mean and standard error; the latter is none of one value.
fn mean(values: &[f64]) -> (f64, Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (values.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt()))
}

/// A row a method, a column a problem.
pub(crate) fn table(records: &[Record]) {
    let problems = names(records, |record| &record.problem);
    let columns = ["gap, % (feasible reads) [s]"].into_iter().chain(problems.iter().copied());
    print!("{}", markdown::head(&columns.collect::<Vec<_>>()));
    for method in names(records, |record| &record.method) {
        let cells = problems.iter().map(|problem| cell(records, problem, method));
        let cells: Vec<String> = std::iter::once(method.to_owned()).chain(cells).collect();
        print!("{}", markdown::row(&cells));
    }
    println!();
}

fn cell(records: &[Record], problem: &str, method: &str) -> String {
    let of = || records.iter().filter(|r| r.problem == problem && r.method == method);
    let gaps: Vec<f64> = of().filter_map(|record| record.gap).collect();
    let mut parts = vec![match mean(&gaps) {
        _ if gaps.is_empty() => "none".to_owned(),
        (mean, Some(error)) => format!("{mean:.3} ± {error:.3}"),
        (mean, None) => format!("{mean:.3}"),
    }];
    let counts: Vec<[usize; 2]> = of().filter_map(|record| record.feasible).collect();
    if method.ends_with("raw") && !counts.is_empty() {
        let [feasible, reads] =
            counts.iter().fold([0, 0], |sum, count| [sum[0] + count[0], sum[1] + count[1]]);
        parts.push(format!("({feasible}/{reads})"));
    }
    let seconds: Vec<f64> = of().map(|record| record.seconds).collect();
    if !method.starts_with('(') && !method.ends_with("raw") && !seconds.is_empty() {
        parts.push(format!("[{:.2}]", mean(&seconds).0));
    }
    if of().next().is_none() { String::new() } else { parts.join(" ") }
}

/// What is drawn, with its label.
const DRAWN: [(&str, &str, RGBColor); 6] = [
    ("greedy + moves", "greedy + moves", RGBColor(0, 114, 178)),
    ("prices", "prices", RGBColor(0, 158, 115)),
    ("close calls, annealing", "close calls, annealing", RGBColor(230, 159, 0)),
    ("close calls, bifurcation", "close calls, bifurcation", RGBColor(204, 121, 167)),
    ("penalties, annealing 500, completed", "penalties, annealing", RGBColor(213, 94, 0)),
    ("penalties, bifurcation, time of annealing 500, completed", "penalties, bifurcation", BLACK),
];

/// The records of the routing problems in a folder.
fn routing_records(folder: &Path) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in files {
        if file.file_name().to_string_lossy().starts_with("routing") {
            let text = std::fs::read_to_string(file.path())?;
            let read: Records = serde_json::from_str(&text)
                .with_context(|| format!("in {}", file.path().display()))?;
            records.extend(read.records);
        }
    }
    Ok(records)
}

/// Draws the gaps of the routing problems, a row a problem, into the folder's parent.
pub(crate) fn plot(folder: &Path) -> Result<()> {
    let records = routing_records(folder)?;
    let problems = names(&records, |record| &record.problem);
    let path = folder.parent().unwrap_or(folder).join("gaps.svg");
    let height = 110 + 26 * problems.len() as u32;
    let area = SVGBackend::new(&path, (960, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let count = problems.len() as f64;
    let mut chart = ChartBuilder::on(&area)
        .caption("objective below the price bound, %: mean and standard error", ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(34)
        .y_label_area_size(290)
        .build_cartesian_2d((0.0005..3000.0).log_scale(), -0.5..count - 0.5)?;
    let label = |y: &f64| {
        let index = count - 1.0 - y.round();
        let whole = (y - y.round()).abs() < 1e-6 && index >= 0.0;
        let name = whole.then(|| problems.get(index as usize)).flatten();
        name.map_or(String::new(), ToString::to_string)
    };
    let mut mesh = chart.configure_mesh();
    mesh.y_labels(problems.len() * 2).y_label_formatter(&label).light_line_style(TRANSPARENT);
    mesh.draw()?;
    for (number, (method, label, colour)) in DRAWN.into_iter().enumerate() {
        let mut points = Vec::new();
        for (index, problem) in problems.iter().enumerate() {
            let of = records.iter().filter(|r| r.problem == *problem && r.method == method);
            let gaps: Vec<f64> = of.filter_map(|record| record.gap).collect();
            if !gaps.is_empty() {
                let y = count - 1.0 - index as f64 + 0.3 - 0.12 * number as f64;
                let (middle, error) = mean(&gaps);
                points.push((middle, error.unwrap_or(0.0), y));
            }
        }
        let bars = points.iter().map(|&(x, error, y)| {
            let ends = vec![((x - error).max(0.0005), y), (x + error, y)];
            PathElement::new(ends, colour.stroke_width(1))
        });
        chart.draw_series(bars)?;
        let dots = points.iter().map(|&(x, _, y)| Circle::new((x, y), 4, colour.filled()));
        chart
            .draw_series(dots)?
            .label(label)
            .legend(move |(x, y)| Circle::new((x + 8, y), 4, colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}
