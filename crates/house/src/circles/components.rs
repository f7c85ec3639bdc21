//! Strongly connected files, and the least that would part them.

use std::collections::BTreeSet;

use super::uses::Arrow;

/// Cuts of more arrows or names than this are not sought: all choices are tried.
const LARGEST_CUT: usize = 4;

/// Choices tried at most for one size of cut.
const MOST_CHOICES: usize = 400_000;

/// The sets of at least two of `count` files that use each other, each sorted.
pub(super) fn components(count: usize, arrows: &[&Arrow]) -> Vec<Vec<usize>> {
    let reach = reach(count, arrows.iter().map(|arrow| (arrow.from, arrow.to)));
    let mut done = vec![false; count];
    let mut found = Vec::new();
    for file in 0..count {
        if done[file] || !reach[file][file] {
            continue;
        }
        let circle: Vec<usize> =
            (0..count).filter(|&other| reach[file][other] && reach[other][file]).collect();
        for &member in &circle {
            done[member] = true;
        }
        found.push(circle);
    }
    found
}

/// Which file leads to which, over one arrow or more.
fn reach(count: usize, arrows: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; count]; count];
    for (from, to) in arrows {
        reach[from][to] = true;
    }
    for through in 0..count {
        for from in 0..count {
            if reach[from][through] {
                for to in 0..count {
                    reach[from][to] |= reach[through][to];
                }
            }
        }
    }
    reach
}

/// Whether no file leads back to itself.
fn is_open(count: usize, arrows: &[(usize, usize)]) -> bool {
    let mut left: Vec<(usize, usize)> = arrows.to_vec();
    let mut uses = vec![0_usize; count];
    loop {
        uses.fill(0);
        for &(from, _) in &left {
            uses[from] += 1;
        }
        let before = left.len();
        left.retain(|&(_, to)| uses[to] > 0);
        if left.len() == before {
            return left.is_empty();
        }
    }
}

/// The least set of pairs of files to part, by number, then by names; as places in the list of pairs.
pub(super) fn least_arrows(count: usize, arrows: &[&Arrow]) -> Vec<usize> {
    let mut pairs: Vec<((usize, usize), usize)> = Vec::new();
    for arrow in arrows {
        match pairs.last_mut() {
            Some((pair, names)) if *pair == (arrow.from, arrow.to) => *names += 1,
            _ => pairs.push(((arrow.from, arrow.to), 1)),
        }
    }
    least(pairs.len(), |chosen| {
        let left: Vec<(usize, usize)> =
            (0..pairs.len()).filter(|at| !chosen.contains(at)).map(|at| pairs[at].0).collect();
        is_open(count, &left).then(|| chosen.iter().map(|&at| pairs[at].1).sum())
    })
}

/// The least set of definitions that tie a circle, as file and name.
pub(super) fn least_names(count: usize, arrows: &[&Arrow]) -> Vec<(usize, String)> {
    let names: BTreeSet<(usize, &str)> =
        arrows.iter().map(|arrow| (arrow.to, arrow.name.as_str())).collect();
    let names: Vec<(usize, &str)> = names.into_iter().collect();
    let place = |arrow: &Arrow| names.iter().position(|name| *name == (arrow.to, &arrow.name));
    let places: Vec<Option<usize>> = arrows.iter().map(|arrow| place(arrow)).collect();
    let chosen = least(names.len(), |chosen| {
        let left: Vec<(usize, usize)> = arrows
            .iter()
            .zip(&places)
            .filter(|(_, place)| !place.is_some_and(|place| chosen.contains(&place)))
            .map(|(arrow, _)| (arrow.from, arrow.to))
            .collect();
        is_open(count, &left).then_some(chosen.len())
    });
    chosen.into_iter().map(|at| (names[at].0, names[at].1.to_string())).collect()
}

/// The first size of choices from `0..count` that has a cost, and there the cheapest.
fn least(count: usize, cost: impl Fn(&[usize]) -> Option<usize>) -> Vec<usize> {
    for size in 1..=LARGEST_CUT.min(count) {
        let mut chosen: Vec<usize> = (0..size).collect();
        let mut best: Option<(usize, Vec<usize>)> = None;
        for _ in 0..MOST_CHOICES {
            if let Some(cost) = cost(&chosen)
                && best.as_ref().is_none_or(|(least, _)| cost < *least)
            {
                best = Some((cost, chosen.clone()));
            }
            if !next_choice(&mut chosen, count) {
                break;
            }
        }
        if let Some((_, chosen)) = best {
            return chosen;
        }
    }
    Vec::new()
}

/// The next choice in lexicographic order; `false` after the last.
fn next_choice(chosen: &mut [usize], count: usize) -> bool {
    let size = chosen.len();
    for at in (0..size).rev() {
        if chosen[at] < count - size + at {
            chosen[at] += 1;
            for later in at + 1..size {
                chosen[later] = chosen[later - 1] + 1;
            }
            return true;
        }
    }
    false
}
