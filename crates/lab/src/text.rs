//! Numbers for people.
//!
//! ```
//! use spinroute_lab::text;
//!
//! assert_eq!(text::grouped(1_234_567), "1,234,567");
//! assert_eq!(text::percent(0.0123), "1.23 %");
//! ```

use std::time::Duration;

/// 1234567 as 1,234,567.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let mut out = digits[..first].to_owned();
    for group in digits.as_bytes()[first..].chunks(3) {
        out.push(',');
        out.extend(group.iter().map(|&digit| char::from(digit)));
    }
    out
}

/// A relative gap as a percentage, with as many digits as say something.
#[must_use]
pub fn percent(gap: f64) -> String {
    match gap * 100.0 {
        0.0 => "0 %".into(),
        p if !p.is_finite() => "unbounded".into(),
        p if p < 1e-3 => format!("{p:.0e} %"),
        p if p < 1.0 => format!("{p:.3} %"),
        p if p >= 1e6 => format!("{p:.0e} %"),
        p => format!("{p:.2} %"),
    }
}

/// A share of the objective of top-k without capacities; a dash where that is 0.
#[must_use]
pub fn share(retained: f64) -> String {
    if retained.is_finite() { format!("{:.2} %", retained * 1e2) } else { "–".into() }
}

/// An objective or a bound with so many decimals, or as a power of ten where those would show
/// nothing or go on and on. Whole numbers are shown as they are: all up to 2⁵³ are below 1e16, and
/// beyond it every digit is given that tells one `f64` from the next.
#[must_use]
pub fn number(x: f64, decimals: usize) -> String {
    match x.abs() {
        0.0 | 1e-2..1e16 => format!("{x:.decimals$}"),
        1e16.. => format!("{x:e}"),
        _ => format!("{x:.decimals$e}"),
    }
}

/// A time with three digits.
#[must_use]
pub fn time(wall: Duration) -> String {
    let seconds = wall.as_secs_f64();
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

/// Tokens a second, in thousands or millions.
#[must_use]
pub fn rate(tokens_per_second: f64) -> String {
    match tokens_per_second {
        r if r >= 1e6 => format!("{:.1} M", r / 1e6),
        r if r >= 1e3 => format!("{:.0} k", r / 1e3),
        r => format!("{r:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        let all = [0, 7, 999, 1_000, 12_345, 123_456, 1_234_567].map(grouped).join(" ");
        assert_eq!(all, "0 7 999 1,000 12,345 123,456 1,234,567");
        assert_eq!(
            [0.0, 2e-10, 4.2e-4, 0.0123, f64::INFINITY].map(percent).join("|"),
            "0 %|2e-8 %|0.042 %|1.23 %|unbounded"
        );
        assert_eq!([1e4, 1e200].map(percent).join("|"), "1e6 %|1e202 %");
        let numbers = [0.0, -380.308_833_4, 1e-12, -4.25e38].map(|x| number(x, 3));
        assert_eq!(numbers.join("|"), "0.000|-380.309|1.000e-12|-4.25e38");
        let whole = [33_554_433.0, 1e15 + 1.0, -9_007_199_254_740_991.0, 123_456_789_012_345_680.0];
        let exact = "33554433.0|1000000000000001.0|-9007199254740991.0|1.2345678901234568e17";
        assert_eq!(whole.map(|x| number(x, 1)).join("|"), exact);
        assert_eq!([0.5, f64::NEG_INFINITY].map(share).join("|"), "50.00 %|–");
        let times = [0.000_012_3, 0.012_34, 0.123_4, 2.5].map(|s| time(Duration::from_secs_f64(s)));
        assert_eq!(times.join("|"), "12.3 µs|12.3 ms|123 ms|2.50 s");
        assert_eq!([3.2e6, 45_600.0, 12.0].map(rate).join("|"), "3.2 M|46 k|12");
    }
}
