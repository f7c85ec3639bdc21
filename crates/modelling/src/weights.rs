//! Penalty weights that provably make every minimum feasible.
//!
//! The energy is `f + Σ_c w_c P_c` with `P_c = 0` where constraint `c` holds (for some slack) and
//! `P_c ≥ δ_c²` where it does not; `f` is the objective over the bits, to be minimised, with what
//! has no penalty (unbalanced terms, multipliers) in it. If a point satisfies every constraint, a
//! state that breaks `c` is no minimum as soon as one of the following holds.
//!
//! **Bound**: `w_c δ_c² > R`, the sum of `|a|` over the terms `a Π x` of `f`. No two states differ by
//! more than `R` in `f`, so any feasible point is below.
//!
//! **Touch**: `w_c δ_c² > R_K`, the same sum over the terms that touch `K`, the bits that share
//! constraints with those of `c`, directly or through others. Replacing the bits of `K` alone by a
//! feasible point's satisfies `c`, breaks nothing, and moves `f` by at most `R_K ≤ R`.
//!
//! **Dual**: `w_c δ_c² − |λ_c| δ_c > U − B(λ)` and `w_d δ_d ≥ |λ_d|` for every other `d`. For rows
//! `g_d = 0` or `g_d ≤ 0` and any multipliers `λ` (not negative for `≤`),
//! `B(λ) ≤ min f + Σ λ_d g_d` bounds what a state can gain: its energy is at least
//! `B − Σ λ_d g_d + Σ w_d g_d² ≥ B + w_c δ_c² − |λ_c| δ_c`, above the objective `U` of a feasible
//! point. The argument is made for each independent part of the problem (bits that share terms or
//! constraints) with a gap `U − B` of its own. `λ = 0` gives the Bound; good multipliers and a good
//! feasible point give weights near `|λ_c| / δ_c`, the shadow price, where integrality costs little.
//! `B` is linear programming duality with negative products split evenly among their bits; `λ`
//! comes from a subgradient method with Polyak's step, the feasible point from a repair of its
//! minimisers. Both are only searched for; what they prove does not depend on how good they are.
//!
//! Every argument needs only its own weight (and `|λ_d| ≤ w_d δ_d`, which bounds the search), so
//! each constraint takes the least of the three: [`Penalty::Tight`]. All inequalities are strict: by
//! a relative margin of 2⁻¹⁰, and the last by 2⁻²⁰ of `R_K` besides, so that rounding decides nothing
//! where multipliers and gap are 0.
//!
//! Measured on the assignment of 512 tokens to 32 experts, k = 4 (`qubo_build` in the benchmarks):
//! Bound 8,193, Tight 4.0, and 0.87, the largest shadow price, with the optimum as the known point.
//!
//! Tried and not kept: the largest gain of one flip (MOMC; Ayodele, *Penalty weights in QUBO
//! formulations*, 2022). It proves nothing where constraints overlap: mending one row breaks
//! another.

use crate::Error;
use crate::constraint::Penalty;
use crate::dual::{Component, Dual};
use crate::function::Function;
use crate::lower::Item;
use crate::sets::Sets;

/// Strictness of the inequalities.
pub(crate) const MARGIN: f64 = 1.0 / 1024.0;

/// The least weight, as a share of the Touch weight.
const FLOOR: f64 = 1.0 / (1 << 20) as f64;

/// Sums of `|a|` over the terms of an objective.
struct Ranges {
    all: f64,
    /// Of the terms that touch the group of constraints of that number.
    touch: Vec<f64>,
}

/// The weight of every item. `bits` counts the bits of the model's variables, `hint` is a state of
/// them that may be feasible.
pub(crate) fn weights(
    objective: &Function,
    items: &[Item],
    default: Penalty,
    parameters: &[f64],
    bits: usize,
    hint: Option<&[i8]>,
    name: &dyn Fn(&Item) -> String,
) -> Result<Vec<f64>, Error> {
    let policy = |item: &Item| item.penalty.unwrap_or(default);
    let derived = |item: &Item| matches!(policy(item), Penalty::Bound | Penalty::Tight);
    let mut weights = Vec::with_capacity(items.len());
    for item in items {
        weights.push(match policy(item) {
            Penalty::Fixed(weight) => weight,
            Penalty::Parameter(parameter) => match parameters.get(parameter.0 as usize) {
                Some(&weight) => weight,
                None => return Err(Error::Undeclared { name: format!("#{}", parameter.0) }),
            },
            _ if item.step.is_none() => {
                return Err(Error::NoStep { constraint: name(item), what: "a derived penalty" });
            }
            _ => f64::NAN,
        });
    }
    if items.iter().any(derived) {
        derive(objective, items, &policy, bits, hint, &mut weights);
    }
    for (item, &weight) in items.iter().zip(&weights) {
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(Error::Weight { constraint: name(item), weight });
        }
    }
    Ok(weights)
}

