//! Products of three or more bits, replaced by quadratic terms with auxiliary bits.
//!
//! *Negative-term* (Freedman and Drineas, *Energy minimization via graph cuts*, 2005): for `a < 0`,
//! `a Π x_i = min_y a y (Σ x_i − d + 1)`, one bit a product and no strength. *Rosenberg* (1975): a
//! bit `y` takes the place of a pair, `y = x_i x_j`, in every product that holds it, with the
//! penalty `M (x_i x_j − 2 x_i y − 2 x_j y + 3 y)`, which is 0 where that is so and at least `M`
//! elsewhere.
//!
//! **Strength.** `M_y` is the sum of `|a|` over the products in which `y` took a pair's place,
//! times `1 + 2⁻¹⁰`. That preserves the minimum: let `W` be the bits `y` that differ from their
//! pair's product, and put all right. A product that changes its value has some `y ∈ W` in the
//! chain of pairs that it was reduced through, so all products together gain at most
//! `Σ_{y ∈ W} Σ_{products through y} |a| < Σ_{y ∈ W} M_y`, no more than what the penalties fall by.
//!
//! The pair that the most products hold is replaced first, the smallest on ties. O(products ·
//! degree²) a pair.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::function::Function;

/// How products of three or more variables are made quadratic.
///
/// ```
/// use spinroute_modelling::{Model, Options, Reduction, Substitution};
///
/// let mut model = Model::new();
/// let x = model.binary_array("x", [3]);
/// model.minimise(x[0] * x[1] * x[2] * -2);
/// let reduction = Reduction { method: Substitution::Rosenberg, strength: Some(9.0) };
/// let compiled = model.compile(&Options::default().reduction(reduction))?;
/// assert_eq!(compiled.decoding().auxiliary_bits(), 1);
/// assert_eq!(compiled.decoding().reduction_strength(), 9.0);
/// # Ok::<(), spinroute_modelling::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reduction {
    /// Which substitution.
    pub method: Substitution,
    /// The strength `M` of Rosenberg's penalties, finite and not negative; `None` for the
    /// smallest that is proven here to preserve the minimum.
    pub strength: Option<f64>,
}

/// A way to replace a product by quadratic terms.
///
/// ```
/// use spinroute_modelling::{Reduction, Substitution};
/// assert_eq!(Reduction::default().method, Substitution::NegativeTerm);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Substitution {
    /// Freedman and Drineas for negative products, Rosenberg for positive ones.
    #[default]
    NegativeTerm,
    /// Rosenberg for all.
    Rosenberg,
}

/// What reduction did, and needs to be undone in no way: auxiliary bits are left out on decoding.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reduced {
    /// Number of auxiliary bits.
    pub(crate) bits: usize,
    /// Largest strength used; 0 without Rosenberg's penalties.
    pub(crate) strength: f64,
}

/// Replaces all products of three or more bits; auxiliary bits are numbered from `first` on.
pub(crate) fn reduce(function: &mut Function, reduction: &Reduction, first: usize) -> Reduced {
    let mut merged = BTreeMap::<Vec<u32>, f64>::new();
    for (bits, c) in std::mem::take(&mut function.higher) {
        *merged.entry(bits).or_default() += c;
    }
    let mut next = first as u32;
    let mut open = Vec::new();
    for (bits, c) in merged.into_iter().filter(|term| term.1 != 0.0) {
        if c < 0.0 && reduction.method == Substitution::NegativeTerm {
            function.linear.push((next, -c * (bits.len() as f64 - 1.0)));
            function.pairs.extend(bits.iter().map(|&bit| (bit, next, c)));
            next += 1;
        } else {
            open.push((bits, c));
        }
    }
    let strength = rosenberg(function, open, reduction.strength, &mut next);
    Reduced { bits: next as usize - first, strength }
}

