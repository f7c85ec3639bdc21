//! The structured full form without the language: two weights a line, and one pass over the scores.
//!
//! A constraint over a line of the grid is `w (Σ x + Σ a b + constant)²` with slack bits `b`, and
//! multiplies out to `w (1 + 2 constant)` on every `x` of the line, which is all that the linear
//! terms need to know of it. The tests compare with what the language compiles.

use rayon::prelude::*;
use spinroute_core::{Demand, Feature, Instance};

use crate::Error;
use crate::full::{Full, Weights};
use crate::pairs::{Pairs, Unusable};
use spinroute_ising::{self as ising, Grid, Line, Qubo, Structured};
use spinroute_modelling::{CouplingForm, Inequality, Multiplier, Options, Penalty};

/// Scores a task.
const BLOCK: usize = 1 << 15;

/// What a constraint over `size` binaries of a line comes to.
#[derive(Default)]
struct Square {
    /// Of the square, and so of the block.
    weight: f64,
    /// On every binary of the line.
    linear: f64,
    offset: f64,
    /// `(coefficient, linear term)` of every slack bit.
    slack: Vec<(f64, f64)>,
}

impl Square {
    /// `a (Σ x − right) + weight (Σ x + Σ slack − right)²`.
    fn new(a: f64, weight: f64, right: f64, slack: &[f64]) -> Self {
        let on = |c: f64| weight * (c * (c - 2.0 * right));
        Self {
            weight,
            linear: a + on(1.0),
            offset: weight * right * right - a * right,
            slack: slack.iter().map(|&c| (c, on(c))).collect(),
        }
    }

    /// At most one of the binaries: `weight` a pair of them.
    fn pairs(weight: f64) -> Self {
        // weight/2 · L (L − 1) for the number L of ones: the linear terms cancel.
        Self { weight: weight / 2.0, ..Self::default() }
    }
}

/// `Σ x ≤ right` over `size` binaries; `None` if it has no direct way.
fn at_most(
    right: u32,
    size: usize,
    mode: Inequality,
    weight: f64,
    multiplier: Multiplier,
) -> Option<Square> {
    if right as usize >= size {
        return Some(Square::default());
    }
    let right_side = f64::from(right);
    match mode {
        Inequality::Unbalanced { linear, square } => {
            Some(Square::new(linear, square, right_side, &[]))
        }
        Inequality::Multiplier => {
            Some(Square::new(multiplier.linear, multiplier.square, right_side, &[]))
        }
        Inequality::Slack(_) if right == 1 => Some(Square::pairs(weight)),
        Inequality::Slack(encoding) => {
            let weights = encoding.slack_coefficients(right)?;
            Some(Square::new(0.0, weight, right_side, &weights))
        }
        // A treatment that is not known here is left to the language.
        _ => None,
    }
}

/// The weight of every penalty; `None` if it needs the language.
fn weight(penalty: Penalty, instance: &Instance, shift: &[f64]) -> Option<f64> {
    let range = match penalty {
        Penalty::Fixed(weight) => return Some(weight),
        Penalty::Bound => range(instance, shift),
        _ => return None,
    };
    Some(Penalty::bound_weight(range))
}

/// `Σ |s[t,e] − shift[e]|` over all pairs, blocks summed in their order.
fn range(instance: &Instance, shift: &[f64]) -> f64 {
    let experts = shift.len();
    let rows = BLOCK.div_ceil(experts);
    let sum = |block: &[f32]| {
        let mut sums = vec![0.0; experts];
        for row in block.chunks_exact(experts) {
            for ((sum, &s), shift) in sums.iter_mut().zip(row).zip(shift) {
                *sum += (f64::from(s) - shift).abs();
            }
        }
        sums.iter().sum::<f64>()
    };
    let blocks: Vec<f64> = instance.flat().par_chunks(rows * experts).map(sum).collect();
    blocks.iter().sum()
}

impl Full {
    /// The QUBO that [`Model::compile`](spinroute_modelling::Model::compile) makes of it for [`CouplingForm::Structured`], up to the order of
    /// sums, in one pass over the scores (two with [`Penalty::Bound`]): no expression is built.
    ///
    /// `multipliers` has one entry an expert or none. The parameters of [`Weights::Parameters`] are
    /// not asked for: `penalty` weighs all constraints. What has no direct way (pairs left out or
    /// fixed, encodings with invalid words, penalties other than fixed or [`Penalty::Bound`]) goes
    /// through the language.
    ///
    /// # Errors
    /// As [`Full::build`] and [`Model::compile`](spinroute_modelling::Model::compile).
    pub fn structured(
        &self,
        instance: &Instance,
        penalty: Penalty,
        multipliers: &[Multiplier],
    ) -> Result<(Qubo, Pairs), Error> {
        if !multipliers.is_empty() && multipliers.len() != instance.experts() {
            let (want, got) = (instance.experts(), multipliers.len());
            return Err(
                ising::Error::Length { what: "multipliers, one an expert", want, got }.into()
            );
        }
        instance.supported("the full form", &[Feature::Demands])?;
        if let Some(qubo) = structured(self, instance, penalty, multipliers)? {
            return Ok((qubo, Pairs::new(instance, Unusable::Fixed)));
        }
        let form = Self { weights: Weights::Options, ..*self }.build(instance)?;
        let options = Options::default().form(CouplingForm::Structured).penalty(penalty);
        let options = options.multipliers(form.multipliers(multipliers));
        let qubo = form.model.compile(&options)?.qubo().clone();
        Ok((qubo, form.pairs))
    }
}

