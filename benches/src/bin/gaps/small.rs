//! Instances small enough for a proven optimum: what bounds and answers are worth.

use std::time::Instant;

use anyhow::Result;
use ndarray::s;
use spinroute_constrained::{
    Affinity, BranchAndBound, GroupLimited, Lagrangian, Modelled, relaxed, sample,
};
use spinroute_core::Run;
use spinroute_ising::{Anneal, Minimiser};

use crate::config::{Config, Record};
use crate::data;
use crate::rivals::{Random, dynamics};
use crate::routing::{Writer, affinities, close, instance, simple};

/// Bounds above, and answers below, the optimum that branch and bound proves.
pub(crate) fn run(config: &Config) -> Result<Vec<Record>> {
    let (small, mut records) = (&config.small, Vec::new());
    for router in &config.routers {
        let Some(folder) = data::find(&router.folder) else { continue };
        let (scores, weights) = data::router(&folder)?;
        let stride = (scores.ncols() / small.experts) as isize;
        let weights = weights.slice(s![..;stride, ..]).to_owned();
        for &seed in &config.seeds {
            // Tokens far apart: neighbours of a text are alike.
            let rows = scores.slice(s![seed as usize..;scores.nrows() / small.tokens, ..;stride]);
            let rows = rows.slice(s![..small.tokens, ..]).to_owned();
            let experts = rows.ncols();
            let plain = instance(&rows, small.k, config.capacity_factor)?;
            let group = (0..experts).map(|e| (e * small.groups / experts) as u32).collect();
            let grouped = GroupLimited::new(plain.clone(), group, small.limit)?;
            let of = format!("{}, {} × {experts}", router.name, small.tokens);
            let baseline = grouped.groups_first()?;
            let name = format!("{} of {} groups, {of}", small.limit, small.groups);
            methods(config, &name, seed, &grouped, &baseline, &mut records)?;
            let flow = relaxed(&grouped)?.2;
            for (kind, table) in affinities(config, &rows, &weights, small.groups) {
                let problem = Affinity::new(plain.clone(), table)?;
                methods(config, &format!("{kind}, {of}"), seed, &problem, &flow, &mut records)?;
            }
        }
    }
    Ok(records)
}

fn methods(
    config: &Config,
    name: &str,
    seed: u64,
    problem: &dyn Modelled,
    baseline: &spinroute_core::Assignment,
    records: &mut Vec<Record>,
) -> Result<()> {
    eprintln!("{name}, seed {seed}");
    let clock = Instant::now();
    let proof = BranchAndBound::default().solve(problem)?;
    if !proof.proven {
        eprintln!("left out: no proof within {} nodes", proof.nodes);
        return Ok(());
    }
    let best = proof.objective;
    let mut writer = Writer { problem: name, seed, bound: best, records };
    writer.note("(optimum)", Some(best), clock);
    let clock = Instant::now();
    let linear = problem.linear_relaxation()?;
    let above = |bound: f64| Some(100.0 * (bound - best) / best.abs());
    writer.note("(linear relaxation above it)", None, clock).gap = above(linear);
    let clock = Instant::now();
    let priced = Lagrangian::default().solve(problem, &mut Run::new(seed))?;
    writer.note("(flow bound above it)", None, clock).gap = above(priced.flow);
    writer.note("(price bound above it)", None, clock).gap = above(priced.bound);
    writer.note("prices", Some(priced.objective), clock);
    simple(problem, baseline, &mut writer)?;
    close(config, problem, &mut writer)?;
    for &sweeps in &config.anneal.sweeps {
        let reads = config.anneal.reads;
        let anneal = Anneal { reads, sweeps, ..Anneal::default() };
        let bifurcation = dynamics(&config.bifurcation, reads, sweeps);
        let random = Random { reads, up: 0.2 };
        let rivals: [(&str, &dyn Minimiser); 3] =
            [("annealing", &anneal), ("bifurcation", &bifurcation), ("random", &random)];
        for (name, minimiser) in rivals {
            let clock = Instant::now();
            let options = config.anneal.options(problem.instance());
            let sampled = sample(problem, minimiser, &options, &mut Run::new(seed))?;
            let kinds = [("raw", sampled.raw), ("completed", Some(sampled.objective))];
            for (kind, objective) in kinds {
                let method = format!("penalties, {name} {sweeps}, {kind}");
                let record = writer.note(&method, objective, clock);
                record.feasible = Some([sampled.feasible, sampled.reads]);
            }
        }
    }
    Ok(())
}
