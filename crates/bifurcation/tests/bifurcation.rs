//! What simulated bifurcation promises, whatever the model.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use proptest::prelude::*;
use spinroute_bifurcation::{Bifurcation, Mode, Pump, ScaledModel, Step, Stepper};
use spinroute_core::{Budget, Progress, Run, Stop};
use spinroute_ising::{Anneal, Couplings, Error, Ising, Minimiser, Samples, Sparse, instances};

const MODES: [Mode; 3] = [Mode::Adiabatic, Mode::Ballistic, Mode::Discrete];

fn minimise(sb: &Bifurcation, model: &Ising, seed: u64) -> Samples {
    sb.minimise(model, &mut Run::new(seed)).unwrap()
}

/// A few agents and steps.
fn small(mode: Mode) -> Bifurcation {
    Bifurcation { mode: Some(mode), agents: 5, steps: 60, ..Bifurcation::default() }
}

fn model() -> impl Strategy<Value = Ising> {
    (1u32..14).prop_flat_map(|n| {
        let field = prop::collection::vec(-2.0..2.0, n as usize);
        let couplings = prop::collection::vec((0..n, 0..n, -2.0..2.0), 0..40);
        (field, couplings, -5.0..5.0).prop_map(move |(field, couplings, offset)| {
            let couplings = couplings.into_iter().filter(|(i, j, _)| i != j);
            let couplings = Sparse::from_triplets(n as usize, couplings).unwrap();
            Ising::new(field, couplings, offset).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn energies_are_those_of_the_spins(model in model(), seed in 0u64..100) {
        for mode in MODES {
            let samples = minimise(&small(mode), &model, seed);
            prop_assert_eq!(samples.reads(), 5);
            for read in 0..samples.reads() {
                let state = samples.state(read);
                prop_assert!(state.iter().all(|s| s.abs() == 1));
                prop_assert_eq!(samples.energies[read], model.energy(state));
            }
        }
    }

    #[test]
    fn heat_of_zero_changes_nothing(model in model(), seed in 0u64..100) {
        let scaled = ScaledModel::new(&model);
        for mode in MODES {
            // The heated step with γ = 0, and the plain step written out.
            let strength = 0.2 * scaled.scale() as f32;
            let step = Step { time_step: 0.25, stiffness: 0.75, strength, heat: 0.0 };
            let heated = Bifurcation { heated: 0.0, ..small(mode) };
            prop_assert_eq!(minimise(&heated, &model, seed), minimise(&small(mode), &model, seed));
            let mut stepper = Stepper::new(&scaled, mode, 2, seed);
            stepper.advance(&scaled, &[step; 20]);
            let plain = plain_steps(&model, mode, step, 20, seed);
            for (i, expected) in plain.into_iter().enumerate() {
                let got = f64::from(stepper.position(1, i));
                prop_assert!((got - expected).abs() < 1e-3, "{mode:?} {i}: {got} {expected}");
            }
        }
    }

    #[test]
    fn positions_stay_finite_and_between_the_walls(model in model(), seed in 0u64..100) {
        let scaled = ScaledModel::new(&model);
        for mode in MODES {
            let sb = Bifurcation { heated: 0.06, ..small(mode) };
            let control = sb.control(&model, &scaled).unwrap();
            let mut stepper = Stepper::new(&scaled, mode, 3, seed);
            for t in 0..200 {
                let step = Step {
                    time_step: control.time_step as f32,
                    stiffness: 1.0 - t as f32 / 200.0,
                    strength: (control.coupling * scaled.scale()) as f32,
                    heat: (control.time_step * sb.heated) as f32,
                };
                stepper.advance(&scaled, &[step]);
            }
            let wall = if mode == Mode::Adiabatic { 2.0 } else { 1.0 };
            prop_assert!((0..3).all(|a| stepper.positions(a).all(|x| x.abs() <= wall)));
        }
    }
}

/// Plain dynamics in `f64`, of agent 1, without heat: the definition.
fn plain_steps(model: &Ising, mode: Mode, step: Step, steps: usize, seed: u64) -> Vec<f64> {
    let scaled = ScaledModel::new(model);
    let still = Step { time_step: 0.0, ..step };
    let mut start = Stepper::new(&scaled, mode, 2, seed);
    start.advance(&scaled, &[still]);
    let mut x: Vec<f64> = start.positions(1).map(f64::from).collect();
    // Where momenta start: what a step without force moves by, in one unit of time.
    let free = Step { time_step: 1.0, stiffness: 0.0, strength: 0.0, heat: 0.0 };
    let mut moved = Stepper::new(&scaled, Mode::Ballistic, 2, seed);
    moved.advance(&scaled, &[free]);
    let mut y: Vec<f64> = moved.positions(1).zip(&x).map(|(to, x)| f64::from(to) - x).collect();
    let (dt, k) = (f64::from(step.time_step), f64::from(step.stiffness));
    let c0 = f64::from(step.strength) / scaled.scale();
    for _ in 0..steps {
        let signal = x.iter().map(|x| {
            if mode != Mode::Discrete {
                *x
            } else if *x < 0.0 {
                -1.0
            } else {
                1.0
            }
        });
        let signal: Vec<f64> = signal.collect();
        let mut pull = vec![0.0; x.len()];
        model.couplings().product(&signal, &mut pull);
        for i in 0..x.len() {
            let force = -c0 * (pull[i] + model.field()[i]);
            if mode == Mode::Adiabatic {
                y[i] += dt * force;
                for _ in 0..2 {
                    y[i] -= dt / 2.0 * (x[i] * x[i] + k) * x[i];
                    x[i] += dt / 2.0 * y[i];
                }
            } else {
                y[i] += dt * (force - k * x[i]);
                x[i] += dt * y[i];
                if x[i].abs() > 1.0 {
                    (x[i], y[i]) = (x[i].signum(), 0.0);
                }
            }
        }
    }
    x
}

#[test]
fn without_couplings_spins_follow_the_field() {
    let field: Vec<f64> = (0..40).map(|i| f64::from((i * 7) % 11) - 4.5).collect();
    let model = Ising::new(field.clone(), Sparse::none(40), 0.0).unwrap();
    for mode in [Mode::Discrete, Mode::Ballistic] {
        let samples =
            minimise(&Bifurcation { mode: Some(mode), ..Bifurcation::default() }, &model, 1);
        let lowest = -field.iter().map(|h| h.abs()).sum::<f64>();
        assert!(samples.energies.iter().all(|energy| *energy == lowest));
    }
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    let sparse = instances::find("G1").unwrap().graph().unwrap().ising().unwrap();
    let models = [sparse, dense(150), penalties(40, 12, 2, 0.2).0];
    for model in &models {
        for mode in MODES {
            let sb =
                Bifurcation { mode: Some(mode), agents: 70, steps: 60, ..Bifurcation::default() };
            let in_pool = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| minimise(&sb, model, 5))
            };
            let one = in_pool(1);
            assert!(one == in_pool(2) && one == in_pool(5), "{mode:?}");
            let other = minimise(&sb, model, 6).states;
            assert!(model.field()[0] != 0.0 || one.states != other, "seeds count");
            // Nor on the other agents.
            let few = minimise(&Bifurcation { agents: 1, ..sb.clone() }, model, 5);
            assert!(few.state(0) == one.state(0), "{mode:?}");
        }
    }
}

fn dense(n: usize) -> Ising {
    let mut matrix = ndarray::Array2::zeros((n, n));
    for i in 0..n {
        for j in 0..i {
            let value = ((i * 31 + j * 17) % 29) as f64 / 14.0 - 1.0;
            (matrix[[i, j]], matrix[[j, i]]) = (value, value);
        }
    }
    Ising::new(vec![0.1; n], spinroute_ising::Dense::new(matrix).unwrap(), 0.0).unwrap()
}

/// Routing as penalties: scores in [0, 1), every token k experts, every expert T k / E tokens.
/// The model, and the number of constraints that a state violates.
fn penalties(
    tokens: usize,
    experts: usize,
    k: usize,
    penalty: f64,
) -> (Ising, impl Fn(&[i8]) -> usize) {
    use spinroute_ising::{Grid, Structured};
    let capacity = tokens * k / experts;
    let score = |t: usize, e: usize| {
        let skew = (experts - e) as f64 / experts as f64;
        0.5 * skew + ((t * 7919 + e * 104_729 + t * e * 31) % 1009) as f64 / 2018.0
    };
    // P (Σ x − k)² with x = (1 + s) / 2 is P/4 (Σ s)² + P (E/2 − k) Σ s + a constant.
    let row = penalty * (experts as f64 / 2.0 - k as f64);
    let column = penalty * (tokens as f64 / 2.0 - capacity as f64);
    let field = (0..tokens * experts).map(|i| row + column - score(i / experts, i % experts) / 2.0);
    let grid = Grid {
        rows: tokens,
        columns: experts,
        row_weights: vec![penalty / 4.0; tokens],
        column_weights: vec![penalty / 4.0; experts],
        ..Grid::default()
    };
    let couplings = Structured::new(tokens * experts, &[grid], &[], None).unwrap();
    let violated = move |state: &[i8]| {
        let on = |i: usize| usize::from(state[i] > 0);
        let rows =
            (0..tokens).filter(|t| (0..experts).map(|e| on(t * experts + e)).sum::<usize>() != k);
        let columns = (0..experts)
            .filter(|e| (0..tokens).map(|t| on(t * experts + e)).sum::<usize>() != capacity);
        rows.count() + columns.count()
    };
    (Ising::new(field.collect(), couplings, 0.0).unwrap(), violated)
}

/// Routing of 128 tokens to 16 experts as a QUBO of penalties: with a step of 1.25 and the constant
/// of random couplings every agent ends with all bits on or all off, all constraints violated.
#[test]
fn penalties_collapse_without_control() {
    for penalty in [0.1, 0.5, 2.0] {
        let (model, _) = penalties(128, 16, 2, penalty);
        let scaled = ScaledModel::new(&model);
        for mode in [Mode::Ballistic, Mode::Discrete] {
            let mut stepper = Stepper::new(&scaled, mode, 16, 3);
            let steps: Vec<Step> = (0..2000)
                .map(|t| Step {
                    time_step: 1.25,
                    stiffness: 1.0 - t as f32 / 1999.0,
                    strength: (textbook(penalty) * scaled.scale()) as f32,
                    heat: 0.0,
                })
                .collect();
            stepper.advance(&scaled, &steps);
            let collapsed = |agent| {
                let on = stepper.positions(agent).filter(|x| *x >= 0.0).count();
                on == 0 || on == model.variables()
            };
            assert!((0..16).all(collapsed), "{penalty} {mode:?}");
            let given = Bifurcation {
                mode: Some(mode),
                time_step: Some(1.25),
                coupling: Some(textbook(penalty)),
                ..Bifurcation::default()
            };
            let refused = given.minimise(&model, &mut Run::new(3)).unwrap_err();
            assert!(
                matches!(refused, Error::Unsuited { name: "time_step", .. })
                    && refused.to_string().starts_with("a time step of 1.25 is unstable with"),
                "{refused}"
            );
        }
    }
}

/// `0.5 √(n − 1) / √(Σ J²)`: every one of the 128 × 16 variables has 15 + 127 couplings of `P/2`.
fn textbook(penalty: f64) -> f64 {
    0.5 / (142f64.sqrt() * penalty / 2.0)
}

/// The same models under control: discrete dynamics do not collapse, and ballistic ones, which are
/// chosen here, satisfy the constraints and end below annealing.
#[test]
fn stability_control_cures_the_penalty_failure() {
    let satisfied = [usize::MAX, 4, 0]; // a penalty of 0.1 is too weak for feasible ground states
    for (penalty, allowed) in [0.1, 0.5, 2.0].into_iter().zip(satisfied) {
        let (model, violated) = penalties(128, 16, 2, penalty);
        let controlled = Bifurcation { agents: 16, steps: 2000, ..Bifurcation::default() };
        let discrete = Bifurcation { mode: Some(Mode::Discrete), ..controlled.clone() };
        let collapsed = [1, -1].map(|s| model.energy(&vec![s; model.variables()]));
        let samples = minimise(&discrete, &model, 3);
        for read in 0..16 {
            let (state, energy) = (samples.state(read), samples.energies[read]);
            let on = state.iter().filter(|s| **s > 0).count(); // 256 of 2,048 are wanted
            assert!(energy < collapsed[0].min(collapsed[1]), "{penalty} {energy}");
            assert!((1..512).contains(&on) && violated(state) < 144, "{penalty} {on}");
        }
        let scaled = ScaledModel::new(&model);
        assert_eq!(controlled.control(&model, &scaled).unwrap().mode, Mode::Ballistic);
        let samples = minimise(&controlled, &model, 3);
        let annealed = Anneal { reads: 4, sweeps: 200, ..Anneal::default() };
        let annealed = annealed.minimise(&model, &mut Run::new(3)).unwrap();
        let lowest = annealed.energies.iter().copied().fold(f64::INFINITY, f64::min);
        for read in 0..16 {
            let (broken, energy) = (violated(samples.state(read)), samples.energies[read]);
            assert!(broken <= allowed, "{penalty}: {broken} of 144");
            assert!(energy < lowest, "{penalty}: {energy}, annealing {lowest}");
        }
    }
}

#[test]
fn budgets_targets_windows_and_observers_end_a_run() {
    let model = instances::find("G1").unwrap().graph().unwrap().ising().unwrap();
    let sb = Bifurcation { agents: 2, steps: 300, period: 20, ..Bifurcation::default() };
    let whole = minimise(&sb, &model, 1);
    assert_eq!((whole.stop, whole.steps), (Stop::Finished, 15));

    let budget = Budget { steps: Some(4), time: None };
    let cut = sb.minimise(&model, &mut Run::new(1).budget(budget)).unwrap();
    assert_eq!((cut.stop, cut.steps), (Stop::StepLimit, 4));

    let target = whole.energies.iter().copied().fold(f64::INFINITY, f64::min);
    let aimed = Bifurcation { target: Some(target), ..sb.clone() };
    let aimed = minimise(&aimed, &model, 1);
    assert!(aimed.energies.contains(&target) && aimed.steps <= 15);

    let still = Bifurcation {
        window: Some(3),
        steps: 100_000,
        pump: Pump::Through(vec![1.0]),
        mode: Some(Mode::Ballistic),
        ..sb.clone()
    };
    let still = minimise(&still, &model, 1);
    assert_eq!(still.stop, Stop::Finished);
    assert!(still.steps < 5000);

    let mut lowest = f64::INFINITY;
    let mut observe = |progress: &Progress| {
        let now = progress.best.objective.unwrap();
        assert!(now <= lowest);
        lowest = now;
        if progress.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let seen = sb.minimise(&model, &mut Run::new(1).observer(&mut observe)).unwrap();
    assert_eq!((seen.stop, seen.steps), (Stop::Interrupted, 3));
    assert_eq!(seen.energies.iter().copied().fold(f64::INFINITY, f64::min), lowest);
}

/// More steps than memory could list: a limit ends the run, not a failed allocation.
#[test]
fn steps_without_end_are_stopped_by_the_budget() {
    let model = Ising::new(vec![1.0, 0.5], Sparse::none(2), 0.0).unwrap();
    let minimiser = Bifurcation { steps: 1 << 60, ..Bifurcation::default() };
    let budget = Budget { steps: Some(3), time: None };
    let samples = minimiser.minimise(&model, &mut Run::new(0).budget(budget)).unwrap();
    assert_eq!((samples.steps, samples.stop), (3, Stop::StepLimit));
}

/// Coefficients are divided by a power of two, whose squares must not overflow nor vanish.
#[test]
fn a_power_of_two_changes_nothing() {
    for model in [dense(60), penalties(12, 8, 2, 0.5).0] {
        for mode in MODES {
            let sb = small(mode);
            let samples = minimise(&sb, &model, 3);
            for power in [600, -600] {
                let factor = 2f64.powi(power);
                let field = model.field().iter().map(|h| h * factor).collect();
                let scaled = Ising::new(field, model.couplings().scaled(factor), 0.0).unwrap();
                let scaled = minimise(&sb, &scaled, 3);
                assert!(scaled.states == samples.states, "{mode:?}, 2^{power}");
            }
        }
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    let model = Ising::new(vec![1.0; 20], Sparse::none(20), 0.0).unwrap();
    let defaults = Bifurcation::default;
    let wrong = [
        Bifurcation { agents: 0, ..defaults() },
        Bifurcation { agents: 1 << 40, ..defaults() },
        Bifurcation { steps: 0, ..defaults() },
        Bifurcation { period: 0, ..defaults() },
        Bifurcation { heated: -1.0, ..defaults() },
        Bifurcation { heated: f64::NAN, ..defaults() },
        Bifurcation { heated: 1.1, ..defaults() },
        Bifurcation { agents: 1 << 24, ..defaults() },
        Bifurcation { period: 1001, ..defaults() },
        Bifurcation { window: Some(0), ..defaults() },
        Bifurcation { coupling: Some(1e60), ..defaults() },
        Bifurcation { time_step: Some(0.0), ..defaults() },
        Bifurcation { time_step: Some(2.5), ..defaults() },
        Bifurcation { coupling: Some(f64::INFINITY), ..defaults() },
        Bifurcation { pump: Pump::Through(vec![]), ..defaults() },
    ];
    for sb in wrong {
        assert!(sb.minimise(&model, &mut Run::new(1)).is_err(), "{sb:?}");
    }
}

#[test]
fn models_without_variables_have_their_offset() {
    let model = Ising::new(vec![], Sparse::none(0), 1.5).unwrap();
    let samples = minimise(&Bifurcation::default(), &model, 1);
    assert_eq!(samples.energies, vec![1.5; 64]);
}

#[test]
fn known_cuts_are_reached() {
    // Floors well below what 64 agents and 2,000 steps reach: see benches/records.
    for (name, floor) in [("G1", 11_560.0), ("G22", 13_250.0), ("G39", 2_300.0)] {
        let graph = instances::find(name).unwrap().graph().unwrap();
        let sb = Bifurcation { agents: 16, steps: 400, ..Bifurcation::default() };
        let samples = minimise(&sb, &graph.ising().unwrap(), 1);
        let cut = graph.cut_of_energy(samples.energies[samples.best().unwrap()]);
        assert!(cut >= floor, "{name}: {cut}");
    }
}

#[test]
fn the_registry_documents_every_parameter() {
    let defaults = Bifurcation::ENTRY.defaults();
    let mut keys: Vec<&str> = defaults.keys().map(String::as_str).collect();
    let mut documented: Vec<&str> =
        Bifurcation::ENTRY.params.iter().map(|param| param.name).collect();
    keys.sort_unstable();
    documented.sort_unstable();
    assert_eq!(keys, documented);
    let build = |text: &str| Bifurcation::ENTRY.build(&serde_json::from_str(text).unwrap());
    assert!(Bifurcation::ENTRY.build(&defaults).is_ok());
    assert!(build(r#"{"mode": "ballistic", "heated": 0.06, "agents": 3, "pump": [0, 1]}"#).is_ok());
    assert!(build(r#"{"mode": "quantum"}"#).is_err());
    assert!(build(r#"{"reads": 3}"#).is_err());
}
