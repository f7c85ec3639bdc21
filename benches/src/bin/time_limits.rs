//! How late is each solver under a limit of time?
//!
//! On the committed sample (4,096 × 160, k = 6), a synthetic batch of 16,384 × 256 (k = 8) and a
//! collapsed one (4,096 × 64, k = 4, nearly all tokens at a few experts): every solver under limits of
//! 1, 2, 5 and 10 ms, and without. Every cell is the median time, the longest, and the gap of the
//! answer of the median run against the prices of `flow`. All threads; the limit counts from the
//! run's start and covers all that the solver does.

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use spinroute_benches::{
    build_and_solve,
    data::{self, Transform},
    flow,
    instances::{Case, skewed_logits},
    report::{self, Options},
};
use spinroute_core::{Budget, Certificate, Demand, Instance, Run, Solution, Solver};
use spinroute_encodings::routing::{SbCloseCall, SbFull};
use spinroute_lab::Machine;
use spinroute_lab::timing::time;
use spinroute_transport::{
    CappedTopK, ExpertChoice, Greedy, MaxScoreReleased, MaxScoreReroute, Quantile,
    QuantileHistogram,
};

const LIMITS: [u64; 4] = [1, 2, 5, 10];

#[derive(Clone, Copy, Serialize)]
struct Figure {
    limit_ms: Option<u64>,
    median_ms: f64,
    longest_ms: f64,
    gap: f64,
}

#[derive(Serialize)]
struct Row {
    name: String,
    solver: &'static str,
    figures: Vec<Figure>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Lateness under limits of time\n");
    println!(
        "{machine}; all threads; of {} runs: median ms (longest), gap.\n",
        options.repetitions()
    );
    report::head(&["batch", "solver", "1 ms", "2 ms", "5 ms", "10 ms", "no limit"]);
    let mut rows = Vec::new();
    for case in cases()? {
        let instance = case.instance()?;
        let prices = build_and_solve(&case, &flow())?.prices.unwrap_or_default();
        let best = Certificate::new(&instance, prices)?;
        for (solver, built) in solvers() {
            if !options.wants(&case.name, solver) {
                continue;
            }
            let limits = LIMITS.into_iter().map(Some).chain([None]);
            let figures = limits
                .map(|limit| measured(&instance, &best, &*built, limit, options.repetitions()))
                .collect::<Result<_>>()?;
            let row = Row { name: case.name.clone(), solver, figures };
            print(&row);
            rows.push(row);
        }
    }
    options.write(&machine, &rows)
}

fn cases() -> Result<Vec<Case>> {
    let sample = data::transformed(data::sample_logits()?, Transform::Softmax);
    let drawn = |tokens, experts, skew| -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        data::transformed(skewed_logits(tokens, experts, skew, &mut rng), Transform::Softmax)
    };
    [
        ("sample 4096 × 160, k = 6", sample, 6),
        ("synthetic 16384 × 256, k = 8", drawn(16_384, 256, 1.0), 8),
        ("collapsed 4096 × 64, k = 4", drawn(4096, 64, 6.0), 4),
    ]
    .into_iter()
    .map(|(name, scores, k)| Case::uniform("limits", name.into(), scores, Demand::Exactly(k), 1.0))
    .collect()
}

fn solvers() -> Vec<(&'static str, Box<dyn Solver>)> {
    vec![
        ("greedy", Box::new(Greedy {})),
        ("quantile", Box::new(Quantile::default())),
        ("quantile, 60 rounds", Box::new(Quantile { rounds: 60 })),
        ("capped-topk", Box::new(CappedTopK::default())),
        ("quantile-histogram", Box::new(QuantileHistogram::default())),
        ("expert-choice", Box::new(ExpertChoice::default())),
        ("maxscore-released", Box::new(MaxScoreReleased {})),
        ("maxscore-reroute", Box::new(MaxScoreReroute {})),
        ("sb-close-call", Box::new(SbCloseCall::default())),
        ("sb-full", Box::new(SbFull::default())),
        ("flow", Box::new(flow())),
    ]
}

fn measured(
    instance: &Instance,
    best: &Certificate,
    solver: &dyn Solver,
    limit: Option<u64>,
    repetitions: usize,
) -> Result<Figure> {
    let budget = Budget { steps: None, time: limit.map(Duration::from_millis) };
    let mut runs: Vec<(f64, Solution)> = Vec::new();
    for _ in 0..repetitions {
        let (solution, ms) = time(|| solver.solve(instance, &mut Run::new(0).budget(budget)));
        runs.push((ms, solution?));
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (median_ms, solution) = &runs[runs.len() / 2];
    let gap = best.gap(instance.objective(&solution.assignment)?);
    let longest_ms = runs[runs.len() - 1].0;
    Ok(Figure { limit_ms: limit, median_ms: *median_ms, longest_ms, gap })
}

fn print(row: &Row) {
    let cell = |figure: &Figure| {
        let Figure { median_ms, longest_ms, gap, .. } = figure;
        format!("{median_ms:.1} ({longest_ms:.1}), {:.2} %", gap * 100.0)
    };
    let mut cells = vec![row.name.clone(), row.solver.to_owned()];
    cells.extend(row.figures.iter().map(cell));
    report::row(&cells);
}
