//! Functions of bits, before couplings are made of them.

/// `constant + Σ coefficient · bit`: bits ascending, each once, no coefficient 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Linear {
    pub(crate) constant: f64,
    pub(crate) bits: Vec<u32>,
    pub(crate) coefficients: Vec<f64>,
}

impl Linear {
    /// From terms in any order; those of the same bit are summed in the order given.
    pub(crate) fn new(constant: f64, terms: impl IntoIterator<Item = (u32, f64)>) -> Self {
        let (mut bits, mut coefficients): (Vec<u32>, Vec<f64>) = terms.into_iter().unzip();
        if !bits.is_sorted_by(|a, b| a < b) || coefficients.contains(&0.0) {
            let mut terms: Vec<(u32, f64)> = bits.into_iter().zip(coefficients).collect();
            terms.sort_by_key(|term| term.0);
            terms.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                if same {
                    kept.1 += next.1;
                }
                same
            });
            (bits, coefficients) = terms.into_iter().filter(|term| term.1 != 0.0).unzip();
        }
        Self { constant, bits, coefficients }
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.bits.iter().copied().zip(self.coefficients.iter().copied())
    }

    /// Takes out the bits whose coefficients are below a size.
    pub(crate) fn drop_below(&mut self, size: f64) {
        if self.coefficients.iter().any(|c| c.abs() < size) {
            let terms: Vec<(u32, f64)> = self.terms().filter(|term| term.1.abs() >= size).collect();
            *self = Self::new(self.constant, terms);
        }
    }

    /// The smallest and largest value over all states.
    pub(crate) fn range(&self) -> (f64, f64) {
        let least: f64 = self.coefficients.iter().map(|c| c.min(0.0)).sum();
        let most: f64 = self.coefficients.iter().map(|c| c.max(0.0)).sum();
        (self.constant + least, self.constant + most)
    }
}

/// `weight · linear²`.
#[derive(Clone, Debug)]
pub(crate) struct Square {
    pub(crate) weight: f64,
    pub(crate) linear: Linear,
}

impl Square {
    /// The smallest and largest value over all states, as far as intervals tell.
    pub(crate) fn range(&self) -> (f64, f64) {
        let (low, high) = self.linear.range();
        let most = self.weight * (low * low).max(high * high);
        let least = if low <= 0.0 && high >= 0.0 {
            0.0
        } else {
            self.weight * (low * low).min(high * high)
        };
        (least.min(most), least.max(most))
    }
}

/// A polynomial of bits: terms in any order, squares of linear forms kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Function {
    pub(crate) constant: f64,
    pub(crate) linear: Vec<(u32, f64)>,
    /// `(i, j, c)` with `i < j`.
    pub(crate) pairs: Vec<(u32, u32, f64)>,
    pub(crate) squares: Vec<Square>,
    /// Three or more bits, ascending, each once.
    pub(crate) higher: Vec<(Vec<u32>, f64)>,
}

impl Function {
    /// Adds `c · Π bits`; a bit counts once, `b² = b`.
    pub(crate) fn add_product(&mut self, mut bits: Vec<u32>, c: f64) {
        bits.sort_unstable();
        bits.dedup();
        match *bits {
            [] => self.constant += c,
            [i] => self.linear.push((i, c)),
            [i, j] => self.pairs.push((i, j, c)),
            _ => self.higher.push((bits, c)),
        }
    }

    pub(crate) fn add_linear(&mut self, factor: f64, linear: &Linear) {
        self.constant += factor * linear.constant;
        self.linear.extend(linear.terms().map(|(bit, c)| (bit, factor * c)));
    }

    pub(crate) fn add_square(&mut self, weight: f64, linear: Linear) {
        if weight != 0.0 {
            self.squares.push(Square { weight, linear });
        }
    }

    /// Adds `factor · left · right`.
    pub(crate) fn add_linear_product(&mut self, factor: f64, left: &Linear, right: &Linear) {
        self.constant += factor * left.constant * right.constant;
        self.linear.extend(left.terms().map(|(i, a)| (i, factor * a * right.constant)));
        self.linear.extend(right.terms().map(|(j, b)| (j, factor * left.constant * b)));
        for (i, a) in left.terms() {
            for (j, b) in right.terms() {
                self.add_product(vec![i, j], factor * a * b);
            }
        }
    }

    pub(crate) fn add(&mut self, factor: f64, other: &Self) {
        self.constant += factor * other.constant;
        self.linear.extend(other.linear.iter().map(|&(i, c)| (i, factor * c)));
        self.pairs.extend(other.pairs.iter().map(|&(i, j, c)| (i, j, factor * c)));
        self.higher.extend(other.higher.iter().map(|(bits, c)| (bits.clone(), factor * c)));
        for square in &other.squares {
            self.add_square(factor * square.weight, square.linear.clone());
        }
    }

