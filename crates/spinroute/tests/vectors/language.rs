//! Models of the language: what they compile to, and what is read back. Instances as QUBOs too.

use ndarray::Array2;

use crate::book::Book;
use crate::digest::{Answer, Digest};
use crate::house::Draws;
use crate::house::{
    AugmentedLagrangian, Choice, CloseCalls, Compiled, CouplingForm, Encoding, EncodingError, Expr,
    Format, Full, Inequality, Instance, LanguageError, Minimiser, Model, Multiplier, Multipliers,
    Options, Penalty, Reduction, Run, Subgradient, Substitution, Unusable, Variable, ascend,
    at_most_k, dot, implies, k_hot, one_hot, sos1, sum, write_model,
};
use crate::minimisers::built;
use crate::models;
use crate::problems::Problem;

/// A model and its name.
struct Written {
    name: String,
    model: Model,
}

const FORMS: [(CouplingForm, &str); 3] = [
    (CouplingForm::Sparse, "sparse"),
    (CouplingForm::Dense, "dense"),
    (CouplingForm::Structured, "structured"),
];

/// Ways to compile, with their names.
fn ways() -> Vec<(String, Options)> {
    let mut ways = Vec::new();
    let penalties =
        [(Penalty::Fixed(2.5), "fixed"), (Penalty::Bound, "bound"), (Penalty::Tight, "tight")];
    for (form, name) in FORMS {
        for (penalty, weight) in penalties {
            let options = Options::default().form(form).penalty(penalty);
            ways.push((format!("{name} {weight}"), options));
        }
    }
    for encoding in Encoding::ALL {
        let slack = Options::default().inequality(Inequality::Slack(encoding));
        let word = serde_json::to_string(&encoding).unwrap();
        ways.push((format!("slack {word}"), slack));
    }
    let unbalanced = Inequality::Unbalanced { linear: 0.75, square: 0.3 };
    ways.push(("unbalanced".into(), Options::default().inequality(unbalanced)));
    let without = Options::default().inequality(Inequality::Multiplier);
    ways.push(("multipliers none".into(), without));
    for (method, strength) in
        [(Substitution::Rosenberg, None), (Substitution::NegativeTerm, Some(7.5))]
    {
        let word = serde_json::to_string(&method).unwrap();
        let options = Options::default().reduction(Reduction { method, strength });
        ways.push((format!("reduction {word} {strength:?}"), options));
    }
    ways
}

/// Models by hand, and drawn ones.
fn written() -> Vec<Written> {
    let mut all = vec![
        Written { name: "routing".into(), model: routing() },
        Written { name: "products".into(), model: products() },
    ];
    for encoding in Encoding::ALL {
        let word = serde_json::to_string(&encoding).unwrap().replace('"', "");
        all.push(Written { name: format!("knapsack-{word}"), model: knapsack(encoding) });
    }
    all.extend((0..20).map(|seed| Written { name: format!("drawn-{seed}"), model: drawn(seed) }));
    all
}

/// Tokens, experts, one implication.
fn routing() -> Model {
    let mut draws = Draws::new(11);
    let scores = Array2::from_shape_simple_fn((6, 3), || draws.uniform());
    let mut model = Model::new();
    let x = model.binary_array("x", (6, 3));
    model.maximise(dot(&scores, &x));
    for (t, row) in x.rows().into_iter().enumerate() {
        model.constrain(format!("token {t}"), k_hot(row, 1));
    }
    for (e, column) in x.columns().into_iter().enumerate() {
        model.constrain(format!("expert {e}"), sum(column).at_most(2 + e as u32));
    }
    model.constrain("follow", implies(x[[0, 0]], x[[1, 0]]));
    model
}

/// Terms of degree 3 to 5, spins among them.
fn products() -> Model {
    let mut model = Model::new();
    let x = model.binary_array("x", [6]);
    let s = model.spin_array("s", [3]);
    let three = 1.5 * x[0] * x[1] * x[2];
    let spins = 0.3 * s[0] * s[1] * s[2] * x[3];
    let five = -2.25 * x[1] * x[2] * x[3] * x[4] * x[5];
    let square = (sum(&x) - 2.0).squared();
    model.minimise(three + spins + five + 0.5 * square + sum(&s).power(3));
    model.constrain("pairs", at_most_k(&x, 3));
    model
}

/// Integers in one encoding.
fn knapsack(encoding: Encoding) -> Model {
    let mut model = Model::new();
    let y = model.integer_array("y", [3], -1..=4, encoding);
    let z = model.integer("z", 2..=5, encoding);
    let worth = dot([1.25, 2.0, 0.5], &y) + 0.1 * z * y[0];
    model.maximise(worth);
    model.constrain("room", (sum(&y) + 2.0 * z).at_most(11));
    model.constrain("least", (y[0] + y[1]).at_least(1));
    model.constrain("even", (y[2] - z).equals(-2));
    model
}

