//! Group limits and affinity on instances small enough to go through every assignment.

#![allow(clippy::unwrap_used)] // Helpers outside #[test] functions.

use ndarray::Array2;
use proptest::prelude::*;
use spinroute_constrained::{
    Affinity, BranchAndBound, CloseRows, Error, GroupLimited, Lagrangian, Modelled, Separable,
    greedy, improve, relaxed, repair, sample,
};
use spinroute_core::{Assignment, Demand, Instance, Run};
use spinroute_ising::{Anneal, Exhaustive, Minimiser};
use spinroute_modelling::Options;
use spinroute_testkit::generate::Rounding;

/// The optimum over all assignments, by definition: no bound, no order, no shared code.
fn brute_force(problem: &dyn Separable) -> f64 {
    let instance = problem.instance();
    let (tokens, experts) = (instance.tokens(), instance.experts());
    let mut best = 0.0f64;
    for mask in 0u32..1 << (tokens * experts) {
        let held = |t: usize| (0..experts).filter(move |e| mask >> (t * experts + e) & 1 == 1);
        if (0..tokens).any(|t| held(t).count() > instance.demand().k()) {
            continue;
        }
        let mut assignment = Assignment::empty(tokens, instance.demand().k());
        for t in 0..tokens {
            held(t).for_each(|e| assert!(assignment.push(t, e as u32)));
        }
        if let Ok(objective) = problem.objective(&assignment) {
            best = best.max(objective);
        }
    }
    best
}

/// Scores on a grid, whose sums never round, and of every kind whose sums do.
fn instance(tokens: usize, experts: usize, most: u32) -> impl Strategy<Value = Instance> {
    let score = prop_oneof![8 => -20i32..80, 1 => Just(i32::MIN)];
    let scores = prop::collection::vec(score, tokens * experts);
    let grid = scores.prop_map(|scores| {
        let score = |&s: &i32| if s == i32::MIN { f32::NEG_INFINITY } else { s as f32 / 64.0 };
        scores.iter().map(score).collect::<Vec<f32>>()
    });
    let cells = prop::collection::vec((0.0..1.0f64, 0..10u8), tokens * experts);
    let columns = prop::collection::vec(-6..=6i32, experts);
    let kinds = prop::sample::select(Rounding::ALL.to_vec());
    let rounding = (cells, columns, kinds).prop_map(move |(cells, columns, kind)| {
        let score =
            |(i, &(u, pick)): (usize, &(f64, u8))| kind.score(u, pick, columns[i % experts]);
        cells.iter().enumerate().map(score).collect::<Vec<f32>>()
    });
    let capacity = prop::collection::vec(0..=most, experts);
    (prop_oneof![grid, rounding], capacity, 1..=2u32).prop_map(move |(scores, capacity, k)| {
        let scores = Array2::from_shape_vec((tokens, experts), scores).unwrap();
        Instance::new(scores, capacity, Demand::AtMost(k)).unwrap()
    })
}

/// What rounding of sums is measured in: the largest score, at least 1 (affinities are below).
fn unit(problem: &dyn Separable) -> f64 {
    let finite = problem.instance().flat().iter().filter(|s| s.is_finite());
    finite.fold(1.0, |largest, s| f64::from(s.abs()).max(largest))
}

fn grouped(tokens: usize, experts: usize, most: u32) -> impl Strategy<Value = GroupLimited> {
    let groups = prop::collection::vec(0..3u32, experts);
    (instance(tokens, experts, most), groups, 1..=2usize)
        .prop_map(|(instance, groups, limit)| GroupLimited::new(instance, groups, limit).unwrap())
}

fn affine(tokens: usize, experts: usize, most: u32) -> impl Strategy<Value = Affinity> {
    let affinity = prop::collection::vec(-40i32..40, experts * experts);
    let step = prop::sample::select(vec![1.0 / 64.0, 1.0 / 61.0]);
    (instance(tokens, experts, most), affinity, step).prop_map(move |(instance, w, step)| {
        let of = |(e, f): (usize, usize)| f64::from(w[e.min(f) * experts + e.max(f)]) * step;
        Affinity::new(instance, Array2::from_shape_fn((experts, experts), of)).unwrap()
    })
}

