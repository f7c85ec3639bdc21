//! `repair` on everything that may come: feasible, never worse, complete or proven impossible.

use ndarray::Array2;
use proptest::prelude::*;
use std::time::Duration;

use spinroute_core::{Assignment, Budget, Demand, Error, Instance, Run, Stop};
use spinroute_prices::{repair, repair_in_time};

const NEVER: f32 = f32::NEG_INFINITY;

/// Scores (few values, so many ties; some pairs forbidden), capacities, demand, choices, prices.
type Case = (Array2<f32>, Vec<u32>, Demand, Assignment, Option<Vec<f64>>);

fn case() -> impl Strategy<Value = Case> {
    (1usize..12, 1usize..70, any::<bool>())
        .prop_flat_map(|(tokens, experts, exact)| {
            let k = 1..=experts.min(4) as u32;
            let score = prop_oneof![4 => (-3i8..9).prop_map(f32::from), 1 => Just(NEVER)];
            let slot = prop_oneof![6 => 0..experts as u32 + 1, 1 => Just(Assignment::EMPTY)];
            let price = (0u8..8).prop_map(f64::from);
            (
                proptest::collection::vec(score, tokens * experts),
                proptest::collection::vec(0..=tokens as u32 + 1, experts),
                k.prop_map(move |k| if exact { Demand::Exactly(k) } else { Demand::AtMost(k) }),
                (1usize..5).prop_flat_map(move |width| {
                    proptest::collection::vec(slot.clone(), tokens * width)
                        .prop_map(move |slots| Assignment::from_slots(width, slots))
                }),
                proptest::option::of(proptest::collection::vec(price, experts)),
                Just((tokens, experts)),
            )
        })
        .prop_map(|(scores, capacity, demand, choices, prices, shape)| {
            let scores = Array2::from_shape_fn(shape, |(t, e)| scores[t * shape.1 + e]);
            (scores, capacity, demand, choices, prices)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn always_feasible_or_proven_impossible((scores, capacity, demand, choices, prices) in case()) {
        let Ok(instance) = Instance::new(scores, capacity, demand) else { return Ok(()) };
        match repair(&instance, choices, prices.as_deref()) {
            Ok(repaired) => {
                let objective = instance.objective(&repaired).unwrap();
                let again = repair(&instance, repaired.clone(), prices.as_deref()).unwrap();
                prop_assert!(instance.objective(&again).unwrap() >= objective);
                prop_assert_eq!(again, repaired, "a repaired table is repaired");
            }
            Err(Error::Deficient(deficiency)) => prop_assert!(deficiency.proves(&instance)),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    /// With no time: feasible or proven impossible all the same. With time: the same bits.
    #[test]
    fn in_time_is_feasible_too((scores, capacity, demand, choices, prices) in case()) {
        let Ok(instance) = Instance::new(scores, capacity, demand) else { return Ok(()) };
        let within = |time| {
            let run = Run::new(0).budget(Budget { steps: Some(0), time });
            repair_in_time(&instance, choices.clone(), prices.as_deref(), &run)
        };
        let full = repair(&instance, choices.clone(), prices.as_deref()).map(|whole| (whole, None));
        prop_assert_eq!(&within(None), &full);
        prop_assert_eq!(&within(Some(Duration::from_secs(3600))), &full);
        match within(Some(Duration::ZERO)) {
            Ok((quick, stop)) => {
                prop_assert_eq!(stop, Some(Stop::TimeLimit));
                prop_assert!(full.is_ok() && instance.objective(&quick).is_ok());
            }
            Err(Error::Deficient(deficiency)) => prop_assert!(deficiency.proves(&instance)),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    /// What is left after an `AtMost` repair: no token with an empty slot could take an expert
    /// with room, and no pair has a score ≤ 0.
    #[test]
    fn at_most_leaves_no_room_unused((scores, capacity, demand, choices, prices) in case()) {
        let demand = Demand::AtMost(demand.k() as u32);
        let instance = Instance::new(scores, capacity, demand).unwrap();
        let repaired = repair(&instance, choices, prices.as_deref()).unwrap();
        let mut room = instance.capacity().to_vec();
        repaired.slots().iter().filter(|&&e| e != Assignment::EMPTY).for_each(|&e| room[e as usize] -= 1);
        for t in 0..instance.tokens() {
            let (held, scores) = (repaired.experts(t), instance.scores(t));
            prop_assert!(held.iter().all(|&e| scores[e as usize] > 0.0));
            for e in 0..instance.experts() {
                let could = scores[e] > 0.0 && room[e] > 0 && !held.contains(&(e as u32));
                prop_assert!(held.len() == demand.k() || !could, "token {t} could take {e}");
            }
        }
    }
}

/// Whether tokens `t..` can each take `k` allowed experts within `room`.
fn possible(allowed: &[u32], k: u32, room: &mut [u32]) -> bool {
    let Some((&mask, rest)) = allowed.split_first() else { return true };
    (0..1u32 << room.len()).filter(|set| set & !mask == 0 && set.count_ones() == k).any(|set| {
        let inside = |e: &usize| set >> e & 1 == 1;
        let fits = (0..room.len()).filter(inside).all(|e| room[e] > 0);
        fits && {
            (0..room.len()).filter(inside).for_each(|e| room[e] -= 1);
            let found = possible(rest, k, room);
            (0..room.len()).filter(inside).for_each(|e| room[e] += 1);
            found
        }
    })
}

/// All 3 × 3 patterns of forbidden pairs, capacities 0 to 2 each, k = 1 to 3: completed exactly
/// where enumeration finds an assignment, proven impossible everywhere else.
#[test]
fn complete_or_proven_on_every_small_instance() {
    let mut counts = [0, 0];
    for pattern in 0u32..1 << 9 {
        let allowed = [pattern & 7, pattern >> 3 & 7, pattern >> 6];
        let scores = Array2::from_shape_fn((3, 3), |(t, e)| {
            if allowed[t] >> e & 1 == 1 { ((t * 5 + e * 3) % 7) as f32 } else { NEVER }
        });
        for code in 0..27 {
            let mut capacity = vec![code % 3, code / 3 % 3, code / 9];
            for k in 1..=3 {
                let demand = Demand::Exactly(k);
                let Ok(instance) = Instance::new(scores.clone(), capacity.clone(), demand) else {
                    continue;
                };
                let possible = possible(&allowed, k, &mut capacity);
                counts[usize::from(possible)] += 1;
                // From nothing, and from everybody on expert 0.
                for choices in [Assignment::empty(3, 1), Assignment::from_slots(1, vec![0; 3])] {
                    match repair(&instance, choices, None) {
                        Ok(repaired) => assert!(possible && instance.objective(&repaired).is_ok()),
                        Err(Error::Deficient(deficiency)) => {
                            assert!(!possible && deficiency.proves(&instance));
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }
    }
    assert!(counts[0] > 1000 && counts[1] > 1000, "both kinds are common: {counts:?}");
}

#[test]
fn feasible_choices_stay_as_they_are() {
    let scores = Array2::from_shape_fn((3, 3), |(t, e)| (t + 2 * e) as f32);
    let instance = Instance::new(scores, vec![2; 3], Demand::Exactly(2)).unwrap();
    let choices = Assignment::from_slots(2, vec![2, 0, 1, 0, 1, 2]);
    assert_eq!(repair(&instance, choices.clone(), Some(&[9.0, 0.0, 1.0])), Ok(choices));
}

/// One token must leave expert 0; prices decide which: the unit of capacity that token 0 would
/// take at expert 1 is worth more than that of token 1 at expert 2.
#[test]
fn the_least_regret_under_the_prices_leaves() {
    let scores = ndarray::array![[1.0, 0.9, NEVER], [1.0, NEVER, 0.8]];
    let instance = Instance::new(scores, vec![1; 3], Demand::Exactly(1)).unwrap();
    let both = Assignment::from_slots(1, vec![0, 0]);
    let repaired = repair(&instance, both.clone(), None).unwrap();
    assert_eq!(repaired.slots(), [1, 0]);
    let repaired = repair(&instance, both, Some(&[0.5, 0.4, 0.0])).unwrap();
    assert_eq!(repaired.slots(), [0, 2]);
}

/// Token 0 can only take expert 0, which token 1 holds; token 1 moves to 1, token 2 from 1 to 2.
#[test]
fn an_empty_slot_is_filled_along_a_path() {
    let scores = ndarray::array![[1.0, NEVER, NEVER], [1.0, 0.5, NEVER], [NEVER, 1.0, 0.5]];
    let instance = Instance::new(scores, vec![1; 3], Demand::Exactly(1)).unwrap();
    let choices = Assignment::from_slots(1, vec![Assignment::EMPTY, 0, 1]);
    assert_eq!(repair(&instance, choices, None).unwrap().slots(), [0, 1, 2]);
}

/// Token 0 wants expert 0 (worth 9); token 1 leaves it for expert 1 and loses 1.
#[test]
fn at_most_moves_a_token_out_of_the_way_if_that_gains() {
    let scores = ndarray::array![[9.0, NEVER], [5.0, 4.0]];
    let instance = Instance::new(scores, vec![1; 2], Demand::AtMost(1)).unwrap();
    let choices = Assignment::from_slots(1, vec![Assignment::EMPTY, 0]);
    assert_eq!(repair(&instance, choices, None).unwrap().slots(), [0, 1]);
}

#[test]
fn another_number_of_tokens_is_refused() {
    let instance = Instance::new(ndarray::array![[1.0]], vec![1], Demand::AtMost(1)).unwrap();
    let error = repair(&instance, Assignment::empty(2, 1), None).unwrap_err();
    assert!(matches!(error, Error::Violation(_)));
}
