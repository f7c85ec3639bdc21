//! Proofs that nothing is feasible, recounted.

use crate::{Deficiency, Demand, Instance};

impl Deficiency {
    /// Counts need and supply of a set of tokens and experts; `Some` if they prove that
    /// `instance` has no assignment.
    ///
    /// ```
    /// use ndarray::array;
    /// use spinroute_core::{Deficiency, Demand, Instance};
    ///
    /// // Both tokens may take expert 0 alone, which holds one of them.
    /// let never = f32::NEG_INFINITY;
    /// let scores = array![[0.9, never], [0.8, never]];
    /// let instance = Instance::new(scores, vec![1, 2], Demand::Exactly(1))?;
    /// let proof = Deficiency::new(&instance, vec![0, 1], vec![0]).expect("a proof");
    /// assert_eq!((proof.need, proof.supply), (2, 1));
    /// assert!(Deficiency::new(&instance, vec![0], vec![0]).is_none());
    /// # Ok::<(), spinroute_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(instance: &Instance, tokens: Vec<u32>, experts: Vec<u32>) -> Option<Self> {
        let mut inside = vec![false; instance.experts()];
        for &e in &experts {
            *inside.get_mut(e as usize)? = true;
        }
        if !matches!(instance.demand(), Demand::Exactly(_))
            || tokens.windows(2).any(|pair| pair[0] >= pair[1])
            || tokens.last().is_some_and(|&t| t as usize >= instance.tokens())
        {
            return None;
        }
        let need = (tokens.len() * instance.demand().k()) as u64;
        let held: u64 = (0..inside.len())
            .filter(|&e| inside[e])
            .map(|e| u64::from(instance.capacity()[e]))
            .sum();
        let outside = |t: usize| {
            let allowed = |&(&s, &inside): &(&f32, &bool)| !inside && s > f32::NEG_INFINITY;
            instance.scores(t).iter().zip(&inside).filter(allowed).count() as u64
        };
        let supply = held + tokens.iter().map(|&t| outside(t as usize)).sum::<u64>();
        (need > supply).then_some(Self { tokens, experts, need, supply })
    }

    /// Whether these sets prove that `instance` has no assignment: recounted, not believed.
    #[must_use]
    pub fn proves(&self, instance: &Instance) -> bool {
        Self::new(instance, self.tokens.clone(), self.experts.clone()).is_some()
    }
}
