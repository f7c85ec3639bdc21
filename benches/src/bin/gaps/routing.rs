//! Group limits and affinity on batches of trained routers.

use std::time::Instant;

use anyhow::{Context, Result};
use ndarray::{Array2, s};
use spinroute_constrained::{
    Affinity, CloseRows, GroupLimited, Lagrangian, Modelled, Sampled, Separable, greedy, improve,
    relaxed, sample,
};
use spinroute_core::{Assignment, Demand, Instance, Run};
use spinroute_ising::{Anneal, Minimiser};

use crate::config::{Config, Record, Router};
use crate::data;
use crate::rivals::{EqualTime, Random, Timed, dynamics};

/// A problem with its name and what solves it with the rule left out or decided first.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) problem: Box<dyn Modelled>,
    pub(crate) baseline: Assignment,
    /// Products of the penalty model's objective.
    pub(crate) products: usize,
}

/// All problems, all methods, all seeds.
pub(crate) fn run(config: &Config) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    for router in &config.routers {
        let Some(folder) = data::find(&router.folder) else { continue };
        let (scores, weights) = data::router(&folder)?;
        for &tokens in &config.routing.tokens {
            for &seed in &config.seeds {
                let start = seed as usize * tokens;
                anyhow::ensure!(start + tokens <= scores.nrows(), "seed {seed} is past the tokens");
                let rows = scores.slice(s![start..start + tokens, ..]).to_owned();
                for case in cases(config, router, &rows, &weights)? {
                    eprintln!("{}, seed {seed}", case.name);
                    methods(config, &case, seed, &mut records)?;
                }
            }
        }
    }
    Ok(records)
}

/// An instance of demand `AtMost`.
pub(crate) fn instance(scores: &Array2<f32>, k: u32, factor: f64) -> Result<Instance> {
    let (tokens, experts) = scores.dim();
    let capacity = Instance::uniform_capacity(tokens, experts, k as usize, factor)?;
    Ok(Instance::new(scores.clone(), capacity, Demand::AtMost(k))?)
}

/// Affinities: a bonus on the same of `groups` devices, a penalty for experts that are alike.
pub(crate) fn affinities(
    config: &Config,
    rows: &Array2<f32>,
    weights: &Array2<f32>,
    groups: usize,
) -> [(&'static str, Array2<f64>); 2] {
    let experts = rows.ncols();
    let unit = f64::from(rows.sum()) / rows.nrows() as f64;
    let device = |e: usize| e * groups / experts;
    let bonus = config.routing.bonus * unit;
    let same = |(e, f)| if device(e) == device(f) { bonus } else { 0.0 };
    let penalty = config.routing.penalty * unit;
    let alike = data::similarity(weights).mapv(|cosine| -penalty * cosine.max(0.0));
    [
        ("bonus on the same device", Array2::from_shape_fn((experts, experts), same)),
        ("penalty for alike experts", alike),
    ]
}

fn cases(
    config: &Config,
    router: &Router,
    rows: &Array2<f32>,
    weights: &Array2<f32>,
) -> Result<Vec<Case>> {
    let (tokens, experts) = rows.dim();
    let groups = config.routing.groups;
    let mut cases = Vec::new();
    for &limit in &config.routing.limits {
        let group = (0..experts).map(|e| (e * groups / experts) as u32).collect();
        let instance = instance(rows, router.k, config.capacity_factor)?;
        let problem = GroupLimited::new(instance, group, limit)?;
        let name = format!("{limit} of {groups} groups, {}, {tokens} tokens", router.name);
        let baseline = problem.groups_first()?;
        cases.push(Case { name, problem: Box::new(problem), baseline, products: 0 });
    }
    let plain = instance(rows, config.routing.affinity_k, config.capacity_factor)?;
    for (kind, table) in affinities(config, rows, weights, groups) {
        let products = tokens * table.iter().filter(|w| **w != 0.0).count() / 2;
        let zero = Array2::zeros((experts, experts));
        let baseline = relaxed(&Affinity::new(plain.clone(), zero)?)?.2;
        let problem = Affinity::new(plain.clone(), table)?;
        let name = format!("{kind}, {}, {tokens} tokens", router.name);
        cases.push(Case { name, problem: Box::new(problem), baseline, products });
    }
    Ok(cases)
}

/// Writes the records of a case and seed.
pub(crate) struct Writer<'a> {
    pub(crate) problem: &'a str,
    pub(crate) seed: u64,
    pub(crate) bound: f64,
    pub(crate) records: &'a mut Vec<Record>,
}

impl Writer<'_> {
    /// Notes an objective; answers its record for what else is to be noted.
    pub(crate) fn note(
        &mut self,
        method: &str,
        objective: Option<f64>,
        since: Instant,
    ) -> &mut Record {
        // Nothing where the objective is 0 and the bound is not.
        let gap = objective.map(|objective| 100.0 * spinroute_core::gap(self.bound, objective));
        let gap = gap.filter(|gap| gap.is_finite());
        let (problem, method) = (self.problem.to_owned(), method.to_owned());
        let seconds = since.elapsed().as_secs_f64();
        eprintln!("  {method}: {gap:.3?} % in {seconds:.2} s");
        let record =
            Record { problem, method, seed: self.seed, gap, seconds, steps: None, feasible: None };
        self.records.push(record);
        let last = self.records.len() - 1;
        &mut self.records[last]
    }
}

