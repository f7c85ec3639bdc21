//! From a model to a QUBO: layout of the bits, penalties, weights, reduction, couplings.
//!
//! O(terms) until the couplings are made; then as [`assemble`](crate::assemble) says.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::assemble::{Target, assemble};
use crate::constraint::{Body, Inequality, Multiplier, Penalty};
use crate::decoding::Decoding;
use crate::error::{Error, Unsatisfiable};
use crate::expression::Expr;
use crate::function::Function;
use crate::layout::Layout;
use crate::lower::{Item, Lowering, Origin, Outcome};
use crate::model::{Model, Parts};
use crate::reduce::{Reduced, Reduction, reduce};
use crate::variable::{Kind, Parameter};
use crate::weights::weights;
use spinroute_ising::{self as ising, Ising, Qubo};

/// How to compile a [`Model`], and the values of its parameters.
///
/// ```
/// use spinroute_modelling::{Model, Options, Penalty, Target, k_hot};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [4]);
/// let weight = model.parameter("weight");
/// model.constrain("two", k_hot(&x, 2).penalty(Penalty::Parameter(weight)));
/// for value in [1.0, 2.0, 4.0] {
///     // The model is compiled again, not built again.
///     let options = Options::default().set(weight, value).target(Target::Structured);
///     let compiled = model.compile(&options)?;
///     assert_eq!(compiled.qubo().energy(&[1, 1, 1, 0]), value);
/// }
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The form of the couplings.
    pub target: Target,
    /// The penalty of constraints without one of their own, and of encodings.
    pub penalty: Penalty,
    /// The treatment of inequalities without one of their own.
    pub inequality: Inequality,
    /// How terms of degree 3 and more are made quadratic.
    pub reduction: Reduction,
    /// For [`Inequality::Multiplier`]: as many as the model has constraints; empty for none yet, which
    /// leaves those constraints out.
    pub multipliers: Vec<Multiplier>,
    /// A feasible point that is known, one value a variable, from any heuristic: the better it is,
    /// the smaller are the weights of [`Penalty::Tight`]. They are as provable with any other.
    pub feasible: Option<Vec<f64>>,
    parameters: Vec<(Key, f64)>,
}

/// A parameter by handle or by name.
#[derive(Clone, Debug)]
enum Key {
    Handle(Parameter),
    Name(String),
}

impl Options {
    /// Sets the form of the couplings.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Sets the penalty of constraints without one of their own, and of encodings.
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// Sets the treatment of inequalities without one of their own.
    #[must_use]
    pub fn inequality(mut self, inequality: Inequality) -> Self {
        self.inequality = inequality;
        self
    }

    /// Sets how terms of degree 3 and more are made quadratic.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// Sets the multipliers, one a constraint of the model.
    #[must_use]
    pub fn multipliers(mut self, multipliers: Vec<Multiplier>) -> Self {
        self.multipliers = multipliers;
        self
    }

    /// Sets the feasible point that is known.
    #[must_use]
    pub fn feasible(mut self, values: Vec<f64>) -> Self {
        self.feasible = Some(values);
        self
    }

    /// Gives a parameter its value.
    #[must_use]
    pub fn set(mut self, parameter: Parameter, value: f64) -> Self {
        self.parameters.push((Key::Handle(parameter), value));
        self
    }

    /// Gives the parameter of that name its value.
    #[must_use]
    pub fn set_named(mut self, name: impl Into<String>, value: f64) -> Self {
        self.parameters.push((Key::Name(name.into()), value));
        self
    }

    /// The value of every parameter of a model; the last one given counts.
    fn values(&self, parts: &Parts) -> Result<Vec<f64>, Error> {
        let mut values = vec![None; parts.parameters.len()];
        for (key, value) in &self.parameters {
            let (index, name) = match key {
                Key::Handle(parameter) => (parameter.0 as usize, format!("#{}", parameter.0)),
                Key::Name(name) => {
                    let index = parts.parameters.iter().position(|known| known == name);
                    (index.unwrap_or(usize::MAX), name.clone())
                }
            };
            let Some(place) = values.get_mut(index) else {
                return Err(Error::Undeclared { name });
            };
            if !value.is_finite() {
                return Err(
                    ising::Error::NotFinite { what: "parameter", index, value: *value }.into()
                );
            }
            *place = Some(*value);
        }
        let known = parts.parameters.iter().zip(values);
        known
            .map(|(name, value)| value.ok_or_else(|| Error::Unset { name: name.clone() }))
            .collect()
    }
}

/// Something found on compilation that is worth knowing and no error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The constraint always holds and was left out.
    AlwaysTrue {
        /// Its name.
        constraint: String,
    },
}