/// A few variables, terms up to degree 4, some constraints.
fn drawn(seed: u64) -> Model {
    let mut draws = Draws::new(0x1a49 + seed);
    let mut model = Model::new();
    let x = model.binary_array("x", [4 + draws.below(3)]);
    let mut variables: Vec<Variable> = x.iter().copied().collect();
    if draws.below(2) == 0 {
        variables.push(model.spin("s"));
    }
    if draws.below(2) == 0 {
        let encoding = Encoding::ALL[draws.below(5)];
        variables.push(model.integer("y", -(draws.below(3) as i64)..=3, encoding));
    }
    let mut cost = Expr::default();
    for _ in 0..8 {
        let mut term = Expr::new((draws.below(17) as f64 - 8.0) * 0.3);
        for _ in 0..=draws.below(4) {
            term *= variables[draws.below(variables.len())];
        }
        cost += term;
    }
    if seed.is_multiple_of(2) {
        model.minimise(cost);
    } else {
        model.maximise(cost);
    }
    let some: Vec<Variable> = x.iter().copied().filter(|_| draws.below(3) > 0).collect();
    let constraint = match draws.below(5) {
        0 => k_hot(some, 1),
        1 => at_most_k(some, 2),
        2 => sos1(&some),
        3 => one_hot(some),
        _ => sum(some).at_least(1),
    };
    model.constrain("some", constraint);
    let weights: Vec<f64> = variables.iter().map(|_| draws.below(4) as f64).collect();
    let right = draws.below(4) as f64 + 1.0;
    model.constrain("weighed", dot(&weights, &variables).at_most(right));
    model
}

