//! A = QR of examples that are far from collinear, by their inner products alone.

use ndarray::Array2;

use crate::engine::kernels::{self, STANDARD};
use crate::engine::number::{SAFE_SQUARES, Scaled, ScaledColumns};

/// The least square of what may be left of a column of norm 1 beside those before it. Rounding in the
/// inner products counts by its inverse.
const LEFT: f64 = 1.0 / 8192.0;

/// At most so much is left of a column that the others make up, as of the last one behind a batch
/// normalization's way back.
const NOTHING: f64 = 1.0 / (1_u64 << 40) as f64;

/// A = Â diag(‖a_1‖ … ‖a_B‖) and the upper triangle R of ÂᵀÂ = RᵀR (Cholesky): Q = ÂR⁻¹ is
/// orthonormal, and need not be formed. One column may be a combination of several others: its row of R
/// is zero then, and so is its column of Q.
#[derive(Clone, Debug)]
pub(super) struct Triangle {
    /// R, B × B.
    rows: Array2<f64>,
    /// ‖a_b‖.
    norms: Vec<Scaled>,
    /// What makes a column's mantissas one of Â.
    inverses: Vec<f64>,
}

impl Triangle {
    /// Of an n × B array; nothing where that would lose digits, since a column is nearly a combination
    /// of others, or their squares leave what a number holds.
    pub fn of(columns: &ScaledColumns<f64>) -> Option<Self> {
        let batch = columns.batch();
        if columns.units() < batch || begin_alike(columns) {
            return None;
        }
        let gram = kernels::gram(&columns.mantissa);
        let squares = || gram.iter().step_by(batch + 1);
        if !squares().all(|square| SAFE_SQUARES.contains(square)) {
            return None;
        }
        let norms: Vec<Scaled> =
            squares().zip(&columns.exponent).map(|(s, &e)| Scaled::new(s.sqrt(), e)).collect();
        let inverses: Vec<f64> = squares().map(|square| 1.0 / square.sqrt()).collect();
        let mut rows = Array2::from_shape_vec((batch, batch), gram).expect("B × B");
        let entries = rows.as_slice_mut().expect(STANDARD);
        for (row, inverse) in entries.chunks_exact_mut(batch).zip(&inverses) {
            for (entry, other) in row.iter_mut().zip(&inverses) {
                *entry = *entry * inverse * other;
            }
        }
        if !kernels::factorize(entries, batch, LEFT, NOTHING) {
            return None;
        }
        Some(Self { rows, norms, inverses })
    }

    /// R, B × B.
    pub fn rows(&self) -> &Array2<f64> {
        &self.rows
    }

    /// ‖a_b‖.
    pub fn norms(&self) -> &[Scaled] {
        &self.norms
    }

    /// VÂ for V of any × n; `columns` are those that it was made of.
    pub fn seen_by(&self, vectors: &Array2<f64>, columns: &ScaledColumns<f64>) -> Array2<f64> {
        let mut seen = Array2::zeros((vectors.nrows(), self.inverses.len()));
        kernels::product(&vectors.view(), &columns.mantissa, 1.0, &mut seen);
        kernels::scale_columns(seen.as_slice_mut().expect(STANDARD), &self.inverses);
        seen
    }

    /// QᵀW = R⁻ᵀÂᵀW for W of n × any; `columns` are those that it was made of.
    pub fn overlaps(&self, columns: &ScaledColumns<f64>, w: &Array2<f64>) -> Array2<f64> {
        let mut overlaps = Array2::zeros((self.inverses.len(), w.ncols()));
        kernels::product_transposed(&columns.mantissa.view(), w, 1.0, &mut overlaps);
        scale_rows(&mut overlaps, &self.inverses);
        let rows = self.rows.as_slice().expect(STANDARD);
        let entries = overlaps.as_slice_mut().expect(STANDARD);
        kernels::solve_transposed(rows, self.inverses.len(), entries);
        overlaps
    }

    /// QT = ÂR⁻¹T for T of B × any, left in `out` of n × any; `columns` are those that it was made of.
    pub fn combined(
        &self,
        columns: &ScaledColumns<f64>,
        mut t: Array2<f64>,
        out: &mut Array2<f64>,
    ) {
        let rows = self.rows.as_slice().expect(STANDARD);
        kernels::solve(rows, self.inverses.len(), t.as_slice_mut().expect(STANDARD));
        scale_rows(&mut t, &self.inverses);
        kernels::product(&columns.mantissa.view(), &t, 1.0, out);
    }
}

/// Units that tell whether all are worth a look.
const FEW: usize = 32;

/// Whether the first two columns are nearly parallel: in deep networks most often all are then. What their
/// first units do not show [`kernels::factorize`] finds, later.
fn begin_alike(columns: &ScaledColumns<f64>) -> bool {
    let few = columns.units().min(FEW);
    are_alike(columns, few, 8.0 * LEFT) && are_alike(columns, columns.units(), LEFT)
}

/// Whether at most `left` of the square of the second column is left beside the first, as far as so many
/// units tell.
fn are_alike(columns: &ScaledColumns<f64>, units: usize, left: f64) -> bool {
    // Four sums of each kind, so that none waits for the last addition.
    let batch = columns.batch();
    let mut sums = [[0.0; 3]; 4];
    let mut add = |place: usize, row: &[f64]| {
        let &[a, b, ..] = row else { unreachable!("a single example is drawn without this") };
        let [first, both, second] = &mut sums[place];
        *first += a * a;
        *both += a * b;
        *second += b * b;
    };
    let mut fours = columns.entries()[..units * batch].chunks_exact(4 * batch);
    for four in fours.by_ref() {
        (0..4).for_each(|place| add(place, &four[place * batch..]));
    }
    fours.remainder().chunks_exact(batch).for_each(|row| add(0, row));
    let [first, both, second] = [0, 1, 2].map(|k| sums.iter().map(|sums| sums[k]).sum::<f64>());
    first * second * (1.0 - left) <= both * both
}

