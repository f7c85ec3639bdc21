//! Dense symmetric couplings: `n²` values, O(n²) a product, O(n) a flip.

use ndarray::{Array2, ArrayView1, ArrayView2};

use super::{Couplings, Magnitude, Spectrum, TOGETHER, check_lengths, reals};
use crate::Error;

/// A symmetric matrix with a zero diagonal.
///
/// ```
/// use ndarray::array;
/// use spinroute_ising::{Couplings, Dense};
///
/// let couplings = Dense::new(array![[0.0, 2.0], [2.0, 0.0]])?;
/// assert_eq!(couplings.energy(&[1.0, -1.0]), -2.0);
/// assert!(Dense::new(array![[0.0, 2.0], [1.0, 0.0]]).is_err()); // not symmetric
/// # Ok::<(), spinroute_ising::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    matrix: Array2<f64>,
}

impl Dense {
    /// Couplings from their `[n, n]` matrix.
    ///
    /// # Errors
    /// If it is not square, not finite, not symmetric, or its diagonal is not zero.
    pub fn new(matrix: Array2<f64>) -> Result<Self, Error> {
        let (rows, columns) = matrix.dim();
        if rows != columns {
            return Err(Error::Shape { rows, columns });
        }
        for ((row, column), &value) in matrix.indexed_iter() {
            if !value.is_finite() {
                return Err(Error::NotFinite { what: "coupling of row", index: row, value });
            }
            if row == column && value != 0.0 {
                return Err(Error::SelfCoupling { variable: row });
            }
            if value != matrix[[column, row]] {
                return Err(Error::NotSymmetric { row, column });
            }
        }
        let matrix = if matrix.is_standard_layout() {
            matrix
        } else {
            matrix.as_standard_layout().into_owned()
        };
        Ok(Self { matrix })
    }

    /// The matrix.
    #[must_use]
    pub fn matrix(&self) -> ArrayView2<'_, f64> {
        self.matrix.view()
    }

    /// The couplings of variable `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> ArrayView1<'_, f64> {
        self.matrix.row(i)
    }
}

impl Couplings for Dense {
    type Fields = Vec<f64>;

    fn variables(&self) -> usize {
        self.matrix.nrows()
    }

    fn interactions(&self) -> u64 {
        self.matrix.iter().filter(|&&value| value != 0.0).count() as u64 / 2
    }

    fn product(&self, values: &[f64], out: &mut [f64]) {
        check_lengths(self, values.len(), out.len());
        let values = ArrayView1::from(values);
        for (out, row) in out.iter_mut().zip(self.matrix.rows()) {
            *out = row.dot(&values);
        }
    }

    fn energy(&self, values: &[f64]) -> f64 {
        check_lengths(self, values.len(), values.len());
        let rows = self.matrix.rows().into_iter().enumerate();
        rows.map(|(i, row)| {
            let earlier = row.iter().zip(&values[..i]).map(|(&j, &v)| j * v);
            values[i] * earlier.sum::<f64>()
        })
        .sum()
    }

    fn energies(&self, values: &[[f64; TOGETHER]]) -> [f64; TOGETHER] {
        check_lengths(self, values.len(), values.len());
        let mut sums = [-0.0; TOGETHER]; // what an iterator's sum starts from
        for (i, row) in self.matrix.rows().into_iter().enumerate() {
            let mut earlier = [-0.0; TOGETHER];
            for (coupling, values) in row.iter().zip(&values[..i]) {
                for (sum, value) in earlier.iter_mut().zip(values) {
                    *sum += coupling * value;
                }
            }
            for (sum, (value, earlier)) in sums.iter_mut().zip(values[i].iter().zip(&earlier)) {
                *sum += value * earlier;
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
        for (field, &coupling) in fields.iter_mut().zip(self.matrix.row(i)) {
            *field += coupling * step;
        }
    }

    fn spectrum(&self) -> Spectrum {
        Spectrum::gershgorin(self.magnitudes().into_iter().map(|variable| variable.sum))
    }

    fn magnitudes(&self) -> Vec<Magnitude> {
        self.matrix.rows().into_iter().map(Magnitude::of).collect()
    }

    fn scaled(&self, factor: f64) -> Self {
        Self { matrix: &self.matrix * factor }
    }

    fn neighbours(&self, i: usize, visit: &mut dyn FnMut(usize, f64)) {
        for (j, &coupling) in self.matrix.row(i).iter().enumerate() {
            if coupling != 0.0 {
                visit(j, coupling);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn only_symmetric_matrices_without_a_diagonal_are_taken() {
        assert!(Dense::new(array![[0.0, 1.0], [1.0, 0.0]]).is_ok());
        let refused = |matrix| Dense::new(matrix).unwrap_err();
        assert_eq!(refused(array![[0.0, 1.0]]), Error::Shape { rows: 1, columns: 2 });
        assert_eq!(
            refused(array![[0.0, 1.0], [2.0, 0.0]]),
            Error::NotSymmetric { row: 0, column: 1 }
        );
        assert_eq!(refused(array![[1.0]]), Error::SelfCoupling { variable: 0 });
        assert!(matches!(
            refused(array![[0.0, f64::NAN], [f64::NAN, 0.0]]),
            Error::NotFinite { index: 0, .. }
        ));
    }
}
