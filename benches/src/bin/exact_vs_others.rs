//! How does `flow` compare with other exact solvers, where each token takes one expert?
//!
//! With one expert a token, routing is the transportation problem that many libraries solve: OR-tools
//! `SimpleMinCostFlow`, the network simplex of POT, `linear_sum_assignment` of `scipy` and `lapjvr` of LAPX on copies of
//! the experts, the sparse matching of `scipy`, and `HiGHS` on the linear program. All get the same `f32` scores and one
//! thread, and run in turn within one run. Batches of a series grow; a peer that exceeds `--limit` gets none of the
//! larger ones. Times are of build + solve. A peer whose first run takes more than a second is not run again; else
//! the first one only warms it up.
//!
//! `flow` proves its optimum by prices that spinroute-core recomputes. Core also recomputes what every answer is worth;
//! one that misses the optimum by more than 1e-9 and the peer's own tolerance is marked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::Serialize;
use spinroute_benches::{
    build_and_solve, flow,
    instances::{self, Case},
    objective_and_gap,
    others::{Answer, Others, PEERS, Peer, worth},
    report::{self, Options},
};
use spinroute_core::Instance;
use spinroute_lab::timing::{pool, time};
use spinroute_lab::{Machine, Timings};

/// A first run above this is the only one, milliseconds.
const SLOW: f64 = 1e3;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Seconds that a peer may take for an instance.
    #[arg(long, default_value_t = 10.0)]
    limit: f64,
}

/// What came of a peer on an instance.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Solved(Solved),
    /// The limit passed.
    Over,
    /// The limit passed on a smaller batch.
    Skipped,
}

#[derive(Serialize)]
struct Solved {
    /// Median of build + solve.
    ms: f64,
    build_ms: f64,
    solve_ms: f64,
    samples: usize,
    objective: f64,
    /// How much it misses of the objective of `flow`, relative to that.
    missing: f64,
    /// What it may miss, relative as well.
    tolerance: f64,
}

#[derive(Serialize)]
struct Figures {
    family: &'static str,
    name: String,
    tokens: usize,
    experts: usize,
    capacity: u32,
    objective: f64,
    gap: f64,
    flow_ms: f64,
    peers: BTreeMap<&'static str, Outcome>,
}

fn main() -> Result<()> {
    let Arguments { options, limit } = Arguments::parse();
    let limit = Duration::try_from_secs_f64(limit).context("--limit")?;
    let machine = Machine::here();
    let mut others = Others::start()?;
    let repetitions = options.repetitions();
    println!("# flow against other exact solvers, one expert a token\n");
    println!("{machine}; one thread; medians of {repetitions}; build + solve on all sides.");
    let versions: Vec<String> = PACKAGES.iter().map(|name| version(&others, name)).collect();
    println!(
        "{}. Limit: {limit:?} an instance. In brackets: times of `flow`.\n",
        versions.join(", ")
    );
    report::head(&[&["instance", "T × E", "flow ms"], &PEERS.map(|peer| peer.title)[..]].concat());
    let mut figures = Vec::new();
    for mut series in instances::one_expert()? {
        if options.quick {
            series.retain(|case| case.scores.nrows() <= 512 && case.scores.ncols() == 64);
        }
        series.retain(|case| options.wants(case.family, &case.name));
        let mut over = [false; PEERS.len()];
        for case in &series {
            let row = measure(case, &mut others, limit, repetitions, &mut over);
            let row = row.with_context(|| case.name.clone())?;
            print(&row);
            figures.push(row);
        }
    }
    summary(&figures);
    options.write(&machine, &figures)?;
    let wrong = figures.iter().filter(|f| f.gap > 1e-9).count();
    ensure!(wrong == 0, "{wrong} instances with a gap of flow above 1e-9");
    Ok(())
}

/// Packages whose versions are printed.
const PACKAGES: [&str; 5] = ["ortools", "POT", "scipy", "lapx", "highspy"];

