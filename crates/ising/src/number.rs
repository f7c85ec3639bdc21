//! Numbers in text.

use std::fmt;

/// A number as files have it: the shortest text that reads back as the same bits, with an exponent
/// only where there would be many zeros.
///
/// ```
/// use spinroute_ising::Number;
///
/// assert_eq!(Number(0.1).to_string(), "0.1");
/// assert_eq!(Number(1e300).to_string(), "1e300");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(x) = *self;
        if x == 0.0 || (1e-5..1e16).contains(&x.abs()) {
            write!(f, "{x}")
        } else {
            write!(f, "{x:e}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back_as_they_were(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite());
            let text = Number(x).to_string();
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
            prop_assert!(text.len() < 26, "{}", text);
        }
    }
}
