//! How fast is `flow`, against OR-tools on the same instances, and is the optimum the same?
//!
//! For every instance, alternating within one run: OR-tools `SimpleMinCostFlow` (build + solve),
//! `flow` with one thread and with two (build + solve), and one plain top-k pass over the same
//! scores. Medians. The optimum is compared with a run of OR-tools at a resolution of 1e13 (not
//! timed), whose rounding is far below the tolerance: 1e-9 of the objective plus `T·k / scale`.
//! The gap is certified by the prices, recomputed by spinroute-core.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::Serialize;
use spinroute_benches::{
    build_and_solve, flow,
    instances::{self, Case},
    objective_and_gap,
    peers::OrTools,
    report::{self, Options},
};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};
use spinroute_prices::Selection;

/// Integer resolution of the timed runs: what a user would choose.
const TIMED: f64 = 1e9;
/// Integer resolution of the run whose optimum counts.
const FINE: f64 = 1e13;

#[derive(Serialize)]
struct Figures {
    family: &'static str,
    name: String,
    tokens: usize,
    experts: usize,
    k: usize,
    exactly: bool,
    objective: f64,
    ortools_objective: f64,
    relative_difference: f64,
    tolerance: f64,
    same_optimum: bool,
    gap: f64,
    ortools_ms: f64,
    flow_ms: f64,
    flow_two_threads_ms: f64,
    topk_pass_ms: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    let mut ortools = OrTools::start()?;
    let mut cases = instances::all()?;
    cases.retain(|case| options.wants(case.family, &case.name));
    if options.quick {
        cases = cases.into_iter().step_by(6).collect();
    } else {
        // Sizes of today's models.
        let wanted =
            |family: &str, name: &str| family == "synthetic" && options.wants(family, name);
        cases.extend(instances::exact_sizes(wanted)?);
    }
    let repetitions = options.repetitions();
    println!("# flow against OR-tools {} SimpleMinCostFlow\n", ortools.version);
    println!("{machine}; medians of {repetitions}; build + solve on both sides.\n");
    report::head(&[
        "instance",
        "T × E, k",
        "OR-tools ms",
        "flow ms",
        "×",
        "2 threads ms",
        "×",
        "top-k passes",
        "difference",
        "certified gap",
    ]);
    let mut figures = Vec::new();
    for case in &cases {
        let row =
            measure_case(case, &mut ortools, repetitions).with_context(|| case.name.clone())?;
        print(&row);
        figures.push(row);
    }
    summary(&figures);
    options.write(&machine, &figures)?;
    let wrong = figures.iter().filter(|f| !f.same_optimum || f.gap > 1e-9).count();
    ensure!(wrong == 0, "{wrong} instances with another optimum or a gap above 1e-9");
    Ok(())
}

fn measure_case(case: &Case, ortools: &mut OrTools, repetitions: usize) -> Result<Figures> {
    let folder = ortools.load(case)?;
    let reference = ortools.solve(&folder, case, FINE)?;
    let pools = [pool(1)?, pool(2)?];
    let (instance, solver) = (case.instance()?, flow());
    let solution = pools[0].install(|| build_and_solve(case, &solver))?;
    let (objective, gap) = objective_and_gap(&instance, &solution)?;

    let (mut peer, mut pass) = (Timings::default(), Timings::default());
    let mut ours = [Timings::default(), Timings::default()];
    let (zero, mut selection) = (vec![0.0; instance.experts()], Selection::default());
    let k = case.demand.k();
    for _ in 0..repetitions {
        peer.add(ortools.solve(&folder, case, TIMED)?.milliseconds);
        for (pool, samples) in pools.iter().zip(&mut ours) {
            let (result, ms) = pool.install(|| time(|| build_and_solve(case, &solver)));
            ensure!(result? == solution, "{}: the answer changed between runs", case.name);
            samples.add(ms);
        }
        let fill = || time(|| selection.fill(instance.flat(), &zero, k)).1;
        pass.add(pools[0].install(fill));
    }
    let slots = (instance.tokens() * k) as f64;
    let tolerance = 1e-9 * objective.abs() + slots / reference.scale;
    let difference = objective - reference.objective;
    Ok(Figures {
        family: case.family,
        name: case.name.clone(),
        tokens: instance.tokens(),
        experts: instance.experts(),
        k,
        exactly: case.demand.is_exact(),
        objective,
        ortools_objective: reference.objective,
        relative_difference: difference / objective.abs(),
        tolerance,
        same_optimum: difference.abs() <= tolerance,
        gap,
        ortools_ms: peer.median(),
        flow_ms: ours[0].median(),
        flow_two_threads_ms: ours[1].median(),
        topk_pass_ms: pass.median(),
    })
}

fn print(f: &Figures) {
    report::row(&[
        format!("{}: {}", f.family, f.name),
        format!("{} × {}, {}{}", f.tokens, f.experts, if f.exactly { "" } else { "≤ " }, f.k),
        format!("{:.0}", f.ortools_ms),
        format!("{:.2}", f.flow_ms),
        format!("{:.1}", f.ortools_ms / f.flow_ms),
        format!("{:.2}", f.flow_two_threads_ms),
        format!("{:.1}", f.ortools_ms / f.flow_two_threads_ms),
        format!("{:.1}", f.flow_ms / f.topk_pass_ms),
        format!("{:+.0e}{}", f.relative_difference, if f.same_optimum { "" } else { " WRONG" }),
        format!("{:.0e}", f.gap),
    ]);
}

/// The groups of the summary; the bars differ between them.
const GROUPS: [&str; 5] = [
    "trained routers, up to 160 experts",
    "trained routers, 256 experts",
    "OLMoE affinity",
    "gpt-oss trace",
    "random",
];

fn group(f: &Figures) -> &'static str {
    match (f.family, f.experts) {
        ("trained router", ..=160) => GROUPS[0],
        ("trained router", _) => GROUPS[1],
        (family, _) => family,
    }
}

/// One row a group: the least and the median speed-up.
fn summary(figures: &[Figures]) {
    let same = figures.iter().filter(|f| f.same_optimum).count();
    let worst = figures.iter().map(|f| f.gap).fold(0.0, f64::max);
    println!(
        "\nSame optimum on {same} of {} instances; largest certified gap {worst:.1e}.\n",
        figures.len()
    );
    report::head(&[
        "family",
        "instances",
        "least ×",
        "median ×",
        "least × (2 threads)",
        "median × (2 threads)",
        "median top-k passes",
    ]);
    for name in GROUPS {
        let group: Vec<&Figures> = figures.iter().filter(|f| group(f) == name).collect();
        if group.is_empty() {
            continue;
        }
        let column = |value: &dyn Fn(&Figures) -> f64| {
            let (mut samples, mut least) = (Timings::default(), f64::INFINITY);
            for f in &group {
                samples.add(value(f));
                least = least.min(value(f));
            }
            (least, samples.median())
        };
        let one = column(&|f| f.ortools_ms / f.flow_ms);
        let two = column(&|f| f.ortools_ms / f.flow_two_threads_ms);
        let passes = column(&|f| f.flow_ms / f.topk_pass_ms);
        report::row(&[
            name.to_owned(),
            group.len().to_string(),
            format!("{:.1}", one.0),
            format!("{:.1}", one.1),
            format!("{:.1}", two.0),
            format!("{:.1}", two.1),
            format!("{:.0}", passes.1),
        ]);
    }
}
