//! How evenly an assignment loads the experts, in the field's measures, defined once.

use crate::{Assignment, Instance};

/// The load of every expert and what it says about balance.
///
/// With `load[e]` the number of tokens that take expert `e`, mean and standard deviation (of the
/// population) over the experts:
///
/// ```
/// use spinroute_core::Load;
///
/// // Expert 0 holds three tokens of four, but has room for two; expert 1 holds none.
/// let load = Load::of(vec![3, 0], &[2, 2], 4);
/// assert_eq!((load.max, load.dead, load.overflow, load.dropped), (3, 1, 1, 1));
/// assert_eq!((load.mean, load.max_vio), (1.5, 1.0));
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Load {
    /// `load[e]`: tokens that take expert `e`.
    #[serde(skip)]
    pub per_expert: Vec<u32>,
    /// Largest load: what the slowest device works through.
    pub max: u32,
    /// Mean load, `Σ_e load[e] / E`.
    pub mean: f64,
    /// Coefficient of variation, standard deviation / mean; 0 if nothing is assigned.
    pub cv: f64,
    /// Balance score `1 / (1 + CV)`, 1 if all loads are equal.
    pub balance: f64,
    /// `MaxVio = (max − mean) / mean` (Wang et al. 2024, arXiv 2408.15664); 0 if nothing is
    /// assigned.
    pub max_vio: f64,
    /// Experts with no token.
    pub dead: usize,
    /// Active capacity: the share of experts with at least one token.
    pub active: f64,
    /// `Σ_e max(0, load[e] − c[e])`: tokens beyond capacity; in a feasible assignment those that
    /// the overflow allows at a cost.
    pub overflow: u64,
    /// `Σ_t k[t] − Σ_e load[e]`: slots left empty.
    pub dropped: u64,
    /// `Σ_e max(0, l[e] − load[e])`: tokens that minimums lack, 0 if the assignment is feasible.
    #[serde(skip_serializing_if = "is_zero")]
    pub lacking: u64,
    /// How the groups are loaded, a level each, the innermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupLoad>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How the groups of one level are loaded: what the busiest device works through.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Assignment, Demand, Groups, Instance, Load};
///
/// let groups = Groups::consecutive(4, 2)?.capacity(vec![2, 2])?;
/// let zeros = Array2::<f32>::zeros((3, 4));
/// let instance = Instance::builder(zeros).demand(Demand::Exactly(1)).groups(groups).build()?;
/// let load = Load::new(&instance, &Assignment::from_slots(1, vec![0, 1, 1]));
/// let devices = &load.groups[0];
/// assert_eq!((devices.per_group.as_slice(), devices.busiest, devices.max), (&[3, 0][..], 0, 3));
/// assert_eq!((devices.overflow, devices.max_vio), (1, 1.0));
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct GroupLoad {
    /// The groups of this level.
    pub groups: Vec<u32>,
    /// The tokens of each.
    pub per_group: Vec<u32>,
    /// The group with the largest load, of equal ones the first.
    pub busiest: u32,
    /// Its load.
    pub max: u32,
    /// Mean load of the groups.
    pub mean: f64,
    /// Coefficient of variation, as [`Load::cv`].
    pub cv: f64,
    /// `(max − mean) / mean`, as [`Load::max_vio`].
    pub max_vio: f64,
    /// `Σ_g max(0, load[g] − C[g])`.
    pub overflow: u64,
    /// `Σ_g max(0, L[g] − load[g])`.
    pub lacking: u64,
}

impl GroupLoad {
    fn new(instance: &Instance, groups: Vec<u32>, loads: &[u32]) -> Self {
        let per_group: Vec<u32> = groups.iter().map(|&g| loads[g as usize]).collect();
        let limits = |g: u32| instance.limits(instance.experts() + g as usize);
        let capacity: Vec<u32> = groups.iter().map(|&g| limits(g).capacity).collect();
        let lacking = groups.iter().zip(&per_group);
        let lacking = lacking.map(|(&g, load)| u64::from(limits(g).minimum.saturating_sub(*load)));
        let lacking = lacking.sum();
        let all = Load::of(per_group, &capacity, 0);
        let busiest = all.per_expert.iter().position(|&load| load == all.max).unwrap_or(0);
        Self {
            busiest: groups.get(busiest).copied().unwrap_or(0),
            groups,
            max: all.max,
            mean: all.mean,
            cv: all.cv,
            max_vio: all.max_vio,
            overflow: all.overflow,
            lacking,
            per_group: all.per_expert,
        }
    }
}

impl Load {
    /// Measures `assignment` on `instance`. Experts out of range are not counted.
    #[must_use]
    pub fn new(instance: &Instance, assignment: &Assignment) -> Self {
        let mut load = vec![0u32; instance.experts()];
        for &e in assignment.slots() {
            if let Some(load) = load.get_mut(e as usize) {
                *load += 1;
            }
        }
        let minimums = instance.minimums().into_iter().flatten().zip(&load);
        let lacking = minimums.map(|(&l, &load)| u64::from(l.saturating_sub(load))).sum();
        let groups = instance.groups().map_or_else(Vec::new, |groups| {
            let loads = groups.loads(&load);
            let level = |level| GroupLoad::new(instance, level, &loads);
            groups.levels().into_iter().map(level).collect()
        });
        Self { lacking, groups, ..Self::of(load, instance.capacity(), instance.slots()) }
    }

    /// Measures given loads (one per expert) under `capacity`, where `slots` is `Σ k[t]`.
    #[must_use]
    pub fn of(per_expert: Vec<u32>, capacity: &[u32], slots: u64) -> Self {
        let experts = per_expert.len().max(1) as f64;
        let total: u64 = per_expert.iter().map(|&l| u64::from(l)).sum();
        let mean = total as f64 / experts;
        let variance =
            per_expert.iter().map(|&l| (f64::from(l) - mean).powi(2)).sum::<f64>() / experts;
        let relative = |deviation: f64| if total == 0 { 0.0 } else { deviation / mean };
        let (max, cv) = (per_expert.iter().copied().max().unwrap_or(0), relative(variance.sqrt()));
        let dead = per_expert.iter().filter(|&&l| l == 0).count();
        let over = per_expert.iter().zip(capacity).map(|(&l, &c)| u64::from(l.saturating_sub(c)));
        Self {
            mean,
            max,
            cv,
            balance: 1.0 / (1.0 + cv),
            max_vio: relative(f64::from(max) - mean),
            dead,
            active: 1.0 - dead as f64 / experts,
            overflow: over.sum(),
            dropped: slots.saturating_sub(total),
            lacking: 0,
            groups: Vec::new(),
            per_expert,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn measures_by_hand() {
        let load = Load::of(vec![4, 0, 2, 2], &[3, 3, 3, 3], 10);
        assert_eq!((load.mean, load.max, load.dead, load.overflow), (2.0, 4, 1, 1));
        assert_eq!((load.active, load.dropped, load.max_vio), (0.75, 2, 1.0));
        let cv = 2f64.sqrt() / 2.0; // variance (4 + 4 + 0 + 0) / 4
        assert!((load.cv - cv).abs() < 1e-15 && (load.balance - 1.0 / (1.0 + cv)).abs() < 1e-15);
    }

    #[test]
    fn the_field_notes_arithmetic_of_integer_loads() {
        // field.md section 7: 100 tokens, k = 2, E = 128, best loads 72 twos and 56 ones.
        let loads = [vec![2; 72], vec![1; 56]].concat();
        assert!((Load::of(loads, &[2; 128], 200).balance - 0.759).abs() < 5e-4);
    }

    #[test]
    fn nothing_assigned_is_balanced_and_dead() {
        let load = Load::of(vec![0, 0], &[1, 1], 2);
        assert_eq!((load.cv, load.balance, load.max_vio, load.dead), (0.0, 1.0, 0.0, 2));
    }
}