/// The QUBO of the full form; `None` if it has no direct way.
fn structured(
    full: &Full,
    instance: &Instance,
    penalty: Penalty,
    multipliers: &[Multiplier],
) -> Result<Option<Qubo>, Error> {
    let (tokens, experts) = (instance.tokens(), instance.experts());
    let no_room = full.unusable == Unusable::LeftOut && instance.capacity().contains(&0);
    if instance.has_forbidden() || no_room || instance.demands().is_some() {
        return Ok(None);
    }
    // A slack-free demand, or squares that are no penalty, change the range of the objective.
    let slack_free = |mode| !matches!(mode, Inequality::Slack(_));
    let squares = match full.capacities {
        Inequality::Unbalanced { square, .. } => square != 0.0,
        Inequality::Multiplier => multipliers.iter().any(|m| m.square != 0.0),
        _ => false,
    };
    let optional = !instance.demand().is_exact();
    let derived = penalty == Penalty::Bound;
    if (optional && slack_free(full.demand)) || (derived && squares) {
        return Ok(None);
    }
    let multiplier = |e: usize| multipliers.get(e).copied().unwrap_or_default();
    let shift: Vec<f64> = (0..experts)
        .map(|e| match full.capacities {
            _ if instance.capacity()[e] as usize >= tokens => 0.0,
            Inequality::Unbalanced { linear, .. } => linear,
            Inequality::Multiplier => multiplier(e).linear,
            _ => 0.0,
        })
        .collect();
    let Some(weight) = weight(penalty, instance, &shift) else { return Ok(None) };
    if !(weight.is_finite() && weight >= 0.0) {
        let constraint = "token 0".into();
        return Err(spinroute_modelling::Error::Weight { constraint, weight }.into());
    }
    let row = match instance.demand() {
        Demand::Exactly(k) => Some(Square::new(0.0, weight, f64::from(k), &[])),
        Demand::AtMost(k) => at_most(k, experts, full.demand, weight, Multiplier::default()),
    };
    let columns = (0..experts)
        .map(|e| at_most(instance.capacity()[e], tokens, full.capacities, weight, multiplier(e)));
    let columns: Option<Vec<Square>> = columns.collect();
    match (row, columns) {
        (Some(row), Some(columns)) => assemble(instance, &row, &columns).map(Some),
        _ => Ok(None),
    }
}

fn assemble(instance: &Instance, row: &Square, columns: &[Square]) -> Result<Qubo, Error> {
    let (tokens, experts) = (instance.tokens(), instance.experts());
    let pairs = tokens * experts;
    let slack = tokens * row.slack.len() + columns.iter().map(|c| c.slack.len()).sum::<usize>();
    let on: Vec<f64> = columns.iter().map(|column| row.linear + column.linear).collect();
    // Zeros that no thread has touched: each block is written where it is computed.
    let mut linear = vec![0.0; pairs + slack];
    let rows = BLOCK.div_ceil(experts) * experts;
    let (of_pairs, of_slack) = linear.split_at_mut(pairs);
    let blocks = of_pairs.par_chunks_mut(rows).zip(instance.flat().par_chunks(rows));
    blocks.for_each(|(linear, scores)| {
        let rows = linear.chunks_exact_mut(experts).zip(scores.chunks_exact(experts));
        for (linear, scores) in rows {
            for ((a, &s), on) in linear.iter_mut().zip(scores).zip(&on) {
                *a = on - f64::from(s);
            }
        }
    });
    let lines = (0..tokens).map(|t| (Line::Row(t), row));
    let lines = lines.chain(columns.iter().enumerate().map(|(e, c)| (Line::Column(e), c)));
    let bits = lines.flat_map(|(line, square)| square.slack.iter().map(move |&bit| (line, bit)));
    let mut further = Vec::with_capacity(slack);
    for (index, (term, (line, (coefficient, value)))) in of_slack.iter_mut().zip(bits).enumerate() {
        *term = value;
        further.push((line, (pairs + index) as u32, coefficient));
    }
    let row_weights = if row.weight == 0.0 { Vec::new() } else { vec![row.weight; tokens] };
    let column_weights = columns.iter().map(|column| column.weight).collect();
    let grid =
        Grid { start: 0, rows: tokens, columns: experts, row_weights, column_weights, further };
    let offset = tokens as f64 * row.offset + columns.iter().map(|c| c.offset).sum::<f64>();
    let couplings = Structured::new(linear.len(), &[grid], &[], None)?;
    Ok(Qubo::new(linear, couplings, offset)?)
}
