//! What people read of a run: sentences and aligned lines.

use spinroute::lab::Sizes;
use spinroute::lab::text::{grouped, percent, share};
use spinroute::{Load, Overflow, Reward};

/// Lines for people about the load of experts and groups.
pub(crate) fn load_lines(load: &Load, sizes: &Sizes) -> Vec<(&'static str, String)> {
    let balance = format!(
        "max {}, mean {:.1}, CV {:.3}, balance {:.3}, MaxVio {:.3}",
        grouped(u64::from(load.max)),
        load.mean,
        load.cv,
        load.balance,
        load.max_vio
    );
    let mut counts = format!(
        "{} of {} experts idle{}, {} slots over capacity, {} empty",
        load.dead,
        sizes.experts,
        idle(load),
        grouped(load.overflow),
        grouped(load.dropped)
    );
    if load.lacking > 0 {
        counts += ", ";
        counts += &grouped(load.lacking);
        counts += " below minimums";
    }
    let mut lines = vec![("load", balance), ("", counts)];
    let names = std::iter::once("groups").chain(std::iter::repeat(""));
    lines.extend(names.zip(group_lines(load, sizes)));
    lines
}

/// The first experts with no token.
fn idle(load: &Load) -> String {
    let idle = load.per_expert.iter().zip(0..).filter(|&(&load, _)| load == 0);
    let first: Vec<String> = idle.take(3).map(|(_, e): (_, u32)| e.to_string()).collect();
    let more = if load.dead > 3 { ", …" } else { "" };
    if first.is_empty() { String::new() } else { format!(" ({}{more})", first.join(", ")) }
}

/// A line for each level of groups.
pub(crate) fn group_lines<'a>(
    load: &'a Load,
    sizes: &'a Sizes,
) -> impl Iterator<Item = String> + 'a {
    load.groups.iter().zip(&sizes.groups).map(|(level, sizes)| {
        let at = level.groups.iter().position(|&group| group == level.busiest);
        let capacity = at.and_then(|at| sizes.capacity.get(at).copied().flatten());
        let of = capacity.map_or(String::new(), |c| format!(" of {}", grouped(u64::from(c))));
        format!(
            "{} groups, busiest {} with {}{of}, mean {:.1}, CV {:.3}, MaxVio {:.3}",
            level.groups.len(),
            level.busiest,
            grouped(u64::from(level.max)),
            level.mean,
            level.cv,
            level.max_vio
        )
    })
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
    let (tokens, experts) = (grouped(sizes.tokens as u64), grouped(sizes.experts as u64));
    let (demand, k, each) = (sizes.demand.replace('-', " "), sizes.top_k, &sizes.capacity);
    format!("{tokens} tokens × {experts} experts, {demand} {k} a token, capacity {}", range(each))
}

/// The problem, and what it asks for beyond one k and one capacity an expert, a line each.
pub(crate) fn problem_lines(sizes: &Sizes) -> Vec<(&'static str, String)> {
    let first = ("problem", problem(sizes));
    std::iter::once(first).chain(extras(sizes).into_iter().map(|line| ("", line))).collect()
}

/// What the problem asks for beyond one k and one capacity an expert.
pub(crate) fn extras(sizes: &Sizes) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(slots), Some(masked)) = (sizes.slots, sizes.masked) {
        let (slots, masked) = (grouped(slots), grouped(masked as u64));
        lines.push(format!("{slots} slots, {masked} tokens masked"));
    }
    if !sizes.minimum.is_empty() {
        lines.push(format!("minimum {}", range(&sizes.minimum)));
    }
    for level in &sizes.groups {
        let mut line = format!("{} groups", level.groups.len());
        let capacity: Option<Vec<u32>> = level.capacity.iter().copied().collect();
        if let Some(capacity) = capacity {
            line += ", capacity ";
            line += &range(&capacity);
        }
        if level.minimum.iter().any(|&minimum| minimum > 0) {
            line += ", minimum ";
            line += &range(&level.minimum);
        }
        lines.push(line);
    }
    if let Some(Overflow { cost, up_to }) = sizes.overflow {
        lines.push(format!("overflow of up to {} at {cost} each", grouped(u64::from(up_to))));
    }
    if let Some(Reward { gain, up_to }) = sizes.reward {
        lines.push(format!("reward of {gain} for each of the first {}", grouped(u64::from(up_to))));
    }
    lines
}

/// 1 thread, 2 threads.
pub(crate) fn threads(n: usize) -> String {
    format!("{n} thread{}", if n == 1 { "" } else { "s" })
}

/// Numbers in a few words.
fn range(numbers: &[u32]) -> String {
    let (min, max) = numbers.iter().fold((u32::MAX, 0), |(a, b), &c| (a.min(c), b.max(c)));
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
        assert_eq!(range(&[3, 3]), "3");
        assert_eq!(range(&[0, 1234]), "0 to 1,234");
    }
}
