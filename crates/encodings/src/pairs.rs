//! Which binary stands for which pair of a token and an expert.

use spinroute_core::{Assignment, Instance};
use spinroute_prices::repair;

use crate::Error;
use serde::{Deserialize, Serialize};
use spinroute_ising::{self as ising, check_state};

/// There are no prices, or one an expert.
pub(super) fn check_prices(prices: Option<&[f64]>, instance: &Instance) -> Result<(), Error> {
    match (instance.experts(), prices.map(<[f64]>::len)) {
        (want, Some(got)) if got != want => {
            Err(ising::Error::Length { what: "prices, one an expert", want, got }.into())
        }
        _ => Ok(()),
    }
}

/// What becomes of pairs that no assignment holds: those of score `−∞` and those of experts
/// without capacity.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::{Full, Unusable};
///
/// let scores = array![[0.9, f32::NEG_INFINITY], [0.7, 0.1]];
/// let instance = Instance::new(scores, vec![1, 1], Demand::AtMost(1))?;
/// let binaries = |unusable| Full { unusable, ..Full::default() }.build(&instance).map(|f| f.pairs().len());
/// assert_eq!((binaries(Unusable::LeftOut)?, binaries(Unusable::Fixed)?), (3, 4));
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unusable {
    /// They have no binary: the smallest model. Rows and columns become lists of members.
    #[default]
    LeftOut,
    /// They have one of score 0 that a constraint a token fixes to 0: rows and columns stay lines of
    /// a grid.
    Fixed,
}

/// The pairs that have a binary; the pair of number `i` is variable and bit `i`.
///
/// ```
/// use ndarray::array;
/// use spinroute_core::{Demand, Instance};
/// use spinroute_encodings::Full;
///
/// let instance = Instance::new(array![[0.9, 0.8], [0.7, 0.1]], vec![1, 1], Demand::Exactly(1))?;
/// let form = Full::default().build(&instance)?;
/// let pairs = form.pairs();
/// assert_eq!((pairs.pair(3), pairs.index(1, 0)), (Some((1, 1)), Some(2)));
/// let assignment = pairs.repaired(&[1, 0, 1, 0], None)?; // both take expert 0
/// assert_eq!(pairs.state(&assignment)?, [0, 1, 1, 0]);
/// # Ok::<(), spinroute_encodings::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pairs {
    instance: Instance,
    /// The pairs `(t, e)`, ascending; `None` if every pair has a binary: number `t · E + e`.
    listed: Option<Vec<(u32, u32)>>,
}

impl Pairs {
    pub(super) fn new(instance: &Instance, unusable: Unusable) -> Self {
        let no_room = instance.capacity().contains(&0);
        let masked = instance.demands().is_some_and(|demands| demands.contains(&0));
        let usable = !(instance.has_forbidden() || no_room || masked);
        let all = unusable == Unusable::Fixed || usable;
        let listed = (!all).then(|| {
            let tokens = (0..instance.tokens()).filter(|&t| instance.k(t) > 0);
            let of_token = |t| {
                let scores = instance.scores(t).iter().zip(instance.capacity()).enumerate();
                scores
                    .filter(|(_, (s, c))| **s > f32::NEG_INFINITY && **c > 0)
                    .map(move |(e, _)| (t as u32, e as u32))
            };
            tokens.flat_map(of_token).collect()
        });
        Self { instance: instance.clone(), listed }
    }

    /// The problem that they are of.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Number of pairs with a binary.
    #[must_use]
    pub fn len(&self) -> usize {
        let all = self.instance.tokens() * self.instance.experts();
        self.listed.as_ref().map_or(all, Vec::len)
    }

    /// Whether there is none: no token can take any expert.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every pair has a binary, so that rows and columns need no lists.
    #[must_use]
    pub fn is_grid(&self) -> bool {
        self.listed.is_none()
    }

    /// The pair `(token, expert)` of number `index`; `None` if there are fewer.
    #[must_use]
    pub fn pair(&self, index: usize) -> Option<(usize, usize)> {
        match &self.listed {
            Some(listed) => listed.get(index).map(|&(t, e)| (t as usize, e as usize)),
            None => (index < self.len())
                .then(|| (index / self.instance.experts(), index % self.instance.experts())),
        }
    }

    /// The number of a pair; `None` if it was left out or there is no such pair.
    #[must_use]
    pub fn index(&self, token: usize, expert: usize) -> Option<usize> {
        match &self.listed {
            Some(listed) => listed.binary_search(&(token as u32, expert as u32)).ok(),
            None => (token < self.instance.tokens() && expert < self.instance.experts())
                .then(|| token * self.instance.experts() + expert),
        }
    }

    /// The choices that a state makes: pair `i` where `state[i]` is 1 (0 or −1 for not), whatever
    /// bits stand behind the pairs. Nothing is mended: a token may have more experts than it asked for,
    /// which makes the rows of the result as wide as the longest.
    ///
    /// # Errors
    /// If the state is shorter than the pairs, or no state of binaries or spins.
    pub fn choices(&self, state: &[i8]) -> Result<Assignment, Error> {
        let whole = state;
        let Some(state) = state.get(..self.len()) else {
            return Err(ising::Error::Length {
                what: "a state",
                want: self.len(),
                got: state.len(),
            }
            .into());
        };
        check_state(whole, whole.len())?;
        let set = || (0..state.len()).filter(|&i| state[i] > 0).filter_map(|i| self.pair(i));
        let mut held = vec![0; self.instance.tokens()];
        set().for_each(|(t, _)| held[t] += 1);
        let most = held.into_iter().max().unwrap_or(0);
        let mut choices =
            Assignment::empty(self.instance.tokens(), most.max(self.instance.demand().k()));
        for (t, e) in set() {
            choices.push(t, e as u32);
        }
        Ok(choices)
    }

    /// The choices of a state, made feasible by [`repair`] with the given prices.
    ///
    /// # Errors
    /// As [`Pairs::choices`]; if there are prices, but not one per expert; if forbidden pairs leave no
    /// assignment at all.
    pub fn repaired(&self, state: &[i8], prices: Option<&[f64]>) -> Result<Assignment, Error> {
        check_prices(prices, &self.instance)?;
        Ok(repair(&self.instance, self.choices(state)?, prices)?)
    }

    /// The state of an assignment: 1 for its pairs, 0 for others.
    ///
    /// # Errors
    /// If it holds a pair without a binary, or is of another number of tokens.
    pub fn state(&self, assignment: &Assignment) -> Result<Vec<i8>, Error> {
        let (want, got) = (self.instance.tokens(), assignment.tokens());
        if got != want {
            return Err(
                ising::Error::Length { what: "the tokens of an assignment", want, got }.into()
            );
        }
        let mut state = vec![0; self.len()];
        for t in 0..assignment.tokens() {
            for &e in assignment.experts(t) {
                let Some(index) = self.index(t, e as usize) else {
                    return Err(Error::Pair { token: t, expert: e as usize });
                };
                state[index] = 1;
            }
        }
        Ok(state)
    }
}
