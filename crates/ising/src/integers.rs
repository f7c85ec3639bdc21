//! Models whose coefficients are multiples of a common unit, and so integers.

use crate::{AnyCouplings, Couplings, Ising};

/// Integers above this are left to `f64`: sums of two still fit 32 bits.
const LARGEST: f64 = 1_073_741_824.0;

/// The common unit of a model's coefficients, and how large they are in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CommonUnit {
    /// Every field and coupling is a multiple of this, exactly.
    pub(crate) unit: f64,
    /// The largest `|h[i]| + Σ_j |J[i,j]|`: no local field is larger.
    pub(crate) field: f64,
    /// The largest `|J[i,j]|`.
    pub(crate) coupling: f64,
}

impl CommonUnit {
    /// The units of a model, if it has one and local fields fit 31 bits of it. Structured couplings
    /// are not looked into.
    pub(crate) fn of(model: &Ising) -> Option<Self> {
        let (unit, coupling) = match model.couplings() {
            AnyCouplings::Dense(dense) => {
                let matrix = dense.matrix();
                common(model.field(), || matrix.iter().copied())?
            }
            AnyCouplings::Sparse(sparse) => {
                common(model.field(), || sparse.values().iter().copied())?
            }
            AnyCouplings::Structured(_) => return None,
        };
        let magnitudes = model.couplings().magnitudes();
        let fields = model.field().iter().zip(&magnitudes).map(|(h, m)| h.abs() + m.sum);
        let field = fields.fold(0.0, f64::max) / unit;
        (field <= LARGEST).then_some(Self { unit, field, coupling })
    }

    /// A coefficient as an integer.
    pub(crate) fn integer(&self, value: f64) -> i32 {
        (value / self.unit) as i32
    }
}

/// The largest number of which every value is a multiple, and the largest coupling in it.
fn common<I: Iterator<Item = f64>>(field: &[f64], couplings: impl Fn() -> I) -> Option<(f64, f64)> {
    // Every value is odd · 2^power: the least power is a unit, refined by the common divisor.
    let nonzero = || field.iter().copied().chain(couplings()).filter(|value| *value != 0.0);
    let Some(power) = nonzero().map(lowest_bit).min() else { return Some((1.0, 0.0)) };
    let unit = f64::powi(2.0, power);
    if !unit.is_normal() || nonzero().any(|value| value.abs() / unit > LARGEST) {
        return None;
    }
    let divisor = nonzero().fold(0, |divisor, value| gcd(divisor, (value.abs() / unit) as u32));
    let unit = unit * f64::from(divisor);
    let largest = couplings().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    Some((unit, largest / unit))
}

/// The place of the lowest bit set of a finite number that is not 0.
fn lowest_bit(value: f64) -> i32 {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
    match exponent {
        0 => fraction.trailing_zeros() as i32 - 1074,
        _ => (fraction | 1 << 52).trailing_zeros() as i32 + exponent - 1075,
    }
}

fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sparse;

    fn units(field: &[f64], coupling: f64) -> Option<CommonUnit> {
        let n = field.len();
        let couplings = Sparse::from_triplets(n, [(0, 1, coupling)]).unwrap();
        CommonUnit::of(&Ising::new(field.to_vec(), couplings, 0.0).unwrap())
    }

    #[test]
    fn units_are_exact_or_none() {
        let of = |unit, field, coupling| Some(CommonUnit { unit, field, coupling });
        assert_eq!(units(&[0.0, 0.0], 1.0), of(1.0, 1.0, 1.0));
        assert_eq!(units(&[6.0, 9.0], -12.0), of(3.0, 7.0, 4.0));
        assert_eq!(units(&[0.25, 1.0], 0.5), of(0.25, 6.0, 2.0));
        assert_eq!(units(&[0.1, 1.0], 0.5), None);
        assert_eq!(units(&[0.0; 2], 0.0), of(1.0, 0.0, 0.0));
        assert_eq!(units(&[f64::MIN_POSITIVE / 4.0, 0.0], 1.0), None);
        assert_eq!(units(&[1.0, 0.0], 1e12), None);
    }
}
