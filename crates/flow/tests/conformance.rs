//! The exact solver keeps the whole contract: every clause of the suite, at its strictest level.

use spinroute_flow::Flow;
use spinroute_testkit::Conformance;

#[test]
fn flow_is_exact() {
    Conformance::exact().assert(&Flow::default());
}

#[test]
fn flow_is_exact_on_other_cases() {
    Conformance::exact().seed(77).cases(100).assert(&Flow::default());
}