/// Compiles all in all ways and writes down what comes out.
pub(crate) fn record(problems: &[Problem], book: &mut Book) {
    let anneal = built("anneal", r#"{"reads":4,"sweeps":25}"#);
    let all = written();
    for written in &all {
        let text = as_file(&written.model, Format::Lp);
        book.add_input("language", &written.name, Digest::default().text(text));
    }
    for written in &all {
        for (way, options) in ways() {
            let answer = compiled(&written.model, &options, &*anneal);
            book.add("compile", &way, "language", answer.unwrap_or_else(Answer::error));
        }
        let mps = Answer::error(as_file(&written.model, Format::Mps));
        book.add("write", "mps", "language", mps);
        for (rule, answer) in ascents(&written.model, &*anneal) {
            book.add("ascend", rule, "language", answer.unwrap_or_else(Answer::error));
        }
    }
    forms(problems, &*anneal, book);
}

fn as_file(model: &Model, format: Format) -> String {
    let mut text = Vec::new();
    match write_model(format, model, &Options::default(), &mut text) {
        Ok(()) => String::from_utf8(text).unwrap(),
        Err(error) => error.to_string(),
    }
}

fn compiled(
    model: &Model,
    options: &Options,
    minimiser: &dyn Minimiser,
) -> Result<Answer, LanguageError> {
    let compiled = model.compile(options)?;
    let mut figures = Digest::default().whole(models::qubo(compiled.qubo()).value());
    figures = figures.maybe(compiled.encoding_weight()).whole(compiled.notes().len() as u64);
    for constraint in 0..model.constraints() {
        figures = figures.maybe(compiled.weight(constraint));
    }
    let decoding = compiled.decoding();
    let bits = [decoding.variable_bits(), decoding.auxiliary_bits(), decoding.slack_bits()];
    figures = figures.wholes(bits.map(|count| count as u64)).real(decoding.reduction_strength());
    read_back(&compiled, minimiser, figures)
}

/// Samples of a compiled model, and the best of them read back.
fn read_back(
    compiled: &Compiled,
    minimiser: &dyn Minimiser,
    mut figures: Digest,
) -> Result<Answer, LanguageError> {
    let model = compiled.to_ising();
    figures = figures.whole(models::ising(&model).value());
    let samples = minimiser.minimise(&model, &mut Run::new(3))?;
    let mut chosen = Digest::default().states(&samples.states);
    figures = figures.reals(&samples.energies);
    if let Some(best) = compiled.best(&samples)? {
        chosen = chosen.whole(u64::from(best.is_feasible()));
        for broken in best.violated() {
            chosen = chosen.text(&broken.constraint);
        }
        let worth = [best.objective(), best.penalty(), best.energy()];
        figures = figures.reals(best.values()).reals(&worth);
    }
    Ok(Answer { chosen, figures })
}

/// Both rules of multipliers.
fn ascents(
    model: &Model,
    minimiser: &dyn Minimiser,
) -> [(&'static str, Result<Answer, LanguageError>); 2] {
    let options = Options::default().inequality(Inequality::Multiplier);
    let mut subgradient = Subgradient::new(model, 0.5).averaging(true).choice(Choice::Mean);
    let mut lagrangian = AugmentedLagrangian::new(model, 0.5, 1.5);
    let run = |rule: &mut dyn Multipliers| {
        let ascent = ascend(model, &options, minimiser, rule, 5, &mut Run::new(8))?;
        let chosen = Digest::default().stop(ascent.stop);
        let figures = Digest::default().reals(&ascent.energies);
        let best = ascent.best.as_ref().map(|best| best.values().to_vec());
        Ok(Answer { chosen, figures: figures.reals(&best.unwrap_or_default()) })
    };
    let mut first: Result<Answer, LanguageError> = run(&mut subgradient);
    if let Ok(answer) = &mut first {
        answer.figures = answer.figures.reals(subgradient.values());
    }
    let mut second = run(&mut lagrangian);
    if let Ok(answer) = &mut second {
        answer.figures = answer.figures.reals(lagrangian.values()).real(lagrangian.rho());
    }
    [("subgradient", first), ("augmented", second)]
}

/// Most pairs of an instance that is written as a QUBO here.
const PAIRS: usize = 400;

/// Small instances as QUBOs, in both forms.
fn forms(problems: &[Problem], minimiser: &dyn Minimiser, book: &mut Book) {
    let small = problems.iter().filter(|problem| {
        problem.instance.tokens() * problem.instance.experts() <= PAIRS && problem.group != "sample"
    });
    for Problem { group, name, instance } in small {
        let group = &format!("as-qubo-{group}");
        book.add_input(group, name, crate::problems::digest(instance));
        let ways = [
            ("left-out", Full::default(), Penalty::Bound),
            ("fixed", Full { unusable: Unusable::Fixed, ..Full::default() }, Penalty::Fixed(1.5)),
            (
                "multipliers",
                Full { capacities: Inequality::Multiplier, ..Full::default() },
                Penalty::Bound,
            ),
        ];
        for (way, full, penalty) in ways {
            let answer = full_form(full, penalty, instance, minimiser);
            book.add("full", way, group, answer.unwrap_or_else(Answer::error));
        }
        let answer = close_form(instance, minimiser);
        book.add("close-calls", "{}", group, answer.unwrap_or_else(Answer::error));
    }
}

fn full_form(
    full: Full,
    penalty: Penalty,
    instance: &Instance,
    minimiser: &dyn Minimiser,
) -> Result<Answer, EncodingError> {
    let form = full.build(instance)?;
    let multiplier = |e: usize| Multiplier { linear: 0.1 * e as f64, square: 0.5 };
    let of_experts: Vec<Multiplier> = (0..instance.experts()).map(multiplier).collect();
    let options = Options::default().penalty(penalty).form(CouplingForm::Structured);
    let compiled = form.model().compile(&options.multipliers(form.multipliers(&of_experts)))?;
    let (direct, pairs) = full.structured(instance, penalty, &of_experts)?;
    let figures = Digest::default()
        .whole(models::qubo(compiled.qubo()).value())
        .whole(models::qubo(&direct).value());
    let answer = read_back(&compiled, minimiser, figures)?;
    let samples = minimiser.minimise(&direct.to_ising(), &mut Run::new(4))?;
    let repaired = pairs.repaired(samples.state(0), None)?;
    Ok(Answer { chosen: answer.chosen.assignment(&repaired), ..answer })
}

fn close_form(instance: &Instance, minimiser: &dyn Minimiser) -> Result<Answer, EncodingError> {
    let prices: Vec<f64> = (0..instance.experts()).map(|e| 0.01 * (e % 4) as f64).collect();
    let calls = CloseCalls { most: Some(12), ..CloseCalls::default() };
    let form = calls.build(instance, Some(&prices))?;
    let mut figures = Digest::default().reals(form.targets());
    for call in form.calls() {
        figures = figures.wholes([call.token, call.last, call.next]).real(call.lost);
    }
    let compiled = form.compile(0.05, CouplingForm::Structured)?;
    let answer = read_back(&compiled, minimiser, figures)?;
    let samples = minimiser.minimise(&compiled.to_ising(), &mut Run::new(5))?;
    let state = samples.state(0);
    let chosen = answer.chosen.assignment(&form.choices(state)?).wholes(form.loads(state)?);
    Ok(Answer { chosen: chosen.assignment(&form.repaired(state, Some(&prices))?), ..answer })
}
