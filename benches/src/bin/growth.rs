//! Do time per token and memory stay flat as the batch grows?
//!
//! `flow` on 4,096 to 262,144 tokens and 160 experts, capacity factor 1.0: synthetic skewed scores,
//! and a trained router on its own hidden states, drawn again with a little noise (both are
//! written in `batch`). Then one large table, 16,384 tokens × 1,024 experts, k = 8.
//! Memory is the peak of live heap bytes from building the instance to the answer, scores
//! included, over the bytes of the scores.

use anyhow::Result;
use clap::Parser;
use ndarray::Array2;
use peak_alloc::PeakAlloc;
use rand::distr::Distribution;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::Serialize;
use spinroute_benches::{
    build_and_solve,
    data::{self, Transform},
    flow,
    instances::{Case, skewed_logits},
    objective_and_gap,
    report::{self, Options},
};
use spinroute_core::Demand;
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

#[derive(Serialize)]
struct Figures {
    scores: &'static str,
    tokens: usize,
    experts: usize,
    k: usize,
    flow_ms: f64,
    flow_two_threads_ms: f64,
    microseconds_per_token: f64,
    peak_over_scores: f64,
    gap: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# Growth of flow with the batch\n");
    println!("{machine}; build + solve; medians of {}.\n", options.repetitions());
    report::head(&[
        "scores",
        "T × E, k",
        "flow ms",
        "µs a token",
        "against 4,096",
        "2 threads ms",
        "peak memory / scores",
        "certified gap",
    ]);
    let sizes =
        if options.quick { vec![4096, 16_384] } else { vec![4096, 16_384, 65_536, 262_144] };
    let mut figures: Vec<Figures> = Vec::new();
    for scores in ["skewed", "trained router"] {
        let mut first = None;
        for &tokens in &sizes {
            if options.wants("growth", scores) {
                let row = measure_size(scores, tokens, 160, 6, options.repetitions())?;
                print(&row, *first.get_or_insert(row.microseconds_per_token));
                figures.push(row);
            }
        }
    }
    if !options.quick && options.wants("growth", "skewed") {
        let row = measure_size("skewed", 16_384, 1024, 8, options.repetitions())?;
        print(&row, f64::NAN);
        figures.push(row);
    }
    options.write(&machine, &figures)
}

/// Softmax scores: of normal logits plus normal offsets of the experts (`skewed`), or of the
/// router of the committed recording `e160k6-noaux`, layer 3, on hidden states drawn with
/// replacement from its 8,192 and moved by normal noise of 2 % of their standard deviation.
fn batch(scores: &str, tokens: usize, experts: usize) -> Result<Array2<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    if scores == "skewed" {
        let logits = skewed_logits(tokens, experts, 1.0, &mut rng);
        return Ok(data::transformed(logits, Transform::Softmax));
    }
    let (hidden, weights) = data::router("e160k6-noaux", 3)?;
    let noise = 0.02 * hidden.std(0.0);
    let ids: Vec<usize> = (0..tokens).map(|_| rng.random_range(0..hidden.nrows())).collect();
    let drawn = Array2::from_shape_fn((tokens, hidden.ncols()), |(t, i)| {
        let normal: f32 = StandardNormal.sample(&mut rng);
        hidden[[ids[t], i]] + noise * normal
    });
    Ok(data::transformed(drawn.dot(&weights.t()), Transform::Softmax))
}

fn measure_size(
    scores: &'static str,
    tokens: usize,
    experts: usize,
    k: u32,
    repetitions: usize,
) -> Result<Figures> {
    let table = batch(scores, tokens, experts)?;
    let bytes = size_of_val(table.as_slice().unwrap_or_default());
    let case = Case::uniform("growth", scores.to_owned(), table, Demand::Exactly(k), 1.0)?;
    let (pools, solver) = ([pool(1)?, pool(2)?], flow());

    let before = HEAP.current_usage() - bytes;
    HEAP.reset_peak_usage();
    let solution = pools[0].install(|| build_and_solve(&case, &solver))?;
    let peak = HEAP.peak_usage() - before;
    let (_, gap) = objective_and_gap(&case.instance()?, &solution)?;
    drop(solution);

    let mut samples = [Timings::default(), Timings::default()];
    for _ in 0..repetitions {
        for (pool, samples) in pools.iter().zip(&mut samples) {
            let (result, ms) = pool.install(|| time(|| build_and_solve(&case, &solver)));
            result?;
            samples.add(ms);
        }
    }
    let flow_ms = samples[0].median();
    Ok(Figures {
        scores,
        tokens,
        experts,
        k: k as usize,
        flow_ms,
        flow_two_threads_ms: samples[1].median(),
        microseconds_per_token: flow_ms * 1e3 / tokens as f64,
        peak_over_scores: peak as f64 / bytes as f64,
        gap,
    })
}

fn print(row: &Figures, first: f64) {
    let growth = row.microseconds_per_token / first;
    report::row(&[
        row.scores.to_owned(),
        format!("{} × {}, {}", row.tokens, row.experts, row.k),
        format!("{:.1}", row.flow_ms),
        format!("{:.2}", row.microseconds_per_token),
        if growth.is_nan() { String::new() } else { format!("{growth:.2} ×") },
        format!("{:.1}", row.flow_two_threads_ms),
        format!("{:.2}", row.peak_over_scores),
        format!("{:.0e}", row.gap),
    ]);
}
