//! What a round of coordinate steps looks at: the tokens that would leave an expert, or come to it.
//!
//! Every look goes through blocks of tokens in parallel, and its outcome is in the order of tokens whatever the number
//! of threads.

use rayon::prelude::*;
use spinroute_simd::widest;

use crate::batch::Batch;
use crate::pass::{Candidates, Look, Selection};
use crate::point::Point;
use crate::tree::Tree;

/// What rounding parts: of the sizes of what is compared.
const ROUNDING: f64 = 1.0 / (1u64 << 21) as f64;
/// Experts that are compared at once.
const LANES: usize = 32;
/// Less than one expert in so many is read column by column.
const FEW_COLUMNS: usize = 16;
/// Tokens a block of a parallel look, whatever the number of threads.
const BLOCK: usize = 1024;

widest! {
    /// Where chunks of a row begin in which scores less `taken` are above the `low` of their experts, and which.
    fn above(row: &'a [f32], low: &'a [f32], taken: f32, found: &'a mut Vec<(usize, u32)>) {
        for (chunk, (scores, low)) in row.chunks(LANES).zip(low.chunks(LANES)).enumerate() {
            let mut places = 0u32;
            for (place, (&s, &low)) in scores.iter().zip(low).enumerate() {
                places |= u32::from(s - taken > low) << place;
            }
            if places != 0 {
                found.push((chunk * LANES, places));
            }
        }
    }
}

/// Where an expert's price goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    Stays,
    /// So many holders are too many.
    Up(usize),
    /// So many more fit.
    Down(usize),
}

/// What a round looks at.
pub(super) struct Sight<'a> {
    pub(super) batch: Batch<'a>,
    pub(super) prices: &'a [f32],
    selection: &'a Selection,
    /// One an expert.
    pub(super) ways: Vec<Way>,
    /// Lists, and how far prices have fallen since; where there are none, whole rows are looked at.
    lists: Option<(&'a Candidates, Vec<f32>)>,
    /// What rounding can part.
    pub(super) slack: f64,
}

/// Prices at which tokens leave experts, or come to them.
type Found = Vec<(u32, f32)>;
/// The same, block after block.
type Blocks = std::iter::Flatten<std::vec::IntoIter<Found>>;

/// The reduced scores between which a token's choice ends: 0 is that of an empty slot.
struct Ends {
    taken: f32,
    left: f32,
}

impl<'a> Sight<'a> {
    pub(super) fn new(
        batch: Batch<'a>,
        tree: &Tree,
        point: &'a Point,
        lists: &'a Candidates,
    ) -> Self {
        let (prices, selection) = (point.prices(), point.selection());
        let way = |(e, &load): (usize, &u32)| {
            let (load, capacity) = (f64::from(load), tree.capacity(e));
            if load > capacity {
                Way::Up((load - capacity).ceil() as usize)
            } else if prices[e] > 0.0 {
                Way::Down((capacity - load) as usize)
            } else {
                Way::Stays
            }
        };
        let ways = point.loads().iter().enumerate().map(way).collect();
        let size = |values: &[f32]| {
            let sizes = values.iter().filter(|value| value.is_finite());
            sizes.fold(0.0, |size, value| f64::max(size, f64::from(value.abs())))
        };
        let slack = ROUNDING * (size(&selection.left) + size(&selection.taken) + size(prices));
        let falls = lists.falls(batch.tokens(), prices);
        let lists = falls.map(|falls| (lists, falls));
        Self { batch, prices, selection, ways, lists, slack }
    }

    fn ends(&self, t: usize) -> Ends {
        let (taken, left) = (self.selection.taken[t], self.selection.left[t]);
        let floor = self.batch.floor();
        Ends { taken: taken.max(floor), left: left.max(floor) }
    }

    /// What the blocks of tokens find, block after block.
    fn blocks(&self, of_block: impl Fn(std::ops::Range<usize>) -> Found + Sync) -> Blocks {
        let tokens = self.batch.tokens();
        let range = |block: usize| block * BLOCK..((block + 1) * BLOCK).min(tokens);
        let blocks = 0..tokens.div_ceil(BLOCK);
        let found: Vec<Found> =
            blocks.into_par_iter().map(|block| of_block(range(block))).collect();
        found.into_iter().flatten()
    }

    /// What parts each token's ends.
    pub(super) fn margins(&self, margins: &mut Vec<f32>) {
        margins.resize(self.batch.tokens(), 0.0);
        let blocks = margins.par_chunks_mut(BLOCK).enumerate();
        blocks.for_each(|(block, margins)| {
            for (t, margin) in (block * BLOCK..).zip(margins) {
                *margin = self.margin(t);
            }
        });
    }

    /// Prices within `reach` at which tokens of no larger margin leave experts whose side is above 0, and come to those
    /// whose side is below: where there are lists, to those that are on them.
    pub(super) fn near(&self, sides: &[f32], margins: &[f32], reach: f32) -> Blocks {
        self.blocks(|tokens| {
            let mut found = Found::new();
            let Some((lists, _)) = &self.lists else {
                for t in tokens.filter(|&t| margins[t] <= reach) {
                    let row = self.batch.row(t).iter().copied().enumerate();
                    found.extend(row.filter_map(|of| self.price(t, of, sides, reach)));
                }
                return found;
            };
            let look = Look {
                prices: self.prices,
                sides,
                taken: &self.selection.taken[tokens.clone()],
                left: &self.selection.left[tokens.clone()],
                floor: self.batch.floor(),
                margins: &margins[tokens.clone()],
                reach,
            };
            let mut near = Vec::new();
            lists.near(tokens.clone(), look, &mut near);
            for (t, mut places) in near {
                let t = tokens.start + t as usize;
                let (ids, scores) = lists.list(t);
                while places != 0 {
                    let place = places.trailing_zeros() as usize;
                    places &= places - 1;
                    found.extend(self.price(t, (ids[place] as usize, scores[place]), sides, reach));
                }
            }
            found
        })
    }

