//! The slope of the loads in the prices: a graph Laplacian on the experts, solved by conjugate
//! gradients.
//!
//! A token whose margin between its last expert taken and its first one left is below a window
//! `h` changes sides when the difference of the two prices moves by that much. Counted over the
//! tokens, the smoothed derivative of the loads is `−L`, with `L` the Laplacian of a graph that
//! has one edge of weight `1/2h` for each token in the window. It has at most T edges, so a
//! product costs O(T), no matrix is ever formed, and thousands of experts are no difficulty. (A
//! dense Cholesky factorisation cost 2 ms a step at E = 160, all else together 0.4 ms.)

/// A token in the window connects its last expert taken and its first one left; nothing left, or
/// an empty slot, is the ground, whose price does not move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// Marks the ground as the end of an [`Edge`]; it sorts behind every expert.
pub(crate) const GROUND: u32 = u32::MAX;

/// The Laplacian on the free experts; the prices of the others do not move.
#[derive(Debug, Default)]
pub(crate) struct Laplacian {
    /// Edges between two free experts, parallel ones merged.
    edges: Vec<(u32, u32, f64)>,
    diagonal: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
    product: Vec<f64>,
}

impl Laplacian {
    /// Builds the matrix from edges, each of `weight`.
    pub(crate) fn build(&mut self, edges: &mut [Edge], free: &[bool], weight: f64) {
        self.diagonal.clear();
        self.diagonal.resize(free.len(), 0.0);
        self.edges.clear();
        for edge in edges.iter_mut() {
            *edge = Edge { from: edge.from.min(edge.to), to: edge.from.max(edge.to) };
        }
        edges.sort_unstable_by_key(|edge| (edge.from, edge.to));
        for run in edges.chunk_by(|a, b| a == b) {
            let (from, to, weight) = (run[0].from, run[0].to, weight * run.len() as f64);
            if from == GROUND {
                continue;
            }
            self.diagonal[from as usize] += weight;
            if to != GROUND {
                self.diagonal[to as usize] += weight;
                if free[from as usize] && free[to as usize] {
                    self.edges.push((from, to, weight));
                }
            }
        }
        // A hair on the diagonal: a component without a fixed price has a free constant, and an
        // expert without an edge no equation at all.
        let hair = 1e-3 * self.diagonal.iter().sum::<f64>() / free.len() as f64 + f64::MIN_POSITIVE;
        for (diagonal, &free) in self.diagonal.iter_mut().zip(free) {
            *diagonal = if free { *diagonal + hair } else { 0.0 };
        }
    }

    /// Solves for `right` (0 where an expert is not free) by conjugate gradients preconditioned
    /// with the diagonal, to 1 % of the first residual or `steps` steps: enough for a step that
    /// is clipped and then repeated.
    pub(crate) fn solve(&mut self, right: &[f64], steps: usize, solution: &mut Vec<f64>) {
        let experts = right.len();
        let inverse = |d: f64| if d > 0.0 { 1.0 / d } else { 0.0 };
        solution.clear();
        solution.resize(experts, 0.0);
        self.residual.clear();
        self.residual.extend_from_slice(right);
        self.product.resize(experts, 0.0);
        self.direction.clear();
        self.direction.extend(right.iter().zip(&self.diagonal).map(|(r, &d)| r * inverse(d)));
        let mut rho = dot(&self.residual, &self.direction);
        let enough = rho * 1e-4;
        for _ in 0..steps {
            if !rho.is_finite() || rho <= enough {
                break;
            }
            self.multiply();
            let step = rho / dot(&self.direction, &self.product);
            let mut next = 0.0;
            for e in 0..experts {
                solution[e] += step * self.direction[e];
                self.residual[e] -= step * self.product[e];
                next += self.residual[e] * self.residual[e] * inverse(self.diagonal[e]);
            }
            let ratio = next / rho;
            for e in 0..experts {
                let steepest = self.residual[e] * inverse(self.diagonal[e]);
                self.direction[e] = steepest + ratio * self.direction[e];
            }
            rho = next;
        }
    }

    /// `product = matrix · direction`.
    fn multiply(&mut self) {
        for ((out, d), x) in self.product.iter_mut().zip(&self.diagonal).zip(&self.direction) {
            *out = d * x;
        }
        for &(a, b, weight) in &self.edges {
            self.product[a as usize] -= weight * self.direction[b as usize];
            self.product[b as usize] -= weight * self.direction[a as usize];
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_path_that_hangs_on_the_ground() {
        // 0 – 1 – 2 – ground, unit weights: pushing 1 into node 0 lifts it by 3.
        let edge = |from, to| Edge { from, to };
        let mut edges = [edge(1, 0), edge(1, 2), edge(2, GROUND), edge(GROUND, GROUND)];
        let mut laplacian = Laplacian::default();
        let mut solution = Vec::new();
        laplacian.build(&mut edges, &[true; 3], 1.0);
        laplacian.solve(&[1.0, 0.0, 0.0], 50, &mut solution);
        for (got, want) in solution.iter().zip([3.0, 2.0, 1.0]) {
            assert!((got - want).abs() < 0.05, "{solution:?}");
        }
    }

    #[test]
    fn experts_that_are_not_free_do_not_move() {
        let mut edges = [Edge { from: 0, to: 1 }];
        let (mut laplacian, mut solution) = (Laplacian::default(), Vec::new());
        laplacian.build(&mut edges, &[true, false], 2.0);
        laplacian.solve(&[1.0, 0.0], 50, &mut solution);
        assert!((solution[0] - 0.5).abs() < 0.01 && solution[1] == 0.0, "{solution:?}");
    }
}
