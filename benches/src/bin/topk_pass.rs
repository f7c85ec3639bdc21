//! How near memory speed is the top-k pass?
//!
//! For tables that fit the caches and tables that do not, alternating within one run: the pass,
//! a plain read of the same bytes (a sum of their 64-bit words) and a copy of them. All three are
//! given as bytes of the table per second, so the copy's traffic is twice its figure.

use anyhow::Result;
use clap::Parser;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use spinroute_benches::{
    data::{self, Transform},
    instances::skewed_logits,
    report::{self, Options},
};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};
use spinroute_prices::Selection;

/// Values a task, for reading and copying in several threads.
const BLOCK: usize = 1 << 16;

#[derive(Serialize)]
struct Figures {
    tokens: usize,
    experts: usize,
    k: usize,
    threads: usize,
    megabytes: f64,
    pass_gb_per_s: f64,
    read_gb_per_s: f64,
    copy_gb_per_s: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    println!("# The top-k pass against reading and copying the same bytes\n");
    println!("{machine}; softmax of skewed logits; medians of {}.\n", options.repetitions());
    report::head(&[
        "T × E, k",
        "MB",
        "threads",
        "pass GB/s",
        "read GB/s",
        "copy GB/s",
        "pass / read",
        "pass / copy",
    ]);
    let mut shapes: Vec<(usize, usize, usize)> =
        [(64, 8), (128, 2), (160, 6), (256, 8), (1024, 8)].map(|(e, k)| (4096, e, k)).to_vec();
    if !options.quick {
        shapes.extend([(1 << 20, 64, 8), (1 << 19, 160, 6), (1 << 18, 256, 8)]);
    }
    let mut figures = Vec::new();
    for (tokens, experts, k) in shapes {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let logits = skewed_logits(tokens, experts, 1.0, &mut rng);
        let scores = data::transformed(logits, Transform::Softmax).into_raw_vec_and_offset().0;
        for threads in [1, 2] {
            let row = measure_pass(&scores, experts, k, threads, options.repetitions())?;
            report::row(&[
                format!("{tokens} × {experts}, {k}"),
                format!("{:.1}", row.megabytes),
                threads.to_string(),
                format!("{:.1}", row.pass_gb_per_s),
                format!("{:.1}", row.read_gb_per_s),
                format!("{:.1}", row.copy_gb_per_s),
                format!("{:.2}", row.pass_gb_per_s / row.read_gb_per_s),
                format!("{:.2}", row.pass_gb_per_s / row.copy_gb_per_s),
            ]);
            figures.push(row);
        }
    }
    options.write(&machine, &figures)
}

fn measure_pass(
    scores: &[f32],
    experts: usize,
    k: usize,
    threads: usize,
    repetitions: usize,
) -> Result<Figures> {
    let pool = pool(threads)?;
    let prices = vec![0.0; experts];
    let mut selection = Selection::default();
    let mut target = vec![0.0f32; scores.len()];
    let [mut pass, mut read, mut copy] = [(); 3].map(|()| Timings::default());
    pool.install(|| selection.fill(scores, &prices, k)); // first touch
    // Small tables take microseconds: several rounds a sample.
    let rounds = ((1 << 26) / scores.len()).clamp(1, 32);
    for _ in 0..repetitions {
        let sample = |samples: &mut Timings, work: &mut (dyn FnMut() + Send)| {
            let ms = pool.install(|| time(|| (0..rounds).for_each(|_| work())).1);
            samples.add(ms / rounds as f64);
        };
        sample(&mut pass, &mut || selection.fill(scores, &prices, k));
        sample(&mut read, &mut || {
            std::hint::black_box(scores.par_chunks(BLOCK).map(sum).sum::<u32>());
        });
        sample(&mut copy, &mut || {
            let blocks = target.par_chunks_mut(BLOCK).zip(scores.par_chunks(BLOCK));
            blocks.for_each(|(to, from)| to.copy_from_slice(from));
        });
    }
    let bytes = size_of_val(scores) as f64;
    let speed = |samples: &Timings| bytes / samples.median() / 1e6;
    Ok(Figures {
        tokens: scores.len() / experts,
        experts,
        k,
        threads,
        megabytes: bytes / 1e6,
        pass_gb_per_s: speed(&pass),
        read_gb_per_s: speed(&read),
        copy_gb_per_s: speed(&copy),
    })
}

/// Reads everything and does next to nothing: 64 running sums that the compiler keeps in vector
/// registers.
fn sum(values: &[f32]) -> u32 {
    let mut lanes = [0u32; 64];
    let (chunks, rest) = values.as_chunks::<64>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(value.to_bits());
        }
    }
    let rest = rest.iter().map(|value| value.to_bits());
    lanes.into_iter().chain(rest).fold(0, u32::wrapping_add)
}