/// Every bound is one, every answer is feasible and no better than the optimum.
fn check(problem: &impl Modelled, start: u64) -> Result<(), TestCaseError> {
    let (best, unit) = (brute_force(problem), unit(problem));
    let instance = problem.instance();
    let proof = BranchAndBound::default().solve(problem).unwrap();
    prop_assert!(proof.proven && (proof.objective - best).abs() < 1e-9 * unit, "{proof:?} {best}");
    prop_assert!(relaxed(problem).unwrap().0 >= best - 1e-12 * unit);
    prop_assert!(problem.linear_relaxation().unwrap() >= best - 1e-12 * unit);
    let priced = Lagrangian::default().solve(problem, &mut Run::new(0)).unwrap();
    prop_assert!(priced.bound >= best - 1e-12 * unit && priced.bound <= priced.flow);
    // Any choices: the bits of a number, places beyond the experts among them.
    let place = |i: u64| (start.rotate_left(5 * i as u32) % (instance.experts() as u64 + 1)) as u32;
    let slots = (0..instance.tokens() as u64 * 3).map(place).collect();
    let choices = Assignment::from_slots(3, slots);
    let repaired = repair(problem, &choices).unwrap();
    let before = problem.objective(&repaired).unwrap();
    let improved = improve(problem, &repaired);
    prop_assert!(problem.objective(&improved).unwrap() >= before);
    let completed = problem.complete(&choices).unwrap();
    for answer in [priced.assignment, greedy(problem), improved, completed] {
        prop_assert!(problem.objective(&answer).unwrap() <= best + 1e-9 * unit);
    }
    // At prices, no row is worth more than the best one.
    let prices: Vec<f64> = (0..instance.experts() as u64).map(|e| place(e).into()).collect();
    let prices: Vec<f64> = prices.iter().map(|p| p / 16.0).collect();
    for t in 0..instance.tokens() {
        let worth = |row: &[u32]| {
            problem.value(t, row) - row.iter().map(|&e| prices[e as usize]).sum::<f64>()
        };
        let priced = problem.best(t, &prices);
        prop_assert!((worth(&priced.row) - priced.bound).abs() < 1e-12 * unit);
        for mask in 0u32..1 << instance.experts() {
            let row: Vec<u32> =
                (0..instance.experts() as u32).filter(|e| mask >> e & 1 == 1).collect();
            prop_assert!(
                row.len() > instance.demand().k() || worth(&row) <= priced.bound + 1e-12 * unit
            );
        }
    }
    Ok(())
}

/// The minimum of the QUBO is the optimum, and the state that has it is feasible.
fn check_model(problem: &impl Modelled) -> Result<(), TestCaseError> {
    let (best, unit) = (brute_force(problem), unit(problem));
    let (model, x) = problem.model();
    let compiled = model.compile(&Options::default()).unwrap();
    prop_assert!(compiled.qubo().variables() <= 22);
    let minimum = Exhaustive::default().minimise(&compiled.to_ising(), &mut Run::new(0)).unwrap();
    let answer = compiled.decode(minimum.state(0)).unwrap();
    prop_assert!(answer.is_feasible(), "{answer:?}");
    prop_assert!((answer.objective() - best).abs() < 1e-9 * unit, "{} {best}", answer.objective());
    prop_assert!((minimum.energies[0] + best).abs() < 1e-9 * unit);
    let mut assignment = Assignment::empty(x.nrows(), problem.instance().demand().k());
    for ((t, e), &variable) in x.indexed_iter() {
        if answer[variable] > 0.5 {
            prop_assert!(assignment.push(t, e as u32));
        }
    }
    prop_assert!((problem.objective(&assignment).unwrap() - best).abs() < 1e-9 * unit);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn group_limits_are_kept_and_bounded(problem in grouped(3, 4, 2), start: u64) {
        check(&problem, start)?;
    }

    #[test]
    fn affinities_are_bounded(problem in affine(3, 4, 2), start: u64) {
        check(&problem, start)?;
    }

    #[test]
    fn wider_rows_too(grouped in grouped(2, 6, 2), affine in affine(2, 6, 1), start: u64) {
        check(&grouped, start)?;
        check(&affine, start)?;
    }

    #[test]
    fn the_minimum_of_the_group_model_is_the_optimum(problem in grouped(2, 3, 1)) {
        check_model(&problem)?;
    }

    #[test]
    fn the_minimum_of_the_affinity_model_is_the_optimum(problem in affine(2, 4, 1)) {
        check_model(&problem)?;
    }

    #[test]
    fn annealed_answers_are_feasible(grouped in grouped(3, 4, 2), affine in affine(3, 4, 2)) {
        let anneal = Anneal { reads: 2, sweeps: 50, ..Anneal::default() };
        let problems: [&dyn Modelled; 2] = [&grouped, &affine];
        for problem in problems {
            let sampled =
                sample(problem, &anneal, &Options::default(), &mut Run::new(1)).unwrap();
            let objective = problem.objective(&sampled.assignment).unwrap();
            prop_assert_eq!(objective, sampled.objective);
            prop_assert!(objective <= brute_force(problem) + 1e-9 * unit(problem));
        }
    }
}

/// A bonus far above the scores, which a forbidden pair must not earn.
#[test]
fn a_bonus_buys_no_forbidden_pair() {
    let scores = Array2::from_shape_vec((1, 3), vec![0.5f32, f32::NEG_INFINITY, 0.25]).unwrap();
    let instance = Instance::new(scores, vec![1; 3], Demand::AtMost(2)).unwrap();
    let bonus = |(e, f): (usize, usize)| if e + f == 1 { 100.0 } else { 0.0 };
    let problem = Affinity::new(instance, Array2::from_shape_fn((3, 3), bonus)).unwrap();
    check_model(&problem).unwrap();
    assert!((problem.linear_relaxation().unwrap() - 0.75).abs() < 1e-6);
}

