//! Copies of hot experts: how many of each, and which device holds them.
//!
//! One layer: `D` devices of `m` slots, every slot holds a copy of an expert, and an expert's load
//! is shared equally by its copies. EPLB's rule gives the next copy to the expert of the largest
//! load a copy, then packs by LPT; the load of the busiest device is the measure. With two slots a
//! device the optimum is found here: for given copies, pairing the largest with the smallest is
//! optimal (an exchange of partners never raises the maximum), and the numbers of copies are gone
//! through, those left out whose largest share alone is too much.
//!
//! Reference: EPLB (DeepSeek-AI, 2025); the 8-device hotness vector is that of vllm-ascend's tests.

use crate::Error;

/// Loads of the experts of a layer, devices, and slots a device.
///
/// ```
/// use spinroute_placement::Replication;
///
/// // Two devices of two slots for three experts: the hottest gets a second copy.
/// let problem = Replication::new(vec![6.0, 2.0, 2.0], 2, 2)?;
/// assert_eq!(problem.eplb().copies, [2, 1, 1]);
/// assert_eq!(problem.optimum()?.busiest, 5.0);
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Replication {
    loads: Vec<f64>,
    devices: usize,
    slots: usize,
}

/// Copies and where they are.
///
/// ```
/// use spinroute_placement::Replication;
///
/// let replicas = Replication::new(vec![6.0, 2.0, 2.0], 2, 2)?.optimum()?;
/// assert_eq!(replicas.copies.iter().sum::<u32>(), 4);
/// assert!(replicas.devices.iter().all(|device| device.len() == 2));
/// # Ok::<(), spinroute_placement::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Replicas {
    /// Number of copies of every expert.
    pub copies: Vec<u32>,
    /// The experts of every device, one a slot; two copies of one expert may share a device.
    pub devices: Vec<Vec<u32>>,
    /// Load of the busiest device.
    pub busiest: f64,
}

/// Numbers of copies that the exact search looks at, at most.
const NODES: usize = 50_000_000;

impl Replication {
    /// A problem with a slot for every expert at least.
    ///
    /// # Errors
    /// If a load is negative or not finite, or the slots do not suffice.
    pub fn new(loads: Vec<f64>, devices: usize, slots: usize) -> Result<Self, Error> {
        let (what, mend) = ("load", "it is finite and not negative");
        if let Some(index) = loads.iter().position(|load| !(load.is_finite() && *load >= 0.0)) {
            return Err(Error::Number { what, index, value: loads[index], mend });
        }
        if loads.is_empty() || devices.saturating_mul(slots) < loads.len() {
            let (want, got) = (loads.len().max(1), devices.saturating_mul(slots));
            return Err(Error::Length { what: "slots", want, got });
        }
        Ok(Self { loads, devices, slots })
    }

    /// Copies to the largest share, one by one, then LPT with equal shares.
    #[must_use]
    pub fn eplb(&self) -> Replicas {
        let mut copies = vec![1u32; self.loads.len()];
        let share = |copies: &[u32], e: usize| self.loads[e] / f64::from(copies[e]);
        for _ in self.loads.len()..self.devices * self.slots {
            let experts = 0..self.loads.len();
            let hottest = experts
                .reduce(|a, b| if share(&copies, b) > share(&copies, a) { b } else { a })
                .unwrap_or(0);
            copies[hottest] += 1;
        }
        self.packed(copies)
    }

    /// LPT of given copies.
    fn packed(&self, copies: Vec<u32>) -> Replicas {
        let mut load = vec![0.0; self.devices];
        let mut devices = vec![Vec::new(); self.devices];
        for (share, e) in self.shares(&copies) {
            let open = (0..self.devices).filter(|&d| devices[d].len() < self.slots);
            let least = open.reduce(|a, b| if load[b] < load[a] { b } else { a }).unwrap_or(0);
            load[least] += share;
            devices[least].push(e);
        }
        let busiest = load.into_iter().fold(0.0, f64::max);
        Replicas { copies, devices, busiest }
    }