/// A compiled model: the QUBO, and how to read its states.
#[derive(Clone, Debug)]
pub struct Compiled {
    qubo: Qubo,
    notes: Vec<Note>,
    weights: Vec<Option<f64>>,
    encoding_weight: Option<f64>,
    pub(crate) decoding: Decoding,
}

impl Compiled {
    /// The QUBO, to be minimised also where the model is to be maximised.
    #[must_use]
    pub fn qubo(&self) -> &Qubo {
        &self.qubo
    }

    /// The same in spins: `+1` for bit 1.
    #[must_use]
    pub fn to_ising(&self) -> Ising {
        self.qubo.to_ising()
    }

    /// What was found on compilation.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The weight of a constraint's penalty; `None` if it has no penalty: it always holds, or it
    /// enters by multipliers or unbalanced.
    #[must_use]
    pub fn weight(&self, constraint: usize) -> Option<f64> {
        self.weights.get(constraint).copied().flatten()
    }

    /// The largest weight of a penalty on invalid words of an encoding, if there are any.
    #[must_use]
    pub fn encoding_weight(&self) -> Option<f64> {
        self.encoding_weight
    }

    /// How states are read.
    #[must_use]
    pub fn decoding(&self) -> &Decoding {
        &self.decoding
    }
}

impl Model {
    /// Compiles the model for the given options and values of parameters.
    ///
    /// The model is only read: another call with other values costs no rebuilding.
    ///
    /// # Errors
    /// If something that was put in is wrong, a parameter has no value, constraints cannot be
    /// satisfied, or an option does not fit a constraint.
    pub fn compile(&self, options: &Options) -> Result<Compiled, Error> {
        compile(self, options)
    }
}

fn compile(model: &Model, options: &Options) -> Result<Compiled, Error> {
    let parts = &*model.parts;
    let parameters = check(parts, options)?;
    let layout = Layout::new(parts)?;
    let sign = if parts.maximise { -1.0 } else { 1.0 };
    let mut energy = Function::default();
    layout.lower(&parts.objective.resolve(&parameters), sign, &mut energy);

    let penalties = penalties(parts, options, &parameters, &layout, &mut energy)?;
    let Penalties { items, notes, bits } = penalties;
    let name = |item: &Item| match item.origin {
        Origin::Constraint(index) => parts.constraints[index].0.clone(),
        Origin::Encoding(variable) => format!("encoding of {}", parts.name_of(variable)),
    };
    let hint = hint(parts, options, &layout)?;
    let (default, hint) = (options.penalty, hint.as_deref());
    let weights = weights(&energy, &items, default, &parameters, layout.bits, hint, &name)?;
    let mut of_constraints = vec![None; parts.constraints.len()];
    let mut encoding_weight = None;
    for (item, &weight) in items.iter().zip(&weights) {
        match item.origin {
            Origin::Constraint(index) => of_constraints[index] = Some(weight),
            Origin::Encoding(_) => {
                let most = encoding_weight.map_or(weight, |most: f64| most.max(weight));
                encoding_weight = Some(most);
            }
        }
    }
    for (item, weight) in items.into_iter().zip(weights) {
        item.forms.into_iter().for_each(|form| form.add_to(weight, &mut energy));
    }
    let reduced = if energy.higher.is_empty() {
        Reduced::default()
    } else {
        reduce(&mut energy, &options.reduction, bits)
    };
    let binary = parts.groups.iter().filter(|g| g.kind == Kind::Binary && g.shape.len() == 2);
    let shapes: Vec<(u32, usize, usize)> =
        binary.map(|g| (layout.affine(g.first).0, g.shape[0], g.shape[1])).collect();
    let all = bits + reduced.bits;
    let (linear, couplings, offset) = assemble(&energy, all, options.target, &shapes)?;
    let qubo = Qubo::new(linear, couplings, offset)?;
    let decoding = Decoding {
        parts: Arc::clone(&model.parts),
        layout,
        parameters,
        bits: all,
        auxiliary: reduced,
    };
    Ok(Compiled { qubo, notes, weights: of_constraints, encoding_weight, decoding })
}

/// The bits of the feasible point that is known.
fn hint(parts: &Parts, options: &Options, layout: &Layout) -> Result<Option<Vec<i8>>, Error> {
    let Some(values) = &options.feasible else { return Ok(None) };
    let (want, got) = (parts.variables, values.len());
    if got != want {
        return Err(ising::Error::Length { what: "the feasible point", want, got }.into());
    }
    Ok(layout.encode(values, parts))
}