/// Close calls never lose what prices reached, keep every rule and say how large the model was.
#[test]
fn close_calls_start_from_prices() {
    let scores = |t: usize, e: usize| ((t * 37 + e * 23 + t * e * 5) % 101) as f32 / 128.0;
    let instance = Instance::new(
        Array2::from_shape_fn((40, 12), |(t, e)| scores(t, e)),
        vec![10; 12],
        Demand::AtMost(3),
    )
    .unwrap();
    let grouped = GroupLimited::new(instance.clone(), (0..12).map(|e| e / 3).collect(), 2).unwrap();
    let alike = |(e, f): (usize, usize)| if e.abs_diff(f) < 3 { -0.2 } else { 0.05 };
    let affine = Affinity::new(instance, Array2::from_shape_fn((12, 12), alike)).unwrap();
    let anneal = Anneal { reads: 4, sweeps: 50, ..Anneal::default() };
    let problems: [&dyn Separable; 2] = [&grouped, &affine];
    for problem in problems {
        for alternatives in [1, 3] {
            let rows = CloseRows { alternatives, most: 20, ..CloseRows::default() };
            let closed = rows.solve(problem, &anneal, &mut Run::new(3)).unwrap();
            let answer = &closed.answer;
            let priced = Lagrangian::default().solve(problem, &mut Run::new(3)).unwrap();
            assert_eq!((closed.priced, answer.bound), (priced.objective, priced.bound));
            assert!(closed.priced <= answer.objective && answer.objective <= answer.bound);
            assert_eq!(problem.objective(&answer.assignment), Ok(answer.objective));
            assert!(closed.variables <= 20 && closed.tokens > 0, "{closed:?}");
            let again = rows.solve(problem, &anneal, &mut Run::new(3)).unwrap();
            assert_eq!(again, closed);
        }
        let wrong = [
            CloseRows { alternatives: 0, ..CloseRows::default() },
            CloseRows { most: 0, ..CloseRows::default() },
            CloseRows { balance: f64::NAN, ..CloseRows::default() },
        ];
        for rows in wrong {
            assert!(rows.solve(problem, &anneal, &mut Run::new(0)).is_err());
        }
    }
}

fn plain() -> Instance {
    Instance::new(Array2::from_elem((2, 4), 0.5f32), vec![1; 4], Demand::AtMost(2)).unwrap()
}

#[test]
fn what_is_no_problem_is_refused() {
    let exact = Instance::new(Array2::zeros((2, 4)), vec![1; 4], Demand::Exactly(2)).unwrap();
    assert_eq!(GroupLimited::new(exact.clone(), vec![0; 4], 1).unwrap_err(), Error::Demand);
    assert_eq!(Affinity::new(exact, Array2::zeros((4, 4))).unwrap_err(), Error::Demand);
    let group = |groups, limit| GroupLimited::new(plain(), groups, limit).unwrap_err();
    assert!(matches!(group(vec![0; 3], 1), Error::Length { want: 4, got: 3, .. }));
    assert!(matches!(group(vec![0, 0, 4, 0], 1), Error::Group { expert: 2, group: 4, .. }));
    assert_eq!(group(vec![0; 4], 0), Error::Limit);
    let affinity = |w| Affinity::new(plain(), w).unwrap_err();
    assert!(matches!(affinity(Array2::zeros((4, 3))), Error::Length { want: 4, got: 3, .. }));
    let mut w = Array2::zeros((4, 4));
    w[[1, 2]] = 1.0;
    assert_eq!(affinity(w.clone()), Error::Asymmetric { first: 1, second: 2 });
    w[[2, 1]] = f64::NAN;
    assert!(matches!(affinity(w), Error::Number { index: 9, .. }));
}

#[test]
fn broken_rules_are_named() {
    let problem = GroupLimited::new(plain(), vec![0, 1, 0, 1], 1).unwrap();
    let two = Assignment::from_slots(2, vec![0, 2, 1, 2]);
    assert!(problem.objective(&two).is_err());
    let two = Assignment::from_slots(2, vec![0, 2, 1, Assignment::EMPTY]);
    assert_eq!(problem.objective(&two), Ok(1.5));
    let mixed = Assignment::from_slots(2, vec![0, 1, 2, Assignment::EMPTY]);
    assert_eq!(problem.objective(&mixed), Err(Error::Groups { token: 0, got: 2, limit: 1 }));
    assert!(problem.complete(&Assignment::empty(3, 2)).is_err());
    assert!(problem.within(&[vec![0]]).is_err());
}

#[test]
fn without_the_rule_both_are_the_plain_problem() {
    let scores = Array2::from_shape_fn((12, 6), |(t, e)| ((t * 7 + e * 5) % 13) as f32 / 16.0);
    let instance = Instance::new(scores, vec![3; 6], Demand::AtMost(2)).unwrap();
    let grouped = GroupLimited::new(instance.clone(), vec![0, 0, 1, 1, 2, 2], 3).unwrap();
    let affine = Affinity::new(instance, Array2::zeros((6, 6))).unwrap();
    for problem in [&grouped as &dyn Separable, &affine] {
        let answer = Lagrangian::default().solve(problem, &mut Run::new(0)).unwrap();
        assert!(answer.bound - answer.objective < 1e-9, "{answer:?}");
    }
}
