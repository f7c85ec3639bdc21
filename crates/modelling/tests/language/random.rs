//! Small random constrained models and their brute-force truth.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spinroute_modelling::{
    Constraint, Encoding, Expr, Kind, Model, Variable, at_most_k, dot, implies, k_hot, sos1, sum,
};

/// A model with the kinds of its variables, to go through all of their values.
pub(crate) struct Case {
    pub(crate) model: Model,
    pub(crate) variables: Vec<(Variable, Kind)>,
    objective: Expr,
    maximise: bool,
    constraints: Vec<Check>,
}

type Check = Box<dyn Fn(&[f64]) -> bool>;

impl Case {
    /// Every combination of values.
    pub(crate) fn points(&self) -> Vec<Vec<f64>> {
        let mut points = vec![Vec::new()];
        for (_, kind) in &self.variables {
            let (low, high) = kind.range();
            let step = if *kind == Kind::Spin { 2.0 } else { 1.0 };
            let count = ((high - low) / step) as usize + 1;
            let longer = points.iter().flat_map(|point| {
                (0..count).map(move |i| [&point[..], &[low + step * i as f64]].concat())
            });
            points = longer.collect();
        }
        points
    }

    pub(crate) fn is_feasible(&self, point: &[f64]) -> bool {
        self.constraints.iter().all(|holds| holds(point))
    }

    /// Whether the objective is to be made large.
    pub(crate) fn maximise(&self) -> bool {
        self.maximise
    }

    /// The objective, negated where it is to be maximised.
    pub(crate) fn cost(&self, point: &[f64]) -> f64 {
        let value = self.objective.value(point, &[]).expect("all variables have values");
        if self.maximise { -value } else { value }
    }

    /// The least cost of a feasible point, if there is one.
    pub(crate) fn optimum(&self) -> Option<f64> {
        let points = self.points().into_iter().filter(|point| self.is_feasible(point));
        points.map(|point| self.cost(&point)).reduce(f64::min)
    }
}

/// A random model of a few binaries, spins and integers. `degree` is that of its objective.
pub(crate) fn case(seed: u64, degree: usize) -> Case {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut model = Model::new();
    let x = model.binary_array("x", [random.random_range(3..=5)]);
    let mut variables: Vec<(Variable, Kind)> = x.iter().map(|&v| (v, Kind::Binary)).collect();
    if random.random_bool(0.3) {
        variables.push((model.spin("s"), Kind::Spin));
    }
    if random.random_bool(0.4) {
        let encoding = Encoding::ALL[random.random_range(0..5)];
        let (low, high) = (random.random_range(-1..=1), random.random_range(2..=3));
        let kind = Kind::Integer { low, high, encoding };
        variables.push((model.integer("y", low..=high, encoding), kind));
    }
    let objective = objective(&mut random, &variables, degree);
    let maximise = random.random_bool(0.3);
    if maximise {
        model.maximise(&objective);
    } else {
        model.minimise(&objective);
    }
    let mut constraints = Vec::new();
    for number in 0..random.random_range(1..=3) {
        let (constraint, check) = constraint(&mut random, &variables);
        model.constrain(format!("c{number}"), constraint);
        constraints.push(check);
    }
    Case { model, variables, objective, maximise, constraints }
}

fn objective(random: &mut impl Rng, variables: &[(Variable, Kind)], degree: usize) -> Expr {
    let mut objective = Expr::new(f64::from(random.random_range(-3..=3)));
    let coefficient = |random: &mut dyn Rng| f64::from(random.random_range(-20..=20)) / 4.0;
    let all: Vec<Variable> = variables.iter().map(|v| v.0).collect();
    for &v in &all {
        objective += coefficient(random) * v;
    }
    for _ in 0..2 * degree.saturating_sub(1) {
        let factors = random.random_range(2..=degree);
        let mut product = Expr::new(coefficient(random));
        for _ in 0..factors {
            product *= all[random.random_range(0..all.len())];
        }
        objective += product;
    }
    if random.random_bool(0.3) {
        objective += coefficient(random) * (sum(&all) - 2.0).squared();
    }
    objective
}

/// A random constraint and its definition.
fn constraint(random: &mut impl Rng, variables: &[(Variable, Kind)]) -> (Constraint, Check) {
    let binaries: Vec<Variable> =
        variables.iter().filter(|v| v.1 == Kind::Binary).map(|v| v.0).collect();
    let some: Vec<Variable> =
        binaries.iter().copied().filter(|_| random.random_bool(0.7)).collect();
    let some = if some.len() < 2 { binaries } else { some };
    let places: Vec<usize> = some.iter().map(|v| v.index()).collect();
    let count = move |point: &[f64]| places.iter().filter(|&&i| point[i] != 0.0).count();
    match random.random_range(0..7) {
        0 => {
            let k = random.random_range(0..=some.len() as u32);
            (k_hot(&some, k), Box::new(move |point| count(point) == k as usize))
        }
        1 => {
            let k = random.random_range(1..=some.len() as u32);
            (at_most_k(&some, k), Box::new(move |point| count(point) <= k as usize))
        }
        2 => (sos1(&some), Box::new(move |point| count(point) <= 1)),
        3 => {
            let (a, b) = (some[0], some[1]);
            let (i, j) = (a.index(), b.index());
            (implies(a, b), Box::new(move |point| point[i] <= point[j]))
        }
        kind => {
            let all: Vec<Variable> = variables.iter().map(|v| v.0).collect();
            let scale = [1.0, 0.5, 0.1][random.random_range(0..3)];
            let whole: Vec<f64> =
                all.iter().map(|_| f64::from(random.random_range(-3_i32..=3))).collect();
            let right =
                f64::from(random.random_range(-2_i32..=4)) + if kind == 4 { 0.0 } else { 0.25 };
            let left = dot(whole.iter().map(|c| c * scale), &all);
            let value =
                move |point: &[f64]| whole.iter().zip(point).map(|(c, v)| c * v).sum::<f64>();
            match kind {
                4 => (left.equals(right * scale), Box::new(move |point| value(point) == right)),
                5 => (left.at_most(right * scale), Box::new(move |point| value(point) <= right)),
                _ => (left.at_least(right * scale), Box::new(move |point| value(point) >= right)),
            }
        }
    }
}

/// The bits of state number `word`.
pub(crate) fn state(word: usize, bits: usize) -> Vec<i8> {
    (0..bits).map(|bit| (word >> bit & 1) as i8).collect()
}
