//! Sparse couplings: rows of a graph (CSR, both halves), O(n + pairs) a product, O(degree) a flip.
//!
//! Columns ascend within a row. Built by two stable counting sorts, O(n + triplets), which are left
//! out when the triplets come in order.

use rayon::prelude::*;

use super::{Couplings, Magnitude, Spectrum, TOGETHER, check_lengths, reals};
use crate::Error;

/// A symmetric matrix with a zero diagonal, of which the non-zero values are stored.
///
/// ```
/// use spinroute_ising::Sparse;
///
/// // Triplets in any order and direction; those of one pair add up.
/// let couplings = Sparse::from_triplets(3, [(2, 0, 1.0), (0, 2, 0.5), (0, 1, 4.0)])?;
/// assert_eq!(couplings.pairs().collect::<Vec<_>>(), [(0, 1, 4.0), (0, 2, 1.5)]);
/// assert_eq!(couplings.row(0), (&[1, 2][..], &[4.0, 1.5][..]));
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Sparse {
    /// Couplings from triplets `(i, j, J)`, each pair in either order and any number of times.
    ///
    /// Values of the same pair are summed in the order of the input; pairs whose sum is zero are
    /// left out.
    ///
    /// # Errors
    /// If a variable does not exist, is coupled to itself, or a value or sum is not finite.
    pub fn from_triplets(
        variables: usize,
        triplets: impl IntoIterator<Item = (u32, u32, f64)>,
    ) -> Result<Self, Error> {
        if u32::try_from(variables).is_err() {
            let most = u32::MAX as usize;
            return Err(Error::TooLarge { variables, most, what: "a model" });
        }
        let mut pairs = Vec::new();
        for (index, (i, j, value)) in triplets.into_iter().enumerate() {
            if i as usize >= variables || j as usize >= variables {
                return Err(Error::Variable { variable: i.max(j) as usize, variables });
            }
            if i == j {
                return Err(Error::SelfCoupling { variable: i as usize });
            }
            if !value.is_finite() {
                return Err(Error::NotFinite { what: "coupling", index, value });
            }
            pairs.push((i.min(j), i.max(j), value));
        }
        if !pairs.is_sorted_by(|a, b| (a.0, a.1) <= (b.0, b.1)) {
            pairs = counting_sort(variables, &pairs, |pair| pair.1);
            pairs = counting_sort(variables, &pairs, |pair| pair.0);
        }
        pairs.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });
        pairs.retain(|pair| pair.2 != 0.0);
        if let Some(index) = pairs.iter().position(|pair| !pair.2.is_finite()) {
            let value = pairs[index].2;
            return Err(Error::NotFinite { what: "sum of coupling", index, value });
        }
        Ok(Self::from_pairs(variables, &pairs))
    }

    /// From rows whose columns ascend: symmetric, finite, with a zero diagonal, as the caller sees to.
    #[must_use]
    pub fn from_rows(offsets: Vec<usize>, columns: Vec<u32>, values: Vec<f64>) -> Self {
        debug_assert_eq!(offsets.last(), Some(&columns.len()));
        debug_assert_eq!(columns.len(), values.len());
        Self { offsets, columns, values }
    }

    /// Couplings without any pair.
    #[must_use]
    pub fn none(variables: usize) -> Self {
        // Zeros that are never written: memory of a page for any number of variables.
        Self { offsets: vec![0; variables + 1], columns: Vec::new(), values: Vec::new() }
    }

    /// From distinct pairs `i < j` in ascending order.
    fn from_pairs(variables: usize, pairs: &[(u32, u32, f64)]) -> Self {
        let mut offsets = vec![0; variables + 1];
        for &(i, j, _) in pairs {
            offsets[i as usize + 1] += 1;
            offsets[j as usize + 1] += 1;
        }
        for i in 0..variables {
            offsets[i + 1] += offsets[i];
        }
        let mut next = offsets.clone();
        let (mut columns, mut values) = (vec![0; 2 * pairs.len()], vec![0.0; 2 * pairs.len()]);
        let mut put = |row: u32, column: u32, value: f64| {
            let place = &mut next[row as usize];
            (columns[*place], values[*place]) = (column, value);
            *place += 1;
        };
        // First all columns below the row, then all above: both ascend.
        for &(i, j, value) in pairs {
            put(j, i, value);
        }
        for &(i, j, value) in pairs {
            put(i, j, value);
        }
        Self { offsets, columns, values }
    }

    /// Where each row starts, and the end of the last: `n + 1` places.
    #[must_use]
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The columns of all rows, ascending within a row.
    #[must_use]
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// The couplings beside [`Sparse::columns`].
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The neighbours of `i`, ascending, and its couplings with them.
    #[must_use]
    pub fn row(&self, i: usize) -> (&[u32], &[f64]) {
        let range = self.offsets[i]..self.offsets[i + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Every pair `(i, j, J)` once, `i < j`, in ascending order.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32, f64)> + '_ {
        (0..self.variables()).flat_map(move |i| {
            let (columns, values) = self.row(i);
            let above = columns.partition_point(|&j| (j as usize) < i);
            let row = columns[above..].iter().zip(&values[above..]);
            row.map(move |(&j, &value)| (i as u32, j, value))
        })
    }
}

