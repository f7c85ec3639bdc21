//! How far baselines, prices and minimisers stay from the bounds where exact flow ends.
//!
//! The experiment `experiments/beyond-flow`; with no section named, all are run.
//!
//! `cargo run --release -p spinroute-benches --bin gaps -- [small | routing | placement | plot]...`
//!
//! `--config FILE` says what is run, `--out FOLDER` keeps the records of a section as JSON, and `plot` draws
//! what that folder holds. Tables are Markdown, means over the seeds with their standard error. Data: what is
//! in the repository, then `$SPINROUTE_DATA`; what is missing is said on stderr and left out.

mod config;
mod data;
mod placement;
mod report;
mod rivals;
mod routing;
mod small;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use spinroute_lab::Machine;

use config::Records;

#[derive(Parser)]
struct Arguments {
    /// What to run.
    sections: Vec<Section>,
    /// Problems, budgets, seeds.
    #[arg(long, default_value = "experiments/beyond-flow/config.toml")]
    config: PathBuf,
    /// Write the records of every section into this folder; the plot is made of what is there.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only routers of this name.
    #[arg(long)]
    router: Option<String>,
    /// Only batches of so many tokens.
    #[arg(long)]
    tokens: Option<usize>,
    /// Only this seed.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Instances with a proven optimum.
    Small,
    /// Group limits and affinity.
    Routing,
    /// Experts on devices.
    Placement,
    /// The records as a picture.
    Plot,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut config = config::read(&arguments.config)?;
    config.seeds.retain(|&seed| arguments.seed.is_none_or(|only| only == seed));
    config
        .routers
        .retain(|router| arguments.router.as_ref().is_none_or(|name| *name == router.name));
    config.routing.tokens.retain(|&tokens| arguments.tokens.is_none_or(|only| only == tokens));
    let all = [Section::Small, Section::Routing, Section::Placement];
    let sections = if arguments.sections.is_empty() { &all[..] } else { &arguments.sections };
    for section in sections {
        let (name, records) = match section {
            Section::Small => ("small".to_owned(), small::run(&config)?),
            Section::Routing => {
                let mut name = "routing".to_owned();
                let tokens = arguments.tokens.map(|tokens| tokens.to_string());
                let seed = arguments.seed.map(|seed| format!("seed{seed}"));
                for part in arguments.router.iter().chain(&tokens).chain(&seed) {
                    name = format!("{name}-{part}");
                }
                (name, routing::run(&config)?)
            }
            Section::Placement => ("placement".to_owned(), placement::run(&config)?),
            Section::Plot => {
                if let Some(folder) = &arguments.out {
                    report::plot(folder)?;
                }
                continue;
            }
        };
        report::table(&records);
        if let Some(folder) = &arguments.out {
            let all = Records { machine: Machine::here(), config: config.clone(), records };
            std::fs::create_dir_all(folder)?;
            let text = serde_json::to_string_pretty(&all)? + "\n";
            std::fs::write(folder.join(format!("{name}.json")), text)?;
        }
    }
    Ok(())
}
