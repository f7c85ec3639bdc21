//! Strategies of instances that ask for more than one `k` and one capacity an expert.
//!
//! Each dresses a plain instance of [`strategy`](crate::strategy) with what its name says, and shrinks
//! to a smaller or a barer one. Limits that contradict each other are relaxed step by step until the instance can
//! be built, so that many stand at the edge of what can be met; forbidden pairs make some infeasible.
//!
//! ```
//! use proptest::prelude::*;
//! use spinroute_testkit::{general::any_general_instance, reference::optimum, strategy::Shape};
//!
//! proptest!(ProptestConfig::with_cases(16), |(instance in any_general_instance(&Shape::tiny()))| {
//!     match optimum(&instance) {
//!         Ok(optimum) => prop_assert!(instance.objective(&optimum.assignment).is_ok()),
//!         Err(deficiency) => prop_assert!(deficiency.proves(&instance)),
//!     }
//! });
//! ```

use proptest::prelude::*;
use spinroute_core::{Builder, Error, Groups, Instance, Overflow};

use crate::generate::Draws;
use crate::strategy::{Shape, any_instance, forbidden, full, negative, tied};

/// What an instance is dressed with.
#[allow(clippy::struct_excessive_bools, reason = "each is one thing to put on")]
#[derive(Clone, Copy, Debug, Default)]
struct Dress {
    demands: bool,
    /// Demands are 0 or k only.
    masks: bool,
    minimums: bool,
    /// Minimums are the capacities, where these can be met.
    fixed: bool,
    groups: bool,
    nested: bool,
    /// Some group holds nothing.
    closed: bool,
    group_minimums: bool,
    overflow: bool,
    /// What overflow costs and a reward gains; drawn where it is `None`.
    cost: Option<f64>,
    reward: bool,
}

const BARE: Dress = Dress {
    demands: false,
    masks: false,
    minimums: false,
    fixed: false,
    groups: false,
    nested: false,
    closed: false,
    group_minimums: false,
    overflow: false,
    cost: None,
    reward: false,
};
const EVERYTHING: Dress = Dress {
    demands: true,
    minimums: true,
    groups: true,
    nested: true,
    group_minimums: true,
    overflow: true,
    reward: true,
    ..BARE
};

/// Every family with its name.
#[must_use]
pub fn families(shape: &Shape) -> Vec<(&'static str, BoxedStrategy<Instance>)> {
    let any = || any_instance(shape);
    let grouped = Dress { groups: true, ..BARE };
    let nested = Dress { nested: true, group_minimums: true, ..grouped };
    vec![
        ("masked", dressed(any(), Dress { demands: true, masks: true, ..BARE })),
        ("uneven", dressed(any(), Dress { demands: true, ..BARE })),
        ("minimums", dressed(any(), Dress { minimums: true, ..BARE })),
        ("groups", dressed(any(), grouped)),
        ("nested", dressed(any(), nested)),
        ("overflow", dressed(any(), Dress { overflow: true, ..BARE })),
        ("reward", dressed(any(), Dress { reward: true, ..BARE })),
        ("everything", dressed(any(), EVERYTHING)),
        ("fixed_loads", dressed(any(), Dress { minimums: true, fixed: true, ..nested })),
        ("closed_group", dressed(any(), Dress { closed: true, ..nested })),
        ("forbidden_minimums", dressed(forbidden(shape), Dress { minimums: true, ..nested })),
        ("tied_everything", dressed(tied(shape), EVERYTHING)),
        ("negative_everything", dressed(negative(shape), EVERYTHING)),
        ("full_everything", dressed(full(shape), EVERYTHING)),
        ("free_overflow", dressed(any(), Dress { cost: Some(0.0), ..EVERYTHING })),
        ("dear_overflow", dressed(tied(shape), Dress { cost: Some(64.0), ..EVERYTHING })),
    ]
}

/// An instance of any of these families.
pub fn any_general_instance(shape: &Shape) -> BoxedStrategy<Instance> {
    let families = families(shape).into_iter().map(|(_, strategy)| strategy);
    proptest::strategy::Union::new(families).boxed()
}

fn dressed(plain: BoxedStrategy<Instance>, dress: Dress) -> BoxedStrategy<Instance> {
    // Shrinks by leaving features out; of the seed nothing is simpler than another.
    (plain, any::<u64>().no_shrink(), proptest::array::uniform5(prop::bool::weighted(0.8)))
        .prop_map(move |(instance, seed, kept)| {
            let all = dress.minimums && dress.reward;
            let keep = |i: usize| !all || kept[i];
            let dress = Dress {
                demands: dress.demands && keep(0),
                minimums: dress.minimums && keep(1),
                groups: dress.groups && keep(2),
                overflow: dress.overflow && keep(3),
                reward: dress.reward && keep(4),
                ..dress
            };
            put_on(&instance, dress, &mut Draws::new(seed))
        })
        .boxed()
}

/// A cost of about the size of a score.
fn cost(draws: &mut Draws, dress: Dress) -> f64 {
    let drawn = [0.25, 0.0, 0.5, 0.125, 1.0, draws.uniform()][draws.below(6)];
    dress.cost.unwrap_or(drawn)
}

fn demands_and_costs(plain: &Instance, dress: Dress, draws: &mut Draws) -> Builder {
    let (tokens, k) = (plain.tokens(), plain.demand().k());
    let mut builder = plain.rebuild();
    if dress.demands {
        let demand = |_| if dress.masks { k * draws.below(2) } else { draws.below(k + 1) } as u32;
        builder = builder.demands(&(0..tokens).map(demand).collect::<Vec<_>>());
    }
    if dress.overflow {
        let cost = cost(draws, dress);
        builder = builder.overflow(cost, 1 + draws.below(tokens) as u32);
    }
    if dress.reward {
        let gain = cost(draws, dress);
        builder = builder.reward(gain, 1 + draws.below(3) as u32);
    }
    builder
}

