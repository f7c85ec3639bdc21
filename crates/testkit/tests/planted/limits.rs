//! Exact solvers of plain instances that read one limit of a general one wrongly.

use spinroute_core::{Error, Instance, Run, Solution, Solver};
use spinroute_testkit::{Clause, Conformance, reference::Reference};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Misread {
    GroupCapacity,
    MinimumOnceTooOften,
    Mask,
    OverflowCost,
    GroupPrices,
}

impl Misread {
    fn seen(self, instance: &Instance) -> Result<Instance, Error> {
        let builder = instance.rebuild();
        match (self, instance.groups(), instance.minimums()) {
            (Self::GroupCapacity, Some(groups), _) => {
                builder.groups(groups.clone().capacity(vec![u32::MAX; groups.len()])?)
            }
            (Self::MinimumOnceTooOften, _, Some(minimum)) => {
                builder.minimum(minimum.iter().map(|&l| l + u32::from(l > 0)).collect())
            }
            (Self::Mask, ..) if instance.demands().is_some() => {
                builder.demands(&vec![instance.demand().k() as u32; instance.tokens()])
            }
            (Self::OverflowCost, ..) => builder.overflow(0.0, instance.overflow().up_to),
            _ => builder,
        }
        .build()
    }
}

impl Solver for Misread {
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        let seen = self.seen(instance).unwrap_or_else(|_| instance.clone());
        let mut solution = Reference.solve(&seen, run)?;
        if *self == Self::GroupPrices
            && let Some(prices) = &mut solution.prices
        {
            prices.truncate(instance.experts());
        }
        Ok(solution)
    }
}

#[test]
fn a_limit_read_wrongly_is_caught() {
    let unproven = [Clause::Optimal, Clause::Deficiency, Clause::Proof];
    for (fault, clauses) in [
        (Misread::GroupCapacity, &[Clause::Feasible][..]),
        (Misread::MinimumOnceTooOften, &unproven[..]),
        (Misread::Mask, &[Clause::Feasible, Clause::Deficiency]),
        (Misread::OverflowCost, &[Clause::Optimal]),
        // All group prices may be left out: then they are 0, and prove too little.
        (Misread::GroupPrices, &[Clause::Prices, Clause::Proof]),
    ] {
        let suite = Conformance::exact().allow_unsupported(["generate"]);
        let breach = suite.check(&fault).expect_err(&format!("{fault:?} passed"));
        assert!(clauses.contains(&breach.clause), "{fault:?}: {breach}");
        let general = ["strategy::general", "golden general"];
        let seen = general.iter().any(|origin| breach.origin.starts_with(origin));
        assert!(seen, "{fault:?}: {breach}");
    }
}
