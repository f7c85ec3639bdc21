//! Random instances for every solver, judged by certificates, the reference and each other, as long as
//! you like.
//!
//! ```sh
//! cargo run --release -p spinroute-testkit --example fuzz -- --seconds 60
//! cargo run --release -p spinroute-testkit --example fuzz -- --instances 10000000 --solvers flow
//! ```
//!
//! Most instances are tiny, as faults show there first; one in some thousand has up to 1,024 experts.
//! Every solver must answer what is feasible, prove what is not, and never panic. One that is exact
//! must prove its answer as [`property::proven`](spinroute_testkit::property::proven) says: a gap of
//! 10⁻⁹ of the objective or, where scores cancel, 2⁻⁴⁴ of `Σ |s|` over the pairs chosen. No answer of
//! another solver and none of the reference may be better.
//!
//! An instance depends on the seed and its number alone. Where one fails, the smallest that did is made
//! smaller yet and printed in the format of the golden files, and the exit code is 1.

mod dump;
mod judge;
mod source;

use std::collections::BTreeMap;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use spinroute::Instance;
use spinroute_testkit::{golden::to_toml, smallest};

use dump::Dump;
use judge::{Contestant, Fault, Tally, contestants, judge};
use source::Source;

#[derive(Parser)]
struct Args {
    /// Stop after that many seconds.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Stop after that many instances, however long they take.
    #[arg(long)]
    instances: Option<u64>,
    /// What all is drawn from; another one each time if it is left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Names of solvers, comma-separated; all of them if it is left out, the slow ones on a share of
    /// the instances.
    #[arg(long, value_delimiter = ',')]
    solvers: Vec<String>,
    /// Ask the reference up to that many pairs.
    #[arg(long, default_value_t = 40)]
    reference: usize,
    /// Threads, each with instances of its own.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Write every instance with the answer of flow to this file, for `benches/peers/check_flow.py`.
    #[arg(long)]
    dump: Option<PathBuf>,
}

/// What all threads share.
struct Shared {
    seed: u64,
    next: AtomicU64,
    start: Instant,
    limit: Duration,
    instances: u64,
    reference: usize,
    contestants: Vec<Contestant>,
    dump: Option<Mutex<Dump>>,
    worst: Mutex<Option<(Instance, String, Fault, u64)>>,
}

#[derive(Default)]
struct Counts {
    /// Instances, and those that some solver failed on.
    families: BTreeMap<String, (u64, u64)>,
    solvers: BTreeMap<String, Tally>,
}

/// Instances that a thread takes at a time.
const BATCH: u64 = 64;
/// Checks spent on making a failing instance smaller.
const SHRINKS: usize = 4000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    // Panics are caught and reported with their instance.
    std::panic::set_hook(Box::new(|_| {}));
    let shared = Shared {
        seed: args.seed.unwrap_or_else(|| RandomState::new().hash_one(std::process::id())),
        next: AtomicU64::new(0),
        start: Instant::now(),
        limit: match args.instances {
            Some(_) => Duration::MAX,
            None => Duration::try_from_secs_f64(args.seconds)?,
        },
        instances: args.instances.unwrap_or(u64::MAX),
        reference: args.reference,
        contestants: contestants(&args.solvers)?,
        dump: args.dump.as_deref().map(Dump::create).transpose()?.map(Mutex::new),
        worst: Mutex::new(None),
    };
    println!("seed {}", shared.seed);
    let all = std::thread::scope(|scope| {
        let work = || -> Result<Counts, String> {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            pool.map_err(|error| error.to_string())?.install(|| run(&shared))
        };
        let threads: Vec<_> = (0..args.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|outcome| outcome.map_err(|_| "a thread panicked".to_owned())?).collect()
    });
    let all: Result<Vec<Counts>, String> = all;
    let all = all?;
    print_counts(&all, shared.start.elapsed());
    let families = all.iter().flat_map(|counts| &counts.families);
    let general: u64 =
        families.filter(|(name, _)| name.starts_with("general ")).map(|(_, (met, _))| met).sum();
    println!("{general} instances with masks, minimums, groups or costs");
    if general == 0 && all.iter().flat_map(|counts| counts.families.values()).count() > 100 {
        return Err("not one instance asked for more than one k and one capacity".into());
    }
    if let Some(dump) = &shared.dump {
        dump.lock().map_err(|_| "a thread panicked")?.finish()?;
    }
    let worst = shared.worst.lock().map_err(|_| "a thread panicked")?;
    let Some((instance, family, fault, number)) = worst.as_ref() else {
        return Ok(ExitCode::SUCCESS);
    };
    println!("\nfailed first at its smallest on instance {number} of {family}: {fault}");
    print_smallest(&shared, instance, fault, *number);
    Ok(ExitCode::FAILURE)
}