fn put_on(plain: &Instance, dress: Dress, draws: &mut Draws) -> Instance {
    let (tokens, experts, k) = (plain.tokens(), plain.experts(), plain.demand().k());
    let builder = demands_and_costs(plain, dress, draws);
    let mut minimum = vec![0; experts];
    if dress.minimums {
        let least = |&c: &u32| {
            let most = c.min(tokens as u32) as usize;
            if dress.fixed { most as u32 } else { (draws.below(most + 1) / 2) as u32 }
        };
        minimum = plain.capacity().iter().map(least).collect();
    }
    let groups = dress.groups.then(|| drawn_groups(experts, dress, draws));
    let count = groups.as_ref().map_or(0, Groups::len);
    let share = tokens * k / count.max(1);
    let mut capacity: Vec<u32> = (0..count).map(|_| draws.below(share + 2) as u32).collect();
    let mut least: Vec<u32> =
        capacity.iter().map(|&c| draws.below(c as usize + 1) as u32).collect();
    if !dress.group_minimums {
        least.fill(0);
    }
    if dress.closed && count > 0 {
        let closed = draws.below(count);
        (capacity[closed], least[closed]) = (0, 0);
    }
    let over = Overflow {
        cost: cost(draws, dress),
        up_to: if dress.overflow { draws.below(3) as u32 } else { 0 },
    };
    loop {
        let mut next = builder.clone().minimum(minimum.clone());
        if let Some(groups) = groups.clone() {
            let limited =
                groups.capacity(capacity.clone()).and_then(|it| it.minimum(least.clone()));
            let limited = limited.unwrap_or_else(|e| unreachable!("one a group: {e}"));
            next = next.groups(limited.overflow(over.cost, over.up_to));
        }
        match next.build() {
            Ok(instance) => return instance,
            Err(Error::Infeasible { .. }) => {
                for c in &mut capacity {
                    *c = c.saturating_mul(2).saturating_add(1);
                }
            }
            Err(Error::Group { .. } | Error::Minimum { .. } | Error::Starved { .. }) => {
                for l in minimum.iter_mut().chain(&mut least) {
                    *l /= 2;
                }
            }
            Err(error) => unreachable!("all else fits: {error}"),
        }
    }
}

/// Groups of up to three levels, with experts and groups in none.
fn drawn_groups(experts: usize, dress: Dress, draws: &mut Draws) -> Groups {
    let members = |draws: &mut Draws, count: usize| {
        let most = 1 + draws.below(count.max(1));
        let mut numbers = Vec::new();
        let drawn = (0..count).map(|_| draws.below(most + 1)).collect::<Vec<_>>();
        let number = |&group: &usize| match numbers.iter().position(|&known| known == group) {
            _ if group == most => Groups::NONE,
            Some(number) => number as u32,
            None => {
                numbers.push(group);
                numbers.len() as u32 - 1
            }
        };
        drawn.iter().map(number).collect::<Vec<u32>>()
    };
    let wrong = |error: Error| -> Groups { unreachable!("no number is left out: {error}") };
    let mut groups = Groups::of(members(draws, experts)).unwrap_or_else(wrong);
    let mut outermost = groups.len();
    for _ in 0..if dress.nested { 2 } else { 0 } {
        let before = groups.len();
        groups = groups.within(members(draws, outermost)).unwrap_or_else(wrong);
        outermost = groups.len() - before;
    }
    groups
}

#[cfg(test)]
mod tests {
    use spinroute_core::Feature;

    use super::*;
    use crate::reference::{brute_force, optimum};
    use crate::truth::bound_rounding;
    use spinroute_core::Certificate;

    #[test]
    fn families_are_what_they_say() {
        let draw = |strategy: &BoxedStrategy<Instance>| -> Vec<Instance> {
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
        };
        for (name, strategy) in families(&Shape::default()) {
            let all = draw(&strategy);
            let with = |feature| all.iter().filter(|it| it.features().contains(&feature)).count();
            match name {
                "masked" | "uneven" => assert!(with(Feature::Demands) > 120, "{name}"),
                "minimums" => assert!(with(Feature::Minimums) > 60, "{name}"),
                "groups" | "nested" => {
                    assert!(with(Feature::Groups) > 60, "{name}: {}", with(Feature::Groups));
                }
                "overflow" => assert_eq!(with(Feature::Overflow), 200),
                "reward" => assert_eq!(with(Feature::Rewards), 200),
                _ => assert!(
                    all.iter().filter(|it| !it.features().is_empty()).count() > 60,
                    "{name}"
                ),
            }
            let infeasible = all.iter().filter(|it| optimum(it).is_err()).count();
            assert!(infeasible < 160, "{name}: {infeasible} infeasible");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn flow_is_enumeration(instance in any_general_instance(&Shape::tiny())) {
            match optimum(&instance) {
                Ok(optimum) => {
                    prop_assert_eq!(brute_force(&instance), Some(optimum.value));
                    prop_assert_eq!(instance.objective(&optimum.assignment), Ok(optimum.value));
                    let bound = Certificate::new(&instance, optimum.prices.clone()).unwrap().bound();
                    let rounding = bound_rounding(&instance, &optimum.prices);
                    let proven = optimum.value..=optimum.value + rounding;
                    prop_assert!(proven.contains(&bound), "{bound:e} {:e}", optimum.value);
                }
                Err(deficiency) => {
                    prop_assert_eq!(brute_force(&instance), None);
                    prop_assert!(deficiency.proves(&instance));
                }
            }
        }
    }
}
