//! The assignment problem as a QUBO: what its energies and minima promise.

use ndarray::{Array2, array};
use proptest::prelude::*;
use spinroute_core::{Assignment, Certificate, Demand, Instance, Run, Solver};
use spinroute_encodings::{CloseCalls, Full, FullForm, Unusable, Weights};
use spinroute_flow::Flow;
use spinroute_ising::{Anneal, Couplings, Exhaustive, Minimiser, Samples};
use spinroute_modelling::{
    Compiled, CouplingForm, Encoding, Inequality, Multiplier, Multipliers, Options, Penalty,
    Subgradient, ascend,
};

/// Small instances: a few forbidden pairs, unequal capacities, zeros among them.
fn instances() -> impl Strategy<Value = Instance> {
    let sizes = (1_usize..=4, 1_usize..=3).prop_flat_map(|(tokens, experts)| {
        let score = prop_oneof![
            6 => (-8_i32..32).prop_map(|s| s as f32 / 16.0),
            1 => Just(f32::NEG_INFINITY),
        ];
        (
            prop::collection::vec(score, tokens * experts),
            prop::collection::vec(0_u32..=3, experts),
            Just((tokens, experts)),
            1..=experts.min(2) as u32,
            any::<bool>(),
        )
    });
    sizes.prop_filter_map("no such instance", |(scores, capacity, shape, k, exact)| {
        let scores = Array2::from_shape_vec(shape, scores).ok()?;
        let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
        Instance::new(scores, capacity, demand).ok()
    })
}

/// The optimum, if there is an assignment.
fn optimum(instance: &Instance) -> Option<f64> {
    let solution = Flow::default().solve(instance, &mut Run::new(0)).ok()?;
    Some(instance.objective(&solution.assignment).expect("feasible"))
}

fn lowest(compiled: &Compiled, reads: usize) -> Samples {
    Exhaustive { reads }.minimise(&compiled.to_ising(), &mut Run::new(0)).expect("small enough")
}

/// Energy with the best slack bits: the least over all settings of those behind the pairs.
fn least(compiled: &Compiled, x: &[i8]) -> f64 {
    let qubo = compiled.qubo();
    let slack = qubo.variables() - x.len();
    let words = (0..1_u32 << slack).map(|word| {
        let bits = (0..slack).map(|b| (word >> b & 1) as i8);
        qubo.energy(&x.iter().copied().chain(bits).collect::<Vec<i8>>())
    });
    words.fold(f64::INFINITY, f64::min)
}

fn states(n: usize) -> impl Iterator<Item = Vec<i8>> {
    (0..1_u32 << n).map(move |word| (0..n).map(|b| (word >> b & 1) as i8).collect())
}