/// One thread: instances until time or number is up.
fn run(shared: &Shared) -> Result<Counts, String> {
    let (mut source, mut counts) = (Source::new(), Counts::default());
    loop {
        let first = shared.next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= shared.instances || shared.start.elapsed() >= shared.limit {
            return Ok(counts);
        }
        for number in first..(first + BATCH).min(shared.instances) {
            let (family, instance) = source.draw(shared.seed, number);
            let met = counts.families.entry(family.clone()).or_default();
            met.0 += 1;
            let (tallies, mut flow) = (&mut counts.solvers, None);
            let seed = shared.seed.wrapping_add(number);
            let judged =
                judge(&shared.contestants, &instance, seed, shared.reference, tallies, &mut flow);
            if let (Some(dump), Some(answer)) = (&shared.dump, flow) {
                let mut dump = dump.lock().map_err(|_| "a thread panicked")?;
                dump.add(&instance, &answer).map_err(|error| error.to_string())?;
            }
            if let Err(fault) = judged {
                met.1 += 1;
                keep(shared, instance, family, fault, number)?;
            }
        }
    }
}

/// Keeps the smallest instance that failed.
fn keep(
    shared: &Shared,
    instance: Instance,
    family: String,
    fault: Fault,
    number: u64,
) -> Result<(), String> {
    let size = |instance: &Instance| instance.tokens() * instance.experts();
    let mut worst = shared.worst.lock().map_err(|_| "a thread panicked")?;
    if worst.as_ref().is_none_or(|(smallest, ..)| size(&instance) < size(smallest)) {
        *worst = Some((instance, family, fault, number));
    }
    Ok(())
}

fn print_counts(all: &[Counts], elapsed: Duration) {
    let mut families: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut solvers: BTreeMap<&str, Tally> = BTreeMap::new();
    for counts in all {
        for (name, (met, wrong)) in &counts.families {
            let sum = families.entry(name).or_default();
            *sum = (sum.0 + met, sum.1 + wrong);
        }
        counts.solvers.iter().for_each(|(name, tally)| solvers.entry(name).or_default().add(tally));
    }
    let total: u64 = families.values().map(|(met, _)| met).sum();
    let seconds = elapsed.as_secs_f64();
    println!("{total} instances in {seconds:.1} s, {:.0} a second", total as f64 / seconds);
    println!("  {:<24} {:>10} {:>7}", "", "instances", "WRONG");
    for (name, (met, wrong)) in &families {
        println!("  {name:<24} {met:>10} {wrong:>7}");
    }
    println!(
        "  {:<18} {:>10} {:>10} {:>10} {:>7} {:>9}",
        "", "solved", "infeasible", "refused", "WRONG", "seconds"
    );
    for (name, tally) in &solvers {
        println!(
            "  {name:<18} {:>10} {:>10} {:>10} {:>7} {:>9.1}",
            tally.solved,
            tally.infeasible,
            tally.refused,
            tally.wrong,
            tally.time.as_secs_f64()
        );
    }
}

/// The failing instance made smaller, as long as the same solver has the same kind of fault.
fn print_smallest(shared: &Shared, instance: &Instance, fault: &Fault, number: u64) {
    let seed = shared.seed.wrapping_add(number);
    let again = |instance: &Instance| {
        let (tallies, flow) = (&mut BTreeMap::new(), &mut None);
        judge(&shared.contestants, instance, seed, shared.reference, tallies, flow).err()
    };
    let least = smallest(instance, SHRINKS, |smaller| {
        again(smaller).is_some_and(|found| found.is_like(fault))
    });
    let fault = again(&least).map_or_else(|| fault.to_string(), |fault| fault.to_string());
    println!("note = {fault:?}\n{}", to_toml(&least));
    if let Ok(optimum) = spinroute_testkit::reference::optimum(&least) {
        println!("[expected.optimum]\nvalue = {:?}\nprices = {:?}", optimum.value, optimum.prices);
    }
}