    /// Prices at which tokens leave those that they hold of the experts whose side is above 0.
    pub(super) fn leaving(&self, sides: &[f32]) -> Blocks {
        let k = self.batch.demand().k();
        self.blocks(|tokens| {
            let mut found = Found::new();
            for t in tokens {
                let row = &self.selection.experts[t * k..][..self.batch.k(t)];
                let held = row.iter().map(|&e| e as usize).filter(|&e| sides[e] > 0.0);
                let scored = held.map(|e| (e, self.batch.row(t)[e]));
                found.extend(scored.filter_map(|of| self.price(t, of, sides, f32::INFINITY)));
            }
            found
        })
    }

    /// The price at which token `t` leaves an expert, or comes, if that is looked for and within `reach`.
    fn price(
        &self,
        t: usize,
        (e, score): (usize, f32),
        sides: &[f32],
        reach: f32,
    ) -> Option<(u32, f32)> {
        let (side, value) = (sides[e], score - self.prices[e]);
        // What pads a short list is forbidden there.
        if side == 0.0 || score == f32::NEG_INFINITY {
            return None;
        }
        let Ends { taken, left } = self.ends(t);
        let near = if side > 0.0 { value - left } else { taken - value };
        let holds = value > taken || value == taken && self.holds(t, e, score);
        let found = near <= reach && holds == (side > 0.0);
        found.then_some((e as u32, score - if holds { left } else { taken }))
    }

    /// Prices above those in `to` at which tokens come to experts that are on none of their lists. Of the experts that
    /// fall, the `deep`est first, each with how far.
    pub(super) fn unlisted(&self, deep: &[(f64, usize)], to: &[f32]) -> Blocks {
        let deepest = deep.first().map_or(f64::NEG_INFINITY, |first| first.0);
        self.blocks(|tokens| {
            let mut found = Found::new();
            let Some((lists, falls)) = &self.lists else { return found };
            for t in tokens {
                let taken = self.ends(t).taken;
                // What a price must fall by before the token takes the expert.
                let gap = f64::from(taken) - f64::from(lists.others(t, falls)) - self.slack;
                if gap > deepest || !taken.is_finite() {
                    continue;
                }
                let (row, (ids, scores)) = (self.batch.row(t), lists.list(t));
                // What pads a short list is forbidden there.
                let is_listed = |e: usize| {
                    let mut listed = ids.iter().zip(scores);
                    listed.any(|(&id, &score)| id as usize == e && score > f32::NEG_INFINITY)
                };
                for &(_, e) in deep.iter().take_while(|(drop, _)| gap <= *drop) {
                    let comes = row[e] - taken;
                    if comes > to[e] && !is_listed(e) {
                        found.push((e as u32, comes));
                    }
                }
            }
            found
        })
    }

    /// Prices above `low`, one an expert of `down`, at which each `stride`-th token comes to it.
    pub(super) fn coming(&self, down: &[usize], stride: usize, low: &[f32]) -> Blocks {
        // Few columns are read one by one, of many whole rows.
        let few = down.len() * FEW_COLUMNS < self.batch.experts();
        let mut least = vec![f32::INFINITY; self.batch.experts()];
        for (&e, &low) in down.iter().zip(low) {
            least[e] = low;
        }
        self.blocks(|tokens| {
            let (mut found, mut hits) = (Found::new(), Vec::new());
            for t in tokens.step_by(stride) {
                let (row, taken) = (self.batch.row(t), self.ends(t).taken);
                if few {
                    let pairs = down.iter().zip(low);
                    found.extend(pairs.filter_map(|(&e, &low)| self.comes((t, taken), e, low)));
                    continue;
                }
                hits.clear();
                above(row, &least, taken, &mut hits);
                for &(start, mut places) in &hits {
                    while places != 0 {
                        let e = start + places.trailing_zeros() as usize;
                        places &= places - 1;
                        found.extend(self.comes((t, taken), e, least[e]));
                    }
                }
            }
            found
        })
    }

    /// What parts the token's ends; 0 where a slot is empty, whatever the others are worth.
    fn margin(&self, t: usize) -> f32 {
        if self.selection.taken[t] <= self.batch.floor() {
            return 0.0;
        }
        let Ends { taken, left } = self.ends(t);
        taken - left
    }

    /// The price at which token `t`, which takes nothing worth less than `taken`, comes to `e`, if that is above `low`.
    fn comes(&self, (t, taken): (usize, f32), e: usize, low: f32) -> Option<(u32, f32)> {
        let score = self.batch.row(t)[e];
        let (price, value) = (score - taken, score - self.prices[e]);
        let is_new = value < taken || value == taken && !self.holds(t, e, score);
        (price > low && is_new).then_some((e as u32, price))
    }

    /// Whether a token takes an expert that it scores so.
    fn holds(&self, t: usize, e: usize, score: f32) -> bool {
        let k = self.batch.demand().k();
        let takes = self.batch.demand().is_exact() || score > self.prices[e];
        takes && self.selection.experts[t * k..][..k].contains(&(e as u32))
    }
}