fn version(others: &Others, name: &str) -> String {
    format!("{name} {}", others.versions[name].as_str().unwrap_or("unknown"))
}

/// A peer on a case: its objective and the samples so far.
struct Running {
    objective: f64,
    samples: [Timings; 3],
    count: usize,
    more: bool,
}

impl Running {
    fn add(&mut self, answer: &Answer) {
        let Answer { build_ms, solve_ms, .. } = answer;
        let all = [build_ms + solve_ms, *build_ms, *solve_ms];
        self.samples.iter_mut().zip(all).for_each(|(samples, ms)| samples.add(ms));
        self.count += 1;
    }
}

fn measure(
    case: &Case,
    others: &mut Others,
    limit: Duration,
    repetitions: usize,
    over: &mut [bool; PEERS.len()],
) -> Result<Figures> {
    let folder = others.load(case)?;
    let (instance, solver, one) = (case.instance()?, flow(), pool(1)?);
    let solution = one.install(|| build_and_solve(case, &solver))?;
    let (objective, gap) = objective_and_gap(&instance, &solution)?;
    let mut running = Vec::new();
    for (peer, over) in PEERS.into_iter().zip(over.iter()) {
        let answer = if *over { None } else { others.solve(&folder, peer, limit)? };
        running.push(answer.map(|answer| first(&instance, peer, answer)).transpose()?);
    }
    let mut ours = Timings::default();
    for _ in 0..repetitions {
        let (result, ms) = one.install(|| time(|| build_and_solve(case, &solver)));
        ensure!(result? == solution, "the answer changed between runs");
        ours.add(ms);
        for (peer, running) in PEERS.into_iter().zip(&mut running) {
            let Some(running) = running.as_mut().filter(|running| running.more) else { continue };
            let answer = others.solve(&folder, peer, limit)?;
            let answer = answer.with_context(|| format!("{} was in time before", peer.title))?;
            running.add(&answer);
            let objective = worth(&instance, answer.experts).context(peer.title)?;
            ensure!(objective == running.objective, "{}: another objective", peer.title);
        }
    }
    let mut peers = BTreeMap::new();
    for ((peer, running), over) in PEERS.into_iter().zip(&running).zip(over) {
        let outcome = match running {
            Some(running) => Outcome::Solved(solved(peer, running, &instance, objective)),
            None if *over => Outcome::Skipped,
            None => Outcome::Over,
        };
        *over |= matches!(outcome, Outcome::Over);
        peers.insert(peer.name, outcome);
    }
    Ok(Figures {
        family: case.family,
        name: case.name.clone(),
        tokens: instance.tokens(),
        experts: instance.experts(),
        capacity: case.capacity[0],
        objective,
        gap,
        flow_ms: ours.median(),
        peers,
    })
}

/// The first run: a sample only where it was slow.
fn first(instance: &Instance, peer: Peer, answer: Answer) -> Result<Running> {
    let more = answer.build_ms + answer.solve_ms <= SLOW;
    let mut running = Running { objective: 0.0, samples: Default::default(), count: 0, more };
    if !more {
        running.add(&answer);
    }
    running.objective = worth(instance, answer.experts).context(peer.title)?;
    Ok(running)
}

fn solved(peer: Peer, running: &Running, instance: &Instance, optimum: f64) -> Solved {
    let [ms, build_ms, solve_ms] = running.samples.each_ref().map(Timings::median);
    Solved {
        ms,
        build_ms,
        solve_ms,
        samples: running.count,
        objective: running.objective,
        missing: (optimum - running.objective) / optimum.abs(),
        tolerance: peer.tolerance(instance, optimum) / optimum.abs(),
    }
}