    /// The copies with their loads, largest first.
    fn shares(&self, copies: &[u32]) -> Vec<(f64, u32)> {
        let mut shares = Vec::with_capacity(self.devices * self.slots);
        for (e, (&load, &count)) in self.loads.iter().zip(copies).enumerate() {
            shares.extend((0..count).map(|_| (load / f64::from(count), e as u32)));
        }
        shares.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        shares
    }

    /// The optimum, for two slots a device.
    ///
    /// # Errors
    /// If a device has another number of slots, or there are too many numbers of copies.
    pub fn optimum(&self) -> Result<Replicas, Error> {
        if self.slots != 2 {
            let (method, unit) = ("the exact replication", "slots a device");
            return Err(Error::TooLarge { method, unit, limit: 2, got: self.slots });
        }
        let mut best = self.eplb();
        let mut copies = Vec::with_capacity(self.loads.len());
        let mut nodes = 0;
        self.distribute(&mut copies, 2 * self.devices, &mut best, &mut nodes);
        if nodes > NODES {
            let (method, unit) = ("the exact replication", "nodes");
            return Err(Error::TooLarge { method, unit, limit: NODES, got: nodes });
        }
        Ok(best)
    }

    /// Goes through the numbers of copies of the experts that have none yet.
    fn distribute(
        &self,
        copies: &mut Vec<u32>,
        left: usize,
        best: &mut Replicas,
        nodes: &mut usize,
    ) {
        *nodes += 1;
        if *nodes > NODES {
            return;
        }
        let (e, rest) = (copies.len(), self.loads.len() - copies.len());
        if rest == 0 {
            let shares = self.shares(copies);
            let pairs = shares.iter().zip(shares.iter().rev()).take(self.devices);
            let busiest = pairs.clone().map(|(a, b)| a.0 + b.0).fold(0.0, f64::max);
            if busiest < best.busiest {
                let devices = pairs.map(|(a, b)| vec![a.1, b.1]).collect();
                *best = Replicas { copies: copies.clone(), devices, busiest };
            }
            return;
        }
        let counts = if rest == 1 { left..=left } else { 1..=left + 1 - rest };
        for count in counts {
            if self.loads[e] / (count as f64) < best.busiest {
                copies.push(count as u32);
                self.distribute(copies, left - count, best, nodes);
                copies.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_instance() {
        let loads = vec![600.0, 560.0, 120.0, 120.0, 20.0, 10.0, 10.0, 10.0];
        let problem = Replication::new(loads, 8, 2).unwrap();
        let (eplb, best) = (problem.eplb(), problem.optimum().unwrap());
        assert_eq!(eplb.busiest, 232.0);
        assert!(best.busiest <= 205.0 && best.busiest >= 1450.0 / 8.0, "{best:?}");
        for answer in [eplb, best] {
            assert_eq!(answer.copies.iter().sum::<u32>(), 16);
            let mut held = vec![0; 8];
            answer.devices.iter().flatten().for_each(|&e| held[e as usize] += 1);
            assert_eq!(held, answer.copies);
            assert!(answer.devices.iter().all(|device| device.len() == 2));
        }
    }

    /// The least maximum over all ways to make pairs.
    fn pairings(shares: &[f64]) -> f64 {
        let Some((&first, rest)) = shares.split_first() else { return 0.0 };
        let partner = |i: usize| {
            let mut others = rest.to_vec();
            let sum = first + others.remove(i);
            sum.max(pairings(&others))
        };
        (0..rest.len()).map(partner).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn pairing_the_largest_with_the_smallest_is_optimal() {
        for seed in 1..40u64 {
            let loads: Vec<f64> = (0..4).map(|i| ((seed * 37 + i * i * 101) % 89) as f64).collect();
            let problem = Replication::new(loads.clone(), 3, 2).unwrap();
            let mut least = f64::INFINITY;
            for a in 1..=3u32 {
                for b in 1..=4 - a {
                    for c in 1..=5 - a - b {
                        let copies = [a, b, c, 6 - a - b - c];
                        let shares = problem.shares(&copies);
                        let shares: Vec<f64> = shares.iter().map(|share| share.0).collect();
                        least = least.min(pairings(&shares));
                    }
                }
            }
            assert_eq!(problem.optimum().unwrap().busiest, least, "{loads:?}");
        }
    }
}
