//! Completion of an `Exactly` demand by augmenting paths, or the proof that there is none.
//!
//! The residual graph is contracted to the experts: an arc `e → f` stands for some token that
//! holds `e`, does not hold `f` and may. Moving one token along each arc of a path from an
//! overfull expert to one with room takes one unit off the former. Each phase finds the distance
//! of every expert to room, then makes moves along shortest paths until none is left (Dinic,
//! Soviet Math. Doklady 11 (1970) 1277-1280, on a graph whose arcs are witnessed by tokens); each
//! arc is walked by the token that regrets it least. An empty slot is filled first, making that
//! expert overfull if need be.
//!
//! A phase costs O(T·k·E/64) for the arcs (plus O(T·E) to read scores if pairs are forbidden) and
//! O(c[e]·E) an expert on a path. With no pair forbidden one phase with paths of one or two arcs
//! is all there is. If a phase finds a unit from which no room can be reached, the experts that
//! can be reached and the tokens that hold them are a Hall violator.
use spinroute_core::{Assignment, Deficiency, Error};

use super::table::Table;

/// The distance of an expert from which no room can be reached.
const FAR: u32 = u32::MAX;

/// A table of bits, one row a node.
struct Bits {
    words: usize,
    rows: Vec<u64>,
}

impl Bits {
    fn new(rows: usize, columns: usize) -> Self {
        let words = columns.div_ceil(64);
        Self { words, rows: vec![0; rows * words] }
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.rows[row * self.words..][..self.words]
    }

    fn contains(&self, row: usize, column: usize) -> bool {
        self.row(row)[column / 64] >> (column % 64) & 1 == 1
    }

    /// Adds the columns of `set` to a row.
    fn join(&mut self, row: usize, set: &[u64]) {
        for (word, more) in self.rows[row * self.words..][..self.words].iter_mut().zip(set) {
            *word |= more;
        }
    }

    fn count(&self, row: usize) -> usize {
        self.row(row).iter().map(|word| word.count_ones() as usize).sum()
    }
}

/// Where a unit is that has no place.
#[derive(Clone, Copy)]
enum Source {
    Token(u32),
    Expert(u32),
}

/// One phase: distances to room, and the tokens that hold each expert.
struct Phase {
    distance: Vec<u32>,
    holders: Vec<Vec<u32>>,
}

