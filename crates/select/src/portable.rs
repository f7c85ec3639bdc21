//! The pass in plain Rust: the definition that the vector paths are tested against.

/// Selects from each row; see [`crate::Selection::fill`].
pub(crate) fn select(
    rows: &[f32],
    prices: &[f32],
    k: usize,
    ids: &mut [u32],
    taken: &mut [f32],
    left: &mut [f32],
    next: &mut [u32],
) {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(k + 2);
    for (t, row) in rows.chunks_exact(prices.len()).enumerate() {
        best.clear();
        for (e, (&s, &p)) in (0..).zip(row.iter().zip(prices)) {
            let reduced = s - p;
            if best.len() > k && reduced <= best[k].0 {
                continue;
            }
            let place = best.partition_point(|&(other, _)| other >= reduced);
            best.insert(place, (reduced, e));
            best.truncate(k + 1);
        }
        for (id, &(_, e)) in ids[t * k..][..k].iter_mut().zip(&best) {
            *id = e;
        }
        taken[t] = best[k - 1].0;
        (left[t], next[t]) = best.get(k).copied().unwrap_or((f32::NEG_INFINITY, u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use crate::Selection;

    #[test]
    fn best_first_and_ties_to_the_lower_expert() {
        let mut selection = Selection::default();
        selection.fill(&[1.0, 3.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 0.0], 2);
        assert_eq!(selection.experts, [1, 2, 0, 1]);
        assert_eq!((selection.taken[0], selection.left[0], selection.next[0]), (3.0, 2.0, 3));
        assert_eq!((selection.taken[1], selection.left[1], selection.next[1]), (0.0, 0.0, 2));
    }

    #[test]
    fn nothing_is_left_when_all_are_taken() {
        let mut selection = Selection::default();
        selection.fill(&[1.0, f32::NEG_INFINITY], &[0.5, 0.5], 2);
        assert_eq!((selection.taken[0], selection.left[0]), (f32::NEG_INFINITY, f32::NEG_INFINITY));
        assert_eq!(selection.next, [u32::MAX]);
    }
}
