//! Proofs that nothing is feasible.

/// Which side of a cut falls short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// The tokens of the set, and the minimums below it, need more than it lets through.
    Room,
    /// The minimums of the set need more than comes into it.
    Tokens,
}

/// Tokens, experts and groups that prove an instance infeasible: a Hall violator.
///
/// Take a set of tokens and a set of experts and groups, and count what must flow through it and what can, where
/// a node *leaves* the set if it is in it and the group around it is not (or there is none), and *enters* it if it
/// is not in it and the group around it is. There is no assignment if
///
/// ```text
/// Room:    Σ_{t in} k[t] + Σ_{enters} l  >  Σ_{leaves} c + Σ_{t in} |{e out : (t, e) allowed}|
/// Tokens:  Σ_{leaves} l  >  Σ_{enters} c + Σ_{t in} k[t] + Σ_{t out} |{e in : (t, e) allowed}|
/// ```
///
/// with `l` the minimum of a node and `c` its capacity, overflow included; the first only under `Exactly`. Without
/// groups and minimums the first is P. Hall's condition (*On representatives of subsets*, 1935) in the form for
/// b-matchings. Both are cuts of the flow, and by A. Hoffman's circulation theorem (1960) one of them exists
/// whenever nothing is feasible. [`Deficiency::proves`] recounts both sides.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Deficiency, Demand, Instance, Shortfall};
///
/// // Both tokens may take expert 0 alone, which holds one of them.
/// let never = f32::NEG_INFINITY;
/// let scores = array![[0.9, never], [0.8, never]];
/// let instance = Instance::new(scores, vec![1, 2], Demand::Exactly(1))?;
/// let proof = |tokens| Deficiency::new(&instance, Shortfall::Room, tokens, vec![0], vec![]);
/// let proven = proof(vec![0, 1]).expect("a proof");
/// assert_eq!((proven.need, proven.supply), (2, 1));
/// assert!(proof(vec![0]).is_none());
/// // Expert 1 can never have a token.
/// let instance = instance.rebuild().capacity(vec![2, 2]).minimum(vec![0, 1]).build()?;
/// assert!(Deficiency::new(&instance, Shortfall::Tokens, vec![], vec![1], vec![]).is_some());
/// # Ok::<(), spinroute_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deficiency {
    /// What there is too little of.
    pub short: Shortfall,
    /// The tokens, ascending.
    pub tokens: Vec<u32>,
    /// The experts, ascending.
    pub experts: Vec<u32>,
    /// The groups, ascending.
    pub groups: Vec<u32>,
    /// What must flow through.
    pub need: u64,
    /// The most that can.
    pub supply: u64,
}

impl std::error::Error for Deficiency {}

impl std::fmt::Display for Deficiency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tokens, experts, groups, need, supply, .. } = self;
        let list = |numbers: &[u32], what: &str| {
            let first = &numbers[..numbers.len().min(3)];
            format!("{} (first: {first:?})", count(numbers.len(), what))
        };
        let mut places = list(experts, "expert");
        if !groups.is_empty() {
            places.push_str(" and ");
            places.push_str(&list(groups, "group"));
        }
        let text = match self.short {
            Shortfall::Room => format!(
                "{} need {need} slots, but the experts open to them hold {supply} (crowded experts: {}, first: {:?}{}); allow more pairs, raise those capacities or ask for at most k",
                list(tokens, "token"),
                experts.len(),
                &experts[..experts.len().min(3)],
                if groups.is_empty() {
                    String::new()
                } else {
                    format!("; {}", list(groups, "group"))
                },
            ),
            Shortfall::Tokens => format!(
                "{places} must hold {need} tokens by their minimums, but at most {supply} can come to them; allow more pairs or lower those minimums"
            ),
        };
        f.write_str(&text)
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
