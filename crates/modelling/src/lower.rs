//! Constraints as penalties: forms that are 0 where the constraint holds and at least `δ²` where
//! it does not.
//!
//! | constraint | form | slack bits |
//! |---|---|---|
//! | `g = 0` | `g²` | none |
//! | `g ≤ 0` | `(g + s)²`, `0 ≤ s ≤ −min g` | for `−min g / δ` |
//! | `L ≤ 1`, `L` a number of literals | `L (L − 1) / 2 · δ²`, the pairs | none |
//! | at most one of some `y_i ≥ 0` is not 0 | `Σ_{i<j} y_i y_j` | none |
//! | an encoding's words | steps the wrong way, or `(Σ b − 1)²` | none |
//!
//! Left sides of a higher degree are multiplied out. Bounds of `g` come from intervals: exact for a
//! linear left side, so a single linear constraint is told to be unsatisfiable or always true
//! exactly when it is by its bounds and its grid `δ ℤ`; constraints that only exclude each other
//! together are not found here.

use crate::Error;
use crate::constraint::{Body, Constraint, Inequality, Multiplier, Penalty, Sense};
use crate::divisor::{common_divisor, is_multiple, multiples_above};
use crate::encoding::Validity;
use crate::expression::Expr;
use crate::function::{Function, Linear};
use crate::layout::{Layout, Slack, slack};
use spinroute_ising as ising;

/// What a penalty is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The constraint of that number.
    Constraint(usize),
    /// The encoding of that variable.
    Encoding(u32),
}

/// A part of a penalty.
#[derive(Clone, Debug)]
pub(crate) enum PenaltyTerm {
    /// `linear²`.
    Square(Linear),
    /// `scale · L (L − 1) / 2`.
    Pairs { literals: Linear, scale: f64 },
    /// Steps from 0 to 1 (falling) or from 1 to 0 (rising) along consecutive bits.
    Steps { first: u32, bits: u32, falling: bool },
    /// Any function that is nowhere negative.
    Other(Function),
}

impl PenaltyTerm {
    /// Adds `weight` times the form.
    pub(crate) fn add_to(self, weight: f64, into: &mut Function) {
        match self {
            Self::Square(linear) => into.add_square(weight, linear),
            Self::Pairs { literals, scale } => {
                into.add_linear(-0.5 * weight * scale, &literals);
                into.add_square(0.5 * weight * scale, literals);
            }
            Self::Steps { first, bits, falling } => {
                for left in first..(first + bits).saturating_sub(1) {
                    into.linear.push((if falling { left + 1 } else { left }, weight));
                    into.pairs.push((left, left + 1, -weight));
                }
            }
            Self::Other(function) => into.add(weight, &function),
        }
    }

    fn of(validity: Validity, first: u32, bits: u32) -> Option<Self> {
        match validity {
            Validity::Always => None,
            Validity::Falling | Validity::Rising => {
                Some(Self::Steps { first, bits, falling: validity == Validity::Falling })
            }
            Validity::OneHot => {
                let ones = (first..first + bits).map(|bit| (bit, 1.0));
                Some(Self::Square(Linear::new(-1.0, ones)))
            }
        }
    }
}

/// A linear row `g = 0` or `g ≤ 0` over the bits of the model's variables.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) linear: Linear,
    pub(crate) equality: bool,
}

/// A constraint as a penalty without its weight.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) origin: Origin,
    pub(crate) penalty: Option<Penalty>,
    pub(crate) forms: Vec<PenaltyTerm>,
    /// The smallest violation `δ`: where the constraint is broken, the forms are at least `δ²`.
    pub(crate) step: Option<f64>,
    /// The bits of the model's variables that it is about, ascending.
    pub(crate) members: Vec<u32>,
    /// The constraint as a row, where it is linear.
    pub(crate) row: Option<Row>,
}

/// What a constraint came to.
pub(crate) enum Outcome {
    /// A penalty.
    Item(Item),
    /// Terms of the energy that are no penalty: unbalanced, or with multipliers.
    Terms(Function),
    /// Nothing to do: it always holds.
    AlwaysTrue,
    /// It never holds, and why.
    Never(String),
}

/// Makes penalties of constraints and numbers their slack bits.
pub(crate) struct Lowering<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) parameters: &'a [f64],
    pub(crate) inequality: Inequality,
    pub(crate) multipliers: &'a [Multiplier],
    /// The next free bit.
    pub(crate) bits: usize,
    /// Whether rows are asked for: for a tight penalty of any constraint.
    pub(crate) rows: bool,
    /// Smallest and largest value of every variable.
    pub(crate) ranges: &'a dyn Fn(u32) -> (f64, f64),
    pub(crate) name: &'a dyn Fn(u32) -> String,
}

