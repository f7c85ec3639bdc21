//! Bits that hang together: a forest with paths halved on every search.

/// Disjoint sets of bits.
pub(crate) struct Sets(Vec<u32>);

impl Sets {
    /// Every bit by itself.
    pub(crate) fn new(bits: usize) -> Self {
        Self((0..bits as u32).collect())
    }

    /// Number of bits.
    pub(crate) fn bits(&self) -> usize {
        self.0.len()
    }

    /// The smallest bit of the set that holds `bit`.
    pub(crate) fn find(&mut self, mut bit: u32) -> u32 {
        while self.0[bit as usize] != bit {
            let above = self.0[self.0[bit as usize] as usize];
            self.0[bit as usize] = above;
            bit = above;
        }
        bit
    }

    /// Makes one set of those that hold these bits.
    pub(crate) fn join(&mut self, bits: &[u32]) {
        for pair in bits.windows(2) {
            let (a, b) = (self.find(pair[0]), self.find(pair[1]));
            self.0[a.max(b) as usize] = a.min(b);
        }
    }
}
