//! How fast does a model become a QUBO, against dimod, ommx and pyqubo, and is it the same one?
//!
//! The assignment problem in full, k-hot rows and capacity columns with binary slack, written in
//! the general language of each: T = 512, E = 32, k = 4 has 4.5 million couplings. Ours with one
//! thread and with two, and again with another penalty parameter (compilation alone); dimod, in the
//! same run and alternating, by the methods of its BQM (which keep no constraints) and by its CQM
//! (which does, as ours); ommx and pyqubo once, at a half and at full size if asked for. Medians, and
//! energies of random states equal to dimod's. Memory is the peak of live heap bytes over the
//! couplings.
//!
//! Then the structured form of T = 4,096, E = 160, for which the sparse one would need 1.4 billion
//! couplings: build and compile, against a pass over the scores that sums rows and columns.

use anyhow::{Result, ensure};
use clap::Parser;
use ndarray::Array2;
use peak_alloc::PeakAlloc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use spinroute_benches::{
    flow,
    report::{self, Options},
    worker::Worker,
};
use spinroute_core::{Demand, Instance, Run, Solver};
use spinroute_ising::Couplings;
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};
use spinroute_modelling::{
    Compiled, CouplingForm, Model, Options as CompileOptions, Parameter, Penalty, dot, k_hot, sum,
};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Also run ommx and pyqubo at full size; minutes.
    #[arg(long)]
    all: bool,
}

/// What a peer answers; see `peers/qubo_build.py`.
#[derive(Deserialize)]
struct Answer {
    build_ms: f64,
    compile_ms: f64,
    variables: usize,
    couplings: u64,
    energies: Option<Vec<f64>>,
}

#[derive(Serialize)]
struct Row {
    what: String,
    tokens: usize,
    experts: usize,
    variables: usize,
    couplings: u64,
    build_ms: f64,
    compile_ms: f64,
    total_ms: f64,
    bytes_per_coupling: Option<f64>,
}

/// A problem and where the peers find it.
struct Case {
    scores: Array2<f32>,
    k: u32,
    capacity: u32,
    path: std::path::PathBuf,
}

const WEIGHT: f64 = 2.0;
/// States whose energies are compared.
const STATES: usize = 16;

fn main() -> Result<()> {
    let Arguments { options, all } = Arguments::parse();
    let machine = Machine::here();
    let mut peer = Worker::start_in(".venv-models", "qubo_build.py")?;
    let folder = tempfile::tempdir()?;
    let repetitions = options.repetitions();
    println!("# From model to QUBO, against dimod, ommx and pyqubo\n");
    println!("{machine}; peers: {}; medians of {repetitions}.\n", peer.hello);
    report::head(&[
        "what",
        "T × E, k",
        "variables",
        "couplings",
        "build ms",
        "compile ms",
        "total ms",
        "bytes a coupling",
    ]);
    let full = if options.quick { (128, 16, 4) } else { (512, 32, 4) };
    let case = Case::new(full, &folder.path().join("full.npy"))?;
    let mut rows = against_dimod(&case, &mut peer, repetitions, folder.path())?;
    let slow = if options.quick || all { full } else { (256, 16, 4) };
    let case = Case::new(slow, &folder.path().join("slow.npy"))?;
    rows.extend(ours(&case, 1, repetitions)?);
    for name in ["ommx", "pyqubo"] {
        let answer = case.ask(&mut peer, name, None)?;
        rows.push(case.row(name, &answer));
    }
    rows.extend(structured(
        if options.quick { (256, 32, 4) } else { (4096, 160, 6) },
        repetitions,
    )?);
    rows.iter().for_each(print);
    let weights = weights(full)?;
    options.write(&machine, &serde_json::json!({ "build": rows, "weights": weights }))
}

/// The derived penalty weights of a problem: the largest of any constraint.
#[derive(Serialize)]
struct Weights {
    penalty: &'static str,
    largest: f64,
    compile_ms: f64,
}

