//! Experts on devices: baselines, whole models, two devices at a time, and kicks.

use std::time::{Duration, Instant};

use anyhow::Result;
use ndarray::Array3;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spinroute_core::{Budget, Run};
use spinroute_ising::{Anneal, Minimiser};
use spinroute_placement::{Balance, Kicks, Placed, Placement, Replication, TwoDevices};

use crate::config::{Config, Record};
use crate::data;
use crate::rivals::{EqualTime, Random, Timed, dynamics};

/// All models, weights, methods and seeds.
pub(crate) fn run(config: &Config) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let Some(path) = data::find(&config.placement.file) else { return Ok(records) };
    for model in &config.placement.models {
        let (loads, joint) = data::counts(&path, &model.name, model.layers)?;
        let mean = loads.sum() / model.devices as f64;
        let all: f64 = joint.iter().flatten().sum();
        for &weight in &config.placement.weights {
            let (loads, joint) = (loads.clone(), joint.clone());
            let problem = Placement::new(loads, joint, model.devices, weight * mean / all)?;
            let name = format!("{}, {} devices, traffic × {weight}", model.name, model.devices);
            let bound = problem.bound()?.total;
            for &seed in &config.seeds {
                eprintln!("{name}, seed {seed}");
                let name = name.clone();
                let mut notes =
                    Notes { problem: &problem, name, seed, bound, records: &mut records };
                notes.methods(config)?;
            }
        }
    }
    replication()?;
    Ok(records)
}

struct Notes<'a> {
    problem: &'a Placement,
    name: String,
    seed: u64,
    bound: f64,
    records: &'a mut Vec<Record>,
}

impl Notes<'_> {
    fn note(&mut self, method: &str, placed: &Placed, since: Instant) {
        self.records.push(Record {
            problem: self.name.clone(),
            method: method.to_owned(),
            seed: self.seed,
            gap: Some(100.0 * (placed.cost.total - self.bound) / self.bound),
            seconds: since.elapsed().as_secs_f64(),
            steps: None,
            feasible: None,
        });
    }

    fn methods(&mut self, config: &Config) -> Result<()> {
        let (problem, clock) = (self.problem, Instant::now());
        if let Ok(best) = problem.exhaustive() {
            self.note("(optimum)", &best, clock);
        }
        let clock = Instant::now();
        let (lpt, chain) = (problem.lpt()?, problem.chain()?);
        self.note("LPT", &lpt, clock);
        self.note("layer after layer", &chain, clock);
        let swapped = problem.improve(lpt.devices)?;
        self.note("LPT + swaps", &swapped, clock);
        let clock = Instant::now();
        let chained = problem.improve(chain.devices)?;
        self.note("layer after layer + swaps", &chained, clock);
        let reads = config.anneal.reads;
        let clock = Instant::now();
        let random = self.restarts(|done| done < reads)?;
        self.note(&format!("{reads} random + swaps"), &random, clock);
        for &sweeps in &config.anneal.sweeps {
            let first = Some(&sweeps) == config.anneal.sweeps.first();
            if !first && !config.is_long(self.seed) {
                continue;
            }
            let anneal = Anneal { reads, sweeps, ..Anneal::default() };
            let seconds = self.whole(config, &anneal, &format!("annealing {sweeps}"))?;
            let inner = dynamics(&config.bifurcation, reads, sweeps);
            if first {
                self.whole(config, &inner, &format!("bifurcation {sweeps}"))?;
            }
            let equal = EqualTime { inner, seconds, steps: 0.into() };
            let name = format!("bifurcation, time of annealing {sweeps}");
            self.whole(config, &equal, &name)?;
        }
        let start = if swapped.cost.total < chained.cost.total { swapped } else { chained };
        let spent = self.pairs(config, &start)?;
        let clock = Instant::now();
        let kicks = Kicks { rounds: usize::MAX, exchanges: config.placement.kicks };
        let budget = Budget { time: Some(Duration::from_secs_f64(spent)), ..Budget::default() };
        let run = &mut Run::new(self.seed).budget(budget);
        let (kicked, _) = kicks.solve(problem, start.devices, run)?;
        self.note("kicks + swaps, time of two devices", &kicked, clock);
        let clock = Instant::now();
        let random = self.restarts(|_| clock.elapsed().as_secs_f64() < spent)?;
        self.note("random + swaps, time of two devices", &random, clock);
        Ok(())
    }

    /// The whole model, once as it is read and once improved by swaps.
    fn whole(&mut self, config: &Config, minimiser: &dyn Minimiser, name: &str) -> Result<f64> {
        let balance = Balance::Squares { weight: config.placement.squares };
        let timed = Timed::new(minimiser);
        for (polish, kind) in [(false, "read"), (true, "swaps")] {
            let clock = Instant::now();
            let run = &mut Run::new(self.seed);
            let placed = self.problem.sample(&timed, balance, polish, run)?;
            self.note(&format!("whole, {name}, {kind}"), &placed, clock);
        }
        Ok(timed.seconds() / 2.0)
    }

    /// Two devices at a time from the same start; the time of the longest.
    fn pairs(&mut self, config: &Config, start: &Placed) -> Result<f64> {
        let (reads, steps) = (config.placement.pair_reads, config.placement.pair_steps);
        let anneal = Anneal { reads, sweeps: steps, ..Anneal::default() };
        let bifurcation = dynamics(&config.bifurcation, reads, steps);
        let random = Random { reads, up: 0.5 };
        let rivals: [(&str, &dyn Minimiser); 3] =
            [("annealing", &anneal), ("bifurcation", &bifurcation), ("random", &random)];
        let search = TwoDevices { balance: config.placement.pair_squares, ..TwoDevices::default() };
        let mut longest = 0.0f64;
        for (name, minimiser) in rivals {
            let (clock, run) = (Instant::now(), &mut Run::new(self.seed));
            let start = start.devices.clone();
            let (placed, _) = search.solve(self.problem, start, minimiser, run)?;
            self.note(&format!("two devices, {name}"), &placed, clock);
            longest = longest.max(clock.elapsed().as_secs_f64());
        }
        Ok(longest)
    }

    /// Swaps from random placements, the best of them.
    fn restarts(&self, go: impl Fn(usize) -> bool) -> Result<Placed> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let problem = self.problem;
        let shape = (problem.layers(), problem.experts(), problem.devices());
        let mut best: Option<Placed> = None;
        let mut done = 0;
        while done == 0 || go(done) {
            let worth = Array3::from_shape_simple_fn(shape, || random.random::<f64>());
            let placed = problem.improve(problem.repair(&worth)?.devices)?;
            if best.as_ref().is_none_or(|best| placed.cost.total < best.cost.total) {
                best = Some(placed);
            }
            done += 1;
        }
        best.ok_or_else(|| anyhow::anyhow!("no start"))
    }
}

/// Copies of hot experts on the published vector.
fn replication() -> Result<()> {
    let loads = vec![600.0, 560.0, 120.0, 120.0, 20.0, 10.0, 10.0, 10.0];
    let problem = Replication::new(loads, 8, 2)?;
    let (eplb, best) = (problem.eplb(), problem.optimum()?);
    let (rule, least, copies) = (eplb.busiest, best.busiest, best.copies);
    println!("Copies, 8 devices x 2 slots: EPLB's rule {rule}, optimum {least} ({copies:?}).\n");
    Ok(())
}
