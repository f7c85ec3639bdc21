//! What an optimal flow leaves open, and what that proves: prices, or a cut.

use spinroute_core::{Deficiency, Instance, Shortfall};

use crate::exact_sum::ExactSum;

/// An arc that can carry a unit more, and what that costs.
pub(crate) struct Arc<const W: usize> {
    pub(crate) tail: usize,
    pub(crate) head: usize,
    pub(crate) cost: ExactSum<W>,
}

/// The open arcs between tokens, then experts, then groups, then the outside, where flow comes from and goes to.
pub(crate) struct Residual<const W: usize> {
    pub(crate) tokens: usize,
    pub(crate) outside: usize,
    pub(crate) arcs: Vec<Arc<W>>,
}

type Labels<const W: usize> = Vec<Option<ExactSum<W>>>;

impl<const W: usize> Residual<W> {
    /// Shortest lengths: lowers labels until no arc does.
    fn settle(&self, labels: &mut Labels<W>) {
        let mut lower = true;
        while lower {
            lower = false;
            for Arc { tail, head, cost } in &self.arcs {
                if let Some(length) = labels[*tail].map(|here| here + *cost)
                    && labels[*head].is_none_or(|known| length < known)
                {
                    labels[*head] = Some(length);
                    lower = true;
                }
            }
        }
    }

    /// Labels all nodes that have none and from which a labelled one is reached: as low as their arcs allow.
    fn settle_backwards(&self, labels: &mut Labels<W>) {
        let fixed: Vec<bool> = labels.iter().map(Option::is_some).collect();
        let mut higher = true;
        while higher {
            higher = false;
            for Arc { tail, head, cost } in self.arcs.iter().filter(|arc| !fixed[arc.tail]) {
                if let Some(least) = labels[*head].map(|there| there - *cost)
                    && labels[*tail].is_none_or(|known| known < least)
                {
                    labels[*tail] = Some(least);
                    higher = true;
                }
            }
        }
    }

    /// A label `d` of every node with `d[head] ≤ d[tail] + cost` along every open arc, and 0 outside: that no
    /// cycle is negative. Shortest lengths from outside; what these do not reach gets labels as near as may be.
    fn labels(&self) -> Vec<ExactSum<W>> {
        let mut labels = vec![None; self.outside + 1];
        labels[self.outside] = Some(ExactSum::ZERO);
        self.settle(&mut labels);
        self.settle_backwards(&mut labels);
        let mut labels: Labels<W> =
            labels.into_iter().map(|label| label.or(Some(ExactSum::ZERO))).collect();
        self.settle(&mut labels);
        labels.into_iter().map(|label| label.unwrap_or(ExactSum::ZERO)).collect()
    }

    /// The own price of each expert, then of each group: what the labels fall by on the way into it. Along the
    /// open arcs that is complementary slackness: no unit more of a load gains, nor does one less, nor does any
    /// other choice of a token.
    ///
    /// What holds nothing whatever it costs gets a price that keeps everybody away: its shortest path may be
    /// long, and rounded would lose the digits of the others.
    pub(crate) fn prices(&self, instance: &Instance, low: i32) -> Vec<f64> {
        let (labels, nodes) = (self.labels(), instance.nodes());
        let parent = |node| instance.parent(node).map_or(self.outside, |p| self.tokens + p);
        let price = |node| {
            let limits = instance.limits(node);
            let own = labels[parent(node)] - labels[self.tokens + node];
            let lowest = if limits.reward.up_to > 0 && limits.capacity > 0 {
                -ExactSum::of(limits.reward.gain, low)
            } else {
                ExactSum::ZERO
            };
            (if limits.minimum > 0 { own } else { own.max(lowest) }).value(low)
        };
        let mut prices: Vec<f64> = (0..nodes).map(price).collect();
        let finite = instance.flat().iter().filter(|s| s.is_finite());
        let largest = f64::from(finite.fold(0f32, |largest, s| largest.max(s.abs())));
        let highest = prices.iter().fold(0f64, |highest, price| highest.max(price.abs()));
        let closed = |node| instance.limits(node).highest() == 0;
        for node in 0..nodes {
            let mut around = instance.parent(node);
            while let Some(group) = around {
                if closed(group) {
                    prices[node] = instance.limits(node).lowest_price();
                }
                around = instance.parent(group);
            }
            if closed(node) {
                prices[node] = 4.0 * (largest + highest);
            }
        }
        prices
    }

    /// Why an arc from `tail` to `head` cannot carry the unit that it must: no path leads back from `head`, so
    /// what is reached from there is a cut.
    pub(crate) fn cut(&self, instance: &Instance, head: usize) -> Option<Deficiency> {
        let mut reached = vec![false; self.outside + 1];
        reached[head] = true;
        let mut more = true;
        while more {
            more = false;
            for Arc { tail, head, .. } in &self.arcs {
                if reached[*tail] && !reached[*head] {
                    reached[*head] = true;
                    more = true;
                }
            }
        }
        // The side that the outside is not on.
        let side = !reached[self.outside];
        let short = if side { Shortfall::Room } else { Shortfall::Tokens };
        let chosen = |range: std::ops::Range<usize>| {
            let start = range.start;
            range.filter(|&i| reached[i] == side).map(|i| (i - start) as u32).collect()
        };
        let groups = self.tokens + instance.experts();
        let (tokens, experts) = (chosen(0..self.tokens), chosen(self.tokens..groups));
        Deficiency::new(instance, short, tokens, experts, chosen(groups..self.outside))
    }
}
