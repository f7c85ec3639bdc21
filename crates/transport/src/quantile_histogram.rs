//! Quantile balancing by histograms: the form that Megatron-LM and torchtitan run at scale.
//!
//! Sorting every expert's column over all devices costs too much in training. The router of Kimi K3 (technical
//! report, section 2.3.3 and appendices C, D; in Megatron-LM, `TransformerEngine` and torchtitan) counts instead. With
//! a bias `b[e]` that is added to the scores for selection alone, so that `−b[e]` is a price:
//!
//! ```text
//! α[t]   = (k+1)-th largest over e of s[t,e] + b[e]
//! r[t,e] = α[t] − s[t,e]                                  the bias that would just get e for t
//! counts of r[·,e] in `bins` equal bins of [min b − window, max b + window], what is outside in the end bins
//! b[e]   = the k/E-quantile of r[·,e]: in the first bin that reaches rank ⌈T·k/E⌉, in proportion
//! b     −= mean b
//! ```
//!
//! in `f32`. The published form has `window = 1`, which fits scores from 0 to 1, 1000 bins, and one round a batch:
//! the next batch is routed by the biases that this one gives. Here rounds are on the same batch, so that
//! the rule can be held against `quantile` and `flow`; `rounds = 0` and warm prices route by old biases.
//!
//! Beyond it: the rank of expert `e` is its share of the capacities, `⌈T·k·c[e]/Σc⌉`, which is `⌈T·k/E⌉` where
//! these are equal; masked tokens are not counted; a token without a (k+1)-th allowed expert has the k-th as
//! `α`; a forbidden pair is in the last bin. The prices returned are `max b − b[e]`, at least 0 as a bound needs it.
//! With capacity to spare they are not those that prove most: nothing is clipped, see `quantile`.
//!
//! A round is a step: a top-k pass and a pass of counts, O(T·E), and O(E·bins).
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinroute_core::registry::{self, Entry, Facts, Parameters, SolverEntry};
use spinroute_core::{Best, Error, Instance, Run, Solution, Solver, Stop, param, parameters};
use spinroute_prices::quantile::{Unbounded, levels};
use spinroute_prices::{Batch, Selection, choice, repair_in_time};

parameters! {
    /// Quantile balancing by counts in bins, selection by biased scores, and a repair.
    ///
    /// It honours masks and uneven demands, and by the repair minimums, groups, overflow and rewards, for which
    /// it has no prices.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Demand, Instance, Run, Solver};
    /// use spinroute_transport::QuantileHistogram;
    ///
    /// let scores = array![[0.9, 0.8], [0.7, 0.1]];
    /// let instance = Instance::new(scores, vec![1, 1], Demand::Exactly(1))?;
    /// let solution = QuantileHistogram::default().solve(&instance, &mut Run::new(0))?;
    /// assert_eq!(solution.assignment.slots(), [1, 0]);
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct QuantileHistogram {
        /// a number of bias updates
        ///
        /// 0, or a run that allows no step, selects at the starting biases.
        pub rounds: u32 => "at least 0",
        /// bins of each expert's histogram
        pub bins: u32 => 1 to 65536,
        /// how far the bins reach beyond the lowest and the highest bias
        pub window: f64 => "positive and at most 1e30",
        /// parts of the batch whose biases are averaged
        ///
        /// 1 is Megatron-LM's `global_batch`; more are its `micro_batch`, each of as many consecutive tokens.
        pub parts: u32 => "at least 1" + "; 1 counts all tokens in one histogram",
        /// the weight of the biases before
        ///
        /// `b` becomes `smoothing · b + (1 − smoothing) · (the new one)`.
        pub smoothing: f64 => "at least 0 and below 1",
    }
}

impl Default for QuantileHistogram {
    fn default() -> Self {
        Self { rounds: 8, bins: 1000, window: 1.0, parts: 1, smoothing: 0.0 }
    }
}

impl QuantileHistogram {
    /// The solver's line in a registry.
    pub const ENTRY: SolverEntry = Entry {
        name: "quantile-histogram",
        summary: "quantile balancing by histograms as in training stacks, the best k, a repair",
        exact: false,
        facts: Facts { prices: true, capacity: true },
        reference: "Kimi K3 technical report, section 2.3.3; Megatron-LM, torchtitan 2026",
        params: Self::PARAMS,
        default_params: registry::defaults::<Self>,
        builder: registry::solver::<Self>,
    };

