//! Random numbers of many independent streams.
//!
//! `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014) as a function of a counter: number `c` of a stream
//! is `mix(key + c γ)`, and the key is mixed from seed and stream. Nothing is shared, so a read draws
//! the same numbers on any thread.

/// The odd constant nearest to 2⁶⁴ / φ.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers, one of 2⁶⁴ of a seed.
///
/// ```
/// use spinroute_ising::SplitMix64;
///
/// let mut stream = SplitMix64::new(7, 3);
/// let second = stream.nth(1);
/// stream.bits();
/// assert_eq!(stream.bits(), second);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitMix64 {
    state: u64,
}

#[inline(always)]
#[allow(clippy::inline_always)] // part of the inner loops, in every compiled copy of them
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl SplitMix64 {
    /// Stream `stream` of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Self { state: mix(mix(seed.wrapping_add(GAMMA)) ^ stream.wrapping_mul(GAMMA)) }
    }

    /// The number that is drawn after `skipped` others, which stay undrawn.
    #[must_use]
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub fn nth(self, skipped: usize) -> u64 {
        mix(self.state.wrapping_add((skipped as u64 + 1).wrapping_mul(GAMMA)))
    }

    /// The next 64 random bits.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// The next `count` random spins.
    pub fn spins(&mut self, count: usize) -> Vec<i8> {
        let mut spins = Vec::with_capacity(count);
        while spins.len() < count {
            let bits = self.bits();
            let rest = (count - spins.len()).min(64);
            spins.extend((0..rest).map(|i| if bits >> i & 1 == 1 { 1 } else { -1 }));
        }
        spins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence() {
        // The first outputs of SplitMix64 from state 1234567, as published with the generator.
        let mut stream = SplitMix64 { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([stream.nth(0), stream.nth(1)], expected);
        assert_eq!([stream.bits(), stream.bits()], expected);
    }

    #[test]
    fn streams_of_a_seed_differ_and_spins_are_fair() {
        let means = (0..64).map(|stream| {
            let spins = SplitMix64::new(7, stream).spins(10_000);
            spins.iter().map(|&s| f64::from(s)).sum::<f64>() / 10_000.0
        });
        let means: Vec<f64> = means.collect();
        assert!(means.iter().all(|mean| mean.abs() < 0.05), "{means:?}");
        assert!((1..64).all(|i| means[i] != means[i - 1]));
    }
}