/// Derived weights, the tight ones also with the exact optimum as the point that is known.
fn weights(size: (usize, usize, u32)) -> Result<Vec<Weights>> {
    let folder = tempfile::tempdir()?;
    let case = Case::new(size, &folder.path().join("scores.npy"))?;
    let (tokens, experts) = case.scores.dim();
    let mut model = Model::new();
    let x = model.binary_array("x", (tokens, experts));
    model.maximise(dot(&case.scores, &x));
    for (t, row) in x.rows().into_iter().enumerate() {
        model.constrain(format!("token {t}"), k_hot(row, case.k));
    }
    for (e, column) in x.columns().into_iter().enumerate() {
        model.constrain(format!("expert {e}"), sum(column).at_most(case.capacity));
    }
    let capacity = vec![case.capacity; experts];
    let demand = Demand::Exactly(case.k);
    let instance = Instance::new(case.scores.to_shared(), capacity, demand)?;
    let optimum = flow().solve(&instance, &mut Run::new(0))?.assignment;
    let mut known = vec![0.0; tokens * experts];
    for t in 0..tokens {
        optimum.experts(t).iter().for_each(|&e| known[t * experts + e as usize] = 1.0);
    }
    let tight = CompileOptions::default().form(CouplingForm::Structured).penalty(Penalty::Tight);
    println!("\nDerived penalties of {tokens} × {experts}, every minimum proven feasible:\n");
    report::head(&["penalty", "largest weight", "compile ms"]);
    let mut all = Vec::new();
    for (penalty, options) in [
        ("bound", tight.clone().penalty(Penalty::Bound)),
        ("tight", tight.clone()),
        ("tight, optimum known", tight.feasible(known)),
    ] {
        let (compiled, compile_ms) = time(|| model.compile(&options));
        let compiled = compiled?;
        let weights = (0..model.constraints()).filter_map(|number| compiled.weight(number));
        let largest = weights.fold(0.0, f64::max);
        report::row(&[penalty.to_owned(), format!("{largest:.3}"), format!("{compile_ms:.1}")]);
        all.push(Weights { penalty, largest, compile_ms });
    }
    Ok(all)
}

impl Case {
    fn new((tokens, experts, k): (usize, usize, u32), path: &std::path::Path) -> Result<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let scores = Array2::from_shape_simple_fn((tokens, experts), || random.random::<f32>());
        ndarray_npy::write_npy(path, &scores)?;
        let capacity = (tokens as u32 * k).div_ceil(experts as u32);
        Ok(Self { scores, k, capacity, path: path.to_owned() })
    }

    fn ask(
        &self,
        peer: &mut Worker,
        name: &str,
        states: Option<&std::path::Path>,
    ) -> Result<Answer> {
        peer.ask(&serde_json::json!({
            "peer": name, "scores": self.path, "k": self.k, "capacity": self.capacity,
            "weight": WEIGHT, "states": states,
        }))
    }

    /// The problem in the general language, with the penalty as a parameter.
    fn model(&self) -> (Model, Parameter) {
        let mut model = Model::new();
        let x = model.binary_array("x", self.scores.dim());
        let weight = model.parameter("weight");
        model.maximise(dot(&self.scores, &x));
        for (t, row) in x.rows().into_iter().enumerate() {
            let k_hot = k_hot(row, self.k).penalty(Penalty::Parameter(weight));
            model.constrain(format!("token {t}"), k_hot);
        }
        for (e, column) in x.columns().into_iter().enumerate() {
            let held = sum(column).at_most(self.capacity).penalty(Penalty::Parameter(weight));
            model.constrain(format!("expert {e}"), held);
        }
        (model, weight)
    }

    fn row(&self, what: &str, answer: &Answer) -> Row {
        let (tokens, experts) = self.scores.dim();
        let &Answer { build_ms, compile_ms, variables, couplings, .. } = answer;
        let total_ms = build_ms + compile_ms;
        let what = what.to_owned();
        Row {
            what,
            tokens,
            experts,
            variables,
            couplings,
            build_ms,
            compile_ms,
            total_ms,
            bytes_per_coupling: None,
        }
    }
}

fn against_dimod(
    case: &Case,
    peer: &mut Worker,
    repetitions: usize,
    folder: &std::path::Path,
) -> Result<Vec<Row>> {
    let (model, weight) = case.model();
    let compiled = model.compile(&CompileOptions::default().set(weight, WEIGHT))?;
    let variables = compiled.qubo().variables();
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let states =
        Array2::from_shape_simple_fn((STATES, variables), || i8::from(random.random_bool(0.2)));
    let path = folder.join("states.npy");
    ndarray_npy::write_npy(&path, &states)?;
    let first = case.ask(peer, "dimod-bqm", Some(&path))?;
    check(&compiled, &states, &first)?;
    drop((compiled, model));

    let mut rows = Vec::new();
    for name in ["dimod-bqm", "dimod-cqm"] {
        let mut samples = [Timings::default(), Timings::default()];
        let mut answer = case.ask(peer, name, None)?;
        for _ in 0..repetitions {
            answer = case.ask(peer, name, None)?;
            samples[0].add(answer.build_ms);
            samples[1].add(answer.compile_ms);
            // Alternating: one of ours between two of theirs, counted below.
            build(case, 1)?;
        }
        (answer.build_ms, answer.compile_ms) = (samples[0].median(), samples[1].median());
        rows.push(case.row(name, &answer));
    }
    for threads in [1, 2] {
        rows.extend(ours(case, threads, repetitions)?);
    }
    Ok(rows)
}

