//! Unequal capacities of a given sum.

/// Shares `total` slots among experts round by round, `weights[e]` at a time and never more than
/// `tokens` to one (more could not be used). Experts of weight 0 get what the others cannot hold.
pub(crate) fn share_out(weights: &[u32], tokens: usize, total: usize) -> Vec<u32> {
    let mut capacity = vec![0; weights.len()];
    let mut left = total.min(tokens * weights.len());
    let mut weights = weights.to_vec();
    while left > 0 {
        let before = left;
        for (capacity, &weight) in capacity.iter_mut().zip(&weights) {
            let share = (weight as usize).min(left).min(tokens - *capacity as usize);
            *capacity += share as u32;
            left -= share;
        }
        if left == before {
            weights.fill(1);
        }
    }
    capacity
}

#[cfg(test)]
mod tests {
    use super::share_out;

    #[test]
    fn shares_by_weight_up_to_the_tokens_then_spills() {
        assert_eq!(share_out(&[2, 0, 1], 10, 6), [4, 0, 2]);
        assert_eq!(share_out(&[2, 0, 1], 3, 7), [3, 1, 3]);
        assert_eq!(share_out(&[0, 0], 3, 99), [3, 3]);
    }
}
