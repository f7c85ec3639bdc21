//! Limits of loads that contradict each other, whatever the scores.

use crate::{Error, Instance, Limits};

impl Instance {
    /// Refuses limits that contradict each other whatever the scores.
    pub(crate) fn check_limits(&self) -> Result<(), Error> {
        let (experts, nodes) = (self.experts(), self.nodes());
        let asking = self
            .demands()
            .map_or(self.tokens(), |demands| demands.iter().filter(|&&k| k > 0).count());
        // The least and the most that each node can hold of what its children can.
        let (mut low, mut high) = (vec![0u64; nodes + 1], vec![0u64; nodes + 1]);
        for node in 0..nodes {
            let Limits { minimum, capacity, .. } = self.limits(node);
            let highest = u64::from(self.limits(node).highest());
            if node < experts {
                high[node] = highest.min(asking as u64);
                low[node] = u64::from(minimum);
                if low[node] > high[node] {
                    return Err(Error::Minimum { expert: node, minimum, most: high[node] });
                }
            } else {
                let group = node - experts;
                let refuse = |problem| Err(Error::Group { group, problem });
                if low[node] > highest {
                    let problem = format!(
                        "its capacity of {capacity} is below the {} that its members must hold",
                        low[node]
                    );
                    return refuse(problem);
                }
                high[node] = high[node].min(highest);
                low[node] = low[node].max(u64::from(minimum));
                if low[node] > high[node] {
                    let problem = format!(
                        "its minimum of {minimum} exceeds the {} that it and its members can hold",
                        high[node]
                    );
                    return refuse(problem);
                }
            }
            let parent = self.parent(node).unwrap_or(nodes);
            low[parent] += low[node];
            high[parent] += high[node];
        }
        if self.demand.is_exact() && high[nodes] < self.slots {
            return Err(Error::Infeasible { need: self.slots, supply: high[nodes] });
        }
        if low[nodes] > self.slots {
            return Err(Error::Starved { need: low[nodes], supply: self.slots });
        }
        Ok(())
    }

    /// Whether some group's limits exclude loads that its members can have.
    pub(crate) fn groups_bind(&self) -> bool {
        let (experts, nodes) = (self.experts(), self.nodes());
        let (mut low, mut high) = (vec![0u64; nodes + 1], vec![0u64; nodes + 1]);
        for node in 0..nodes {
            let limits = self.limits(node);
            if node < experts {
                high[node] = u64::from(limits.highest()).min(self.tokens() as u64);
                low[node] = u64::from(limits.minimum);
            } else if u64::from(limits.capacity) < high[node]
                || u64::from(limits.minimum) > low[node]
            {
                return true;
            }
            let parent = self.parent(node).unwrap_or(nodes);
            low[parent] += low[node];
            high[parent] += high[node];
        }
        false
    }
}
