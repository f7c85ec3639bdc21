//! Are instances with masks, minimums, groups and overflow solved to the same optimum as by OR-tools, and how much
//! longer do they take than the plain ones?
//!
//! Trained routers and OLMoE batches, 4,096 tokens, each plain and with every feature; all on one
//! thread. (Random hostile ones are small, and compared with the reference: `crates/flow/tests/general.rs`, the fuzz
//! program.) In turn, within one run: OR-tools `SimpleMinCostFlow` (build + solve, a node for each group, lower bounds
//! by the usual transformation), `flow` on the instance, and `flow` on the plain instance. The optimum is compared
//! with a run of OR-tools at a resolution of 1e13 (not timed), as in `flow_vs_ortools`.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use spinroute_benches::{
    flow,
    instances::{self, Case},
    objective_and_gap,
    peers::OrTools,
    report::{self, Options},
};
use spinroute_core::{Groups, Instance, Run, Solver};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

const TIMED: f64 = 1e9;
const FINE: f64 = 1e13;

/// What is asked for beyond one capacity an expert.
const FEATURES: [&str; 8] = [
    "mask 10 %",
    "k from 1",
    "minimum 1",
    "minimum 50 %",
    "8 devices",
    "two levels",
    "overflow",
    "all together",
];

#[derive(Serialize)]
struct Figures {
    family: &'static str,
    name: String,
    feature: &'static str,
    tokens: usize,
    experts: usize,
    k: usize,
    objective: f64,
    relative_difference: f64,
    same_optimum: bool,
    gap: f64,
    ortools_ms: f64,
    flow_ms: f64,
    plain_ms: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    let mut ortools = OrTools::start()?;
    let cases = cases()?;
    println!("# flow on general instances against OR-tools {}\n", ortools.version);
    println!("{machine}; one thread; medians of {}.\n", options.repetitions());
    report::head(&[
        "instance",
        "asked for",
        "OR-tools ms",
        "flow ms",
        "OR-tools ×",
        "plain ×",
        "difference",
        "certified gap",
    ]);
    let mut figures = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        for (j, feature) in FEATURES.into_iter().enumerate() {
            let wanted = options.wants(case.family, &format!("{}, {feature}", case.name));
            if !wanted || (options.quick && (i + j) % 5 != 0) {
                continue;
            }
            let row = measure(case, feature, &mut ortools, options.repetitions());
            let row = row.with_context(|| format!("{}, {feature}", case.name))?;
            print(&row);
            figures.push(row);
        }
    }
    summary(&figures);
    options.write(&machine, &figures)?;
    let wrong = figures.iter().filter(|f| !f.same_optimum || f.gap > 1e-9).count();
    ensure!(wrong == 0, "{wrong} instances with another optimum or a gap above 1e-9");
    Ok(())
}

/// The trained routers (layer 3 first, layer 0 last batch), and OLMoE at factor 1.0.
fn cases() -> Result<Vec<Case>> {
    let mut cases = instances::trained_routers()?;
    cases.retain(|case| {
        let chosen = case.name.contains("layer 3, first") || case.name.contains("layer 0, last");
        chosen && !case.name.contains("1.25") && !case.name.contains("sigmoid")
    });
    let mut ties = instances::olmoe()?;
    ties.retain(|case| case.name.contains("factor 1") && !case.name.contains("1.25"));
    Ok([cases, ties].concat())
}

/// A case with a feature, and the plain one beside it.
fn instance(case: &Case, feature: &str) -> Result<(Instance, Instance)> {
    let (tokens, experts) = case.scores.dim();
    let (k, mut rng) = (case.demand.k(), ChaCha8Rng::seed_from_u64(11));
    let plain = case.instance()?;
    let all = feature == "all together";
    let mut builder = plain.rebuild();
    let mut demands = vec![k as u32; tokens];
    if feature == "k from 1" || all {
        demands = (0..tokens).map(|_| rng.random_range(1..=k as u32)).collect();
    }
    if feature == "mask 10 %" || all {
        demands.iter_mut().filter(|_| rng.random_range(0..10) == 0).for_each(|k| *k = 0);
    }
    let slots: u64 = demands.iter().map(|&k| u64::from(k)).sum();
    builder = builder.demands(&demands);
    let each = |factor: f64| builder.clone().capacity_factor(factor);
    let is_grouped = feature == "8 devices" || feature == "two levels" || all;
    builder = match feature {
        "minimum 1" | "minimum 50 %" => each(2.0),
        "overflow" => each(1.0).overflow(0.05, tokens as u32),
        _ if is_grouped => each(1.5),
        _ => each(1.0),
    };
    if feature == "minimum 1" {
        builder = builder.minimum(vec![1; experts]);
    } else if feature == "minimum 50 %" || all {
        builder = builder.minimum(vec![(slots / (2 * experts as u64)) as u32; experts]);
    }
    if is_grouped {
        let mut groups = Groups::consecutive(experts, 8)?;
        if feature != "8 devices" {
            groups = groups.within(vec![0, 0, 0, 0, 1, 1, 1, 1])?;
        }
        builder = builder.groups(groups.capacity_factor(slots, 1.0)?);
    }
    if all {
        builder = builder.overflow(0.05, 8);
    }
    Ok((builder.build()?, plain))
}

