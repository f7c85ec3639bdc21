//! What an instance asks for beyond one `k` and one capacity an expert, as golden files write it.

use std::fmt::Write;

use spinroute_core::{Error, Groups, Instance, Overflow};

/// Groups that nest; -1 stands for none.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    experts: Vec<i64>,
    around: Vec<i64>,
    capacity: Vec<u32>,
    minimum: Vec<u32>,
    #[serde(default)]
    overflow: Overflow,
}

impl Family {
    pub(crate) fn groups(self) -> Result<Groups, Error> {
        let number = |group: i64| u32::try_from(group).unwrap_or(Groups::NONE);
        let numbers = |list: Vec<i64>| list.into_iter().map(number).collect();
        let groups = Groups::nested(numbers(self.experts), numbers(self.around))?;
        let groups = groups.capacity(self.capacity)?.minimum(self.minimum)?;
        Ok(groups.overflow(self.overflow.cost, self.overflow.up_to))
    }
}

/// The keys of what an instance asks for beyond one `k` and one capacity an expert.
pub(crate) fn extras(instance: &Instance) -> String {
    let mut text = String::new();
    if let Some(demands) = instance.demands() {
        let _ = writeln!(text, "demands = {demands:?}");
    }
    if let Some(minimums) = instance.minimums() {
        let _ = writeln!(text, "minimum = {minimums:?}");
    }
    let (overflow, reward) = (instance.overflow(), instance.reward());
    if overflow.up_to > 0 {
        let _ = writeln!(
            text,
            "overflow = {{ cost = {:?}, up_to = {} }}",
            overflow.cost, overflow.up_to
        );
    }
    if reward.up_to > 0 {
        let _ = writeln!(text, "reward = {{ gain = {:?}, up_to = {} }}", reward.gain, reward.up_to);
    }
    if let Some(groups) = instance.groups() {
        let none = |group: Option<usize>| group.map_or(-1, |group| group as i64);
        let experts: Vec<i64> = (0..groups.experts()).map(|e| none(groups.of_expert(e))).collect();
        let around: Vec<i64> = (0..groups.len()).map(|g| none(groups.parent(g))).collect();
        let limits = |g: usize| groups.limits(g);
        let capacity: Vec<u32> = (0..groups.len()).map(|g| limits(g).capacity).collect();
        let minimum: Vec<u32> = (0..groups.len()).map(|g| limits(g).minimum).collect();
        let over = groups.limits(0).overflow;
        let _ = writeln!(
            text,
            "groups = {{ experts = {experts:?}, around = {around:?}, capacity = {capacity:?}, \
             minimum = {minimum:?}, overflow = {{ cost = {:?}, up_to = {} }} }}",
            over.cost, over.up_to
        );
    }
    text
}
