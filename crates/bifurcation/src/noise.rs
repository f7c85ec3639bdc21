//! Where agents start: numbers that depend on seed, agent and variable only.
//!
//! [`SplitMix64`] as a function of a counter, so that an agent starts at the same place whatever the
//! number of agents and threads. A stream is an agent's: its number and 1.

use spinroute_ising::SplitMix64;

/// The numbers of an agent.
///
/// ```
/// use spinroute_bifurcation::Noise;
///
/// let [position, momentum] = Noise::new(1, 0).pair(5);
/// assert!(position.abs() < 1.0 && momentum.abs() < 1.0);
/// assert_ne!(Noise::new(1, 1).pair(5), [position, momentum]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    stream: SplitMix64,
}

impl Noise {
    /// The numbers of agent `agent` of a run with that seed.
    #[must_use]
    pub fn new(seed: u64, agent: usize) -> Self {
        Self { stream: SplitMix64::new(seed, agent as u64 + 1) }
    }

    /// Two numbers of a variable, uniform in (−1, 1), odd multiples of 2⁻²³.
    #[must_use]
    pub fn pair(self, variable: usize) -> [f32; 2] {
        let bits = self.stream.nth(variable);
        [bits >> 32, bits & 0xffff_ffff].map(|bits| {
            let odd = (bits >> 9) as i32 * 2 - ((1 << 23) - 1);
            odd as f32 / (1 << 23) as f32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_and_never_zero() {
        let noise = Noise::new(1, 0);
        let pairs: Vec<[f32; 2]> = (0..10_000).map(|variable| noise.pair(variable)).collect();
        for side in 0..2 {
            let mean = pairs.iter().map(|pair| pair[side]).sum::<f32>() / 10_000.0;
            assert!(mean.abs() < 0.03, "{mean}");
        }
        assert!(pairs.iter().flatten().all(|v| *v != 0.0 && v.abs() < 1.0));
        assert_ne!(noise.pair(3), Noise::new(1, 1).pair(3));
        assert_ne!(noise.pair(3), Noise::new(2, 0).pair(3));
    }
}
