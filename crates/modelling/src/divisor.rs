//! The grid on which a linear form of bits takes its values.
//!
//! `Σ a_i x_i` with bits `x` takes values on `δ ℤ`, where `δ` is the largest number that divides
//! every `a_i`. What a constraint is short of, is then at least `δ`: the penalty's weight and the
//! slack's unit come from it. Whole coefficients have an exact greatest common divisor. Others
//! (`0.1`, `0.25`, `1/3`) go through Euclid's algorithm with remainders below `10⁻⁹` of the largest
//! taken for 0, and the result counts only if every coefficient is a multiple of it to that
//! precision and it is not itself lost in it: `π` and `e` have no step.

/// Remainders below this share of the largest coefficient are rounding.
const TOLERANCE: f64 = 1e-9;
/// A step below this share of the largest coefficient is an accident of rounding.
const SMALLEST: f64 = 1e-6;

/// The largest `δ` of which every value is a multiple; `None` if there is none, or no value.
pub(crate) fn common_divisor(values: &[f64]) -> Option<f64> {
    let largest = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return None;
    }
    if values.iter().all(|v| v.abs() == largest) {
        return Some(largest);
    }
    if largest <= 2.0_f64.powi(53) && values.iter().all(|v| v.fract() == 0.0) {
        let divisor = values.iter().fold(0, |divisor, v| whole_divisor(divisor, v.abs() as u64));
        return Some(divisor as f64);
    }
    let mut step = 0.0;
    for v in values.iter().map(|v| v.abs()).filter(|&v| v > 0.0) {
        step = real_divisor(step, v, TOLERANCE * largest);
        if step < SMALLEST * largest {
            return None;
        }
    }
    let step = largest / (largest / step).round();
    values.iter().all(|v| is_multiple(*v, step)).then_some(step)
}

fn whole_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
        if a == 1 {
            return 1;
        }
    }
    a
}

/// Euclid's algorithm with the remainder nearest to zero.
fn real_divisor(mut a: f64, mut b: f64, zero: f64) -> f64 {
    while b > zero {
        (a, b) = (b, (a - b * (a / b).round()).abs());
    }
    a
}

/// Whether `value` is a multiple of `step`, up to rounding.
pub(crate) fn is_multiple(value: f64, step: f64) -> bool {
    let ratio = value / step;
    (ratio - ratio.round()).abs() <= TOLERANCE * ratio.abs().max(1.0)
}

/// The smallest whole number that is not below `value / step`, rounding aside.
pub(crate) fn multiples_above(value: f64, step: f64) -> f64 {
    let ratio = value / step;
    if is_multiple(value, step) { ratio.round() } else { ratio.ceil() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        assert_eq!(common_divisor(&[4.0, -6.0, 10.0]), Some(2.0));
        assert_eq!(common_divisor(&[3.0, 5.0]), Some(1.0));
        assert_eq!(common_divisor(&[]), None);
        assert_eq!(common_divisor(&[0.0]), None);
        let near = |values: &[f64], want: f64| {
            let got = common_divisor(values).expect("a step");
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        };
        near(&[0.1, 0.25], 0.05);
        near(&[0.1, 0.2, 0.3], 0.1);
        near(&[1.0 / 3.0, 1.0], 1.0 / 3.0);
        near(&[0.75], 0.75);
        near(&[1e-3, 2e-3, 1.7e-3], 1e-4);
        assert_eq!(common_divisor(&[std::f64::consts::PI, std::f64::consts::E]), None);
        assert_eq!(common_divisor(&[1.0, std::f64::consts::SQRT_2]), None);
        assert_eq!(common_divisor(&[1.0, 1e-8 + 0.5]), None);
        assert_eq!(common_divisor(&[f64::INFINITY, 1.5]), None);
    }

    #[test]
    fn multiples() {
        assert_eq!(multiples_above(0.3, 0.1), 3.0);
        assert_eq!(multiples_above(0.31, 0.1), 4.0);
        assert_eq!(multiples_above(-2.5, 1.0), -2.0);
        assert!(is_multiple(0.1 + 0.2, 0.1) && !is_multiple(0.35, 0.1));
    }
}
