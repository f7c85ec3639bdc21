//! The exact solver keeps the whole contract: every clause of the suite, at its strictest level.

use spinroute_core::Feature;
use spinroute_flow::Flow;
use spinroute_testkit::Conformance;

const ALL: [Feature; 5] =
    [Feature::Demands, Feature::Minimums, Feature::Groups, Feature::Overflow, Feature::Rewards];

#[test]
fn flow_is_exact() {
    Conformance::exact().honours(&ALL).assert(&Flow::default());
}

#[test]
fn flow_is_exact_on_other_cases() {
    Conformance::exact().honours(&ALL).seed(77).cases(100).assert(&Flow::default());
}