fn rosenberg(
    function: &mut Function,
    mut open: Vec<(Vec<u32>, f64)>,
    fixed: Option<f64>,
    next: &mut u32,
) -> f64 {
    let mut largest = 0.0_f64;
    while let Some((i, j)) = most_frequent_pair(&open) {
        let y = *next;
        *next += 1;
        let mut through = 0.0;
        for (bits, c) in &mut open {
            if bits.binary_search(&i).is_ok() && bits.binary_search(&j).is_ok() {
                bits.retain(|&bit| bit != i && bit != j);
                bits.push(y);
                through += c.abs();
            }
        }
        let strength = fixed.unwrap_or(through * (1.0 + 2.0_f64.powi(-10)));
        largest = largest.max(strength);
        function.pairs.extend([(i, j, strength), (i, y, -2.0 * strength), (j, y, -2.0 * strength)]);
        function.linear.push((y, 3.0 * strength));
        open.retain(|(bits, c)| {
            if let [u, v] = bits[..] {
                function.pairs.push((u, v, *c));
            }
            bits.len() > 2
        });
    }
    largest
}

/// The pair in the most products, the smallest on ties.
fn most_frequent_pair(open: &[(Vec<u32>, f64)]) -> Option<(u32, u32)> {
    let mut counts = BTreeMap::<(u32, u32), usize>::new();
    for (bits, _) in open {
        for (k, &i) in bits.iter().enumerate() {
            for &j in &bits[k + 1..] {
                *counts.entry((i, j)).or_default() += 1;
            }
        }
    }
    counts
        .into_iter()
        .max_by_key(|&(pair, count)| (count, std::cmp::Reverse(pair)))
        .map(|(pair, _)| pair)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(word: usize, bits: usize) -> Vec<i8> {
        (0..bits).map(|b| (word >> b & 1) as i8).collect()
    }

    proptest! {
        /// For every state of the bits, the best auxiliary bits give the polynomial's own value
        /// (negative-term), and no auxiliary bits give less (both).
        #[test]
        fn every_value_is_kept(
            terms in prop::collection::vec((1_usize..64, -5_i32..=5), 1..6),
            rosenberg: bool,
        ) {
            let mut f = Function::default();
            for &(word, c) in &terms {
                let bits = (0..6).filter(|b| word >> b & 1 == 1).collect();
                f.add_product(bits, f64::from(c));
            }
            let method = if rosenberg { Substitution::Rosenberg } else { Substitution::NegativeTerm };
            let mut quadratic = f.clone();
            let reduced = reduce(&mut quadratic, &Reduction { method, strength: None }, 6);
            prop_assume!(reduced.bits <= 9);
            prop_assert!(quadratic.higher.is_empty());
            let mut minima = (f64::INFINITY, f64::INFINITY);
            for word in 0..64 {
                let best = (0..1_usize << reduced.bits)
                    .map(|auxiliary| quadratic.value(&state(word | auxiliary << 6, 6 + reduced.bits)))
                    .fold(f64::INFINITY, f64::min);
                let want = f.value(&state(word, 6));
                prop_assert!((best - want).abs() < 1e-9, "{best} for {want}");
                minima = (minima.0.min(best), minima.1.min(want));
            }
            prop_assert!((minima.0 - minima.1).abs() < 1e-9);
        }
    }

    /// Half the strength is not enough: the test above can fail.
    #[test]
    fn a_small_strength_loses_the_minimum() {
        let mut f = Function::default();
        f.add_product(vec![0, 1, 2], -9.0);
        f.linear = vec![(0, 3.0), (1, 3.0), (2, 3.0)];
        let reduction = Reduction { method: Substitution::Rosenberg, strength: Some(2.0) };
        let reduced = reduce(&mut f, &reduction, 3);
        let bits = 3 + reduced.bits;
        let least =
            (0..1 << bits).map(|word| f.value(&state(word, bits))).fold(f64::INFINITY, f64::min);
        assert!(least < 0.0);
    }
}
