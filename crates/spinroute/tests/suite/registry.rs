//! Every registered solver keeps the contract of a solver.

use ndarray::array;
use spinroute::registry::SOLVERS;
use spinroute::{Demand, Instance, Run};
use spinroute_testkit::Conformance;

#[test]
fn every_solver_conforms() {
    for entry in SOLVERS {
        let suite = match (entry.exact, entry.facts.prices) {
            (true, true) => Conformance::exact(),
            (true, false) => Conformance::optimal(),
            (false, _) => Conformance::feasible(),
        };
        let solver = entry.build(&entry.defaults()).unwrap();
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
