//! Group limits, affinity, placement and replication, each on small problems.

use ndarray::{Array2, s};

use crate::book::Book;
use crate::digest::{Answer, Digest};
use crate::house::{
    Affinity, Balance, Bounded, BranchAndBound, CloseRows, ConstrainedError, Demand, Draws,
    GroupLimited, Instance, Kicks, Lagrangian, Minimiser, Modelled, Options, Placed, Placement,
    PlacementError, Replicas, Replication, Run, TwoDevices, greedy, improve, relaxed, sample,
};
use crate::minimisers::built;

/// Seeds of each kind.
const SEEDS: u64 = 8;

/// Runs all and writes down what they answer.
pub(crate) fn record(book: &mut Book) {
    let anneal = built("anneal", r#"{"reads":3,"sweeps":25}"#);
    let sb = built("sb", r#"{"agents":4,"steps":40}"#);
    for seed in 0..SEEDS {
        let mut draws = Draws::new(0xc0 + seed);
        let instance = instance(&mut draws, seed);
        let experts = instance.experts();
        let group = (0..experts as u32).map(|e| e % 3).collect();
        let grouped = GroupLimited::new(instance.clone(), group, 1 + seed as usize % 2).unwrap();
        let mut table = Array2::zeros((experts, experts));
        for e in 0..experts {
            for f in 0..e {
                let value = (draws.below(9) as f64 - 4.0) / 20.0;
                (table[[e, f]], table[[f, e]]) = (value, value);
            }
        }
        let affine = Affinity::new(instance, table).unwrap();
        add_routing("group-limited", &grouped, seed, &*anneal, book);
        let first = grouped.groups_first();
        let first = first.map(|first| Answer {
            chosen: Digest::default().assignment(&first),
            ..Answer::default()
        });
        add("groups-first", "group-limited", first, book);
        add_routing("affinity", &affine, seed, &*anneal, book);
    }
    for seed in 0..SEEDS {
        placements(seed, &[("anneal", &*anneal), ("sb", &*sb)], book);
        replications(seed, book);
    }
}

fn add<E: std::fmt::Display>(what: &str, group: &str, answer: Result<Answer, E>, book: &mut Book) {
    book.add(what, "-", group, answer.unwrap_or_else(Answer::error));
}

/// At most k, as these problems ask; every other one too large for a search through all.
fn instance(draws: &mut Draws, seed: u64) -> Instance {
    let (tokens, experts) = if seed.is_multiple_of(2) { (6, 5) } else { (40, 9) };
    let scores = Array2::from_shape_simple_fn((tokens, experts), || {
        let score = draws.uniform() as f32;
        // In half of the instances most scores tie.
        let score = if seed % 4 < 2 { score } else { (8.0 * score).round() / 8.0 };
        if draws.below(10) == 0 { f32::NEG_INFINITY } else { score - 0.125 }
    });
    let capacity = (0..experts).map(|_| draws.below(2 * tokens / experts + 2) as u32).collect();
    Instance::new(scores, capacity, Demand::AtMost(2 + seed as u32 % 2)).unwrap()
}

fn add_routing(
    group: &str,
    problem: &impl Modelled,
    seed: u64,
    minimiser: &dyn Minimiser,
    book: &mut Book,
) {
    let input = crate::problems::digest(problem.instance());
    book.add_input(group, &seed.to_string(), input);
    let worth = |assignment| -> Result<Answer, ConstrainedError> {
        let chosen = Digest::default().assignment(&assignment);
        Ok(Answer { chosen, figures: Digest::default().real(problem.objective(&assignment)?) })
    };
    let first = greedy(problem);
    add("greedy-rows", group, worth(first.clone()), book);
    add("improve", group, worth(improve(problem, &first)), book);
    add(
        "relaxed",
        group,
        relaxed(problem).map(|(bound, prices, assignment)| Answer {
            chosen: Digest::default().assignment(&assignment),
            figures: Digest::default().real(bound).reals(&prices),
        }),
        book,
    );
    add(
        "linear-relaxation",
        group,
        problem
            .linear_relaxation()
            .map(|bound| Answer { figures: Digest::default().real(bound), ..Answer::default() }),
        book,
    );
    let priced = Lagrangian::default().solve(problem, &mut Run::new(seed));
    add("lagrangian", group, priced.map(|answer| bounded(&answer)), book);
    let proof = BranchAndBound { nodes: 2000 }.solve(problem);
    add(
        "branch-and-bound",
        group,
        proof.map(|proof| Answer {
            chosen: Digest::default().assignment(&proof.assignment).text(proof.proven),
            figures: Digest::default().real(proof.objective).whole(proof.nodes),
        }),
        book,
    );
    add_sampled(group, problem, seed, minimiser, book);
}

/// The ways that need a minimiser.
fn add_sampled(
    group: &str,
    problem: &impl Modelled,
    seed: u64,
    minimiser: &dyn Minimiser,
    book: &mut Book,
) {
    let closed = CloseRows::default().solve(problem, minimiser, &mut Run::new(seed));
    add(
        "close-rows",
        group,
        closed.map(|closed| {
            let Answer { chosen, figures } = bounded(&closed.answer);
            let sizes = [closed.variables as u64, closed.tokens as u64];
            Answer { chosen, figures: figures.real(closed.priced).wholes(sizes) }
        }),
        book,
    );
    let sampled = sample(problem, minimiser, &Options::default(), &mut Run::new(seed));
    add(
        "sampled-rows",
        group,
        sampled.map(|sampled| {
            let sizes = [sampled.feasible, sampled.reads, sampled.variables];
            let figures = Digest::default().real(sampled.objective).maybe(sampled.raw);
            Answer {
                chosen: Digest::default().assignment(&sampled.assignment).stop(sampled.stop),
                figures: figures.wholes(sizes.map(|size| size as u64)),
            }
        }),
        book,
    );
}

fn bounded(answer: &Bounded) -> Answer {
    let figures = [answer.objective, answer.bound, answer.flow];
    Answer {
        chosen: Digest::default().assignment(&answer.assignment).stop(answer.stop),
        figures: Digest::default().reals(&figures).reals(&answer.prices),
    }
}

fn placements(seed: u64, minimisers: &[(&str, &dyn Minimiser)], book: &mut Book) {
    let mut draws = Draws::new(0x91ace + seed);
    let (layers, experts, devices) = if seed.is_multiple_of(2) { (1, 6, 3) } else { (3, 12, 4) };
    let loads = Array2::from_shape_simple_fn((layers, experts), || draws.below(40) as f64);
    let joint = (1..layers)
        .map(|_| Array2::from_shape_simple_fn((experts, experts), || draws.below(6) as f64));
    let joint: Vec<Array2<f64>> = joint.collect();
    let input = joint.iter().fold(Digest::default().reals(&loads), Digest::reals);
    book.add_input("placement", &seed.to_string(), input);
    let problem = Placement::new(loads, joint, devices, 0.3).unwrap();
    let mut put = |what: &str, placed: Result<Answer, PlacementError>| {
        add(what, "placement", placed, book);
    };
    put(
        "bound",
        problem.bound().map(|cost| Answer {
            figures: Digest::default().reals(&[cost.busiest, cost.traffic, cost.total]),
            ..Answer::default()
        }),
    );
    put(
        "linear",
        problem
            .linear_relaxation()
            .map(|bound| Answer { figures: Digest::default().real(bound), ..Answer::default() }),
    );
    put("lpt", problem.lpt().map(|answer| placed(&answer)));
    put("chain", problem.chain().map(|answer| placed(&answer)));
    put("swaps", problem.swaps().map(|answer| placed(&answer)));
    put("exhaustive", problem.exhaustive().map(|answer| placed(&answer)));
    let start = problem.lpt().unwrap().devices;
    let kicks = Kicks { rounds: 30, exchanges: 3 };
    let kicked = kicks.solve(&problem, start.clone(), &mut Run::new(seed));
    put("kicks", kicked.map(|(answer, _)| placed(&answer)));
    for (name, minimiser) in minimisers {
        let two = TwoDevices::default();
        let two = two.solve(&problem, start.clone(), *minimiser, &mut Run::new(seed));
        put(&format!("two-devices-{name}"), two.map(|(answer, _)| placed(&answer)));
        let balances =
            [("busiest", Balance::Busiest), ("squares", Balance::Squares { weight: 0.5 })];
        for ((way, balance), polish) in balances.into_iter().zip([false, true]) {
            let run = &mut Run::new(seed);
            let answer = problem.sample(*minimiser, balance, polish, run);
            put(&format!("sampled-{way}-{name}"), answer.map(|answer| placed(&answer)));
        }
    }
}

fn placed(answer: &Placed) -> Answer {
    let devices = answer.devices.slice(s![.., ..]);
    Answer {
        chosen: Digest::default().wholes(devices.iter().copied()),
        figures: Digest::default().reals(&[
            answer.cost.busiest,
            answer.cost.traffic,
            answer.cost.total,
        ]),
    }
}

fn replications(seed: u64, book: &mut Book) {
    let mut draws = Draws::new(0x4e91 + seed);
    let (experts, devices) = if seed.is_multiple_of(2) { (5, 4) } else { (6, 5) };
    let loads: Vec<f64> = (0..experts).map(|_| draws.below(90) as f64 + 0.1).collect();
    book.add_input("replication", &seed.to_string(), Digest::default().reals(&loads));
    let problem = Replication::new(loads, devices, 2).unwrap();
    let of = |replicas: Replicas| Answer {
        chosen: replicas
            .devices
            .iter()
            .fold(Digest::default().wholes(replicas.copies), |d, held| {
                d.wholes(held.iter().copied())
            }),
        figures: Digest::default().real(replicas.busiest),
    };
    add::<PlacementError>("eplb", "replication", Ok(of(problem.eplb())), book);
    add("optimum", "replication", problem.optimum().map(of), book);
}