/// Looks for what was wrong with the input; the values of the parameters.
pub(crate) fn check(parts: &Parts, options: &Options) -> Result<Vec<f64>, Error> {
    if let Some(mistake) = &parts.mistake {
        return Err(mistake.clone());
    }
    let mut names = BTreeSet::new();
    for (name, _) in &parts.constraints {
        if !names.insert(name) {
            return Err(Error::Name { name: name.clone() });
        }
    }
    check_expression(&parts.objective, parts)?;
    for (_, constraint) in &parts.constraints {
        match &constraint.body {
            Body::Compare(left, _) => check_expression(left, parts)?,
            Body::Sos1(variables) => {
                variables.iter().try_for_each(|&v| check_variable(v, parts))?;
            }
        }
    }
    check_options(parts, options)?;
    options.values(parts)
}

fn check_options(parts: &Parts, options: &Options) -> Result<(), Error> {
    let (want, got) = (parts.constraints.len(), options.multipliers.len());
    if got != 0 && got != want {
        return Err(
            ising::Error::Length { what: "multipliers, one a constraint", want, got }.into()
        );
    }
    // Below 0, wrong auxiliary bits would be rewarded.
    match options.reduction.strength {
        Some(strength) if !(strength >= 0.0 && strength.is_finite()) => {
            Err(ising::Error::Parameter {
                name: "strength",
                value: strength.to_string(),
                mend: "it is finite and not negative, or none for one that is proven",
            }
            .into())
        }
        _ => Ok(()),
    }
}

fn check_variable(variable: u32, parts: &Parts) -> Result<(), ising::Error> {
    let (variable, variables) = (variable as usize, parts.variables);
    if variable < variables { Ok(()) } else { Err(ising::Error::Variable { variable, variables }) }
}

/// Every variable and parameter exists, every number is finite.
fn check_expression(expression: &Expr, parts: &Parts) -> Result<(), Error> {
    if let Some(mistake) = &expression.mistake {
        return Err((**mistake).clone());
    }
    let finite = |index: usize, value: f64| {
        let what = "coefficient of term";
        if value.is_finite() { Ok(()) } else { Err(ising::Error::NotFinite { what, index, value }) }
    };
    finite(0, expression.constant)?;
    let check_linear = |terms: &[(u32, f64)]| {
        terms.iter().enumerate().try_for_each(|(index, &(variable, c))| {
            check_variable(variable, parts)?;
            finite(index, c)
        })
    };
    check_linear(&expression.linear)?;
    for (index, &(u, v, c)) in expression.quadratic.iter().enumerate() {
        check_variable(u.max(v), parts)?;
        finite(index, c)?;
    }
    for (index, (variables, c)) in expression.higher.iter().enumerate() {
        variables.iter().try_for_each(|&variable| check_variable(variable, parts))?;
        finite(index, *c)?;
    }
    for (index, square) in expression.squares.iter().enumerate() {
        finite(index, square.weight)?;
        finite(index, square.constant)?;
        check_linear(&square.linear)?;
    }
    for (names, part) in &expression.symbolic {
        if let Some(name) = names.iter().find(|&&p| p as usize >= parts.parameters.len()) {
            return Err(Error::Undeclared { name: format!("#{name}") });
        }
        check_expression(part, parts)?;
    }
    Ok(())
}

/// What the constraints and encodings came to.
struct Penalties {
    items: Vec<Item>,
    notes: Vec<Note>,
    /// Bits of the variables and of slacks.
    bits: usize,
}

fn penalties(
    parts: &Parts,
    options: &Options,
    parameters: &[f64],
    layout: &Layout,
    energy: &mut Function,
) -> Result<Penalties, Error> {
    let is_tight = |penalty: Option<Penalty>| penalty.unwrap_or(options.penalty) == Penalty::Tight;
    let own = parts.constraints.iter().map(|(_, constraint)| constraint.penalty);
    let mut lowering = Lowering {
        layout,
        parameters,
        inequality: options.inequality,
        multipliers: &options.multipliers,
        bits: layout.bits,
        rows: own.chain([None]).any(is_tight),
        ranges: &|variable| parts.group_of(variable).kind.range(),
        name: &|variable| parts.name_of(variable),
    };
    let (mut items, mut notes, mut never) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (name, constraint)) in parts.constraints.iter().enumerate() {
        match lowering.constraint(index, name, constraint)? {
            Outcome::Item(item) => items.push(item),
            Outcome::Terms(terms) => energy.add(1.0, &terms),
            Outcome::AlwaysTrue => notes.push(Note::AlwaysTrue { constraint: name.clone() }),
            Outcome::Never(why) => never.push((name.clone(), why)),
        }
    }
    if !never.is_empty() {
        return Err(Error::Unsatisfiable(Unsatisfiable { constraints: never }));
    }
    let encoded = parts.groups.iter().filter(|group| matches!(group.kind, Kind::Integer { .. }));
    for group in encoded {
        let variables = group.first..group.first + group.length;
        items.extend(variables.filter_map(|variable| lowering.encoding(variable)));
    }
    Ok(Penalties { items, notes, bits: lowering.bits })
}
