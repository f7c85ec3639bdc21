//! The instances: the golden ones, the committed sample, and 200 that are generated.
//!
//! Generated ones come from [`Draws`], whose bits are promised, and from nothing else that could change
//! with a machine or a version.

use ndarray::{Array2, s};

use crate::book::Book;
use crate::digest::Digest;
use crate::house::{
    Demand, Draws, File, Instance, Rounding, Router, Rows, Transform, Wide, generate, golden,
    read_router,
};

/// An instance with its place in the files.
pub(crate) struct Problem {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) instance: Instance,
}

/// How many are generated, and how many of them are a group.
const GENERATED: u64 = 200;
const GROUP: u64 = 20;

/// The folder of the sample.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../command/data/e160k6-noaux");

/// All instances, in the order of the files.
pub(crate) fn all() -> Vec<Problem> {
    let golden = golden::all().into_iter().map(|golden| {
        let (group, name) = ("golden".to_owned(), golden.name);
        Problem { group, name, instance: golden.instance }
    });
    golden.chain((0..GENERATED).map(generated)).chain(sample()).collect()
}

/// Writes the inputs down.
pub(crate) fn record(problems: &[Problem], book: &mut Book) {
    for problem in problems {
        book.add_input(&problem.group, &problem.name, digest(&problem.instance));
    }
}

/// An instance by every number of it.
pub(crate) fn digest(instance: &Instance) -> Digest {
    let scores = instance.flat().iter().map(|score| score.to_bits());
    let demand = instance.demand();
    Digest::default()
        .wholes([instance.tokens() as u64, instance.experts() as u64, demand.k() as u64])
        .wholes([u64::from(demand.is_exact())])
        .wholes(instance.capacity().iter().copied())
        .wholes(scores)
        .reals(instance.wide().unwrap_or_default())
}

/// The sample that `compare` routes where no input is named, in several ways to ask.
fn sample() -> Vec<Problem> {
    let open = |name: &str| File::open(format!("{SAMPLE}/{name}.safetensors")).expect("the sample");
    let (weights, hidden) = (open("router"), open("hidden"));
    let router = Router { weights: &weights, hidden: &hidden, layer: None };
    let scores = read_router(router, Transform::Softmax, Rows::ALL).expect("the sample reads");
    let ask = |name: &str, tokens: usize, factor: f64, demand: Demand, uneven: bool| {
        let scores = scores.slice(s![..tokens, ..]).to_owned();
        let mut capacity =
            Instance::uniform_capacity(tokens, scores.ncols(), demand.k(), factor).expect("sizes");
        if uneven {
            // Every third expert has half, every other third the half more.
            for e in 0..capacity.len() / 3 {
                let half = capacity[3 * e] / 2;
                capacity[3 * e] -= half;
                capacity[3 * e + 1] += half;
            }
        }
        let instance = Instance::new(scores, capacity, demand).expect("an instance");
        Problem { group: "sample".into(), name: name.into(), instance }
    };
    vec![
        ask("4096-exactly-6", 4096, 1.0, Demand::Exactly(6), false),
        ask("2048-at-most-6-scarce", 2048, 0.75, Demand::AtMost(6), true),
        ask("1024-exactly-4-uneven", 1024, 1.25, Demand::Exactly(4), true),
        ask("512-at-most-8", 512, 1.0, Demand::AtMost(8), false),
    ]
}