    fn check(&self) -> Result<(), Error> {
        param!(Self::bins).at_least_one(self.bins as usize)?;
        param!(Self::bins).at_most(MOST_BINS, self.bins as usize)?;
        param!(Self::parts).at_least_one(self.parts as usize)?;
        if !(self.window > 0.0 && self.window <= 1e30) {
            return Err(param!(Self::window).refuse(&self.window).into());
        }
        if !(self.smoothing >= 0.0 && self.smoothing < 1.0) {
            return Err(param!(Self::smoothing).refuse(&self.smoothing).into());
        }
        Ok(())
    }
}

/// As the range of `bins` says.
const MOST_BINS: usize = 65_536;
/// No bias to start from is larger in size.
const HIGHEST: f64 = 1e37;

impl Solver for QuantileHistogram {
    /// Starts from the run's warm prices, else from 0.
    ///
    /// # Errors
    /// [`Error::Parameter`] if a parameter is out of its range, [`Error::Deficient`] if there is no assignment,
    /// [`Error::Prices`] if the warm prices are unusable.
    fn solve(&self, instance: &Instance, run: &mut Run<'_>) -> Result<Solution, Error> {
        self.check()?;
        let warm = run.start_prices(instance.nodes())?;
        let mut rounds = Rounds::new(instance, self, warm.unwrap_or(&vec![0.0; instance.nodes()]));
        choice::enough_allowed(instance, &rounds.selection)?;
        let mut stop = run.begin().break_value();
        for _ in 0..self.rounds {
            if stop.is_some() {
                break;
            }
            rounds.next();
            stop = run.tick(Best::default()).break_value();
        }
        let free = vec![0.0; instance.experts()];
        let choices = choice::allowed(Batch::of(instance), &rounds.selection.experts, &free);
        let lowest = rounds.prices.iter().fold(f32::INFINITY, |lowest, &p| lowest.min(p));
        let prices = rounds.prices.iter().map(|&price| f64::from(price) - f64::from(lowest));
        let mut prices: Vec<f64> = prices.collect();
        prices.resize(instance.nodes(), 0.0);
        let (assignment, cut) = repair_in_time(instance, choices, Some(&prices), run)?;
        let stop = cut.or(stop).unwrap_or(Stop::Finished);
        Ok(Solution { assignment, prices: Some(prices), stop })
    }
}

struct Rounds<'a> {
    instance: &'a Instance,
    rule: &'a QuantileHistogram,
    /// The tokens that are not masked.
    tokens: Vec<u32>,
    /// The share of the tokens that each expert is to have.
    share: Vec<f32>,
    /// The biases with the other sign.
    prices: Vec<f32>,
    /// The best `k` under these prices.
    selection: Selection,
}

impl<'a> Rounds<'a> {
    fn new(instance: &'a Instance, rule: &'a QuantileHistogram, prices: &[f64]) -> Self {
        let mut tokens: Vec<u32> = (0..instance.tokens() as u32).collect();
        tokens.retain(|&t| instance.k(t as usize) > 0);
        let count = tokens.len().max(1) as u64;
        let capacity = instance.capacity().iter().map(|&c| u64::from(c).min(count));
        let places = capacity.clone().sum::<u64>().max(1);
        let of_all = |c: u64| (instance.slots() * c) as f64 / (places * count) as f64;
        let share = capacity.map(|c| of_all(c).min(1.0) as f32).collect();
        let prices = &prices[..instance.experts()];
        let prices = prices.iter().map(|p| p.clamp(-HIGHEST, HIGHEST) as f32).collect();
        let selection = Selection::default();
        let mut rounds = Self { instance, rule, tokens, share, prices, selection };
        rounds.select();
        rounds
    }

    fn select(&mut self) {
        self.selection.fill_batch(Batch::of(self.instance), &self.prices);
    }

    /// New biases from those before, then the selection under them.
    fn next(&mut self) {
        let cutoff = levels(self.instance.demand(), &self.selection, Unbounded::Taken);
        let size = self.tokens.len().div_ceil(self.rule.parts as usize).max(1);
        let parts: Vec<Vec<f32>> =
            self.tokens.chunks(size).map(|tokens| self.estimate(tokens, &cutoff)).collect();
        for (e, price) in self.prices.iter_mut().enumerate() {
            let sum: f64 = parts.iter().map(|biases| f64::from(biases[e])).sum();
            let new = if parts.is_empty() { 0.0 } else { -sum / parts.len() as f64 };
            let old = self.rule.smoothing * f64::from(*price);
            *price = (old + (1.0 - self.rule.smoothing) * new) as f32;
        }
        self.select();
    }

