//! Which bits stand for which variable.
//!
//! The bits of the model's variables come first, in the order of the variables; slack and
//! auxiliary bits follow. A spin is `2b − 1`, an integer as its [`Encoding`] says. Where every
//! variable is binary, bit and variable are the same number.

use crate::Error;
use crate::encoding::{Affine, Encoding, Validity};
use crate::function::{Function, Linear};
use crate::model::Parts;
use crate::variable::Kind;
use spinroute_ising as ising;

/// Most bits of a model.
const MOST: usize = i32::MAX as usize;

/// The bits of one group of variables.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    first: u32,
    pub(crate) first_bit: u32,
    affine: Affine,
    pub(crate) validity: Validity,
}

/// The bits of every variable.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    spans: Vec<Span>,
    pub(crate) variables: usize,
    pub(crate) bits: usize,
    identity: bool,
}

impl Layout {
    pub(crate) fn new(parts: &Parts) -> Result<Self, Error> {
        let mut bits = 0_usize;
        let mut spans = Vec::with_capacity(parts.groups.len());
        for group in &parts.groups {
            let (affine, validity) = match group.kind {
                Kind::Binary => (Affine { base: 0.0, weights: vec![1.0] }, Validity::Always),
                Kind::Spin => (Affine { base: -1.0, weights: vec![2.0] }, Validity::Always),
                Kind::Integer { low, high, encoding } => {
                    (encoding.affine(low, high), encoding.validity())
                }
            };
            let width = affine.weights.len();
            spans.push(Span { first: group.first, first_bit: bits as u32, affine, validity });
            bits = bits.saturating_add(width.saturating_mul(group.length as usize));
            if bits > MOST {
                return Err(ising::Error::TooLarge {
                    variables: bits,
                    most: MOST,
                    what: "a model",
                }
                .into());
            }
        }
        let identity = parts.groups.iter().all(|group| group.kind == Kind::Binary);
        Ok(Self { spans, variables: parts.variables, bits, identity })
    }

    /// The span of a variable and the variable's first bit.
    pub(crate) fn place(&self, variable: u32) -> (&Span, u32) {
        let after = self.spans.partition_point(|span| span.first <= variable);
        let span = &self.spans[after - 1];
        (span, span.first_bit + (variable - span.first) * span.affine.weights.len() as u32)
    }

    /// The bits of a variable and its affine form.
    pub(crate) fn affine(&self, variable: u32) -> (u32, &Affine) {
        let (span, bit) = self.place(variable);
        (bit, &span.affine)
    }

    /// The value of every variable in a state of all bits.
    pub(crate) fn values(&self, state: &[i8]) -> Vec<f64> {
        if self.identity {
            return state[..self.bits].iter().map(|&b| f64::from(b)).collect();
        }
        let value = |variable| {
            let (bit, affine) = self.affine(variable);
            let bits = &state[bit as usize..bit as usize + affine.weights.len()];
            affine.weights.iter().zip(bits).fold(affine.base, |v, (w, &b)| v + w * f64::from(b))
        };
        (0..self.variables as u32).map(value).collect()
    }

    /// The bits of some values, one a variable; `None` if one is not a value of its variable.
    pub(crate) fn encode(&self, values: &[f64], parts: &Parts) -> Option<Vec<i8>> {
        let mut state = vec![0; self.bits];
        for (variable, &value) in (0_u32..).zip(values) {
            let (low, high) = parts.group_of(variable).kind.range();
            let (span, first) = self.place(variable);
            let bits = &mut state[first as usize..first as usize + span.affine.weights.len()];
            let inside = value >= low && value <= high;
            if !inside || !encode(value, &span.affine, span.validity, bits) {
                return None;
            }
        }
        Some(state)
    }

    /// Whether the bits of a variable are a valid word.
    pub(crate) fn is_valid(&self, variable: u32, state: &[i8]) -> bool {
        let (span, bit) = self.place(variable);
        let bit = bit as usize;
        span.validity.holds(&state[bit..bit + span.affine.weights.len()])
    }

    /// Whether bit and variable are the same number.
    pub(crate) fn is_identity(&self) -> bool {
        self.identity
    }

    /// A linear form of variables as one of bits.
    pub(crate) fn linear(&self, constant: f64, terms: &[(u32, f64)]) -> Linear {
        if self.identity {
            return Linear::new(constant, terms.iter().copied());
        }
        let mut constant = constant;
        let mut bits = Vec::with_capacity(terms.len());
        for &(variable, c) in terms {
            let (bit, affine) = self.affine(variable);
            constant += c * affine.base;
            bits.extend((bit..).zip(&affine.weights).map(|(bit, w)| (bit, c * w)));
        }
        Linear::new(constant, bits)
    }