fn scale_rows(rows: &mut Array2<f64>, factors: &[f64]) {
    for (mut row, factor) in rows.rows_mut().into_iter().zip(factors) {
        row.iter_mut().for_each(|entry| *entry *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::draws::Stream;
    use crate::engine::kernels::same_bits;

    /// Columns a + share · noise, each with an exponent of its own.
    fn columns(units: usize, batch: usize, share: f64) -> ScaledColumns<f64> {
        let mut columns = ScaledColumns::zeros(units, batch);
        Stream::in_law(11).fill_normal(columns.entries_mut());
        let common = columns.mantissa.column(0).to_owned();
        for mut column in columns.mantissa.columns_mut().into_iter().skip(1) {
            column.zip_mut_with(&common, |noise, common| *noise = common + share * *noise);
        }
        columns.exponent = (0..batch as i64).map(|b| 3000 * (b - 1)).collect();
        columns
    }

    /// Qᵀ, by what the triangle makes of the unit matrix.
    fn basis(triangle: &Triangle, columns: &ScaledColumns<f64>) -> Array2<f64> {
        triangle.overlaps(columns, &Array2::eye(columns.units()))
    }

    #[test]
    fn q_is_orthonormal_and_qr_is_a() {
        for (units, batch, share) in [(40, 8, 1.0), (300, 32, 0.1), (64, 9, 0.02), (2, 2, 1.0)] {
            let columns = columns(units, batch, share);
            let bits = same_bits(|| {
                let triangle = Triangle::of(&columns).expect("far from collinear");
                (triangle.rows.clone(), basis(&triangle, &columns))
            });
            let (triangle, q) = (Triangle::of(&columns).expect("as before"), bits.1);
            // Each of B terms is off by a rounding, which counts by the inverse of what is left.
            let left = triangle.rows.diag().iter().fold(1.0_f64, |least, r| least.min(r * r));
            let tolerance = batch as f64 * f64::EPSILON / left;
            for ((i, j), overlap) in q.dot(&q.t()).indexed_iter() {
                let expected = f64::from(u8::from(i == j));
                assert!((overlap - expected).abs() < tolerance, "{i} {j}: {overlap}");
            }
            let again = q.t().dot(triangle.rows());
            let mut along = Array2::zeros(again.raw_dim());
            triangle.combined(&columns, triangle.rows().clone(), &mut along);
            let seen = triangle.seen_by(&Array2::eye(units), &columns);
            for ((unit, b), seen) in seen.indexed_iter() {
                let of_a = columns.get(unit, b).checked_div(triangle.norms()[b]);
                let expected = of_a.map_or(0.0, Scaled::to_f64);
                assert!((seen - expected).abs() < 1e-14);
                assert!((again[[unit, b]] - expected).abs() < tolerance);
                assert!((along[[unit, b]] - expected).abs() < 1e-13);
            }
        }
    }

    /// Column 6 is the sum of columns 2 and 3.
    fn with_sum(units: usize, batch: usize) -> ScaledColumns<f64> {
        let mut columns = columns(units, batch, 1.0);
        let both = &columns.mantissa.column(2) + &columns.mantissa.column(3);
        columns.mantissa.column_mut(6).assign(&both);
        columns
    }

    #[test]
    fn a_column_may_depend_on_others() {
        let columns = with_sum(40, 8);
        let triangle = Triangle::of(&columns).expect("one column only");
        let q = basis(&triangle, &columns);
        for ((i, j), overlap) in q.dot(&q.t()).indexed_iter() {
            let expected = f64::from(u8::from(i == j && i != 6));
            assert!((overlap - expected).abs() < 1e-13, "{i} {j}: {overlap}");
        }
        let again = q.t().dot(triangle.rows());
        for ((unit, b), again) in again.indexed_iter() {
            let of_a = columns.get(unit, b).checked_div(triangle.norms()[b]);
            assert!((again - of_a.map_or(0.0, Scaled::to_f64)).abs() < 1e-13, "{unit} {b}");
        }
    }

    #[test]
    fn what_would_lose_digits_is_left_to_others() {
        for share in [1e-3, 1e-9, 0.0] {
            assert!(Triangle::of(&columns(40, 8, share)).is_none(), "{share}");
        }
        assert!(Triangle::of(&columns(7, 8, 1.0)).is_none(), "fewer units than examples");
        let mut zero = columns(40, 8, 1.0);
        zero.mantissa.column_mut(5).fill(0.0);
        assert!(Triangle::of(&zero).is_none(), "a zero column");
        zero.mantissa.column_mut(5).fill(1e-200);
        assert!(Triangle::of(&zero).is_none(), "squares that underflow");
        let mut twice = with_sum(40, 8);
        let both = &twice.mantissa.column(1) + &twice.mantissa.column(4);
        twice.mantissa.column_mut(5).assign(&both);
        assert!(Triangle::of(&twice).is_none(), "two columns that depend on others");
        let mut alike = columns(40, 8, 1.0);
        let nearly = &alike.mantissa.column(2) + &(&alike.mantissa.column(3) * 1e-9);
        alike.mantissa.column_mut(6).assign(&nearly);
        assert!(Triangle::of(&alike).is_none(), "a column that nearly is another");
    }
}