impl Lowering<'_> {
    /// The penalty of the constraint of that number.
    pub(crate) fn constraint(
        &mut self,
        index: usize,
        name: &str,
        constraint: &Constraint,
    ) -> Result<Outcome, Error> {
        let mode = constraint.inequality.unwrap_or(self.inequality);
        let outcome = match &constraint.body {
            Body::Sos1(variables) => self.sos1(name, variables)?,
            Body::Compare(left, sense) => {
                let left = left.resolve(self.parameters);
                let explicit = constraint.inequality.is_some();
                let case = Case { index, name, sense: *sense, mode, explicit };
                let linear = left.quadratic.is_empty() && left.higher.is_empty();
                if linear && left.squares.is_empty() {
                    self.linear(&case, &left)?
                } else {
                    self.polynomial(&case, &left)?
                }
            }
        };
        Ok(match outcome {
            Outcome::Item(item) => Outcome::Item(Item {
                origin: Origin::Constraint(index),
                penalty: constraint.penalty,
                ..item
            }),
            other => other,
        })
    }

    /// The penalty of the invalid words of a variable's encoding.
    pub(crate) fn encoding(&self, variable: u32) -> Option<Item> {
        let (span, first) = self.layout.place(variable);
        let bits = self.layout.affine(variable).1.weights.len() as u32;
        let form = PenaltyTerm::of(span.validity, first, bits)?;
        let row = match &form {
            PenaltyTerm::Square(linear) => Some(Row { linear: linear.clone(), equality: true }),
            _ => None,
        };
        Some(Item {
            origin: Origin::Encoding(variable),
            penalty: None,
            forms: vec![form],
            step: Some(1.0),
            members: (first..first + bits).collect(),
            row,
        })
    }

    fn linear(&mut self, case: &Case<'_>, left: &Expr) -> Result<Outcome, Error> {
        let sign = if case.sense == Sense::AtLeast { -1.0 } else { 1.0 };
        let terms = left.linear.iter().map(|&(variable, c)| (variable, sign * c));
        let mut g = Linear::new(sign * left.constant, terms);
        let size = left.largest(self.parameters);
        g.drop_below(CANCELLED * size);
        let (mut low, high) = self.range(&g);
        if !self.layout.is_identity() {
            let terms: Vec<(u32, f64)> = g.terms().collect();
            g = self.layout.linear(g.constant, &terms);
        }
        let step = common_divisor(&g.coefficients);
        if let Some(settled) = settle(case.sense, (low, high, size), g.constant, step) {
            return Ok(settled);
        }
        if case.is_slack_free() {
            let (a, q) = self.slack_free_weights(case)?;
            let mut terms = Function::default();
            terms.add_linear(a, &g);
            terms.add_square(q, g);
            return Ok(Outcome::Terms(terms));
        }
        if case.sense == Sense::Equal {
            let row = self.row(&g, true);
            return Ok(Outcome::Item(item(vec![PenaltyTerm::Square(g)], step, row)));
        }
        let (Inequality::Slack(encoding), Some(step)) = (case.mode, step) else {
            return Err(Error::NoStep { constraint: case.name.into(), what: "a slack" });
        };
        let rounded = multiples_above(g.constant, step) * step;
        low += rounded - g.constant;
        g.constant = rounded;
        let row = self.row(&g, false);
        if let Some(literals) = at_most_one(&g, step) {
            let form = PenaltyTerm::Pairs { literals, scale: step * step };
            return Ok(Outcome::Item(item(vec![form], Some(step), row)));
        }
        let mut forms = Vec::new();
        let (base, terms) = self.add_slack(case.name, encoding, -low, step, &mut forms)?;
        // The bits of the slack come after all others: the form stays in order.
        let (bits, coefficients): (Vec<u32>, Vec<f64>) = terms.into_iter().unzip();
        g.constant += base;
        g.bits.extend(bits);
        g.coefficients.extend(coefficients);
        if g.coefficients.contains(&0.0) {
            g = Linear::new(g.constant, g.terms().collect::<Vec<_>>());
        }
        forms.insert(0, PenaltyTerm::Square(g));
        Ok(Outcome::Item(item(forms, Some(step), row)))
    }

    /// The smallest and largest value of a linear form of variables.
    fn range(&self, form: &Linear) -> (f64, f64) {
        if self.layout.is_identity() {
            return form.range();
        }
        let (mut low, mut high) = (form.constant, form.constant);
        for (variable, c) in form.terms() {
            let (least, most) = (self.ranges)(variable);
            low += (c * least).min(c * most);
            high += (c * least).max(c * most);
        }
        (low, high)
    }

    /// The row of a constraint, if anyone will ask for it.
    fn row(&self, linear: &Linear, equality: bool) -> Option<Row> {
        self.rows.then(|| Row { linear: linear.clone(), equality })
    }

    /// Numbers the bits of a slack from 0 to `range`; its constant and terms.
    fn add_slack(
        &mut self,
        name: &str,
        encoding: crate::Encoding,
        range: f64,
        step: f64,
        forms: &mut Vec<PenaltyTerm>,
    ) -> Result<(f64, Vec<(u32, f64)>), Error> {
        let steps = (range / step).round().max(0.0);
        let Some(Slack { base, terms, validity }) = slack(encoding, steps, step, self.bits) else {
            return Err(Error::SlackRange { constraint: name.into(), steps });
        };
        forms.extend(PenaltyTerm::of(validity, self.bits as u32, terms.len() as u32));
        self.bits += terms.len();
        Ok((base, terms))
    }

    /// A left side of a higher degree: the same, multiplied out.
    fn polynomial(&mut self, case: &Case<'_>, left: &Expr) -> Result<Outcome, Error> {
        let sign = if case.sense == Sense::AtLeast { -1.0 } else { 1.0 };
        let mut g = Function::default();
        self.layout.lower(left, sign, &mut g);
        let size = left.largest(self.parameters);
        let mut g = g.merged();
        g.drop_below(CANCELLED * size);
        let coefficients = g.coefficients();
        let low = g.constant + coefficients.iter().map(|c| c.min(0.0)).sum::<f64>();
        let high = g.constant + coefficients.iter().map(|c| c.max(0.0)).sum::<f64>();
        let step = common_divisor(&coefficients);
        if let Some(settled) = settle(case.sense, (low, high, size), g.constant, step) {
            return Ok(settled);
        }
        if case.is_slack_free() {
            let (a, q) = self.slack_free_weights(case)?;
            let mut terms = Function::default();
            terms.add(a, &g);
            if q != 0.0 {
                terms.add(q, &g.squared());
            }
            return Ok(Outcome::Terms(terms));
        }
        let mut members = Vec::new();
        g.visit(&mut |bits, _| members.extend_from_slice(bits));
        members.sort_unstable();
        members.dedup();
        let mut forms = Vec::new();
        if case.sense != Sense::Equal {
            let (Inequality::Slack(encoding), Some(step)) = (case.mode, step) else {
                return Err(Error::NoStep { constraint: case.name.into(), what: "a slack" });
            };
            let rounded = multiples_above(g.constant, step) * step;
            let range = -(low + rounded - g.constant);
            g.constant = rounded;
            let (base, terms) = self.add_slack(case.name, encoding, range, step, &mut forms)?;
            g.constant += base;
            g.linear.extend(terms);
        }
        forms.insert(0, PenaltyTerm::Other(g.squared()));
        Ok(Outcome::Item(Item { members, ..item(forms, step, None) }))
    }

    fn sos1(&self, name: &str, variables: &[u32]) -> Result<Outcome, Error> {
        let mut distinct = variables.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let mut binary = true;
        for &variable in &distinct {
            let (low, high) = (self.ranges)(variable);
            if low < 0.0 {
                return Err(Error::Negative {
                    constraint: name.into(),
                    variable: (self.name)(variable),
                });
            }
            binary &= (low, high) == (0.0, 1.0);
        }
        let forms: Vec<Linear> =
            distinct.iter().map(|&variable| self.layout.linear(0.0, &[(variable, 1.0)])).collect();
        let active = distinct.iter().filter(|&&variable| (self.ranges)(variable).1 > 0.0).count();
        if active < 2 {
            return Ok(Outcome::AlwaysTrue);
        }
        if distinct.iter().filter(|&&variable| (self.ranges)(variable).0 > 0.0).count() > 1 {
            return Ok(Outcome::Never("two of its variables are never 0".into()));
        }
        let terms = forms.iter().flat_map(Linear::terms);
        let sum = Linear::new(forms.iter().map(|form| form.constant).sum(), terms);
        if binary && sum.coefficients.iter().all(|&c| c == 1.0) && sum.constant == 0.0 {
            let row = self.row(&Linear { constant: -1.0, ..sum.clone() }, false);
            let form = PenaltyTerm::Pairs { literals: sum, scale: 1.0 };
            return Ok(Outcome::Item(item(vec![form], Some(1.0), row)));
        }
        let mut products = Function::default();
        for (i, left) in forms.iter().enumerate() {
            for right in &forms[i + 1..] {
                products.add_linear_product(1.0, left, right);
            }
        }
        let members = sum.bits;
        Ok(Outcome::Item(Item {
            members,
            ..item(vec![PenaltyTerm::Other(products)], Some(1.0), None)
        }))
    }

    /// The weights of `g` and of `g²`; the margin of the unbalanced penalty is `h = −g`.
    fn slack_free_weights(&self, case: &Case<'_>) -> Result<(f64, f64), Error> {
        match case.mode {
            Inequality::Unbalanced { linear, square } => Ok((linear, square)),
            _ if self.multipliers.is_empty() => Ok((0.0, 0.0)),
            _ => match self.multipliers.get(case.index) {
                Some(multiplier) => Ok((multiplier.linear, multiplier.square)),
                None => Err(ising::Error::Defect(format!(
                    "constraint {:?} has no multiplier, though their number was checked",
                    case.name
                ))
                .into()),
            },
        }
    }
}

