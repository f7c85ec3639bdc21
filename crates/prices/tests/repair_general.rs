//! `repair` on everything that an instance may ask for, with enumeration as the witness.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_core::{Assignment, Budget, Demand, Error, Feature, Groups, Instance, Run, Stop};
use spinroute_prices::{repair, repair_in_time};

const NEVER: f32 = f32::NEG_INFINITY;

/// Group numbers without gaps, in order of first appearance; the highest of `labels` is none.
fn numbered(labels: &[u32], none: u32) -> Vec<u32> {
    let mut seen = Vec::new();
    let number = |&label: &u32| {
        if label == none {
            return Groups::NONE;
        }
        let place = seen.iter().position(|&l| l == label);
        place.unwrap_or_else(|| {
            seen.push(label);
            seen.len() - 1
        }) as u32
    };
    labels.iter().map(number).collect()
}

/// One or two levels of groups; `None` if there is no group.
fn groups(labels: &[u32], outer: &[u32], limits: &[(u32, u32)], soft: u32) -> Option<Groups> {
    let mut groups = Groups::of(numbered(labels, 3)).unwrap();
    if !outer.is_empty() {
        let around = numbered(&outer[..groups.len()], 2);
        groups = groups.within(around).unwrap();
    }
    let (minimum, capacity) = limits[..groups.len()].iter().copied().unzip();
    let groups = groups.minimum(minimum).unwrap().capacity(capacity).unwrap();
    (!groups.is_empty()).then(|| groups.overflow(0.25, soft))
}

/// An instance with few values (so many ties), or `None` where its limits contradict each other.
fn instance(tokens: usize, experts: usize) -> impl Strategy<Value = Option<Instance>> {
    let score = prop_oneof![4 => (-3i8..9).prop_map(|s| f32::from(s) / 4.0), 1 => Just(NEVER)];
    let most = tokens as u32 + 1;
    let lists = (
        proptest::collection::vec(score, tokens * experts),
        proptest::option::of(proptest::collection::vec(0..3u32, tokens)),
        proptest::collection::vec(prop_oneof![3 => 1..=most, 1 => Just(0)], experts),
        proptest::collection::vec(prop_oneof![3 => Just(0), 1 => 0..3u32], experts),
    );
    let tree = proptest::option::weighted(
        0.6,
        (
            proptest::collection::vec(0..4u32, experts),
            prop_oneof![Just(Vec::new()), proptest::collection::vec(0..3u32, 3)],
            proptest::collection::vec((prop_oneof![2 => Just(0), 1 => 0..3u32], 0..2 * most), 5),
            0..2u32,
        ),
    );
    let costs = (proptest::option::of((0u8..4, 1..3u32)), proptest::option::of((0u8..4, 1..3u32)));
    (lists, tree, costs, 1..=experts.min(2) as u32, any::<bool>()).prop_map(
        move |((scores, demands, capacity, minimum), tree, (overflow, reward), k, exact)| {
            let scores = Array2::from_shape_vec((tokens, experts), scores).unwrap();
            let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let mut builder =
                Instance::builder(scores).demand(demand).capacity(capacity).minimum(minimum);
            if let Some(demands) = demands {
                let demands: Vec<u32> = demands.iter().map(|&own| own.min(k)).collect();
                builder = builder.demands(&demands);
            }
            if let Some(groups) = tree.and_then(|(a, b, c, soft)| groups(&a, &b, &c, soft)) {
                builder = builder.groups(groups);
            }
            if let Some((cost, up_to)) = overflow {
                builder = builder.overflow(f64::from(cost) / 4.0, up_to);
            }
            if let Some((gain, up_to)) = reward {
                builder = builder.reward(f64::from(gain) / 4.0, up_to);
            }
            builder.build().ok()
        },
    )
}

/// An instance with choices that may break everything, and prices.
type Case = (Option<Instance>, Assignment, Option<Vec<f64>>);

fn case(most: usize) -> impl Strategy<Value = Case> {
    (1..=most, 1..=most).prop_flat_map(|(tokens, experts)| {
        let slot = prop_oneof![6 => 0..experts as u32 + 1, 1 => Just(Assignment::EMPTY)];
        let choices = (1usize..4).prop_flat_map(move |width| {
            proptest::collection::vec(slot.clone(), tokens * width)
                .prop_map(move |slots| Assignment::from_slots(width, slots))
        });
        let price = (-4i8..8).prop_map(|p| f64::from(p) / 4.0);
        let prices = proptest::option::of(proptest::collection::vec(price, experts + 5));
        (instance(tokens, experts), choices, prices)
    })
}

