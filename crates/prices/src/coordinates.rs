//! A round of coordinate steps: each price where its expert would fit if no other price moved.
//!
//! An expert that is wanted too often goes up to the price at which so many of its tokens leave that it fits: an order
//! statistic of `s[t,e]` less the best that the token leaves. One that lacks tokens, and costs something, goes down to
//! the price at which as many come: an order statistic, among those that do not hold it, of `s[t,e]` less the last that
//! the token takes. All at once they overshoot, since both ends of one token's move pay for it; so none goes all of its
//! [way](UP). What this finds in one look, and no smoothed curvature shows, are the prices of experts that few tokens
//! rank near their margin.
//!
//! The tokens that decide are those of small margin, about as many as are out of place; they are looked at on their
//! lists ([`Candidates`]), and more of them where these are not enough. An expert that is on no list of a token is
//! worth no more to it than the list's floor says: only tokens of a low floor, and experts of a deep fall, are looked up
//! in the table. So a round costs less than a pass, and its outcome does not depend on what the lists hold.
//!
//! Tried and not kept: quantile balancing proper, where a price falls only if too few tokens would take the expert next
//! (a fifth more passes in all, at 65,536 tokens three times as many); all of the way up (a tie at every price).

use rayon::prelude::*;
use spinroute_simd::widest;

use crate::batch::Batch;
use crate::pass::{Candidates, Look, Selection};
use crate::point::Point;
use crate::tree::Tree;

/// How much of its way a price goes up, and down.
const UP: f64 = 0.9;
const DOWN: f64 = 0.6;
/// The same down for experts whose tokens are far from their margin: nobody answers.
const FAR_DOWN: f64 = 1.0;
/// What rounding parts: of the sizes of what is compared.
const ROUNDING: f64 = 1.0 / (1u64 << 21) as f64;
/// How many times as many tokens as units out of place are looked at, look by look.
const TOKENS: [f64; 3] = [1.0, 4.0, 16.0];
/// On how many tokens margins are ranked, and far prices guessed, at least, where there are so many.
const SAMPLED: usize = 1024;
const FEW: usize = 256;
/// How many times as many tokens as needed are about enough of them.
const SURELY: usize = 2;
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

/// The memory of rounds.
#[derive(Debug, Default)]
pub(crate) struct Coordinates {
    /// By expert: prices at which tokens leave it, or come.
    values: Vec<Vec<f32>>,
    margins: Vec<f32>,
    /// Some of them, each `stride`-th, ascending.
    sorted: Vec<f32>,
    stride: usize,
    sides: Vec<f32>,
    near: Vec<(u32, u16)>,
}

/// Where an expert's price goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Stays,
    /// So many holders are too many.
    Up(usize),
    /// So many more fit.
    Down(usize),
}

/// What a round looks at.
struct Sight<'a> {
    batch: Batch<'a>,
    prices: &'a [f32],
    selection: &'a Selection,
    ways: Vec<Way>,
    /// Lists, and how far prices have fallen since; where there are none, whole rows are looked at.
    lists: Option<(&'a Candidates, Vec<f32>)>,
    /// What rounding can part.
    slack: f64,
}

