//! What does it cost to write an assignment problem as a QUBO?
//!
//! The full form of T = 4,096 tokens and E = 160 experts (655,360 pairs and the slack bits) as
//! structured couplings, directly and through the modelling language, counted in passes over the
//! scores: the top-k pass with which every router starts, and a plain read. Then the close-call
//! form of 100,000 tokens. One run, alternately.

use anyhow::{Context, Result};
use clap::Parser;
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use spinroute_benches::{
    data::{self, Transform},
    instances::skewed_logits,
    report::{self, Options},
};
use spinroute_core::{Demand, Instance};
use spinroute_encodings::{CloseCalls, Full};
use spinroute_ising::{AnyCouplings, Couplings};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};
use spinroute_modelling::{CouplingForm, Penalty};
use spinroute_prices::Selection;

#[derive(Serialize)]
struct Figures {
    what: &'static str,
    threads: usize,
    tokens: usize,
    experts: usize,
    variables: usize,
    couplings: u64,
    milliseconds: f64,
    top_k_passes: f64,
    reads: f64,
}

/// What a way of building gives; the caller keeps it, so dropping it is not timed.
type Built = Box<dyn std::any::Any + Send>;

/// Binaries and couplings, implied ones counted.
type Size = (usize, u64);

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Writing an assignment problem as a QUBO\n");
    println!("{machine}; softmax of skewed logits; medians of {}.\n", options.repetitions());
    report::head(&[
        "form",
        "T × E, k",
        "threads",
        "binaries",
        "couplings",
        "ms",
        "top-k passes",
        "plain reads",
    ]);
    let mut figures = Vec::new();
    for threads in [1, 2] {
        let full = instance(4096, 160, 6)?;
        let fixed = |instance: &Instance| direct(instance, Penalty::Fixed(8.0));
        let bound = |instance: &Instance| direct(instance, Penalty::Bound);
        let ways: [(&'static str, Way<'_>); 3] = [
            ("full, direct, fixed penalty", &fixed),
            ("full, direct, derived penalty", &bound),
            ("full, by the language", &language),
        ];
        figures.extend(measure_ways(&full, &ways, threads, &options)?);
        let close = instance(if options.quick { 10_000 } else { 100_000 }, 160, 6)?;
        let half = |instance: &Instance| close_calls(instance, 0.5);
        let all = |instance: &Instance| close_calls(instance, 1.0);
        let ways: [(&'static str, Way<'_>); 2] =
            [("close calls, half of the tokens", &half), ("close calls, all tokens", &all)];
        figures.extend(measure_ways(&close, &ways, threads, &options)?);
    }
    options.write(&machine, &figures)
}

type Way<'a> = &'a (dyn Fn(&Instance) -> Result<(Size, Built)> + Sync);

fn instance(tokens: usize, experts: usize, k: usize) -> Result<Instance> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let logits: Array2<f32> = skewed_logits(tokens, experts, 1.0, &mut rng);
    let scores = data::transformed(logits, Transform::Softmax);
    let capacity = Instance::uniform_capacity(tokens, experts, k, 1.0)?;
    Ok(Instance::new(scores, capacity, Demand::Exactly(k as u32))?)
}

fn direct(instance: &Instance, penalty: Penalty) -> Result<(Size, Built)> {
    let (qubo, _) = Full::default().structured(instance, penalty, &[])?;
    Ok(((qubo.variables(), qubo.couplings().interactions()), Box::new(qubo)))
}

fn language(instance: &Instance) -> Result<(Size, Built)> {
    let form = Full::default().build(instance)?;
    let options = spinroute_modelling::Options::default().form(CouplingForm::Structured);
    let compiled = form.model().compile(&options.penalty(Penalty::Fixed(8.0)))?;
    let size = (compiled.qubo().variables(), compiled.qubo().couplings().interactions());
    Ok((size, Box::new((form, compiled))))
}

fn close_calls(instance: &Instance, share: f64) -> Result<(Size, Built)> {
    let most = Some((share * instance.tokens() as f64) as usize);
    let form = CloseCalls { most, ..CloseCalls::default() }.build(instance, None)?;
    let compiled = form.compile(1e-3, CouplingForm::Structured)?;
    let couplings: &AnyCouplings = compiled.qubo().couplings();
    let size = (compiled.qubo().variables(), couplings.interactions());
    Ok((size, Box::new((form, compiled))))
}

fn measure_ways(
    instance: &Instance,
    ways: &[(&'static str, Way<'_>)],
    threads: usize,
    options: &Options,
) -> Result<Vec<Figures>> {
    let pool = pool(threads)?;
    let k = instance.demand().k();
    let prices = vec![0.0; instance.experts()];
    let mut selection = Selection::default();
    let [mut pass, mut read] = [(); 2].map(|()| Timings::default());
    let mut samples: Vec<Timings> = ways.iter().map(|_| Timings::default()).collect();
    let mut sizes = vec![(0, 0); ways.len()];
    for _ in 0..=options.repetitions() {
        pass.add(pool.install(|| time(|| selection.fill(instance.flat(), &prices, k)).1));
        read.add(pool.install(|| time(|| sum(instance.flat())).1));
        for ((way, samples), size) in ways.iter().zip(&mut samples).zip(&mut sizes) {
            let (built, ms) = pool.install(|| time(|| way.1(instance)));
            *size = built.context(way.0)?.0;
            samples.add(ms);
        }
    }
    let figures = ways.iter().zip(samples).zip(sizes).map(|((way, samples), size)| {
        let milliseconds = samples.median();
        let figures = Figures {
            what: way.0,
            threads,
            tokens: instance.tokens(),
            experts: instance.experts(),
            variables: size.0,
            couplings: size.1,
            milliseconds,
            top_k_passes: milliseconds / pass.median(),
            reads: milliseconds / read.median(),
        };
        report::row(&[
            figures.what.to_owned(),
            format!("{} × {}, {k}", figures.tokens, figures.experts),
            threads.to_string(),
            figures.variables.to_string(),
            format!("{:.1} M", figures.couplings as f64 / 1e6),
            format!("{milliseconds:.2}"),
            format!("{:.2}", figures.top_k_passes),
            format!("{:.2}", figures.reads),
        ]);
        figures
    });
    Ok(figures.collect())
}

/// Reads every score once.
fn sum(values: &[f32]) -> u32 {
    let block = |values: &[f32]| {
        let mut lanes = [0_u32; 64];
        let (chunks, rest) = values.as_chunks::<64>();
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                *lane = lane.wrapping_add(value.to_bits());
            }
        }
        lanes.into_iter().chain(rest.iter().map(|v| v.to_bits())).fold(0, u32::wrapping_add)
    };
    values.par_chunks(1 << 16).map(block).sum()
}
