//! What people read of a run: sentences and aligned lines.

use spinroute::Load;
use spinroute::lab::Sizes;
use spinroute::lab::text::{grouped, percent, share};

/// Two lines for people about the load.
pub(crate) fn load_lines(load: &Load, experts: usize) -> [(&'static str, String); 2] {
    let balance = format!(
        "max {}, mean {:.1}, CV {:.3}, balance {:.3}, MaxVio {:.3}",
        grouped(u64::from(load.max)),
        load.mean,
        load.cv,
        load.balance,
        load.max_vio
    );
    let counts = format!(
        "{} of {experts} experts idle, {} slots over capacity, {} empty",
        load.dead,
        grouped(load.overflow),
        grouped(load.dropped)
    );
    [("load", balance), ("", counts)]
}

/// Aligned `name  value` lines.
pub(crate) fn lines(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let rows = rows.iter().map(|(name, value)| format!("{name:<width$}  {value}\n"));
    rows.collect::<Vec<_>>().concat()
}

/// The gap of an answer in a sentence.
pub(crate) fn gap(gap: f64) -> String {
    if gap.is_finite() { format!("{} at most, proven", percent(gap)) } else { percent(gap) }
}

/// The retained score in a sentence.
pub(crate) fn retained(retained: f64) -> String {
    if retained.is_finite() {
        format!("{} of top-k without capacities", share(retained))
    } else {
        "undefined: top-k without capacities scores 0".into()
    }
}

/// The problem in one line.
pub(crate) fn problem(sizes: &Sizes) -> String {
    let &Sizes { tokens, experts, top_k, capacity: ref each, demand } = sizes;
    let (tokens, experts) = (grouped(tokens as u64), grouped(experts as u64));
    let demand = demand.replace('-', " ");
    format!(
        "{tokens} tokens × {experts} experts, {demand} {top_k} a token, capacity {}",
        capacity(each)
    )
}

/// 1 thread, 2 threads.
pub(crate) fn threads(n: usize) -> String {
    format!("{n} thread{}", if n == 1 { "" } else { "s" })
}

/// Every capacity in a few words.
fn capacity(capacity: &[u32]) -> String {
    let (min, max) = capacity.iter().fold((u32::MAX, 0), |(a, b), &c| (a.min(c), b.max(c)));
    if min == max {
        grouped(u64::from(max))
    } else {
        format!("{} to {}", grouped(u64::from(min)), grouped(u64::from(max)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_are_one_number_or_a_range() {
        assert_eq!(capacity(&[3, 3]), "3");
        assert_eq!(capacity(&[0, 1234]), "0 to 1,234");
    }
}