impl Coordinates {
    /// The prices of a round at `point`, at most `highest`, under plain limits. About so many `units` are out of place.
    pub(crate) fn round(
        &mut self,
        (batch, tree): (Batch<'_>, &Tree),
        (point, units): (&Point, f64),
        lists: &Candidates,
        highest: f32,
    ) -> Vec<f32> {
        let sight = Sight::new(batch, tree, point, lists);
        let (mut to, far) = self.targets(&sight, units);
        for (e, (to, &from)) in to.iter_mut().zip(sight.prices).enumerate() {
            let change = f64::from(*to) - f64::from(from);
            let way = if change > 0.0 {
                UP
            } else if far.binary_search(&e).is_ok() {
                FAR_DOWN
            } else {
                DOWN
            };
            // What rounding alone would move stays.
            let moves = change.abs() > sight.slack;
            *to = if moves { (f64::from(from) + way * change) as f32 } else { from };
            *to = to.clamp(0.0, highest);
        }
        to
    }

    /// Where each price would go alone, and which experts' tokens are far from their margin, ascending.
    fn targets(&mut self, sight: &Sight<'_>, units: f64) -> (Vec<f32>, Vec<usize>) {
        let mut to = sight.prices.to_vec();
        let is_open = |&e: &usize| sight.ways[e] != Way::Stays;
        let mut open: Vec<usize> = (0..to.len()).filter(is_open).collect();
        self.values.resize_with(to.len(), Vec::new);
        self.margins.clear();
        self.margins.extend((0..sight.batch.tokens()).map(|t| sight.margin(t)));
        self.stride = (sight.batch.tokens() / SAMPLED).max(1);
        self.sorted.clear();
        self.sorted.extend(self.margins.iter().step_by(self.stride));
        self.sorted.sort_unstable_by(f32::total_cmp);
        for tokens in TOKENS {
            let reach = self.reach(tokens * units);
            self.look(sight, &open, reach);
            open.retain(|&e| match self.found(sight, e) {
                Some(price) => {
                    to[e] = price;
                    false
                }
                None => true,
            });
        }
        self.look_up(sight, &mut to);
        self.far(sight, &open, &mut to);
        (to, open)
    }

    /// The margin up to which so many tokens lie, but not more than that of half of them.
    fn reach(&self, tokens: f64) -> f32 {
        let rank = (tokens as usize / self.stride).min(self.sorted.len() / 2);
        self.sorted.get(rank).copied().unwrap_or(0.0)
    }

    /// Gathers, for the experts in `open`, prices within `reach` at which tokens leave or come.
    fn look(&mut self, sight: &Sight<'_>, open: &[usize], reach: f32) {
        self.sides.clear();
        self.sides.resize(self.values.len(), 0.0);
        for &e in open {
            self.values[e].clear();
            self.sides[e] = if matches!(sight.ways[e], Way::Up(_)) { 1.0 } else { -1.0 };
        }
        let Some((lists, _)) = &sight.lists else {
            for t in 0..self.margins.len() {
                if self.margins[t] > reach {
                    continue;
                }
                for (e, &score) in sight.batch.row(t).iter().enumerate() {
                    self.enter(sight, t, (e, score), reach);
                }
            }
            return;
        };
        let mut near = std::mem::take(&mut self.near);
        near.clear();
        lists.near(
            Look {
                prices: sight.prices,
                sides: &self.sides,
                taken: &sight.selection.taken,
                left: &sight.selection.left,
                floor: sight.batch.floor(),
                margins: &self.margins,
                reach,
            },
            &mut near,
        );
        for &(t, mut places) in &near {
            let (ids, scores) = lists.list(t as usize);
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                places &= places - 1;
                self.enter(sight, t as usize, (ids[place] as usize, scores[place]), reach);
            }
        }
        self.near = near;
    }

    /// Enters the price at which token `t` leaves an expert, or comes, if that is looked for and within `reach`.
    fn enter(&mut self, sight: &Sight<'_>, t: usize, (e, score): (usize, f32), reach: f32) {
        let (side, value) = (self.sides[e], score - sight.prices[e]);
        // What pads a short list is forbidden there.
        if side == 0.0 || score == f32::NEG_INFINITY {
            return;
        }
        let Ends { taken, left } = sight.ends(t);
        let near = if side > 0.0 { value - left } else { taken - value };
        let holds = value > taken || value == taken && sight.holds(t, e, score);
        if near <= reach && holds == (side > 0.0) {
            self.values[e].push(score - if holds { left } else { taken });
        }
    }

    /// The price that an expert goes to, if enough was gathered.
    fn found(&mut self, sight: &Sight<'_>, e: usize) -> Option<f32> {
        let values = &mut self.values[e];
        match sight.ways[e] {
            Way::Up(over) if over <= values.len() => {
                Some(*values.select_nth_unstable_by(over - 1, f32::total_cmp).1)
            }
            Way::Down(room) if room < values.len() => {
                let (_, price, _) = values.select_nth_unstable_by(room, |a, b| b.total_cmp(a));
                Some(price.max(0.0))
            }
            _ => None,
        }
    }

