//! What an instance asks, as every record begins.

use serde::{Serialize, Serializer};
use spinroute_core::{Instance, Overflow, Reward};

/// The sizes of an instance, as every record begins.
///
/// What a plain instance (one `k`, one capacity an expert) does not ask for is not written.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_lab::Sizes;
///
/// let instance = Instance::new(array![[0.9, 0.8]], vec![1, 1], Demand::Exactly(1))?;
/// let json = serde_json::to_string(&Sizes::of(&instance))?;
/// assert_eq!(json, r#"{"tokens":1,"experts":2,"top_k":1,"capacity":1,"demand":"exactly"}"#);
/// let masked = Instance::builder(array![[0.9, 0.8], [0.0, 0.0]]).demands(&[1, 0]).build()?;
/// let json = serde_json::to_string(&Sizes::of(&masked))?;
/// assert!(json.ends_with(r#""slots":1,"masked":1,"features":["uneven demands"]}"#), "{json}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sizes {
    /// T.
    pub tokens: usize,
    /// E.
    pub experts: usize,
    /// k, the experts that a token takes; the most of any, if they differ.
    pub top_k: usize,
    /// Tokens that each expert holds; written as one number if all hold the same.
    #[serde(serialize_with = "one_if_equal")]
    pub capacity: Vec<u32>,
    /// `exactly` or `at-most`.
    pub demand: &'static str,
    /// `Σ k[t]`, where tokens differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<u64>,
    /// Tokens that take no expert, where tokens differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked: Option<usize>,
    /// The least load of each expert, where any has one; as the capacity.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "one_if_equal")]
    pub minimum: Vec<u32>,
    /// Groups of experts, a level each, the innermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupSizes>,
    /// What experts may hold beyond their capacity, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow: Option<Overflow>,
    /// What the first units of experts gain, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<Reward>,
    /// What a solver must honour beyond one `k` and one capacity an expert, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
}

/// The groups of one level.
///
/// ```
/// use ndarray::Array2;
/// use spinroute_core::{Groups, Instance};
/// use spinroute_lab::Sizes;
///
/// let groups = Groups::consecutive(4, 2)?.capacity(vec![3, 3])?;
/// let instance = Instance::builder(Array2::<f32>::zeros((4, 4))).groups(groups).build()?;
/// let level = &Sizes::of(&instance).groups[0];
/// assert_eq!((&level.groups[..], &level.capacity[..]), (&[0, 1][..], &[Some(3), Some(3)][..]));
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GroupSizes {
    /// The groups of this level.
    pub groups: Vec<u32>,
    /// Tokens that each holds, nothing where that is without limit; as one number if equal.
    #[serde(serialize_with = "one_if_equal")]
    pub capacity: Vec<Option<u32>>,
    /// Tokens that each must hold; as one number if equal.
    #[serde(serialize_with = "one_if_equal")]
    pub minimum: Vec<u32>,
}

impl Sizes {
    /// Those of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let demands = instance.demands();
        let masked = demands.map(|demands| demands.iter().filter(|&&k| k == 0).count());
        let (overflow, reward) = (instance.overflow(), instance.reward());
        let features = instance.features().iter().map(ToString::to_string).collect();
        Self {
            tokens: instance.tokens(),
            experts: instance.experts(),
            top_k: instance.demand().k(),
            capacity: instance.capacity().to_vec(),
            demand: if instance.demand().is_exact() { "exactly" } else { "at-most" },
            slots: demands.map(|_| instance.slots()),
            masked,
            minimum: instance.minimums().unwrap_or_default().to_vec(),
            groups: groups(instance),
            overflow: (overflow.up_to > 0).then_some(overflow),
            reward: (reward.up_to > 0).then_some(reward),
            features,
        }
    }
}

fn groups(instance: &Instance) -> Vec<GroupSizes> {
    let Some(groups) = instance.groups() else { return Vec::new() };
    let level = |level: Vec<u32>| {
        let limits = || level.iter().map(|&g| groups.limits(g as usize));
        let capacity = limits().map(|l| Some(l.capacity).filter(|&c| c < u32::MAX)).collect();
        let minimum = limits().map(|l| l.minimum).collect();
        GroupSizes { capacity, minimum, groups: level }
    };
    groups.levels().into_iter().map(level).collect()
}

/// One value if all are the same, else the list.
fn one_if_equal<T: Serialize + PartialEq, S: Serializer>(
    list: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match list {
        [first, rest @ ..] if rest.iter().all(|c| c == first) => first.serialize(serializer),
        all => serializer.collect_seq(all),
    }
}
