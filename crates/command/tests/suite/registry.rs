//! Every registered solver keeps the contract of a solver.

use ndarray::array;
use spinroute::registry::SOLVERS;
use spinroute::{Demand, Instance, Run};
use spinroute_testkit::strategy::Shape;
use spinroute_testkit::{Conformance, general};

/// What `lp` may refuse: scores whose sizes differ by more than its backend's tolerance allows for, and
/// what is large.
const REFUSED_BY_LP: [&str; 9] = [
    "golden cancelling",
    "spread",
    "decaying",
    "columns",
    "wide_integers",
    "wide_close",
    "wide_mixed",
    "wide_softmax",
    "generate",
];

/// And the general instances made of such.
fn refused_by_lp() -> impl Iterator<Item = String> {
    let general = general::families(&Shape::default()).into_iter();
    let general = general.map(|(name, _)| format!("general {name}"));
    general.chain(REFUSED_BY_LP.map(str::to_owned))
}

#[test]
fn every_solver_conforms() {
    for entry in SOLVERS {
        let suite = match (entry.exact, entry.facts.prices) {
            (true, true) => Conformance::exact(),
            (true, false) => Conformance::optimal().allow_unsupported(refused_by_lp()),
            (false, _) => Conformance::feasible(),
        };
        let mut params = entry.defaults();
        if params.contains_key("max_pairs") {
            // What a simplex method solves in some hundredths of a second.
            params.insert("max_pairs".into(), 1_000.into());
        }
        let solver = entry.build(&params).unwrap();
        // The crates of the solvers run the whole suite; here it shows that what the name builds
        // is what the registry says.
        if let Err(breach) = suite.cases(8).check(&*solver) {
            panic!("{}: {breach}", entry.name);
        }
    }
}

#[test]
fn solvers_give_prices_if_the_registry_says_so() {
    let scores = array![[0.75, 0.25], [0.75, 0.5]];
    let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).unwrap();
    for entry in SOLVERS {
        let solver = entry.build(&entry.defaults()).unwrap();
        let solution = solver.solve(&instance, &mut Run::new(0)).unwrap();
        assert_eq!(solution.prices.is_some(), entry.facts.prices, "{}", entry.name);
    }
}