/// A comparison to be lowered.
struct Case<'a> {
    index: usize,
    name: &'a str,
    sense: Sense,
    mode: Inequality,
    /// The treatment was set on the constraint itself.
    explicit: bool,
}

impl Case<'_> {
    /// An inequality that is not to have a slack, or an equality that is set to have a multiplier.
    fn is_slack_free(&self) -> bool {
        match self.mode {
            Inequality::Slack(_) => false,
            Inequality::Unbalanced { .. } => self.sense != Sense::Equal,
            Inequality::Multiplier => self.explicit || self.sense != Sense::Equal,
        }
    }
}

fn item(forms: Vec<PenaltyTerm>, step: Option<f64>, row: Option<Row>) -> Item {
    let members = row.as_ref().map_or_else(Vec::new, |row| row.linear.bits.clone());
    Item { origin: Origin::Constraint(0), penalty: None, forms, step, members, row }
}

/// Below this share of the largest coefficient as written, what a sum of terms leaves is the
/// rounding of terms that cancel, as in `0.1 x + 0.2 x - 0.3 x`.
pub(crate) const CANCELLED: f64 = 1e-14;

/// What bounds and grid alone decide; `None` if both outcomes are possible. `size` is the largest
/// coefficient as written: what is left of terms that cancel is judged by it.
fn settle(
    sense: Sense,
    (low, high, size): (f64, f64, f64),
    constant: f64,
    step: Option<f64>,
) -> Option<Outcome> {
    let rounding = 1e-9 * low.abs().max(high.abs()).max(size);
    // Of the two inequalities the left side is already turned to `≤ 0`.
    let range = if sense == Sense::AtLeast { (-high, -low) } else { (low, high) };
    let why = |what: &str| {
        Some(Outcome::Never(format!(
            "the left side less the right is between {} and {}, {what}",
            range.0, range.1
        )))
    };
    if sense != Sense::Equal {
        if low > rounding {
            return why(if sense == Sense::AtMost {
                "never at most 0"
            } else {
                "never at least 0"
            });
        }
        return (high <= rounding).then_some(Outcome::AlwaysTrue);
    }
    if low > rounding || high < -rounding {
        return why("never 0");
    }
    if low.abs() <= rounding && high.abs() <= rounding {
        return Some(Outcome::AlwaysTrue);
    }
    match step {
        Some(step) if !is_multiple(constant, step) => Some(Outcome::Never(format!(
            "the left side moves in steps of {step} and is never equal to the right"
        ))),
        _ => None,
    }
}

/// `g ≤ 0` as "at most one of these literals": the number of literals that hold.
fn at_most_one(g: &Linear, step: f64) -> Option<Linear> {
    let whole = |ratio: f64| (ratio - ratio.round()).abs() <= 1e-9 * ratio.abs().max(1.0);
    if g.bits.len() < 2
        || g.coefficients.iter().any(|c| !whole(c / step) || (c / step).abs().round() != 1.0)
    {
        return None;
    }
    let negated = g.coefficients.iter().filter(|&&c| c < 0.0).count() as f64;
    let most = negated - g.constant / step;
    if (most - 1.0).abs() > 1e-9 {
        return None;
    }
    let signs = g.coefficients.iter().map(|c| c.signum()).collect();
    Some(Linear { constant: negated, bits: g.bits.clone(), coefficients: signs })
}