fn measure(
    case: &Case,
    feature: &'static str,
    ortools: &mut OrTools,
    repetitions: usize,
) -> Result<Figures> {
    let (instance, plain) = instance(case, feature)?;
    let folder = ortools.load_instance(&instance)?;
    let reference = ortools.solve_demand(&folder, case.demand, FINE)?;
    let (pool, solver) = (pool(1)?, flow());
    let solve =
        |instance: &Instance| pool.install(|| time(|| solver.solve(instance, &mut Run::new(0))));
    let solution = solve(&instance).0?;
    solve(&plain).0?;
    let (objective, gap) = objective_and_gap(&instance, &solution)?;
    let (mut peer, mut ours, mut base) =
        (Timings::default(), Timings::default(), Timings::default());
    for i in 0..repetitions {
        if i < 3 {
            peer.add(ortools.solve_demand(&folder, case.demand, TIMED)?.milliseconds);
        }
        let (again, ms) = solve(&instance);
        ensure!(again? == solution, "the answer changed between runs");
        ours.add(ms);
        base.add(solve(&plain).1);
    }
    let tolerance = 1e-9 * objective.abs() + instance.slots() as f64 / reference.scale;
    let difference = objective - reference.objective;
    Ok(Figures {
        family: case.family,
        name: case.name.clone(),
        feature,
        tokens: instance.tokens(),
        experts: instance.experts(),
        k: case.demand.k(),
        objective,
        relative_difference: difference / objective.abs(),
        same_optimum: difference.abs() <= tolerance,
        gap,
        ortools_ms: peer.median(),
        flow_ms: ours.median(),
        plain_ms: base.median(),
    })
}

fn print(f: &Figures) {
    report::row(&[
        format!("{}: {}", f.family, f.name),
        f.feature.to_owned(),
        format!("{:.0}", f.ortools_ms),
        format!("{:.2}", f.flow_ms),
        format!("{:.1}", f.ortools_ms / f.flow_ms),
        format!("{:.2}", f.flow_ms / f.plain_ms),
        format!("{:+.0e}{}", f.relative_difference, if f.same_optimum { "" } else { " WRONG" }),
        format!("{:.0e}", f.gap),
    ]);
}

/// One row a feature: medians, and the worst.
fn summary(figures: &[Figures]) {
    println!();
    report::head(&[
        "asked for",
        "instances",
        "plain ×, median",
        "largest",
        "OR-tools ×, median",
        "least",
    ]);
    for feature in FEATURES {
        let of = |ratio: fn(&Figures) -> f64| {
            let rows = figures.iter().filter(|f| f.feature == feature);
            let mut ratios: Vec<f64> = rows.map(ratio).collect();
            ratios.sort_by(f64::total_cmp);
            ratios
        };
        let (slower, faster) = (of(|f| f.flow_ms / f.plain_ms), of(|f| f.ortools_ms / f.flow_ms));
        let (Some(largest), Some(least)) = (slower.last(), faster.first()) else { continue };
        report::row(&[
            feature.to_owned(),
            slower.len().to_string(),
            format!("{:.2}", slower[slower.len() / 2]),
            format!("{largest:.2}"),
            format!("{:.1}", faster[faster.len() / 2]),
            format!("{least:.1}"),
        ]);
    }
    let same = figures.iter().filter(|f| f.same_optimum).count();
    let worst = figures.iter().map(|f| f.gap).fold(0.0, f64::max);
    println!("\nSame optimum on {same} of {}; largest certified gap {worst:.1e}.", figures.len());
}