fn build(full: &Full, instance: &Instance) -> Option<FullForm> {
    full.build(instance).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// With derived penalties the lowest energy is minus the exact optimum, at a feasible state.
    #[test]
    fn every_minimum_is_an_optimum(
        instance in instances(),
        tight in any::<bool>(),
        fixed in any::<bool>(),
        couplings in prop_oneof![Just(CouplingForm::Sparse), Just(CouplingForm::Structured)],
    ) {
        let unusable = if fixed { Unusable::Fixed } else { Unusable::LeftOut };
        let Some(form) = build(&Full { unusable, ..Full::default() }, &instance) else {
            return Ok(());
        };
        let penalty = if tight { Penalty::Tight } else { Penalty::Bound };
        let options = Options::default().penalty(penalty).form(couplings);
        let Some(best) = optimum(&instance) else { return Ok(()) };
        let compiled = form.model().compile(&options).expect("compiles where it can be satisfied");
        prop_assume!(compiled.qubo().variables() <= 22);
        let samples = lowest(&compiled, 4);
        for read in 0..samples.reads() {
            if samples.energies[read] > samples.energies[0] + 1e-9 {
                break;
            }
            let choices = form.pairs().choices(samples.state(read)).expect("long enough");
            let objective = instance.objective(&choices).expect("feasible");
            prop_assert!((objective - best).abs() < 1e-6, "{objective} for {best}");
            prop_assert!((samples.energies[read] + best).abs() < 1e-6);
        }
    }

    /// Slack of any encoding: energy is minus the objective where the choices are feasible, and
    /// higher by a penalty where they are not.
    #[test]
    fn energies_of_slack(instance in instances(), encoding in 0..Encoding::ALL.len()) {
        let mode = Inequality::Slack(Encoding::ALL[encoding]);
        let full = Full { capacities: mode, demand: mode, ..Full::default() };
        let Some(form) = build(&full, &instance) else { return Ok(()) };
        let weight = 64.0;
        let options = Options::default().penalty(Penalty::Fixed(weight));
        let Ok(compiled) = form.model().compile(&options) else { return Ok(()) };
        let n = form.pairs().len();
        prop_assume!(compiled.qubo().variables() <= 18 && n <= 9);
        for x in states(n) {
            let choices = form.pairs().choices(&x).expect("long enough");
            let energy = least(&compiled, &x);
            let set = (0..n).filter(|&i| x[i] == 1).filter_map(|i| form.pairs().pair(i));
            let score: f64 = set.map(|(t, e)| f64::from(instance.scores(t)[e])).sum();
            match instance.objective(&choices) {
                Ok(objective) => prop_assert!((energy + objective).abs() < 1e-9),
                Err(_) => prop_assert!(energy >= weight - score - 1e-9),
            }
            prop_assert_eq!(x, form.pairs().state(&choices).expect("pairs with a binary"));
        }
    }

    /// Unbalanced and with multipliers: minus the objective and the terms of every capacity that
    /// can be exceeded.
    #[test]
    fn energies_without_slack(
        instance in instances(),
        weights in prop::collection::vec((0_u8..8, 0_u8..4), 3),
        unbalanced in any::<bool>(),
    ) {
        let terms: Vec<Multiplier> = weights
            .iter()
            .map(|&(a, q)| Multiplier { linear: f64::from(a) / 4.0, square: f64::from(q) / 8.0 })
            .collect();
        let terms = if unbalanced { vec![terms[0]; 3] } else { terms };
        let capacities = if unbalanced {
            Inequality::Unbalanced { linear: terms[0].linear, square: terms[0].square }
        } else {
            Inequality::Multiplier
        };
        let Some(form) = build(&Full { capacities, ..Full::default() }, &instance) else {
            return Ok(());
        };
        let options = Options::default().penalty(Penalty::Fixed(32.0));
        let options = options.multipliers(form.multipliers(&terms));
        let Ok(compiled) = form.model().compile(&options) else { return Ok(()) };
        prop_assume!(compiled.qubo().variables() <= 16);
        let open = instance.uncapped();
        for x in states(form.pairs().len()) {
            let choices = form.pairs().choices(&x).expect("long enough");
            let Ok(objective) = open.objective(&choices) else { continue };
            let mut want = -objective;
            for (e, &capacity) in instance.capacity().iter().enumerate() {
                let pairs = (0..form.pairs().len()).filter_map(|i| form.pairs().pair(i));
                if (capacity as usize) < pairs.filter(|pair| pair.1 == e).count() {
                    let holds = |&t: &usize| choices.experts(t).contains(&(e as u32));
                    let load = (0..choices.tokens()).filter(holds).count();
                    let g = load as f64 - f64::from(capacity);
                    want += terms[e].linear * g + terms[e].square * g * g;
                }
            }
            prop_assert!((least(&compiled, &x) - want).abs() < 1e-9);
        }
    }

    /// With prices for multipliers the lowest energy is minus the certificate's bound.
    #[test]
    fn the_lagrangian_is_the_certificate(
        instance in instances(),
        prices in prop::collection::vec(0_u8..16, 3),
    ) {
        let full = Full { capacities: Inequality::Multiplier, ..Full::default() };
        let Some(form) = build(&full, &instance) else { return Ok(()) };
        // Experts that cannot be overfull have no constraint: their price is 0.
        let price = |e: usize| {
            let allowed = |&t: &usize| instance.scores(t)[e] > f32::NEG_INFINITY;
            let allowed = (0..instance.tokens()).filter(allowed).count();
            let open = allowed > instance.capacity()[e] as usize;
            if open { f64::from(prices[e]) / 8.0 } else { 0.0 }
        };
        let prices: Vec<f64> = (0..instance.experts()).map(price).collect();
        // The certificate forgets neither pairs without room nor demands that cannot be met.
        prop_assume!(instance.capacity().iter().all(|&c| c > 0));
        let terms: Vec<Multiplier> =
            prices.iter().map(|&linear| Multiplier { linear, square: 0.0 }).collect();
        let options = Options::default().multipliers(form.multipliers(&terms));
        let Ok(compiled) = form.model().compile(&options) else { return Ok(()) };
        let bound = Certificate::new(&instance, prices).expect("prices").bound();
        let energy = lowest(&compiled, 1).energies[0];
        prop_assert!((energy + bound).abs() < 1e-6, "{energy} for a bound of {bound}");
    }

    /// The direct way and the language make the same QUBO.
    #[test]
    fn the_direct_way_is_what_the_language_compiles(
        instance in instances(),
        mode in 0_u8..4,
        weights in (0_u8..8, 0_u8..4),
        fixed in any::<bool>(),
        derived in any::<bool>(),
    ) {
        let (linear, square) = (f64::from(weights.0) / 4.0, f64::from(weights.1) / 8.0);
        let capacities = match mode {
            0 => Inequality::Slack(Encoding::Binary),
            1 => Inequality::Slack(Encoding::Unary),
            2 => Inequality::Unbalanced { linear, square },
            _ => Inequality::Multiplier,
        };
        let unusable = if fixed { Unusable::Fixed } else { Unusable::LeftOut };
        let full = Full { capacities, unusable, ..Full::default() };
        let penalty = if derived { Penalty::Bound } else { Penalty::Fixed(3.0) };
        let terms: Vec<Multiplier> = (0..instance.experts())
            .map(|e| Multiplier { linear: linear + e as f64 / 2.0, square })
            .collect();
        let Some(form) = build(&full, &instance) else { return Ok(()) };
        let options = Options::default().penalty(penalty).form(CouplingForm::Structured);
        let options = options.multipliers(form.multipliers(&terms));
        let direct = full.structured(&instance, penalty, &terms);
        let Ok(compiled) = form.model().compile(&options) else {
            prop_assert!(direct.is_err());
            return Ok(());
        };
        let (direct, pairs) = direct.expect("compiles");
        prop_assert_eq!(pairs.len(), form.pairs().len());
        let qubo = compiled.qubo();
        prop_assert_eq!(qubo.variables(), direct.variables());
        prop_assert_eq!(qubo.couplings().interactions(), direct.couplings().interactions());
        let mut draws = spinroute_testkit::generate::Draws::new(7);
        for _ in 0..64 {
            let x: Vec<i8> = (0..qubo.variables()).map(|_| draws.below(2) as i8).collect();
            let (a, b) = (qubo.energy(&x), direct.energy(&x));
            prop_assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{a} and {b}");
        }
    }

    /// Close calls: the stated energy of every state, and the minimum by brute force.
    #[test]
    fn energies_of_close_calls(
        instance in instances(),
        prices in prop::option::of(prop::collection::vec(0_u8..16, 3)),
        margin in prop::option::of(0.0..1.0_f64),
        most in prop::option::of(0_usize..4),
        weight in 0_u8..8,
    ) {
        let prices: Option<Vec<f64>> = prices
            .map(|p| p[..instance.experts()].iter().map(|&p| f64::from(p) / 8.0).collect());
        let close = CloseCalls { margin, most, ..CloseCalls::default() };
        let form = close.build(&instance, prices.as_deref()).expect("builds");
        prop_assert!(most.is_none_or(|most| form.calls().len() <= most));
        let weight = f64::from(weight) / 4.0;
        let [sparse, structured] = [CouplingForm::Sparse, CouplingForm::Structured]
            .map(|couplings| form.compile(weight, couplings).expect("compiles"));
        let score = |choices: &Assignment| -> f64 {
            (0..choices.tokens())
                .flat_map(|t| choices.experts(t).iter().map(move |&e| (t, e)))
                .map(|(t, e)| f64::from(instance.scores(t)[e as usize]))
                .sum()
        };
        let mut best = f64::INFINITY;
        for state in states(form.calls().len()) {
            let choices = form.choices(&state).expect("long enough");
            let mut loads = vec![0; instance.experts()];
            for t in 0..choices.tokens() {
                let held = choices.experts(t);
                let scores = instance.scores(t);
                prop_assert!(held.iter().all(|&e| scores[e as usize] > f32::NEG_INFINITY));
                prop_assert!((1..held.len()).all(|i| !held[..i].contains(&held[i])));
                for &e in held {
                    loads[e as usize] += 1;
                }
            }
            prop_assert_eq!(&loads, &form.loads(&state).expect("long enough"));
            let imbalance: f64 =
                loads.iter().zip(form.targets()).map(|(&l, t)| (f64::from(l) - t).powi(2)).sum();
            let want = weight * imbalance + score(form.start()) - score(&choices);
            for compiled in [&sparse, &structured] {
                prop_assert!((compiled.qubo().energy(&state) - want).abs() < 1e-9);
            }
            best = best.min(want);
            if let Ok(repaired) = form.repaired(&state, prices.as_deref()) {
                prop_assert!(instance.objective(&repaired).is_ok());
            }
        }
        prop_assert!((lowest(&structured, 1).energies[0] - best).abs() < 1e-9);
    }
}

