//! Gaps of baselines and annealing on the three problems, as Markdown.
//!
//! `cargo run --release -p spinroute-variants --example gaps [-- quick | e160 | e64 | placement]`. Data: the committed sample
//! of `experiments/data`, and `$SPINROUTE_DATA`, else `../shared/data`; what is missing is said on
//! stderr and left out. One seed a figure, given in the table's heading.

use std::path::{Path, PathBuf};

use ndarray::{Array2, Array3, Axis};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use spinroute_core::{Assignment, Demand, Instance, Run};
use spinroute_qubo::{Anneal, Options, registry};
use spinroute_variants::{
    Affinity, Balance, GroupLimited, Lagrangian, Placed, Placement, Replication, Separable, greedy,
    improve, relaxed, sample,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "quick");
    let asked = |name: &str| {
        let sections = ["e160", "e64", "placement"];
        let none = !arguments.iter().any(|argument| sections.contains(&argument.as_str()));
        none || arguments.iter().any(|argument| argument == name)
    };
    let (tokens, sweeps) = if quick { (16, 50) } else { (64, 500) };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var("SPINROUTE_DATA").map_or(root.join("../shared/data"), PathBuf::from);
    let sample_router = root.join("experiments/data/e160k6-noaux");
    let balanced_router = shared.join("trained-routers/e64k8-aux");
    let anneal = Anneal { reads: 8, sweeps, ..Anneal::default() };
    println!("Seed 0, anneal 8 reads x {sweeps} sweeps, capacity factor 1, demand AtMost.\n");
    heading();
    for (name, folder, k) in [("e160", &sample_router, 6), ("e64", &balanced_router, 8)] {
        if !asked(name) {
            continue;
        }
        let Some((scores, weights)) = found(name, router(folder, tokens))? else {
            continue;
        };
        let rows = scores.slice(ndarray::s![..tokens, ..]).to_owned();
        let experts = rows.ncols();
        for limit in [2, 3] {
            let group = (0..experts).map(|e| (e * 8 / experts) as u32).collect();
            let problem = GroupLimited::new(instance(&rows, k)?, group, limit)?;
            let title = format!("groups {limit} of 8, {name}, T={tokens}, k={k}");
            let first = problem.groups_first()?;
            report(&title, &problem, ("groups first", first), &anneal)?;
        }
        let plain = instance(&rows, 3)?;
        let unit = f64::from(rows.sum()) / (tokens as f64) / 40.0;
        for (kind, table) in [
            (
                "same device",
                Array2::from_shape_fn((experts, experts), |(e, f)| {
                    if e * 8 / experts == f * 8 / experts { unit } else { 0.0 }
                }),
            ),
            ("unlike experts", similarity(&weights).mapv(|cosine| -4.0 * unit * cosine.max(0.0))),
        ] {
            let problem = Affinity::new(plain.clone(), table)?;
            let title = format!("affinity {kind}, {name}, T={tokens}, k=3");
            let flow = relaxed_plain(&plain)?;
            report(&title, &problem, ("flow, w = 0", flow), &anneal)?;
        }
    }
    if asked("placement") {
        placements(&shared, &anneal)?;
        replication()?;
    }
    Ok(())
}