impl Table<'_> {
    /// Fills every empty slot and takes every expert down to its capacity.
    ///
    /// # Errors
    /// [`Error::Deficient`] if that is impossible.
    pub(super) fn complete(&mut self, prices: &[f32]) -> Result<(), Error> {
        loop {
            let short: Vec<u32> = (0..self.instance.tokens() as u32)
                .filter(|&t| self.holes(t as usize) > 0)
                .collect();
            let overfull: Vec<u32> =
                (0..self.load.len() as u32).filter(|&e| self.excess(e as usize) > 0).collect();
            if short.is_empty() && overfull.is_empty() {
                return Ok(());
            }
            let arcs = self.arcs();
            let mut phase = Phase { distance: self.distances(&arcs), holders: self.holders() };
            let mut progress = false;
            let mut stuck = None;
            for &e in &overfull {
                while self.excess(e as usize) > 0 && self.advance(e, &mut phase, prices) {
                    progress = true;
                }
                if self.excess(e as usize) > 0 {
                    stuck = stuck.or(Some(Source::Expert(e)));
                }
            }
            for &t in &short {
                while self.holes(t as usize) > 0 && self.fill(t, &mut phase, prices) {
                    progress = true;
                }
                if self.holes(t as usize) > 0 {
                    stuck = stuck.or(Some(Source::Token(t)));
                }
            }
            if !progress && let Some(source) = stuck {
                return Err(self.deficiency(source, &arcs));
            }
        }
    }

    /// The experts that token `t` may take and does not hold, as bits.
    fn open(&self, t: usize, open: &mut [u64]) {
        let experts = self.load.len();
        if self.instance.has_forbidden() {
            for (word, scores) in open.iter_mut().zip(self.instance.scores(t).chunks(64)) {
                *word = (0..)
                    .zip(scores)
                    .fold(0, |bits, (i, &s)| bits | u64::from(s > f32::NEG_INFINITY) << i);
            }
        } else {
            open.fill(u64::MAX);
            if let Some(last) = open.last_mut() {
                *last >>= (64 - experts % 64) % 64;
            }
        }
        for &e in self.choices.experts(t) {
            open[e as usize / 64] &= !(1 << (e % 64));
        }
    }

    /// The arcs of the contracted residual graph.
    fn arcs(&self) -> Bits {
        let experts = self.load.len();
        let mut arcs = Bits::new(experts, experts);
        let mut complete = vec![false; experts];
        let mut open = vec![0; arcs.words];
        for t in 0..self.instance.tokens() {
            let held = self.choices.experts(t);
            if held.iter().all(|&e| complete[e as usize]) {
                continue;
            }
            self.open(t, &mut open);
            for e in held.iter().map(|&e| e as usize) {
                if !complete[e] {
                    arcs.join(e, &open);
                    complete[e] = arcs.count(e) + 1 == experts;
                }
            }
        }
        arcs
    }

    /// The number of arcs from every expert to the nearest one with room.
    fn distances(&self, arcs: &Bits) -> Vec<u32> {
        let mut distance: Vec<u32> =
            (0..self.load.len()).map(|e| if self.has_room(e) { 0 } else { FAR }).collect();
        for step in 0.. {
            let mut last = vec![0u64; arcs.words];
            for e in (0..distance.len()).filter(|&e| distance[e] == step) {
                last[e / 64] |= 1 << (e % 64);
            }
            let mut reached = false;
            for (e, distance) in distance.iter_mut().enumerate().filter(|(_, d)| **d == FAR) {
                if arcs.row(e).iter().zip(&last).any(|(a, b)| a & b != 0) {
                    *distance = step + 1;
                    reached = true;
                }
            }
            if !reached {
                break;
            }
        }
        distance
    }

    /// The tokens that hold each expert, ascending.
    fn holders(&self) -> Vec<Vec<u32>> {
        let mut holders: Vec<Vec<u32>> =
            self.load.iter().map(|&load| Vec::with_capacity(load as usize)).collect();
        for t in 0..self.instance.tokens() {
            for &e in self.choices.experts(t) {
                holders[e as usize].push(t as u32);
            }
        }
        holders
    }

    /// Fills one slot of token `t`: takes the expert nearest to room, of these the best, and makes
    /// place there. False if none of its experts reaches room in this phase.
    fn fill(&mut self, t: u32, phase: &mut Phase, prices: &[f32]) -> bool {
        loop {
            let held = self.choices.experts(t as usize);
            let scores = self.instance.scores(t as usize);
            let mut best: Option<(u32, f32, u32)> = None;
            for (e, (&s, &p)) in (0..).zip(scores.iter().zip(prices)) {
                let (distance, value) = (phase.distance[e as usize], s - p);
                let better =
                    best.is_none_or(|(d, v, _)| distance < d || distance == d && value > v);
                if better && distance < FAR && s > f32::NEG_INFINITY && !held.contains(&e) {
                    best = Some((distance, value, e));
                }
            }
            let Some((_, _, expert)) = best else { return false };
            if self.has_room(expert as usize) || self.advance(expert, phase, prices) {
                self.shift(t, Assignment::EMPTY, expert);
                phase.holders[expert as usize].push(t);
                return true;
            }
        }
    }

    /// Moves one token along each arc of a shortest path from expert `start` to room, which takes
    /// one unit off `start`. False if there is no such path left; then `start` is far from room
    /// for the rest of the phase.
    fn advance(&mut self, start: u32, phase: &mut Phase, prices: &[f32]) -> bool {
        let mut path: Vec<(u32, u32, u32)> = Vec::new();
        let mut at = start;
        loop {
            let distance = phase.distance[at as usize];
            if distance == 0 && self.has_room(at as usize) {
                break;
            }
            let next = if distance == 0 || distance == FAR {
                None
            } else {
                self.least_regret(at, distance - 1, phase, prices)
            };
            if let Some((token, to)) = next {
                path.push((token, at, to));
                at = to;
            } else {
                phase.distance[at as usize] = FAR;
                match path.pop() {
                    Some((_, from, _)) => at = from,
                    None => return false,
                }
            }
        }
        for (token, from, to) in path {
            self.shift(token, from, to);
            phase.holders[from as usize].retain(|&t| t != token);
            phase.holders[to as usize].push(token);
        }
        true
    }

    /// The token that holds `from` and regrets least to move to an expert at `distance`.
    fn least_regret(
        &self,
        from: u32,
        distance: u32,
        phase: &Phase,
        prices: &[f32],
    ) -> Option<(u32, u32)> {
        let targets: Vec<u32> = (0..self.load.len() as u32)
            .filter(|&e| phase.distance[e as usize] == distance)
            .filter(|&e| distance > 0 || self.has_room(e as usize))
            .collect();
        let mut best: Option<(f32, u32, u32)> = None;
        for &t in &phase.holders[from as usize] {
            let (scores, held) =
                (self.instance.scores(t as usize), self.choices.experts(t as usize));
            for &e in &targets {
                let s = scores[e as usize];
                let gain = (s - prices[e as usize]) - scores[from as usize];
                let better = best.is_none_or(|(g, ..)| gain > g);
                if better && s > f32::NEG_INFINITY && !held.contains(&e) {
                    best = Some((gain, t, e));
                }
            }
        }
        best.map(|(_, t, e)| (t, e))
    }

    /// The Hall violator around a unit from which no room can be reached: the experts that can be
    /// reached, all full, and the tokens that hold them.
    fn deficiency(&self, source: Source, arcs: &Bits) -> Error {
        let experts = self.load.len();
        let mut reached = Bits::new(1, experts);
        let mut queue: Vec<usize> = match source {
            Source::Token(t) => {
                self.open(t as usize, &mut reached.rows);
                (0..experts).filter(|&e| reached.contains(0, e)).collect()
            }
            Source::Expert(e) => {
                reached.rows[e as usize / 64] |= 1 << (e % 64);
                vec![e as usize]
            }
        };
        while let Some(e) = queue.pop() {
            queue.extend((0..experts).filter(|&f| arcs.contains(e, f) && !reached.contains(0, f)));
            reached.join(0, arcs.row(e));
        }
        let inside = |&e: &u32| reached.contains(0, e as usize);
        let is_stuck = |t: u32| matches!(source, Source::Token(token) if token == t);
        let tokens = (0..self.instance.tokens() as u32)
            .filter(|&t| is_stuck(t) || self.choices.experts(t as usize).iter().any(inside))
            .collect();
        let crowded = (0..experts as u32).filter(inside).collect();
        let deficiency = Deficiency::crowded(self.instance, tokens, crowded)
            .unwrap_or_else(|| unreachable!("reached experts are full and closed under moves"));
        Error::Deficient(Box::new(deficiency))
    }
}