/// Sorts by a key below `keys`, keeping the order of equals.
fn counting_sort(
    keys: usize,
    pairs: &[(u32, u32, f64)],
    key: impl Fn(&(u32, u32, f64)) -> u32,
) -> Vec<(u32, u32, f64)> {
    let mut next = vec![0; keys + 1];
    for pair in pairs {
        next[key(pair) as usize + 1] += 1;
    }
    for i in 0..keys {
        next[i + 1] += next[i];
    }
    let mut sorted = vec![(0, 0, 0.0); pairs.len()];
    for pair in pairs {
        let place = &mut next[key(pair) as usize];
        sorted[*place] = *pair;
        *place += 1;
    }
    sorted
}

impl Couplings for Sparse {
    type Fields = Vec<f64>;

    fn variables(&self) -> usize {
        self.offsets.len() - 1
    }

    fn interactions(&self) -> u64 {
        self.columns.len() as u64 / 2
    }

    fn product(&self, values: &[f64], out: &mut [f64]) {
        check_lengths(self, values.len(), out.len());
        for (i, out) in out.iter_mut().enumerate() {
            let (columns, couplings) = self.row(i);
            let terms = columns.iter().zip(couplings);
            *out = terms.map(|(&j, &coupling)| coupling * values[j as usize]).sum();
        }
    }

    fn energy(&self, values: &[f64]) -> f64 {
        check_lengths(self, values.len(), values.len());
        self.pairs().map(|(i, j, value)| value * values[i as usize] * values[j as usize]).sum()
    }

    fn energies(&self, values: &[[f64; TOGETHER]]) -> [f64; TOGETHER] {
        check_lengths(self, values.len(), values.len());
        let mut sums = [-0.0; TOGETHER]; // what an iterator's sum starts from
        for (i, j, value) in self.pairs() {
            let (a, b) = (&values[i as usize], &values[j as usize]);
            for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
                *sum += value * a * b;
            }
        }
        sums
    }

    fn fields(&self, values: &[i8]) -> Vec<f64> {
        let mut fields = vec![0.0; values.len()];
        self.product(&reals(values), &mut fields);
        fields
    }

    fn local(&self, fields: &Vec<f64>, _values: &[i8], i: usize) -> f64 {
        fields[i]
    }

    fn change(&self, fields: &mut Vec<f64>, i: usize, from: i8, to: i8) {
        let step = f64::from(to) - f64::from(from);
        let (columns, couplings) = self.row(i);
        for (&j, &coupling) in columns.iter().zip(couplings) {
            fields[j as usize] += coupling * step;
        }
    }

    fn spectrum(&self) -> Spectrum {
        Spectrum::gershgorin(self.magnitudes().into_iter().map(|variable| variable.sum))
    }

    fn magnitudes(&self) -> Vec<Magnitude> {
        (0..self.variables()).into_par_iter().map(|i| Magnitude::of(self.row(i).1)).collect()
    }

    fn scaled(&self, factor: f64) -> Self {
        let values = self.values.iter().map(|value| value * factor).collect();
        Self { offsets: self.offsets.clone(), columns: self.columns.clone(), values }
    }

    fn neighbours(&self, i: usize, visit: &mut dyn FnMut(usize, f64)) {
        let (columns, couplings) = self.row(i);
        for (&j, &coupling) in columns.iter().zip(couplings) {
            visit(j as usize, coupling);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triplets_in_any_order_are_summed_and_zeros_left_out() {
        let triplets = [(3, 1, 2.0), (0, 2, 1.0), (1, 3, 0.5), (2, 0, -1.0), (0, 1, 4.0)];
        let sparse = Sparse::from_triplets(4, triplets).unwrap();
        assert_eq!(sparse.pairs().collect::<Vec<_>>(), [(0, 1, 4.0), (1, 3, 2.5)]);
        assert_eq!(sparse.offsets(), [0, 1, 3, 3, 4]);
        assert_eq!(sparse.columns(), [1, 0, 3, 1]);
        assert_eq!(sparse.values(), [4.0, 4.0, 2.5, 2.5]);
        assert_eq!(sparse.interactions(), 2);
        assert_eq!(Sparse::none(0).variables(), 0);
    }

    #[test]
    fn bad_triplets_are_refused() {
        let refused = |triplet| Sparse::from_triplets(2, [triplet]).unwrap_err();
        assert_eq!(refused((0, 2, 1.0)), Error::Variable { variable: 2, variables: 2 });
        assert_eq!(refused((1, 1, 1.0)), Error::SelfCoupling { variable: 1 });
        assert!(matches!(refused((0, 1, f64::NAN)), Error::NotFinite { index: 0, .. }));
        let overflow = Sparse::from_triplets(2, [(0, 1, f64::MAX); 2]);
        assert!(matches!(overflow, Err(Error::NotFinite { .. })));
    }
}