/// The instance of a seed: family, size and demand in turn, so that all pairs of them come.
fn generated(seed: u64) -> Problem {
    let mut draws = Draws::new(seed ^ 0x5eed_0000);
    let (size, family) = (seed % 10, seed / 10 % 20);
    let between = |draws: &mut Draws, low: usize, high: usize| low + draws.below(high - low + 1);
    let (tokens, experts) = match size {
        0 | 1 => (between(&mut draws, 1, 5), between(&mut draws, 1, 5)),
        2..=4 => (between(&mut draws, 6, 40), between(&mut draws, 2, 16)),
        5 | 6 => (between(&mut draws, 40, 120), between(&mut draws, 15, 66)),
        7 => (between(&mut draws, 60, 160), between(&mut draws, 120, 140)),
        8 => (between(&mut draws, 100, 160), 64 + 64 * draws.below(3)),
        _ => (between(&mut draws, 400, 512), between(&mut draws, 40, 64)),
    };
    let k = between(&mut draws, 1, 8).min(experts);
    let (kind, instance) = of_family(family, tokens, experts, k, seed);
    let (way, instance) = asked(&instance, (seed % 10 + seed / 10) % 6, &mut draws);
    let name = format!("{seed}-{kind}-{tokens}x{experts}-{way}-{}", instance.demand().k());
    Problem { group: format!("generated-{:03}", seed / GROUP * GROUP), name, instance }
}

fn of_family(
    family: u64,
    tokens: usize,
    experts: usize,
    k: usize,
    seed: u64,
) -> (&'static str, Instance) {
    let (t, e) = (tokens, experts);
    let (name, instance) = match family {
        0 => ("skewed", generate::skewed(t, e, k, 1.0, seed)),
        1 => ("collapsed", generate::skewed(t, e, k, 4.0, seed)),
        2 => ("tied", generate::tied(t, e, k, 4, seed)),
        3 => ("fine", generate::tied(t, e, k, 64, seed)),
        4 => ("tight", generate::tight(t, e, k, seed)),
        5 => ("sparse", generate::sparse(t, e, k, (k + 1).min(e), seed)),
        6 => ("half", generate::sparse(t, e, k, (e / 2).max(k), seed)),
        7 => ("spread", generate::spread(t, e, k, seed)),
        8 => ("planted", generate::planted(t, e, k, seed).map(|(instance, _)| instance)),
        9..=15 => {
            let kind = Rounding::ALL[family as usize - 9];
            (kind.name(), generate::rounding(kind, t, e, k, seed))
        }
        _ => {
            let kind = Wide::ALL[family as usize - 16];
            (kind.name(), generate::wide(kind, t, e, k, seed))
        }
    };
    (name, instance.expect("sizes fit"))
}

/// The same scores with other capacities or another demand.
fn asked(instance: &Instance, way: u64, draws: &mut Draws) -> (&'static str, Instance) {
    let k = instance.demand().k() as u32;
    let mut capacity = instance.capacity().to_vec();
    let (name, demand, shift) = match way {
        0 => ("exactly", Demand::Exactly(k), 0.0),
        1 => {
            for capacity in &mut capacity {
                *capacity += draws.below(*capacity as usize / 2 + 2) as u32;
            }
            ("exactly-roomy", Demand::Exactly(k), 0.0)
        }
        2 => ("at-most", Demand::AtMost(k), 0.0),
        3 => {
            for capacity in &mut capacity {
                *capacity = draws.below(2 * *capacity as usize + 1) as u32;
            }
            ("at-most-scarce", Demand::AtMost(k), 0.0)
        }
        // Some scores below 0, which are better left out.
        4 => ("at-most-signed", Demand::AtMost(k), 0.25),
        _ => {
            for e in 1..capacity.len() {
                if draws.below(4) == 0 {
                    // All of it goes to the one before.
                    capacity[e - 1] += std::mem::take(&mut capacity[e]);
                }
            }
            ("exactly-closed", Demand::Exactly(k), 0.0)
        }
    };
    let (tokens, experts) = (instance.tokens(), instance.experts());
    let built = match instance.wide() {
        Some(wide) => {
            let scores = wide.iter().map(|score| score - shift).collect();
            let scores = Array2::from_shape_vec((tokens, experts), scores).expect("as it was");
            Instance::from_f64(scores, capacity, demand)
        }
        None => Instance::new(instance.table().mapv(|s| s - shift as f32), capacity, demand),
    };
    // Fewer open experts than k, or too little room, is no instance: then as it was.
    built.map_or_else(|_| ("exactly-as-made", instance.clone()), |built| (name, built))
}