/// Puts the derived weights in the place of NaN.
fn derive(
    objective: &Function,
    items: &[Item],
    policy: &dyn Fn(&Item) -> Penalty,
    bits: usize,
    hint: Option<&[i8]>,
    weights: &mut [f64],
) {
    let objective = simplified(objective);
    let mut sets = Sets::new(bits);
    for item in items {
        sets.join(&item.members);
    }
    let ranges = ranges(&objective, items, &mut sets);
    let all = Penalty::bound_weight(ranges.all);
    let tight: Vec<bool> = items
        .iter()
        .zip(weights.iter())
        .map(|(item, weight)| weight.is_nan() && matches!(policy(item), Penalty::Tight))
        .collect();
    for ((item, weight), &tight) in items.iter().zip(weights.iter_mut()).zip(&tight) {
        let (true, Some(step)) = (weight.is_nan(), item.step) else { continue };
        let root = item.members.first().map(|&bit| sets.find(bit));
        let touch = root.map_or(all, |root| weight_of(ranges.touch[root as usize], all));
        *weight = if tight { touch.min(all) } else { all } / (step * step);
    }
    if !tight.contains(&true) {
        return;
    }
    let dual = Dual::new(&objective, items, weights, bits);
    for (component, multipliers) in dual.solve(hint) {
        let Component { gap, .. } = component;
        for (item, multiplier) in multipliers {
            let Some(step) = items[item].step.filter(|_| tight[item]) else { continue };
            let touch = weights[item];
            let need = (gap + multiplier.abs() * step) * (1.0 + MARGIN) / (step * step);
            weights[item] = touch.min(need + FLOOR * touch);
        }
    }
}

impl Penalty {
    /// The weight that [`Penalty::Bound`] is, for a constraint whose smallest violation is 1 and an objective
    /// whose values are at most `range` apart: for who writes a penalty without the language.
    ///
    /// ```
    /// use spinroute_modelling::{Model, Options, Penalty, k_hot, sum};
    ///
    /// let mut model = Model::new();
    /// let x = model.binary_array("x", [3]);
    /// model.minimise(sum(&x) * 4);
    /// model.constrain("two", k_hot(&x, 2));
    /// let compiled = model.compile(&Options::default().penalty(Penalty::Bound))?;
    /// assert_eq!(compiled.weight(0), Some(Penalty::bound_weight(12.0)));
    /// # Ok::<(), spinroute_modelling::Error>(())
    /// ```
    #[must_use]
    pub fn bound_weight(range: f64) -> f64 {
        weight_of(range, 1.0)
    }
}

/// `range` with its margin; where there is nothing to gain, any weight above 0 will do.
fn weight_of(range: f64, otherwise: f64) -> f64 {
    if range > 0.0 { range * (1.0 + MARGIN) } else { otherwise.min(1.0) }
}

/// The function with equal terms of degree 1 and 2 summed; squares and higher terms as they are.
fn simplified(function: &Function) -> Function {
    let mut simple = function.clone();
    simple.linear.sort_by_key(|term| term.0);
    simple.linear.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    simple.pairs.sort_by_key(|term| (term.0, term.1));
    simple.pairs.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        if same {
            kept.2 += next.2;
        }
        same
    });
    simple
}

fn ranges(objective: &Function, items: &[Item], sets: &mut Sets) -> Ranges {
    let bits = sets.bits();
    let mut constrained = vec![false; bits];
    for &bit in items.iter().flat_map(|item| &item.members) {
        constrained[bit as usize] = true;
    }
    let (mut all, mut touch) = (0.0, vec![0.0; bits]);
    let mut roots = Vec::new();
    objective.visit_ranges(&mut |bits, range| {
        all += range;
        roots.clear();
        let touched = bits.iter().filter(|&&bit| constrained[bit as usize]);
        roots.extend(touched.map(|&bit| sets.find(bit)));
        roots.sort_unstable();
        roots.dedup();
        for &root in &roots {
            touch[root as usize] += range;
        }
    });
    Ranges { all, touch }
}