    /// Mends the prices that fall too far for want of tokens on whose lists the expert is not. One that is not found yet
    /// has not fallen.
    fn look_up(&mut self, sight: &Sight<'_>, to: &mut [f32]) {
        let Some((lists, falls)) = &sight.lists else { return };
        let mut deep: Vec<(f64, usize)> = (0..to.len())
            .map(|e| (f64::from(sight.prices[e]) - f64::from(to[e]), e))
            .filter(|&(drop, e)| matches!(sight.ways[e], Way::Down(_)) && drop > 0.0)
            .collect();
        deep.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let deepest = deep.first().map_or(f64::NEG_INFINITY, |first| first.0);
        for t in 0..sight.batch.tokens() {
            let taken = sight.ends(t).taken;
            // What a price must fall by before the token takes the expert.
            let gap = f64::from(taken) - f64::from(lists.others(t, falls)) - sight.slack;
            if gap > deepest || !taken.is_finite() {
                continue;
            }
            let (row, (ids, scores)) = (sight.batch.row(t), lists.list(t));
            // What pads a short list is forbidden there.
            let is_listed = |e: usize| {
                let mut listed = ids.iter().zip(scores);
                listed.any(|(&id, &score)| id as usize == e && score > f32::NEG_INFINITY)
            };
            for &(_, e) in deep.iter().take_while(|(drop, _)| gap <= *drop) {
                let comes = row[e] - taken;
                if comes > to[e] && !is_listed(e) {
                    self.values[e].push(comes);
                    self.sides[e] = f32::NAN;
                }
            }
        }
        for (_, e) in deep {
            if self.sides[e].is_nan() {
                to[e] = self.found(sight, e).unwrap_or(to[e]);
            }
        }
    }

    /// The prices of experts in `open`, which go further than the tokens looked at say.
    fn far(&mut self, sight: &Sight<'_>, open: &[usize], to: &mut [f32]) {
        let is_up = |e: &usize| matches!(sight.ways[*e], Way::Up(_));
        let (up, mut down): (Vec<usize>, Vec<usize>) = open.iter().copied().partition(is_up);
        if !up.is_empty() {
            self.look(sight, &up, f32::INFINITY);
        }
        for e in up {
            // Whoever is left pays any price.
            let most = |values: &[f32]| values.iter().copied().max_by(f32::total_cmp);
            to[e] = self.found(sight, e).or_else(|| most(&self.values[e])).unwrap_or(to[e]);
        }
        if down.is_empty() {
            return;
        }
        // Some tokens tell about from which price on to look at all of them.
        let stride = (self.margins.len() / FEW).max(1);
        self.come(sight, &down, stride, &vec![0.0; down.len()]);
        let mut low: Vec<f32> = down.iter().map(|&e| self.about(sight, e, stride)).collect();
        while !down.is_empty() {
            self.come(sight, &down, 1, &low);
            let mut again = Vec::new();
            for (&e, &low) in down.iter().zip(&low) {
                match self.found(sight, e) {
                    Some(price) => to[e] = price,
                    None if low > 0.0 => again.push(e),
                    None => to[e] = 0.0,
                }
            }
            (low, down) = (vec![0.0; again.len()], again);
        }
    }

    /// Gathers prices above `low` at which tokens come, each `stride`-th of them.
    fn come(&mut self, sight: &Sight<'_>, down: &[usize], stride: usize, low: &[f32]) {
        for &e in down {
            self.values[e].clear();
        }
        // Few columns are read one by one, of many whole rows.
        let few = down.len() * FEW_COLUMNS < self.values.len();
        let mut least = vec![f32::INFINITY; self.values.len()];
        for (&e, &low) in down.iter().zip(low) {
            least[e] = low;
        }
        let of_block = |block: usize| {
            let (mut found, mut hits) = (Vec::new(), Vec::new());
            let end = ((block + 1) * BLOCK).min(sight.batch.tokens());
            for t in (block * BLOCK..end).step_by(stride) {
                let (row, taken) = (sight.batch.row(t), sight.ends(t).taken);
                if few {
                    let pairs = down.iter().zip(low);
                    found.extend(pairs.filter_map(|(&e, &low)| sight.comes((t, taken), e, low)));
                    continue;
                }
                hits.clear();
                above(row, &least, taken, &mut hits);
                for &(start, mut places) in &hits {
                    while places != 0 {
                        let e = start + places.trailing_zeros() as usize;
                        places &= places - 1;
                        found.extend(sight.comes((t, taken), e, least[e]));
                    }
                }
            }
            found
        };
        let blocks = sight.batch.tokens().div_ceil(BLOCK);
        let found: Vec<Vec<(u32, f32)>> = (0..blocks).into_par_iter().map(of_block).collect();
        for (e, price) in found.into_iter().flatten() {
            self.values[e as usize].push(price);
        }
    }

