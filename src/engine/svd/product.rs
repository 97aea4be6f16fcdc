//! ScaledColumns with exponents of their own, made orthogonal: the singular values of a product of
//! matrices whose sizes lie hundreds of decades apart.
//!
//! A product F₁F₂…F_k is never formed. It is carried as C = UΣ, orthogonal columns each with
//! its own power of two. A further factor gives FC = (FU)Σ, graded by columns through Σ and,
//! where slopes differ by decades, by rows through F. Its singular values are found by the
//! route of Drmač & Veselić (2008, *New fast and accurate Jacobi SVD algorithm*):
//! 1. Householder QR with sorted rows and pivoted columns, whose errors are small beside each
//!    row and each column: FC·P = QR.
//! 2. One-sided Jacobi rotations (Hestenes 1958) on Rᵀ, whose columns are graded and nearly
//!    orthogonal: Rᵀ = XΣ′Vᵀ. Every singular value comes out to many digits, however small
//!    beside the largest (Demmel & Veselić 1992).
//! 3. C ← QVΣ′.
//!
//! A plain product keeps the largest singular value alone: the others drown in its rounding
//! as soon as they lie sixteen decades below it.

use ndarray::Array2;

use super::column::{Column, dot};
use super::qr::PivotedQr;
use crate::engine::number::{Scaled, ldexp};

/// Sweeps over all pairs; after the QR two to five are enough.
const MOST_SWEEPS: usize = 60;

/// An n × k matrix of orthogonal columns, the largest first: UΣ.
///
/// ```
/// use gradient_lab::engine::ProductSvd;
/// use ndarray::array;
/// let mut product = ProductSvd::identity(2);
/// for _ in 0..1000 {
///     product.multiply(&array![[2.0, 0.0], [0.0, 0.1]], 2);
/// }
/// let smallest = product.singular_values()[1].log10().expect("not zero");
/// assert!((smallest + 1000.0).abs() < 1e-9); // 0.1^1000, far below what f64 holds
/// ```
#[derive(Clone, Debug)]
pub struct ProductSvd {
    columns: Vec<Column>,
}

impl ProductSvd {
    /// The n × n identity.
    pub fn identity(n: usize) -> Self {
        let unit = |j| Column::new((0..n).map(|i| f64::from(u8::from(i == j))).collect(), 0);
        Self { columns: (0..n).map(unit).collect() }
    }

    /// C ← FC, made orthogonal; at most `rank` columns are kept.
    ///
    /// The rank of F bounds that of the product. What is left over once so many columns have
    /// been taken out is rounding and nothing else.
    ///
    /// # Shapes
    /// F is m × n, C was n × k and becomes m × min(k, rank).
    pub fn multiply(&mut self, factor: &Array2<f64>, rank: usize) {
        let product = |column: &Column| {
            let entries = factor
                .rows()
                .into_iter()
                .map(|row| row.iter().zip(&column.mantissa).map(|(f, c)| f * c).sum::<f64>());
            Column::new(entries.collect(), column.exponent)
        };
        let qr = PivotedQr::of(self.columns.iter().map(product).collect(), rank);
        let mut rows = Rotated::of(&qr.r);
        orthogonalize(&mut rows);
        self.columns = rows.iter().map(|row| row.column(&qr)).collect();
    }

    /// C ← factor C.
    pub fn scale(&mut self, factor: Scaled) {
        if factor.is_zero() {
            return self.columns.clear();
        }
        for column in &mut self.columns {
            let mantissa = column.mantissa.iter().map(|m| m * factor.mantissa()).collect();
            *column = Column::new(mantissa, column.exponent + factor.exponent());
        }
    }

    /// k: singular values that are not zero.
    pub fn rank(&self) -> usize {
        self.columns.len()
    }

    /// The norms of the columns, the largest first: all singular values that are not zero.
    pub fn singular_values(&self) -> Vec<Scaled> {
        self.columns.iter().map(Column::norm).collect()
    }
}

/// A column of Rᵀ on its way to XΣ′, with the column of V that the rotations make.
struct Rotated {
    x: Column,
    v: Vec<f64>,
}

impl Rotated {
    fn of(r: &[Vec<Scaled>]) -> Vec<Self> {
        let unit = |i| (0..r.len()).map(|j| f64::from(u8::from(i == j))).collect();
        r.iter().enumerate().map(|(i, row)| Self { x: Column::of(row), v: unit(i) }).collect()
    }

