//! Every registered solver keeps the contract of a solver.

use spinroute::registry::SOLVERS;
use spinroute_testkit::Conformance;

#[test]
fn every_solver_conforms() {
    for entry in SOLVERS {
        let suite = if entry.exact { Conformance::exact() } else { Conformance::feasible() };
        let solver = entry.build(&entry.defaults()).unwrap();
        // The crates of the solvers run the whole suite; here it shows that what the name builds
        // is what the registry says.
        if let Err(breach) = suite.cases(8).check(&*solver) {
            panic!("{}: {breach}", entry.name);
        }
    }
}
