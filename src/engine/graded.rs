//! Columns with exponents of their own, made orthogonal: the singular values of a product of
//! matrices whose sizes lie hundreds of decades apart.
//!
//! A product F₁F₂…F_k is never formed. It is carried as C = UΣ, orthogonal columns each with
//! its own power of two. A further factor turns C into FC, whose columns one-sided Jacobi
//! rotations (Hestenes 1958) make orthogonal again; their norms are then the singular values
//! of the product. On a matrix B·diag(2^e) the rotations find every singular value to
//! κ(B)·ε, however far apart the 2^e lie (Demmel & Veselić 1992, *Jacobi's method is more
//! accurate than QR*). Here B = FU, so that one factor adds about κ(F)·ε to the relative
//! error, where a plain product loses all but the largest values after a few factors.

use ndarray::Array2;

use super::Scaled;
use super::scaled::ldexp;

/// Sweeps over all pairs; graded columns are done in two to four, any others in about eight.
const MOST_SWEEPS: usize = 60;

/// One column, mantissa × 2^exponent, and the sum of its mantissa's squares.
#[derive(Clone, Debug)]
struct Column {
    mantissa: Vec<f64>,
    exponent: i64,
    squares: f64,
}

impl Column {
    fn new(mantissa: Vec<f64>, exponent: i64) -> Self {
        let mut column = Self { mantissa, exponent, squares: 0.0 };
        column.normalize();
        column
    }

    /// Brings the largest entry into [½, 1).
    fn normalize(&mut self) {
        let top = self.mantissa.iter().fold(0.0, |top: f64, m| top.max(m.abs()));
        if top > 0.0 {
            let (_, shift) = libm::frexp(top);
            // A single factor could itself overflow.
            let half = ldexp(1.0, -i64::from(shift / 2));
            let rest = ldexp(1.0, -i64::from(shift - shift / 2));
            self.mantissa.iter_mut().for_each(|m| *m = *m * half * rest);
            self.exponent += i64::from(shift);
        }
        self.squares = dot(&self.mantissa, &self.mantissa);
    }

    fn norm(&self) -> Scaled {
        Scaled::new(self.squares.sqrt(), self.exponent)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// An n × k matrix of orthogonal columns, the largest first: UΣ.
///
/// ```
/// use gradient_lab::engine::GradedColumns;
/// use ndarray::array;
/// let mut product = GradedColumns::identity(2);
/// for _ in 0..1000 {
///     product.multiply(&array![[2.0, 0.0], [0.0, 0.1]], 2);
/// }
/// let smallest = product.singular_values()[1].log10().expect("not zero");
/// assert!((smallest + 1000.0).abs() < 1e-9); // 0.1^1000, far below what f64 holds
/// ```
#[derive(Clone, Debug)]
pub struct GradedColumns {
    columns: Vec<Column>,
}

impl GradedColumns {
    /// The n × n identity.
    pub fn identity(n: usize) -> Self {
        let unit = |j| Column::new((0..n).map(|i| f64::from(u8::from(i == j))).collect(), 0);
        Self { columns: (0..n).map(unit).collect() }
    }

    /// C ← FC, made orthogonal; of the new columns the `rank` largest are kept.
    ///
    /// The rank of F bounds that of the product. Where F has fewer dimensions than C, the
    /// columns that are left over are rounding and nothing else.
    ///
    /// # Shapes
    /// F is m × n, C was n × k and becomes m × min(k, rank).
    pub fn multiply(&mut self, factor: &Array2<f64>, rank: usize) {
        for column in &mut self.columns {
            let product = factor.rows().into_iter().map(|row| match row.as_slice() {
                Some(row) => dot(row, &column.mantissa),
                None => row.iter().zip(&column.mantissa).map(|(f, c)| f * c).sum(),
            });
            *column = Column::new(product.collect(), column.exponent);
        }
        self.orthogonalize();
        self.columns.truncate(rank);
    }

    /// The norms of the columns, the largest first: all singular values that are not zero.
    pub fn singular_values(&self) -> Vec<Scaled> {
        self.columns.iter().map(Column::norm).collect()
    }

    fn orthogonalize(&mut self) {
        self.sort();
        for _ in 0..MOST_SWEEPS {
            let mut rotated = false;
            for i in 0..self.columns.len() {
                let (until, from) = self.columns.split_at_mut(i + 1);
                for other in from {
                    rotated |= rotate(&mut until[i], other);
                }
            }
            self.sort();
            if !rotated {
                return;
            }
        }
    }

    /// The largest first, true zeros left out.
    fn sort(&mut self) {
        self.columns.retain(|column| column.squares > 0.0);
        self.columns.sort_by(|a, b| {
            let (a, b) = (a.norm(), b.norm());
            b.exponent().cmp(&a.exponent()).then(b.mantissa().total_cmp(&a.mantissa()))
        });
    }
}

/// Makes two columns orthogonal by the rotation that Hestenes gives; false where they are.
///
/// With y = 2^d y_m beside x the angle's tangent is t = 2^d u, and u stays an ordinary
/// number however small 2^d is: then the rotation takes x's share out of y and leaves x.
fn rotate(one: &mut Column, other: &mut Column) -> bool {
    let (x, y) = if one.exponent >= other.exponent { (one, other) } else { (other, one) };
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
        let (before, beside) = (*x, *y);
        *x = cosine * (before - tangent * grade * beside);
        *y = cosine * (u * before + beside);
    }
    x.normalize();
    y.normalize();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_factor_is_its_own_singular_values() {
        let matrix = ndarray::array![[3.0, 1.0, 0.5], [0.0, 2.0, -1.0], [4.0, 1.0, 1.0]];
        let mut columns = GradedColumns::identity(3);
        columns.multiply(&matrix, 3);
        let direct = nalgebra::DMatrix::from_fn(3, 3, |i, j| matrix[[i, j]]).singular_values();
        for (mine, direct) in columns.singular_values().iter().zip(direct.iter()) {
            assert!((mine.to_f64() - direct).abs() < 1e-14);
        }
    }

    #[test]
    fn a_factor_of_lower_rank_leaves_that_many() {
        let mut columns = GradedColumns::identity(3);
        columns.multiply(&ndarray::array![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], 1);
        let values = columns.singular_values();
        assert_eq!(values.len(), 1);
        assert!((values[0].to_f64() - 28_f64.sqrt()).abs() < 1e-14);
    }
}