    /// The biases that these tokens ask for.
    fn estimate(&self, tokens: &[u32], cutoff: &[f32]) -> Vec<f32> {
        let ends = |(low, high): (f32, f32), &p: &f32| (low.min(-p), high.max(-p));
        let (low, high) = self.prices.iter().fold((f32::INFINITY, f32::NEG_INFINITY), ends);
        let window = self.rule.window as f32;
        let (start, width) = (low - window, (high - low + 2.0 * window) / self.rule.bins as f32);
        let experts = self.instance.experts();
        let positions = (0..experts).into_par_iter().map(|e| {
            let last = self.rule.bins as usize - 1;
            let mut counts = vec![0u32; last + 1];
            for &t in tokens {
                let score = self.instance.flat()[t as usize * experts + e];
                let required = cutoff[t as usize] - score;
                // To usize all that is below 0 becomes 0, and what is above the last bin stays above.
                let bin = if score == f32::NEG_INFINITY {
                    last
                } else {
                    ((required - start) / width) as usize
                };
                counts[bin.min(last)] += 1;
            }
            position(&counts, tokens.len() as f32 * self.share[e])
        });
        let positions: Vec<f32> = positions.collect();
        let mean = positions.iter().map(|&p| f64::from(p)).sum::<f64>() / experts as f64;
        positions.iter().map(|&position| (position - mean as f32) * width).collect()
    }
}

/// Where in the bins, from 0 on, the count reaches `target`: in the first bin that reaches it rounded up, in
/// proportion.
fn position(counts: &[u32], target: f32) -> f32 {
    let rank = f64::from(target.ceil());
    let mut before = 0u32;
    for (bin, &count) in counts.iter().enumerate() {
        if f64::from(before + count) >= rank {
            let inside = if count == 0 { 0.0 } else { (target - before as f32) / count as f32 };
            return bin as f32 + inside;
        }
        before += count;
    }
    counts.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use spinroute_core::Demand;

    #[test]
    fn the_quantile_stands_in_its_bin_in_proportion() {
        assert_eq!(position(&[2, 4, 2], 2.0), 1.0);
        assert_eq!(position(&[2, 4, 2], 3.0), 1.25);
        assert_eq!(position(&[0, 0, 8], 2.0), 2.25);
        assert_eq!(position(&[0, 3], 0.0), 0.0);
        assert_eq!(position(&[1, 1], 2.5), 2.0); // more than there are
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        let instance = Instance::new(array![[0.5]], vec![1], Demand::Exactly(1)).unwrap();
        let refused = |rule: QuantileHistogram| {
            rule.solve(&instance, &mut Run::new(0)).unwrap_err().to_string()
        };
        let rule = QuantileHistogram::default();
        let smooth = refused(QuantileHistogram { smoothing: 1.0, ..rule });
        assert_eq!(smooth, "parameter `smoothing` is 1; it is at least 0 and below 1");
        let wide = refused(QuantileHistogram { window: f64::NAN, ..rule });
        assert_eq!(wide, "parameter `window` is NaN; it is positive and at most 1e30");
        assert!(refused(QuantileHistogram { bins: 0, ..rule }).contains("`bins`"));
    }

    #[test]
    fn all_experts_for_every_token_need_no_bias() {
        let scores = array![[0.25, 0.25], [0.25, 0.25], [0.5, 0.25]];
        let instance = Instance::new(scores, vec![3, 3], Demand::Exactly(2)).unwrap();
        let solution = QuantileHistogram::default().solve(&instance, &mut Run::new(0)).unwrap();
        assert!(solution.prices.unwrap().iter().all(|p| p.is_finite() && *p <= 0.51));
    }

    #[test]
    fn parts_are_averaged_and_smoothing_keeps_what_was() {
        let scores = array![[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]];
        let instance = Instance::new(scores.clone(), vec![2, 2], Demand::Exactly(1)).unwrap();
        let prices = |rule: QuantileHistogram, instance: &Instance| {
            rule.solve(instance, &mut Run::new(0)).unwrap().prices.unwrap()
        };
        let once = QuantileHistogram { rounds: 1, ..QuantileHistogram::default() };
        let half = |rows| {
            let half = scores.slice(ndarray::s![rows, ..]).to_owned();
            Instance::new(half, vec![1, 1], Demand::Exactly(1)).unwrap()
        };
        let (first, second) = (prices(once, &half(0..2)), prices(once, &half(2..4)));
        let mean = f64::midpoint(first[0], second[0]);
        let both = prices(QuantileHistogram { parts: 2, ..once }, &instance);
        assert!((both[0] - mean).abs() < 1e-6, "{both:?}, {first:?}, {second:?}");
        let smooth = prices(QuantileHistogram { smoothing: 0.75, ..once }, &instance);
        assert!((smooth[0] - prices(once, &instance)[0] / 4.0).abs() < 1e-6);
    }
}