fn methods(config: &Config, case: &Case, seed: u64, records: &mut Vec<Record>) -> Result<()> {
    let problem = &*case.problem;
    let clock = Instant::now();
    let priced = Lagrangian::default().solve(problem, &mut Run::new(seed))?;
    let mut writer = Writer { problem: &case.name, seed, bound: priced.bound, records };
    writer.note("prices", Some(priced.objective), clock);
    // Not a method: how far the weaker bound is above this one.
    let flow = 100.0 * (priced.flow - priced.bound) / priced.bound.abs();
    writer.note("(flow bound above price bound)", None, clock).gap = Some(flow);
    simple(problem, &case.baseline, &mut writer)?;
    let clock = Instant::now();
    let often = Lagrangian { every: 1, ..Lagrangian::default() };
    let often = often.solve(problem, &mut Run::new(seed))?;
    writer.note("prices, every round completed", Some(often.objective), clock);
    close(config, problem, &mut writer)?;
    let large = problem.instance().tokens() > config.routing.long_up_to;
    if case.products <= config.routing.most_products && (!large || config.is_long(seed)) {
        penalties(config, problem, &mut writer)?;
    } else {
        eprintln!("  the penalty model is left out: {} products", case.products);
    }
    Ok(())
}

/// What needs no bound and no model.
pub(crate) fn simple(
    problem: &dyn Separable,
    baseline: &Assignment,
    writer: &mut Writer<'_>,
) -> Result<()> {
    let clock = Instant::now();
    let start = greedy(problem);
    writer.note("greedy", Some(problem.objective(&start)?), clock);
    let moved = problem.objective(&improve(problem, &start))?;
    writer.note("greedy + moves", Some(moved), clock);
    writer.note("rule first, then flow", Some(problem.objective(baseline)?), clock);
    let clock = Instant::now();
    let moved = problem.objective(&improve(problem, baseline))?;
    writer.note("rule first, flow, moves", Some(moved), clock);
    Ok(())
}

/// Minimisers over close calls between rows.
pub(crate) fn close(
    config: &Config,
    problem: &dyn Separable,
    writer: &mut Writer<'_>,
) -> Result<()> {
    let close = &config.close_rows;
    let (reads, steps) = (close.reads, close.steps);
    let anneal = Anneal { reads, sweeps: steps, ..Anneal::default() };
    let dynamics = dynamics(&config.bifurcation, reads, steps);
    // A tenth of the calls go the other way, at random.
    let random = Random { reads, up: 0.1 };
    let rivals: [(&str, &dyn Minimiser); 3] =
        [("annealing", &anneal), ("bifurcation", &dynamics), ("random", &random)];
    for (name, minimiser) in rivals {
        let rows = CloseRows {
            alternatives: close.alternatives,
            most: close.most,
            balance: close.balance,
            ..CloseRows::default()
        };
        let clock = Instant::now();
        let timed = Timed::new(minimiser);
        let closed = rows.solve(problem, &timed, &mut Run::new(writer.seed))?;
        writer.note(&format!("close calls, {name}"), Some(closed.answer.objective), clock);
    }
    Ok(())
}

/// Minimisers of the whole problem with penalties.
fn penalties(config: &Config, problem: &dyn Modelled, writer: &mut Writer<'_>) -> Result<()> {
    let reads = config.anneal.reads;
    let random = Random { reads, up: 0.05 };
    full(config, problem, &random, "random states", None, writer)?;
    for &sweeps in &config.anneal.sweeps {
        let first = Some(&sweeps) == config.anneal.sweeps.first();
        let large = problem.instance().tokens() > config.routing.long_up_to;
        if !first && (large || !config.is_long(writer.seed)) {
            continue;
        }
        let anneal = Anneal { reads, sweeps, ..Anneal::default() };
        let name = format!("annealing {sweeps}");
        let seconds = full(config, problem, &anneal, &name, Some(sweeps), writer)?;
        let inner = dynamics(&config.bifurcation, reads, sweeps);
        if first {
            full(config, problem, &inner, &format!("bifurcation {sweeps}"), Some(sweeps), writer)?;
        }
        let equal = EqualTime { inner, seconds, steps: 0.into() };
        let name = format!("bifurcation, time of annealing {sweeps}");
        full(config, problem, &equal, &name, None, writer)?;
        let steps = equal.steps.lock().ok().map(|steps| *steps);
        for record in writer.records.iter_mut().rev().take(2) {
            record.steps = steps;
        }
    }
    Ok(())
}

/// A minimiser of the penalty model: its best feasible read, and its best read completed.
fn full(
    config: &Config,
    problem: &dyn Modelled,
    minimiser: &dyn Minimiser,
    name: &str,
    steps: Option<usize>,
    writer: &mut Writer<'_>,
) -> Result<f64> {
    let clock = Instant::now();
    let options = config.anneal.options(problem.instance());
    let timed = Timed::new(minimiser);
    let sampled: Sampled = sample(problem, &timed, &options, &mut Run::new(writer.seed))
        .context("the penalty model")?;
    for (kind, objective) in [("raw", sampled.raw), ("completed", Some(sampled.objective))] {
        let record = writer.note(&format!("penalties, {name}, {kind}"), objective, clock);
        record.seconds = timed.seconds();
        record.steps = steps;
        record.feasible = Some([sampled.feasible, sampled.reads]);
    }
    Ok(timed.seconds())
}