    /// A price surely below the one that an expert goes down to, or nearly surely, by each `stride`-th token.
    fn about(&mut self, sight: &Sight<'_>, e: usize, stride: usize) -> f32 {
        let Way::Down(room) = sight.ways[e] else { return 0.0 };
        let (values, rank) = (&mut self.values[e], SURELY * (room / stride + 2));
        if rank >= values.len() {
            return 0.0;
        }
        *values.select_nth_unstable_by(rank, |a, b| b.total_cmp(a)).1
    }
}

/// The reduced scores between which a token's choice ends: 0 is that of an empty slot.
struct Ends {
    taken: f32,
    left: f32,
}

impl<'a> Sight<'a> {
    fn new(batch: Batch<'a>, tree: &Tree, point: &'a Point, lists: &'a Candidates) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spinroute_core::Demand;

    /// The definition, from whole columns.
    fn by_columns(batch: Batch<'_>, capacity: &[u32], point: &Point) -> Vec<f32> {
        let (k, prices) = (batch.demand().k(), point.prices());
        let sight_floor = batch.floor();
        let column = |e: usize| {
            let (mut leave, mut come) = (Vec::new(), Vec::new());
            for t in 0..batch.tokens() {
                let (row, score) = (&point.selection().experts[t * k..][..k], batch.row(t)[e]);
                let taken = point.selection().taken[t].max(sight_floor);
                let left = point.selection().left[t].max(sight_floor);
                let holds =
                    row.contains(&(e as u32)) && (batch.demand().is_exact() || score > prices[e]);
                if holds && left > f32::NEG_INFINITY {
                    leave.push(score - left);
                } else if !holds && score - taken > 0.0 {
                    come.push(score - taken);
                }
            }
            leave.sort_by(f32::total_cmp);
            come.sort_by(|a, b| b.total_cmp(a));
            (leave, come)
        };
        let price = |e: usize| {
            let (load, capacity) = (point.loads()[e] as usize, capacity[e] as usize);
            let (leave, come) = column(e);
            if load > capacity {
                let over = (load - capacity).min(leave.len());
                if over == 0 { prices[e] } else { leave[over - 1] }
            } else if prices[e] > 0.0 {
                come.get(capacity - load).copied().unwrap_or(0.0)
            } else {
                prices[e]
            }
        };
        (0..batch.experts()).map(price).collect()
    }

    proptest! {
        /// Whatever the lists hold, and where there are none. In eighths, where nothing is rounded.
        #[test]
        fn a_round_is_that_of_columns(
            (experts, k) in (20usize..50).prop_flat_map(|e| (Just(e), 1u32..=9)),
            cells in prop::collection::vec(prop_oneof![12 => 0i32..64, 1 => Just(-1000)], 50 * 60),
            prices in prop::collection::vec(0i32..24, 50),
            changes in prop::collection::vec((0usize..50, -12i32..12), 0..4),
            capacity in prop::collection::vec(0u32..30, 50),
            spread in 1i32..8,
            exact: bool,
        ) {
            let eighths = |c: i32| c as f32 / 8.0;
            let score = |&c: &i32| if c < 0 { f32::NEG_INFINITY } else { eighths(c / spread * spread) };
            let cells: Vec<f32> = cells.iter().take(experts * 60).map(score).collect();
            let demand = if exact { Demand::Exactly(k) } else { Demand::AtMost(k) };
            let batch = Batch::new(&cells, experts, demand);
            let capacity = &capacity[..experts];
            let tree = Tree::plain(&capacity.iter().map(|&c| f64::from(c)).collect::<Vec<_>>());
            let mut prices: Vec<f32> = prices[..experts].iter().map(|&p| eighths(p)).collect();
            let mut lists = Candidates::default();
            let mut at = |prices: &[f32]| {
                Point::under(batch, &tree, prices.to_vec(), Selection::default(), Some(&mut lists))
            };
            let mut point = at(&prices);
            for (e, change) in changes {
                prices[e % experts] = (prices[e % experts] + eighths(change)).max(0.0);
                point = at(&prices);
            }
            let want = by_columns(batch, capacity, &point);
            for units in [1.0, 1e9] {
                let sight = Sight::new(batch, &tree, &point, &lists);
                let (found, _) = Coordinates::default().targets(&sight, units);
                prop_assert_eq!(&found, &want);
            }
        }
    }
}
