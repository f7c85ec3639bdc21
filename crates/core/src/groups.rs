//! Groups of experts that nest: devices, nodes, domains.

use crate::share::share;
use crate::{Error, Limits, Overflow};

/// A laminar family over the experts: every expert lies in at most one group, every group in at most one other.
///
/// Groups are numbered from 0, those of the innermost level first; each has a capacity and a minimum for the
/// tokens that its experts hold together (a token that takes two of them counts twice).
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Demand, Groups, Instance};
///
/// // Eight experts on four devices (groups 0 to 3) in two nodes (groups 4 and 5).
/// let groups = Groups::consecutive(8, 4)?.within(vec![0, 0, 1, 1])?;
/// assert_eq!((groups.len(), groups.parent(1), groups.parent(4)), (6, Some(4), None));
/// assert_eq!(groups.levels(), [vec![0, 1, 2, 3], vec![4, 5]]);
/// let groups = groups.capacity(vec![6, 6, 6, 6, 9, 9])?.minimum(vec![0, 0, 0, 0, 4, 4])?;
/// let instance = Instance::builder(Array2::zeros((16, 8)))
///     .demand(Demand::Exactly(1))
///     .groups(groups)
///     .build()?;
/// assert_eq!(instance.limits(8 + 4).minimum, 4); // nodes follow the experts
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The innermost group of each expert, or [`Groups::NONE`].
    of_expert: Vec<u32>,
    /// The group around each group, or [`Groups::NONE`].
    of_group: Vec<u32>,
    /// How many groups were there before the outermost level was put around them.
    outermost: usize,
    capacity: Vec<u32>,
    minimum: Vec<u32>,
    overflow: Overflow,
}

impl Groups {
    /// Stands for no group.
    pub const NONE: u32 = u32::MAX;

    /// One level: the group of each expert, or [`Groups::NONE`]; without limits.
    ///
    /// # Errors
    /// [`Error::Group`] if a group below the highest number has no expert: it would be a typing error.
    pub fn of(experts: Vec<u32>) -> Result<Self, Error> {
        let count = members(&experts, "expert")?;
        Ok(Self {
            of_expert: experts,
            of_group: vec![Self::NONE; count],
            outermost: 0,
            capacity: vec![u32::MAX; count],
            minimum: vec![0; count],
            overflow: Overflow::default(),
        })
    }

    /// One level of equal groups of consecutive experts.
    ///
    /// # Errors
    /// [`Error::Group`] if they do not divide the experts.
    pub fn consecutive(experts: usize, groups: usize) -> Result<Self, Error> {
        if groups == 0 || !experts.is_multiple_of(groups) {
            let problem = format!("{experts} experts do not divide into {groups} equal groups");
            return Err(Error::Group { group: 0, problem });
        }
        let size = experts / groups;
        Self::of((0..experts).map(|e| (e / size) as u32).collect())
    }

    /// A level around the outermost one: for each of its groups the number of the group around it, counted from
    /// 0, or [`Groups::NONE`]. The new groups are numbered after the others.
    ///
    /// # Errors
    /// [`Error::Group`] if there is not one number for each outermost group, or a new group is empty.
    pub fn within(mut self, around: Vec<u32>) -> Result<Self, Error> {
        let (inner, outermost) = (self.len(), self.len() - self.outermost);
        if around.len() != outermost {
            let problem = format!(
                "{} numbers for the {outermost} groups of the outermost level; give one each",
                around.len()
            );
            return Err(Error::Group { group: self.outermost, problem });
        }
        let count = members(&around, "group")?;
        for (parent, around) in self.of_group[self.outermost..].iter_mut().zip(around) {
            *parent = if around == Self::NONE { around } else { inner as u32 + around };
        }
        self.of_group.resize(inner + count, Self::NONE);
        self.capacity.resize(inner + count, u32::MAX);
        self.minimum.resize(inner + count, 0);
        self.outermost = inner;
        Ok(self)
    }

