//! Every state, in Gray code: the reference for small models.
//!
//! The high variables are fixed, one setting a chunk, and the low ones run through the reflected
//! Gray code (Gray 1953), so that a state costs one flip: O(n). Chunks are independent and run in
//! the current rayon pool.
//!
//! The answer does not depend on the order of the search: states are ordered by energy, then by the
//! number that has bit `i` set where variable `i` is +1. Energies are those of [`Ising::energy`]: the
//! running energy, whose rounding error is bounded, only decides which states are worth that.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use rayon::prelude::*;
use spinroute_core::registry::{Parameters, defaults};
use spinroute_core::{Best, Run, Stop, param, parameters};

use super::Minimiser;
use super::entry::{Entry, build};
use crate::integers::CommonUnit;
use crate::{Couplings, Error, Ising, Samples, Vartype};

/// The most variables.
const MOST: usize = 26;
/// Variables that change within a chunk.
const CHUNK: usize = 14;
/// Chunks in a step.
const STEP: u64 = 64;

parameters! {
    /// All states: proves the lowest energy of a model of at most 26 variables.
    ///
    /// A step is 2²⁰ states. A run that is stopped earlier returns the lowest states so far.
    ///
    /// ```
    /// use spinroute_core::Run;
    /// use spinroute_ising::{Exhaustive, Ising, Minimiser, Sparse};
    ///
    /// let triangle = Sparse::from_triplets(3, [(0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)])?;
    /// let model = Ising::new(vec![0.0; 3], triangle, 0.0)?;
    /// let samples = Exhaustive { reads: 8 }.minimise(&model, &mut Run::new(1))?;
    /// assert_eq!(samples.energies, [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 3.0, 3.0]);
    /// # Ok::<(), spinroute_ising::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Exhaustive {
        /// how many of the lowest states
        ///
        /// They are returned lowest first; fewer if there are fewer.
        pub reads: usize => "at least 1",
    }
}

impl Default for Exhaustive {
    fn default() -> Self {
        Self { reads: 1 }
    }
}

impl Exhaustive {
    /// The minimiser's line in a registry.
    pub const ENTRY: Entry = Entry {
        name: "exhaustive",
        summary: "every state, up to 26 variables: the proven minimum",
        exact: true,
        facts: (),
        reference: "Gray code: F. Gray, US patent 2632058, 1953",
        params: Self::PARAMS,
        default_params: defaults::<Self>,
        builder: build::<Self>,
    };
}

/// A state as a number, with its energy.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    energy: f64,
    code: u32,
}

impl State {
    fn order(&self, other: &Self) -> Ordering {
        let energies = self.energy.partial_cmp(&other.energy);
        // NaN comes of overflow alone: any order will do, but it must be one.
        energies
            .unwrap_or_else(|| self.energy.total_cmp(&other.energy))
            .then(self.code.cmp(&other.code))
    }
}

/// The lowest states, lowest first.
struct Lowest {
    states: Vec<State>,
    most: usize,
}

impl Lowest {
    fn add(&mut self, state: State) {
        let place = self.states.partition_point(|other| other.order(&state).is_lt());
        if place < self.most {
            self.states.truncate(self.most - 1);
            self.states.insert(place, state);
        }
    }

    /// Only states before this one belong here.
    fn limit(&self) -> State {
        let none = State { energy: f64::INFINITY, code: u32::MAX };
        if self.states.len() < self.most { none } else { *self.states.last().unwrap_or(&none) }
    }
}

/// The model as arrays.
struct Table<'a> {
    model: &'a Ising,
    rows: Vec<[f64; 32]>,
    /// The largest possible difference between a running energy and [`Ising::energy`]; 0 where
    /// sums are exact, so that models with many equal energies are not slow.
    drift: f64,
}

