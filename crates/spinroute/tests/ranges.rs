//! The range that a parameter's help names is the one that is checked, and the one of the error.
#![cfg(feature = "bifurcation")]

use serde_json::{Map, Value};
use spinroute::ising::{Ising, Sparse};
use spinroute::minimisers::MINIMISERS;
use spinroute::ndarray::Array2;
use spinroute::registry::{Entry, Param, SOLVERS};
use spinroute::{Demand, Instance, Run};

/// The range in a mend, without the reason.
fn range(mend: &str) -> &str {
    let text = mend.strip_prefix("it is ").expect("a mend says what it is");
    text.split_once(": ").map_or(text, |(range, _)| range)
}

/// The ends of a range of counts, if it is one.
fn ends(param: &Param) -> (Option<u64>, Option<u64>) {
    let number = |text: &str| match text {
        "2^24" => Some(1 << 24),
        text => text.parse().ok(),
    };
    let range = range(param.mends.outside);
    if let Some(low) = range.strip_prefix("at least ") {
        return (number(low), None);
    }
    let (low, high) = range.split_once(" to ").unwrap_or(("", ""));
    (number(low), number(high))
}

/// What an algorithm says to one parameter that differs from its default, if it refuses that.
fn check<T: ?Sized, F>(
    entry: &Entry<T, F>,
    answer: impl Fn(Box<T>) -> Result<(), String>,
    seen: &mut Vec<String>,
) {
    let with = |param: &Param, value: u64| {
        let params = Map::from_iter([(param.name.to_owned(), Value::from(value))]);
        answer(entry.build(&params).expect("its type is right"))
    };
    for param in entry.params {
        let what = format!("{}, {}: {}", entry.name, param.name, param.help);
        let refused = |value: u64, mend| {
            let want = format!("parameter `{}` is {value}; {mend}", param.name);
            assert_eq!(with(param, value), Err(want), "{what}");
        };
        let (low, high) = ends(param);
        if let Some(low) = low.filter(|low| *low > 0) {
            refused(low - 1, param.mends.below);
            assert_eq!(with(param, low), Ok(()), "{what}");
        }
        if let Some(high) = high {
            refused(high + 1, param.mends.above);
            if high <= 1000 {
                assert_eq!(with(param, high), Ok(()), "{what}");
            }
        }
        if low.is_some() || high.is_some() {
            seen.push(format!("{} {}", entry.name, param.name));
        }
    }
}

#[test]
fn counts_are_held_to_the_range_that_the_help_names() {
    let scores = Array2::from_shape_fn((8, 3), |(t, e)| ((t * 7 + e * 5) % 13) as f32 / 13.0);
    let instance = Instance::new(scores, vec![3; 3], Demand::Exactly(1)).unwrap();
    let model = Sparse::from_triplets(2, [(0, 1, 1.0)]).unwrap();
    let model = Ising::new(vec![0.5; 2], model, 0.0).unwrap();
    let mut seen = Vec::new();
    for entry in SOLVERS {
        let solve = |solver: Box<dyn spinroute::Solver>| {
            let solved = solver.solve(&instance, &mut Run::new(1));
            solved.map(|_| ()).map_err(|error| error.to_string())
        };
        check(entry, solve, &mut seen);
    }
    for entry in MINIMISERS {
        let minimise = |minimiser: Box<dyn spinroute::ising::Minimiser>| {
            let found = minimiser.minimise(&model, &mut Run::new(1));
            found.map(|_| ()).map_err(|error| error.to_string())
        };
        check(entry, minimise, &mut seen);
    }
    for name in ["sb-full moves", "sb-full period", "sb-close-call agents", "anneal reads"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} is not among {seen:?}");
    }
    assert!(seen.len() >= 14, "{seen:?}");
}

#[test]
fn the_range_in_a_mend_is_the_one_of_the_help() {
    let solvers = SOLVERS.iter().flat_map(|entry| entry.params);
    let minimisers = MINIMISERS.iter().flat_map(|entry| entry.params);
    for param in solvers.chain(minimisers) {
        let whole = range(param.mends.outside);
        assert!(param.help.contains(whole), "{param:?}");
        for end in [param.mends.below, param.mends.above].map(range) {
            let end = end.strip_prefix("at least ").or(end.strip_prefix("at most ")).unwrap_or(end);
            assert!(whole.starts_with(end) || whole.ends_with(end), "{param:?}");
        }
    }
}
