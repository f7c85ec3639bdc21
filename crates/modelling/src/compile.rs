//! From a model to a QUBO: layout of the bits, penalties, weights, reduction, couplings.
//!
//! O(terms) until the couplings are made; then as [`assemble`](crate::assemble) says.

use std::sync::Arc;

use crate::assemble::assemble;
use crate::check::check;
use crate::constraint::Penalty;
use crate::decoding::Decoding;
use crate::error::{Error, Unsatisfiable};
use crate::function::Function;
use crate::layout::Layout;
use crate::lower::{Item, Lowering, Origin, Outcome};
use crate::model::{Model, Parts};
use crate::options::Options;
use crate::reduce::{Reduced, reduce};
use crate::variable::Kind;
use crate::weights::weights;
use spinroute_ising::{self as ising, Ising, Qubo};

/// Something found on compilation that is worth knowing and no error.
///
/// ```
/// use spinroute_modelling::{Model, Note, Options, sum};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [2]);
/// model.constrain("room", sum(&x).at_most(2));
/// let compiled = model.compile(&Options::default())?;
/// assert_eq!(compiled.notes(), [Note::AlwaysTrue { constraint: "room".into() }]);
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
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
///
/// ```
/// use spinroute_modelling::{Model, Options, Penalty, one_hot};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [2]);
/// model.minimise(2 * x[0]);
/// model.constrain("one", one_hot(&x).penalty(Penalty::Fixed(5.0)));
/// let compiled = model.compile(&Options::default())?;
/// assert_eq!(compiled.weight(0), Some(5.0));
/// assert_eq!(compiled.qubo().energy(&[1, 1]), 2.0 + 5.0);
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
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
    let (linear, couplings, offset) = assemble(&energy, all, options.form, &shapes)?;
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