/// Prices of experts and groups, or of experts alone.
fn cut<'a>(prices: Option<&'a [f64]>, instance: &Instance) -> Option<&'a [f64]> {
    let all = |prices: &[f64]| prices[prices.len() - 1] > 0.0;
    prices.map(|p| if all(p) { &p[..instance.nodes()] } else { &p[..instance.experts()] })
}

/// The best objective of all assignments; `None` if there is none.
fn best(instance: &Instance) -> Option<f64> {
    let k = instance.demand().k();
    let sets: Vec<Vec<u32>> = (0..1u32 << instance.experts())
        .filter(|set| set.count_ones() as usize <= k)
        .map(|set| (0..instance.experts() as u32).filter(|e| set >> e & 1 == 1).collect())
        .collect();
    let mut best = None;
    let mut chosen = vec![0; instance.tokens()];
    loop {
        let mut slots = Vec::new();
        for &set in &chosen {
            let set: &Vec<u32> = &sets[set];
            slots.extend(set.iter().copied().chain(std::iter::repeat(Assignment::EMPTY)).take(k));
        }
        if let Ok(objective) = instance.objective(&Assignment::from_slots(k, slots)) {
            best = Some(best.map_or(objective, |best: f64| best.max(objective)));
        }
        let Some(t) = chosen.iter().position(|&set| set + 1 < sets.len()) else { return best };
        chosen[t] += 1;
        chosen[..t].fill(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// A table comes out if and only if there is one; else a proof does.
    #[test]
    fn complete_where_enumeration_finds_one((instance, choices, prices) in case(4)) {
        let Some(instance) = instance else { return Ok(()) };
        let best = best(&instance);
        match repair(&instance, choices, cut(prices.as_deref(), &instance)) {
            Ok(repaired) => {
                let objective = instance.objective(&repaired).unwrap();
                prop_assert!(best.is_some_and(|best| objective <= best + 1e-9));
            }
            Err(Error::Deficient(deficiency)) => {
                prop_assert!(best.is_none() && deficiency.proves(&instance));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn feasible_at_any_size_and_repaired_once((instance, choices, prices) in case(14)) {
        let Some(instance) = instance else { return Ok(()) };
        let prices = cut(prices.as_deref(), &instance);
        let full = repair(&instance, choices.clone(), prices);
        match &full {
            Ok(repaired) => {
                let objective = instance.objective(repaired).unwrap();
                if let Ok(before) = instance.objective(&choices) {
                    prop_assert!(objective >= before);
                    if instance.demand().is_exact() && choices.k() == instance.demand().k() {
                        prop_assert_eq!(repaired, &choices);
                    }
                }
                let again = repair(&instance, repaired.clone(), prices).unwrap();
                prop_assert_eq!(&again, repaired, "a repaired table is repaired");
            }
            Err(Error::Deficient(deficiency)) => prop_assert!(deficiency.proves(&instance)),
            Err(error) => prop_assert!(false, "{error}"),
        }
        let within = |time| {
            let run = Run::new(0).budget(Budget { steps: Some(0), time });
            repair_in_time(&instance, choices.clone(), prices, &run)
        };
        prop_assert_eq!(&within(Some(Duration::from_secs(3600))), &full.clone().map(|a| (a, None)));
        match within(Some(Duration::ZERO)) {
            Ok((quick, stop)) => {
                prop_assert!(full.is_ok() && instance.objective(&quick).is_ok());
                prop_assert!(stop == Some(Stop::TimeLimit) || instance.demand().is_exact());
            }
            Err(Error::Deficient(deficiency)) => prop_assert!(deficiency.proves(&instance)),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}

/// The generator makes what the properties are about, of both kinds.
#[test]
fn the_cases_are_of_every_kind() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let (mut runner, mut counts) = (TestRunner::deterministic(), [0u32; 8]);
    for _ in 0..4000 {
        let (instance, ..) = case(4).new_tree(&mut runner).unwrap().current();
        let Some(instance) = instance else { continue };
        let kinds = [
            Feature::Demands,
            Feature::Minimums,
            Feature::Groups,
            Feature::Overflow,
            Feature::Rewards,
        ];
        for (count, kind) in counts.iter_mut().zip(kinds) {
            *count += u32::from(instance.features().contains(&kind));
        }
        counts[5 + usize::from(best(&instance).is_some())] += 1;
        // The plain path, where only tokens differ.
        counts[7] += u32::from(instance.features() == [Feature::Demands]);
    }
    assert!(counts.iter().all(|&count| count > 100), "{counts:?}");
}
