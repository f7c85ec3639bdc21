//! What a load may be, and what it costs.

/// The limits of the load of an expert or of a group, and what its units cost.
///
/// The cost of a load is convex and piecewise linear: the first `reward.up_to` units gain `reward.gain` each,
/// those up to the capacity are free, and `overflow.up_to` more cost `overflow.cost` each. Below the minimum and
/// beyond the overflow no load is allowed. Such costs stay a min-cost flow (Ahuja, Magnanti, Orlin, *Network
/// Flows*, 1993, chapter 14): every piece is an arc of its own.
///
/// ```
/// use spinroute_core::{Limits, Overflow, Reward};
///
/// let limits = Limits {
///     minimum: 0,
///     capacity: 3,
///     overflow: Overflow { cost: 0.5, up_to: 1 },
///     reward: Reward { gain: 0.25, up_to: 1 },
/// };
/// let costs: Vec<f64> = (0..5).map(|load| limits.cost_of_next(load)).collect();
/// assert_eq!(costs, [-0.25, 0.0, 0.0, 0.5, f64::INFINITY]);
/// // At a price of 0 a load from 1 to 3 is right; at one above 0.5 only 4.
/// assert_eq!((limits.least_at(0.0), limits.most_at(0.0)), (1, 3));
/// assert_eq!((limits.least_at(0.75), limits.most_at(0.75)), (4, 4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The least load.
    pub minimum: u32,
    /// The most that is free.
    pub capacity: u32,
    /// What is allowed beyond.
    pub overflow: Overflow,
    /// What the first units gain.
    pub reward: Reward,
}

/// A penalty instead of a wall: units beyond the capacity at a cost each.
///
/// ```
/// use spinroute_core::Overflow;
///
/// assert_eq!(Overflow::default().up_to, 0); // the capacity is a wall
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Overflow {
    /// What each unit beyond the capacity costs, at least 0, in units of score.
    pub cost: f64,
    /// How many there may be.
    pub up_to: u32,
}

/// A reward for each of the first units of a load: a minimum that may be missed at a price.
///
/// ```
/// use spinroute_core::Reward;
///
/// assert_eq!(Reward::default().gain, 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reward {
    /// What each unit gains, at least 0, in units of score.
    pub gain: f64,
    /// How many gain it, at most the capacity.
    pub up_to: u32,
}

impl Limits {
    /// From `minimum` to `capacity`, free.
    #[must_use]
    pub fn free(minimum: u32, capacity: u32) -> Self {
        let (overflow, reward) = (Overflow::default(), Reward::default());
        Self { minimum, capacity, overflow, reward }
    }

    /// The most that is allowed at any cost.
    #[must_use]
    pub fn highest(&self) -> u32 {
        self.capacity.saturating_add(self.overflow.up_to)
    }

    /// The pieces in order: up to which load each unit costs how much (the reward is a negative cost).
    #[must_use]
    pub fn pieces(&self) -> [(u32, f64); 3] {
        let rewarded = self.reward.up_to.min(self.capacity);
        [(rewarded, -self.reward.gain), (self.capacity, 0.0), (self.highest(), self.overflow.cost)]
    }

    /// What one unit more than `load` costs; `∞` where it is not allowed.
    #[must_use]
    pub fn cost_of_next(&self, load: u32) -> f64 {
        let piece = self.pieces().into_iter().find(|&(end, _)| load < end);
        piece.map_or(f64::INFINITY, |(_, cost)| cost)
    }

    /// The least load that is right at a price: the next unit would cost as much, or more.
    #[must_use]
    pub fn least_at(&self, price: f64) -> u32 {
        let cheaper = self.pieces().into_iter().filter(|&(_, cost)| cost < price);
        cheaper.map(|(end, _)| end).fold(self.minimum, u32::max)
    }

    /// The most load that is right at a price: the last unit costs that, or less.
    #[must_use]
    pub fn most_at(&self, price: f64) -> u32 {
        let cheap = self.pieces().into_iter().filter(|&(_, cost)| cost <= price);
        cheap.map(|(end, _)| end).fold(self.minimum, u32::max)
    }

    /// What a load costs, charges less rewards.
    #[must_use]
    pub fn cost(&self, load: u32) -> f64 {
        let rewarded = load.min(self.reward.up_to.min(self.capacity));
        let over = load.saturating_sub(self.capacity);
        f64::from(over) * self.overflow.cost - f64::from(rewarded) * self.reward.gain
    }

    /// The price below which no lower one proves more: `-∞` where there is a minimum.
    #[must_use]
    pub fn lowest_price(&self) -> f64 {
        if self.minimum > 0 {
            f64::NEG_INFINITY
        } else if self.reward.up_to > 0 && self.capacity > 0 {
            -self.reward.gain
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_holds_at_every_price() {
        let limits = Limits::free(2, 5);
        assert_eq!((limits.least_at(-9.0), limits.most_at(-9.0)), (2, 2));
        assert_eq!((limits.least_at(0.0), limits.most_at(0.0)), (2, 5));
        assert_eq!((limits.least_at(0.1), limits.most_at(0.1)), (5, 5));
    }

    #[test]
    fn costs_by_hand() {
        let overflow = Overflow { cost: 2.0, up_to: 3 };
        let limits =
            Limits { overflow, reward: Reward { gain: 1.0, up_to: 9 }, ..Limits::free(0, 4) };
        assert_eq!([0, 3, 4, 6].map(|load| limits.cost(load)), [0.0, -3.0, -4.0, 0.0]);
        assert_eq!(limits.lowest_price(), -1.0);
        let sum: f64 = (0..6).map(|load| limits.cost_of_next(load)).sum();
        assert_eq!(sum, limits.cost(6));
    }
}