    /// Adds `factor` times an expression without parameters to a function of bits.
    pub(crate) fn lower(&self, expr: &crate::Expr, factor: f64, into: &mut Function) {
        into.constant += factor * expr.constant;
        if self.identity {
            into.linear.extend(expr.linear.iter().map(|&(bit, c)| (bit, factor * c)));
        } else {
            into.add_linear(factor, &self.linear(0.0, &expr.linear));
        }
        into.pairs.reserve(expr.quadratic.len());
        for &(u, v, c) in &expr.quadratic {
            self.product(&[u, v], factor * c, into);
        }
        for (variables, c) in &expr.higher {
            self.product(variables, factor * c, into);
        }
        for square in &expr.squares {
            into.add_square(factor * square.weight, self.linear(square.constant, &square.linear));
        }
    }

    /// Adds `c · Π variables`.
    fn product(&self, variables: &[u32], c: f64, into: &mut Function) {
        if self.identity {
            return match *variables {
                [u, v] if u < v => into.pairs.push((u, v, c)),
                [u, v] if u > v => into.pairs.push((v, u, c)),
                _ => into.add_product(variables.to_vec(), c),
            };
        }
        let mut products = vec![(Vec::new(), c)];
        for &variable in variables {
            let (first, affine) = self.affine(variable);
            let mut longer = Vec::with_capacity(products.len() * (affine.weights.len() + 1));
            for (bits, c) in &products {
                if affine.base != 0.0 {
                    longer.push((bits.clone(), c * affine.base));
                }
                for (bit, w) in (first..).zip(&affine.weights) {
                    let mut bits: Vec<u32> = bits.clone();
                    if !bits.contains(&bit) {
                        bits.push(bit);
                    }
                    longer.push((bits, c * w));
                }
            }
            products = longer;
        }
        for (bits, c) in products {
            into.add_product(bits, c);
        }
    }
}

/// Sets `bits` to a word of `value`; whether there is one.
fn encode(value: f64, affine: &Affine, validity: Validity, bits: &mut [i8]) -> bool {
    let mut rest = value - affine.base;
    // Largest weights first; where they are alike, the order that is valid: 1s first if they must
    // fall, last if they must rise.
    for (bit, &weight) in bits.iter_mut().zip(&affine.weights).rev() {
        let takes = match validity {
            Validity::OneHot => weight == value,
            Validity::Falling => false,
            Validity::Always | Validity::Rising => {
                weight.abs() <= rest.abs() && rest * weight > 0.0
            }
        };
        if takes {
            *bit = 1;
            rest -= weight;
        }
    }
    if validity == Validity::Falling {
        for (bit, &weight) in bits.iter_mut().zip(&affine.weights) {
            if rest >= weight {
                *bit = 1;
                rest -= weight;
            }
        }
    }
    rest == 0.0
}

/// A slack variable: `base + Σ coefficient · bit`.
pub(crate) struct Slack {
    pub(crate) base: f64,
    pub(crate) terms: Vec<(u32, f64)>,
    pub(crate) validity: Validity,
}

/// Slack bits for `0, step, 2 step, …, range · step`, from `first` on.
pub(crate) fn slack(encoding: Encoding, range: f64, step: f64, first: usize) -> Option<Slack> {
    if range > 2.0_f64.powi(53) {
        return None;
    }
    let bits = encoding.bits(range as u64)? as usize;
    if first.checked_add(bits)? > MOST {
        return None;
    }
    let affine = encoding.affine(0, range as i64);
    let terms = (first as u32..).zip(affine.weights.iter().map(|w| w * step)).collect();
    Some(Slack { base: affine.base * step, terms, validity: encoding.validity() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn values_are_encoded_and_read_back() {
        for encoding in Encoding::ALL {
            for (low, high) in [(-3, 4), (0, 9), (2, 2), (-5, -1)] {
                let mut model = Model::new();
                model.spin("s");
                model.integer("y", low..=high, encoding);
                let layout = Layout::new(&model.parts).expect("small");
                for value in low..=high {
                    let values = [-1.0, value as f64];
                    let state = layout.encode(&values, &model.parts).expect("in range");
                    assert_eq!(layout.values(&state), values, "{encoding:?}");
                    assert!(layout.is_valid(1, &state), "{encoding:?} {value}");
                }
                assert_eq!(layout.encode(&[0.0, low as f64], &model.parts), None);
                assert_eq!(layout.encode(&[1.0, high as f64 + 1.0], &model.parts), None);
                assert_eq!(layout.encode(&[1.0, low as f64 + 0.5], &model.parts), None);
            }
        }
    }
}