    /// Q v σ.
    fn column(&self, qr: &PivotedQr) -> Column {
        let norm = self.x.norm();
        let mut unit = qr.q_times(&self.v);
        unit.iter_mut().for_each(|u| *u *= norm.mantissa());
        Column::new(unit, norm.exponent())
    }
}

/// Sweeps of rotations until all pairs are orthogonal; the largest first.
fn orthogonalize(columns: &mut Vec<Rotated>) {
    for _ in 0..MOST_SWEEPS {
        let mut rotated = false;
        for i in 0..columns.len() {
            let (until, from) = columns.split_at_mut(i + 1);
            for other in from {
                rotated |= rotate(&mut until[i], other);
            }
        }
        columns.retain(|column| column.x.squares > 0.0);
        columns.sort_by_key(|column| std::cmp::Reverse(column.x.norm()));
        if !rotated {
            return;
        }
    }
}

/// Makes two columns orthogonal by the rotation that Hestenes gives; false where they are.
///
/// With y = 2^d y_m beside x the angle's tangent is t = 2^d u, and u stays an ordinary
/// number however small 2^d is: then the rotation takes x's share out of y and leaves x.
fn rotate(one: &mut Rotated, other: &mut Rotated) -> bool {
    let ordered = one.x.exponent >= other.x.exponent;
    let (large, small) = if ordered { (one, other) } else { (other, one) };
    let (x, y) = (&mut large.x, &mut small.x);
    let product = dot(&x.mantissa, &y.mantissa);
    let tolerance = f64::EPSILON * x.mantissa.len() as f64;
    if product.abs() <= tolerance * (x.squares * y.squares).sqrt() {
        return false;
    }
    let grade = ldexp(1.0, y.exponent - x.exponent);
    let eta = (y.squares * grade * grade - x.squares) / (2.0 * product);
    let u = 1_f64.copysign(eta) / (eta.abs() + (grade * grade + eta * eta).sqrt());
    let tangent = grade * u;
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    for (x, y) in x.mantissa.iter_mut().zip(&mut y.mantissa) {
        (*x, *y) = (cosine * (*x - tangent * grade * *y), cosine * (u * *x + *y));
    }
    for (x, y) in large.v.iter_mut().zip(&mut small.v) {
        (*x, *y) = (cosine * (*x - tangent * *y), cosine * (tangent * *x + *y));
    }
    x.normalize();
    y.normalize();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn singular_values(matrix: &Array2<f64>, rank: usize) -> Vec<f64> {
        let mut columns = ProductSvd::identity(matrix.ncols());
        columns.multiply(matrix, rank);
        columns.singular_values().into_iter().map(Scaled::to_f64).collect()
    }

    #[test]
    fn one_factor_is_its_own_singular_values() {
        for (rows, columns) in [(3, 3), (5, 3), (3, 5), (1, 4), (4, 1)] {
            let entry = |(i, j)| f64::from((i * 7 + j * j * 3 + 2) as u32 % 11) - 4.0;
            let matrix = Array2::from_shape_fn((rows, columns), entry);
            let direct = nalgebra::DMatrix::from_fn(rows, columns, |i, j| matrix[[i, j]]);
            let direct = direct.singular_values();
            for (mine, direct) in singular_values(&matrix, 5).iter().zip(direct.iter()) {
                assert!((mine - direct).abs() < 1e-13, "{rows}×{columns}: {mine} {direct}");
            }
        }
    }

    #[test]
    fn a_factor_of_lower_rank_leaves_that_many() {
        let matrix = ndarray::array![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]];
        let values = singular_values(&matrix, 1);
        assert_eq!(values.len(), 1);
        assert!((values[0] - 28_f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn graded_rows_keep_their_digits() {
        // diag(1, 1e-40) M: σ₁ is the first row's norm, σ₁σ₂ the determinant, up to 1e-80.
        let matrix = ndarray::array![[3.0, 1.0], [1e-40, 2e-40]];
        let values = singular_values(&matrix, 2);
        assert!((values[0] / 10_f64.sqrt() - 1.0).abs() < 1e-15);
        assert!((values[0] * values[1] / 5e-40 - 1.0).abs() < 1e-14);
    }
}
