//! Routing as nothing but penalties: does simulated bifurcation solve what annealing does?
//!
//! A batch of the committed router becomes a QUBO, `−Σ s x + w Σ_t (Σ_e x − k)² + w Σ_e (Σ_t x − c)²`, with
//! no prices in it. Capacities are tight (their sum is the demand), so squares need no slack. The
//! weight `w` is a factor of the largest score. Gaps are short of the optimum of `flow`: of the best
//! read that is feasible as it is, and of the mean read after repair. Simulated bifurcation runs as it
//! does by default (it chooses ballistic dynamics here), and with heat; annealing with its defaults,
//! and with more sweeps than fit into the same time. Two threads, whole calls of `minimise`.

use anyhow::Result;
use clap::Parser;
use ndarray::s;
use serde::Serialize;
use spinroute_benches::{
    data::{self, Transform},
    report::{self, Options},
};
use spinroute_bifurcation::Bifurcation;
use spinroute_core::{Demand, Instance, Run, Solver};
use spinroute_encodings::{Full, Pairs};
use spinroute_flow::Flow;
use spinroute_ising::{Anneal, Ising, Minimiser};
use spinroute_lab::Machine;
use spinroute_lab::timing::{pool, time};
use spinroute_modelling::{Inequality, Multiplier, Penalty};

/// Token stride, tokens, expert stride, k, and how many reads or agents.
const BATCHES: [(usize, usize, usize, u32, usize); 2] = [(64, 64, 10, 2, 16), (8, 480, 1, 6, 4)];

/// Penalties, as factors of the largest score.
const WEIGHTS: [f64; 4] = [0.5, 1.0, 2.0, 10.0];

#[derive(Serialize)]
struct Row {
    batch: String,
    weight: f64,
    solver: String,
    reads: usize,
    steps: usize,
    feasible: usize,
    /// Percent of the optimum; nothing if no read is feasible.
    best_feasible_gap: Option<f64>,
    mean_repaired_gap: f64,
    lowest_energy: f64,
    ms: f64,
}

struct Batch {
    name: String,
    instance: Instance,
    optimum: f64,
    largest: f64,
    reads: usize,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Routing as penalties\n\n{machine}, 2 threads; gaps in percent of the optimum.\n");
    report::head(&[
        "batch",
        "weight",
        "solver",
        "reads × steps",
        "feasible",
        "best feasible gap",
        "mean repaired gap",
        "lowest energy",
        "ms",
    ]);
    let pool = pool(2)?;
    let mut rows = Vec::new();
    for shape in BATCHES {
        let batch = batch(shape)?;
        if !options.wants("penalties", &batch.name) {
            continue;
        }
        for weight in if options.quick { &WEIGHTS[1..2] } else { &WEIGHTS[..] } {
            let (model, pairs) = batch.model(weight * batch.largest)?;
            let sb = Bifurcation { agents: batch.reads, steps: 2000, ..Bifurcation::default() };
            let heated = Bifurcation { heated: 0.06, ..sb.clone() };
            let long = Bifurcation { steps: 10_000, ..heated.clone() };
            for (name, sb) in
                [("sb", &sb), ("sb, heated 0.06", &heated), ("sb, heated 0.06", &long)]
            {
                let shape = (sb.agents, sb.steps);
                let row =
                    pool.install(|| batch.measure(*weight, name, shape, sb, &model, &pairs))?;
                rows.push(row);
            }
            for sweeps in [1000, 5000] {
                if sweeps > 1000 && batch.instance.flat().len() > 10_000 {
                    continue; // minutes, and no better than in the smaller batch
                }
                let anneal = Anneal { reads: batch.reads, sweeps, ..Anneal::default() };
                let shape = (batch.reads, sweeps);
                let row = pool.install(|| {
                    batch.measure(*weight, "annealing", shape, &anneal, &model, &pairs)
                })?;
                rows.push(row);
            }
        }
    }
    options.write(&machine, &rows)
}

fn batch(
    (stride, tokens, expert_stride, k, reads): (usize, usize, usize, u32, usize),
) -> Result<Batch> {
    let logits = data::sample_logits()?;
    let logits = logits.slice(s![..;stride as isize, ..;expert_stride as isize]);
    let scores = data::transformed(logits.slice(s![..tokens, ..]).to_owned(), Transform::Softmax);
    let (tokens, experts) = scores.dim();
    let largest = f64::from(scores.fold(0.0, |most: f32, &s| most.max(s)));
    let capacity = Instance::uniform_capacity(tokens, experts, k as usize, 1.0)?;
    let instance = Instance::new(scores, capacity, Demand::Exactly(k))?;
    let solution = Flow::default().solve(&instance, &mut Run::new(0))?;
    let optimum = instance.objective(&solution.assignment)?;
    Ok(Batch { name: format!("{tokens} × {experts}, k = {k}"), instance, optimum, largest, reads })
}

impl Batch {
    fn model(&self, weight: f64) -> Result<(Ising, Pairs)> {
        let form = Full { capacities: Inequality::Multiplier, ..Full::default() };
        let squares = vec![Multiplier { linear: 0.0, square: weight }; self.instance.experts()];
        let (qubo, pairs) = form.structured(&self.instance, Penalty::Fixed(weight), &squares)?;
        Ok((qubo.to_ising(), pairs))
    }

    fn measure(
        &self,
        weight: f64,
        solver: &str,
        (reads, steps): (usize, usize),
        minimiser: &dyn Minimiser,
        model: &Ising,
        pairs: &Pairs,
    ) -> Result<Row> {
        let (samples, ms) = time(|| minimiser.minimise(model, &mut Run::new(1)));
        let samples = samples?;
        let gap = |objective: f64| 100.0 * (self.optimum - objective) / self.optimum;
        let (mut feasible, mut best_feasible_gap, mut repaired) = (0, None, 0.0);
        for read in 0..reads {
            let state = samples.state(read);
            if let Ok(objective) = pairs
                .choices(state)
                .map_err(anyhow::Error::from)
                .and_then(|choices| self.instance.objective(&choices).map_err(anyhow::Error::from))
            {
                feasible += 1;
                let found = gap(objective);
                best_feasible_gap =
                    Some(best_feasible_gap.map_or(found, |best: f64| best.min(found)));
            }
            repaired += gap(self.instance.objective(&pairs.repaired(state, None)?)?);
        }
        let lowest_energy = samples.energies.iter().copied().fold(f64::INFINITY, f64::min);
        let row = Row {
            batch: self.name.clone(),
            weight,
            solver: solver.to_owned(),
            reads,
            steps,
            feasible,
            best_feasible_gap,
            mean_repaired_gap: repaired / reads as f64,
            lowest_energy,
            ms,
        };
        report::row(&[
            row.batch.clone(),
            weight.to_string(),
            row.solver.clone(),
            format!("{reads} × {steps}"),
            format!("{feasible} of {reads}"),
            best_feasible_gap.map_or("none".into(), |gap| format!("{gap:.3}")),
            format!("{:.3}", row.mean_repaired_gap),
            format!("{lowest_energy:.3}"),
            format!("{ms:.0}"),
        ]);
        Ok(row)
    }
}