fn print(f: &Figures) {
    let name = f.name.rsplit_once(", ").map_or(&*f.name, |(series, _)| series);
    let mut cells = vec![
        format!("{}: {name}", f.family),
        format!("{} × {}", f.tokens, f.experts),
        format!("{:.2}", f.flow_ms),
    ];
    cells.extend(PEERS.iter().map(|peer| match &f.peers[peer.name] {
        Outcome::Solved(solved) => {
            let off = if solved.missing.abs() <= solved.tolerance {
                String::new()
            } else {
                format!(", off {:.0e}", solved.missing)
            };
            let ratio = solved.ms / f.flow_ms;
            let bold = if ratio < 1.0 { "**" } else { "" };
            format!("{} ({bold}{ratio:.1}{bold}){off}", short(solved.ms))
        }
        Outcome::Over => "over".to_owned(),
        Outcome::Skipped => "–".to_owned(),
    }));
    report::row(&cells);
}

/// Milliseconds in about three digits.
fn short(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.2}") } else { format!("{ms:.0}") }
}

/// For every size and peer the median and the least of its times over those of `flow`, and how many it solved.
fn summary(figures: &[Figures]) {
    println!("\nTimes over those of `flow` where the peer was in time: median, least (in time).\n");
    report::head(&[&["T", "flow ms"], &PEERS.map(|peer| peer.title)[..]].concat());
    let sizes: BTreeSet<usize> = figures.iter().map(|f| f.tokens).collect();
    for tokens in sizes {
        let rows: Vec<&Figures> = figures.iter().filter(|f| f.tokens == tokens).collect();
        let mut ours = Timings::default();
        for f in &rows {
            ours.add(f.flow_ms);
        }
        let mut cells = vec![tokens.to_string(), format!("{:.2}", ours.median())];
        for peer in PEERS {
            let (mut ratios, mut count) = (Timings::default(), 0);
            for f in &rows {
                if let Outcome::Solved(solved) = &f.peers[peer.name] {
                    ratios.add(solved.ms / f.flow_ms);
                    count += 1;
                }
            }
            let spread = format!("{:.1}, {:.1}", ratios.median(), ratios.least());
            let spread = if count == 0 { "–".to_owned() } else { spread };
            cells.push(format!("{spread} ({count} of {})", rows.len()));
        }
        report::row(&cells);
    }
    let worst = figures.iter().map(|f| f.gap).fold(0.0, f64::max);
    println!(
        "\nLargest certified gap of `flow` {worst:.1e}. {}\n{}",
        missing(figures),
        faster(figures)
    );
}

/// Who was faster than `flow`, and where.
fn faster(figures: &[Figures]) -> String {
    let of = |peer: &Peer| {
        let ahead = |f: &&Figures| match &f.peers[peer.name] {
            Outcome::Solved(solved) => solved.ms < f.flow_ms,
            _ => false,
        };
        let ahead: Vec<usize> = figures.iter().filter(ahead).map(|f| f.tokens).collect();
        let most = ahead.iter().max()?;
        Some(format!("{} {} (up to {most} tokens)", peer.title, ahead.len()))
    };
    let each: Vec<String> = PEERS.iter().filter_map(of).collect();
    let each = if each.is_empty() { "nobody".to_owned() } else { each.join(", ") };
    format!("Faster than `flow` on how many of {}: {each}.", figures.len())
}

/// What the peers miss at most.
fn missing(figures: &[Figures]) -> String {
    let of = |peer: &Peer| {
        let (mut most, mut off) = (0.0_f64, 0);
        for f in figures {
            if let Outcome::Solved(solved) = &f.peers[peer.name] {
                most = most.max(solved.missing.abs());
                off += usize::from(solved.missing.abs() > solved.tolerance);
            }
        }
        let note = if off > 0 { format!(" ({off} beyond its tolerance)") } else { String::new() };
        format!("{} {most:.0e}{note}", peer.title)
    };
    let each: Vec<String> = PEERS.iter().map(of).collect();
    format!("Largest relative difference of the objective: {}.", each.join(", "))
}
