//! What do the dynamics of simulated bifurcation add to routing?
//!
//! Capacity factor 1.0, one thread, layers 0 and 3 of the trained routers and OLMoE batches; gaps are against
//! the proven optimum of `flow`. The defaults were chosen on the batches that are not marked as held out.
//!
//! - `sb-full` as it is and with every switch: dynamics off (prices, decode, repair), prices by the
//!   method of multipliers, prices from zero; and the repair alone (quantile balancing of as many rounds);
//! - `sb-close-call` beside quantile balancing of as many rounds as take its time;
//! - gap against time with dynamics and without, a table and with `--plot FILE.svg` a plot;
//! - a step of the dynamics against a copy.
//!
//! `won by` says which part gave the best answers: start (the repair alone), prices or dynamics. One
//! sample a batch unless `--repeat` says otherwise: times are medians over batches.

mod batches;
mod curve;
mod step;
mod ways;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use spinroute_benches::report::{self, Options};
use spinroute_encodings::routing::Origin;
use spinroute_encodings::{SbCloseCall, SbFull};
use spinroute_lab::{Machine, Timings};

use self::ways::{CLOSE, EQUAL, FLOW, FULL, Figures, OFF, REPAIR, Row};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Parameters of `sb-full`, as JSON.
    #[arg(long, default_value = "{}")]
    full: String,
    /// Parameters of `sb-close-call`, as JSON.
    #[arg(long, default_value = "{}")]
    close_call: String,
    /// Draw gap against time here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

fn main() -> Result<()> {
    let Arguments { options, full, close_call, plot } = Arguments::parse();
    let full: SbFull = serde_json::from_str(&full)?;
    let close_call: SbCloseCall = serde_json::from_str(&close_call)?;
    let machine = Machine::here();
    let mut batches = batches::all()?;
    batches.retain(|batch| options.wants(batch.case.family, &batch.case.name));
    if options.quick {
        batches = batches.into_iter().step_by(7).collect();
    }
    let repetitions = options.repeat.unwrap_or(1).max(1);
    println!("# What the dynamics add to routing\n");
    println!("{machine}; one thread; samples a batch: {repetitions}.");
    let mut rows = Vec::new();
    for batch in &batches {
        rows.push(ways::measure(batch, full, close_call, repetitions)?);
    }
    for held_out in [false, true] {
        let name = if held_out { "Held out" } else { "Tuned on" };
        let rows: Vec<&Row> = rows.iter().filter(|row| row.held_out == held_out).collect();
        summarise(name, &rows);
    }
    gaps(&rows);
    balance(&rows);
    let mut curves = Vec::new();
    for batch in batches.iter().filter(|b| b.held_out && !b.case.name.contains("short")) {
        curves.push(curve::measure(batch, full)?);
    }
    if !curves.is_empty() {
        curve::print(&curves);
        plot.map_or(Ok(()), |path| curve::draw(&path, &curves))?;
    }
    let steps = step::measure(if options.quick { 1 } else { 9 })?;
    step::print(&steps);
    let figures = serde_json::json!({ "batches": rows, "curves": curves, "steps": steps });
    options.write(&machine, &figures)
}

fn percent(fraction: f64) -> String {
    format!("{:.4} %", 100.0 * fraction)
}

/// Medians and worst of every way.
fn summarise(name: &str, rows: &[&Row]) {
    let Some(first) = rows.first() else { return };
    println!("\n## {name}: {} batches\n", rows.len());
    report::head(&[
        "way",
        "median ms",
        "median gap",
        "worst gap",
        "median own gap",
        "worst own gap",
        "won by start / prices / dynamics",
    ]);
    for way in &first.ways {
        let all: Vec<&Figures> = rows.iter().map(|row| row.of(&way.way)).collect();
        let median = |value: fn(&Figures) -> f64| {
            let mut samples = Timings::default();
            for figures in &all {
                samples.add(value(figures));
            }
            samples.median()
        };
        let worst = |value: fn(&Figures) -> f64| {
            all.iter().map(|figures| value(figures)).fold(0.0, f64::max)
        };
        let count = |origin| all.iter().filter(|f| f.won_by == Some(origin)).count();
        let won = [Origin::Start, Origin::Prices, Origin::Dynamics].map(|o| count(o).to_string());
        report::row(&[
            way.way.clone(),
            format!("{:.1}", median(|f| f.ms)),
            percent(median(|f| f.true_gap)),
            percent(worst(|f| f.true_gap)),
            percent(median(|f| f.certified_gap)),
            percent(worst(|f| f.certified_gap)),
            if way.won_by.is_some() { won.join(" / ") } else { "–".to_owned() },
        ]);
    }
}

/// Gaps of every batch.
fn gaps(rows: &[Row]) {
    println!("\n## Every batch: gap to the optimum, own certified gap in brackets\n");
    report::head(&["batch", "held out", FULL, OFF, REPAIR, "ms flow / sb-full / off"]);
    for row in rows {
        let both = |way: &str| {
            let figures = row.of(way);
            format!("{} ({})", percent(figures.true_gap), percent(figures.certified_gap))
        };
        let times = [FLOW, FULL, OFF].map(|way| format!("{:.0}", row.of(way).ms));
        report::row(&[
            row.name.clone(),
            if row.held_out { "yes" } else { "no" }.to_owned(),
            both(FULL),
            both(OFF),
            percent(row.of(REPAIR).true_gap),
            times.join(" / "),
        ]);
    }
}

/// `sb-close-call` beside quantile balancing of equal time, and beside the optimum.
fn balance(rows: &[Row]) {
    println!("\n## `sb-close-call`; balance, dead experts and retained score beside the optimum\n");
    report::head(&[
        "batch",
        "gap",
        "quantile, equal time",
        "rounds",
        "won by",
        "balance",
        "dead",
        "retained",
    ]);
    for row in rows {
        let (close, optimum) = (row.of(CLOSE), row.of(FLOW));
        let won = match close.won_by {
            Some(Origin::Start) => "start",
            Some(Origin::Prices) => "prices",
            _ => "dynamics",
        };
        report::row(&[
            row.name.clone(),
            percent(close.true_gap),
            percent(row.of(EQUAL).true_gap),
            row.rounds_at_equal_time.to_string(),
            won.to_owned(),
            format!("{:.4} / {:.4}", close.balance, optimum.balance),
            format!("{} / {}", close.dead, optimum.dead),
            format!("{:.2} / {:.2} %", 100.0 * close.retained, 100.0 * optimum.retained),
        ]);
    }
}