    /// All levels at once: the innermost group of each expert, and the group around each group, or
    /// [`Groups::NONE`]. A group around others has a higher number than they.
    ///
    /// # Errors
    /// [`Error::Group`] if a group is empty, or lies in one of no higher number.
    ///
    /// ```
    /// use spinroute_core::Groups;
    ///
    /// let groups = Groups::nested(vec![0, 0, 1, 1], vec![2, 2, Groups::NONE])?;
    /// assert_eq!(groups, Groups::consecutive(4, 2)?.within(vec![0, 0])?);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    pub fn nested(of_expert: Vec<u32>, of_group: Vec<u32>) -> Result<Self, Error> {
        let count = of_group.len();
        for (group, &around) in of_group.iter().enumerate() {
            if around != Self::NONE && (around as usize <= group || around as usize >= count) {
                let problem = format!(
                    "group {around} around it must be one of those up to {}, above its own",
                    count.saturating_sub(1)
                );
                return Err(Error::Group { group, problem });
            }
        }
        let named = of_expert.iter().chain(&of_group).filter(|&&g| g != Self::NONE);
        if let Some(&beyond) = named.clone().find(|&&g| g as usize >= count) {
            let problem = format!("there are only {count} groups");
            return Err(Error::Group { group: beyond as usize, problem });
        }
        if let Some(group) = (0..count).find(|&g| named.clone().all(|&named| named as usize != g)) {
            let problem = "nothing is in it".to_owned();
            return Err(Error::Group { group, problem });
        }
        let inner = of_group.iter().rposition(|&around| around != Self::NONE);
        Ok(Self {
            of_expert,
            outermost: inner.map_or(0, |last| last + 1),
            capacity: vec![u32::MAX; count],
            minimum: vec![0; count],
            overflow: Overflow::default(),
            of_group,
        })
    }

    /// Sets the capacity of every group.
    ///
    /// # Errors
    /// [`Error::Group`] if there is not one a group.
    pub fn capacity(mut self, capacity: Vec<u32>) -> Result<Self, Error> {
        self.check_length(capacity.len(), "capacities")?;
        self.capacity = capacity;
        Ok(self)
    }

    /// Sets every group's capacity to `⌈F · slots · n / E⌉`, its share of the slots (`Σ k[t]`) by the number `n`
    /// of its experts.
    ///
    /// # Errors
    /// If the factor is not a positive, finite number.
    pub fn capacity_factor(self, slots: u64, factor: f64) -> Result<Self, Error> {
        let experts = self.of_expert.len();
        let capacity = |n: usize| share(slots, n, experts, factor);
        let capacity = self.sizes().into_iter().map(capacity).collect::<Result<_, _>>()?;
        self.capacity(capacity)
    }

    /// Sets the minimum of every group.
    ///
    /// # Errors
    /// [`Error::Group`] if there is not one a group.
    pub fn minimum(mut self, minimum: Vec<u32>) -> Result<Self, Error> {
        self.check_length(minimum.len(), "minimums")?;
        self.minimum = minimum;
        Ok(self)
    }

    /// Lets every group hold `up_to` more than its capacity, each at `cost`.
    #[must_use]
    pub fn overflow(mut self, cost: f64, up_to: u32) -> Self {
        self.overflow = Overflow { cost, up_to };
        self
    }

    fn check_length(&self, got: usize, what: &str) -> Result<(), Error> {
        if got == self.len() {
            return Ok(());
        }
        let problem = format!("{got} {what} for {} groups; give one a group", self.len());
        Err(Error::Group { group: got.min(self.len()), problem })
    }

    /// The number of groups, of all levels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of_group.len()
    }

    /// Whether there is no group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of_group.is_empty()
    }

    /// The number of experts.
    #[must_use]
    pub fn experts(&self) -> usize {
        self.of_expert.len()
    }

    /// The innermost group of an expert.
    ///
    /// # Panics
    /// If there is no such expert.
    #[must_use]
    pub fn of_expert(&self, expert: usize) -> Option<usize> {
        Some(self.of_expert[expert]).filter(|&g| g != Self::NONE).map(|g| g as usize)
    }

    /// The group around a group.
    ///
    /// # Panics
    /// If there is no such group.
    #[must_use]
    pub fn parent(&self, group: usize) -> Option<usize> {
        Some(self.of_group[group]).filter(|&g| g != Self::NONE).map(|g| g as usize)
    }

    /// What the load of a group may be.
    ///
    /// # Panics
    /// If there is no such group.
    #[must_use]
    pub fn limits(&self, group: usize) -> Limits {
        let overflow = self.overflow;
        Limits { overflow, ..Limits::free(self.minimum[group], self.capacity[group]) }
    }

    /// How many experts each group holds, those of groups inside it too.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let ones = vec![1; self.of_expert.len()];
        self.loads(&ones).into_iter().map(|size| size as usize).collect()
    }

    /// The load of every group, from those of the experts.
    #[must_use]
    pub fn loads(&self, experts: &[u32]) -> Vec<u32> {
        let mut loads = vec![0u32; self.len()];
        for (&group, &load) in self.of_expert.iter().zip(experts) {
            if group != Self::NONE {
                loads[group as usize] += load;
            }
        }
        // A group is numbered below the one around it.
        for (group, &parent) in self.of_group.iter().enumerate() {
            if parent != Self::NONE {
                loads[parent as usize] += loads[group];
            }
        }
        loads
    }

    /// The groups by level, the innermost first.
    #[must_use]
    pub fn levels(&self) -> Vec<Vec<u32>> {
        let mut level = vec![0; self.len()];
        for (group, &parent) in self.of_group.iter().enumerate() {
            if parent != Self::NONE {
                level[parent as usize] = level[parent as usize].max(level[group] + 1);
            }
        }
        let mut levels = vec![Vec::new(); level.iter().max().map_or(0, |deepest| deepest + 1)];
        for (group, level) in (0..).zip(level) {
            levels[level].push(group);
        }
        levels
    }
}