impl<'a> Table<'a> {
    fn new(model: &'a Ising) -> Self {
        let mut rows = vec![[0.0; 32]; model.variables()];
        let mut size = model.offset().abs();
        for (i, row) in rows.iter_mut().enumerate() {
            model.couplings().neighbours(i, &mut |j, coupling| row[j] += coupling);
            size += model.field()[i].abs() + row.iter().map(|j| j.abs()).sum::<f64>();
        }
        // A chunk is 2^CHUNK additions to each field and to the energy, every one rounded by at
        // most half a unit in the last place of a number below `size`; the bound is generous.
        let steps = (1_u64 << CHUNK) as f64;
        let exact = CommonUnit::of(model).is_some_and(|units| {
            let offset = model.offset() / units.unit;
            offset.fract() == 0.0 && offset.abs() < f64::powi(2.0, 52)
        });
        let drift = if exact { 0.0 } else { 64.0 * steps * f64::EPSILON * size };
        Self { model, rows, drift }
    }

    /// The lowest states of a chunk, lowest first, of those before `limit`.
    fn chunk(&self, chunk: u64, most: usize, limit: State) -> Vec<State> {
        let n = self.model.variables();
        let low = n.min(CHUNK);
        let mut spins = [-1_i8; 32];
        for (i, spin) in spins.iter_mut().enumerate().take(n).skip(low) {
            *spin = if chunk >> (i - low) & 1 == 1 { 1 } else { -1 };
        }
        let mut code = ((chunk << low) & u64::from(u32::MAX)) as u32;
        let mut fields = [0.0; 32];
        for (i, field) in fields.iter_mut().enumerate().take(n) {
            let terms = self.rows[i].iter().zip(&spins).map(|(j, &s)| j * f64::from(s));
            *field = self.model.field()[i] + terms.sum::<f64>();
        }
        let mut energy = self.model.energy(&spins[..n]);
        let mut lowest = Lowest { states: Vec::new(), most };
        let mut last = limit;
        for step in 1..=1_u32 << low {
            let near = energy <= last.energy + self.drift;
            if near && (self.drift > 0.0 || (State { energy, code }).order(&last).is_lt()) {
                lowest.add(State { energy: self.model.energy(&spins[..n]), code });
                let mine = lowest.limit();
                last = if mine.order(&limit).is_lt() { mine } else { limit };
            }
            let i = step.trailing_zeros() as usize;
            if i >= low {
                break; // the last state of the chunk
            }
            let spin = f64::from(spins[i]);
            energy -= 2.0 * spin * fields[i];
            for (field, coupling) in fields.iter_mut().zip(&self.rows[i]) {
                *field -= 2.0 * spin * coupling;
            }
            spins[i] = -spins[i];
            code ^= 1 << i;
        }
        lowest.states
    }
}

impl Minimiser for Exhaustive {
    fn minimise(&self, model: &Ising, run: &mut Run<'_>) -> Result<Samples, Error> {
        let n = model.variables();
        if n > MOST {
            return Err(Error::TooLarge { variables: n, most: MOST, what: "exhaustive search" });
        }
        param!(Self::reads).at_least_one(self.reads)?;
        let table = Table::new(model);
        let chunks = 1_u64 << n.saturating_sub(CHUNK);
        let mut lowest = Lowest { states: Vec::new(), most: self.reads };
        let mut stop = Stop::Finished;
        for first in (0..chunks).step_by(STEP as usize) {
            let (limit, last) = (lowest.limit(), (first + STEP).min(chunks));
            let step = (first..last).into_par_iter();
            let found: Vec<Vec<State>> =
                step.map(|chunk| table.chunk(chunk, self.reads, limit)).collect();
            found.into_iter().flatten().for_each(|state| lowest.add(state));
            let best = lowest.states.first().map(|state| state.energy);
            let ended = run.tick(Best { objective: best, bound: None });
            if let ControlFlow::Break(why) = ended {
                if last < chunks {
                    stop = why;
                }
                break;
            }
        }
        let spin = |code: u32, i: usize| if code >> i & 1 == 1 { 1 } else { -1 };
        let states = lowest.states.iter().flat_map(|state| (0..n).map(|i| spin(state.code, i)));
        Ok(Samples {
            states: states.collect(),
            energies: lowest.states.iter().map(|state| state.energy).collect(),
            vartype: Vartype::Spin,
            steps: run.steps(),
            stop,
        })
    }
}