    /// Visits every term of degree 1 or more, squares multiplied out, and returns the constant.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(&[u32], f64)) -> f64 {
        let mut constant = self.constant;
        self.linear.iter().for_each(|&(i, c)| visit(&[i], c));
        self.pairs.iter().for_each(|&(i, j, c)| visit(&[i, j], c));
        self.higher.iter().for_each(|(bits, c)| visit(bits, *c));
        for Square { weight, linear } in &self.squares {
            constant += weight * linear.constant * linear.constant;
            for (k, (i, a)) in linear.terms().enumerate() {
                visit(&[i], weight * a * (a + 2.0 * linear.constant));
                for (j, b) in linear.terms().skip(k + 1) {
                    visit(&[i, j], 2.0 * weight * (a * b));
                }
            }
        }
        constant
    }

    /// Visits the bits and the range of every term, squares as one term.
    pub(crate) fn visit_ranges(&self, visit: &mut dyn FnMut(&[u32], f64)) {
        self.linear.iter().for_each(|&(i, c)| visit(&[i], c.abs()));
        self.pairs.iter().for_each(|&(i, j, c)| visit(&[i, j], c.abs()));
        self.higher.iter().for_each(|(bits, c)| visit(bits, c.abs()));
        for square in &self.squares {
            let (least, most) = square.range();
            visit(&square.linear.bits, most - least);
        }
    }

    /// Sums equal terms: every term once, in ascending order, none 0, no squares left.
    pub(crate) fn merged(&self) -> Self {
        let mut terms = std::collections::BTreeMap::<Vec<u32>, f64>::new();
        let constant = self.visit(&mut |bits, c| {
            if let Some(sum) = terms.get_mut(bits) {
                *sum += c;
            } else {
                terms.insert(bits.to_vec(), c);
            }
        });
        let mut merged = Self { constant, ..Self::default() };
        for (bits, c) in terms.into_iter().filter(|term| term.1 != 0.0) {
            merged.add_product(bits, c);
        }
        merged
    }

    /// Takes out the terms of a merged function whose coefficients are below a size.
    pub(crate) fn drop_below(&mut self, size: f64) {
        self.linear.retain(|term| term.1.abs() >= size);
        self.pairs.retain(|term| term.2.abs() >= size);
        self.higher.retain(|term| term.1.abs() >= size);
    }

    /// The product with itself, all terms multiplied out and merged.
    pub(crate) fn squared(&self) -> Self {
        let merged = self.merged();
        let mut terms: Vec<(Vec<u32>, f64)> = vec![(Vec::new(), merged.constant)];
        merged.visit(&mut |bits, c| terms.push((bits.to_vec(), c)));
        let mut square = Self::default();
        for (bits, c) in &terms {
            for (others, d) in &terms {
                square.add_product([&bits[..], &others[..]].concat(), c * d);
            }
        }
        square.merged()
    }

    /// Every coefficient of degree 1 or more, squares multiplied out.
    pub(crate) fn coefficients(&self) -> Vec<f64> {
        let mut coefficients = Vec::new();
        self.visit(&mut |_, c| coefficients.push(c));
        coefficients
    }

    /// Value at a state.
    #[cfg(test)]
    pub(crate) fn value(&self, state: &[i8]) -> f64 {
        let mut total = 0.0;
        let constant = self.visit(&mut |bits, c| {
            if bits.iter().all(|&b| state[b as usize] != 0) {
                total += c;
            }
        });
        constant + total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_and_squaring_keep_values() {
        let mut f = Function { constant: 1.0, ..Function::default() };
        f.linear = vec![(2, 1.0), (0, -2.0), (2, 1.0)];
        f.pairs = vec![(0, 1, 3.0), (0, 1, -3.0), (1, 2, 0.5)];
        f.add_product(vec![2, 0, 1, 0], 4.0);
        f.add_square(2.0, Linear::new(-1.0, [(1, 1.0), (0, 1.0), (1, 0.5)]));
        let (merged, square) = (f.merged(), f.squared());
        assert!(!merged.pairs.iter().any(|p| p.2 == 0.0) && merged.squares.is_empty());
        for state in [[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 0], [1, 1, 1]] {
            assert_eq!(f.value(&state), merged.value(&state));
            assert!((f.value(&state).powi(2) - square.value(&state)).abs() < 1e-12);
        }
    }

    #[test]
    fn ranges() {
        let linear = Linear::new(-1.0, [(3, 2.0), (1, -1.0), (3, 0.0), (4, 1.0), (4, -1.0)]);
        assert_eq!((&linear.bits[..], linear.range()), (&[1, 3][..], (-2.0, 1.0)));
        assert_eq!(Square { weight: -1.0, linear }.range(), (-4.0, 0.0));
    }
}