fn heading() {
    println!(
        "| problem | flow bound | price bound | greedy | greedy + moves | baseline | baseline + moves | prices | anneal, raw (feasible) | anneal, repaired | best gap |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
}

/// One row: every objective as its gap to the price bound, in percent.
fn report(
    title: &str,
    problem: &dyn Separable,
    (_, baseline): (&str, Assignment),
    anneal: &Anneal,
) -> Outcome<()> {
    let flow = relaxed(problem)?.0;
    let priced = Lagrangian::default().solve(problem, &mut Run::new(0))?;
    let gap = |objective: f64| 100.0 * (priced.bound - objective) / objective.abs();
    let start = greedy(problem);
    let mut gaps = vec![gap(problem.objective(&start)?)];
    gaps.push(gap(problem.objective(&improve(problem, &start))?));
    gaps.push(gap(problem.objective(&baseline)?));
    gaps.push(gap(problem.objective(&improve(problem, &baseline))?));
    gaps.push(gap(priced.objective));
    let sampled = sample(problem, anneal, &Options::default(), &mut Run::new(0))?;
    let raw = sampled.raw.map_or("none".to_owned(), |raw| format!("{:.2}", gap(raw)));
    let raw = format!("{raw} ({}/{})", sampled.feasible, sampled.reads);
    gaps.push(gap(sampled.objective));
    let repaired = format!("{:.2}", gap(sampled.objective));
    let best = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let cells: Vec<String> = gaps[..5].iter().map(|gap| format!("{gap:.2}")).collect();
    let bound = priced.bound;
    println!(
        "| {title} | {flow:.4} | {bound:.4} | {} | {raw} | {repaired} | {best:.2} |",
        cells.join(" | ")
    );
    Ok(())
}

fn placements(shared: &Path, anneal: &Anneal) -> Outcome<()> {
    println!(
        "\nPlacement: total cost above the lower bound, in percent (busiest / traffic of the best).\n"
    );
    println!(
        "| problem | LPT | layer after layer | LPT + swaps | chain + swaps | anneal | anneal + swaps | random + swaps | proven optimum | best: busiest over mean, share of traffic |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let path = shared.join("olmoe-loads/expert_counts.safetensors");
    let Some(bytes) = found("olmoe-loads", std::fs::read(path).map_err(Into::into))? else {
        return Ok(());
    };
    let file = SafeTensors::deserialize(&bytes)?;
    for (model, devices, layers) in [("olmoe", 8, 3), ("mistral", 4, 2)] {
        let loads = whole(&file.tensor(&format!("{model}.expert_counts.c4"))?);
        let joint = whole(&file.tensor(&format!("{model}.expert_counts_crosslayer.c4"))?);
        let experts = loads.len() / 3;
        let loads = Array2::from_shape_vec((layers, experts), loads[..layers * experts].to_vec())?;
        let joint: Vec<Array2<f64>> = joint
            .chunks(experts * experts)
            .take(layers - 1)
            .map(|table| Array2::from_shape_vec((experts, experts), table.to_vec()))
            .collect::<Result<_, _>>()?;
        let mean = loads.sum() / devices as f64;
        let all: f64 = joint.iter().flatten().sum();
        for share in [0.0, 0.1, 1.0] {
            let problem =
                Placement::new(loads.clone(), joint.clone(), devices, share * mean / all)?;
            let bound = problem.bound()?.total;
            let (lpt, chain) = (problem.lpt()?, problem.chain()?);
            let squares = Balance::Squares { weight: 1.0 };
            let mut answers = [
                lpt.clone(),
                chain.clone(),
                problem.improve(lpt.devices)?,
                problem.improve(chain.devices)?,
                problem.sample(anneal, squares, false, &mut Run::new(0))?,
                problem.sample(anneal, squares, true, &mut Run::new(0))?,
                random(&problem, anneal.reads as u64)?,
            ];
            let gap = |total: f64| format!("{:.3}", 100.0 * (total - bound) / bound);
            let cells: Vec<String> = answers.iter().map(|answer| gap(answer.cost.total)).collect();
            let proven = problem.exhaustive().map_or("-".into(), |best| gap(best.cost.total));
            answers.sort_by(|a, b| a.cost.total.total_cmp(&b.cost.total));
            let cost = &answers[0].cost;
            println!(
                "| {model}, {layers} layers, {devices} devices, traffic x {share} | {} | {proven} | {:.4}, {:.4} |",
                cells.join(" | "),
                cost.busiest / mean,
                cost.traffic / all
            );
        }
    }
    Ok(())
}

/// What the swaps reach alone: the best of as many random starts as annealing has reads.
fn random(problem: &Placement, starts: u64) -> Outcome<Placed> {
    let shape = (problem.layers(), problem.experts(), problem.devices());
    let mut state = 1u64;
    let mut next = || {
        // Knuth's MMIX generator: the high bits are good enough to shuffle with.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64
    };
    let mut answers = Vec::new();
    for _ in 0..starts {
        let start = problem.repair(&Array3::from_shape_simple_fn(shape, &mut next))?;
        answers.push(problem.improve(start.devices)?);
    }
    answers.sort_by(|a, b| a.cost.total.total_cmp(&b.cost.total));
    answers.into_iter().next().ok_or_else(|| "no start".into())
}

fn replication() -> Outcome<()> {
    let loads = vec![600.0, 560.0, 120.0, 120.0, 20.0, 10.0, 10.0, 10.0];
    let problem = Replication::new(loads, 8, 2)?;
    let (eplb, best) = (problem.eplb(), problem.optimum()?);
    println!(
        "\nReplication, 8 devices x 2 slots: EPLB {}, optimum {} (copies {:?}), mean load {}.",
        eplb.busiest,
        best.busiest,
        best.copies,
        1450.0 / 8.0
    );
    println!(
        "Minimisers known: {:?}.",
        registry::MINIMISERS.iter().map(|m| m.name).collect::<Vec<_>>()
    );
    Ok(())
}

fn instance(scores: &Array2<f32>, k: u32) -> Outcome<Instance> {
    let (tokens, experts) = scores.dim();
    let capacity = Instance::uniform_capacity(tokens, experts, k as usize, 1.0)?;
    Ok(Instance::new(scores.clone(), capacity, Demand::AtMost(k))?)
}

/// The exact optimum without affinity.
fn relaxed_plain(instance: &Instance) -> Outcome<Assignment> {
    let zero = Array2::zeros((instance.experts(), instance.experts()));
    Ok(relaxed(&Affinity::new(instance.clone(), zero)?)?.2)
}

/// Says what is missing and goes on.
fn found<T>(what: &str, read: Outcome<T>) -> Outcome<Option<T>> {
    match read {
        Err(error) if error.downcast_ref::<std::io::Error>().is_some() => {
            eprintln!("left out, {what}: {error}");
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// `softmax(X Wᵀ)` of the first tokens of layer 3, and `W`.
fn router(folder: &Path, tokens: usize) -> Outcome<(Array2<f32>, Array2<f32>)> {
    let weights = std::fs::read(folder.join("router.safetensors"))?;
    let weights =
        single(&SafeTensors::deserialize(&weights)?.tensor("model.layers.3.mlp.gate.weight")?)?;
    let hidden = std::fs::read(folder.join("hidden.safetensors"))?;
    let hidden = SafeTensors::deserialize(&hidden)?;
    let hidden = single(&hidden.tensor("model.layers.3.mlp.gate.input")?)?;
    let mut scores = hidden.slice(ndarray::s![..tokens, ..]).dot(&weights.t());
    for mut row in scores.axis_iter_mut(Axis(0)) {
        let top = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        row.mapv_inplace(|logit| (logit - top).exp());
        let sum = row.sum();
        row.mapv_inplace(|weight| weight / sum);
    }
    Ok((scores, weights))
}

/// Cosines between the rows of `weights`, made exactly symmetric.
fn similarity(weights: &Array2<f32>) -> Array2<f64> {
    let size = |row: usize| f64::from(weights.row(row).dot(&weights.row(row))).sqrt();
    Array2::from_shape_fn((weights.nrows(), weights.nrows()), |(e, f)| {
        let (a, b) = (e.min(f), e.max(f));
        f64::from(weights.row(a).dot(&weights.row(b))) / (size(a) * size(b))
    })
}

/// A table of `f16` or `f32`.
fn single(view: &TensorView<'_>) -> Outcome<Array2<f32>> {
    let values = match view.dtype() {
        safetensors::Dtype::F16 => view
            .data()
            .chunks_exact(2)
            .map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32())
            .collect(),
        _ => view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
    };
    Ok(Array2::from_shape_vec((view.shape()[0], view.shape()[1]), values)?)
}

/// Counts of 32 bits.
fn whole(view: &TensorView<'_>) -> Vec<f64> {
    let words = view.data().chunks_exact(4);
    words.map(|b| f64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect()
}