/// Number of couplings and energies are the peer's.
fn check(compiled: &Compiled, states: &Array2<i8>, answer: &Answer) -> Result<()> {
    let qubo = compiled.qubo();
    ensure!(answer.variables == qubo.variables(), "{} variables", answer.variables);
    ensure!(answer.couplings == qubo.couplings().interactions(), "{} couplings", answer.couplings);
    let energies = answer.energies.as_deref().unwrap_or_default();
    ensure!(energies.len() == states.nrows(), "{} energies", energies.len());
    for (state, want) in states.rows().into_iter().zip(energies) {
        let got = qubo.energy(&state.to_vec());
        ensure!((got - want).abs() <= 1e-9 * want.abs(), "energy {got}, dimod's is {want}");
    }
    Ok(())
}

/// Build and compile once: the result, milliseconds of both and of another compilation, peak bytes.
fn build(case: &Case, threads: usize) -> Result<(Compiled, [f64; 3], usize)> {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let pool = pool(threads)?;
    let ((model, weight), build_ms) = time(|| case.model());
    let compile = |value| {
        let options = CompileOptions::default().set(weight, value);
        pool.install(|| time(|| model.compile(&options)))
    };
    let (compiled, compile_ms) = compile(WEIGHT);
    let (compiled, peak) = (compiled?, HEAP.peak_usage() - before);
    let (again, again_ms) = compile(2.0 * WEIGHT);
    drop(again?);
    Ok((compiled, [build_ms, compile_ms, again_ms], peak))
}

fn ours(case: &Case, threads: usize, repetitions: usize) -> Result<Vec<Row>> {
    let mut samples =
        [Timings::default(), Timings::default(), Timings::default(), Timings::default()];
    let (mut variables, mut couplings, mut peak) = (0, 0, 0);
    build(case, threads)?;
    for _ in 0..repetitions {
        let (compiled, [build_ms, compile_ms, again_ms], bytes) = build(case, threads)?;
        let times = [build_ms, compile_ms, again_ms, build_ms + compile_ms];
        samples.iter_mut().zip(times).for_each(|(samples, ms)| samples.add(ms));
        variables = compiled.qubo().variables();
        couplings = compiled.qubo().couplings().interactions();
        peak = bytes;
    }
    let (tokens, experts) = case.scores.dim();
    let [build_ms, compile_ms, again_ms, total_ms] = samples.map(|samples| samples.median());
    let row = |what: &str, build_ms, compile_ms, total_ms| Row {
        what: format!("{what}, {threads} thread{}", if threads == 1 { "" } else { "s" }),
        tokens,
        experts,
        variables,
        couplings,
        build_ms,
        compile_ms,
        total_ms,
        bytes_per_coupling: Some(peak as f64 / couplings as f64),
    };
    Ok(vec![
        row("ours", build_ms, compile_ms, total_ms),
        row("ours, another penalty", 0.0, again_ms, again_ms),
    ])
}

/// The structured form, and a pass over the scores.
fn structured(size: (usize, usize, u32), repetitions: usize) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let case = Case::new(size, &folder.path().join("scores.npy"))?;
    let (tokens, experts) = case.scores.dim();
    let mut samples =
        [Timings::default(), Timings::default(), Timings::default(), Timings::default()];
    let (mut variables, mut couplings) = (0, 0);
    for _ in 0..repetitions {
        let ((model, weight), build_ms) = time(|| case.model());
        let options = CompileOptions::default().set(weight, WEIGHT).form(CouplingForm::Structured);
        let (compiled, compile_ms) = time(|| model.compile(&options));
        let compiled = compiled?;
        variables = compiled.qubo().variables();
        couplings = compiled.qubo().couplings().interactions();
        let pass_ms = time(|| pass(&case.scores)).1;
        let times = [build_ms, compile_ms, build_ms + compile_ms, pass_ms];
        samples.iter_mut().zip(times).for_each(|(samples, ms)| samples.add(ms));
    }
    let [build_ms, compile_ms, total_ms, pass_ms] = samples.map(|samples| samples.median());
    let row = |what: &str, build_ms, compile_ms, total_ms| Row {
        what: what.to_owned(),
        tokens,
        experts,
        variables,
        couplings,
        build_ms,
        compile_ms,
        total_ms,
        bytes_per_coupling: None,
    };
    Ok(vec![
        row("ours, structured", build_ms, compile_ms, total_ms),
        row("a pass over the scores", 0.0, 0.0, pass_ms),
    ])
}

/// Sums of all rows and columns.
fn pass(scores: &Array2<f32>) -> (f64, Vec<f64>) {
    let mut columns = vec![0.0; scores.ncols()];
    let mut total = 0.0;
    for row in scores.rows() {
        for (column, &score) in columns.iter_mut().zip(row) {
            *column += f64::from(score);
            total += f64::from(score);
        }
    }
    (total, columns)
}

fn print(row: &Row) {
    report::row(&[
        row.what.clone(),
        format!("{} × {}", row.tokens, row.experts),
        row.variables.to_string(),
        row.couplings.to_string(),
        format!("{:.2}", row.build_ms),
        format!("{:.1}", row.compile_ms),
        format!("{:.1}", row.total_ms),
        row.bytes_per_coupling.map_or_else(String::new, |bytes| format!("{bytes:.1}")),
    ]);
}