#[test]
fn weights_are_parameters_when_asked_for() {
    let scores = array![[0.5, 0.25], [0.5, 0.125]];
    let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1)).expect("an instance");
    let form =
        Full { weights: Weights::Parameters, ..Full::default() }.build(&instance).expect("builds");
    let options = Options::default().set_named(Full::DEMAND, 2.0).set_named(Full::CAPACITY, 8.0);
    let compiled = form.model().compile(&options).expect("compiles");
    // Capacity 1 needs no slack: a pair of tokens too many costs the weight.
    assert_eq!(compiled.qubo().energy(&[1, 0, 1, 0]), 8.0 - 1.0);
    assert_eq!(compiled.qubo().energy(&[0, 0, 0, 0]), 2.0 * 2.0);
    assert_eq!(
        form.model().constraint_name(form.capacity_constraint(1).expect("one")),
        Some("expert 1")
    );
    assert_eq!(form.variable(1, 1).map(|v| form.model().name(v)), Some(Some("x[1,1]".into())));
}

#[test]
fn pairs_without_use_are_left_out_or_fixed() {
    let no = f32::NEG_INFINITY;
    let scores = array![[0.5, no, 0.75], [0.5, 0.125, 0.0]];
    let instance = Instance::new(scores, vec![1, 2, 0], Demand::Exactly(1)).expect("an instance");
    let form = Full::default().build(&instance).expect("builds");
    assert_eq!((form.pairs().len(), form.pairs().pair(2)), (3, Some((1, 1))));
    assert_eq!((form.capacity_constraint(2), form.variable(0, 1)), (None, None));
    assert_eq!(form.model().name(form.variable(1, 1).expect("a pair")), Some("x[1,1]".into()));
    let fixed =
        Full { unusable: Unusable::Fixed, ..Full::default() }.build(&instance).expect("builds");
    assert_eq!(fixed.pairs().len(), 6);
    for form in [form, fixed] {
        let compiled = form.model().compile(&Options::default()).expect("compiles");
        let samples = lowest(&compiled, 1);
        assert_eq!(form.pairs().choices(samples.state(0)).expect("long enough").slots(), [0, 1]);
        assert_eq!(samples.energies[0], -0.625);
    }
    let closed = Instance::new(array![[no]], vec![1], Demand::AtMost(1)).expect("an instance");
    assert!(Full::default().build(&closed).is_err());
    // A token whose pairs are all forbidden is named by the language.
    let lost = array![[no, no], [0.5, 0.125]];
    let lost = Instance::new(lost, vec![2, 2], Demand::Exactly(1)).expect("an instance");
    let form = Full::default().build(&lost).expect("builds");
    let error = form.model().compile(&Options::default()).expect_err("never");
    assert!(error.to_string().contains("token 0"), "{error}");
}

