//! How fast and how good is simulated annealing, against dwave-samplers with the same reads and
//! sweeps?
//!
//! Max-cut on G1, G22 and K2000, 8 reads of 1,000 sweeps, alternating within one run: the peer's
//! `SimulatedAnnealingSampler` (one thread), ours with one thread and with two. Medians of the times;
//! cuts over the reads of all repetitions, each with seeds of its own, and the standard error of the
//! mean. The model is built before on both sides. `sampling` is the part of the peer's time that it
//! reports for its C++ loop: the speed-up against it leaves the peer's Python out.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::{Deserialize, Serialize};
use spinroute_benches::{
    report::{self, Options},
    worker::Worker,
};
use spinroute_core::Run;
use spinroute_ising::{
    Anneal, Graph, Minimiser,
    instances::{self, Known},
};
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

const INSTANCES: [&str; 3] = ["G1", "G22", "K2000"];

/// Mean cuts count as equal within this many standard errors of their difference.
const ERRORS: f64 = 2.0;

#[derive(Deserialize)]
struct Answer {
    energies: Vec<f64>,
    sample_ms: f64,
    sampling_ms: f64,
    beta: [f64; 2],
}

#[derive(Clone, Serialize)]
struct Cuts {
    best: f64,
    mean: f64,
    standard_error: f64,
}

#[derive(Serialize)]
struct Figures {
    name: &'static str,
    nodes: usize,
    edges: usize,
    best_known: i64,
    reads: usize,
    sweeps: usize,
    repetitions: usize,
    beta: [f64; 2],
    peer_beta: [f64; 2],
    peer: Cuts,
    ours: Cuts,
    peer_ms: f64,
    peer_sampling_ms: f64,
    ours_ms: f64,
    two_threads_ms: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let machine = Machine::here();
    let mut peer = Worker::start("dwave_anneal.py")?;
    let anneal = Anneal { sweeps: if options.quick { 100 } else { 1000 }, ..Anneal::default() };
    println!("# Simulated annealing against dwave-samplers\n");
    println!("{machine}; peer: {}.", peer.hello);
    let (reads, sweeps) = (anneal.reads, anneal.sweeps);
    println!("{reads} reads of {sweeps} sweeps; medians of the times, cuts of all repetitions.\n");
    report::head(&[
        "instance",
        "best known",
        "peer: best, mean cut",
        "ours: best, mean cut",
        "peer ms",
        "of it sampling",
        "ours ms",
        "×",
        "× of sampling",
        "2 threads ms",
        "×",
    ]);
    let folder = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for name in INSTANCES.into_iter().filter(|name| options.wants("G-set", name)) {
        let known = instances::find(name).context("an instance of the list")?;
        // The peer needs half a minute for one repetition on K2000.
        let most = if known.edges > 1_000_000 { 1 } else { usize::MAX };
        let row = measure_case(
            known,
            &anneal,
            &mut peer,
            folder.path(),
            options.repetitions().min(most),
        )?;
        print(&row);
        figures.push(row);
    }
    options.write(&machine, &figures)
}

fn measure_case(
    known: &'static Known,
    anneal: &Anneal,
    peer: &mut Worker,
    folder: &Path,
    repetitions: usize,
) -> Result<Figures> {
    let graph = known.graph()?;
    let path = write(&graph, &folder.join(known.name))?;
    let model = graph.ising()?;
    let pools = [pool(1)?, pool(2)?];
    let (mut peer_cuts, mut our_cuts) = (Vec::new(), Vec::new());
    let (mut peer_times, mut sampling) = (Timings::default(), Timings::default());
    let mut times = [Timings::default(), Timings::default()];
    let mut peer_beta = [0.0; 2];
    for seed in 1..=repetitions as u64 {
        let answer: Answer = peer.ask(&serde_json::json!({
            "graph": path, "reads": anneal.reads, "sweeps": anneal.sweeps, "seed": seed,
        }))?;
        ensure!(answer.energies.len() == anneal.reads, "the peer's reads");
        peer_cuts.extend(answer.energies.iter().map(|&energy| graph.cut_of_energy(energy)));
        peer_times.add(answer.sample_ms);
        sampling.add(answer.sampling_ms);
        peer_beta = answer.beta;
        let mut first = None;
        for (pool, times) in pools.iter().zip(&mut times) {
            let run = || time(|| anneal.minimise(&model, &mut Run::new(seed)));
            let (samples, ms) = pool.install(run);
            let samples = samples?;
            times.add(ms);
            let same = first.get_or_insert_with(|| samples.clone()) == &samples;
            ensure!(same, "{}: the answer depends on the threads", known.name);
        }
        let samples = first.context("two runs")?;
        for read in 0..samples.reads() {
            our_cuts.push(graph.cut(samples.state(read)).context("a spin a node")?);
        }
    }
    Ok(Figures {
        name: known.name,
        nodes: known.nodes,
        edges: known.edges,
        best_known: known.best,
        reads: anneal.reads,
        sweeps: anneal.sweeps,
        repetitions,
        beta: anneal.range(&model)?,
        peer_beta,
        peer: cuts(&peer_cuts),
        ours: cuts(&our_cuts),
        peer_ms: peer_times.median(),
        peer_sampling_ms: sampling.median(),
        ours_ms: times[0].median(),
        two_threads_ms: times[1].median(),
    })
}

fn write(graph: &Graph, path: &Path) -> Result<PathBuf> {
    let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
    graph.write_rudy(BufWriter::new(file))?;
    Ok(path.to_owned())
}

fn cuts(cuts: &[f64]) -> Cuts {
    let n = cuts.len() as f64;
    let mean = cuts.iter().sum::<f64>() / n;
    let variance = cuts.iter().map(|cut| (cut - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let best = cuts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Cuts { best, mean, standard_error: (variance / n).sqrt() }
}

fn print(f: &Figures) {
    let show = |c: &Cuts| format!("{}, {:.1} ± {:.1}", c.best, c.mean, c.standard_error);
    let error = f.peer.standard_error.hypot(f.ours.standard_error);
    let below = f.ours.mean < f.peer.mean - ERRORS * error;
    report::row(&[
        f.name.to_owned(),
        f.best_known.to_string(),
        show(&f.peer),
        format!("{}{}", show(&f.ours), if below { " BELOW" } else { "" }),
        format!("{:.0}", f.peer_ms),
        format!("{:.0}", f.peer_sampling_ms),
        format!("{:.1}", f.ours_ms),
        format!("{:.1}", f.peer_ms / f.ours_ms),
        format!("{:.1}", f.peer_sampling_ms / f.ours_ms),
        format!("{:.1}", f.two_threads_ms),
        format!("{:.1}", f.peer_ms / f.two_threads_ms),
    ]);
}