/// How many groups the numbers name.
fn members(of: &[u32], what: &str) -> Result<usize, Error> {
    let named = of.iter().filter(|&&g| g != Groups::NONE);
    let count = named.clone().max().map_or(0, |&highest| highest as usize + 1);
    let mut seen = vec![false; count.min(of.len())];
    for &g in named {
        if let Some(seen) = seen.get_mut(g as usize) {
            *seen = true;
        }
    }
    match seen.iter().position(|seen| !seen).or((count > seen.len()).then_some(seen.len())) {
        Some(group) => {
            let problem =
                format!("no {what} is in it, though groups up to {} are named", count - 1);
            Err(Error::Group { group, problem })
        }
        None => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_add_up_along_the_levels() {
        let groups = Groups::of(vec![1, 0, 1, Groups::NONE]).unwrap();
        let groups = groups.within(vec![0, 0]).unwrap();
        assert_eq!(groups.loads(&[1, 2, 4, 8]), [2, 5, 7]);
        assert_eq!((groups.sizes(), groups.levels()), (vec![1, 2, 3], vec![vec![0, 1], vec![2]]));
        let three = Groups::consecutive(8, 4).unwrap().within(vec![0, 0, 1, 1]).unwrap();
        let three = three.within(vec![0, 0]).unwrap();
        assert_eq!(three.levels(), [vec![0, 1, 2, 3], vec![4, 5], vec![6]]);
        assert_eq!(three.capacity_factor(80, 1.0).unwrap().limits(4).capacity, 40);
    }

    #[test]
    fn names_the_group_that_is_wrong() {
        let error = |result: Result<Groups, Error>| match result.unwrap_err() {
            Error::Group { group, .. } => group,
            other => panic!("{other}"),
        };
        assert_eq!(error(Groups::of(vec![0, 2])), 1);
        assert_eq!(error(Groups::of(vec![u32::MAX - 1])), 0);
        assert_eq!(error(Groups::consecutive(8, 3)), 0);
        assert_eq!(error(Groups::consecutive(8, 0)), 0);
        let two = || Groups::consecutive(4, 2).unwrap();
        assert_eq!(error(two().within(vec![0])), 0);
        assert_eq!(error(two().within(vec![0, 3])), 1);
        assert_eq!(error(two().capacity(vec![1])), 1);
        assert_eq!(error(two().minimum(vec![1, 2, 3])), 2);
    }
}