#[test]
fn multipliers_from_samples_are_prices() {
    let instance = spinroute_testkit::generate::skewed(12, 4, 1, 1.0, 3).expect("an instance");
    let best = optimum(&instance).expect("feasible");
    let full = Full { capacities: Inequality::Multiplier, ..Full::default() };
    let form = full.build(&instance).expect("builds");
    let mut multipliers = Subgradient::new(form.model(), 0.1);
    let minimiser = Anneal { reads: 4, sweeps: 100, ..Anneal::default() };
    let options = Options::default().form(CouplingForm::Structured);
    let mut run = Run::new(0);
    let ascent =
        ascend(form.model(), &options, &minimiser, &mut multipliers, 40, &mut run).expect("runs");
    let prices = form.prices(multipliers.values());
    let bound = Certificate::new(&instance, prices.clone()).expect("prices").bound();
    assert!(bound < best * 1.05, "a bound of {bound} for {best}");
    let answer = ascent.best.expect("a feasible answer");
    let choices = form.choices(&answer).expect("of this model");
    let objective = instance.objective(&choices).expect("feasible");
    assert!((objective - answer.objective()).abs() < 1e-9, "{objective}");
    assert!(objective <= best + 1e-9, "{objective} of {best}");
    // What the last multipliers leave open, a repair that knows their prices decides.
    let options = options.multipliers(multipliers.terms());
    let compiled = form.model().compile(&options).expect("compiles");
    let samples = minimiser.minimise(&compiled.to_ising(), &mut Run::new(0)).expect("runs");
    let repaired = form.pairs().repaired(samples.state(0), Some(&prices)).expect("feasible");
    let objective = instance.objective(&repaired).expect("feasible");
    assert!(objective > best * 0.8 && objective <= best + 1e-9, "{objective} of {best}");
}

#[test]
fn a_hundred_thousand_switches_are_never_expanded() {
    let instance = spinroute_testkit::generate::skewed(20_000, 16, 2, 1.0, 1).expect("an instance");
    let close = CloseCalls { most: Some(10_000), ..CloseCalls::default() };
    let form = close.build(&instance, None).expect("builds");
    let compiled = form.compile(1e-4, CouplingForm::Structured).expect("compiles");
    assert_eq!(compiled.qubo().variables(), 10_000);
    let minimiser = Anneal { reads: 1, sweeps: 20, ..Anneal::default() };
    let samples = minimiser.minimise(&compiled.to_ising(), &mut Run::new(0)).expect("runs");
    assert!(samples.energies[0] < compiled.qubo().offset());
    let repaired = form.repaired(samples.state(0), None).expect("feasible");
    assert!(instance.objective(&repaired).is_ok());
}
