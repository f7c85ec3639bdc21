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
//! in the table. So a round costs less than a pass, and its outcome does not depend on what the lists hold, but for one
//! thing: a step that did not stand may leave a holder on no list of its token; it then leaves only among the far.
//!
//! Tried and not kept: quantile balancing proper, where a price falls only if too few tokens would take the expert next
//! (a fifth more passes in all, at 65,536 tokens three times as many); all of the way up (a tie at every price).

mod sight;

use crate::batch::Batch;
use crate::pass::Candidates;
use crate::point::Point;
use crate::tree::Tree;
use sight::{Sight, Way};

/// How much of its way a price goes up, and down.
const UP: f64 = 0.9;
const DOWN: f64 = 0.6;
/// The same down for experts whose tokens are far from their margin: nobody answers.
const FAR_DOWN: f64 = 1.0;
/// How many times as many tokens as units out of place are looked at, look by look.
const TOKENS: [f64; 3] = [1.0, 4.0, 16.0];
/// On how many tokens margins are ranked, and far prices guessed, at least, where there are so many.
const SAMPLED: usize = 1024;
const FEW: usize = 256;
/// How many times as many tokens as needed are about enough of them.
const SURELY: usize = 2;

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
        sight.margins(&mut self.margins);
        self.stride = (sight.batch.tokens() / SAMPLED).max(1);
        self.sorted.clear();
        self.sorted.extend(self.margins.iter().step_by(self.stride));
        self.sorted.sort_unstable_by(f32::total_cmp);
        let mut last = f32::NEG_INFINITY;
        for tokens in TOKENS {
            let reach = self.reach(tokens * units);
            if reach <= last {
                continue;
            }
            last = reach;
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

    /// Makes ready to gather prices of the experts in `open`.
    fn begin(&mut self, sight: &Sight<'_>, open: &[usize]) {
        self.sides.clear();
        self.sides.resize(self.values.len(), 0.0);
        for &e in open {
            self.values[e].clear();
            self.sides[e] = if matches!(sight.ways[e], Way::Up(_)) { 1.0 } else { -1.0 };
        }
    }

    /// Gathers, for the experts in `open`, prices within `reach` at which tokens leave or come.
    fn look(&mut self, sight: &Sight<'_>, open: &[usize], reach: f32) {
        self.begin(sight, open);
        for (e, price) in sight.near(&self.sides, &self.margins, reach) {
            self.values[e as usize].push(price);
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
        let mut deep: Vec<(f64, usize)> = (0..to.len())
            .map(|e| (f64::from(sight.prices[e]) - f64::from(to[e]), e))
            .filter(|&(drop, e)| matches!(sight.ways[e], Way::Down(_)) && drop > 0.0)
            .collect();
        deep.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (e, price) in sight.unlisted(&deep, to) {
            self.values[e as usize].push(price);
            self.sides[e as usize] = f32::NAN;
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
            self.begin(sight, &up);
            for (e, price) in sight.leaving(&self.sides) {
                self.values[e as usize].push(price);
            }
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
        for (e, price) in sight.coming(down, stride, low) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::Selection;
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
